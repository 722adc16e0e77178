//! Feeds: the connector against the stand-in, and the stand-in's own strictness.

use std::time::Duration;

use connector_amazon::Amazon;
use connector_api::{
    Bulk as _, BulkContent, BulkProgress, BulkReport, Cancellation, ChannelError, Failure, Reached, Refund,
    RefundLine,
};
use domain::confirmation::{Carriage, CarrierCode, Confirmation};
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId};
use domain::marketplace_order::OrderStatus;
use domain::money::Money;
use http::Request;
use sandbox::Standin as _;
use sandbox::amazon::{By, FeedEnd, FeedPlan, FeedReport, RefusedMessage, Settings};
use sandbox::faults::Fault;
use serde_json::json;

use crate::common::*;
use crate::contract::{Direct, answer, body};

fn id(n: u32) -> String {
    format!("702-000010{n}-0000001")
}

fn item(n: u32) -> OrderLineId {
    OrderLineId::try_from(format!("702000010{n}000000101")).unwrap()
}

fn parcel(n: u32) -> Confirmation {
    let mut one = confirmation(421_000_000 + n, 2);
    one.order = MarketplaceOrderId::try_from(id(n)).unwrap();
    one.lines = [(item(n), 2)].into();
    let usps = CarrierCode { code: "USPS".to_owned(), name: None };
    one.tracking = Some(tracking(usps, &format!("94001000000000000000{n:02}")));
    one
}

/// A world with the orders 1 to `most`, each of them in a feed.
async fn with(most: u32) -> (World, BulkContent) {
    let world = World::new().await;
    for n in 1..=most {
        world.sandbox().add_order(start(), order(&id(n))).unwrap();
    }
    (world, BulkContent::Confirmations((1..=most).map(parcel).collect()))
}

struct Feeds<'a>(&'a World, &'static str);

impl Feeds<'_> {
    async fn upload(&self, content: &BulkContent) -> Result<String, ChannelError> {
        let connection = connection(&self.0.address, self.1);
        Amazon.upload(self.0.reach(), &connection, content).await.map(|answer| answer.value)
    }

    async fn submit(&self, content: &BulkContent) -> Result<String, ChannelError> {
        let document = self.upload(content).await?;
        let connection = connection(&self.0.address, self.1);
        Amazon.submit(self.0.reach(), &connection, content, &document).await.map(|answer| answer.value)
    }

    async fn progress(&self, feed: &str) -> Result<BulkProgress, ChannelError> {
        let connection = connection(&self.0.address, self.1);
        Amazon.progress(self.0.reach(), &connection, feed).await.map(|answer| answer.value)
    }

    async fn report(&self, document: &str) -> Result<BulkReport, ChannelError> {
        let connection = connection(&self.0.address, self.1);
        Amazon.report(self.0.reach(), &connection, document).await.map(|answer| answer.value)
    }

    async fn listed(&self, content: &BulkContent) -> Vec<String> {
        let connection = connection(&self.0.address, self.1);
        let listed = Amazon.listed(self.0.reach(), &connection, content, start()).await.unwrap();
        listed.value.into_iter().map(|feed| feed.id).collect()
    }

    /// From the document to the report.
    async fn through(&self, content: &BulkContent) -> BulkReport {
        let feed = self.submit(content).await.unwrap();
        assert_eq!(self.progress(&feed).await.unwrap(), BulkProgress::Underway);
        self.0.later(60);
        let BulkProgress::Done { report: Some(report) } = self.progress(&feed).await.unwrap() else {
            panic!("it is not done")
        };
        self.report(&report).await.unwrap()
    }
}

#[tokio::test]
async fn a_feed_confirms_what_it_holds_and_its_report_names_what_was_refused() {
    for gzip in [false, true] {
        let (world, content) = with(3).await;
        let refused = RefusedMessage { message: 2, code: "18028".to_owned(), words: "a < b & c".to_owned() };
        world.sandbox().plan_feed(FeedPlan { refuse: vec![refused], gzip, ..FeedPlan::default() });
        let report = Feeds(&world, "ann").through(&content).await;
        assert_eq!((report.processed, report.successful), (3, 2));
        assert_eq!(report.refused, [(2, "18028".to_owned(), "a < b & c".to_owned())]);
        let record = world.sandbox().record();
        let done: Vec<_> =
            record.packages.iter().map(|p| (p.order.as_str(), p.reference.as_str(), p.by)).collect();
        assert_eq!(
            done,
            [(id(1).as_str(), "1", By::Feed), (id(3).as_str(), "1", By::Feed)],
            "Amazon's references"
        );
        assert_eq!((record.leaks, record.effects.len()), (0, 2), "no token goes to the storage");
    }
}

#[tokio::test]
async fn five_thousand_parcels_are_one_feed_and_each_refused_line_is_told() {
    let world = World::new().await;
    let mut all = Vec::new();
    for n in 0..5_000u32 {
        let id = format!("703-{n:07}-0000001");
        world.sandbox().add_order(start(), order(&id)).unwrap();
        let mut one = confirmation(421_000_001 + n, 2);
        one.order = MarketplaceOrderId::try_from(id.as_str()).unwrap();
        one.lines = [(OrderLineId::try_from(format!("703{n:07}000000101")).unwrap(), 2)].into();
        all.push(one);
    }
    let refuse = [7, 2_500, 5_000].map(|message| RefusedMessage {
        message,
        code: "18028".to_owned(),
        words: "no".to_owned(),
    });
    world.sandbox().plan_feed(FeedPlan { refuse: refuse.into(), gzip: true, ..FeedPlan::default() });
    let report = Feeds(&world, "ann").through(&BulkContent::Confirmations(all)).await;
    assert_eq!((report.processed, report.successful), (5_000, 4_997));
    assert_eq!(report.refused.iter().map(|(n, ..)| *n).collect::<Vec<_>>(), [7, 2_500, 5_000]);
    assert_eq!(world.sandbox().record().effects.len(), 4_997);
}

#[tokio::test]
async fn f8_a_parcel_without_a_number_goes_by_feed() {
    let (world, _) = with(1).await;
    let mut letter = parcel(1);
    letter.tracking = None;
    let carrier = CarrierCode { code: "Other".to_owned(), name: Some("Smith & Sons".to_owned()) };
    letter.untracked = Some(Carriage { carrier, service: Some("Letter".to_owned()) });
    let report = Feeds(&world, "ann").through(&BulkContent::Confirmations(vec![letter])).await;
    assert_eq!((report.successful, report.refused.len()), (1, 0), "{report:?}");
    let packages = world.sandbox().record().packages;
    let content = &packages.first().unwrap().content;
    assert_eq!(
        (content.tracking_number.as_str(), content.carrier_name.as_deref()),
        ("", Some("Smith & Sons"))
    );
}

#[tokio::test]
async fn what_the_orders_do_not_allow_is_refused_line_by_line() {
    let (world, _) = with(2).await;
    world.confirm(&confirmation(421_000_001, 2)).await.unwrap();
    let mut too_many = parcel(2);
    too_many.lines.values_mut().for_each(|units| *units = 3);
    let mut gone = parcel(3);
    gone.ship_date = start() - Duration::from_secs(60);
    let shipped = confirmation(421_000_009, 2);
    let content = BulkContent::Confirmations(vec![parcel(1), too_many, gone, shipped]);
    let report = Feeds(&world, "ann").through(&content).await;
    assert_eq!((report.processed, report.successful), (4, 1), "{report:?}");
    assert_eq!(report.refused.iter().map(|(n, ..)| *n).collect::<Vec<_>>(), [2, 3, 4]);
}

#[tokio::test]
async fn a_lost_answer_leaves_doubt_and_the_list_shows_the_one_feed() {
    let (world, content) = with(2).await;
    let feeds = Feeds(&world, "ann");
    world.fault("createFeed", Fault::LoseAnswer);
    let maybe = Failure::Retryable { reached: Reached::Maybe, after: None };
    assert_eq!(feeds.submit(&content).await.unwrap_err().failure, maybe);
    assert_eq!(feeds.listed(&content).await, ["50000"]);
    let refunds = BulkContent::Refunds(vec![]);
    assert!(feeds.listed(&refunds).await.is_empty(), "feeds of another kind are not listed");

    let (world, content) = with(2).await;
    let feeds = Feeds(&world, "ann");
    feeds.upload(&content).await.unwrap();
    world.fault("createFeed", Fault::CutBefore);
    assert_eq!(feeds.submit(&content).await.unwrap_err().failure, maybe);
    assert!(feeds.listed(&content).await.is_empty());
}

#[tokio::test]
async fn many_feeds_are_listed_over_pages_newest_first() {
    let (world, content) = with(1).await;
    let feeds = Feeds(&world, "ann");
    for _ in 0..105 {
        feeds.submit(&content).await.unwrap();
        world.later(1);
    }
    let listed = feeds.listed(&content).await;
    assert_eq!((listed.len(), listed.first().map(String::as_str)), (105, Some("50104")));
    assert_eq!(world.sandbox().record().calls.get("getFeeds"), Some(&2));
}

#[tokio::test]
async fn f40_every_end_of_a_feed_is_told_apart() {
    let document = |report: &BulkProgress| match report {
        BulkProgress::Done { report } | BulkProgress::Broken { report } => report.clone(),
        BulkProgress::Underway | BulkProgress::Cancelled => None,
    };
    for (end, report, want) in [
        (FeedEnd::Stuck, FeedReport::Whole, "underway"),
        (FeedEnd::Cancelled, FeedReport::Whole, "cancelled"),
        (FeedEnd::Done, FeedReport::None, "done"),
        (FeedEnd::Fatal, FeedReport::Whole, "broken"),
        (FeedEnd::Fatal, FeedReport::None, "broken"),
    ] {
        let (world, content) = with(4).await;
        let feeds = Feeds(&world, "ann");
        world.sandbox().plan_feed(FeedPlan { end, report, ..FeedPlan::default() });
        let feed = feeds.submit(&content).await.unwrap();
        world.later(3600);
        let progress = feeds.progress(&feed).await.unwrap();
        let got = match progress {
            BulkProgress::Underway => "underway",
            BulkProgress::Cancelled => "cancelled",
            BulkProgress::Done { .. } => "done",
            BulkProgress::Broken { .. } => "broken",
        };
        assert_eq!(got, want, "{end:?}");
        let applied = if end == FeedEnd::Done {
            4
        } else if end == FeedEnd::Fatal {
            2
        } else {
            0
        };
        assert_eq!(world.sandbox().record().effects.len(), applied, "{end:?}");
        let whole = report == FeedReport::Whole && end == FeedEnd::Fatal;
        assert_eq!(document(&progress).is_some(), whole, "{end:?}");
        if let Some(report) = document(&progress) {
            assert_eq!(feeds.report(&report).await.unwrap().processed, 2, "half of it");
        }
    }
}

#[tokio::test]
async fn a_report_that_is_not_there_or_none_is_an_error() {
    let again = Failure::Retryable { reached: Reached::Maybe, after: None };
    for (report, want) in [(FeedReport::Gone, Failure::NotFound), (FeedReport::Garbage, again)] {
        let (world, content) = with(1).await;
        let feeds = Feeds(&world, "ann");
        world.sandbox().plan_feed(FeedPlan { report, ..FeedPlan::default() });
        let feed = feeds.submit(&content).await.unwrap();
        world.later(60);
        let BulkProgress::Done { report: Some(document) } = feeds.progress(&feed).await.unwrap() else {
            panic!("done");
        };
        assert_eq!(feeds.report(&document).await.unwrap_err().failure, want, "{report:?}");
    }
}

#[tokio::test]
async fn a_report_may_leave_messages_out() {
    let (world, content) = with(3).await;
    world.sandbox().plan_feed(FeedPlan { leave_out: vec![2], ..FeedPlan::default() });
    let report = Feeds(&world, "ann").through(&content).await;
    assert_eq!((report.processed, report.successful, report.refused.len()), (2, 2, 0));
}

#[tokio::test]
async fn sellers_have_feeds_of_their_own() {
    let (world, content) = with(1).await;
    let mut theirs = order(&id(7));
    theirs.seller = "bob".to_owned();
    world.sandbox().add_order(start(), theirs).unwrap();
    let feed = Feeds(&world, "ann").submit(&content).await.unwrap();
    let bob = Feeds(&world, "bob");
    assert_eq!(bob.progress(&feed).await.unwrap_err().failure, Failure::NotFound);
    assert!(bob.listed(&content).await.is_empty());
    // Another seller's order in it is refused, and nothing else of it.
    let mixed = BulkContent::Confirmations(vec![parcel(1), parcel(7)]);
    let report = bob.through(&mixed).await;
    assert_eq!(report.refused.iter().map(|(n, ..)| *n).collect::<Vec<_>>(), [1], "{report:?}");
}

#[tokio::test]
async fn f42_orders_are_cancelled_and_refunded_by_feed_and_never_beyond_what_was_paid() {
    let (world, _) = with(2).await;
    let marketplace = MarketplaceId::try_from(MARKETPLACE).unwrap();
    let cancel = |n| Cancellation {
        order: id(n).as_str().try_into().unwrap(),
        marketplace: marketplace.clone(),
        lines: vec![item(n)],
        buyer_asked: true,
    };
    let feeds = Feeds(&world, "ann");
    world.confirm(&confirmation(421_000_001, 2)).await.unwrap();
    let shipped = Cancellation {
        order: ORDER.try_into().unwrap(),
        marketplace: marketplace.clone(),
        lines: vec![ITEM.try_into().unwrap()],
        buyer_asked: false,
    };
    let report = feeds.through(&BulkContent::Cancellations(vec![cancel(1), shipped])).await;
    assert_eq!(report.refused.iter().map(|(n, ..)| *n).collect::<Vec<_>>(), [2], "{report:?}");
    assert_eq!(feeds.listed(&BulkContent::Cancellations(Vec::new())).await.len(), 1);
    let connection = connection(&world.address, "ann");
    let read =
        connector_api::Marketplace::read_order(&Amazon, world.reach(), &connection, &cancel(1).order).await;
    assert_eq!(read.unwrap().value.status, OrderStatus::Cancelled);

    world.sandbox().set_prices(ORDER, "USD", &[(ITEM.to_owned(), "9.50".to_owned())].into()).unwrap();
    let refund = |id: &str, amount: &str| Refund {
        order: ORDER.try_into().unwrap(),
        marketplace: marketplace.clone(),
        id: id.to_owned(),
        lines: vec![RefundLine {
            line: ITEM.try_into().unwrap(),
            principal: Money { amount: amount.parse().unwrap(), currency: "USD".to_owned() },
        }],
    };
    let content = BulkContent::Refunds(vec![refund("r-1", "10"), refund("r-2", "9.01")]);
    let report = feeds.through(&content).await;
    assert_eq!((report.successful, report.refused.first().map(|(n, ..)| *n)), (1, Some(2)), "{report:?}");
    let refunds = world.sandbox().record().refunds;
    assert_eq!(
        refunds.iter().map(|r| (r.id.as_str(), r.amount.as_str())).collect::<Vec<_>>(),
        [("r-1", "10.00")]
    );
}

#[tokio::test]
async fn limits_of_feeds_are_those_published() {
    let (world, content) = with(1).await;
    world.sandbox().set_settings(Settings { limits: true, ..Settings::default() });
    let feeds = Feeds(&world, "ann");
    for _ in 0..15 {
        feeds.submit(&content).await.unwrap();
        world.later(2);
    }
    assert_eq!(feeds.submit(&content).await.unwrap_err().failure, Failure::Throttled { after: None });
}

fn post(direct: &mut Direct, path: &str, sent: &serde_json::Value) -> (u16, serde_json::Value) {
    let response = direct.call("POST", path, serde_json::to_vec(sent).unwrap());
    (response.status().as_u16(), body(&response))
}

fn put(direct: &mut Direct, url: &str, kind: &str, token: bool, bytes: &str) -> u16 {
    let path = url.split_once("sandbox.invalid").map_or(url, |(_, path)| path);
    let mut request = Request::put(path).header("content-type", kind);
    if token {
        request = request.header("x-amz-access-token", "x");
    }
    let request = request.body(bytes.as_bytes().to_vec()).unwrap();
    answer(direct.sandbox.handle(start(), &request)).status().as_u16()
}

/// The first line of the report of a feed with this document.
fn outcome(document: &str) -> String {
    const XML: &str = "text/xml; charset=UTF-8";
    let mut direct = Direct::new(vec![order(ORDER)]);
    direct.sandbox.set_settings(Settings { feed_seconds: 0, ..Settings::default() });
    let (_, made) = post(&mut direct, "/feeds/2021-06-30/documents", &json!({ "contentType": XML }));
    let (id, url) = (made["feedDocumentId"].as_str().unwrap(), made["url"].as_str().unwrap());
    assert_eq!(put(&mut direct, url, XML, false, document), 200);
    let asked = json!({ "feedType": "POST_ORDER_FULFILLMENT_DATA", "marketplaceIds": [MARKETPLACE], "inputFeedDocumentId": id });
    let (status, made) = post(&mut direct, "/feeds/2021-06-30/feeds", &asked);
    assert_eq!(status, 202, "{made}");
    let feed = body(&direct.get(&format!("/feeds/2021-06-30/feeds/{}", made["feedId"].as_str().unwrap())));
    let result = feed["resultFeedDocumentId"].as_str().unwrap();
    let place = body(&direct.get(&format!("/feeds/2021-06-30/documents/{result}")));
    let url = place["url"].as_str().unwrap();
    let path = url.split_once("sandbox.invalid").unwrap().1;
    let request = Request::get(path).body(Vec::new()).unwrap();
    String::from_utf8(answer(direct.sandbox.handle(start(), &request)).into_body()).unwrap()
}

#[test]
fn f38_f39_documents_that_amazon_would_refuse_are_refused() {
    let good = format!(
        "<AmazonEnvelope><Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>{}</MerchantIdentifier>\
         </Header><MessageType>OrderFulfillment</MessageType><Message><MessageID>1</MessageID>\
         <OrderFulfillment><AmazonOrderID>{ORDER}</AmazonOrderID><FulfillmentDate>2026-11-21T11:00:00Z</FulfillmentDate>\
         <FulfillmentData><CarrierCode>UPS</CarrierCode></FulfillmentData>\
         <Item><AmazonOrderItemCode>{ITEM}</AmazonOrderItemCode><Quantity>2</Quantity></Item></OrderFulfillment>\
         </Message></AmazonEnvelope>",
        sandbox::amazon::seller_id("ann")
    );
    assert!(outcome(&good).contains("<MessagesSuccessful>1</MessagesSuccessful>"), "{}", outcome(&good));
    for (what, from, to) in [
        ("no envelope", "AmazonEnvelope", "OrderFulfillment"),
        (
            "the feed's type as message type",
            "<MessageType>OrderFulfillment",
            "<MessageType>POST_ORDER_FULFILLMENT_DATA",
        ),
        ("another seller", "<MerchantIdentifier>A", "<MerchantIdentifier>B"),
        ("no number", "<MessageID>1", "<MessageID>0"),
        (
            "elements in another order",
            "<CarrierCode>UPS</CarrierCode>",
            "<ShippingMethod>x</ShippingMethod><CarrierCode>UPS</CarrierCode>",
        ),
        ("not closed", "</AmazonEnvelope>", ""),
    ] {
        let said = outcome(&good.replace(from, to));
        assert!(said.contains("unable to process the XML feed"), "{what}: {said}");
    }
    for (what, from, to) in [
        ("no such order", ORDER, "702-0000009-0000009"),
        ("no such item", ITEM, "1"),
        ("no carrier", "<CarrierCode>UPS</CarrierCode>", ""),
        ("no units", "<Quantity>2", "<Quantity>0"),
        ("the future", "2026-11-21T11", "2026-11-22T11"),
    ] {
        let said = outcome(&good.replace(from, to));
        assert!(said.contains("<MessageID>1</MessageID><ResultCode>Error"), "{what}: {said}");
    }
}

#[test]
fn what_a_feed_is_asked_for_with_is_checked() {
    const XML: &str = "text/xml; charset=UTF-8";
    let mut direct = Direct::new(vec![order(ORDER)]);
    let (status, made) = post(&mut direct, "/feeds/2021-06-30/documents", &json!({ "contentType": XML }));
    assert_eq!(status, 201);
    let (id, url) = (made["feedDocumentId"].as_str().unwrap(), made["url"].as_str().unwrap());
    let asked = |kind: &str, marketplaces: serde_json::Value, id: &str| json!({ "feedType": kind, "marketplaceIds": marketplaces, "inputFeedDocumentId": id });
    let kind = "POST_ORDER_FULFILLMENT_DATA";
    let feeds = "/feeds/2021-06-30/feeds";
    assert_eq!(
        post(&mut direct, feeds, &asked(kind, json!([MARKETPLACE]), id)).0,
        400,
        "nothing was uploaded"
    );
    assert_eq!(put(&mut direct, url, "text/plain", false, "x"), 403, "another content type");
    assert_eq!(put(&mut direct, url, XML, true, "x"), 400, "a token");
    assert_eq!(put(&mut direct, &url.replace("signature-1", "signature-2"), XML, false, "x"), 403);
    assert_eq!(direct.sandbox.record().leaks, 1);
    assert_eq!(put(&mut direct, url, XML, false, "x"), 200);
    assert_eq!(post(&mut direct, feeds, &asked("POST_PRODUCT_DATA", json!([MARKETPLACE]), id)).0, 400);
    assert_eq!(post(&mut direct, feeds, &asked(kind, json!([]), id)).0, 400);
    assert_eq!(post(&mut direct, feeds, &asked(kind, json!([MARKETPLACE]), "other")).0, 400);
    assert_eq!(post(&mut direct, feeds, &asked(kind, json!([MARKETPLACE]), id)).0, 202);
    assert_eq!(direct.get("/feeds/2021-06-30/feeds").status(), 400, "no kinds are named");
    assert_eq!(direct.get("/feeds/2021-06-30/feeds/1").status(), 404);
}
