//! `map lint`, `map dry-run` and `map suggest`.

use domain::confirmation::CarrierCode;
use domain::facts::{Fulfillment, FulfillmentStatus, Source, StoreFacts};
use domain::marketplace_order::{FulfilledBy, OrderFacts, OrderStatus};
use domain::state::NotOurs;

use super::*;

/// The shop has shipped an order of its own by a carrier that nobody knows, and the marketplace shows a parcel.
async fn shipped() -> Place {
    let place = Place::new().await;
    let world = system::open(&place.data(), None).await.unwrap().world;
    let now = world.now();
    let account = |id: &str| Account::new("acme".try_into().unwrap(), id.try_into().unwrap());
    let own = StoreOrderRef { account: account("shop"), order: "6001".try_into().unwrap() };
    let mut own = StoreOrder::new(own, now);
    own.link = Link::NotOurs { why: NotOurs::NoMarketplaceOrder, rules: String::new() };
    own.fold(StoreFacts {
        fulfillments: vec![Fulfillment {
            id: "F1".try_into().unwrap(),
            updated_at: now,
            source: Source::Webhook,
            status: FulfillmentStatus::Live,
            shipped_at: now,
            carrier: Some("Owl Post".into()),
            service: Some("Night".into()),
            tracking: vec!["OWL-1".into()],
            lines: vec![],
            location: None,
            country: None,
        }],
        ..StoreFacts::default()
    });
    let order = MarketplaceOrderRef { account: account("us"), order: "111-9".try_into().unwrap() };
    let content = Content {
        number: Some("OWL-2".try_into().unwrap()),
        carrier: Some("Owl Post".into()),
        service: None,
        units: [("L".to_owned(), 1)].into(),
        lines: None,
        shipped_at: now,
    };
    let sent = CarrierCode { code: "Other".into(), name: Some("Owl Post".into()) };
    let version =
        Version { refused_carrier: None, n: 1, content, ship_date: Some(now), sent_carrier: Some(sent) };
    let package = Package {
        goes_first: false,
        cancels_at: None,
        schema: Package::SCHEMA,
        key: "p9".into(),
        order: order.clone(),
        reference: 123_456_780,
        origins: BTreeSet::new(),
        versions: vec![version],
        confirmed: Some(1),
        state: State::Visible { version: 1, at: now },
        attempts: 1,
        failures: 0,
        ruling: None,
        ship_by: None,
        remind_before: Timing::default().remind_before,
        decided_again_at: None,
        their_reference: None,
        in_bulk: false,
        earlier_numbers: Vec::new(),
        created_at: now,
        alerts: domain::alert::Alerts::default(),
        history: domain::history::History::default(),
    };
    let mut at_marketplace = MarketplaceOrder::new(order);
    at_marketplace.fold(OrderFacts {
        needs_tracking: false,
        updated_at: now,
        read_at: now,
        marketplace: "ATVPDKIKX0DER".try_into().unwrap(),
        ordered_at: now,
        fulfilled_by: FulfilledBy::Merchant,
        status: OrderStatus::Shipped,
        ship_by: None,
        cancel_requested: false,
        programs: vec![],
        lines: vec![],
        packages: None,
    });
    let writes = vec![
        Stored::new(own).into_write(now),
        Stored::new(at_marketplace).into_write(now),
        Stored::new(package).into_write(now),
    ];
    world.ledger.commit(writes).await.unwrap();
    place
}

#[tokio::test]
async fn a_lint_prints_what_it_found_and_ends_with_a_code_of_its_own() {
    let place = shipped().await;
    let (text, failure) = place.told(false, &["map", "lint"]).await;
    assert_eq!(failure, Some((5, "one carrier text would hold parcels".to_owned())), "{text}");
    for words in ["Owl Post", "Night", "no code", "parcelwire map set 'Owl Post' CODE --account us", "100 %"]
    {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
    // A command is on one line, to be copied, however wide the terminal is.
    assert!(text.lines().any(|line| line == "  parcelwire map set 'Owl Post' CODE --account us"), "{text}");
    place.text(&["map", "set", "Owl Post", "Owl Direct", "--unlisted"]).await;
    let text = place.text(&["map", "lint"]).await;
    assert!(text.starts_with("No carrier text") && text.contains("Owl Direct"), "{text}");
    assert_eq!(place.json(&["map", "lint"]).await["texts"], serde_json::json!([]));
}

#[tokio::test]
async fn a_dry_run_begins_with_a_summary_and_changes_nothing() {
    let place = shipped().await;
    let file = place.folder.path().join("map.csv");
    std::fs::write(&file, "text,code\nOwl Post,UPS\nZephyr,DHL\n").unwrap();
    let file = file.to_str().unwrap();
    let text = place.text(&["map", "dry-run", file]).await;
    let summary = "Of 1 parcel of the last 30 days: 0 held now would go, 0 would be held, 0 would change otherwise. \
                   1 parcel told of already would have fared otherwise; that is not sent again.";
    assert_eq!(text.lines().next(), Some(summary));
    for words in
        ["2 mapping(s) of account:us would change", "111-9", "held: carrier unmapped", "UPS (told already)"]
    {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
    assert!(place.text(&["map", "list"]).await.contains("No carrier is mapped"));
    let imported = place.text(&["map", "import", file]).await;
    assert!(imported.contains("2 changed, 0 as before"), "{imported}");
    let again = place.text(&["map", "dry-run", file]).await;
    assert!(again.contains("0 mapping(s)") && again.contains("2 would stay"), "{again}");
    let removed = place.json(&["map", "dry-run", "--remove", "OWL post"]).await;
    assert_eq!((&removed["told"]["held"], &removed["rows"][0]["to"]["does"]), (&1.into(), &"held".into()));
}

#[tokio::test]
async fn suggestions_say_what_is_known_and_give_the_command() {
    let place = shipped().await;
    for (text, says) in [
        ("Purolater", "PUROLATOR"),
        ("UPS Ground", "take \"UPS Ground\" for UPS, service \"Ground\""),
        ("UPS / FedEx", "names several carriers (UPS, FedEx)"),
        ("Owl Post", "do not know \"Owl Post\""),
        ("Owl Post", "parcelwire map set 'Owl Post' CODE --account us"),
    ] {
        let told = place.text(&["map", "suggest", text]).await;
        assert!(told.contains(says), "{text}: {says} is missing in\n{told}");
    }
}

#[tokio::test]
async fn what_they_print_as_json_is_documented() {
    let place = shipped().await;
    let file = place.folder.path().join("map.csv");
    std::fs::write(&file, "text,code,unlisted\nOwl Post,Owl,yes\n").unwrap();
    let file = file.to_str().unwrap();
    let mut names = BTreeSet::new();
    for words in [
        &["map", "lint"][..],
        &["map", "dry-run", file],
        &["map", "suggest", "Zephyr"],
        &["map", "import", file],
        &["map", "lint"],
        &["map", "list"],
    ] {
        let (printed, _) = place.told(true, words).await;
        fields(&serde_json::from_str(&printed).unwrap(), &mut names);
    }
    all_documented(&names);
    for name in ["last_seen", "sent_as_other", "not_shown", "sent_code", "list_date", "released_parcels"] {
        assert!(names.contains(name), "{name} was not printed: {names:?}");
    }
}
