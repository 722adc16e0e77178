//! One connection, one server, and all ports in memory but HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use connector_api::{
    Answer, ChannelError, Confirmed, Cursor, Failure, HttpTransport, Marketplace, MerchantAction, OrderPage,
    Reach, Reached,
};
use connector_ebay::Ebay;
use domain::confirmation::{CarrierCode, Confirmation, Tracking};
use domain::connection::{Connection, MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MarketplaceId, MarketplaceOrderId, MerchantId, OrderLineId};
use domain::marketplace_order::OrderFacts;
use domain::tracking::TrackingNumber;
use jiff::Timestamp;
use ports::memory::{ManualClock, MemoryCredentials, SeededRng};
use ports::{AccessToken, Clock as _, Credential, Credentials as _};
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const ORDER: &str = "12-00000-00001";
pub(crate) const CONFIRM_PATH: &str = "/sell/fulfillment/v1/order/12-00000-00001/shipping_fulfillment";
pub(crate) const READ_PATH: &str = "/sell/fulfillment/v1/order/12-00000-00001";
pub(crate) const LIST_PATH: &str = "/sell/fulfillment/v1/order";
pub(crate) const TOKEN_PATH: &str = "/identity/v1/oauth2/token";
pub(crate) const CLIENT_ID: &str = "Parcels-SECRETID-PRD";
pub(crate) const CLIENT_SECRET: &str = "PRD-CLIENTSECRET";
pub(crate) const REFRESH: &str = "v^1.1#i^1#REFRESHSECRET==";
pub(crate) const ACCESS: &str = "v^1.1#i^1#ACCESSSECRET==";
pub(crate) const NUMBER: &str = "9400100000000000000000";

pub(crate) struct World {
    pub(crate) server: MockServer,
    pub(crate) connection: Connection,
    pub(crate) credentials: MemoryCredentials,
    pub(crate) clock: ManualClock,
    pub(crate) ebay: Ebay,
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
            Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from("ebay-us").unwrap());
        let connection = Connection {
            reversals: domain::reversal::Reversals::default(),
            shipments: domain::shipment_policy::ShipmentPolicy::default(),
            schema: Connection::SCHEMA,
            account,
            kind: "ebay".into(),
            sync: true,
            options: BTreeMap::new(),
            base_url: Some(server.uri()),
            link: Vec::new(),
            mail: MailSettings::default(),
            time_zone: "UTC".into(),
            timing: Timing::default(),
            carriers: domain::carrier_policy::CarrierPolicy::default(),
        };
        let world = Self {
            server,
            connection,
            credentials: MemoryCredentials::default(),
            clock: ManualClock::at("2026-11-21T12:00:00Z".parse().unwrap()),
            ebay: Ebay::default(),
            transport: HttpTransport::new().unwrap(),
            rng: SeededRng::new(7),
        };
        world.credentials.put(world.connection.account.clone(), world.fresh_credential());
        world
    }

    pub(crate) fn fresh_credential(&self) -> Credential {
        let secrets =
            [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET), ("refresh_token", REFRESH)];
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

    pub(crate) fn option(&mut self, name: &str, value: &str) {
        self.connection.options.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) async fn credential(&self) -> Credential {
        self.credentials.load(&self.connection.account).await.unwrap().unwrap()
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
        self.ebay.read_order(self.reach(), &self.connection, &order).await
    }

    pub(crate) async fn poll(&self, cursor: &Cursor) -> Result<Answer<OrderPage>, ChannelError> {
        self.ebay.changed_orders(self.reach(), &self.connection, cursor).await
    }

    pub(crate) async fn confirm(&self) -> Result<Answer<Confirmed>, ChannelError> {
        self.confirm_this(&confirmation()).await
    }

    pub(crate) async fn confirm_this(
        &self,
        confirmation: &Confirmation,
    ) -> Result<Answer<Confirmed>, ChannelError> {
        self.ebay.confirm(self.reach(), &self.connection, confirmation).await
    }

    /// Answers calls with this token, exactly so many of them.
    pub(crate) async fn answers(
        &self,
        verb: &str,
        at: &str,
        token: &str,
        answer: ResponseTemplate,
        times: u64,
    ) {
        Mock::given(method(verb))
            .and(path(at))
            .and(header("authorization", format!("Bearer {token}").as_str()))
            .respond_with(answer)
            .expect(times)
            .mount(&self.server)
            .await;
    }

    /// Answers token requests, exactly so many of them.
    pub(crate) async fn tokens(&self, answer: ResponseTemplate, times: u64) {
        Mock::given(method("POST"))
            .and(path(TOKEN_PATH))
            .respond_with(answer)
            .expect(times)
            .mount(&self.server)
            .await;
    }

    pub(crate) async fn requests(&self, at: &str) -> Vec<wiremock::Request> {
        let all = self.server.received_requests().await.unwrap();
        all.into_iter().filter(|request| request.url.path() == at).collect()
    }
}

pub(crate) fn issued(token: &str) -> ResponseTemplate {
    let body = json!({ "access_token": token, "expires_in": 7200, "token_type": "User Access Token" });
    ResponseTemplate::new(200).set_body_json(body)
}

pub(crate) fn refusal(status: u16, id: u32, message: &str) -> ResponseTemplate {
    let error = json!({
        "errorId": id, "domain": "API_FULFILLMENT", "category": "REQUEST", "message": message,
        "longMessage": message, "parameters": [{ "name": "x", "value": "CANARY" }],
    });
    ResponseTemplate::new(status)
        .insert_header("x-ebay-c-request-id", "req-1")
        .set_body_json(json!({ "errors": [error] }))
}

pub(crate) fn html(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw("<html>please wait</html>", "text/html")
}

pub(crate) fn created(id: &str) -> ResponseTemplate {
    let location = format!("https://api.ebay.com{CONFIRM_PATH}/{id}");
    ResponseTemplate::new(201).insert_header("location", location.as_str())
}

pub(crate) fn order() -> Value {
    serde_json::from_str(include_str!("../../fixtures/order_open.json")).unwrap()
}

pub(crate) fn confirmation() -> Confirmation {
    let number = TrackingNumber::try_from("9400 1000-0000.0000 0000 00").unwrap();
    let carrier = CarrierCode { code: "USPS".to_owned(), name: None };
    Confirmation {
        untracked: None,
        order: MarketplaceOrderId::try_from(ORDER).unwrap(),
        marketplace: MarketplaceId::try_from("EBAY_US").unwrap(),
        reference: "421000001".to_owned(),
        told_as: None,
        tracking: Some(Tracking { carrier, service: Some("Priority".to_owned()), number }),
        ship_date: "2026-11-21T10:00:00.123456Z".parse().unwrap(),
        lines: BTreeMap::from([
            (OrderLineId::try_from("10021000000001").unwrap(), 2),
            (OrderLineId::try_from("10021000000002").unwrap(), 1),
        ]),
    }
}

pub(crate) fn since(time: &str) -> Cursor {
    Cursor { since: time.parse::<Timestamp>().unwrap(), page: None }
}

pub(crate) fn maybe() -> Failure {
    Failure::Retryable { reached: Reached::Maybe, after: None }
}

pub(crate) fn again(seconds: u64) -> Failure {
    Failure::Retryable { reached: Reached::No, after: Some(Duration::from_secs(seconds)) }
}

pub(crate) fn rejected(code: &str) -> Failure {
    Failure::Rejected { code: code.to_owned() }
}

pub(crate) const RECONNECT: Failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
pub(crate) const CLOSED: Failure = Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere };
