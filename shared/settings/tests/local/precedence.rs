//! Nearest wins: connection, kind, general, built in.

use std::time::Duration;

use domain::carrier_policy::{CarrierPolicy, OnContradiction, OnUnknown};
use domain::connection::{LinkFrom, MailKind, Timing};
use jiff::civil::date;
use secrecy::ExposeSecret as _;
use settings::local::{ConfiguredConnection, LocalSettings, MailTransport, SmtpTls};

use crate::{GOOD, changed, parse};

fn connection<'a>(settings: &'a LocalSettings, id: &str) -> &'a ConfiguredConnection {
    let found = settings.connections.iter().find(|c| c.connection.account.connection.as_str() == id);
    found.unwrap_or_else(|| panic!("no connection {id}"))
}

#[test]
fn a_file_becomes_connections_with_their_secrets() {
    let settings = parse(GOOD).unwrap();
    assert_eq!(settings.general.port, 8081);
    assert!(settings.general.allow_base_urls);
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    let amazon = connection(&settings, "amazon-us");
    assert_eq!(amazon.connection.account.merchant.as_str(), "main");
    assert_eq!(amazon.connection.option("marketplace_id"), Some("ATVPDKIKX0DER"));
    assert_eq!(amazon.secrets_expire_at, Some(date(2027, 5, 1)));
    assert_eq!(amazon.secrets["client_secret"].expose_secret(), "canary-client-secret");
    assert!(amazon.webhook_secrets.is_empty());
    let shop = connection(&settings, "shop");
    assert_eq!(shop.connection.base_url.as_deref(), Some("http://127.0.0.1:9000"));
    let webhook: Vec<&str> = shop.webhook_secrets.iter().map(|s| s.expose_secret()).collect();
    assert_eq!(webhook, ["canary-new", "canary-old"]);
    assert_eq!(shop.secrets.keys().collect::<Vec<_>>(), ["access_token"], "webhook secrets are kept apart");
    let rule = &shop.connection.link[0];
    assert_eq!(rule.from, LinkFrom::NoteAttribute { name: "Amazon Id".to_owned() });
    assert_eq!(rule.account, amazon.connection.account.connection);
}

#[test]
fn every_form_of_link_rule_is_read() {
    let rules = r#"link = [
        { from = "source_identifier", account = "amazon-us", source_name = "amazon" },
        { from = "tag", account = "amazon-us" },
        { from = "tag", prefix = "az-", account = "amazon-us" },
        { from = "name", prefix = "AMZ", account = "amazon-us" },
    ]"#;
    let old = r#"link = [{ from = "note_attribute", name = "Amazon Id", account = "amazon-us" }]"#;
    let settings = parse(&changed(old, rules)).unwrap();
    let link = &connection(&settings, "shop").connection.link;
    let from: Vec<_> = link.iter().map(|rule| rule.from.clone()).collect();
    let want = [
        LinkFrom::SourceIdentifier,
        LinkFrom::Tag { prefix: String::new() },
        LinkFrom::Tag { prefix: "az-".to_owned() },
        LinkFrom::Name { prefix: "AMZ".to_owned() },
    ];
    assert_eq!(from, want);
    assert_eq!(link[0].source_name.as_deref(), Some("amazon"));
}

#[test]
fn the_nearest_setting_wins() {
    let text = GOOD
        .replace("port = 8081", "time_zone = \"Europe/Paris\"")
        .replace(
            "sync = true",
            "sync = false\ntime_zone = \"Asia/Tokyo\"\ntiming = { lease = 40, retry_after = 0.5 }\n\
             carriers = { contradiction = \"warn\", profile = \"east\" }",
        )
        .replace(
            "region = \"na\"",
            "region = \"na\"\nsync = true\ntiming = { lease = 50 }\n\
             carriers = { last_resort_unknown = \"other\", last_resort_before = 0.5 }",
        );
    let settings = parse(&text).unwrap();
    let amazon = &connection(&settings, "amazon-us").connection;
    assert!(amazon.sync, "its own over its kind's");
    assert_eq!(amazon.time_zone, "Asia/Tokyo", "its kind's over the general one");
    assert_eq!(amazon.timing.lease, Duration::from_secs(50), "its own over its kind's");
    assert_eq!(amazon.timing.retry_after, Duration::from_millis(500), "its kind's");
    assert_eq!(amazon.timing.missing_after, Timing::default().missing_after, "built in");
    let carriers = CarrierPolicy {
        profile: Some("east".into()),
        contradiction: OnContradiction::Warn,
        last_resort_before: Duration::from_millis(500),
        last_resort_unknown: OnUnknown::Other,
        ..CarrierPolicy::default()
    };
    assert_eq!(amazon.carriers, carriers, "its own over its kind's over built in");
    let shop = &connection(&settings, "shop").connection;
    assert!(shop.sync, "built in");
    assert_eq!(shop.time_zone, "Europe/Paris", "general");
    assert_eq!(shop.timing.lease, Duration::from_secs(30), "general over built in");
}

#[test]
fn recipients_come_from_the_nearest_level_that_names_any() {
    let text = GOOD
        .replace(
            "[timing]",
            "digest_hour = 18\nkinds = { reconnect = { to = [\"boss@example.com\"] }, conflict = { off = true } }\n[timing]",
        )
        .replace(
            "region = \"na\"",
            "region = \"na\"\nmail = { kinds = { unclear = { to = [\"desk@example.com\"] }, conflict = { off = false } } }",
        )
        .replace("kind = \"shopify\"", "kind = \"shopify\"\nmail = { to = [\"b@example.com\", \"B@example.com\"], digest_hour = 7, weekly_test = false }");
    let settings = parse(&text).unwrap();
    let amazon = &connection(&settings, "amazon-us").connection.mail;
    assert_eq!(amazon.recipients(MailKind::Unclear), ["desk@example.com"]);
    assert_eq!(amazon.recipients(MailKind::Reconnect), ["boss@example.com"]);
    assert_eq!(amazon.recipients(MailKind::Conflict), ["ops@example.com"], "switched on again");
    assert_eq!(amazon.digest_hour, Some(18));
    let shop = &connection(&settings, "shop").connection.mail;
    assert_eq!(shop.recipients(MailKind::Reconnect), ["b@example.com"], "nearer than the general reconnect");
    assert!(shop.recipients(MailKind::Conflict).is_empty(), "off everywhere");
    assert_eq!(shop.to, ["b@example.com"], "named once");
    assert_eq!(shop.digest_hour, Some(7));
    assert!(amazon.weekly_test && !shop.weekly_test, "on unless switched off");
}

#[test]
fn mail_goes_out_by_smtp_or_ses_only_when_configured() {
    let cases = [("", 587, SmtpTls::StartTls), (", tls = \"implicit\"", 465, SmtpTls::Implicit)];
    for (more, port, tls) in cases {
        let smtp = format!(
            "from = \"a@b.com\"\nsmtp = {{ host = \"m.com\", user = \"u\", password = \"canary\"{more} }}\n"
        );
        let settings = parse(&changed("[timing]", &format!("{smtp}[timing]"))).unwrap();
        let MailTransport::Smtp(smtp) = &settings.mail.transport else { panic!("{:?}", settings.mail) };
        assert_eq!((smtp.port, smtp.tls, settings.mail.from.as_str()), (port, tls, "a@b.com"));
        assert_eq!(smtp.login.as_ref().unwrap().1.expose_secret(), "canary");
    }
    let local = "from = \"a@b.com\"\nsmtp = { host = \"127.0.0.1\", tls = \"none\", port = 1025 }\n[timing]";
    assert!(matches!(parse(&changed("[timing]", local)).unwrap().mail.transport, MailTransport::Smtp(_)));
    let ses = "from = \"a@b.com\"\nses = { region = \"eu-central-1\", access_key_id = \"canary\", secret_access_key = \"canary\", base_url = \"http://127.0.0.1:1\" }\n[timing]";
    let settings = parse(&changed("[timing]", ses)).unwrap();
    let MailTransport::Ses(ses) = &settings.mail.transport else { panic!("{:?}", settings.mail) };
    assert_eq!((ses.region.as_str(), ses.base_url.as_deref()), ("eu-central-1", Some("http://127.0.0.1:1")));
    let debug = format!("{settings:?}");
    assert!(!debug.contains("canary"), "{debug}");
}

#[test]
fn an_explicitly_empty_list_of_rules_is_a_warning() {
    let old = r#"link = [{ from = "note_attribute", name = "Amazon Id", account = "amazon-us" }]"#;
    let settings = parse(&changed(old, "link = []")).unwrap();
    assert_eq!(settings.warnings.len(), 1);
    assert_eq!(settings.warnings[0].at, "connections[1].link");
}

#[test]
fn an_authorisation_that_ends_for_sure_and_no_day_for_it_is_a_warning() {
    let ebay = "[[connections]]\nid = \"ebay\"\nkind = \"ebay\"\n";
    let text = |more: &str| format!("{GOOD}\n{ebay}{more}\n");
    let settings = parse(&text("")).unwrap();
    let [warning] = settings.warnings.as_slice() else { panic!("{:?}", settings.warnings) };
    assert_eq!(warning.at, "connections[2].expires");
    assert!(warning.what.contains("ends 18 months after the seller gave it"), "{}", warning.what);
    assert!(parse(&text("expires = 2027-05-01")).unwrap().warnings.is_empty());
}
