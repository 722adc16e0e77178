//! A world in memory with records put there by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use connector_api::{
    Answer, Bulk, BuyerNotice, ChannelError, Check, Confirmed, Connectors, Cursor, Explained, Failure,
    Marketplace, MarketplaceTraits, Notifies, OrderPage, Pushes, Reach, Spends, Store, Subscribes,
};
use domain::confirmation::Confirmation;
use domain::connection::{Connection, MailSettings, Timing};
use domain::connection_state::ConnectionState;
use domain::facts::{FulfilledLine, Fulfillment, FulfillmentStatus, Source, StoreFacts, StoreOrderFact};
use domain::ids::{Account, MarketplaceId, MarketplaceOrderId, MarketplaceOrderRef, StoreOrderRef};
use domain::keys::ItemKey;
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderLine, OrderStatus};
use domain::marketplace_rules::{Edits, KnownBy, MarketplaceRules, Parts, Untracked};
use domain::order::{Link, MarketplaceOrder, StoreOrder};
use domain::package::{Content, Origin, Package, Version};
use domain::state::State;
use jiff::Timestamp;
use ports::memory::{ManualClock, MemoryCredentials, MemoryLedger, MemoryMail, MemoryQueue, SeededRng};
use ports::{QueueName, Transport, TransportError};

use crate::message::{self, Look};
use crate::records::{self, Loaded, Record, Stored};
use crate::world::World;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

struct NoNetwork;

#[async_trait]
impl Transport for NoNetwork {
    async fn send(&self, _: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        panic!("a command calls nobody")
    }
}

/// A marketplace that only knows its name: commands ask it for nothing else.
struct NamedMarketplace;

fn never(operation: &'static str) -> ChannelError {
    ChannelError::new("test", operation, Failure::NotFound, "a command calls nobody")
}

#[async_trait]
impl Marketplace for NamedMarketplace {
    fn kind(&self) -> &'static str {
        "amazon"
    }
    fn title(&self) -> &'static str {
        "Amazon"
    }
    fn traits(&self) -> MarketplaceTraits {
        MarketplaceTraits {
            rules: MarketplaceRules {
                edits: Edits::SameReference,
                known_by: KnownBy::Reference,
                parts: Parts::Units,
                untracked: Untracked::Plain,
                cancels_after: None,
                one_origin: &[],
            },
            buyer_notice: BuyerNotice::MarketplaceDecides("it decides"),
            authorisation_ends: None,
            limits: &[],
            spends: Spends { confirm: &["confirm"], read: &["read"], poll: &["poll"] },
            poll_every: std::time::Duration::from_secs(60),
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
    fn country(&self, marketplace: &MarketplaceId) -> Option<&'static str> {
        (marketplace.as_str() == "US").then_some("us")
    }
    async fn read_order(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &MarketplaceOrderId,
    ) -> Result<Answer<OrderFacts>, ChannelError> {
        Err(never("read"))
    }
    async fn changed_orders(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &Cursor,
    ) -> Result<Answer<OrderPage>, ChannelError> {
        Err(never("poll"))
    }
    async fn confirm(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &Confirmation,
    ) -> Result<Answer<Confirmed>, ChannelError> {
        Err(never("confirm"))
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

struct OneMarketplace(NamedMarketplace);

impl Connectors for OneMarketplace {
    fn store(&self, _: &str) -> Option<&dyn Store> {
        None
    }
    fn marketplace(&self, kind: &str) -> Option<&dyn Marketplace> {
        (kind == "amazon").then_some(&self.0)
    }
}

pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) ledger: Arc<MemoryLedger>,
    queue: Arc<MemoryQueue>,
    pub(crate) clock: Arc<ManualClock>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Arc::new(OneMarketplace(NamedMarketplace)))
    }

    /// A world with these connectors.
    pub(crate) fn with(connectors: Arc<dyn Connectors>) -> Self {
        let clock = Arc::new(ManualClock::at(at(1000)));
        let ledger = Arc::new(MemoryLedger::default());
        let queue = Arc::new(MemoryQueue::new(clock.clone(), 3));
        let world = World {
            ledger: ledger.clone(),
            queue: queue.clone(),
            transport: Arc::new(NoNetwork),
            mail: Arc::new(MemoryMail::default()),
            credentials: Arc::new(MemoryCredentials::default()),
            clock: clock.clone(),
            rng: Arc::new(SeededRng::new(1)),
            connectors,
            memo: Arc::default(),
            allow_base_urls: true,
            work_until: None,
        };
        Self { world, ledger, queue, clock }
    }

    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        futures::executor::block_on(work)
    }

    /// Stores a record whatever stands there.
    pub(crate) fn put<T: Record + Clone>(&self, value: &T) {
        self.run(async {
            let stored = match records::load::<T>(self.ledger.as_ref(), &value.key()).await.unwrap() {
                Loaded::Known(mut stored) => {
                    stored.value = value.clone();
                    *stored
                }
                Loaded::Absent => Stored::new(value.clone()),
                Loaded::Foreign => panic!("foreign"),
            };
            self.world.ledger.commit(vec![stored.into_write(self.world.now())]).await.unwrap();
        });
    }

    fn get<T: Record>(&self, key: &ItemKey) -> T {
        match self.run(records::load::<T>(self.ledger.as_ref(), key)).unwrap() {
            Loaded::Known(stored) => stored.value,
            Loaded::Absent | Loaded::Foreign => panic!("{key:?} is not there"),
        }
    }

    fn connection(&self, merchant: &str, id: &str, kind: &str) -> Connection {
        let account = Account::new(merchant.try_into().unwrap(), id.try_into().unwrap());
        let connection = Connection {
            shipments: domain::shipment_policy::ShipmentPolicy::default(),
            reversals: domain::reversal::Reversals::default(),
            schema: 1,
            account: account.clone(),
            kind: kind.into(),
            sync: true,
            options: BTreeMap::new(),
            base_url: None,
            link: vec![],
            mail: MailSettings::default(),
            time_zone: "Europe/Berlin".into(),
            timing: Timing::default(),
            carriers: domain::carrier_policy::CarrierPolicy::default(),
        };
        self.put(&connection);
        self.put(&ConnectionState::starting(account, at(0)));
        connection
    }

    pub(crate) fn marketplace(&self, merchant: &str, id: &str) -> Connection {
        self.connection(merchant, id, "amazon")
    }

    pub(crate) fn store(&self, merchant: &str, id: &str) -> Connection {
        self.connection(merchant, id, "shopify")
    }

    pub(crate) fn state(&self, connection: &Connection) -> ConnectionState {
        self.get(&ItemKey::connection_state(&connection.account))
    }

    pub(crate) fn change_state(&self, connection: &Connection, change: impl FnMut(&mut ConnectionState)) {
        self.run(self.world.change_connection(&connection.account, change)).unwrap();
    }

    /// A store order called `#<id>`, with one fulfillment `F<id>` under `number`.
    pub(crate) fn store_order(&self, shop: &Connection, id: &str, number: &str, link: Link) -> StoreOrder {
        let order = StoreOrderRef { account: shop.account.clone(), order: id.try_into().unwrap() };
        let mut record = StoreOrder::new(order, at(10));
        record.fold(StoreFacts {
            fulfillments: vec![Fulfillment {
                id: format!("F{id}").try_into().unwrap(),
                updated_at: at(20),
                source: Source::Read,
                status: FulfillmentStatus::Live,
                shipped_at: at(20),
                carrier: Some("Zephyr".into()),
                service: None,
                tracking: vec![number.into()],
                lines: vec![FulfilledLine {
                    line: "L1".try_into().unwrap(),
                    sku: Some("S-1".try_into().unwrap()),
                    quantity: 2,
                }],
                location: None,
                country: None,
            }],
            order: Some(StoreOrderFact {
                updated_at: at(20),
                name: Some(format!("#{id}")),
                source_name: None,
                source_identifier: None,
                tags: vec![],
                attributes: BTreeMap::new(),
                lines: vec![],
                cancelled_at: None,
                fully_fulfilled: true,
            }),
            ..StoreFacts::default()
        });
        record.link = link;
        record.history.note(at(15), "received");
        self.put(&record);
        record
    }

    /// A marketplace order of one line with two units, to ship by 9000 s.
    pub(crate) fn order(&self, account: &Connection, id: &str) -> MarketplaceOrder {
        let order = MarketplaceOrderRef { account: account.account.clone(), order: id.try_into().unwrap() };
        let mut record = MarketplaceOrder::new(order);
        record.fold(OrderFacts {
            needs_tracking: false,
            updated_at: at(12),
            read_at: at(30),
            marketplace: "US".try_into().unwrap(),
            ordered_at: at(5),
            fulfilled_by: FulfilledBy::Merchant,
            status: OrderStatus::Open,
            ship_by: Some(at(9000)),
            cancel_requested: false,
            programs: vec![],
            lines: vec![OrderLine {
                paid: None,
                ship_by: None,
                id: "A1".try_into().unwrap(),
                sku: Some("S-1".try_into().unwrap()),
                ordered: 2,
                cancelled: 0,
                shipped: Some(0),
            }],
            packages: Some(vec![]),
        });
        record.history.note(at(30), "read");
        self.put(&record);
        record
    }

    /// Links a store order to the order, on both sides.
    pub(crate) fn linked(
        &self,
        order: &mut MarketplaceOrder,
        shop: &Connection,
        id: &str,
        number: &str,
    ) -> StoreOrder {
        let link = Link::Marketplace { order: order.order.clone() };
        let store = self.store_order(shop, id, number, link);
        order.store_orders.insert(store.order.clone());
        self.put(order);
        store
    }

    /// A package of the order in `state`.
    pub(crate) fn package(&self, order: &MarketplaceOrder, key: &str, number: &str, state: State) -> Package {
        let origins: BTreeSet<Origin> = order
            .store_orders
            .iter()
            .map(|store_order| Origin {
                store_order: store_order.clone(),
                fulfillment: "F".try_into().unwrap(),
            })
            .collect();
        let record = Package {
            goes_first: false,
            cancels_at: None,
            schema: Package::SCHEMA,
            key: key.into(),
            order: order.order.clone(),
            reference: 123_456_789,
            origins,
            versions: vec![Version {
                n: 1,
                content: Content {
                    number: Some(number.try_into().unwrap()),
                    carrier: Some("Zephyr".into()),
                    service: None,
                    units: [("L1".to_owned(), 2)].into(),
                    lines: Some([("A1".try_into().unwrap(), 2)].into()),
                    shipped_at: at(20),
                },
                ship_date: None,
                sent_carrier: None,
                refused_carrier: None,
            }],
            confirmed: None,
            state,
            attempts: 0,
            failures: 3,
            ruling: None,
            ship_by: Some(at(9000)),
            remind_before: Timing::default().remind_before,
            decided_again_at: None,
            their_reference: None,
            in_bulk: false,
            earlier_numbers: Vec::new(),
            created_at: at(40),
            alerts: domain::alert::Alerts::default(),
            history: domain::history::History::default(),
        };
        let mut record = record;
        record.history.note(at(40), "first seen");
        self.put(&record);
        record
    }

    pub(crate) fn reload(&self, package: &Package) -> Package {
        self.get(&ItemKey::package(&package.order, &package.key))
    }

    pub(crate) fn reload_order(&self, order: &MarketplaceOrderRef) -> MarketplaceOrder {
        self.get(&ItemKey::marketplace_order(order))
    }

    pub(crate) fn reload_store(&self, store: &StoreOrder) -> StoreOrder {
        self.get(&ItemKey::store_order(&store.order))
    }

    /// What `sync` was asked to look at since the last call, in order.
    pub(crate) fn looks(&self) -> Vec<Look> {
        let got = self.queue.receive(QueueName::Inbound, 1000, std::time::Duration::from_secs(1));
        got.iter()
            .map(|m| {
                self.queue.delete(QueueName::Inbound, m.receipt);
                message::read(&m.body).unwrap()
            })
            .collect()
    }
}

/// One state of every name.
pub(crate) fn every_state() -> Vec<State> {
    use domain::state::{Cause, NotOurs, Waiting};
    vec![
        State::Planned { not_before: at(5000), waiting: Waiting::Pause { why: "busy".into() } },
        State::Intent { bulk: None, version: 1, attempt: 1, hash: "h".into(), lease_until: at(1060) },
        State::Accepted { version: 1, at: at(50), request_id: None, next_look: at(60) },
        State::Visible { version: 1, at: at(50) },
        State::Missing { version: 1, since: at(50), next_look: at(5000) },
        State::Doubt { version: 1, since: at(50), reads: 0, next_look: at(60) },
        State::Rejected { version: 1, code: "Bad".into(), words: "no".into(), hash: "h".into() },
        State::NeedsMerchant { version: 1, action: "put the order right".into() },
        State::Held {
            cause: Cause::CarrierUnmapped { text: "Zephyr".into(), suggestions: vec![] },
            since: at(50),
        },
        State::Conflict { theirs: "UPS 1".into(), ours: "UPS 2".into() },
        State::Cancelled { reason: "voided".into() },
        State::Superseded { by: "p9".into() },
        State::NotOurs { why: NotOurs::BeforeStart },
    ]
}
