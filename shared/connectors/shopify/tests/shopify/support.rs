//! What every test needs: a connection, a delivery, ports.

use std::collections::BTreeMap;

use base64::Engine as _;
use connector_api::{
    Delivery, DeliveryBody, HttpTransport, Reach, Store as _, StoreEvent, reduce_json, reduce_to_ids,
};
use connector_shopify::Shopify;
use domain::connection::{Connection, LinkFrom, LinkRule};
use domain::ids::{Account, ConnectionId, MerchantId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use jiff::Timestamp;
use ports::Credential;
use ports::memory::{ManualClock, MemoryCredentials, SeededRng};
use secrecy::SecretString;
use serde_json::Value;
use sha2::Sha256;

pub(crate) const TOKEN: &str = "shpat_canary-token-5ecre7";
pub(crate) const SECRET: &str = "canary-webhook-5ecre7";

/// A fixture's bytes.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

pub(crate) fn fixture_json(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

/// A connection to `potters-row`, with these further options.
pub(crate) fn connection(options: &[(&str, &str)]) -> Connection {
    let mut all: BTreeMap<String, String> =
        [("shop".to_owned(), "potters-row.myshopify.com".to_owned())].into();
    all.extend(options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let rule =
        |from| LinkRule { from, account: ConnectionId::try_from("amazon-us").unwrap(), source_name: None };
    Connection {
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        reversals: domain::reversal::Reversals::default(),
        schema: Connection::SCHEMA,
        account: Account::new(
            MerchantId::try_from("potter").unwrap(),
            ConnectionId::try_from("potters-row").unwrap(),
        ),
        kind: "shopify".to_owned(),
        sync: true,
        options: all,
        base_url: None,
        link: vec![
            rule(LinkFrom::SourceIdentifier),
            rule(LinkFrom::NoteAttribute { name: "Marketplace Order".to_owned() }),
        ],
        mail: domain::connection::MailSettings::default(),
        time_zone: "America/New_York".to_owned(),
        timing: domain::connection::Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
    }
}

/// The headers of a delivery of `topic`, signed with `secret`.
pub(crate) fn headers(topic: &str, body: &[u8], secret: &str) -> HeaderMap {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let mut headers = HeaderMap::new();
    headers.insert("X-Shopify-Topic", topic.parse().unwrap());
    headers.insert("X-Shopify-Hmac-Sha256", signature.parse().unwrap());
    headers
}

/// What the receiver makes of `body`: verified, reduced, ready to queue.
pub(crate) fn receive(topic: &str, body: &[u8]) -> Delivery {
    let headers = headers(topic, body, SECRET);
    let verified = Shopify.verify(&headers, body, &[SecretString::from(SECRET)]).unwrap();
    let (topic, allowed) = Shopify.topic(&headers).unwrap();
    let value: Value = serde_json::from_slice(verified.bytes()).unwrap_or(Value::Null);
    let body = DeliveryBody::Reduced(reduce_json(&value, allowed).to_string());
    delivery(&topic, body)
}

/// What the receiver makes of a body that is too large even reduced.
pub(crate) fn withhold(topic: &str, value: &Value) -> Delivery {
    let (topic, allowed) = Shopify.topic(&headers(topic, b"", SECRET)).unwrap();
    let ids = reduce_to_ids(value, allowed).to_string();
    delivery(
        &topic,
        DeliveryBody::Withheld { bytes: 1, sha256: String::new(), reason: "too large".into(), ids },
    )
}

pub(crate) fn delivery(topic: &str, body: DeliveryBody) -> Delivery {
    Delivery {
        id: "d".to_owned(),
        topic: topic.to_owned(),
        headers: Vec::new(),
        received_at: Timestamp::from_second(1_763_000_000).unwrap(),
        body,
    }
}

/// The event of a delivery to a connection with a secret of its own.
pub(crate) fn event(delivery: &Delivery) -> Result<StoreEvent, String> {
    Shopify.event(&connection(&[]), delivery)
}

/// Ports in memory around real HTTP, with a token for [`connection`].
pub(crate) struct Ports {
    pub(crate) transport: HttpTransport,
    pub(crate) credentials: MemoryCredentials,
    pub(crate) clock: ManualClock,
    rng: SeededRng,
}

impl Ports {
    pub(crate) fn with_secrets(secrets: &[(&str, &str)]) -> Self {
        let credentials = MemoryCredentials::default();
        let secrets = secrets.iter().map(|(name, secret)| ((*name).to_owned(), SecretString::from(*secret)));
        let credential = Credential { secrets: secrets.collect(), ..Credential::default() };
        credentials.put(connection(&[]).account, credential);
        Self {
            transport: HttpTransport::new().unwrap(),
            credentials,
            clock: ManualClock::at(Timestamp::from_second(1_763_500_000).unwrap()),
            rng: SeededRng::new(7),
        }
    }

    pub(crate) fn new() -> Self {
        Self::with_secrets(&[("access_token", TOKEN)])
    }

    pub(crate) fn reach(&self) -> Reach<'_> {
        Reach {
            transport: &self.transport,
            credentials: &self.credentials,
            clock: &self.clock,
            rng: &self.rng,
        }
    }
}
