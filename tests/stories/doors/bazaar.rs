//! A marketplace that posts, pushes and takes subscriptions: no real one, so that each way can be played alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use connector_api::{
    About, Allowed, Answer, Bulk, BuyerNotice, ChannelError, Check, ClosedAccount, Confirmed, Connectors,
    Cursor, Delivery, DeliveryBody, Explained, Failure, Limit, Marketplace, MarketplaceEvent,
    MarketplaceTraits, Notifies, OrderNews, OrderPage, Pushes, Reach, Spends, Store, Subscribes,
    Subscription, SubscriptionChange, Unverified, VERIFICATION_TOKEN,
};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::ids::{MarketplaceId, MarketplaceOrderId};
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderLine, OrderStatus};
use domain::marketplace_rules::{Edits, KnownBy, MarketplaceRules, Parts, Untracked};
use jiff::Timestamp;
use ports::WebhookKeys;
use registry::Registry;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use signatures::{Verified, verify_hmac_base64};

const LIMITS: &[Limit] =
    &[Limit::rate("confirm", 1.0, 9), Limit::rate("read", 1.0, 3), Limit::rate("poll", 1.0, 9)];
const ALLOWED: Allowed = Allowed(&[
    &["topic"],
    &["seller"],
    &["orders"],
    &["sku"],
    &["updated_at"],
    &["id"],
    &["why"],
    &["user", "id"],
    &["user", "name"],
]);

/// An order as this marketplace knows it: what was bought, and when it changed.
#[derive(Clone)]
pub(super) struct Sold {
    pub(super) sku: String,
    pub(super) updated_at: Timestamp,
}

/// The marketplace, and what it was asked.
#[derive(Clone, Default)]
pub(crate) struct Bazaar(Arc<Inner>);

#[derive(Default)]
struct Inner {
    orders: Mutex<BTreeMap<String, Sold>>,
    reads: Mutex<Vec<String>>,
    subscriptions: Mutex<Vec<Subscription>>,
    proofs: Mutex<Vec<String>>,
    way: Mutex<Way>,
}

/// How it tells what it tells.
#[derive(Clone, Copy, Default, PartialEq)]
enum Way {
    /// By posts.
    #[default]
    Posts,
    /// By messages in a queue of ours.
    Queue,
    /// Not at all.
    Silent,
}

impl Bazaar {
    /// One that puts messages into a queue of ours instead of posting them.
    pub(super) fn queued() -> Self {
        Self::by(Way::Queue)
    }

    /// One that tells nothing by itself.
    pub(super) fn silent() -> Self {
        Self::by(Way::Silent)
    }

    fn by(way: Way) -> Self {
        let bazaar = Self::default();
        *bazaar.0.way.lock().unwrap() = way;
        bazaar
    }

    pub(super) fn sell(&self, order: &str, sku: &str, updated_at: Timestamp) {
        let sold = Sold { sku: sku.to_owned(), updated_at };
        self.0.orders.lock().unwrap().insert(order.to_owned(), sold);
    }

    /// Orders that were read, in order.
    pub(super) fn reads(&self) -> Vec<String> {
        self.0.reads.lock().unwrap().clone()
    }

    pub(super) fn subscriptions(&self) -> Vec<Subscription> {
        self.0.subscriptions.lock().unwrap().clone()
    }

    /// What came with calls that registered an address, to prove that it is ours.
    pub(super) fn proofs(&self) -> Vec<String> {
        self.0.proofs.lock().unwrap().clone()
    }

    fn tells(&self, way: Way) -> bool {
        *self.0.way.lock().unwrap() == way
    }
}

fn no(operation: &'static str) -> ChannelError {
    ChannelError::new("Bazaar", operation, Failure::NotFound, "there is none")
}

fn facts(sold: &Sold, read_at: Timestamp) -> OrderFacts {
    let line = OrderLine {
        id: "1".try_into().unwrap(),
        sku: Some(sold.sku.as_str().try_into().unwrap()),
        ordered: 1,
        cancelled: 0,
        shipped: Some(0),
        ship_by: None,
        paid: None,
    };
    OrderFacts {
        updated_at: sold.updated_at,
        read_at,
        marketplace: "BAZAAR".try_into().unwrap(),
        ordered_at: sold.updated_at,
        fulfilled_by: FulfilledBy::Merchant,
        status: OrderStatus::Open,
        ship_by: None,
        cancel_requested: false,
        needs_tracking: false,
        programs: vec![],
        lines: vec![line],
        packages: None,
    }
}

/// Reads what is told, to `connection`.
fn event(connection: &Connection, told: &Value) -> Result<MarketplaceEvent, String> {
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    let seller = text("seller").unwrap_or_default();
    let topic = text("topic").ok_or("it has no topic")?;
    if topic != "closed" && connection.option("seller_id") != Some(&seller) {
        return Ok(MarketplaceEvent::Nothing { reason: "another seller's".into() });
    }
    let order = |id: &Value| {
        let order =
            MarketplaceOrderId::try_from(id.as_str().unwrap_or_default()).map_err(|e| e.to_string())?;
        let sold = text("sku").zip(text("updated_at").and_then(|at| at.parse().ok()));
        let sold = sold.map(|(sku, updated_at)| Sold { sku, updated_at });
        Ok::<_, String>(OrderNews { order, facts: sold.map(|sold| facts(&sold, Timestamp::UNIX_EPOCH)) })
    };
    Ok(match topic.as_str() {
        "orders" => {
            let all = told["orders"].as_array().ok_or("it has no orders")?;
            MarketplaceEvent::Orders(all.iter().map(order).collect::<Result<_, _>>()?)
        }
        "revoked" => MarketplaceEvent::Disconnected { why: text("why").unwrap_or_default() },
        "closed" => MarketplaceEvent::AccountClosed {
            ids: ClosedAccount {
                id: told["user"]["id"].as_str().map(str::to_owned),
                names: told["user"]["name"].as_str().map(str::to_owned).into_iter().collect(),
            },
            notification: text("id").unwrap_or_default(),
        },
        other => MarketplaceEvent::Nothing { reason: other.into() },
    })
}

#[async_trait]
impl Notifies for Bazaar {
    fn secret_problem(&self, _: &SecretString) -> Option<String> {
        None
    }
    fn app_secrets(&self) -> &'static [&'static str] {
        &[]
    }
    fn challenge(&self, query: &str, address: &str, secrets: &[SecretString]) -> Option<String> {
        let code = query.strip_prefix("challenge_code=")?;
        Some(format!("{{\"is\":\"{code} {} {address}\"}}", secrets.first()?.expose_secret().len()))
    }
    async fn verify<'a>(
        &self,
        reach: Reach<'_>,
        headers: &http::HeaderMap,
        body: &'a [u8],
        keys: &WebhookKeys,
    ) -> Result<Verified<'a>, Unverified> {
        assert!(reach.credentials.load(&keys.account).await.is_err(), "a receiver opens no tokens");
        if headers.contains_key("x-bazaar-key-is-away") {
            return Err(Unverified::NotNow("the key cannot be fetched".into()));
        }
        let sent = headers.get("x-bazaar-signature").and_then(|value| value.to_str().ok());
        Ok(verify_hmac_base64(body, sent, &keys.secrets)?)
    }
    fn refusal(&self) -> u16 {
        412
    }
    fn topic(&self, _: &http::HeaderMap, body: &Verified<'_>) -> Option<(String, Allowed)> {
        let told: Value = serde_json::from_slice(body.bytes()).ok()?;
        Some((told["topic"].as_str()?.to_owned(), ALLOWED))
    }
    fn kept_headers(&self) -> &'static [&'static str] {
        &[]
    }
    fn event(&self, connection: &Connection, delivery: &Delivery) -> Result<MarketplaceEvent, String> {
        match &delivery.body {
            DeliveryBody::Reduced(text) => {
                event(connection, &serde_json::from_str(text).map_err(|e| e.to_string())?)
            }
            DeliveryBody::Withheld { reason, .. } => Err(reason.clone()),
        }
    }
}

#[async_trait]
impl Pushes for Bazaar {
    fn about(&self, message: &str) -> Result<About, String> {
        let told: Value = serde_json::from_str(message).map_err(|error| error.to_string())?;
        let text = |name: &str| told[name].as_str().map(str::to_owned);
        let (seller, subscription) = text("seller").zip(text("subscription")).ok_or("it names nobody")?;
        Ok(About { seller, subscription, topic: text("topic").unwrap_or_default() })
    }
    fn event(&self, connection: &Connection, message: &str) -> Result<MarketplaceEvent, String> {
        event(connection, &serde_json::from_str(message).map_err(|error| error.to_string())?)
    }
}

#[async_trait]
impl Subscribes for Bazaar {
    fn topics(&self) -> &'static [&'static str] {
        &["orders"]
    }
    async fn subscriptions(&self, _: Reach<'_>, _: &Connection) -> Result<Vec<Subscription>, ChannelError> {
        Ok(self.subscriptions())
    }
    async fn change_subscription(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        change: &SubscriptionChange,
    ) -> Result<(), ChannelError> {
        let credential = reach.credentials.load(&connection.account).await.unwrap().unwrap();
        let proof = credential.secret(VERIFICATION_TOKEN).map(|token| token.expose_secret().to_owned());
        self.0.proofs.lock().unwrap().extend(proof);
        let SubscriptionChange::Create { topic, address } = change else { return Err(no("change")) };
        let mut all = self.0.subscriptions.lock().unwrap();
        let id = format!("sub-{}", all.len() + 1);
        all.push(Subscription { id, topic: (*topic).into(), address: address.clone(), flaw: None });
        Ok(())
    }
}

#[async_trait]
impl Marketplace for Bazaar {
    fn kind(&self) -> &'static str {
        "bazaar"
    }
    fn title(&self) -> &'static str {
        "Bazaar"
    }
    fn traits(&self) -> MarketplaceTraits {
        MarketplaceTraits {
            rules: MarketplaceRules {
                edits: Edits::ByHand,
                known_by: KnownBy::Number,
                parts: Parts::Units,
                untracked: Untracked::Plain,
                cancels_after: None,
                one_origin: &[],
            },
            limits: LIMITS,
            spends: Spends { confirm: &["confirm"], read: &["read"], poll: &["poll"] },
            poll_every: Duration::from_secs(180),
            buyer_notice: BuyerNotice::MarketplaceDecides("it decides"),
            authorisation_ends: None,
        }
    }
    fn check_options(&self, _: &Connection) -> Vec<String> {
        vec![]
    }
    fn secret_names(&self) -> &'static [&'static str] {
        &[]
    }
    fn order_id(&self, text: &str) -> Option<MarketplaceOrderId> {
        MarketplaceOrderId::try_from(text).ok()
    }
    fn country(&self, _: &MarketplaceId) -> Option<&'static str> {
        Some("us")
    }
    async fn read_order(
        &self,
        reach: Reach<'_>,
        _: &Connection,
        order: &MarketplaceOrderId,
    ) -> Result<Answer<OrderFacts>, ChannelError> {
        self.0.reads.lock().unwrap().push(order.to_string());
        let sold = self.0.orders.lock().unwrap().get(order.as_str()).cloned();
        let value = facts(&sold.ok_or_else(|| no("read"))?, reach.clock.now());
        Ok(Answer { value, request_id: None, limits: vec![] })
    }
    async fn changed_orders(
        &self,
        _: Reach<'_>,
        _: &Connection,
        cursor: &Cursor,
    ) -> Result<Answer<OrderPage>, ChannelError> {
        let page = OrderPage { orders: vec![], next: cursor.clone() };
        Ok(Answer { value: page, request_id: None, limits: vec![] })
    }
    async fn confirm(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &Confirmation,
    ) -> Result<Answer<Confirmed>, ChannelError> {
        Err(no("confirm"))
    }
    fn bulk(&self) -> Option<&dyn Bulk> {
        None
    }
    fn notifies(&self) -> Option<&dyn Notifies> {
        self.tells(Way::Posts).then_some(self)
    }
    fn pushes(&self) -> Option<&dyn Pushes> {
        self.tells(Way::Queue).then_some(self)
    }
    fn subscribes(&self) -> Option<&dyn Subscribes> {
        (!self.tells(Way::Silent)).then_some(self)
    }
    fn catalogue(&self) -> &'static [Explained] {
        &[]
    }
    async fn check_up(&self, _: Reach<'_>, _: &Connection) -> Vec<Check> {
        vec![Check::good("credentials", "it takes them")]
    }
}

/// The connectors there are, and this one.
pub(super) struct Street {
    pub(super) registry: Registry,
    pub(super) bazaar: Bazaar,
}

impl Connectors for Street {
    fn store(&self, kind: &str) -> Option<&dyn Store> {
        self.registry.store(kind)
    }
    fn marketplace(&self, kind: &str) -> Option<&dyn Marketplace> {
        if kind == "bazaar" { Some(&self.bazaar) } else { self.registry.marketplace(kind) }
    }
}
