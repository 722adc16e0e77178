use std::io::Write as _;

use connector_amazon::Amazon;
use connector_api::{
    Answer, Bulk as _, BulkContent, BulkProgress, BulkReport, ChannelError, Failure, LimitHint, Reached, Told,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, ResponseTemplate};

use crate::common::*;

const DOCUMENTS: &str = "/feeds/2021-06-30/documents";
const FEEDS: &str = "/feeds/2021-06-30/feeds";
const XML: &str = "text/xml; charset=UTF-8";
const SIGNED: &str = "/storage/x?X-Amz-Signature=SIGNATURESECRET";

async fn world() -> World {
    let mut world = World::new().await;
    world.connection.options.insert("seller_id".into(), "A3TH9S8BH6GOGM".into());
    world
}

fn one() -> BulkContent {
    BulkContent::Confirmations(vec![confirmation()])
}

fn document(world: &World, at: &str) -> Value {
    json!({ "feedDocumentId": "doc-1", "url": format!("{}{at}", world.server.uri()) })
}

async fn upload(world: &World) -> Result<Answer<String>, ChannelError> {
    Amazon.upload(world.reach(), &world.connection, &one()).await
}

async fn submit(world: &World) -> Result<Answer<String>, ChannelError> {
    Amazon.submit(world.reach(), &world.connection, &one(), "doc-1").await
}

async fn report(world: &World, bytes: Vec<u8>, packed: bool) -> Result<BulkReport, ChannelError> {
    let mut answer = document(world, SIGNED);
    if packed {
        answer.as_object_mut().unwrap().insert("compressionAlgorithm".into(), json!("GZIP"));
    }
    world
        .answers(
            "GET",
            &format!("{DOCUMENTS}/doc-2"),
            ACCESS,
            ResponseTemplate::new(200).set_body_json(answer),
            1,
        )
        .await;
    let lies = Mock::given(method("GET")).and(path("/storage/x"));
    lies.respond_with(ResponseTemplate::new(200).set_body_bytes(bytes)).expect(1).mount(&world.server).await;
    Amazon.report(world.reach(), &world.connection, "doc-2").await.map(|answer| answer.value)
}

#[tokio::test]
async fn a_document_is_laid_down_as_it_was_declared_and_without_a_token() {
    let world = world().await;
    let made = ResponseTemplate::new(201).set_body_json(document(&world, SIGNED));
    world.answers("POST", DOCUMENTS, ACCESS, made.insert_header("x-amzn-RateLimit-Limit", "0.5"), 1).await;
    Mock::given(method("PUT"))
        .and(path("/storage/x"))
        .and(query_param("X-Amz-Signature", "SIGNATURESECRET"))
        .and(header("content-type", XML))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&world.server)
        .await;
    let answer = upload(&world).await.unwrap();
    assert_eq!(answer.value, "doc-1");
    assert_eq!(answer.limits, [LimitHint { operation: "createFeedDocument", told: Told::Rate(0.5) }]);
    let requests = world.server.received_requests().await.unwrap();
    assert_eq!(requests[0].body_json::<Value>().unwrap(), json!({ "contentType": XML }));
    let put = &requests[1];
    assert!(put.headers.get("x-amz-access-token").is_none() && put.headers.get("authorization").is_none());
    let text = String::from_utf8(put.body.clone()).unwrap();
    assert!(text.contains("<MerchantIdentifier>A3TH9S8BH6GOGM</MerchantIdentifier>"), "{text}");
    assert!(text.contains("<ShipperTrackingNumber>9400100000000000000000</ShipperTrackingNumber>"), "{text}");
}

#[tokio::test]
async fn an_address_elsewhere_is_never_asked() {
    for url in [
        "http://169.254.169.254/latest/meta-data",
        "https://thief.example/x?X-Amz-Signature=SIGNATURESECRET",
        "http://tortuga.s3.amazonaws.com/x",
        "file:///etc/passwd",
        "no address",
    ] {
        let world = world().await;
        let made = json!({ "feedDocumentId": "doc-1", "url": url });
        world.answers("POST", DOCUMENTS, ACCESS, ResponseTemplate::new(201).set_body_json(&made), 1).await;
        let error = upload(&world).await.unwrap_err();
        assert_eq!(error.failure, retryable(Reached::No, None), "{url}");
        assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");

        let found = ResponseTemplate::new(200).set_body_json(&made);
        world.answers("GET", &format!("{DOCUMENTS}/doc-2"), ACCESS, found, 1).await;
        let error = Amazon.report(world.reach(), &world.connection, "doc-2").await.unwrap_err();
        assert!(matches!(error.failure, Failure::Retryable { .. }), "{url}");
        assert_eq!(world.server.received_requests().await.unwrap().len(), 2, "{url}");
    }
}

#[tokio::test]
async fn whatever_happens_while_a_document_is_laid_down_may_be_repeated() {
    for (status, after) in [(403, None), (404, None), (500, None), (503, Some(3))] {
        let world = world().await;
        let made = ResponseTemplate::new(201).set_body_json(document(&world, SIGNED));
        world.answers("POST", DOCUMENTS, ACCESS, made, 1).await;
        let mut answer = ResponseTemplate::new(status).set_body_string("<Error>SIGNATURESECRET</Error>");
        if let Some(seconds) = after {
            answer = answer.insert_header("retry-after", seconds.to_string().as_str());
        }
        Mock::given(method("PUT")).respond_with(answer).expect(1).mount(&world.server).await;
        let error = upload(&world).await.unwrap_err();
        let want = if status == 404 { Failure::NotFound } else { retryable(Reached::No, after) };
        assert_eq!(error.failure, want, "{status}");
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
    }
    for answer in [
        ResponseTemplate::new(500),
        ResponseTemplate::new(201).set_body_raw("<html>", "text/html"),
        ResponseTemplate::new(201).set_body_json(json!({ "feedDocumentId": "doc-1" })),
    ] {
        let world = world().await;
        world.answers("POST", DOCUMENTS, ACCESS, answer, 1).await;
        assert_eq!(upload(&world).await.unwrap_err().failure, retryable(Reached::No, None));
    }
}

#[tokio::test]
async fn a_feed_is_asked_for_with_its_kind_and_its_orders_marketplaces() {
    let world = world().await;
    let made = ResponseTemplate::new(202).set_body_json(json!({ "feedId": "50001" }));
    world.answers("POST", FEEDS, ACCESS, made, 1).await;
    assert_eq!(submit(&world).await.unwrap().value, "50001");
    let sent: Value = world.server.received_requests().await.unwrap()[0].body_json().unwrap();
    assert_eq!(
        sent,
        json!({
            "feedType": "POST_ORDER_FULFILLMENT_DATA",
            "marketplaceIds": ["ATVPDKIKX0DER"],
            "inputFeedDocumentId": "doc-1",
        })
    );
}

#[tokio::test]
async fn only_an_unanswered_call_leaves_doubt_whether_there_is_a_feed() {
    let html = |status: u16| ResponseTemplate::new(status).set_body_raw("<html>no</html>", "text/html");
    for (name, answer, want) in [
        (
            "bad input",
            refusal(400, "InvalidInput", "no", ""),
            Failure::Rejected { code: "InvalidInput".into() },
        ),
        ("throttled", refusal(429, "QuotaExceeded", "slow", ""), Failure::Throttled { after: None }),
        ("an old token", refusal(403, "Unauthorized", "denied", ""), retryable(Reached::No, Some(1))),
        ("internal", refusal(500, "InternalFailure", "oops", ""), retryable(Reached::Maybe, None)),
        ("gateway", html(504), retryable(Reached::Maybe, None)),
        ("HTML", html(202), retryable(Reached::Maybe, None)),
        ("empty", ResponseTemplate::new(202), retryable(Reached::Maybe, None)),
        ("no id", ResponseTemplate::new(202).set_body_json(json!({})), retryable(Reached::Maybe, None)),
    ] {
        let world = world().await;
        world.answers("POST", FEEDS, ACCESS, answer, 1).await;
        let error = submit(&world).await.unwrap_err();
        assert_eq!((error.failure, error.operation), (want, "createFeed"), "{name}");
    }
}

#[tokio::test]
async fn every_status_of_a_feed_is_read_and_a_new_one_is_no_end() {
    let report = Some("doc-2".to_owned());
    for (status, want) in [
        ("IN_QUEUE", BulkProgress::Underway),
        ("IN_PROGRESS", BulkProgress::Underway),
        ("SOMETHING_NEW", BulkProgress::Underway),
        ("DONE", BulkProgress::Done { report: report.clone() }),
        ("FATAL", BulkProgress::Broken { report }),
        ("CANCELLED", BulkProgress::Cancelled),
    ] {
        let world = world().await;
        let feed = json!({ "feedId": "50001", "processingStatus": status, "resultFeedDocumentId": "doc-2" });
        let answer = ResponseTemplate::new(200).set_body_json(feed);
        world.answers("GET", &format!("{FEEDS}/50001"), ACCESS, answer, 1).await;
        let progress = Amazon.progress(world.reach(), &world.connection, "50001").await.unwrap().value;
        assert_eq!(progress, want, "{status}");
    }
}

const REPORT: &str = "<AmazonEnvelope><Message><ProcessingReport><StatusCode>Complete</StatusCode><ProcessingSummary>\
    <MessagesProcessed>2</MessagesProcessed><MessagesSuccessful>1</MessagesSuccessful></ProcessingSummary><Result>\
    <MessageID>2</MessageID><ResultCode>Error</ResultCode><ResultMessageCode>18028</ResultMessageCode>\
    <ResultDescription>no</ResultDescription></Result></ProcessingReport></Message></AmazonEnvelope>";

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_report_is_read_packed_or_not() {
    for (bytes, said) in [
        (REPORT.as_bytes().to_vec(), false),
        (packed(REPORT.as_bytes()), true),
        (packed(REPORT.as_bytes()), false),
    ] {
        let world = world().await;
        let report = report(&world, bytes, said).await.unwrap();
        assert_eq!((report.processed, report.successful, report.refused.len()), (2, 1, 1));
        let requests = world.server.received_requests().await.unwrap();
        assert!(requests[1].headers.get("x-amz-access-token").is_none());
    }
}

#[tokio::test]
async fn a_report_that_is_none_or_too_large_is_an_error() {
    let bomb = packed(&vec![b' '; 33 * 1024 * 1024]);
    assert!(bomb.len() < 1024 * 1024);
    for (bytes, said, words) in [
        (bomb, true, "larger than"),
        (b"not packed".to_vec(), true, "unpacked"),
        (packed(REPORT.as_bytes())[..40].to_vec(), true, "unpacked"),
        (b"<html>wait</html>".to_vec(), false, "no processing report"),
        (Vec::new(), false, "no processing report"),
    ] {
        let world = world().await;
        let error = report(&world, bytes, said).await.unwrap_err();
        assert!(error.detail.contains(words), "{words}: {error}");
        assert!(matches!(error.failure, Failure::Retryable { .. }), "{words}");
    }
}

#[tokio::test]
async fn the_list_is_asked_for_by_kind_and_time_and_a_feed_that_cannot_be_read_spoils_it() {
    let since = "2026-11-21T11:50:00.5Z".parse().unwrap();
    let feed = json!({ "feedId": "1", "feedType": "POST_ORDER_FULFILLMENT_DATA", "createdTime": "2026-11-21T11:55:00+00:00", "processingStatus": "DONE" });
    for (rows, want) in [
        (json!([feed]), Some(1)),
        (
            json!([{ "feedId": "2", "feedType": "OTHER", "createdTime": "2026-11-21T11:55:00Z" }, feed]),
            Some(1),
        ),
        (
            json!([{ "feedId": "3", "feedType": "POST_ORDER_FULFILLMENT_DATA", "createdTime": "2026-11-21T11:00:00Z" }]),
            Some(0),
        ),
        (json!([]), Some(0)),
        (json!([feed, { "feedId": "4" }]), None),
        (json!(["x"]), None),
    ] {
        let world = world().await;
        Mock::given(method("GET"))
            .and(path(FEEDS))
            .and(query_param("feedTypes", "POST_ORDER_FULFILLMENT_DATA"))
            .and(query_param("createdSince", "2026-11-21T11:50:00Z"))
            .and(query_param("pageSize", "100"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "feeds": rows })))
            .expect(1)
            .mount(&world.server)
            .await;
        let listed = Amazon.listed(world.reach(), &world.connection, &one(), since).await;
        assert_eq!(listed.as_ref().ok().map(|answer| answer.value.len()), want, "{rows}");
    }
}

#[tokio::test]
async fn without_a_seller_id_nothing_is_sent_and_every_parcel_says_why() {
    let world = World::new().await;
    assert!(Amazon.serves(&world.connection).unwrap_err().contains("seller_id"));
    assert!(Amazon.unfit(&world.connection, &confirmation()).unwrap().contains("seller_id"));
    assert_eq!(upload(&world).await.unwrap_err().failure, Failure::Rejected { code: "NotSent".into() });
    assert!(world.server.received_requests().await.unwrap().is_empty());
    let with = self::world().await;
    assert_eq!(Amazon.unfit(&with.connection, &confirmation()), None);
}

#[tokio::test]
async fn f27_feeds_spend_their_own_limits() {
    use connector_api::Marketplace as _;
    let published: Vec<&str> = Amazon.traits().limits.iter().map(|limit| limit.operation).collect();
    let spends = Amazon.spends();
    for spent in [spends.upload, spends.submit, spends.progress, spends.report, spends.listed] {
        assert!(!spent.is_empty() && spent.iter().all(|one| published.contains(one)), "{spent:?}");
    }
}
