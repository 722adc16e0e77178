use domain::connection::{MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MerchantId};
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

fn connection() -> Connection {
    Connection {
        reversals: domain::reversal::Reversals::default(),
        schema: Connection::SCHEMA,
        account: Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from("e").unwrap()),
        kind: "etsy".to_owned(),
        sync: true,
        options: [("shop_id".to_owned(), "42".to_owned())].into(),
        base_url: None,
        link: Vec::new(),
        mail: MailSettings::default(),
        time_zone: "UTC".to_owned(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
    }
}

fn event(topic: &str, body: &str) -> Result<MarketplaceEvent, String> {
    let delivery = Delivery {
        id: "d".to_owned(),
        topic: topic.to_owned(),
        headers: Vec::new(),
        received_at: Timestamp::UNIX_EPOCH,
        body: DeliveryBody::Reduced(body.to_owned()),
    };
    Webhooks.event(&connection(), &delivery)
}

fn orders(event: &MarketplaceEvent) -> Vec<String> {
    let MarketplaceEvent::Orders(news) = event else { panic!("{event:?}") };
    news.iter().map(|n| n.order.to_string()).collect()
}

const URL: &str = "https://openapi.etsy.com/v3/application/shops/42/receipts/54321";

fn post(event: &str, url: &str, shop: &str) -> String {
    format!(r#"{{"event_type":"{event}","resource_url":"{url}","shop_id":{shop}}}"#)
}

#[test]
fn failure_13_every_form_of_a_post_is_read() {
    let old = format!(r#"{{"data":{{"event_type":"ORDER_PAID","resource_url":"{URL}","shop_id":"42"}}}}"#);
    for (topic, body) in [
        ("order.paid", post("order.paid", URL, "42")),
        ("order.paid", post("order.paid", URL, r#""42""#)),
        ("ORDER_PAID", post("ORDER_PAID", URL, "42")),
        ("ORDER_PAID", old),
        ("order.canceled", post("order.canceled", URL, "42")),
        ("order.shipped", post("order.shipped", URL, "42")),
        ("order.something_new", post("order.something_new", URL, "42")),
        ("order.paid", format!(r#"{{"event_type":"order.paid","resource_url":"{URL}"}}"#)),
        ("order.paid", post("order.paid", &URL.replace("openapi", "api"), "42")),
    ] {
        assert_eq!(orders(&event(topic, &body).unwrap()), ["54321"], "{body}");
    }
}

#[test]
fn a_genuine_post_of_another_shop_is_not_ours() {
    for body in [
        post("order.paid", URL, "43"),
        post("order.paid", &URL.replace("/42/", "/43/"), "43"),
        format!(r#"{{"resource_url":"{}"}}"#, URL.replace("/42/", "/43/")),
    ] {
        let got = event("order.paid", &body).unwrap();
        assert!(matches!(got, MarketplaceEvent::Nothing { .. }), "{body}: {got:?}");
    }
    assert!(matches!(
        event("order.delivered", &post("order.delivered", URL, "42")),
        Ok(MarketplaceEvent::Nothing { .. })
    ));
}

#[test]
fn an_address_that_is_none_of_etsys_is_poison_and_never_asked() {
    for url in [
        "https://example.com/v3/application/shops/42/receipts/54321",
        "http://openapi.etsy.com/v3/application/shops/42/receipts/54321",
        "https://openapi.etsy.com.example.com/shops/42/receipts/54321",
        "https://openapi.etsy.com/v3/application/shops/42/receipts/54321x",
        "https://openapi.etsy.com/v3/application/shops/42/receipts",
        "https://openapi.etsy.com@example.com/shops/42/receipts/1",
        "file:///etc/passwd",
        "receipts/1",
    ] {
        let got = event("order.paid", &post("order.paid", url, "42"));
        assert!(got.is_err(), "{url}: {got:?}");
    }
    for body in ["", "[]", "7", "{}", r#"{"shop_id":42}"#, r#"{"event_type":"order.paid","shop_id":42}"#] {
        assert!(event("order.paid", body).is_err(), "{body}");
    }
}

#[test]
fn the_secret_must_be_one_of_etsys() {
    let problem = |text: &str| Webhooks.secret_problem(&text.into());
    assert_eq!(problem("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), None);
    for bad in ["", "whsec_", "whsec_not base64 CANARY"] {
        let words = problem(bad).unwrap();
        assert!(!words.contains("CANARY"), "{words}");
    }
}

proptest! {
    #[test]
    fn any_body_never_panics(topic in ".{0,20}", body in ".{0,300}") {
        let _ = event(&topic, &body);
    }
}
