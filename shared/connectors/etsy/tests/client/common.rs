//! One connection, one server, and all ports in memory but HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use connector_api::{
    Answer, ChannelError, Check, Confirmed, Cursor, Failure, HttpTransport, Marketplace as _, OrderPage,
    Reach, Reached,
};
use connector_etsy::Etsy;
use domain::confirmation::{CarrierCode, Confirmation, Tracking};
use domain::connection::{Connection, MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MarketplaceId, MarketplaceOrderId, MerchantId, OrderLineId};
use domain::marketplace_order::OrderFacts;
use domain::tracking::TrackingNumber;
use jiff::Timestamp;
use ports::memory::{ManualClock, MemoryCredentials, SeededRng};
use ports::{AccessToken, Clock as _, Credential, Credentials as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const ORDER: &str = "3700000001";
pub(crate) const READ_PATH: &str = "/v3/application/shops/12345678/receipts/3700000001";
pub(crate) const SHIP_PATH: &str = "/v3/application/shops/12345678/receipts/3700000001/tracking";
pub(crate) const LIST_PATH: &str = "/v3/application/shops/12345678/receipts";
pub(crate) const SHOP_PATH: &str = "/v3/application/shops/12345678";
pub(crate) const TOKEN_PATH: &str = "/v3/public/oauth/token";
pub(crate) const KEYSTRING: &str = "keySECRETstring";
pub(crate) const SHARED: &str = "sharedSECRET";
pub(crate) const REFRESH: &str = "5550001.refreshSECRET";
pub(crate) const ACCESS: &str = "5550001.accessSECRET";
pub(crate) const NUMBER: &str = "9400100000000000000000";

pub(crate) struct World {
    pub(crate) server: MockServer,
    pub(crate) connection: Connection,
    pub(crate) credentials: MemoryCredentials,
    pub(crate) clock: ManualClock,
    transport: HttpTransport,
    rng: SeededRng,
}

impl World {
    /// With a token that is good for half an hour.
    pub(crate) async fn new() -> Self {
        let world = Self::without_token().await;
        world.put_token(ACCESS, 1800);
        world
    }

    pub(crate) async fn without_token() -> Self {
        let server = MockServer::start().await;
        let account =
            Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from("etsy-us").unwrap());
        let options = [("shop_id", "12345678"), ("country", "us")];
        let connection = Connection {
            reversals: domain::reversal::Reversals::default(),
            schema: Connection::SCHEMA,
            account,
            kind: "etsy".into(),
            sync: true,
            options: options.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            base_url: Some(server.uri()),
            link: Vec::new(),
            mail: MailSettings::default(),
            time_zone: "UTC".into(),
            timing: Timing::default(),
            carriers: domain::carrier_policy::CarrierPolicy::default(),
            shipments: domain::shipment_policy::ShipmentPolicy::default(),
        };
        let world = Self {
            server,
            connection,
            credentials: MemoryCredentials::default(),
            clock: ManualClock::at("2026-11-21T12:00:00Z".parse().unwrap()),
            transport: HttpTransport::new().unwrap(),
            rng: SeededRng::new(7),
        };
        world.credentials.put(world.connection.account.clone(), world.fresh_credential());
        world
    }

    pub(crate) fn with(mut self, option: &str, value: &str) -> Self {
        self.connection.options.insert(option.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn fresh_credential(&self) -> Credential {
        let secrets = [("keystring", KEYSTRING), ("shared_secret", SHARED), ("refresh_token", REFRESH)];
        Credential {
            secrets: secrets.into_iter().map(|(k, v)| (k.into(), SecretString::from(v))).collect(),
            ..Credential::default()
        }
    }

    pub(crate) fn put_token(&self, token: &str, seconds: u64) {
        let expires_at = self.clock.now() + Duration::from_secs(seconds);
        let access = Some(AccessToken { token: token.into(), expires_at });
        self.credentials
            .put(self.connection.account.clone(), Credential { access, ..self.fresh_credential() });
    }

    pub(crate) async fn credential(&self) -> Credential {
        self.credentials.load(&self.connection.account).await.unwrap().unwrap()
    }

    pub(crate) async fn stored(&self, secret: &str) -> String {
        self.credential().await.secret(secret).unwrap().expose_secret().to_owned()
    }

    pub(crate) async fn stored_token(&self) -> Option<String> {
        self.credential().await.access.map(|access| access.token.expose_secret().to_owned())
    }

    pub(crate) fn reach(&self) -> Reach<'_> {
        Reach {
            transport: &self.transport,
            credentials: &self.credentials,
            clock: &self.clock,
            rng: &self.rng,
        }
    }

    pub(crate) async fn read(&self) -> Result<Answer<OrderFacts>, ChannelError> {
        let order = MarketplaceOrderId::try_from(ORDER).unwrap();
        Etsy.read_order(self.reach(), &self.connection, &order).await
    }

    pub(crate) async fn poll(&self, cursor: &Cursor) -> Result<Answer<OrderPage>, ChannelError> {
        Etsy.changed_orders(self.reach(), &self.connection, cursor).await
    }

    pub(crate) async fn confirm(&self) -> Result<Answer<Confirmed>, ChannelError> {
        self.confirm_this(&confirmation()).await
    }

    pub(crate) async fn confirm_this(&self, this: &Confirmation) -> Result<Answer<Confirmed>, ChannelError> {
        Etsy.confirm(self.reach(), &self.connection, this).await
    }

    pub(crate) async fn check_up(&self) -> Vec<Check> {
        Etsy.check_up(self.reach(), &self.connection).await
    }

    /// The token endpoint gives out `token`, and `refresh` for the next time, as often as `calls`.
    pub(crate) async fn grants(&self, token: &str, refresh: &str, calls: u64) {
        let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600, "refresh_token": refresh });
        self.token_endpoint(ResponseTemplate::new(200).set_body_json(body), calls).await;
    }

    pub(crate) async fn token_endpoint(&self, answer: ResponseTemplate, calls: u64) {
        let mock = Mock::given(method("POST")).and(path(TOKEN_PATH)).respond_with(answer);
        mock.expect(calls).mount(&self.server).await;
    }

    /// The operation at `at` answers so, as often as `calls`, if asked with this token and the app's key.
    pub(crate) async fn answers(
        &self,
        verb: &str,
        at: &str,
        token: &str,
        answer: ResponseTemplate,
        calls: u64,
    ) {
        let mock = Mock::given(method(verb))
            .and(path(at))
            .and(header("authorization", format!("Bearer {token}")))
            .and(header("x-api-key", format!("{KEYSTRING}:{SHARED}")));
        mock.respond_with(answer).expect(calls).mount(&self.server).await;
    }

    /// The bodies that were posted to `at`.
    pub(crate) async fn posted(&self, at: &str) -> Vec<(String, String)> {
        let all = self.server.received_requests().await.unwrap();
        let there =
            all.iter().filter(|request| request.url.path() == at && request.method.as_str() == "POST");
        there
            .map(|request| {
                let kind = request.headers.get("content-type").and_then(|kind| kind.to_str().ok());
                (kind.unwrap_or_default().to_owned(), String::from_utf8(request.body.clone()).unwrap())
            })
            .collect()
    }
}

pub(crate) fn tracked(carrier: &str, number: &str) -> Option<Tracking> {
    Some(Tracking {
        carrier: CarrierCode { code: carrier.to_owned(), name: None },
        service: Some("Ground Advantage".into()),
        number: TrackingNumber::try_from(number).unwrap(),
    })
}

pub(crate) fn confirmation() -> Confirmation {
    Confirmation {
        untracked: None,
        order: MarketplaceOrderId::try_from(ORDER).unwrap(),
        marketplace: MarketplaceId::try_from("us").unwrap(),
        reference: "421000001".into(),
        told_as: None,
        tracking: tracked("usps", NUMBER),
        ship_date: "2026-11-20T18:00:00Z".parse::<Timestamp>().unwrap(),
        lines: BTreeMap::from([(OrderLineId::try_from("4100000001").unwrap(), 2)]),
    }
}

/// The order as Etsy answers with it, with these parcels.
pub(crate) fn receipt_with(rows: Value, is_shipped: bool) -> Value {
    let text = include_str!("../../fixtures/receipt_paid.json");
    let mut receipt: Value = serde_json::from_str(text).unwrap();
    let fields = receipt.as_object_mut().unwrap();
    fields.insert("shipments".into(), rows);
    fields.insert("is_shipped".into(), json!(is_shipped));
    receipt
}

pub(crate) fn row(number: &str, carrier: &str) -> Value {
    json!({
        "receipt_shipping_id": 9001, "shipment_notification_timestamp": 1_795_100_000, "carrier_name": carrier,
        "tracking_code": number,
    })
}

pub(crate) fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body).insert_header("x-etsy-request-uuid", "req-1")
}

pub(crate) fn refusal(status: u16, error: &str) -> ResponseTemplate {
    let answer = ResponseTemplate::new(status).insert_header("x-etsy-request-uuid", "req-1");
    answer.set_body_json(json!({ "error": error }))
}

pub(crate) fn retryable(reached: Reached, after: Option<u64>) -> Failure {
    Failure::Retryable { reached, after: after.map(Duration::from_secs) }
}
