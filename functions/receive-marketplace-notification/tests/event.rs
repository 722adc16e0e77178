//! Lambda carries questions and posts as events: the runtime undoes it, so the receiver sees what was asked and signed.

#![expect(clippy::unwrap_used, reason = "a test")]

use lambda_http::{Request, RequestExt as _};

fn event(method: &str, query: &str, body: &str) -> Request {
    let event = format!(
        r#"{{"version":"2.0","routeKey":"$default","rawPath":"/webhooks/marketplaces/ebay-1-00","rawQueryString":"{query}",
            "headers":{{"X-Ebay-Signature":"c2ln","host":"x.lambda-url.eu-central-1.on.aws"}},
            "queryStringParameters":{{"challenge_code":"a b"}},
            "requestContext":{{"accountId":"anonymous","apiId":"x","domainName":"x.lambda-url.eu-central-1.on.aws",
            "http":{{"method":"{method}","path":"/webhooks/marketplaces/ebay-1-00","protocol":"HTTP/1.1",
            "sourceIp":"127.0.0.1","userAgent":"u"}},"requestId":"r","routeKey":"$default","stage":"$default",
            "time":"21/Nov/2026:00:00:00 +0000","timeEpoch":1795219200000}},
            "body":"{body}","isBase64Encoded":true}}"#
    );
    lambda_http::request::from_str(&event).unwrap()
}

#[test]
fn a_question_comes_with_its_query_as_it_was_asked() {
    let asked = event("GET", "challenge_code=a%20b", "");
    assert_eq!(asked.method(), "GET");
    assert_eq!(asked.uri().query(), Some("challenge_code=a%20b"));
    assert_eq!(asked.raw_http_path(), "/webhooks/marketplaces/ebay-1-00");
}

#[test]
fn t4_the_receiver_sees_the_bytes_that_were_signed() {
    let posted = event("POST", "", "eyJpZCI6MX0NCg==");
    let body: &[u8] = posted.body();
    assert_eq!(body, b"{\"id\":1}\r\n");
    assert_eq!(posted.headers().get("x-ebay-signature").unwrap(), "c2ln");
}
