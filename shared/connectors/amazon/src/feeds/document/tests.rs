use std::collections::BTreeMap;

use connector_api::{Cancellation, Refund, RefundLine};
use domain::confirmation::{Carriage, CarrierCode, Tracking};
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId};
use domain::money::Money;
use domain::tracking::TrackingNumber;

use super::*;

const SELLER: &str = "A3TH9S8BH6GOGM";

fn confirmation() -> Confirmation {
    Confirmation {
        order: MarketplaceOrderId::try_from("702-0000001-0000001").unwrap(),
        marketplace: MarketplaceId::try_from("A1PA6795UKMFR9").unwrap(),
        reference: "421000001".into(),
        told_as: None,
        tracking: Some(Tracking {
            carrier: CarrierCode { code: "UPS".into(), name: Some("United Parcel".into()) },
            service: Some("Ground".into()),
            number: TrackingNumber::try_from("1Z999AA10123456784").unwrap(),
        }),
        untracked: None,
        ship_date: "2026-11-20T18:00:00.987654321Z".parse().unwrap(),
        lines: BTreeMap::from([(line("70100000010001"), 2), (line("70100000010002"), 1)]),
    }
}

fn line(id: &str) -> OrderLineId {
    OrderLineId::try_from(id).unwrap()
}

fn text(content: &BulkContent) -> String {
    String::from_utf8(write(SELLER, content).unwrap()).unwrap()
}

/// Without white space between elements, as it is written.
fn flat(xml: &str) -> String {
    xml.lines().map(str::trim).collect()
}

#[test]
fn f39_a_fulfillment_feed_has_its_envelope_its_message_type_and_its_elements_in_order() {
    let mut untracked = confirmation();
    untracked.tracking = None;
    untracked.untracked = Some(Carriage {
        carrier: CarrierCode { code: "other".into(), name: Some(" Smith & Sons <post> ".into()) },
        service: Some("Letter".into()),
    });
    let want = r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">
        <Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>A3TH9S8BH6GOGM</MerchantIdentifier></Header>
        <MessageType>OrderFulfillment</MessageType>
        <Message><MessageID>1</MessageID><OperationType>Update</OperationType><OrderFulfillment>
        <AmazonOrderID>702-0000001-0000001</AmazonOrderID><FulfillmentDate>2026-11-20T18:00:00Z</FulfillmentDate>
        <FulfillmentData><CarrierCode>UPS</CarrierCode><ShippingMethod>Ground</ShippingMethod>
        <ShipperTrackingNumber>1Z999AA10123456784</ShipperTrackingNumber></FulfillmentData>
        <Item><AmazonOrderItemCode>70100000010001</AmazonOrderItemCode><Quantity>2</Quantity></Item>
        <Item><AmazonOrderItemCode>70100000010002</AmazonOrderItemCode><Quantity>1</Quantity></Item>
        </OrderFulfillment></Message>
        <Message><MessageID>2</MessageID><OperationType>Update</OperationType><OrderFulfillment>
        <AmazonOrderID>702-0000001-0000001</AmazonOrderID><FulfillmentDate>2026-11-20T18:00:00Z</FulfillmentDate>
        <FulfillmentData><CarrierCode>Other</CarrierCode><CarrierName>Smith &amp; Sons &lt;post&gt;</CarrierName>
        <ShippingMethod>Letter</ShippingMethod></FulfillmentData>
        <Item><AmazonOrderItemCode>70100000010001</AmazonOrderItemCode><Quantity>2</Quantity></Item>
        <Item><AmazonOrderItemCode>70100000010002</AmazonOrderItemCode><Quantity>1</Quantity></Item>
        </OrderFulfillment></Message></AmazonEnvelope>"#;
    let got = text(&BulkContent::Confirmations(vec![confirmation(), untracked]));
    assert_eq!(got, flat(want));
}

#[test]
fn f42_a_cancellation_is_an_acknowledgement_of_failure() {
    let cancellation = |buyer_asked| Cancellation {
        order: MarketplaceOrderId::try_from("702-0000001-0000001").unwrap(),
        marketplace: MarketplaceId::try_from("A1PA6795UKMFR9").unwrap(),
        lines: vec![line("70100000010001")],
        buyer_asked,
    };
    let got = text(&BulkContent::Cancellations(vec![cancellation(true), cancellation(false)]));
    assert!(got.contains("<MessageType>OrderAcknowledgement</MessageType>"), "{got}");
    for reason in ["BuyerCanceled", "NoInventory"] {
        let want = format!(
            "<OrderAcknowledgement><AmazonOrderID>702-0000001-0000001</AmazonOrderID><StatusCode>Failure</StatusCode>\
             <Item><AmazonOrderItemCode>70100000010001</AmazonOrderItemCode><CancelReason>{reason}</CancelReason></Item>\
             </OrderAcknowledgement>"
        );
        assert!(got.contains(&want), "{got}");
    }
}

fn refund(amount: &str, currency: &str) -> Refund {
    Refund {
        order: MarketplaceOrderId::try_from("702-0000001-0000001").unwrap(),
        marketplace: MarketplaceId::try_from("A1PA6795UKMFR9").unwrap(),
        id: "kiln-7".into(),
        lines: vec![RefundLine {
            line: line("70100000010001"),
            principal: Money { amount: amount.parse().unwrap(), currency: currency.into() },
        }],
    }
}

#[test]
fn f42_a_refund_has_its_component_wrapper_and_yen_are_not_split() {
    let got = text(&BulkContent::Refunds(vec![refund("12.5", "EUR"), refund("1200", "JPY")]));
    assert!(got.contains("<MessageType>OrderAdjustment</MessageType>"), "{got}");
    let want = |amount: &str, currency: &str| {
        format!(
            "<OrderAdjustment><AmazonOrderID>702-0000001-0000001</AmazonOrderID><ActionType>Refund</ActionType>\
             <AdjustedItem><AmazonOrderItemCode>70100000010001</AmazonOrderItemCode>\
             <MerchantAdjustmentItemID>kiln-7</MerchantAdjustmentItemID>\
             <AdjustmentReason>GeneralAdjustment</AdjustmentReason><ItemPriceAdjustments><Component>\
             <Type>Principal</Type><Amount currency=\"{currency}\">{amount}</Amount></Component>\
             </ItemPriceAdjustments></AdjustedItem></OrderAdjustment>"
        )
    };
    assert!(got.contains(&want("12.50", "EUR")) && got.contains(&want("1200", "JPY")), "{got}");
    for (amount, currency) in
        [("0", "EUR"), ("-1", "EUR"), ("1.005", "EUR"), ("1.5", "JPY"), ("1", "eur"), ("1", "")]
    {
        let content = BulkContent::Refunds(vec![refund(amount, currency)]);
        assert!(write(SELLER, &content).is_err(), "{amount} {currency}");
    }
    let nameless = Refund { id: "a b".into(), ..refund("1", "EUR") };
    assert!(write(SELLER, &BulkContent::Refunds(vec![nameless])).is_err());
}

#[test]
fn f38_what_would_have_the_whole_feed_refused_is_left_out() {
    let with = |change: &dyn Fn(&mut Confirmation)| {
        let mut one = confirmation();
        change(&mut one);
        one
    };
    fn tracking(one: &mut Confirmation) -> &mut Tracking {
        one.tracking.as_mut().unwrap()
    }
    let long = "x".repeat(51);
    let cases: [(&str, Confirmation); 15] = [
        ("none of Amazon's", with(&|c| c.order = "12345".try_into().unwrap())),
        ("no marketplace", with(&|c| c.marketplace = "NON_AMAZON".try_into().unwrap())),
        ("carrier code is empty", with(&|c| tracking(c).carrier.code = " ".into())),
        ("51 characters", with(&|c| tracking(c).carrier.code = long.clone())),
        (
            "needs the carrier's name",
            with(&|c| tracking(c).carrier = CarrierCode { code: "Other".into(), name: None }),
        ),
        (
            "51 characters",
            with(&|c| tracking(c).carrier = CarrierCode { code: "Other".into(), name: Some(long.clone()) }),
        ),
        ("51 characters", with(&|c| tracking(c).service = Some(long.clone()))),
        ("does not take", with(&|c| tracking(c).service = Some("Next\u{1}day".into()))),
        ("does not take", with(&|c| tracking(c).service = Some("Next\u{fffe}day".into()))),
        ("does not take", with(&|c| tracking(c).number = "1Zé".try_into().unwrap())),
        ("who carries", with(&|c| c.tracking = None)),
        ("no units", with(&|c| c.lines.clear())),
        ("no units of", with(&|c| c.lines.values_mut().for_each(|n| *n = 0))),
        (
            "no code",
            with(&|c| {
                c.lines.insert(line("<1>"), 1);
            }),
        ),
        (
            "bytes long",
            with(&|c| c.lines = (0..40).map(|n| (line(&format!("7010000001{n:04}")), 1)).collect()),
        ),
    ];
    for (words, one) in cases {
        let why = check(&one).unwrap_err();
        assert!(why.contains(words), "{words}: {why}");
        let error = write(SELLER, &BulkContent::Confirmations(vec![confirmation(), one])).unwrap_err();
        assert!(error.starts_with("order "), "the order is named: {error}");
    }
    assert_eq!(check(&confirmation()), Ok(()));
    assert!(write(SELLER, &BulkContent::Confirmations(vec![])).is_err());
}

#[test]
fn a_feed_names_the_marketplaces_of_its_orders() {
    let mut elsewhere = confirmation();
    elsewhere.marketplace = "A13V1IB3VIYZZH".try_into().unwrap();
    let content = BulkContent::Confirmations(vec![confirmation(), elsewhere, confirmation()]);
    assert_eq!(marketplaces(&content).unwrap(), ["A13V1IB3VIYZZH", "A1PA6795UKMFR9"]);
    assert!(marketplaces(&BulkContent::Refunds(vec![])).is_err());
}

#[test]
fn five_thousand_messages_stay_below_what_amazon_advises() {
    let all: Vec<Confirmation> = (0..5_000)
        .map(|n| {
            let mut one = confirmation();
            one.order = format!("702-{n:07}-0000001").as_str().try_into().unwrap();
            one
        })
        .collect();
    let bytes = write(SELLER, &BulkContent::Confirmations(all)).unwrap().len();
    assert!(bytes < 10 * 1024 * 1024, "{bytes}");
}
