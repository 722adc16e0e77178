//! A served stand-in, and connections to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use connector_api::{ChannelError, Check, Confirmed, Cursor, HttpTransport, Marketplace as _, Reach};
use connector_etsy::Etsy;
use domain::confirmation::{CarrierCode, Confirmation, Tracking};
use domain::connection::{Connection, MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MarketplaceId, MarketplaceOrderId, MerchantId};
use domain::marketplace_order::OrderFacts;
use domain::tracking::TrackingNumber;
use jiff::Timestamp;
use ports::memory::{ManualClock, MemoryCredentials, SeededRng};
use ports::{Clock as _, Credential, Credentials as _};
use sandbox::Standin;
use sandbox::etsy::{EtsySandbox, NewLine, NewReceipt, Shop, Spoil, Spoiled};
use sandbox::faults::{Fault, Planned};
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const ORDER: u64 = 3_700_000_001;
pub(crate) const ANN: u64 = 77;
pub(crate) const BOB: u64 = 88;
pub(crate) const NUMBER: &str = "9400100000000000000000";
pub(crate) const WEBHOOK: &str = "whsec_c2FuZGJveCBzaWduaW5nIGtleQ==";

/// Everything that belongs together; the server ends with it.
pub(crate) struct World {
    pub(crate) sandbox: Arc<Mutex<EtsySandbox>>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) credentials: MemoryCredentials,
    pub(crate) connection: Connection,
    pub(crate) address: String,
    pub(crate) transport: HttpTransport,
    rng: SeededRng,
    server: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn shop(number: u64) -> Shop {
    Shop {
        shop: number,
        user: number * 10,
        country: "us".to_owned(),
        keystring: "key".to_owned(),
        shared_secret: "secret".to_owned(),
        refresh_token: format!("{number}0.first"),
        scopes: vec!["transactions_r".to_owned(), "transactions_w".to_owned()],
        closed: false,
        webhook_secrets: vec![WEBHOOK.to_owned()],
    }
}

/// Two mugs, ordered the day before.
pub(crate) fn order(id: u64) -> NewReceipt {
    let line = NewLine { transaction_id: None, sku: Some("MUG".to_owned()), quantity: 2, digital: false };
    NewReceipt {
        shop: ANN,
        receipt_id: id,
        lines: vec![line],
        status: "paid".to_owned(),
        is_paid: true,
        country_iso: "US".to_owned(),
        cents: 2_400,
        created: Some("2026-11-20T12:00:00Z".parse().unwrap()),
        ship_by: None,
        rows: Vec::new(),
    }
}

pub(crate) fn confirmation(number: &str, carrier: &str) -> Confirmation {
    let carrier = CarrierCode { code: carrier.to_owned(), name: None };
    let number = TrackingNumber::try_from(number).unwrap();
    Confirmation {
        order: order_id(ORDER),
        marketplace: MarketplaceId::try_from("us").unwrap(),
        reference: "421000001".to_owned(),
        told_as: None,
        tracking: Some(Tracking { carrier, service: None, number }),
        untracked: None,
        ship_date: "2026-11-21T11:00:00Z".parse().unwrap(),
        lines: BTreeMap::new(),
    }
}

pub(crate) fn order_id(id: u64) -> MarketplaceOrderId {
    MarketplaceOrderId::try_from(id.to_string()).unwrap()
}

pub(crate) fn connection(address: &str, shop: u64) -> Connection {
    let id = ConnectionId::try_from(format!("shop-{shop}")).unwrap();
    let options = [("shop_id", shop.to_string()), ("country", "us".to_owned())];
    Connection {
        schema: Connection::SCHEMA,
        account: Account::new(MerchantId::try_from("m").unwrap(), id),
        kind: "etsy".to_owned(),
        sync: true,
        options: options.map(|(name, value)| (name.to_owned(), value)).into(),
        base_url: Some(address.to_owned()),
        link: Vec::new(),
        mail: MailSettings::default(),
        time_zone: "UTC".to_owned(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        reversals: domain::reversal::Reversals::default(),
    }
}

impl World {
    /// With the shops of ann and bob at one app, and ann's order.
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(start()));
        let mut sandbox = EtsySandbox::new();
        sandbox.add_shop(start(), shop(ANN));
        sandbox.add_shop(start(), shop(BOB));
        sandbox.add_receipt(start(), order(ORDER)).unwrap();
        let sandbox = Arc::new(Mutex::new(sandbox));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/etsy", listener.local_addr().unwrap());
        let mount: (String, Arc<Mutex<dyn Standin>>) = ("/etsy".to_owned(), sandbox.clone());
        let time = clock.clone();
        let server =
            tokio::spawn(sandbox::server::serve(listener, vec![mount], Arc::new(move || time.now())));
        let connection = connection(&address, ANN);
        let world = Self {
            sandbox,
            clock,
            credentials: MemoryCredentials::default(),
            connection,
            address,
            transport: HttpTransport::new().unwrap(),
            rng: SeededRng::new(1),
            server,
        };
        for number in [ANN, BOB] {
            world.connect(number, &shop(number).refresh_token);
        }
        world
    }

    /// Puts a refresh token as a merchant would who connects again.
    pub(crate) fn connect(&self, shop: u64, refresh_token: &str) {
        let secrets = [("keystring", "key"), ("shared_secret", "secret"), ("refresh_token", refresh_token)];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), value.into())).into();
        let credential = Credential { secrets, ..Credential::default() };
        self.credentials.put(connection("", shop).account, credential);
    }

    pub(crate) fn option(mut self, name: &str, value: &str) -> Self {
        self.connection.options.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn sandbox(&self) -> MutexGuard<'_, EtsySandbox> {
        self.sandbox.lock().unwrap()
    }

    pub(crate) fn fault(&self, operation: &str, fault: Fault) {
        let planned = Planned { operation: operation.to_owned(), account: None, times: 1, fault };
        self.sandbox().plan_fault(planned);
    }

    pub(crate) fn spoil(&self, operation: &str, how: Spoil) {
        self.sandbox().spoil(Spoiled { operation: operation.to_owned(), how, times: 1 });
    }

    pub(crate) fn reach(&self) -> Reach<'_> {
        Reach {
            transport: &self.transport,
            credentials: &self.credentials,
            clock: &*self.clock,
            rng: &self.rng,
        }
    }

    pub(crate) async fn confirm(&self, confirmation: &Confirmation) -> Result<Confirmed, ChannelError> {
        Etsy.confirm(self.reach(), &self.connection, confirmation).await.map(|answer| answer.value)
    }

    pub(crate) async fn read_as(&self, shop: u64) -> Result<OrderFacts, ChannelError> {
        let connection = connection(&self.address, shop);
        Etsy.read_order(self.reach(), &connection, &order_id(ORDER)).await.map(|answer| answer.value)
    }

    pub(crate) async fn read(&self) -> OrderFacts {
        self.read_as(ANN).await.unwrap()
    }

    /// The numbers that the order shows.
    pub(crate) async fn shown(&self) -> Vec<String> {
        let rows = self.read().await.packages.unwrap();
        rows.into_iter().filter_map(|row| row.tracking_number).collect()
    }

    pub(crate) async fn check_up(&self) -> Vec<Check> {
        Etsy.check_up(self.reach(), &self.connection).await
    }

    pub(crate) async fn refresh_token(&self) -> String {
        let credential = self.credentials.load(&self.connection.account).await.unwrap().unwrap();
        credential.secret("refresh_token").unwrap().expose_secret().to_owned()
    }

    /// Polls to the end: the orders seen, in how many pages, and where to go on.
    pub(crate) async fn poll(&self, since: Timestamp) -> (Vec<String>, usize, Cursor) {
        let mut cursor = Cursor { since, page: None };
        let mut seen = Vec::new();
        for pages in 1.. {
            let page = Etsy.changed_orders(self.reach(), &self.connection, &cursor).await.unwrap().value;
            seen.extend(page.orders.into_iter().map(|(id, _)| id.as_str().to_owned()));
            cursor = page.next;
            if cursor.page.is_none() {
                return (seen, pages, cursor);
            }
        }
        unreachable!("a poll ends");
    }

    pub(crate) fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
