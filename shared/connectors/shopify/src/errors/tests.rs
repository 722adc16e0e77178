use super::*;

fn retryable(seconds: Option<u64>) -> Failure {
    Failure::Retryable { reached: Reached::Maybe, after: seconds.map(Duration::from_secs) }
}

fn throttled(millis: Option<u64>) -> Failure {
    Failure::Throttled { after: millis.map(Duration::from_millis) }
}

fn rejected(code: &str) -> Failure {
    Failure::Rejected { code: code.to_owned() }
}

const THROTTLED: &str = include_str!("../../fixtures/admin.throttled.json");
const DENIED: &str = include_str!("../../fixtures/admin.access_denied.json");
const DENIED_LOCATION: &str = include_str!("../../fixtures/admin.access_denied_location.json");
const UNDEFINED: &str = include_str!("../../fixtures/admin.undefined_field.json");

/// Name, status, `Retry-After`, body, and what comes of it.
type Case<'a> = (&'a str, u16, Option<&'a str>, &'a str, Option<Failure>);

#[test]
fn answers_are_sorted_by_what_to_do_next() {
    let html = "<html>Bad Gateway</html>";
    let invalid =
        r#"{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}"#;
    let code = |code: &str| format!(r#"{{"errors":[{{"message":"m","extensions":{{"code":"{code}"}}}}]}}"#);
    let (inactive, internal, costly) =
        (code("SHOP_INACTIVE"), code("INTERNAL_SERVER_ERROR"), code("MAX_COST_EXCEEDED"));
    let mixed = r#"{"data":{"order":null},"errors":[{"message":"a"},{"message":"b","extensions":{"code":"ACCESS_DENIED"}}]}"#;
    let cases: &[Case<'_>] = &[
        ("data", 200, None, r#"{"data":{"order":null}}"#, None),
        ("data and no errors", 200, None, r#"{"data":{},"errors":[]}"#, None),
        ("only the location is denied", 200, None, DENIED_LOCATION, None),
        ("throttled", 200, None, THROTTLED, Some(throttled(Some(2_400)))),
        ("throttled, no cost", 200, None, &code("THROTTLED"), Some(throttled(None))),
        ("throttled, old form", 200, None, r#"{"errors":[{"message":"Throttled"}]}"#, Some(throttled(None))),
        ("a scope is missing", 200, None, DENIED, Some(RECONNECT)),
        ("the worst row rules", 200, None, mixed, Some(RECONNECT)),
        ("shop inactive", 200, None, &inactive, Some(RECONNECT)),
        ("inside Shopify", 200, None, &internal, Some(retryable(None))),
        ("too dear", 200, None, &costly, Some(rejected("MAX_COST_EXCEEDED"))),
        ("our query is wrong", 200, None, UNDEFINED, Some(rejected("undefinedField"))),
        ("new to us", 200, None, r#"{"errors":[{"message":"odd"}]}"#, Some(retryable(None))),
        ("errors as text", 200, None, r#"{"errors":"odd"}"#, Some(retryable(None))),
        ("neither", 200, None, "{}", Some(retryable(None))),
        ("data is null", 200, None, r#"{"data":null}"#, Some(retryable(None))),
        ("no JSON", 200, None, html, Some(retryable(None))),
        ("empty", 200, None, "", Some(retryable(None))),
        ("a list", 200, None, "[]", Some(retryable(None))),
        ("another 2xx", 202, None, "{}", Some(retryable(None))),
        ("moved", 301, None, "", Some(RECONNECT)),
        ("bad request", 400, None, r#"{"errors":"x"}"#, Some(rejected("400"))),
        ("token", 401, None, invalid, Some(RECONNECT)),
        ("frozen", 402, None, "", Some(RECONNECT)),
        ("forbidden", 403, None, "", Some(RECONNECT)),
        ("no such shop", 404, None, r#"{"errors":"Not Found"}"#, Some(RECONNECT)),
        ("locked", 423, None, "", Some(RECONNECT)),
        ("too many", 429, Some("2.0"), "", Some(throttled(Some(2_000)))),
        ("too many, no time", 429, None, "", Some(throttled(None))),
        ("too many, odd time", 429, Some("soon"), "", Some(throttled(None))),
        ("too many, absurd time", 429, Some("1e300"), "", Some(throttled(None))),
        ("too many, for years", 429, Some("99999999"), "", Some(throttled(Some(3_600_000)))),
        ("security", 430, None, "", Some(retryable(None))),
        ("internal", 500, None, html, Some(retryable(None))),
        ("gateway", 502, None, html, Some(retryable(None))),
        ("unavailable", 503, Some("7"), html, Some(retryable(Some(7)))),
        ("timeout", 504, None, "", Some(retryable(None))),
    ];
    for (name, status, retry_after, body, want) in cases {
        let got = classify(*status, *retry_after, body.as_bytes()).map(|(failure, _)| failure);
        assert_eq!(&got, want, "{name}");
    }
}

#[test]
fn the_words_name_the_missing_scope_and_shopifys_own_sentence() {
    let (_, words) = classify(200, None, DENIED.as_bytes()).unwrap();
    assert!(words.contains("read_orders"), "{words}");
    let body = br#"{"errors":[{"message":"Access denied.","extensions":{"code":"ACCESS_DENIED","requiredAccess":"`read_orders` access scope."}}]}"#;
    assert_eq!(
        classify(200, None, body).unwrap().1,
        "Access denied. Required access: `read_orders` access scope."
    );
    let (_, words) = classify(401, None, br#"{"errors":"Invalid API key"}"#).unwrap();
    assert_eq!(words, "the access token is refused: Invalid API key");
}

#[test]
fn no_cost_makes_an_absurd_wait() {
    let cost = |requested: &str, available: &str, rate: &str| {
        format!(
            r#"{{"errors":[{{"message":"Throttled","extensions":{{"code":"THROTTLED"}}}}],"extensions":{{"cost":{{"requestedQueryCost":{requested},"throttleStatus":{{"currentlyAvailable":{available},"restoreRate":{rate}}}}}}}}}"#
        )
    };
    for (name, body, want) in [
        ("already there", cost("10", "50", "100"), throttled(Some(0))),
        ("no rate", cost("10", "0", "0"), throttled(None)),
        ("backwards", cost("10", "0", "-5"), throttled(None)),
        ("very slow", cost("1000", "0", "0.001"), throttled(Some(3_600_000))),
        ("huge", cost("1e308", "-1e308", "1e-300"), throttled(None)),
        ("broken", cost("1.5", "1", "2.0"), throttled(Some(250))),
        ("unsaid", cost("null", "1", "2.0"), throttled(None)),
    ] {
        assert_eq!(classify(200, None, body.as_bytes()).unwrap().0, want, "{name}");
    }
}
