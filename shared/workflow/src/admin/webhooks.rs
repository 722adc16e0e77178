//! `webhooks check` and `webhooks register`: are a store's subscriptions there, and do they point here?

mod addresses;
mod plan;

use connector_api::{ChannelError, Store, Subscription};
use domain::connection::Connection;
use serde::Serialize;

use super::{AdminError, connection_named};
use crate::world::World;

pub use addresses::{BadAddress, WebhookAddress, WebhookAddresses};
use plan::{Standing, plan, standing};

/// How one topic stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicState {
    /// Subscribed to, and it comes here.
    Here,
    /// Subscribed to by us, but sent to an address that we have no more.
    Elsewhere,
    /// It comes here, but in a form that we cannot use.
    Flawed,
    /// Not subscribed to.
    Missing,
}

/// One topic of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicView {
    /// Its name, as deliveries give it.
    pub topic: String,
    /// How it stands.
    pub state: TopicState,
    /// Where it is sent to; absent if it is not subscribed to.
    pub address: Option<String>,
    /// What is wrong with a flawed one.
    pub flaw: Option<String>,
}

/// A subscription that is none of ours, and that nobody here touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherSubscription {
    /// Its topic.
    pub topic: String,
    /// Where it is sent to.
    pub address: String,
}

/// The webhooks of one store connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookView {
    /// The connection.
    pub connection: String,
    /// Whose it is.
    pub merchant: String,
    /// Its connector.
    pub kind: String,
    /// Where its store should send to; absent if this system's public address is not known.
    pub address: Option<String>,
    /// Every topic that we need.
    pub topics: Vec<TopicView>,
    /// What else the same app has subscribed to.
    pub others: Vec<OtherSubscription>,
    /// How many subscriptions were made, redirected or ended.
    pub changed: usize,
    /// Why it could not be looked at, or not be mended.
    pub problem: Option<String>,
}

impl WebhookView {
    /// Whether every topic comes here.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.problem.is_none() && self.topics.iter().all(|topic| topic.state == TopicState::Here)
    }
}

/// Looks at the webhooks of one store connection, or of all.
///
/// # Errors
/// The named connection is unknown or no store; the ledger does not answer. A store that does not answer is told
/// in its view.
pub async fn webhooks_check(
    world: &World,
    only: Option<&str>,
    addresses: &WebhookAddresses,
) -> Result<Vec<WebhookView>, AdminError> {
    let mut views = Vec::new();
    for connection in stores(world, only).await? {
        views.extend(look_at(world, &connection, addresses).await);
    }
    Ok(views)
}

/// Makes and mends the subscriptions of one store connection, or of all. Given again it changes nothing.
///
/// Only subscriptions to this connection's own address are touched: one that is right stays, one that sends to an
/// address we had before is redirected. Whatever else the same app has subscribed to is left alone.
///
/// # Errors
/// As [`webhooks_check`]; and the public address is not known.
pub async fn webhooks_register(
    world: &World,
    only: Option<&str>,
    addresses: &WebhookAddresses,
) -> Result<Vec<WebhookView>, AdminError> {
    if addresses.base().is_none() {
        return Err(AdminError::Refused(
            "nobody said where stores reach this system: give --address https://…, or set general.public_url"
                .into(),
        ));
    }
    let mut views = Vec::new();
    for connection in stores(world, only).await? {
        let Some(store) = world.connectors.store(&connection.kind) else { continue };
        let address = addresses.of(&connection.account.connection);
        let mended = mend(world, store, &connection, &address).await;
        let mut view = look(world, store, &connection, &address).await;
        view.changed = mended.changed;
        if !view.is_good() {
            view.problem = view.problem.or(mended.problem);
        }
        views.push(view);
    }
    Ok(views)
}

/// The view of one connection; `None` if it is no store.
pub(super) async fn look_at(
    world: &World,
    connection: &Connection,
    addresses: &WebhookAddresses,
) -> Option<WebhookView> {
    let store = world.connectors.store(&connection.kind)?;
    let address = addresses.of(&connection.account.connection);
    Some(look(world, store, connection, &address).await)
}

/// The store connections that are meant.
async fn stores(world: &World, only: Option<&str>) -> Result<Vec<Connection>, AdminError> {
    let Some(name) = only else {
        let mut all = world.connections().await?;
        all.retain(|connection| world.connectors.store(&connection.kind).is_some());
        return Ok(all);
    };
    let connection = connection_named(world, name).await?;
    if world.connectors.store(&connection.kind).is_none() {
        return Err(AdminError::Refused(format!("{name} is no store: only stores send webhooks")));
    }
    Ok(vec![connection])
}

struct Mended {
    changed: usize,
    problem: Option<String>,
}

async fn mend(world: &World, store: &dyn Store, connection: &Connection, address: &WebhookAddress) -> Mended {
    let mut mended = Mended { changed: 0, problem: None };
    let found = match store.subscriptions(world.reach(), connection).await {
        Ok(found) => found,
        Err(error) => return Mended { problem: Some(words(&error)), ..mended },
    };
    for change in plan(store.webhook_topics(), &found, address) {
        match store.change_subscription(world.reach(), connection, &change).await {
            Ok(()) => mended.changed += 1,
            // The others may still go; what counts is how things stand in the end.
            Err(error) => mended.problem = Some(words(&error)),
        }
    }
    mended
}

fn words(error: &ChannelError) -> String {
    error.to_string()
}

async fn look(
    world: &World,
    store: &dyn Store,
    connection: &Connection,
    address: &WebhookAddress,
) -> WebhookView {
    let mut view = WebhookView {
        connection: connection.account.connection.to_string(),
        merchant: connection.account.merchant.to_string(),
        kind: connection.kind.clone(),
        address: address.url(),
        topics: Vec::new(),
        others: Vec::new(),
        changed: 0,
        problem: None,
    };
    let found = match store.subscriptions(world.reach(), connection).await {
        Ok(found) => found,
        Err(error) => {
            view.problem = Some(words(&error));
            return view;
        }
    };
    view.topics = store.webhook_topics().iter().map(|topic| topic_view(topic, &found, address)).collect();
    let other = |one: &&Subscription| standing(&one.address, address) == Standing::Foreign;
    view.others = found
        .iter()
        .filter(other)
        .map(|one| OtherSubscription { topic: one.topic.clone(), address: one.address.clone() })
        .collect();
    view
}

/// The best that there is for a topic.
fn topic_view(topic: &str, found: &[Subscription], address: &WebhookAddress) -> TopicView {
    let mut view =
        TopicView { topic: topic.to_owned(), state: TopicState::Missing, address: None, flaw: None };
    for one in found.iter().filter(|one| one.topic == topic) {
        let state = match (standing(&one.address, address), &one.flaw) {
            (Standing::Foreign, _) => continue,
            (Standing::Here, None) => TopicState::Here,
            (Standing::Here, Some(_)) => TopicState::Flawed,
            (Standing::Stale, _) => TopicState::Elsewhere,
        };
        if view.state == TopicState::Missing || state == TopicState::Here {
            view = TopicView { state, address: Some(one.address.clone()), flaw: one.flaw.clone(), ..view };
        }
    }
    view
}
