//! No secret is shown, and none lies in the fixtures.

use connector_api::Store as _;
use connector_shopify::Shopify;
use wiremock::{MockServer, ResponseTemplate};

use super::reads::{ORDER, asks, at, read};
use super::support::{SECRET, TOKEN, connection, fixture, headers};

#[tokio::test]
async fn scrub() {
    // Answers that repeat the token, once in the very words that we show.
    let server = MockServer::start().await;
    let echo = format!(r#"{{"echo":"{TOKEN}","errors":"bad token {TOKEN}"}}"#);
    for status in [200, 400, 401, 429, 500] {
        server.reset().await;
        asks("ReadOrder")
            .respond_with(ResponseTemplate::new(status).set_body_string(&echo))
            .mount(&server)
            .await;
        let error = read(&at(&server), ORDER).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(TOKEN), "{shown}");
    }
    let body = fixture("webhook.fulfillment_no_number");
    let signed = headers("fulfillments/create", &body, "another");
    let refused = Shopify.verify(&signed, &body, &[SECRET.into()]).unwrap_err();
    let shown = format!("{refused} {refused:?} {:?} {:?}", connection(&[]), Shopify);
    assert!(!shown.contains(SECRET) && !shown.contains(TOKEN), "{shown}");
}

#[test]
fn fixtures_hold_no_secret() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
        for trace in
            ["shpat_", "shpss_", "shpca_", "shppa_", "access_token", "bearer ", "x-shopify-access-token"]
        {
            assert!(!text.contains(trace), "{trace} in {}", path.display());
        }
    }
}
