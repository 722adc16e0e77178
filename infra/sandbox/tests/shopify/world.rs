//! A shop, a connection to it, and time in one hand.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use connector_api::{
    ChannelError, Cursor, Delivery, DeliveryBody, Reach, Store as _, StoreEvent, reduce_json,
};
use connector_shopify::Shopify;
use domain::connection::{Connection, LinkFrom, LinkRule, MailSettings, Timing};
use domain::facts::{StoreFacts, StoreOrderFact};
use domain::ids::{Account, ConnectionId, MerchantId, StoreOrderId};
use futures::executor::block_on;
use jiff::Timestamp;
use ports::memory::{ManualClock, MemoryCredentials, SeededRng};
use ports::{Clock as _, Credential, Transport, TransportError};
use sandbox::faults::{Fault, Planned};
use sandbox::shopify::{Delivery as Posted, FulfillSpec, LineSpec, OrderSpec, ShopSpec, ShopifySandbox};
use sandbox::{Outcome, Standin};
use secrecy::SecretString;
use serde_json::Value;

pub(crate) const SHOP: &str = "potters-row.myshopify.com";
pub(crate) const TOKEN: &str = "shpat_for-the-sandbox";
pub(crate) const SECRET: &str = "webhook-secret-for-the-sandbox";

/// What a whole poll told.
pub(crate) struct Poll {
    pub(crate) told: Vec<(StoreOrderId, StoreFacts)>,
    pub(crate) cursor: Cursor,
    pub(crate) pages: usize,
}

/// A shop, a connection to it, and time in one hand.
pub(crate) struct World {
    pub(crate) sandbox: Mutex<ShopifySandbox>,
    pub(crate) clock: ManualClock,
    rng: SeededRng,
    pub(crate) credentials: MemoryCredentials,
    connection: Connection,
}

#[async_trait]
impl Transport for World {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        match self.sandbox.lock().unwrap().handle(self.clock.now(), &request) {
            Outcome::Answer(response) => Ok(response),
            Outcome::Late(pause, response) => {
                self.clock.advance(pause);
                Ok(response)
            }
            Outcome::CutOff => Err(TransportError::MaybeSent("cut off".to_owned())),
        }
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(ShopSpec::new(SHOP, TOKEN, SECRET))
    }

    pub(crate) fn with(shop: ShopSpec) -> Self {
        let clock = ManualClock::at("2026-11-20T10:00:00Z".parse().unwrap());
        let account =
            Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from("shop").unwrap());
        let credentials = MemoryCredentials::default();
        let app = shop.client_id.as_ref();
        let given = [
            ("access_token", shop.access_token.as_ref()),
            ("client_id", app),
            ("client_secret", app.map(|_| &shop.webhook_secret)),
        ];
        let secrets = given
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), SecretString::from(text?.as_str()))))
            .collect();
        credentials.put(account.clone(), Credential { secrets, ..Credential::default() });
        let mut sandbox = ShopifySandbox::default();
        let connection = Connection {
            shipments: domain::shipment_policy::ShipmentPolicy::default(),
            reversals: domain::reversal::Reversals::default(),
            schema: Connection::SCHEMA,
            account,
            kind: "shopify".to_owned(),
            sync: true,
            options: [("shop".to_owned(), shop.domain.clone())].into(),
            base_url: Some("http://sandbox.invalid".to_owned()),
            link: vec![LinkRule {
                from: LinkFrom::NoteAttribute { name: "Amazon Order".to_owned() },
                account: ConnectionId::try_from("amazon").unwrap(),
                source_name: None,
            }],
            mail: MailSettings::default(),
            time_zone: "UTC".to_owned(),
            timing: Timing::default(),
            carriers: domain::carrier_policy::CarrierPolicy::default(),
        };
        sandbox.create_shop(clock.now(), shop).unwrap();
        Self { sandbox: Mutex::new(sandbox), clock, rng: SeededRng::new(1), credentials, connection }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn reach(&self) -> Reach<'_> {
        Reach { transport: self, credentials: &self.credentials, clock: &self.clock, rng: &self.rng }
    }

    /// Does something in the shop, a minute later.
    pub(crate) fn at_shop<T>(&self, act: impl FnOnce(&mut ShopifySandbox, Timestamp) -> T) -> T {
        self.clock.advance(Duration::from_secs(60));
        act(&mut self.sandbox.lock().unwrap(), self.clock.now())
    }

    pub(crate) fn order(&self, spec: OrderSpec) -> u64 {
        self.at_shop(|shop, now| shop.create_order(now, SHOP, spec).unwrap().id)
    }

    pub(crate) fn read(&self, order: u64) -> Result<(StoreOrderFact, StoreFacts), ChannelError> {
        let order = StoreOrderId::try_from(order.to_string()).unwrap();
        block_on(Shopify.read_order(self.reach(), &self.connection, &order))
    }

    /// Polls to the end: what was told, where it stands, and how many pages it took.
    pub(crate) fn poll(&self, since: Timestamp) -> Result<Poll, ChannelError> {
        let mut cursor = Cursor { since, page: None };
        let mut told = Vec::new();
        for pages in 1.. {
            let page = block_on(Shopify.changed_fulfillments(self.reach(), &self.connection, &cursor))?;
            told.extend(page.orders);
            cursor = page.next;
            if cursor.page.is_none() {
                return Ok(Poll { told, cursor, pages });
            }
            assert_eq!(cursor.since, since, "advanced before the poll was complete");
        }
        unreachable!("a poll ends")
    }

    /// What the connector makes of a posted delivery.
    pub(crate) fn receive(&self, posted: &Posted) -> StoreEvent {
        let request = posted.request("http://receiver.invalid/").unwrap();
        let secrets = [SecretString::from(SECRET)];
        let verified = Shopify.verify(request.headers(), request.body(), &secrets).unwrap();
        let (topic, allowed) = Shopify.topic(request.headers()).unwrap();
        assert!(posted.body.contains("Canary"), "there is a buyer in {topic}");
        let value: Value = serde_json::from_slice(verified.bytes()).unwrap();
        let reduced = reduce_json(&value, allowed).to_string();
        assert!(!reduced.contains("Canary") && !reduced.contains("555"), "{reduced}");
        let delivery = Delivery {
            id: "d".to_owned(),
            topic,
            headers: Vec::new(),
            received_at: self.clock.now(),
            body: DeliveryBody::Reduced(reduced),
        };
        Shopify.event(&self.connection, &delivery).unwrap()
    }

    pub(crate) fn facts(&self, posted: &Posted) -> StoreFacts {
        let told = self.receive(posted);
        let StoreEvent::Order { facts, .. } = told else { unreachable!("{told:?}") };
        *facts
    }

    pub(crate) fn plan(&self, operation: &str, fault: Fault) {
        let planned = Planned { operation: operation.to_owned(), account: None, times: 1, fault };
        self.sandbox.lock().unwrap().plan_fault(planned);
    }

    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request =
            http::Request::builder().method(method).uri(format!("/_sandbox/{path}")).body(body).unwrap();
        let response = block_on(self.send(request)).unwrap();
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }
}

pub(crate) fn two_mugs() -> OrderSpec {
    OrderSpec {
        source_name: Some("amazon-us".to_owned()),
        source_identifier: Some("113-0000001-0000001".to_owned()),
        attributes: vec![
            ("Amazon Order".to_owned(), "113-0000001-0000001".to_owned()),
            ("Gift note".to_owned(), "for Canary".to_owned()),
        ],
        tags: vec!["amazon".to_owned()],
        lines: vec![LineSpec::new("MUG-RED", 2), LineSpec::new("MUG-BLUE", 1)],
        ..OrderSpec::default()
    }
}

pub(crate) fn sent(numbers: &[&str]) -> FulfillSpec {
    FulfillSpec {
        numbers: numbers.iter().map(|n| (*n).to_owned()).collect(),
        company: Some("UPS".to_owned()),
        location: Some(7_000_000_001),
        ..FulfillSpec::default()
    }
}
