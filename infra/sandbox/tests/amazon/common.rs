//! A served stand-in, and a connection to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use connector_amazon::Amazon;
use connector_api::{ChannelError, Confirmed, Cursor, HttpTransport, Marketplace as _, Reach};
use domain::confirmation::{CarrierCode, Confirmation, Tracking};
use domain::connection::{Connection, MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MarketplaceId, MarketplaceOrderId, MerchantId, OrderLineId};
use domain::marketplace_order::OrderFacts;
use domain::tracking::TrackingNumber;
use jiff::Timestamp;
use ports::memory::{ManualClock, MemoryCredentials, SeededRng};
use ports::{Clock as _, Credential};
use sandbox::Standin;
use sandbox::amazon::{AmazonSandbox, NewItem, NewOrder, Party, Seller, Settings, Status};
use sandbox::faults::{Fault, Planned};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const ORDER: &str = "702-0000001-0000001";
pub(crate) const MARKETPLACE: &str = "ATVPDKIKX0DER";
pub(crate) const ITEM: &str = "7020000001000000101";
pub(crate) const NUMBER: &str = "9400100000000000000000";

/// Everything that belongs together; the server ends with it.
pub(crate) struct World {
    pub(crate) sandbox: Arc<Mutex<AmazonSandbox>>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) credentials: MemoryCredentials,
    pub(crate) address: String,
    transport: HttpTransport,
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

pub(crate) fn seller(name: &str) -> Seller {
    Seller {
        seller: name.to_owned(),
        client_id: "client".to_owned(),
        client_secret: "secret".to_owned(),
        refresh_token: format!("Atzr|{name}"),
        access_denied: false,
    }
}

/// Two mugs, ordered the day before.
pub(crate) fn order(id: &str) -> NewOrder {
    NewOrder {
        seller: "ann".to_owned(),
        order_id: id.to_owned(),
        marketplace_id: MARKETPLACE.to_owned(),
        items: vec![NewItem { order_item_id: None, sku: "MUG".to_owned(), quantity: 2, cancelled: false }],
        fulfilled_by: Party::Merchant,
        status: Status::Unshipped,
        programs: Vec::new(),
        purchase_date: Some("2026-11-20T12:00:00Z".parse().unwrap()),
        ship_by: None,
        cancel_requested: false,
        packages: Vec::new(),
        buyer: None,
        recipient: None,
    }
}

pub(crate) fn tracking(carrier: CarrierCode, number: &str) -> Tracking {
    let number = TrackingNumber::try_from(number).unwrap();
    Tracking { carrier, service: Some("Ground Advantage".to_owned()), number }
}

pub(crate) fn confirmation(reference: u32, units: u32) -> Confirmation {
    Confirmation {
        order: MarketplaceOrderId::try_from(ORDER).unwrap(),
        marketplace: MarketplaceId::try_from(MARKETPLACE).unwrap(),
        reference: reference.to_string(),
        told_as: None,
        tracking: Some(tracking(CarrierCode { code: "USPS".to_owned(), name: None }, NUMBER)),
        untracked: None,
        ship_date: "2026-11-21T11:00:00Z".parse().unwrap(),
        lines: BTreeMap::from([(OrderLineId::try_from(ITEM).unwrap(), units)]),
    }
}

pub(crate) fn connection(address: &str, seller: &str) -> Connection {
    let account = Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from(seller).unwrap());
    Connection {
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        reversals: domain::reversal::Reversals::default(),
        schema: Connection::SCHEMA,
        account,
        kind: "amazon".to_owned(),
        sync: true,
        options: BTreeMap::from([
            ("region".to_owned(), "na".to_owned()),
            ("seller_id".to_owned(), sandbox::amazon::seller_id(seller)),
        ]),
        base_url: Some(address.to_owned()),
        link: Vec::new(),
        mail: MailSettings::default(),
        time_zone: "UTC".to_owned(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
    }
}

impl World {
    /// With the sellers ann and bob, ann's order, and lists that do not lag.
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(start()));
        let mut sandbox = AmazonSandbox::new();
        sandbox.set_settings(Settings { search_lag_seconds: 0, ..Settings::default() });
        sandbox.add_seller(seller("ann"));
        sandbox.add_seller(seller("bob"));
        sandbox.add_order(start(), order(ORDER)).unwrap();
        let sandbox = Arc::new(Mutex::new(sandbox));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/amazon", listener.local_addr().unwrap());
        let mount: (String, Arc<Mutex<dyn Standin>>) = ("/amazon".to_owned(), sandbox.clone());
        let time = clock.clone();
        let server =
            tokio::spawn(sandbox::server::serve(listener, vec![mount], Arc::new(move || time.now())));
        let credentials = MemoryCredentials::default();
        for name in ["ann", "bob"] {
            let secrets = [
                ("client_id".to_owned(), "client".into()),
                ("client_secret".to_owned(), "secret".into()),
                ("refresh_token".to_owned(), format!("Atzr|{name}").into()),
            ];
            let credential = Credential { secrets: secrets.into(), ..Credential::default() };
            credentials.put(connection("", name).account, credential);
        }
        let transport = HttpTransport::new().unwrap();
        Self { sandbox, clock, credentials, address, transport, rng: SeededRng::new(1), server }
    }

    pub(crate) fn sandbox(&self) -> MutexGuard<'_, AmazonSandbox> {
        self.sandbox.lock().unwrap()
    }

    pub(crate) fn fault(&self, operation: &str, fault: Fault) {
        let planned = Planned { operation: operation.to_owned(), account: None, times: 1, fault };
        self.sandbox().plan_fault(planned);
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
        let connection = connection(&self.address, "ann");
        Amazon.confirm(self.reach(), &connection, confirmation).await.map(|answer| answer.value)
    }

    pub(crate) async fn read_as(&self, seller: &str) -> Result<OrderFacts, ChannelError> {
        let order = MarketplaceOrderId::try_from(ORDER).unwrap();
        let connection = connection(&self.address, seller);
        Amazon.read_order(self.reach(), &connection, &order).await.map(|answer| answer.value)
    }

    pub(crate) async fn read(&self) -> OrderFacts {
        self.read_as("ann").await.unwrap()
    }

    /// Polls to the end: the orders seen, how many pages, and where to go on.
    pub(crate) async fn poll(&self, since: Timestamp) -> (Vec<String>, usize, Cursor) {
        let connection = connection(&self.address, "ann");
        let mut cursor = Cursor { since, page: None };
        let mut seen = Vec::new();
        for pages in 1.. {
            let page = Amazon.changed_orders(self.reach(), &connection, &cursor).await.unwrap().value;
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
