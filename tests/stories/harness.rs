//! The whole system in one thread: production handlers and connectors over ports in memory, against the stateful
//! stand-ins. Time is ours.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use connector_api::Connectors;
use domain::connection::Connection;
use domain::ids::{Account, MarketplaceOrderRef};
use domain::package::Package;
use domain::state::StateName;
use futures::executor::block_on;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use ports::credentials::WebhookKeys;
use ports::memory::{ManualClock, MemoryCredentials, MemoryLedger, MemoryMail, MemoryQueue, SeededRng};
use ports::{Clock, Credential, QueueName, Transport, TransportError};
use sandbox::amazon::{AmazonSandbox, NewItem, NewOrder, Party, Seller, Status};
use sandbox::ebay::EbaySandbox;
use sandbox::etsy::EtsySandbox;
use sandbox::shopify::{Delivery, FulfillLine, FulfillSpec, LineSpec, OrderSpec, ShopSpec, ShopifySandbox};
use sandbox::{Outcome, Standin};
use secrecy::SecretString;
use workflow::apply::{Applied, apply};
use workflow::batch::{self, SqsEvent, SqsRecord};
use workflow::receive::{Answered, Inbound, KeyCache, MarketplaceReceiver, Receiver, RouteKey};
use workflow::world::World;

mod connections;
mod ebay;
mod etsy;
mod merchant;

use crate::granted::{GrantedLedger, GrantedQueue, Grants};
use crate::logs::Log;
use crate::template::load::Template;
pub(crate) use connections::{amazon_connection, shopify_connection};
pub(crate) use ebay::EBAY;
pub(crate) use etsy::{ETSY, ETSY_SHOP};

/// Amazon's US marketplace.
pub(crate) const US: &str = "ATVPDKIKX0DER";
/// The shop's domain.
pub(crate) const SHOP: &str = "harbour-lamps.myshopify.com";
/// Places that the shop ships from.
pub(crate) const LEEDS: u64 = 70_000_000_001;
pub(crate) const LYON: u64 = 70_000_000_003;
/// The attribute that names the marketplace order.
const ATTRIBUTE: &str = "marketplace-order";

/// The stand-ins behind a transport.
pub(crate) struct Wire {
    pub(crate) amazon: Mutex<AmazonSandbox>,
    pub(crate) ebay: Mutex<EbaySandbox>,
    pub(crate) etsy: Mutex<EtsySandbox>,
    pub(crate) shopify: Mutex<ShopifySandbox>,
    /// How long each request is on its way; nothing, unless a story is about rates.
    pub(crate) latency: Mutex<Duration>,
    clock: Arc<ManualClock>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        self.clock.advance(*self.latency.lock().unwrap());
        let now = self.clock.now();
        let (mut parts, body) = request.into_parts();
        let host = parts.uri.host().unwrap_or_default().to_owned();
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
        parts.uri = path.parse().unwrap();
        if let Ok(host) = http::HeaderValue::from_str(&host) {
            parts.headers.insert("host", host);
        }
        let request = http::Request::from_parts(parts, body);
        let outcome = match host.as_str() {
            "amazon.test" => self.amazon.lock().unwrap().handle(now, &request),
            "ebay.test" => self.ebay.lock().unwrap().handle(now, &request),
            "etsy.test" => self.etsy.lock().unwrap().handle(now, &request),
            "shopify.test" => self.shopify.lock().unwrap().handle(now, &request),
            other => return Err(TransportError::NothingSent(format!("no host {other}"))),
        };
        match outcome {
            Outcome::Answer(answer) => Ok(answer),
            Outcome::CutOff => Err(TransportError::MaybeSent("cut off".into())),
            Outcome::Late(by, answer) => {
                self.clock.advance(by);
                Ok(answer)
            }
        }
    }
}

/// One merchant, one shop, Amazon accounts, and all that lies between.
pub(crate) struct System {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) mail: Arc<MemoryMail>,
    pub(crate) credentials: Arc<MemoryCredentials>,
    pub(crate) wire: Arc<Wire>,
    pub(crate) world: World,
    pub(crate) receiver: Receiver,
    marketplaces: MarketplaceReceiver,
    pub(crate) grants: Arc<Grants>,
    pub(crate) log: Log,
    orders: Mutex<BTreeMap<String, u64>>,
}

pub(crate) fn account(connection: &str) -> Account {
    Account::new("main".try_into().unwrap(), connection.try_into().unwrap())
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

impl System {
    /// A shop and two Amazon accounts, started at ten in the morning.
    pub(crate) fn start() -> Self {
        Self::seeded(1)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        // Simulations start thousands of systems: the template is read once for all.
        static TEMPLATE: OnceLock<Template> = OnceLock::new();
        Self::deployed(seed, TEMPLATE.get_or_init(Template::deployed))
    }

    /// Each handler with no more rights than `template` grants it.
    pub(crate) fn deployed(seed: u64, template: &Template) -> Self {
        let system = Self::on(seed, template, Arc::new(registry::Registry::default()));
        system.connect();
        system
    }

    /// The same with these connectors, and nothing connected.
    pub(crate) fn on(seed: u64, template: &Template, connectors: Arc<dyn Connectors>) -> Self {
        let grants = Arc::new(Grants::of(template));
        let clock = Arc::new(ManualClock::at("2026-11-20T10:00:00Z".parse().unwrap()));
        let ledger = Arc::new(MemoryLedger::default());
        let queue = Arc::new(MemoryQueue::new(clock.clone(), 5));
        let mail = Arc::new(MemoryMail::default());
        let credentials = Arc::new(MemoryCredentials::default());
        let wire = Arc::new(Wire {
            amazon: Mutex::new(AmazonSandbox::new()),
            ebay: Mutex::new(EbaySandbox::new()),
            etsy: Mutex::new(EtsySandbox::new()),
            shopify: Mutex::new(ShopifySandbox::default()),
            latency: Mutex::default(),
            clock: clock.clone(),
        });
        let granted_ledger = Arc::new(GrantedLedger { grants: grants.clone(), inner: ledger.clone() });
        let granted_queue = Arc::new(GrantedQueue::new(grants.clone(), queue.clone()));
        let route_key = || RouteKey::new(secret("route key of the tests, long enough")).unwrap();
        let world = World {
            ledger: granted_ledger.clone(),
            queue: granted_queue.clone(),
            transport: wire.clone(),
            mail: mail.clone(),
            credentials: credentials.clone(),
            clock: clock.clone(),
            rng: Arc::new(SeededRng::new(seed)),
            connectors: connectors.clone(),
            memo: Arc::default(),
            allow_base_urls: true,
            work_until: None,
        };
        let marketplaces = MarketplaceReceiver {
            queue: granted_queue.clone(),
            webhook_secrets: credentials.clone(),
            clock: clock.clone(),
            rng: world.rng.clone(),
            transport: wire.clone(),
            connectors: connectors.clone(),
            route_key: route_key(),
            cache: KeyCache::default(),
        };
        let receiver = Receiver {
            queue: granted_queue,
            ledger: granted_ledger,
            webhook_secrets: credentials.clone(),
            clock: clock.clone(),
            connectors,
            route_key: route_key(),
            cache: KeyCache::default(),
        };
        Self {
            clock,
            ledger,
            queue,
            mail,
            credentials,
            wire,
            world,
            receiver,
            marketplaces,
            grants,
            log: Log::listen(),
            orders: Mutex::default(),
        }
    }

    fn connect(&self) {
        let now = self.clock.now();
        let locations = [(LEEDS, "GB"), (LYON, "FR")].map(|(id, code)| (id, code.to_owned())).into();
        self.wire
            .shopify
            .lock()
            .unwrap()
            .create_shop(
                now,
                ShopSpec {
                    locations,
                    client_id: Some("shop-app".into()),
                    ..ShopSpec::new(SHOP, "shop-token", "shop-secret")
                },
            )
            .unwrap();
        for id in ["amazon-us", "amazon-two"] {
            self.wire.amazon.lock().unwrap().add_seller(Seller {
                seller: id.into(),
                client_id: format!("client-{id}"),
                client_secret: format!("client-secret-{id}"),
                refresh_token: format!("refresh-{id}"),
                access_denied: false,
            });
            self.set_refresh_token(id, &format!("refresh-{id}"));
        }
        self.credentials.put(
            account("shop"),
            Credential {
                secrets: [("access_token".to_owned(), secret("shop-token"))].into(),
                ..Credential::default()
            },
        );
        self.credentials.put_webhook_keys(WebhookKeys {
            app: BTreeMap::new(),
            address: None,
            account: account("shop"),
            kind: "shopify".into(),
            secrets: vec![secret("shop-secret")],
        });
        self.apply();
    }

    pub(crate) fn set_refresh_token(&self, id: &str, token: &str) {
        let secrets = [
            ("client_id".to_owned(), secret(&format!("client-{id}"))),
            ("client_secret".to_owned(), secret(&format!("client-secret-{id}"))),
            ("refresh_token".to_owned(), secret(token)),
        ];
        self.credentials.put(account(id), Credential { secrets: secrets.into(), ..Credential::default() });
    }

    pub(crate) fn apply(&self) {
        let both = ["amazon-us", "amazon-two"].map(amazon_connection);
        let all: Vec<Connection> = [shopify_connection()].into_iter().chain(both).collect();
        self.apply_all(&all);
    }

    /// The settings name these connections and no others.
    pub(crate) fn apply_all(&self, connections: &[Connection]) {
        let applied = |connection: &Connection| Applied {
            connection: connection.clone(),
            credentials_fingerprint: "1".into(),
            expires_at: None,
        };
        let all: Vec<Applied> = connections.iter().map(applied).collect();
        block_on(apply(&self.world, &all)).unwrap();
    }

    /// An Amazon order and its twin in the shop.
    pub(crate) fn order(&self, id: &str, items: &[(&str, u32)]) {
        self.order_of("amazon-us", id, items);
    }

    pub(crate) fn order_of(&self, seller: &str, id: &str, items: &[(&str, u32)]) {
        self.amazon_order(seller, id, items, |_| {});
        self.shop_order(id, seller, items);
    }

    pub(crate) fn amazon_order(
        &self,
        seller: &str,
        id: &str,
        items: &[(&str, u32)],
        change: impl Fn(&mut NewOrder),
    ) {
        let now = self.clock.now();
        let mut order = NewOrder {
            seller: seller.into(),
            order_id: id.into(),
            marketplace_id: US.into(),
            items: items
                .iter()
                .map(|(sku, quantity)| NewItem {
                    order_item_id: None,
                    sku: (*sku).into(),
                    quantity: *quantity,
                    cancelled: false,
                })
                .collect(),
            fulfilled_by: Party::Merchant,
            status: Status::Unshipped,
            programs: vec![],
            purchase_date: None,
            ship_by: None,
            cancel_requested: false,
            packages: vec![],
            buyer: None,
            recipient: None,
        };
        change(&mut order);
        self.wire.amazon.lock().unwrap().add_order(now, order).unwrap();
    }

    pub(crate) fn shop_order(&self, id: &str, source_name: &str, items: &[(&str, u32)]) {
        let now = self.clock.now();
        let spec = OrderSpec {
            source_name: Some(source_name.into()),
            attributes: vec![(ATTRIBUTE.into(), id.into())],
            lines: items.iter().map(|(sku, quantity)| LineSpec::new(sku, *quantity)).collect(),
            ..OrderSpec::default()
        };
        let order = self.wire.shopify.lock().unwrap().create_order(now, SHOP, spec).unwrap();
        self.orders.lock().unwrap().insert(id.to_owned(), order.id);
    }

    pub(crate) fn shop_id(&self, id: &str) -> u64 {
        self.orders.lock().unwrap().get(id).copied().unwrap()
    }

    /// The shop ships; the delivery is not posted yet.
    pub(crate) fn ship(
        &self,
        id: &str,
        carrier: &str,
        numbers: &[&str],
        lines: &[(&str, u32)],
    ) -> (u64, Delivery) {
        let now = self.clock.now();
        let lines = lines
            .iter()
            .map(|(sku, quantity)| FulfillLine { line: None, sku: Some((*sku).into()), quantity: *quantity })
            .collect();
        let spec = FulfillSpec {
            lines: Some(lines),
            numbers: numbers.iter().map(|n| (*n).to_owned()).collect(),
            company: Some(carrier.into()),
            ..FulfillSpec::default()
        };
        self.wire.shopify.lock().unwrap().fulfill(now, SHOP, self.shop_id(id), spec).unwrap()
    }

    /// Posts a delivery; the status.
    pub(crate) fn post(&self, delivery: &Delivery) -> u16 {
        let path =
            format!("/webhooks/stores/shop-{}", signatures::route_tag(&self.receiver.route_key, "shop"));
        self.post_to(&path, delivery)
    }

    pub(crate) fn post_to(&self, path: &str, delivery: &Delivery) -> u16 {
        let mut headers = HeaderMap::new();
        for (name, value) in &delivery.headers {
            headers.insert(
                http::HeaderName::from_bytes(name.to_lowercase().as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        let inbound = Inbound {
            method: &Method::POST,
            path,
            query: "",
            headers: &headers,
            body: delivery.body.as_bytes(),
        };
        self.grants.as_function("receive-store-webhook", || block_on(self.receiver.receive(inbound))).status
    }

    /// A marketplace asks or posts.
    pub(crate) fn notify(&self, inbound: Inbound<'_>) -> Answered {
        let function = "receive-marketplace-notification";
        self.grants.as_function(function, || block_on(self.marketplaces.receive(inbound)))
    }

    /// A marketplace put a message into its queue; whether it was worked on.
    pub(crate) fn push(&self, kind: &str, body: &str) -> bool {
        let work = || block_on(workflow::sync::pushed(&self.world, kind, body, Some(self.now())));
        self.grants.as_function("sync-order", work).is_ok()
    }

    /// Works until nothing is visible in any queue.
    pub(crate) fn settle(&self) {
        for _ in 0..2_000 {
            if !self.work_once() {
                return;
            }
        }
        panic!("the queues never become quiet");
    }

    fn work_once(&self) -> bool {
        let visibility = Duration::from_secs(60);
        let mut worked = false;
        for queue in QueueName::ALL {
            for message in self.queue.receive(queue, 10, visibility) {
                worked = true;
                let receives = message.receives.to_string();
                let attributes = batch::SqsAttributes { receives, sent: String::new() };
                let (body, queue_arn) = (message.body.clone(), String::new());
                let record = SqsRecord { message_id: "1".into(), body, attributes, queue: queue_arn };
                let event = SqsEvent { records: vec![record] };
                let failed = match queue {
                    QueueName::Inbound => self.grants.as_function("sync-order", || {
                        let work = |body| workflow::sync::work(&self.world, body);
                        block_on(batch::answer(&self.world, &event, work))
                    }),
                    QueueName::Alerts => self.grants.as_function("send-alerts", || {
                        let work = |body| workflow::alerts::tell(&self.world, body);
                        block_on(batch::answer(&self.world, &event, work))
                    }),
                };
                if failed.failures.is_empty() {
                    self.queue.delete(queue, message.receipt);
                } else {
                    println!("failed: {}", message.body);
                }
            }
        }
        worked
    }

    /// Lets time pass: each minute a sweep, each three minutes a poll, work in between.
    pub(crate) fn pass(&self, minutes: u64) {
        for minute in 0..minutes {
            self.clock.advance(Duration::from_secs(60));
            self.grants.as_function("sweep", || block_on(workflow::sweep::sweep(&self.world))).unwrap();
            if minute % 3 == 0 {
                self.grants
                    .as_function("poll-channels", || block_on(workflow::poll::poll(&self.world)))
                    .unwrap();
            }
            self.settle();
        }
    }

    pub(crate) fn packages(&self, order: &str) -> Vec<Package> {
        let reference =
            MarketplaceOrderRef { account: account("amazon-us"), order: order.try_into().unwrap() };
        let key = domain::keys::ItemKey::marketplace_order(&reference);
        self.ledger
            .items()
            .iter()
            .filter(|i| {
                i.key.pk.ends_with(&key.pk[key.pk.rfind('#').unwrap()..]) && i.key.sk.starts_with("P#")
            })
            .map(|i| serde_json::from_str(&i.body).unwrap())
            .collect()
    }

    pub(crate) fn states(&self, order: &str) -> Vec<StateName> {
        self.packages(order).iter().map(|p| p.state.name()).collect()
    }

    /// Everything the marketplace holds of an order: tracking number, carrier code, units, calls.
    pub(crate) fn at_amazon(&self, order: &str) -> Vec<(String, String, u32, u32)> {
        let record = self.wire.amazon.lock().unwrap().record();
        record
            .packages
            .iter()
            .filter(|p| p.order == order)
            .map(|p| {
                let units = p.content.lines.values().sum();
                (p.content.tracking_number.clone(), p.content.carrier_code.clone(), units, p.confirm_calls)
            })
            .collect()
    }

    pub(crate) fn subjects(&self) -> Vec<String> {
        self.mail.sent().into_iter().map(|m| m.subject).collect()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // What a handler caught as a record's own failure is a failure of the template all the same.
        if !std::thread::panicking() {
            assert_eq!(self.grants.take_refused(), Vec::<String>::new(), "used, but not granted");
            assert_eq!(self.log.leaks(), Vec::<String>::new(), "logged, and must not be");
        }
    }
}
