//! Bad and odd input over HTTP: a clear answer, nothing lost, nothing guessed.

use serde_json::json;

use crate::http;
use crate::world::{Link, World};

const UPS: &str = "1Z999AA10123456784";

#[test]
fn bad_requests_are_refused_by_name_and_leave_nothing() {
    let world = World::served();
    let address = world.address.unwrap();
    let body = br#"{"id": 9007199254740995, "order_id": 9007199254740993}"#;
    let genuine = http::signed(&world.secrets["webhook"], "fulfillments/create", body);
    let with = |name: &str, value: &str| {
        let mut headers = genuine.clone();
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        headers.push((name.to_owned(), value.to_owned()));
        headers
    };
    let path = world.webhook.as_str();
    let mut wrong_tag = path.to_owned();
    let last = wrong_tag.pop().unwrap();
    wrong_tag.push(if last == '0' { '1' } else { '0' });
    let others = path.replace("kiln", "nord");
    let cases = [
        ("another path", "POST", "/webhooks", genuine.clone(), 404),
        ("the root", "GET", "/", Vec::new(), 404),
        ("another kind of sender", "POST", "/webhooks/shops/kiln-0", genuine.clone(), 404),
        ("a GET", "GET", path, Vec::new(), 405),
        ("a PUT", "PUT", path, genuine.clone(), 405),
        ("a wrong tag", "POST", wrong_tag.as_str(), genuine.clone(), 401),
        ("no tag", "POST", "/webhooks/stores/kiln", genuine.clone(), 401),
        ("another connection's tag", "POST", others.as_str(), genuine.clone(), 401),
        ("no signature", "POST", path, Vec::new(), 401),
        ("a forged signature", "POST", path, with("X-Shopify-Hmac-Sha256", &http::signature("x", body)), 401),
        ("a signature that is no base64", "POST", path, with("X-Shopify-Hmac-Sha256", "%%%"), 401),
        ("an empty signature", "POST", path, with("X-Shopify-Hmac-Sha256", ""), 401),
        ("a compressed body", "POST", path, with("Content-Encoding", "gzip"), 415),
        ("an unknown topic", "POST", path, with("X-Shopify-Topic", "carts/update"), 200),
        ("no topic", "POST", path, with("X-Shopify-Topic", ""), 200),
    ];
    for (what, method, path, headers, status) in cases {
        let (answered, said) = http::request(address, method, path, &headers, body).unwrap();
        assert_eq!(answered, status, "{what}");
        assert!(said.is_empty(), "{what}: a refusal says nothing more: {}", String::from_utf8_lossy(&said));
    }
    assert_eq!(world.ask(&["orders"]), json!([]), "nothing is stored of any of them");
    assert!(world.all_mails().is_empty());
}

#[test]
fn a_body_over_six_megabytes_is_refused_and_one_below_is_taken() {
    let world = World::served();
    let mut most = vec![b' '; 6 * 1024 * 1024];
    most[..2].copy_from_slice(b"{}");
    assert_eq!(world.post_body("carts/update", &most), 200, "exactly six megabytes");
    most.push(b' ');
    assert_eq!(world.post_body("carts/update", &most), 413);
    most.resize(20 * 1024 * 1024, b' ');
    // The server need not take all of it before it answers: then the answer may be lost with the connection.
    let headers = http::signed(&world.secrets["webhook"], "carts/update", &most);
    let answer = http::request(world.address.unwrap(), "POST", &world.webhook, &headers, &most);
    assert!(answer.is_none_or(|(status, _)| status == 413));
    assert_eq!(http::request(world.address.unwrap(), "GET", "/health", &[], b"").unwrap().0, 200);
}

#[test]
fn malformed_json_under_a_good_signature_is_kept_and_mailed_once() {
    let world = World::served();
    for body in
        [&b"{\"order_id\": 12, \"tracking_numbers\": ["[..], b"", b"\xFF\xFE\x00", b"[]", b"null", b"\"x\""]
    {
        assert_eq!(world.post_body("fulfillments/create", body), 200, "{body:?}");
    }
    // The system works on beside it.
    let order = world.order(Link::Source, &[("BOWL", 1)]);
    assert_eq!(world.post(&world.ship(&order, "UPS", UPS)), 200);
    world.wait(&order, &["visible"]);
    let mails = world.mails("", 1);
    std::thread::sleep(std::time::Duration::from_secs(3));
    let after = world.all_mails();
    assert_eq!(after.len(), mails.len(), "one mail about what could not be read: {after:#?}");
    assert_eq!(after.len(), 1, "{after:#?}");
    assert!(after[0].contains("kept as"), "{}", after[0]);
    // Six bodies and the parcel's, each with its own hash, for replay; nothing is stuck in the queue.
    crate::running::until("an empty queue", || (world.queued() == 0).then_some(()));
    assert_eq!((world.kept_deliveries(), world.dead_letters()), (7, 0));
}

#[test]
fn the_largest_order_that_fits_the_body_cap_is_taken_and_read_at_the_store() {
    let world = World::served();
    let order = world.order(Link::Source, &[("BOWL", 1)]);
    let (id, genuine) = world.ship_with(&order, &json!({"company": "UPS", "numbers": [UPS]}));
    let mut body: serde_json::Value = serde_json::from_slice(&genuine.body).unwrap();
    let line = |n: u64| json!({"id": 9_007_199_254_800_001_u64 + n, "sku": "S", "quantity": 1});
    body["line_items"] = (0..100_000).map(line).collect();
    let body = body.to_string().into_bytes();
    assert!(body.len() > 4_500_000 && body.len() < 6 * 1024 * 1024, "{}", body.len());
    assert_eq!(world.post_body("fulfillments/create", &body), 200);
    // Too large to be handed on: the store is read instead, and what it says is what counts.
    world.wait(&order, &["visible"]);
    assert_eq!(world.shown(&order), [format!("{UPS} UPS 1 in 1")], "fulfillment {id}");
    assert_eq!(world.dead_letters(), 0);
}

#[test]
fn odd_spellings_of_headers_numbers_and_ids_mean_what_they_mean() {
    let world = World::served();
    // Header names in any case, the older secret while it is being changed.
    let order = world.order(Link::Name, &[("BOWL", 1)]);
    let mut delivery = world.ship(&order, "  uPs ", "1z 999-aa1 0123 456784  ");
    for (index, (name, value)) in delivery.headers.iter_mut().enumerate() {
        *name = if index % 2 == 0 { name.to_ascii_uppercase() } else { name.to_ascii_lowercase() };
        if name.eq_ignore_ascii_case("X-Shopify-Hmac-Sha256") {
            *value = http::signature(&world.secrets["old-webhook"], &delivery.body);
        }
    }
    assert_eq!(world.post(&delivery), 200);

    // Two numbers in one text, for two units.
    let two = world.order(Link::Tag, &[("BOWL", 2)]);
    let text = "9400111899223197428490, 9400111899223197428506;";
    assert_eq!(world.post(&world.ship(&two, "USPS", text)), 200);

    // No company: held and asked, not guessed; unless the number leaves one answer only.
    let none = world.order(Link::Source, &[("BOWL", 1)]);
    let (_, delivery) = world.ship_with(&none, &json!({"company": null, "numbers": ["ZZ-NOBODYS-7"]}));
    assert_eq!(world.post(&delivery), 200);

    world.wait(&order, &["visible"]);
    let shown = world.shown(&order);
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(shown[0].contains(" UPS 1 in 1"), "{shown:?}");
    world.wait(&none, &["held"]);
    assert!(world.shown(&none).is_empty());
    world.wait(&two, &["visible", "visible"]);
    let shown = world.shown(&two);
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown.iter().all(|row| row.ends_with(" USPS 1 in 1")), "{shown:?}");
    let by_number = world.ask(&["explain", "1z999aa1-0123456784"]);
    assert_eq!(by_number["marketplace_order"]["order"], order.amazon.as_str());

    // Ids beyond 2^53 stay exact.
    assert!(order.shop > 1 << 53);
    let by_id = world.ask(&["explain", &order.shop.to_string()]);
    assert_eq!(by_id["store_orders"][0]["order"], order.shop.to_string().as_str());
}
