//! One connection, one server, and all ports in memory but HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use connector_amazon::Amazon;
use connector_api::{
    Answer, ChannelError, Confirmed, Cursor, Failure, HttpTransport, Marketplace, OrderPage, Reach, Reached,
};
use domain::confirmation::{CarrierCode, Confirmation, Tracking};
use domain::connection::{Connection, MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MarketplaceId, MarketplaceOrderId, MerchantId, OrderLineId};
use domain::marketplace_order::OrderFacts;
use domain::tracking::TrackingNumber;
use jiff::Timestamp;
use ports::memory::{ManualClock, MemoryCredentials, SeededRng};
use ports::{AccessToken, Clock as _, Credential, Credentials as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const ORDER: &str = "701-0000001-0000001";
pub(crate) const CONFIRM_PATH: &str = "/orders/v0/orders/701-0000001-0000001/shipmentConfirmation";
pub(crate) const READ_PATH: &str = "/orders/2026-01-01/orders/701-0000001-0000001";
pub(crate) const SEARCH_PATH: &str = "/orders/2026-01-01/orders";
pub(crate) const CLIENT_ID: &str = "amzn1.application-oa2-client.SECRETID";
pub(crate) const CLIENT_SECRET: &str = "amzn1.oa2-cs.v1.CLIENTSECRET";
pub(crate) const REFRESH: &str = "Atzr|REFRESHSECRET";
pub(crate) const ACCESS: &str = "Atza|ACCESSSECRET";

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
            Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from("amazon-us").unwrap());
        let connection = Connection {
            shipments: domain::shipment_policy::ShipmentPolicy::default(),
            reversals: domain::reversal::Reversals::default(),
            schema: Connection::SCHEMA,
            account,
            kind: "amazon".into(),
            sync: true,
            options: BTreeMap::from([("region".into(), "na".into())]),
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

    pub(crate) async fn credential(&self) -> Credential {
        self.credentials.load(&self.connection.account).await.unwrap().unwrap()
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
        Amazon.read_order(self.reach(), &self.connection, &order).await
    }

    pub(crate) async fn poll(&self, cursor: &Cursor) -> Result<Answer<OrderPage>, ChannelError> {
        Amazon.changed_orders(self.reach(), &self.connection, cursor).await
    }

    pub(crate) async fn confirm(&self) -> Result<Answer<Confirmed>, ChannelError> {
        Amazon.confirm(self.reach(), &self.connection, &confirmation()).await
    }

    /// LWA gives out `token`, as often as `calls`.
    pub(crate) async fn lwa_gives(&self, token: &str, calls: u64) {
        let body = json!({ "access_token": token, "token_type": "bearer", "expires_in": 3600, "refresh_token": REFRESH });
        self.lwa(ResponseTemplate::new(200).set_body_json(body), calls).await;
    }

    pub(crate) async fn lwa(&self, answer: ResponseTemplate, calls: u64) {
        let mock = Mock::given(method("POST")).and(path("/auth/o2/token")).respond_with(answer);
        mock.expect(calls).mount(&self.server).await;
    }

    /// The operation at `at` answers so, as often as `calls`, if asked with this token.
    pub(crate) async fn answers(
        &self,
        verb: &str,
        at: &str,
        token: &str,
        answer: ResponseTemplate,
        calls: u64,
    ) {
        let mock = Mock::given(method(verb)).and(path(at)).and(header("x-amz-access-token", token));
        mock.respond_with(answer).expect(calls).mount(&self.server).await;
    }
}

pub(crate) fn confirmation() -> Confirmation {
    Confirmation {
        order: MarketplaceOrderId::try_from(ORDER).unwrap(),
        marketplace: MarketplaceId::try_from("ATVPDKIKX0DER").unwrap(),
        reference: "421000001".into(),
        told_as: None,
        tracking: Some(Tracking {
            carrier: CarrierCode { code: "USPS".into(), name: None },
            service: Some("Ground Advantage".into()),
            number: TrackingNumber::try_from("9400100000000000000000").unwrap(),
        }),
        untracked: None,
        ship_date: "2026-11-20T18:00:00.987654321Z".parse::<Timestamp>().unwrap(),
        lines: BTreeMap::from([
            (OrderLineId::try_from("70100000010001").unwrap(), 2),
            (OrderLineId::try_from("70100000010002").unwrap(), 1),
        ]),
    }
}

pub(crate) fn refusal(status: u16, code: &str, message: &str, details: &str) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .insert_header("x-amzn-RequestId", "req-1")
        .set_body_json(json!({ "errors": [{ "code": code, "message": message, "details": details }] }))
}

pub(crate) fn retryable(reached: Reached, after: Option<u64>) -> Failure {
    Failure::Retryable { reached, after: after.map(Duration::from_secs) }
}
