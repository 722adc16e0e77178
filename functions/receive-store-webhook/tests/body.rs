//! Lambda carries bodies as text or as base64: the runtime undoes it, so the receiver sees what was signed.

#![expect(clippy::unwrap_used, reason = "a test")]

use lambda_http::{Request, RequestExt as _};

fn event(body: &str, base64: bool) -> Request {
    let event = format!(
        r#"{{"version":"2.0","routeKey":"$default","rawPath":"/webhooks/stores/shop-00","rawQueryString":"a=b",
            "headers":{{"X-Shopify-Topic":"t","host":"x.lambda-url.eu-central-1.on.aws"}},
            "requestContext":{{"accountId":"anonymous","apiId":"x","domainName":"x.lambda-url.eu-central-1.on.aws",
            "http":{{"method":"POST","path":"/webhooks/stores/shop-00","protocol":"HTTP/1.1","sourceIp":"127.0.0.1",
            "userAgent":"u"}},"requestId":"r","routeKey":"$default","stage":"$default",
            "time":"21/Nov/2026:00:00:00 +0000","timeEpoch":1795219200000}},
            "body":"{body}","isBase64Encoded":{base64}}}"#
    );
    lambda_http::request::from_str(&event).unwrap()
}

#[test]
fn t4_the_receiver_sees_the_bytes_that_were_signed_however_lambda_carried_them() {
    for (name, request, want) in [
        ("as text", event(r#"{\"id\":1}\r\n"#, false), b"{\"id\":1}\r\n".as_slice()),
        ("as base64", event("eyJpZCI6MX0NCg==", true), b"{\"id\":1}\r\n"),
        ("bytes that are no text", event("/wD+", true), b"\xFF\x00\xFE"),
    ] {
        let body: &[u8] = request.body();
        assert_eq!(body, want, "{name}");
        assert_eq!(request.raw_http_path(), "/webhooks/stores/shop-00", "{name}");
        assert_eq!(request.headers().get("x-shopify-topic").unwrap(), "t", "{name}");
        assert_eq!(request.method(), "POST", "{name}");
    }
}
