//! `webhooks check` and `webhooks register`: are the subscriptions there, and do they point here?

mod addresses;
mod lent;
mod plan;
mod sender;

use connector_api::{ChannelError, Subscription};
use domain::connection::Connection;
use domain::keys::ItemKey;
use ports::{Expect, Item, LedgerError, WebhookSecrets, Write};
use secrecy::SecretString;
use serde::Serialize;

use super::{AdminError, connection_named};
use crate::world::World;

pub use addresses::{BadAddress, WebhookAddress, WebhookAddresses};
use plan::{Standing, plan, standing};
use sender::{Api, Way, way};

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

/// One topic of a store or marketplace.
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

/// The webhooks of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookView {
    /// The connection.
    pub connection: String,
    /// Whose it is.
    pub merchant: String,
    /// Its connector.
    pub kind: String,
    /// Where it should send to; absent if this system's public address is not known, or there is no such place.
    pub address: Option<String>,
    /// Every topic that we need.
    pub topics: Vec<TopicView>,
    /// What else the same app has subscribed to.
    pub others: Vec<OtherSubscription>,
    /// How many subscriptions were made, redirected or ended.
    pub changed: usize,
    /// What only a person can do for it.
    pub by_hand: Vec<String>,
    /// Why nothing is told, where polls find it all.
    pub polled: Option<String>,
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

/// Looks at the webhooks of one connection, or of all that tell something by themselves.
///
/// # Errors
/// The named connection is unknown or tells nothing; the ledger does not answer. Another side that does not answer is
/// told in its view.
pub async fn webhooks_check(
    world: &World,
    only: Option<&str>,
    addresses: &WebhookAddresses,
    secrets: &dyn WebhookSecrets,
) -> Result<Vec<WebhookView>, AdminError> {
    let mut views = Vec::new();
    for connection in senders(world, only).await? {
        views.extend(look_at(world, &connection, addresses, secrets).await);
    }
    Ok(views)
}

/// Makes and mends the subscriptions of one connection, or of all. Given again it changes nothing.
///
/// Only subscriptions to this connection's own address are touched: one that is right stays, one that sends to an
/// address we had before is redirected. Whatever else the same app has subscribed to is left alone. No address is
/// registered that our receiver could not prove to be ours. Of a queue it is noted whose each subscription is.
///
/// # Errors
/// As [`webhooks_check`]; and the public address is not known.
pub async fn webhooks_register(
    world: &World,
    only: Option<&str>,
    addresses: &WebhookAddresses,
    secrets: &dyn WebhookSecrets,
) -> Result<Vec<WebhookView>, AdminError> {
    if addresses.base().is_none() {
        return Err(AdminError::Refused(
            "nobody said where stores reach this system: give --address https://…, or set general.public_url"
                .into(),
        ));
    }
    let mut views = Vec::new();
    for connection in senders(world, only).await? {
        let Some(way) = way(world, &connection, addresses, secrets).await else { continue };
        let mended = match &way {
            Way::Subscribed { unfit: Some(why), .. } => Mended { changed: 0, problem: Some(why.clone()) },
            Way::Subscribed { api, address, token, unfit: None } => {
                mend(world, *api, &connection, address, token.as_ref()).await?
            }
            Way::ByHand { .. } | Way::Polled { .. } => Mended { changed: 0, problem: None },
        };
        let mut view = look(world, &way, &connection).await;
        view.changed = mended.changed;
        if !view.is_good() {
            view.problem = view.problem.or(mended.problem);
        }
        views.push(view);
    }
    Ok(views)
}

/// The view of one connection; `None` if it tells nothing by itself.
pub(super) async fn look_at(
    world: &World,
    connection: &Connection,
    addresses: &WebhookAddresses,
    secrets: &dyn WebhookSecrets,
) -> Option<WebhookView> {
    let way = way(world, connection, addresses, secrets).await?;
    Some(look(world, &way, connection).await)
}

/// Whether a connection of this kind tells something by itself.
pub(super) fn tells(world: &World, kind: &str) -> bool {
    let tells = |m: &dyn connector_api::Marketplace| {
        m.notifies().is_some() || m.pushes().is_some() && m.subscribes().is_some()
    };
    world.connectors.store(kind).is_some() || world.connectors.marketplace(kind).is_some_and(tells)
}

/// The connections that are meant.
async fn senders(world: &World, only: Option<&str>) -> Result<Vec<Connection>, AdminError> {
    let Some(name) = only else {
        let mut all = world.connections().await?;
        all.retain(|connection| tells(world, &connection.kind));
        return Ok(all);
    };
    let connection = connection_named(world, name).await?;
    if !tells(world, &connection.kind) {
        return Err(AdminError::Refused(format!(
            "{name} is no store, and its marketplace tells nothing by itself"
        )));
    }
    Ok(vec![connection])
}

struct Mended {
    changed: usize,
    problem: Option<String>,
}

async fn mend(
    world: &World,
    api: Api<'_>,
    connection: &Connection,
    address: &WebhookAddress,
    token: Option<&SecretString>,
) -> Result<Mended, LedgerError> {
    let mut mended = Mended { changed: 0, problem: None };
    let mut found = match api.subscriptions(world, connection).await {
        Ok(found) => found,
        Err(error) => return Ok(Mended { problem: Some(words(&error)), ..mended }),
    };
    for change in plan(api.topics(), &found, address) {
        match api.change(world, connection, token, &change).await {
            Ok(()) => mended.changed += 1,
            // The others may still go; what counts is how things stand in the end.
            Err(error) => mended.problem = Some(words(&error)),
        }
    }
    if mended.changed > 0 {
        let now = world.now();
        world.change_connection(&connection.account, |state| state.subscribed_at = Some(now)).await?;
        found = match api.subscriptions(world, connection).await {
            Ok(found) => found,
            Err(error) => return Ok(Mended { problem: Some(words(&error)), ..mended }),
        };
    }
    note_subscriptions(world, connection, &found, address).await?;
    Ok(mended)
}

/// Notes whose the subscriptions to our queue are: by that alone its messages are known to be ours.
async fn note_subscriptions(
    world: &World,
    connection: &Connection,
    found: &[Subscription],
    address: &WebhookAddress,
) -> Result<(), LedgerError> {
    if !matches!(address, WebhookAddress::Queue { .. }) {
        return Ok(());
    }
    for one in found.iter().filter(|one| standing(&one.address, address) == Standing::Here) {
        let item = Item {
            key: ItemKey::subscription(&connection.kind, &one.id),
            version: 0,
            // An account is two texts: it always serialises.
            body: serde_json::to_string(&connection.account).unwrap_or_default(),
            due: None,
            attention: None,
            expires_at: None,
        };
        world.ledger.commit(vec![Write::Put { item, expect: Expect::Anything }]).await?;
    }
    Ok(())
}

fn words(error: &ChannelError) -> String {
    error.to_string()
}

async fn look(world: &World, way: &Way<'_>, connection: &Connection) -> WebhookView {
    let mut view = WebhookView {
        connection: connection.account.connection.to_string(),
        merchant: connection.account.merchant.to_string(),
        kind: connection.kind.clone(),
        address: None,
        topics: Vec::new(),
        others: Vec::new(),
        changed: 0,
        by_hand: Vec::new(),
        polled: None,
        problem: None,
    };
    let (api, address) = match way {
        Way::Subscribed { api, address, .. } => (api, address),
        Way::ByHand { address, steps } => {
            view.address = address.url();
            view.by_hand.clone_from(steps);
            return view;
        }
        Way::Polled { why } => {
            view.polled = Some(why.clone());
            return view;
        }
    };
    view.address = address.url();
    let mut found = match api.subscriptions(world, connection).await {
        Ok(found) => found,
        Err(error) => {
            view.problem = Some(words(&error));
            return view;
        }
    };
    if let Err(error) = mark_unnoted(world, connection, &mut found, address).await {
        view.problem = Some(error.to_string());
        return view;
    }
    view.topics = api.topics().iter().map(|topic| topic_view(topic, &found, address)).collect();
    let other = |one: &&Subscription| standing(&one.address, address) == Standing::Foreign;
    view.others = found
        .iter()
        .filter(other)
        .map(|one| OtherSubscription { topic: one.topic.clone(), address: one.address.clone() })
        .collect();
    view
}

/// A subscription to our queue that is not noted as this connection's serves nobody: its messages are passed over.
async fn mark_unnoted(
    world: &World,
    connection: &Connection,
    found: &mut [Subscription],
    address: &WebhookAddress,
) -> Result<(), LedgerError> {
    if !matches!(address, WebhookAddress::Queue { .. }) {
        return Ok(());
    }
    for one in found.iter_mut().filter(|one| standing(&one.address, address) == Standing::Here) {
        let noted = world.subscriber(&connection.kind, &one.id).await?;
        if noted.as_ref() != Some(&connection.account) {
            one.flaw.get_or_insert_with(|| "it was made elsewhere, and is not noted here".to_owned());
        }
    }
    Ok(())
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
