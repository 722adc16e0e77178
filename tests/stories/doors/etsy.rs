//! Etsy's own posts, through the production connector: signed by Standard Webhooks, set up by hand.

use domain::connection_state::ConnectionState;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn shop() -> Connection {
    let options = [("shop_id", "12345678"), ("country", "us")];
    Connection {
        kind: "etsy".into(),
        base_url: Some("http://etsy.test".into()),
        options: options.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..amazon_connection("crafts")
    }
}

fn keys(system: &System, secrets: &[&str]) {
    system.credentials.put_webhook_keys(WebhookKeys {
        account: account("crafts"),
        kind: "etsy".into(),
        secrets: secrets.iter().map(|secret| (*secret).into()).collect(),
        app: Default::default(),
        address: None,
    });
}

fn post(system: &System, shop: u64, secret: &str) -> u16 {
    let url = format!("https://openapi.etsy.com/v3/application/shops/{shop}/receipts/3700000001");
    let body = json!({ "event_type": "order.paid", "resource_url": url, "shop_id": shop }).to_string();
    let at = system.now().as_second();
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
    let mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    let mac = mac.chain_update(format!("msg_1.{at}.")).chain_update(&body);
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "msg_1".parse().unwrap());
    headers.insert("webhook-timestamp", at.to_string().parse().unwrap());
    headers.insert("webhook-signature", STANDARD.encode(mac.finalize().into_bytes()).parse().unwrap());
    let path = marketplace_path(&system.receiver.route_key, &"crafts".try_into().unwrap());
    let (method, body) = (&Method::POST, body.as_bytes());
    let status = system.notify(Inbound { method, path: &path, query: "", headers: &headers, body }).status;
    system.settle();
    status
}

fn state(system: &System) -> ConnectionState {
    block_on(system.world.connection_state(&account("crafts"))).unwrap().unwrap().value
}

#[test]
fn a_post_of_etsy_is_taken_by_its_secret_for_its_shop() {
    let system = System::start();
    system.apply_all(&[shop()]);
    keys(&system, &[SECRET]);
    assert_eq!(post(&system, 12_345_678, "whsec_bm90aGluZyBvZiB0aGUga2luZA=="), 401);
    assert_eq!(state(&system).last_webhook, None);
    assert_eq!(post(&system, 12_345_678, SECRET), 200);
    assert!(state(&system).last_webhook.is_some());
    // Its signature is the app's: of another shop it is genuine, and not ours.
    assert_eq!(post(&system, 99, SECRET), 200);
    let deliveries = system.ledger.items().into_iter().filter(|item| item.key.pk.starts_with("D#")).count();
    assert_eq!(deliveries, 2, "kept for replay");
}

#[test]
fn what_is_set_up_by_hand_is_shown_step_by_step() {
    let system = System::start();
    system.apply_all(&[shop()]);
    let key = signatures::RouteKey::new("route key of the tests, long enough".to_owned().into()).unwrap();
    let addresses = WebhookAddresses::new(Some(HERE), key, false).unwrap();
    let steps = || {
        let views = block_on(webhooks_register(
            &system.world,
            Some("crafts"),
            &addresses,
            system.credentials.as_ref(),
        ));
        let view = views.unwrap().into_iter().next().unwrap();
        assert!(view.is_good() && view.topics.is_empty(), "{view:?}");
        assert!(view.address.unwrap().starts_with(&format!("{HERE}/webhooks/marketplaces/crafts-")));
        view.by_hand
    };
    let without = steps();
    assert_eq!(without.len(), 2, "{without:?}");
    assert!(without[0].contains(HERE) && without[1].contains("`webhook`"), "{without:?}");
    keys(&system, &[SECRET]);
    assert_eq!(steps().len(), 1, "the secret is there");
}
