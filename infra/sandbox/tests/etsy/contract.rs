//! The stand-in by itself, without a socket: it refuses what Etsy refuses, and loses what Etsy loses.

use http::{Request, Response};
use sandbox::etsy::{EtsySandbox, Settings};
use sandbox::{Outcome, Standin as _};
use serde_json::{Value, json};

use crate::common::*;

struct Direct {
    sandbox: EtsySandbox,
    token: String,
}

const TRACKING: &str = "/v3/application/shops/77/receipts/3700000001/tracking";
const RECEIPTS: &str = "/v3/application/shops/77/receipts";

fn answer(outcome: Outcome) -> (u16, Value) {
    let response: Response<Vec<u8>> = match outcome {
        Outcome::Answer(response) => response,
        Outcome::CutOff | Outcome::Late(..) => panic!("an answer was expected: {outcome:?}"),
    };
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or(Value::Null))
}

impl Direct {
    fn new() -> Self {
        let mut sandbox = EtsySandbox::new();
        sandbox.add_shop(start(), shop(ANN));
        sandbox.add_shop(start(), shop(BOB));
        sandbox.add_receipt(start(), order(ORDER)).unwrap();
        let mut direct = Self { sandbox, token: String::new() };
        let (_, body) = direct.grant("770.first", "key");
        direct.token = body["access_token"].as_str().unwrap().to_owned();
        direct
    }

    fn grant(&mut self, refresh_token: &str, client_id: &str) -> (u16, Value) {
        let form = format!("grant_type=refresh_token&client_id={client_id}&refresh_token={refresh_token}");
        let request = Request::post("/v3/public/oauth/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into_bytes())
            .unwrap();
        answer(self.sandbox.handle(start(), &request))
    }

    fn call(&mut self, verb: &str, path: &str, kind: &str, sent: &[u8]) -> (u16, Value) {
        self.call_as(verb, path, kind, sent, "key:secret", &format!("Bearer {}", self.token))
    }

    fn call_as(
        &mut self,
        verb: &str,
        path: &str,
        kind: &str,
        sent: &[u8],
        key: &str,
        bearer: &str,
    ) -> (u16, Value) {
        let request = Request::builder()
            .method(verb)
            .uri(path)
            .header("content-type", kind)
            .header("x-api-key", key)
            .header("authorization", bearer)
            .body(sent.to_vec())
            .unwrap();
        answer(self.sandbox.handle(start(), &request))
    }

    fn tell(&mut self, kind: &str, sent: &[u8]) -> (u16, Value) {
        self.call("POST", TRACKING, kind, sent)
    }
}

#[test]
fn keys_and_tokens_are_checked_in_etsys_words() {
    let mut direct = Direct::new();
    let bearer = format!("Bearer {}", direct.token);
    for (key, bearer, path, status, words) in [
        ("", bearer.as_str(), RECEIPTS, 403, "API key not found"),
        ("other:secret", &bearer, RECEIPTS, 403, "API key not found"),
        ("key", &bearer, RECEIPTS, 403, "Shared secret is required"),
        ("key:wrong", &bearer, RECEIPTS, 403, "Shared secret is required"),
        ("key:secret", "", RECEIPTS, 403, "No user was provided"),
        ("key:secret", "Bearer 770.nothing", RECEIPTS, 401, "invalid_token"),
        ("key:secret", &bearer, "/v3/application/shops/88/receipts", 403, "does not own"),
        ("key:secret", &bearer, "/v3/application/shops/77/receipts/5", 404, "not found"),
        ("key:secret", &bearer, "/v3/application/shops/1", 404, "not found"),
        ("key:secret", &bearer, "/v3/application/elsewhere", 404, "not found"),
    ] {
        let (got, body) = direct.call_as("GET", path, "", b"", key, bearer);
        assert_eq!(got, status, "{key} {bearer} {path}: {body}");
        assert!(body["error"].as_str().unwrap().contains(words), "{key} {bearer}: {body}");
    }
    let settings = Settings { secret_in_key: false, ..Settings::default() };
    direct.sandbox.set_settings(settings);
    assert_eq!(direct.call_as("GET", RECEIPTS, "", b"", "key", &bearer).0, 200, "as before February 2026");
}

#[test]
fn a_refresh_token_serves_once() {
    let mut direct = Direct::new();
    let revoked = json!({ "error": "invalid_grant", "error_description": "refresh_token is revoked" });
    assert_eq!(direct.grant("770.first", "key"), (400, revoked));
    for (token, client, error) in
        [("880.first", "other", "invalid_client"), ("nothing", "key", "invalid_grant")]
    {
        assert_eq!(direct.grant(token, client).1["error"], error, "{token}");
    }
    let (status, body) = direct.grant("880.first", "key");
    assert_eq!(
        (status, body["token_type"].as_str(), body["expires_in"].as_u64()),
        (200, Some("Bearer"), Some(3600))
    );
    assert!(body["access_token"].as_str().unwrap().starts_with("880."), "the user stands before the dot");
}

#[test]
fn a_body_that_is_not_what_its_header_says_loses_the_number() {
    let body = json!({ "tracking_code": NUMBER, "carrier_name": "usps" }).to_string();
    let form = format!("tracking_code={NUMBER}&carrier_name=usps");
    for (kind, sent, kept) in [
        ("application/json", body.as_str(), 1),
        ("application/json; charset=utf-8", &body, 1),
        ("application/x-www-form-urlencoded", &body, 0),
        ("application/x-www-form-urlencoded", &form, 0),
        ("application/json", &form, 0),
        ("text/plain", &body, 0),
    ] {
        let mut direct = Direct::new();
        let (status, receipt) = direct.tell(kind, sent.as_bytes());
        assert_eq!((status, receipt["is_shipped"].as_bool()), (200, Some(true)), "{kind} {sent}");
        assert_eq!(receipt["shipments"].as_array().unwrap().len(), kept, "{kind} {sent}");
        let record = direct.sandbox.record();
        assert_eq!((record.effects[0].lost, record.buyer_mails[&ORDER]), (kept == 0, 1), "{kind} {sent}");
    }
}

#[test]
fn carriers_outside_the_list_lose_the_number_and_types_are_refused() {
    let told = |carrier: &str| json!({ "tracking_code": NUMBER, "carrier_name": carrier }).to_string();
    for (carrier, kept) in
        [("usps", 1), ("USPS", 1), ("other", 1), ("deutsch-post", 1), ("Courier Express", 0)]
    {
        let (_, receipt) = Direct::new().tell("application/json", told(carrier).as_bytes());
        assert_eq!(receipt["shipments"].as_array().unwrap().len(), kept, "{carrier}");
    }
    let number = br#"{"tracking_code":9400100000000000000000,"carrier_name":"usps"}"#;
    assert_eq!(Direct::new().tell("application/json", number).0, 400, "a code is a text");
    assert_eq!(Direct::new().tell("application/json", b"{}").1["error"], "A tracking number is required");
}

#[test]
fn lists_take_what_is_documented_and_nothing_else() {
    let mut direct = Direct::new();
    for (query, status) in [
        ("", 200),
        (
            "?limit=100&offset=0&sort_on=updated&sort_order=asc&min_last_modified=946684800&was_canceled=true",
            200,
        ),
        ("?limit=101", 400),
        ("?limit=0", 400),
        ("?limit=500", 400),
        ("?offset=-1", 400),
        ("?sort_on=changed", 400),
        ("?sort_order=ascend", 400),
        ("?min_last_modified=946684799", 400),
        ("?min_created=now", 400),
        ("?was_canceled=1", 400),
    ] {
        let (got, body) = direct.call("GET", &format!("{RECEIPTS}{query}"), "", b"");
        assert_eq!(got, status, "{query}: {body}");
    }
}
