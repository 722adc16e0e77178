//! The stand-in's own contract: what it takes, and what it refuses in eBay's words.

use base64::Engine as _;
use http::{Request, Response};
use sandbox::ebay::{EbaySandbox, NewOrder};
use sandbox::{Outcome, Standin as _};
use serde_json::{Value, json};

use crate::common::*;

pub(crate) fn answer(outcome: Outcome) -> Response<Vec<u8>> {
    match outcome {
        Outcome::Answer(response) | Outcome::Late(_, response) => response,
        Outcome::CutOff => panic!("cut off"),
    }
}

pub(crate) fn body(response: &Response<Vec<u8>>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_default()
}

/// The stand-in without a socket.
struct Direct {
    sandbox: EbaySandbox,
    token: String,
}

impl Direct {
    fn new(orders: Vec<NewOrder>) -> Self {
        let mut sandbox = EbaySandbox::new();
        sandbox.add_seller(seller("ann"));
        for order in orders {
            sandbox.add_order(start(), order).unwrap();
        }
        let mut direct = Self { sandbox, token: String::new() };
        let granted =
            direct.tokens("the-app", "the-key", "grant_type=refresh_token&refresh_token=v%5E1.1%23ann%3D%3D");
        direct.token = body(&granted)["access_token"].as_str().unwrap().to_owned();
        direct
    }

    fn tokens(&mut self, id: &str, secret: &str, form: &str) -> Response<Vec<u8>> {
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        let request = Request::post("/identity/v1/oauth2/token")
            .header("authorization", format!("Basic {basic}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.as_bytes().to_vec())
            .unwrap();
        answer(self.sandbox.handle(start(), &request))
    }

    fn get(&mut self, path: &str) -> Response<Vec<u8>> {
        let request = Request::get(path).header("authorization", format!("Bearer {}", self.token));
        answer(self.sandbox.handle(start(), &request.body(Vec::new()).unwrap()))
    }

    fn confirm(&mut self, sent: &Value) -> Response<Vec<u8>> {
        let request = Request::post(format!("/sell/fulfillment/v1/order/{ORDER}/shipping_fulfillment"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json");
        answer(self.sandbox.handle(start(), &request.body(serde_json::to_vec(sent).unwrap()).unwrap()))
    }
}

fn id(response: &Response<Vec<u8>>) -> u64 {
    body(response)["errors"][0]["errorId"].as_u64().unwrap_or_default()
}

fn good() -> Value {
    json!({
        "lineItems": [{ "lineItemId": LINE, "quantity": 2 }], "shippedDate": "2026-11-21T10:00:00.000Z",
        "shippingCarrierCode": "USPS", "trackingNumber": NUMBER,
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = good();
    *body.pointer_mut(pointer).unwrap() = value;
    body
}

#[test]
fn packages_are_checked_in_ebays_ids() {
    let one = json!({ "lineItemId": LINE, "quantity": 2 });
    for (name, sent, want) in [
        ("no lines", with("/lineItems", json!([])), 32600),
        ("another line", with("/lineItems/0/lineItemId", json!("1")), 32200),
        ("a line twice", with("/lineItems", json!([one, one])), 32210),
        ("no units", with("/lineItems/0/quantity", json!(0)), 32600),
        ("a part of a line", with("/lineItems/0/quantity", json!(1)), 32600),
        ("too many units", with("/lineItems/0/quantity", json!(3)), 32600),
        ("punctuation", with("/trackingNumber", json!("9400-1")), 32300),
        ("a number without a carrier", with("/shippingCarrierCode", json!(null)), 32300),
        ("a carrier without a number", with("/trackingNumber", json!(null)), 32300),
        ("a carrier that eBay gave up", with("/shippingCarrierCode", json!("TNT")), 32300),
        ("an offset", with("/shippedDate", json!("2026-11-21T10:00:00+00:00")), 32500),
        ("the future", with("/shippedDate", json!("2026-11-22T10:00:00.000Z")), 32500),
        ("a number for a text", with("/trackingNumber", json!(9400)), 32600),
    ] {
        let mut direct = Direct::new(vec![order(ORDER)]);
        let refused = direct.confirm(&sent);
        assert_eq!((refused.status().as_u16(), id(&refused)), (400, want), "{name}");
    }
    let mut direct = Direct::new(vec![order(ORDER)]);
    let created = direct.confirm(&good());
    assert_eq!((created.status().as_u16(), created.body().len()), (201, 0));
    assert!(
        created.headers()["location"]
            .to_str()
            .unwrap()
            .ends_with(&format!("/{ORDER}/shipping_fulfillment/{NUMBER}"))
    );
}

#[test]
fn orders_that_take_no_package_refuse_it() {
    type Change = fn(&mut NewOrder);
    let cases: [(&str, Change); 4] = [
        ("not paid", |order| order.payment_status = "PENDING".into()),
        ("cancelled", |order| order.cancel_state = "CANCELED".into()),
        ("by eBay", |order| order.instruction = "FULFILLED_BY_EBAY".into()),
        ("by eBay's program", |order| {
            order.program = Some(json!({ "fulfillmentProgram": { "fulfilledBy": "EBAY" } }))
        }),
    ];
    for (name, change) in cases {
        let mut described = order(ORDER);
        change(&mut described);
        assert_eq!(id(&Direct::new(vec![described]).confirm(&good())), 32600, "{name}");
    }
}

#[test]
fn failure_21_lists_are_checked_in_ebays_ids() {
    let mut direct = Direct::new(vec![order(ORDER), order("14-00001-00002"), order("14-00001-00003")]);
    let modified = "lastmodifieddate:%5B2026-11-21T11:00:00.000Z..%5D";
    for (name, query, want) in [
        ("plain", format!("filter={modified}"), 0),
        ("no filter", String::new(), 0),
        (
            "a range",
            "filter=lastmodifieddate:[2026-11-21T11:00:00.000Z..2026-11-21T12:00:00.000Z]".to_owned(),
            0,
        ),
        (
            "two filters",
            format!("filter={modified},orderfulfillmentstatus:%7BNOT_STARTED%7CIN_PROGRESS%7D"),
            0,
        ),
        ("an unknown filter", "filter=modified:x".to_owned(), 30700),
        ("another pair of states", "filter=orderfulfillmentstatus:{NOT_STARTED|FULFILLED}".to_owned(), 30800),
        ("one state", "filter=orderfulfillmentstatus:{FULFILLED}".to_owned(), 30800),
        ("no milliseconds", "filter=lastmodifieddate:[2026-11-21T11:00:00Z..]".to_owned(), 30810),
        ("no brackets", "filter=lastmodifieddate:2026-11-21T11:00:00.000Z".to_owned(), 30810),
        ("no start", "filter=lastmodifieddate:[..2026-11-21T11:00:00.000Z]".to_owned(), 30820),
        ("too far back", "filter=creationdate:[2023-11-21T11:00:00.000Z..]".to_owned(), 30830),
        (
            "backwards",
            "filter=creationdate:[2026-11-21T11:00:00.000Z..2026-11-20T11:00:00.000Z]".to_owned(),
            30840,
        ),
        ("the future", "filter=creationdate:[2026-12-21T11:00:00.000Z..]".to_owned(), 30850),
        ("201 rows", "limit=201".to_owned(), 31100),
        ("no rows", "limit=0".to_owned(), 31100),
        ("an offset in words", "offset=x".to_owned(), 31000),
        ("fields", "fieldGroups=ALL".to_owned(), 32800),
        ("51 ids", format!("orderIds={}", vec!["1"; 51].join(",")), 30900),
    ] {
        let uri = format!(
            "/sell/fulfillment/v1/order?{}",
            query
                .replace('[', "%5B")
                .replace(']', "%5D")
                .replace('{', "%7B")
                .replace('}', "%7D")
                .replace('|', "%7C")
        );
        let response = direct.get(&uri);
        assert_eq!(id(&response), want, "{name}");
        assert_eq!(response.status().is_success(), want == 0, "{name}");
    }
    let first = body(&direct.get("/sell/fulfillment/v1/order?limit=2"));
    assert_eq!((first["total"].as_u64(), first["orders"].as_array().unwrap().len()), (Some(3), 2));
    assert!(first["next"].is_string());
    let last = body(&direct.get("/sell/fulfillment/v1/order?limit=2&offset=2"));
    assert!(last.get("next").is_none() && last["orders"].as_array().unwrap().len() == 1);
    let named = body(&direct.get("/sell/fulfillment/v1/order?orderIds=14-00001-00003&filter=creationdate:%5B2026-11-21T11:00:00.000Z..%5D"));
    assert_eq!(named["orders"][0]["orderId"], "14-00001-00003", "ids alone count");
    let both =
        format!("/sell/fulfillment/v1/order?filter=creationdate:%5B2026-11-21T11:00:00.000Z..%5D,{modified}");
    assert_eq!(body(&direct.get(&both))["orders"], json!([]), "of both dates only the creation counts");
}

#[test]
fn tokens_are_refused_by_name() {
    let mut direct = Direct::new(Vec::new());
    let refresh = "grant_type=refresh_token&refresh_token=v%5E1.1%23ann%3D%3D";
    for (id, secret, form, status, error) in [
        ("the-app", "the-key", refresh.to_owned(), 200, ""),
        ("the-app", "wrong", refresh.to_owned(), 401, "invalid_client"),
        ("the-app", "the-key", "grant_type=refresh_token&refresh_token=x".to_owned(), 400, "invalid_grant"),
        (
            "the-app",
            "the-key",
            format!("{refresh}&scope=https://api.ebay.com/oauth/api_scope/sell.inventory"),
            400,
            "invalid_scope",
        ),
        (
            "the-app",
            "the-key",
            format!("{refresh}&scope=https://api.ebay.com/oauth/api_scope/sell.fulfillment"),
            200,
            "",
        ),
        ("the-app", "the-key", "grant_type=password".to_owned(), 400, "unsupported_grant_type"),
        (
            "the-app",
            "the-key",
            "grant_type=client_credentials&scope=https://api.ebay.com/oauth/api_scope".to_owned(),
            200,
            "",
        ),
    ] {
        let response = direct.tokens(id, secret, &form);
        assert_eq!(response.status().as_u16(), status, "{form}");
        assert_eq!(body(&response)["error"].as_str().unwrap_or_default(), error, "{form}");
        assert!(body(&response).get("refresh_token").is_none(), "it stays as it is");
    }
}

#[test]
fn access_is_refused_as_ebay_does() {
    let mut direct = Direct::new(vec![order(ORDER)]);
    let path = format!("/sell/fulfillment/v1/order/{ORDER}");
    assert_eq!(direct.get(&path).status(), 200);
    let strange = direct.get("/sell/fulfillment/v1/order/14-99999-99999");
    assert_eq!((strange.status().as_u16(), id(&strange)), (404, 32100));
    assert_eq!(direct.get("/commerce/notification/v1/destination").status(), 403, "that is the app's");
    assert_eq!(direct.get("/sell/inventory/v1/inventory_item").status(), 404);
    for token in ["", "unknown"] {
        direct.token = token.to_owned();
        let response = direct.get(&path);
        assert_eq!((response.status().as_u16(), id(&response)), (401, 1001), "{token}");
        assert!(response.headers().contains_key("x-ebay-c-request-id"));
    }
}
