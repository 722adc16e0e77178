//! The stand-in by itself, without a socket: it refuses what Amazon refuses, in Amazon's words.

use http::{Request, Response};
use sandbox::amazon::{AmazonSandbox, NewPackage, OrderChange, Party, Settings, Status};
use sandbox::{Outcome, Standin as _};
use serde_json::{Value, json};

use crate::common::*;

pub(crate) fn answer(outcome: Outcome) -> Response<Vec<u8>> {
    match outcome {
        Outcome::Answer(response) => response,
        Outcome::CutOff | Outcome::Late(..) => panic!("an answer was expected: {outcome:?}"),
    }
}

pub(crate) fn body(response: &Response<Vec<u8>>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or(Value::Null)
}

pub(crate) struct Direct {
    pub(crate) sandbox: AmazonSandbox,
    token: String,
}

impl Direct {
    pub(crate) fn new(orders: Vec<sandbox::amazon::NewOrder>) -> Self {
        let mut sandbox = AmazonSandbox::new();
        sandbox.add_seller(seller("ann"));
        for order in orders {
            sandbox.add_order(start(), order).unwrap();
        }
        let mut direct = Self { sandbox, token: String::new() };
        direct.token = direct.fetch_token();
        direct
    }

    fn fetch_token(&mut self) -> String {
        let form = "grant_type=refresh_token&client_id=client&client_secret=secret&refresh_token=Atzr%7Cann";
        let response = self.lwa(form);
        body(&response)["access_token"].as_str().expect("a token").to_owned()
    }

    fn lwa(&mut self, form: &str) -> Response<Vec<u8>> {
        let request = Request::post("/auth/o2/token")
            .header("content-type", "application/x-www-form-urlencoded;charset=UTF-8")
            .body(form.as_bytes().to_vec())
            .unwrap();
        answer(self.sandbox.handle(start(), &request))
    }

    pub(crate) fn call(&mut self, verb: &str, path: &str, sent: Vec<u8>) -> Response<Vec<u8>> {
        let request = Request::builder()
            .method(verb)
            .uri(path)
            .header("user-agent", "Test/1 (Language=Rust)")
            .header("content-type", "application/json")
            .header("x-amz-access-token", &self.token)
            .body(sent)
            .unwrap();
        answer(self.sandbox.handle(start(), &request))
    }

    pub(crate) fn get(&mut self, path: &str) -> Response<Vec<u8>> {
        self.call("GET", path, Vec::new())
    }

    fn confirm(&mut self, order: &str, sent: &Value) -> Response<Vec<u8>> {
        let path = format!("/orders/v0/orders/{order}/shipmentConfirmation");
        self.call("POST", &path, serde_json::to_vec(sent).unwrap())
    }
}

fn good() -> Value {
    json!({
        "marketplaceId": MARKETPLACE,
        "packageDetail": {
            "packageReferenceId": "421000001",
            "carrierCode": "Any Carrier At All",
            "trackingNumber": NUMBER,
            "shipDate": "2026-11-21T11:00:00.000Z",
            "orderItems": [{ "orderItemId": ITEM, "quantity": 2 }],
        },
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = good();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).expect("a known field");
    if value.is_null() {
        parent.as_object_mut().unwrap().remove(name);
    } else if let Some(list) = parent.as_array_mut() {
        *list.get_mut(name.parse::<usize>().unwrap()).unwrap() = value;
    } else {
        parent.as_object_mut().unwrap().insert(name.to_owned(), value);
    }
    body
}

#[test]
fn confirmations_are_refused_in_amazons_words() {
    let item = "/packageDetail/orderItems/0";
    let cases = [
        (
            "no reference",
            with("/packageDetail/packageReferenceId", Value::Null),
            "must be a positive numeric value",
        ),
        (
            "a name as reference",
            with("/packageDetail/packageReferenceId", json!("box-1")),
            "positive numeric",
        ),
        ("zero as reference", with("/packageDetail/packageReferenceId", json!("0")), "positive numeric"),
        (
            "a number as reference",
            with("/packageDetail/packageReferenceId", json!(1)),
            "invalid type [packageDetail.packageReferenceId]",
        ),
        ("an offset", with("/packageDetail/shipDate", json!("2026-11-21T11:00:00+00:00")), "ISO 8601"),
        ("no time", with("/packageDetail/shipDate", json!("02/21/2022")), "ISO 8601"),
        ("the future", with("/packageDetail/shipDate", json!("2026-11-21T12:00:01Z")), "future"),
        ("no date", with("/packageDetail/shipDate", Value::Null), "ShipDate"),
        ("no carrier", with("/packageDetail/carrierCode", json!(" ")), "CarrierCode"),
        ("Other without a name", with("/packageDetail/carrierCode", json!("Other")), "CarrierName"),
        ("no number", with("/packageDetail/trackingNumber", json!("")), "TrackingNumber"),
        ("no marketplace", with("/marketplaceId", Value::Null), "MarketplaceId"),
        ("another marketplace", with("/marketplaceId", json!("A2EUQ1WTGCTBG2")), "MarketplaceId"),
        ("unknown item", with(&format!("{item}/orderItemId"), json!("1")), "OrderItemId is invalid"),
        (
            "items no list",
            with("/packageDetail/orderItems", json!({ "orderItemId": ITEM })),
            "OrderItemId is invalid",
        ),
        ("no items", with("/packageDetail/orderItems", json!([])), "OrderItemId is invalid"),
        ("zero units", with(&format!("{item}/quantity"), json!(0)), "Quantity"),
        (
            "units as text",
            with(&format!("{item}/quantity"), json!("2")),
            "invalid type [packageDetail.orderItems.quantity]",
        ),
        ("too many units", with(&format!("{item}/quantity"), json!(3)), "Quantity"),
        ("no package", with("/packageDetail", Value::Null), "PackageReferenceId"),
        ("no object", json!([]), "MarketplaceId"),
    ];
    for (name, sent, words) in cases {
        let mut direct = Direct::new(vec![order(ORDER)]);
        let response = direct.confirm(ORDER, &sent);
        assert_eq!(response.status(), 400, "{name}");
        let error = &body(&response)["errors"][0];
        assert_eq!(error["code"], "InvalidInput", "{name}");
        assert!(error["message"].as_str().unwrap().contains(words), "{name}: {error}");
        assert!(direct.sandbox.record().effects.is_empty(), "{name}");
    }
    let mut direct = Direct::new(vec![order(ORDER)]);
    let response = direct.confirm(ORDER, &good());
    assert_eq!((response.status().as_u16(), response.body().len()), (204, 0));
    assert_eq!(response.headers().get("x-amzn-ratelimit-limit").unwrap(), "2");
    let record = direct.sandbox.record();
    assert_eq!(record.packages.first().unwrap().content.carrier_code, "Any Carrier At All", "kept as sent");
}

#[test]
fn orders_that_cannot_be_confirmed_are_refused() {
    let changed = |change: fn(&mut sandbox::amazon::NewOrder)| {
        let mut order = order(ORDER);
        change(&mut order);
        order
    };
    for (name, order) in [
        ("FBA", changed(|o| o.fulfilled_by = Party::Amazon)),
        ("Ship+", changed(|o| o.programs = vec!["FBM_SHIP_PLUS".to_owned()])),
        ("pick-up", changed(|o| o.programs = vec!["IN_STORE_PICK_UP".to_owned()])),
        ("pending", changed(|o| o.status = Status::Pending)),
        ("cancelled", changed(|o| o.status = Status::Cancelled)),
        ("cancelled line", changed(|o| o.items.iter_mut().for_each(|item| item.cancelled = true))),
    ] {
        let mut direct = Direct::new(vec![order]);
        assert_eq!(direct.confirm(ORDER, &good()).status(), 400, "{name}");
        assert!(direct.sandbox.record().effects.is_empty(), "{name}");
    }
    let mut direct = Direct::new(vec![order(ORDER)]);
    assert_eq!(direct.confirm("702-0000009-0000009", &good()).status(), 404);
}

#[test]
fn an_order_confirmed_elsewhere_is_full_and_its_reference_can_be_overwritten() {
    let mut taken = order(ORDER);
    taken.packages = vec![NewPackage {
        reference: "1".to_owned(),
        carrier: "UPS".to_owned(),
        service: None,
        tracking_number: "1Z1".to_owned(),
        ship_date: None,
        lines: None,
    }];
    let mut direct = Direct::new(vec![taken]);
    let response = direct.confirm(ORDER, &good());
    assert_eq!(response.status(), 400);
    assert_eq!(body(&response)["errors"][0]["details"], "PackageToUpdateNotFound");
    // The danger of counting references from 1: the same reference is an edit, whoever made the package.
    assert_eq!(direct.confirm(ORDER, &with("/packageDetail/packageReferenceId", json!("1"))).status(), 204);
    let record = direct.sandbox.record();
    assert!(record.effects.first().unwrap().edit);
    assert_eq!(record.packages.first().unwrap().content.tracking_number, NUMBER);
}

#[test]
fn a_cancelled_package_makes_room_again() {
    let mut direct = Direct::new(vec![order(ORDER)]);
    assert_eq!(direct.confirm(ORDER, &good()).status(), 204);
    let change: OrderChange = serde_json::from_value(
        json!({ "package_status": { "reference": "421000001", "status": "CANCELLED" } }),
    )
    .unwrap();
    direct.sandbox.change_order(start(), ORDER, change).unwrap();
    let again = with("/packageDetail/packageReferenceId", json!("421000002"));
    assert_eq!(direct.confirm(ORDER, &again).status(), 204);
}

#[test]
fn only_what_was_asked_for_is_shown() {
    let mut described = order(ORDER);
    described.buyer = Some(json!({ "buyerName": "CANARY" }));
    described.recipient = Some(json!({ "deliveryAddress": { "name": "CANARY" } }));
    let mut direct = Direct::new(vec![described]);
    direct.confirm(ORDER, &good());
    let path = format!("/orders/2026-01-01/orders/{ORDER}");
    let plain = body(&direct.get(&path));
    assert_eq!(plain["order"]["orderId"], ORDER);
    for field in ["fulfillment", "packages", "buyer", "recipient"] {
        assert!(plain["order"].get(field).is_none(), "{field}");
    }
    let rich = body(&direct.get(&format!("{path}?includedData=FULFILLMENT,PACKAGES,CANCELLATION")));
    assert_eq!(rich["order"]["fulfillment"]["fulfillmentStatus"], "SHIPPED");
    assert_eq!(rich["order"]["packages"][0]["packageReferenceId"], "421000001");
    assert!(!rich.to_string().contains("CANARY"));
    assert_eq!(direct.sandbox.record().buyer_reads, 0);
    let all = body(&direct.get(&format!("{path}?includedData=BUYER%2CRECIPIENT")));
    assert!(all.to_string().contains("CANARY"));
    assert_eq!(direct.sandbox.record().buyer_reads, 1);
    assert_eq!(direct.get(&format!("{path}?includedData=EVERYTHING")).status(), 400);
}

#[test]
fn searches_are_checked() {
    let mut direct =
        Direct::new(vec![order(ORDER), order("702-0000002-0000001"), order("702-0000003-0000001")]);
    direct.sandbox.set_settings(Settings { search_lag_seconds: 0, ..Settings::default() });
    let at = "/orders/2026-01-01/orders?";
    let after = "lastUpdatedAfter=2026-11-21T11:00:00Z";
    for (name, query, status) in [
        ("plain", after.to_owned(), 200),
        ("created", "createdAfter=2026-11-01T00:00:00Z".to_owned(), 200),
        ("neither", String::new(), 400),
        ("both", format!("{after}&createdAfter=2026-11-01T00:00:00Z"), 400),
        ("mixed", format!("{after}&createdBefore=2026-11-21T11:30:00Z"), 400),
        ("an offset", "lastUpdatedAfter=2026-11-21T11:00:00%2B00:00".to_owned(), 400),
        ("before too late", format!("{after}&lastUpdatedBefore=2026-11-21T11:59:00Z"), 400),
        ("before too early", format!("{after}&lastUpdatedBefore=2026-11-21T10:00:00Z"), 400),
        ("before in order", format!("{after}&lastUpdatedBefore=2026-11-21T11:58:00Z"), 200),
        ("page too large", format!("{after}&maxResultsPerPage=101"), 400),
        ("page too small", format!("{after}&maxResultsPerPage=0"), 400),
        ("unknown data", format!("{after}&includedData=FOO"), 400),
        ("unknown party", format!("{after}&fulfilledBy=ME"), 400),
        ("unknown token", format!("{after}&paginationToken=x"), 400),
    ] {
        assert_eq!(direct.get(&format!("{at}{query}")).status().as_u16(), status, "{name}");
    }
    let first = body(&direct.get(&format!("{at}{after}&maxResultsPerPage=2")));
    assert_eq!(first["orders"].as_array().unwrap().len(), 2);
    let token = first["pagination"]["nextToken"].as_str().unwrap();
    let changed = direct.get(&format!("{at}{after}&maxResultsPerPage=3&paginationToken={token}"));
    assert_eq!(changed.status(), 400, "other parameters must stay");
    let last = body(&direct.get(&format!("{at}{after}&maxResultsPerPage=2&paginationToken={token}")));
    assert_eq!(last["orders"].as_array().unwrap().len(), 1);
    assert!(last.get("pagination").is_none());
    assert_eq!(last["lastUpdatedBefore"], "2026-11-21T12:00:00Z");
    let none = body(&direct.get(&format!("{at}{after}&fulfilledBy=AMAZON")));
    assert_eq!(none["orders"], json!([]));
}

#[test]
fn login_with_amazon_refuses_by_name() {
    let mut direct = Direct::new(Vec::new());
    let form = |id: &str, secret: &str, token: &str| {
        format!("grant_type=refresh_token&client_id={id}&client_secret={secret}&refresh_token={token}")
    };
    for (form, status, error) in [
        (form("client", "secret", "Atzr%7Cann"), 200, ""),
        (form("client", "secret", "Atzr%7Celse"), 400, "invalid_grant"),
        (form("client", "wrong", "Atzr%7Cann"), 401, "invalid_client"),
        (form("", "secret", "Atzr%7Cann"), 400, "invalid_request"),
        (
            "grant_type=password&client_id=client&client_secret=secret".to_owned(),
            400,
            "unsupported_grant_type",
        ),
    ] {
        let response = direct.lwa(&form);
        assert_eq!(response.status().as_u16(), status, "{form}");
        assert_eq!(body(&response)["error"].as_str().unwrap_or_default(), error, "{form}");
    }
    direct.sandbox.revoke("ann").unwrap();
    assert_eq!(body(&direct.lwa(&form("client", "secret", "Atzr%7Cann")))["error"], "invalid_grant");
}

#[test]
fn access_is_refused_without_a_rate() {
    let mut direct = Direct::new(vec![order(ORDER)]);
    let path = format!("/orders/2026-01-01/orders/{ORDER}");
    for token in ["", "Atza|unknown"] {
        direct.token = token.to_owned();
        let response = direct.get(&path);
        assert_eq!(response.status(), 403, "{token}");
        assert!(response.headers().get("x-amzn-ratelimit-limit").is_none());
        assert!(response.headers().get("x-amzn-requestid").is_some());
    }
    let nameless = Request::get(&path).header("x-amz-access-token", "x").body(Vec::new()).unwrap();
    assert_eq!(answer(direct.sandbox.handle(start(), &nameless)).status(), 403);
    direct.token = direct.fetch_token();
    let nameless = Request::get(&path).header("x-amz-access-token", &direct.token).body(Vec::new()).unwrap();
    assert_eq!(answer(direct.sandbox.handle(start(), &nameless)).status(), 400, "no User-Agent");
    assert_eq!(direct.get("/orders/v0/orders").status(), 403, "no such operation");
}
