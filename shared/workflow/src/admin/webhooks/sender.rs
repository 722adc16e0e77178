//! Who sends: a store, or a marketplace that posts to us or puts messages into a queue of ours.

use connector_api::{ChannelError, Marketplace, Reach, Store, Subscribes, Subscription, SubscriptionChange};
use domain::connection::Connection;
use ports::WebhookSecrets;
use ports::credentials::WebhookKeys;
use secrecy::{ExposeSecret as _, SecretString};

use super::addresses::{WebhookAddress, WebhookAddresses};
use super::lent::Lent;
use crate::world::World;

/// What there is to subscribe with.
#[derive(Clone, Copy)]
pub(super) enum Api<'a> {
    Store(&'a dyn Store),
    Marketplace(&'a dyn Subscribes),
}

/// How a connection's news come to us.
pub(super) enum Way<'a> {
    /// By subscriptions to this address.
    Subscribed {
        /// Through this.
        api: Api<'a>,
        /// To this address.
        address: WebhookAddress,
        /// Lent to calls that register it: what proves that the address is ours.
        token: Option<SecretString>,
        /// Why the address may not be registered, if so.
        unfit: Option<String>,
    },
    /// Only by what a person does elsewhere.
    ByHand {
        /// Where it is sent to.
        address: WebhookAddress,
        /// What to do.
        steps: Vec<String>,
    },
    /// Not at all: polls find it.
    Polled {
        /// Why.
        why: String,
    },
}

/// How this connection's news come; `None` if it tells nothing by itself.
pub(super) async fn way<'a>(
    world: &'a World,
    connection: &Connection,
    addresses: &WebhookAddresses,
    secrets: &dyn WebhookSecrets,
) -> Option<Way<'a>> {
    let id = &connection.account.connection;
    if let Some(store) = world.connectors.store(&connection.kind) {
        let (api, address) = (Api::Store(store), addresses.of(id));
        return Some(Way::Subscribed { api, address, token: None, unfit: None });
    }
    let marketplace = world.connectors.marketplace(&connection.kind)?;
    if let (Some(api), true) = (marketplace.subscribes(), marketplace.pushes().is_some()) {
        let api = Api::Marketplace(api);
        let Some(address) = addresses.queue() else {
            let title = marketplace.title();
            let why =
                format!("{title} puts its messages into a queue in AWS; on one machine polling covers them");
            return Some(Way::Polled { why });
        };
        return Some(Way::Subscribed { api, address, token: None, unfit: None });
    }
    marketplace.notifies()?;
    let address = addresses.of_marketplace(id);
    Some(match secrets.webhook_keys(id).await {
        Err(error) => {
            Way::ByHand { address, steps: vec![format!("see that its webhook secrets can be read: {error}")] }
        }
        Ok(keys) => posted(marketplace, connection, address, keys.as_ref()),
    })
}

/// How a marketplace's posts come.
fn posted<'a>(
    marketplace: &'a dyn Marketplace,
    connection: &Connection,
    address: WebhookAddress,
    keys: Option<&WebhookKeys>,
) -> Way<'a> {
    let (title, id) = (marketplace.title(), &connection.account.connection);
    let token =
        keys.and_then(|keys| keys.secrets.iter().find(|one| !one.expose_secret().is_empty())).cloned();
    match marketplace.subscribes() {
        Some(_) if token.is_none() => Way::Polled {
            why: format!(
                "polling covers what {title} would tell. To hear it sooner, put a secret `webhook` into the secrets of \
                 {id}, and apply them"
            ),
        },
        Some(api) => {
            let unfit = unfit(keys, &address);
            Way::Subscribed { api: Api::Marketplace(api), address, token, unfit }
        }
        None => {
            let url = address.url();
            let shown = url.as_deref().unwrap_or("the address that is shown once general.public_url is set");
            let mut steps = vec![format!("in {title}'s developer portal, have events sent to {shown}")];
            if token.is_none() {
                steps.push(format!(
                    "put the signing secret that the portal shows into the secrets of {id} as `webhook`, and apply \
                     them; until then polling covers it"
                ));
            }
            Way::ByHand { address, steps }
        }
    }
}

/// Why an address must not be registered: the marketplace asks it at once whether it is ours, and it could not say.
fn unfit(keys: Option<&WebhookKeys>, address: &WebhookAddress) -> Option<String> {
    let url = address.url()?;
    let known = keys.and_then(|keys| keys.address.as_deref());
    if known == Some(url.as_str()) {
        return None;
    }
    let instead = known.map_or_else(String::new, |known| format!(", only for {known}"));
    Some(format!(
        "the receiver cannot answer for {url}{instead}: set general.public_url to where it is reached (one machine), or \
         apply the settings to the stack again"
    ))
}

impl Api<'_> {
    /// Topics that must be subscribed to.
    pub(super) fn topics(&self) -> &'static [&'static str] {
        match self {
            Self::Store(store) => store.webhook_topics(),
            Self::Marketplace(api) => api.topics(),
        }
    }

    pub(super) async fn subscriptions(
        &self,
        world: &World,
        connection: &Connection,
    ) -> Result<Vec<Subscription>, ChannelError> {
        match self {
            Self::Store(store) => store.subscriptions(world.reach(), connection).await,
            Self::Marketplace(api) => api.subscriptions(world.reach(), connection).await,
        }
    }

    pub(super) async fn change(
        &self,
        world: &World,
        connection: &Connection,
        token: Option<&SecretString>,
        change: &SubscriptionChange,
    ) -> Result<(), ChannelError> {
        match self {
            Self::Store(store) => store.change_subscription(world.reach(), connection, change).await,
            Self::Marketplace(api) => {
                let lent = Lent::new(world.credentials.as_ref(), token.cloned());
                let reach = Reach { credentials: &lent, ..world.reach() };
                api.change_subscription(reach, connection, change).await
            }
        }
    }
}
