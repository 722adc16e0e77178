//! Commands on a data directory, as a person gives them.

use std::collections::BTreeSet;

use clap::CommandFactory as _;
use domain::connection::{MailSettings, Timing};
use domain::ids::{Account, MarketplaceOrderRef, StoreOrderRef};
use domain::order::{Link, MarketplaceOrder, StoreOrder};
use domain::package::{Content, Package, Version};
use domain::state::{Cause, State};
use jiff::Timestamp;
use serde_json::Value;
use workflow::apply::{Applied, apply};
use workflow::records::Stored;

use super::*;

mod docs;
mod mapping;

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn nothing_said_serves() {
    let cli = Cli::parse_from(["parcelwire", "--port", "0"]);
    assert_eq!((cli.long(), cli.global.port), (Some(Long::Serve), Some(0)));
    let cli = Cli::parse_from(["parcelwire", "orders", "--state", "held", "--json"]);
    assert!(cli.long().is_none() && cli.global.json);
    for state in StateName::ALL {
        let cli = Cli::parse_from(["parcelwire", "orders", "--state", state.as_str()]);
        assert!(matches!(cli.command, Some(Command::Orders { state: Some(s), .. }) if s == state));
    }
    assert!(Cli::try_parse_from(["parcelwire", "orders", "--state", "lost"]).is_err());
}

#[test]
fn the_commands_that_mails_and_explanations_name_are_read() {
    for line in [
        "map set 'x' DHL --account us",
        "map set zeph* UPS --pattern --marketplace amazon --profile east",
        "map lint",
        "map lint --merchant m",
        "map dry-run f.csv --account us",
        "map dry-run --remove x --exact --marketplace amazon",
        "map suggest x --account us",
        "sku set A B --account us",
        "hold 111-1 confirmed-by-hand",
        "hold 111-1 ignore --reason WHY --package p1",
        "hold 111-1 send-once",
        "hold 111-1 not-ours",
        "retry 111-1",
        "retry --dead-letters",
        "redrive --stack s",
        "apply settings.toml --stack s --profile p --region eu-central-1",
        "apply --stack s --dry-run",
        "demo --stack s --mailbox http://127.0.0.1:1/mails",
        "resume us",
        "explain 111-1",
        "webhooks register shop",
        "webhooks register shop --address https://parcels.example",
    ] {
        let words = std::iter::once("parcelwire").chain(line.split(' '));
        assert!(Cli::try_parse_from(words).is_ok(), "{line}");
    }
    for line in [
        "map dry-run",
        "map dry-run f.csv --remove x",
        "map suggest",
        "hold 111-1 ignore",
        "retry",
        "retry 1 --dead-letters",
        "verify --body b",
        "apply --stack s --dry-run --yes",
        "orders --region eu-central-1",
        "demo --mailbox http://127.0.0.1:1/mails",
    ] {
        let words = std::iter::once("parcelwire").chain(line.split(' '));
        assert!(Cli::try_parse_from(words).is_err(), "{line}");
    }
}

/// A data directory with one shop, one marketplace account, and a parcel held for its carrier.
struct Place {
    folder: tempfile::TempDir,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn connection(id: &str, kind: &str) -> Applied {
    let connection = domain::connection::Connection {
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        reversals: domain::reversal::Reversals::default(),
        schema: 1,
        account: Account::new("acme".try_into().unwrap(), id.try_into().unwrap()),
        kind: kind.into(),
        sync: true,
        options: [("marketplace_id".to_owned(), "ATVPDKIKX0DER".to_owned())].into(),
        base_url: None,
        link: vec![],
        mail: MailSettings::default(),
        time_zone: "America/New_York".into(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
    };
    Applied { connection, credentials_fingerprint: "f".into(), expires_at: None }
}

impl Place {
    async fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        let world = system::open(&place.data(), None).await.unwrap().world;
        apply(&world, &[connection("shop", "shopify"), connection("us", "amazon")]).await.unwrap();
        let account = |id: &str| Account::new("acme".try_into().unwrap(), id.try_into().unwrap());
        let order = MarketplaceOrderRef { account: account("us"), order: "111-1".try_into().unwrap() };
        let store = StoreOrderRef { account: account("shop"), order: "5001".try_into().unwrap() };
        let mut at_store = StoreOrder::new(store.clone(), at(10));
        at_store.link = Link::Marketplace { order: order.clone() };
        let mut at_marketplace = MarketplaceOrder::new(order.clone());
        at_marketplace.store_orders.insert(store);
        let mut package = Package {
            goes_first: false,
            cancels_at: None,
            schema: Package::SCHEMA,
            key: "p1".into(),
            order,
            reference: 123_456_789,
            origins: BTreeSet::new(),
            versions: vec![Version {
                n: 1,
                content: Content {
                    number: Some("1Z999AA10123456784".try_into().unwrap()),
                    carrier: Some("Zephyr Pigeon".into()),
                    service: None,
                    units: [("L".to_owned(), 1)].into(),
                    lines: None,
                    shipped_at: at(20),
                },
                ship_date: None,
                sent_carrier: None,
                refused_carrier: None,
            }],
            confirmed: None,
            state: State::Held {
                cause: Cause::CarrierUnmapped { text: "Zephyr Pigeon".into(), suggestions: vec![] },
                since: at(30),
            },
            attempts: 0,
            failures: 0,
            ruling: None,
            ship_by: Some(at(4_000_000_000)),
            remind_before: Timing::default().remind_before,
            decided_again_at: None,
            their_reference: None,
            in_bulk: false,
            earlier_numbers: Vec::new(),
            created_at: at(30),
            alerts: domain::alert::Alerts::default(),
            history: domain::history::History::default(),
        };
        package.history.note(at(30), "held: no carrier code for \"Zephyr Pigeon\"");
        let writes = vec![
            Stored::new(at_store).into_write(at(30)),
            Stored::new(at_marketplace).into_write(at(30)),
            Stored::new(package).into_write(at(30)),
        ];
        world.ledger.commit(writes).await.unwrap();
        place
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What a command prints, and how it fails if it does.
    async fn told(&self, json: bool, words: &[&str]) -> (String, Option<(u8, String)>) {
        let data = self.data();
        let line = ["parcelwire", "--data", data.to_str().unwrap()].into_iter().chain(words.iter().copied());
        let mut out = Out::kept(json, 100);
        let failure = carry_out(Cli::parse_from(line), &mut out).await.err();
        (out.take(), failure.map(|failure| (failure.told().0, failure.told().1.to_owned())))
    }

    async fn give(&self, json: bool, words: &[&str]) -> Result<String, (u8, String)> {
        let (printed, failure) = self.told(json, words).await;
        failure.map_or(Ok(printed), Err)
    }

    async fn text(&self, words: &[&str]) -> String {
        self.give(false, words).await.unwrap()
    }

    async fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.give(true, words).await.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_merchant_finds_what_is_held_and_answers() {
    let place = Place::new().await;
    let held = place.text(&["orders", "--state", "held"]).await;
    assert!(held.contains("111-1") && held.contains("no carrier code is known"), "{held}");
    assert!(
        held.contains("1Z999AA10123456784") && held.lines().all(|line| line.chars().count() <= 100),
        "{held}"
    );
    let told = place.text(&["explain", "1z999aa10123456784"]).await;
    let command = "parcelwire map set 'Zephyr Pigeon' CODE --account us";
    assert!(told.contains(command) && told.contains("What happened"), "{told}");
    let done = place.text(&["map", "set", "Zephyr Pigeon", "UPS"]).await;
    assert!(
        done.contains("is UPS for account:us, version 1") && done.contains("at us is looked at again"),
        "{done}"
    );
    assert!(place.text(&["map", "list"]).await.contains("Zephyr Pigeon"));
    let csv = place.text(&["map", "export"]).await;
    let file = place.folder.path().join("map.csv");
    std::fs::write(&file, csv).unwrap();
    let again = place.text(&["map", "import", file.to_str().unwrap()]).await;
    assert!(again.contains("0 changed, 1 as before"), "{again}");
    place.text(&["sku", "set", "A", "B"]).await;
    assert!(place.text(&["sku", "list"]).await.contains('B'));
    let ruled = place.text(&["hold", "111-1", "confirmed-by-hand"]).await;
    assert!(ruled.contains("p1") && ruled.contains("confirmed-by-hand"), "{ruled}");
    let retried = place.text(&["retry", "111-1"]).await;
    assert!(retried.contains("held") && retried.contains("planned"), "{retried}");
    assert!(place.text(&["pause", "us"]).await.contains("active -> paused"));
    assert!(place.text(&["connections"]).await.contains("paused by a person"));
    assert!(place.text(&["resume", "us"]).await.contains("paused -> active"));
    assert!(place.text(&["mail", "list"]).await.contains("empty"));
    assert!(place.text(&["retry", "--dead-letters"]).await.contains("inbound: 0"));
    assert!(place.text(&["redrive"]).await.contains("alerts: 0"));
}

#[tokio::test]
async fn what_is_a_stack_s_or_one_machine_s_alone_is_told() {
    let place = Place::new().await;
    let (code, words) = place.give(false, &["apply"]).await.unwrap_err();
    assert!(code == 2 && words.contains("--stack"), "{words}");
    for command in ["serve", "sandbox"] {
        let cli = Cli::parse_from(["parcelwire", command, "--stack", "s"]);
        let failure = crate::long::run(cli.long().unwrap(), &cli.global).await.unwrap_err();
        assert!(failure.told().0 == 2 && failure.told().1.contains("--stack"), "{command}: {failure:?}");
    }
    let cli = Cli::parse_from(["parcelwire", "demo", "--stack", "s"]);
    let failure = crate::long::run(cli.long().unwrap(), &cli.global).await.unwrap_err();
    assert!(failure.told().1.contains("--mailbox"), "{failure:?}");
}

#[tokio::test]
async fn endings_have_codes_and_say_what_to_do() {
    let place = Place::new().await;
    let bad = place.folder.path().join("bad.csv");
    std::fs::write(&bad, "text,code\nA,UPS\nB,nope\nC,\n").unwrap();
    for (words, code, says) in [
        (&["explain", "111-2"][..], 3, "near it: 111-1"),
        (&["map", "set", "Zephyr", "Fedex"], 4, "near it: FedEx"),
        (&["map", "set", "Zephyr", "UPS", "--account", "shop"], 4, "is a store"),
        (&["map", "remove", "Zephyr"], 3, "no mapping"),
        (&["map", "import", bad.to_str().unwrap()], 4, "line 4"),
        (&["map", "import", "/no/such/file"], 3, "there is no file"),
        (&["map", "dry-run", "/no/such/file"], 3, "there is no file"),
        (&["map", "dry-run", bad.to_str().unwrap()], 4, "line 4"),
        (&["map", "dry-run", bad.to_str().unwrap(), "--exact"], 2, "--remove"),
        (&["map", "dry-run", "--remove", "Zephyr"], 3, "no mapping"),
        (&["map", "suggest", "\u{200b}"], 4, "text is empty"),
        (&["pause", "de"], 3, "there are shop, us"),
        (&["hold", "111-1", "not-ours", "--package", "p9"], 3, "there are p1"),
        (&["mail", "show", "7"], 3, "mail list"),
        (&["mail", "test"], 3, "no settings file"),
        (&["verify", "--connection", "shop", "--body", "x"], 3, "no settings file"),
    ] {
        let (got, message) = place.give(false, words).await.unwrap_err();
        assert_eq!(got, code, "{words:?}: {message}");
        assert!(message.contains(says), "{words:?}: {message}");
    }
    let nowhere = Cli::parse_from(["parcelwire", "--data", "/no/such/dir", "connections"]);
    let failure = carry_out(nowhere, &mut Out::kept(false, 80)).await.unwrap_err();
    assert_eq!(failure.told().0, 3, "a command makes no data directory");
    let track =
        Cli::parse_from(["parcelwire", "--data", "/no/such/dir", "track", "1Z", "8VZ1ML", "0304064589"]);
    let mut out = Out::kept(false, 100);
    carry_out(track, &mut out).await.unwrap();
    assert!(out.take().contains("UPS United States Ground"), "a number is judged without any data");
}

/// All object keys of a JSON value.
fn fields(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                into.insert(name.clone());
                fields(inner, into);
            }
        }
        Value::Array(rows) => rows.iter().for_each(|row| fields(row, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn every_json_field_is_documented() {
    let place = Place::new().await;
    let folder = place.folder.path();
    std::fs::write(folder.join("skus.csv"), "store_sku,marketplace_sku\nX,Y\n").unwrap();
    let skus = folder.join("skus.csv");
    let mut names = BTreeSet::new();
    for words in [
        &["orders"][..],
        &["explain", "111-1"],
        &["connections"],
        &["map", "set", "Zephyr Pigeon", "Other", "--name", "Zephyr"],
        &["map", "list"],
        &["map", "export"],
        &["sku", "import", skus.to_str().unwrap()],
        &["sku", "list"],
        &["hold", "111-1", "not-ours"],
        &["retry", "111-1"],
        &["retry", "--dead-letters"],
        &["pause", "us"],
        &["resume", "us"],
        &["mail", "list"],
        &["track", "1ZJBA2YWYW52691345"],
    ] {
        fields(&place.json(words).await, &mut names);
    }
    all_documented(&names);
    assert!(names.len() > 50, "{names:?}");
}

fn all_documented(names: &BTreeSet<String>) {
    let documented = include_str!("../../../../docs/cli.md");
    for name in names {
        assert!(documented.contains(&format!("`{name}`")), "docs/cli.md does not tell of {name}");
    }
}

#[tokio::test]
async fn verify_tells_genuine_from_forged_and_finds_the_signature_among_the_headers() {
    let place = Place::new().await;
    let folder = place.folder.path();
    let (body, secret) = (folder.join("body"), folder.join("secret"));
    std::fs::write(&body, b"{\"id\":1}").unwrap();
    std::fs::write(&secret, "shpss_test\n").unwrap();
    // printf '{"id":1}' | openssl dgst -sha256 -hmac shpss_test -binary | base64
    let genuine = "1GxccvotnkOedTjSm8S0m/VA3yAUKshyqT52ccNYHj4=";
    let header = format!("X-Shopify-Hmac-Sha256: {genuine}");
    let (body, secret) = (body.to_str().unwrap(), secret.to_str().unwrap());
    let base = ["verify", "--secret-file", secret, "--body", body];
    let with = |more: &[&str]| [&base[..], more].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
    for words in [with(&["--signature", genuine]), with(&["--header", &header])] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(place.json(&words).await["genuine"], Value::Bool(true));
    }
    for (words, code) in
        [(with(&["--signature", "AAAA"]), 4), (with(&[]), 4), (with(&["--header", "nonsense"]), 2)]
    {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (got, message) = place.give(false, &words).await.unwrap_err();
        assert_eq!(got, code, "{message}");
        assert!(!message.contains("shpss_test"));
    }
}
