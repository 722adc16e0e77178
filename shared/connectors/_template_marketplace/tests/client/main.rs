//! TEMPLATE: the connector against answers that a stand-in does not give. One test per operation and per row of
//! failures; what every connector must do is in `infra/sandbox/tests/conformance`.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use std::collections::BTreeMap;

use connector_api::{Failure, HttpTransport, Marketplace as _, MerchantAction, Reach};
use connector_template_marketplace::Template;
use domain::connection::{Connection, MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MerchantId};
use ports::memory::{ManualClock, MemoryCredentials, SeededRng};
use ports::{AccessToken, Credential};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const TOKEN: &str = "access-token-that-nobody-may-see";

fn connection(base_url: String) -> Connection {
    Connection {
        reversals: domain::reversal::Reversals::default(),
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        schema: Connection::SCHEMA,
        account: Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from("t").unwrap()),
        kind: "template".to_owned(),
        sync: true,
        options: BTreeMap::from([("shop".to_owned(), "ann".to_owned())]),
        base_url: Some(base_url),
        link: Vec::new(),
        mail: MailSettings::default(),
        time_zone: "UTC".to_owned(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
    }
}

fn credentials(connection: &Connection) -> MemoryCredentials {
    let secrets = ["client_id", "client_secret", "refresh_token"];
    let secrets = secrets.map(|name| (name.to_owned(), format!("the-{name}").into())).into();
    let access = AccessToken { token: TOKEN.into(), expires_at: "2026-11-21T13:00:00Z".parse().unwrap() };
    let credentials = MemoryCredentials::default();
    credentials.put(
        connection.account.clone(),
        Credential { secrets, access: Some(access), ..Credential::default() },
    );
    credentials
}

#[tokio::test]
async fn an_order_is_read_with_the_token_in_its_header() {
    let server = MockServer::start().await;
    let (clock, rng) = (ManualClock::at("2026-11-21T12:00:00Z".parse().unwrap()), SeededRng::new(1));
    let connection = connection(server.uri());
    let credentials = credentials(&connection);
    let transport = HttpTransport::new().unwrap();
    let reach = Reach { transport: &transport, credentials: &credentials, clock: &clock, rng: &rng };
    let order = Template.order_id("T-0000001").unwrap();
    Mock::given(method("GET"))
        .and(path("/v1/orders/T-0000001"))
        .and(header("authorization", format!("Bearer {TOKEN}").as_str()))
        .respond_with(
            ResponseTemplate::new(200).set_body_string(include_str!("../../fixtures/order_open.json")),
        )
        .up_to_n_times(1)
        .expect(1)
        .mount(&server)
        .await;
    let facts = Template.read_order(reach, &connection, &order).await.unwrap().value;
    assert_eq!(facts.lines.len(), 2);

    let refusal = format!(r#"{{"code":"missing_scope","message":"{TOKEN} may not do this"}}"#);
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(403).set_body_string(refusal))
        .mount(&server)
        .await;
    let error = Template.read_order(reach, &connection, &order).await.unwrap_err();
    assert_eq!(error.failure, Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    assert!(!format!("{error:?}").contains(TOKEN), "{}", error.detail.replace(TOKEN, "[token]"));
}
