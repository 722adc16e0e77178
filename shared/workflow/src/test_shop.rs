//! A store and a marketplace for the tests of this crate, and ports that can be broken.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use connector_api::{
    Allowed, Answer, Bulk, BuyerNotice, ChannelError, Check, Confirmed, Connectors, Cursor, Delivery,
    Explained, Failure, FulfillmentPage, Limit, Marketplace, MarketplaceTraits, Notifies, OrderPage, Pushes,
    Reach, Spends, Store, StoreEvent, Subscribes, Subscription, SubscriptionChange,
};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::facts::{StoreFacts, StoreOrderFact};
use domain::ids::{Account, MarketplaceId, MarketplaceOrderId, MarketplaceOrderRef, StoreOrderId};
use domain::marketplace_order::OrderFacts;
use domain::marketplace_rules::{Edits, KnownBy, MarketplaceRules, Parts, Untracked};
use domain::package::Package;
use domain::state::{State, Waiting};
use jiff::Timestamp;
use ports::ledger::Hint;
use ports::memory::{ManualClock, MemoryCredentials, MemoryLedger, MemoryMail, MemoryQueue, SeededRng};
use ports::{
    Item, ItemKey, Ledger, LedgerError, Page, Queue, QueueError, QueueName, Table, Transport, TransportError,
    Write,
};
use secrecy::SecretString;
use signatures::{SignatureError, Verified};

use crate::message::Look;
use crate::world::World;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub(crate) fn account(connection: &str) -> Account {
    Account::new("merchant".try_into().unwrap(), connection.try_into().unwrap())
}

pub(crate) fn connection(kind: &str, id: &str) -> Connection {
    Connection {
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        reversals: domain::reversal::Reversals::default(),
        schema: Connection::SCHEMA,
        account: account(id),
        kind: kind.to_owned(),
        sync: true,
        options: Default::default(),
        base_url: None,
        link: vec![],
        mail: Default::default(),
        time_zone: "UTC".into(),
        timing: Default::default(),
        carriers: Default::default(),
    }
}

pub(crate) fn reference(id: &str) -> MarketplaceOrderRef {
    MarketplaceOrderRef { account: account("market-1"), order: id.try_into().unwrap() }
}

/// A package of an order of `market-1`, planned.
pub(crate) fn package(id: &str, key: &str, not_before: i64) -> Package {
    Package {
        goes_first: false,
        cancels_at: None,
        schema: Package::SCHEMA,
        key: key.into(),
        order: reference(id),
        reference: 100_000_001,
        origins: Default::default(),
        versions: vec![],
        confirmed: None,
        state: State::Planned { not_before: at(not_before), waiting: Waiting::Nothing },
        attempts: 0,
        failures: 0,
        ruling: None,
        ship_by: None,
        remind_before: Duration::from_secs(60),
        decided_again_at: None,
        their_reference: None,
        in_bulk: false,
        earlier_numbers: Vec::new(),
        created_at: at(0),
        alerts: Default::default(),
        history: Default::default(),
    }
}

/// A port that can be switched off, and counts its calls.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    down: AtomicBool,
    calls: AtomicUsize,
    takes: Mutex<Option<(Arc<ManualClock>, Duration)>>,
}

impl Switch {
    pub(crate) fn down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Each call takes so long.
    pub(crate) fn takes(&self, clock: &Arc<ManualClock>, span: Duration) {
        *self.takes.lock().unwrap() = Some((clock.clone(), span));
    }

    pub(crate) fn call(&self) -> Result<(), String> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some((clock, span)) = &*self.takes.lock().unwrap() {
            clock.advance(*span);
        }
        if self.down.load(Ordering::SeqCst) { Err("switched off".into()) } else { Ok(()) }
    }
}

/// A queue with a switch.
pub(crate) struct SwitchedQueue {
    pub(crate) switch: Switch,
    pub(crate) inner: MemoryQueue,
}

#[async_trait]
impl Queue for SwitchedQueue {
    async fn send(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), QueueError> {
        self.switch.call().map_err(QueueError::Unavailable)?;
        self.inner.send(queue, body, delay).await
    }
}

impl SwitchedQueue {
    /// Takes everything out, read.
    pub(crate) fn looks(&self) -> Vec<Look> {
        self.texts(QueueName::Inbound).iter().map(|body| crate::message::read(body).unwrap()).collect()
    }

    /// Takes everything out.
    pub(crate) fn texts(&self, queue: QueueName) -> Vec<String> {
        let all = self.inner.receive(queue, usize::MAX, Duration::from_secs(30));
        for message in &all {
            self.inner.delete(queue, message.receipt);
        }
        all.into_iter().map(|m| m.body).collect()
    }
}

/// A ledger with a switch.
#[derive(Default)]
pub(crate) struct SwitchedLedger {
    pub(crate) switch: Switch,
    pub(crate) inner: MemoryLedger,
    /// The due index lags: it shows nothing yet.
    pub(crate) lags: AtomicBool,
}

#[async_trait]
impl Ledger for SwitchedLedger {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        self.switch.call().map_err(LedgerError::Unavailable)?;
        self.inner.get(key).await
    }
    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        self.switch.call().map_err(LedgerError::Unavailable)?;
        self.inner.query(table, pk).await
    }
    async fn commit(&self, writes: Vec<Write>) -> Result<(), LedgerError> {
        self.switch.call().map_err(LedgerError::Unavailable)?;
        self.inner.commit(writes).await
    }
    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError> {
        self.switch.call().map_err(LedgerError::Unavailable)?;
        if self.lags.load(Ordering::SeqCst) {
            return Ok(vec![]);
        }
        self.inner.due(lane, until, limit).await
    }
    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        self.switch.call().map_err(LedgerError::Unavailable)?;
        self.inner.attention(table, lane, page).await
    }
    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError> {
        self.switch.call().map_err(LedgerError::Unavailable)?;
        self.inner.scan(table, page).await
    }
}

/// A store that signs as Shopify does and answers polls from a script.
#[derive(Default)]
pub(crate) struct Shop {
    pub(crate) pages: Mutex<VecDeque<Result<FulfillmentPage, Failure>>>,
    pub(crate) asked: Mutex<Vec<Cursor>>,
    pub(crate) asked_of: Mutex<Vec<String>>,
    /// How long each poll takes.
    pub(crate) polls: Switch,
    /// The poll of this connection hangs until so many others were asked.
    pub(crate) hangs: Mutex<Option<(String, usize)>>,
    pub(crate) reads: Mutex<VecDeque<Result<StoreOrderFact, Failure>>>,
}

impl Shop {
    /// Whether the others came to their turn meanwhile.
    async fn hang(&self, id: &str) -> bool {
        let others =
            self.hangs.lock().unwrap().clone().filter(|(hangs, _)| hangs == id).map(|(_, many)| many);
        let Some(others) = others else { return true };
        let mut patience = 1_000;
        futures::future::poll_fn(|context| {
            patience -= 1;
            let came = self.asked_of.lock().unwrap().len() > others;
            if came || patience == 0 {
                return Poll::Ready(came);
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }
}

#[async_trait]
impl Store for Shop {
    fn kind(&self) -> &'static str {
        "shop"
    }
    fn title(&self) -> &'static str {
        "Shop"
    }
    fn check_options(&self, _: &Connection) -> Vec<String> {
        vec![]
    }
    fn secret_sets(&self) -> &'static [&'static [&'static str]] {
        &[]
    }
    fn verify<'a>(
        &self,
        headers: &http::HeaderMap,
        body: &'a [u8],
        secrets: &[SecretString],
    ) -> Result<Verified<'a>, SignatureError> {
        let header = headers.get("x-signature").and_then(|v| v.to_str().ok());
        signatures::verify_hmac_base64(body, header, secrets)
    }
    fn topic(&self, headers: &http::HeaderMap) -> Option<(String, Allowed)> {
        let topic = headers.get("x-topic")?.to_str().ok()?;
        let allowed = Allowed(&[&["id"], &["order_id"], &["status"], &["numbers"], &["lines", "sku"]]);
        (topic == "shipped").then(|| (topic.to_owned(), allowed))
    }
    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-event"]
    }
    fn event(&self, _: &Connection, _: &Delivery) -> Result<StoreEvent, String> {
        Ok(StoreEvent::Nothing { reason: String::new() })
    }
    fn webhooks_are_hints(&self, _: &Connection) -> bool {
        false
    }
    async fn read_order(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &StoreOrderId,
    ) -> Result<(StoreOrderFact, StoreFacts), ChannelError> {
        let answer = self.reads.lock().unwrap().pop_front().unwrap_or(Err(Failure::NotFound));
        let fact = answer.map_err(|failure| ChannelError::new("Shop", "order", failure, "as scripted"))?;
        Ok((fact, StoreFacts::default()))
    }
    async fn changed_fulfillments(
        &self,
        _: Reach<'_>,
        connection: &Connection,
        cursor: &Cursor,
    ) -> Result<FulfillmentPage, ChannelError> {
        let id = connection.account.connection.as_str();
        self.asked.lock().unwrap().push(cursor.clone());
        self.asked_of.lock().unwrap().push(id.to_owned());
        if self.polls.call().is_err() || !self.hang(id).await {
            let failure = Failure::Retryable { reached: connector_api::Reached::No, after: None };
            return Err(ChannelError::new("Shop", "poll", failure, "no answer"));
        }
        let answer = self.pages.lock().unwrap().pop_front();
        assert_ne!(answer, Some(Err(Failure::Rejected { code: "panic".into() })), "as scripted");
        let page = answer.unwrap_or_else(|| Ok(FulfillmentPage { orders: vec![], next: cursor.clone() }));
        page.map_err(|failure| ChannelError::new("Shop", "poll", failure, "as scripted"))
    }
    fn webhook_topics(&self) -> &'static [&'static str] {
        &[]
    }
    async fn subscriptions(&self, _: Reach<'_>, _: &Connection) -> Result<Vec<Subscription>, ChannelError> {
        Ok(vec![])
    }
    async fn change_subscription(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &SubscriptionChange,
    ) -> Result<(), ChannelError> {
        Err(ChannelError::new("Shop", "subscribe", Failure::NotFound, ""))
    }
    async fn check_up(&self, _: Reach<'_>, _: &Connection) -> Vec<Check> {
        vec![]
    }
}

/// A marketplace that answers polls from a script.
#[derive(Default)]
pub(crate) struct Market {
    pub(crate) pages: Mutex<VecDeque<Result<Answer<OrderPage>, Failure>>>,
    pub(crate) asked: Mutex<Vec<Cursor>>,
    /// A repeat is a second package there, not an edit.
    pub(crate) edits_nothing: AtomicBool,
}

pub(crate) const MARKET_POLL: Limit = Limit::rate("search", 0.01, 2);

#[async_trait]
impl Marketplace for Market {
    fn kind(&self) -> &'static str {
        "market"
    }
    fn title(&self) -> &'static str {
        "Market"
    }
    fn traits(&self) -> MarketplaceTraits {
        MarketplaceTraits {
            rules: MarketplaceRules {
                edits: if self.edits_nothing.load(Ordering::Relaxed) {
                    Edits::ByHand
                } else {
                    Edits::SameReference
                },
                known_by: KnownBy::Reference,
                parts: Parts::Units,
                untracked: Untracked::Plain,
                cancels_after: None,
                one_origin: &[],
            },
            buyer_notice: BuyerNotice::MarketplaceDecides("it decides"),
            authorisation_ends: None,
            limits: &[MARKET_POLL],
            spends: Spends { confirm: &["confirm"], read: &["read"], poll: &["search"] },
            poll_every: Duration::from_secs(300),
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
        _: Reach<'_>,
        _: &Connection,
        _: &MarketplaceOrderId,
    ) -> Result<Answer<OrderFacts>, ChannelError> {
        Err(ChannelError::new("Market", "read", Failure::NotFound, ""))
    }
    async fn changed_orders(
        &self,
        _: Reach<'_>,
        _: &Connection,
        cursor: &Cursor,
    ) -> Result<Answer<OrderPage>, ChannelError> {
        self.asked.lock().unwrap().push(cursor.clone());
        let answer = self.pages.lock().unwrap().pop_front();
        let empty = OrderPage { orders: vec![], next: cursor.clone() };
        let page = answer.unwrap_or(Ok(Answer { value: empty, request_id: None, limits: vec![] }));
        page.map_err(|failure| ChannelError::new("Market", "search", failure, "as scripted"))
    }
    async fn confirm(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &Confirmation,
    ) -> Result<Answer<Confirmed>, ChannelError> {
        Err(ChannelError::new("Market", "confirm", Failure::NotFound, ""))
    }
    fn bulk(&self) -> Option<&dyn Bulk> {
        None
    }
    fn notifies(&self) -> Option<&dyn Notifies> {
        None
    }
    fn pushes(&self) -> Option<&dyn Pushes> {
        None
    }
    fn subscribes(&self) -> Option<&dyn Subscribes> {
        None
    }
    fn catalogue(&self) -> &'static [Explained] {
        &[]
    }
    async fn check_up(&self, _: Reach<'_>, _: &Connection) -> Vec<Check> {
        vec![]
    }
}

/// Both of them.
#[derive(Default)]
pub(crate) struct Mall {
    pub(crate) shop: Shop,
    pub(crate) market: Market,
}

impl Connectors for Mall {
    fn store(&self, kind: &str) -> Option<&dyn Store> {
        (kind == "shop").then_some(&self.shop as &dyn Store)
    }
    fn marketplace(&self, kind: &str) -> Option<&dyn Marketplace> {
        (kind == "market").then_some(&self.market as &dyn Marketplace)
    }
}

struct NoTransport;

#[async_trait]
impl Transport for NoTransport {
    async fn send(&self, _: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        Err(TransportError::NothingSent("there is no network in these tests".into()))
    }
}

/// A world in memory, with hands on its parts.
pub(crate) struct Stage {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) queue: Arc<SwitchedQueue>,
    pub(crate) ledger: Arc<SwitchedLedger>,
    pub(crate) mall: Arc<Mall>,
    pub(crate) world: World,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::at(at(0)));
        let inner = MemoryQueue::new(clock.clone(), 5);
        let queue = Arc::new(SwitchedQueue { switch: Switch::default(), inner });
        let ledger = Arc::new(SwitchedLedger::default());
        let mall = Arc::new(Mall::default());
        let world = World {
            ledger: ledger.clone(),
            queue: queue.clone(),
            transport: Arc::new(NoTransport),
            mail: Arc::new(MemoryMail::default()),
            credentials: Arc::new(MemoryCredentials::default()),
            clock: clock.clone(),
            rng: Arc::new(SeededRng::new(7)),
            connectors: mall.clone(),
            memo: Default::default(),
            allow_base_urls: true,
            work_until: None,
        };
        Self { clock, queue, ledger, mall, world }
    }
}
