//! A served stand-in, and a connection to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use connector_api::{ChannelError, Confirmed, Cursor, HttpTransport, Marketplace as _, Reach};
use connector_ebay::Ebay;
use domain::confirmation::{CarrierCode, Confirmation, Tracking};
use domain::connection::{Connection, MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MarketplaceId, MarketplaceOrderId, MerchantId, OrderLineId};
use domain::marketplace_order::OrderFacts;
use domain::tracking::TrackingNumber;
use jiff::Timestamp;
use ports::memory::{ManualClock, MemoryCredentials, SeededRng};
use ports::{Clock as _, Credential};
use sandbox::Standin;
use sandbox::ebay::{EbaySandbox, Mishap, NewItem, NewOrder, PlannedMishap, Seller};
use sandbox::faults::{Fault, Planned};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const ORDER: &str = "14-00001-00001";
pub(crate) const MARKETPLACE: &str = "EBAY_US";
pub(crate) const LINE: &str = "14000010000101";
pub(crate) const OTHER_LINE: &str = "14000010000102";
pub(crate) const NUMBER: &str = "9400100000000000000000";
pub(crate) const VERIFICATION: &str = "verification-token-of-this-test-0001";

/// Everything that belongs together; the server ends with it.
pub(crate) struct World {
    pub(crate) sandbox: Arc<Mutex<EbaySandbox>>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) credentials: MemoryCredentials,
    pub(crate) address: String,
    pub(crate) ebay: Ebay,
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
    let seller = serde_json::json!({
        "seller": name, "client_id": "the-app", "client_secret": "the-key", "refresh_token": format!("v^1.1#{name}=="),
    });
    serde_json::from_value(seller).unwrap()
}

/// Two mugs and a lamp, ordered the day before.
pub(crate) fn order(id: &str) -> NewOrder {
    let item =
        |sku: &str, quantity| NewItem { line_item_id: None, sku: sku.to_owned(), quantity, ship_by: None };
    NewOrder {
        seller: "ann".to_owned(),
        order_id: id.to_owned(),
        marketplace_id: MARKETPLACE.to_owned(),
        items: vec![item("MUG", 2), item("LAMP", 1)],
        payment_status: "PAID".to_owned(),
        cancel_state: "NONE_REQUESTED".to_owned(),
        program: None,
        instruction: "SHIP_TO".to_owned(),
        to_hub: false,
        creation_date: Some("2026-11-20T12:00:00Z".parse().unwrap()),
        ship_by: None,
        fulfillments: Vec::new(),
        buyer: None,
    }
}

pub(crate) fn confirmation(number: &str, lines: &[(&str, u32)]) -> Confirmation {
    let carrier = CarrierCode { code: "USPS".to_owned(), name: None };
    let number = TrackingNumber::try_from(number).unwrap();
    Confirmation {
        order: MarketplaceOrderId::try_from(ORDER).unwrap(),
        marketplace: MarketplaceId::try_from(MARKETPLACE).unwrap(),
        reference: "421000001".to_owned(),
        told_as: None,
        tracking: Some(Tracking { carrier, service: Some("Ground Advantage".to_owned()), number }),
        untracked: None,
        ship_date: "2026-11-21T11:00:00Z".parse().unwrap(),
        lines: lines.iter().map(|(line, units)| (OrderLineId::try_from(*line).unwrap(), *units)).collect(),
    }
}

/// Everything in one parcel.
pub(crate) fn whole() -> Confirmation {
    confirmation(NUMBER, &[(LINE, 2), (OTHER_LINE, 1)])
}

pub(crate) fn connection(address: &str, seller: &str) -> Connection {
    let account = Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from(seller).unwrap());
    Connection {
        reversals: domain::reversal::Reversals::default(),
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        schema: Connection::SCHEMA,
        account,
        kind: "ebay".to_owned(),
        sync: true,
        options: BTreeMap::from([("user_id".to_owned(), format!("id-{seller}"))]),
        base_url: Some(address.to_owned()),
        link: Vec::new(),
        mail: MailSettings { to: vec!["merchant@example.com".to_owned()], ..MailSettings::default() },
        time_zone: "UTC".to_owned(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
    }
}

impl World {
    /// With the sellers ann and bob, and ann's order.
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(start()));
        let mut sandbox = EbaySandbox::new();
        sandbox.add_seller(seller("ann"));
        sandbox.add_seller(seller("bob"));
        sandbox.add_order(start(), order(ORDER)).unwrap();
        let sandbox = Arc::new(Mutex::new(sandbox));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/ebay", listener.local_addr().unwrap());
        let mount: (String, Arc<Mutex<dyn Standin>>) = ("/ebay".to_owned(), sandbox.clone());
        let time = clock.clone();
        let server =
            tokio::spawn(sandbox::server::serve(listener, vec![mount], Arc::new(move || time.now())));
        let credentials = MemoryCredentials::default();
        for name in ["ann", "bob"] {
            let secrets = [
                ("client_id".to_owned(), "the-app".into()),
                ("client_secret".to_owned(), "the-key".into()),
                ("refresh_token".to_owned(), format!("v^1.1#{name}==").into()),
                (connector_api::VERIFICATION_TOKEN.to_owned(), VERIFICATION.into()),
            ];
            let credential = Credential { secrets: secrets.into(), ..Credential::default() };
            credentials.put(connection("", name).account, credential);
        }
        let transport = HttpTransport::new().unwrap();
        let (ebay, rng) = (Ebay::default(), SeededRng::new(1));
        Self { sandbox, clock, credentials, address, ebay, transport, rng, server }
    }

    pub(crate) fn sandbox(&self) -> MutexGuard<'_, EbaySandbox> {
        self.sandbox.lock().unwrap()
    }

    pub(crate) fn fault(&self, operation: &str, fault: Fault) {
        let planned = Planned { operation: operation.to_owned(), account: None, times: 1, fault };
        self.sandbox().plan_fault(planned);
    }

    pub(crate) fn mishap(&self, operation: &str, mishap: Mishap) {
        let planned = PlannedMishap { operation: operation.to_owned(), account: None, times: 1, mishap };
        self.sandbox().plan_mishap(planned);
    }

    pub(crate) fn ann(&self) -> Connection {
        connection(&self.address, "ann")
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
        self.ebay.confirm(self.reach(), &self.ann(), confirmation).await.map(|answer| answer.value)
    }

    pub(crate) async fn read_as(&self, seller: &str) -> Result<OrderFacts, ChannelError> {
        let order = MarketplaceOrderId::try_from(ORDER).unwrap();
        let connection = connection(&self.address, seller);
        self.ebay.read_order(self.reach(), &connection, &order).await.map(|answer| answer.value)
    }

    pub(crate) async fn read(&self) -> OrderFacts {
        self.read_as("ann").await.unwrap()
    }

    /// Polls to the end: the orders seen, how many pages, and where to go on.
    pub(crate) async fn poll(&self, since: Timestamp) -> (Vec<String>, usize, Cursor) {
        let mut cursor = Cursor { since, page: None };
        let mut seen = Vec::new();
        for pages in 1.. {
            let page = self.ebay.changed_orders(self.reach(), &self.ann(), &cursor).await.unwrap().value;
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
