//! Each mistake is told by its key path, and all of them at once.

use crate::{CANARY, GOOD, changed, parse};

#[test]
fn every_mistake_is_told_by_key_with_what_to_do() {
    // put in place of, this text, the key blamed, what is said of it
    let cases = [
        // general
        ("port = 8081", "port = 99999", "general.port", "from 0 to 65535"),
        ("port = 8081", "port = \"80\"", "general.port", "whole number"),
        ("port = 8081", "prot = 8081", "general.prot", "did you mean \"port\"?"),
        ("port = 8081", "colour = 1", "general.colour", "known here: allow_base_urls"),
        ("port = 8081", "listen = \"localhost\"", "general.listen", "127.0.0.1 for this machine alone"),
        ("port = 8081", "listen = 1", "general.listen", "a text in quotes"),
        ("port = 8081", "time_zone = \"Berlin\"", "general.time_zone", "Europe/Berlin"),
        (
            "port = 8081",
            "time_zone = \"Europe/Berln\"",
            "general.time_zone",
            "did you mean \"Europe/Berlin\"?",
        ),
        ("port = 8081", "public_url = \"http://example.com\"", "general.public_url", "https://"),
        ("port = 8081", "log = \"loud\"", "general.log", "error"),
        ("port = 8081", "retention = { deliveries_days = 1 }", "general.retention", "no such setting"),
        ("allow_base_urls = true", "allow_base_urls = \"yes\"", "general.allow_base_urls", "true or false"),
        ("allow_base_urls = true", "", "connections[1].base_url", "general.allow_base_urls"),
        ("[general]", "[genral]", "genral", "did you mean \"general\"?"),
        // mail
        ("to = [\"ops@example.com\"]", "to = \"ops@example.com\"", "mail.to", "list of texts"),
        ("to = [\"ops@example.com\"]", "to = [\"ops\"]", "mail.to[0]", "it has no @"),
        ("to = [\"ops@example.com\"]", "to = [\"a@b.com\", 5]", "mail.to[1]", "not a whole number"),
        ("to = [\"ops@example.com\"]", "to = [\"A <a@b.com>\"]", "mail.to[0]", "without a name"),
        ("to = [\"ops@example.com\"]", "", "connections[0].mail.to", "nobody would hear"),
        ("to = [\"ops@example.com\"]", "to = []", "connections[1].mail.to", "carrier_to_map"),
        ("[timing]", "digest_hour = 24\n[timing]", "mail.digest_hour", "from 0 to 23"),
        ("[timing]", "kinds = { conflct = { off = true } }\n[timing]", "mail.kinds.conflct", "\"conflict\""),
        ("[timing]", "kinds = { conflict = { of = true } }\n[timing]", "mail.kinds.conflict.of", "\"off\""),
        ("[timing]", "kinds = { conflict = true }\n[timing]", "mail.kinds.conflict", "must be a table"),
        ("[timing]", "from = \"a@b@c.com\"\n[timing]", "mail.from", "no e-mail address"),
        ("[timing]", "[mail.smtp]\nhost = \"m.example.com\"\n[timing]", "mail.from", "is missing"),
        ("[timing]", "from = \"a@b.com\"\nsmtp = {}\n[timing]", "mail.smtp.host", "is missing"),
        ("[timing]", "from = \"a@b.com\"\nsmtp = { host = \"\" }\n[timing]", "mail.smtp.host", "is empty"),
        (
            "[timing]",
            "from = \"a@b.com\"\nsmtp = { host = \"m:25\" }\n[timing]",
            "mail.smtp.host",
            "without port",
        ),
        ("[timing]", "smtp = { host = \"m\", tls = \"ssl\" }\n[timing]", "mail.smtp.tls", "starttls"),
        (
            "[timing]",
            "smtp = { host = \"m.com\", tls = \"none\" }\n[timing]",
            "mail.smtp.tls",
            "on this machine",
        ),
        ("[timing]", "smtp = { host = \"m\", port = 0 }\n[timing]", "mail.smtp.port", "from 1"),
        ("[timing]", "smtp = { host = \"m\", user = \"u\" }\n[timing]", "mail.smtp.password", "is missing"),
        ("[timing]", "smtp = { host = \"m\", password = \"p\" }\n[timing]", "mail.smtp.user", "is missing"),
        ("[timing]", "smtp = { host = \"m\", pass = \"p\" }\n[timing]", "mail.smtp.pass", "no such setting"),
        ("[timing]", "ses = { region = \"Frankfurt\" }\n[timing]", "mail.ses.region", "eu-central-1"),
        ("[timing]", "ses = {}\n[timing]", "mail.ses.secret_access_key", "is missing"),
        ("[timing]", "ses = { base_url = \"http://x.com\" }\n[timing]", "mail.ses.base_url", "https://"),
        ("[timing]", "ses = {}\nsmtp = {}\n[timing]", "mail.ses", "keep one"),
        // timing and kinds
        ("lease = 30", "lease = 0", "timing.lease", "above 0"),
        ("lease = 30", "lease = -1.5", "timing.lease", "above 0"),
        ("lease = 30", "lease = nan", "timing.lease", "must be a number"),
        ("lease = 30", "lease = 99999999", "timing.lease", "thirty days"),
        ("lease = 30", "lease = \"1m\"", "timing.lease", "must be a number"),
        ("lease = 30", "leese = 30", "timing.leese", "\"lease\""),
        ("lease = 30", "missing_after = 1", "connections[0].timing.missing_after", "read_back_after"),
        // mails to the buyer
        (
            "[connections.secrets]",
            "[connections.notify_buyer]\nshipped = \"suppress\"\n[connections.secrets]",
            "connections[0].notify_buyer.shipped",
            "Amazon decides",
        ),
        (
            "[connections.secrets]",
            "[connections.notify_buyer]\nshiped = \"default\"\n[connections.secrets]",
            "connections[0].notify_buyer.shiped",
            "\"shipped\"",
        ),
        // shipments
        (
            "[timing]",
            "[shipments]\nseveral_parcels = \"last\"\n[timing]",
            "shipments.several_parcels",
            "last-or-deadline",
        ),
        ("[timing]", "[shipments]\nnear = -1\n[timing]", "shipments.near", "seconds"),
        // carriers
        ("[timing]", "[carriers]\nunknown = \"othr\"\n[timing]", "carriers.unknown", "\"other\""),
        ("[timing]", "[carriers]\nunknown = true\n[timing]", "carriers.unknown", "must be a text"),
        (
            "[timing]",
            "[carriers]\ncontradiction = \"send\"\n[timing]",
            "carriers.contradiction",
            "hold, warn, ignore",
        ),
        (
            "[timing]",
            "[carriers]\nlast_resort_before = -1\n[timing]",
            "carriers.last_resort_before",
            "thirty days",
        ),
        ("[timing]", "[carriers]\nprofile = \"East Coast\"\n[timing]", "carriers.profile", "a-z, 0-9 and -"),
        ("[timing]", "[carriers]\nprofil = \"east\"\n[timing]", "carriers.profil", "\"profile\""),
        ("[marketplaces.amazon]", "[marketplaces.amazn]", "marketplaces.amazn", "no marketplace connector"),
        ("[marketplaces.amazon]", "[stores.amazon]", "stores.amazon", "no store connector"),
        ("sync = true\n", "sync = 1\n", "marketplaces.amazon.sync", "true or false"),
        ("sync = true\n", "region = \"eu\"\n", "marketplaces.amazon.region", "no such setting"),
        // connections
        ("id = \"shop\"", "", "connections[1].id", "is missing"),
        ("id = \"shop\"", "id = \"My Shop\"", "connections[1].id", "a-z, 0-9 and -"),
        ("id = \"shop\"", "id = 5", "connections[1].id", "a text"),
        ("id = \"shop\"", "id = \"amazon-us\"", "connections[1].id", "connections[0] has the id"),
        (
            "kind = \"shopify\"",
            "kind = \"shopfy\"",
            "connections[1].kind",
            "no store or marketplace connector",
        ),
        ("kind = \"shopify\"", "", "connections[1].kind", "is missing"),
        ("kind = \"shopify\"", "kind = \"shopify\"\nmerchant = \"\"", "connections[1].merchant", "is empty"),
        (
            "kind = \"shopify\"",
            "kind = \"shopify\"\nmerchant = \"b\"",
            "connections[1].link[0].account",
            "another merchant",
        ),
        ("shop = \"example.myshopify.com\"", "", "connections[1].shop", "is missing"),
        (
            "shop = \"example.myshopify.com\"",
            "shop = \"elsewhere\"",
            "connections[1]",
            "The shop is elsewhere",
        ),
        ("shop = \"example.myshopify.com\"", "shop = [1]", "connections[1].shop", "texts in quotes"),
        ("region = \"na\"", "regoin = \"na\"", "connections[0].regoin", "no such option"),
        (
            "region = \"na\"",
            "region = \"na\"\ntimezone = \"UTC\"",
            "connections[0].timezone",
            "\"time_zone\"",
        ),
        (
            "region = \"na\"",
            "refresh_token = \"canary\"",
            "connections[0].refresh_token",
            "connections.secrets",
        ),
        ("region = \"na\"", "token = \"canary\"", "connections[0].token", "connections.secrets"),
        (
            "region = \"na\"",
            "token_base_url = \"http://example.com\"",
            "connections[0].token_base_url",
            "https://",
        ),
        ("shop = \"example.myshopify.com\"", "shop = \"elsewhere\"", "connections[1].shop", "is `far` off"),
        ("shop = \"example.myshopify.com\"", "shop = \"elsewhere\"", "connections[1].region", "is of no use"),
        ("region = \"na\"", "link = []", "connections[0].link", "only stores"),
        ("expires = 2027-05-01", "expires = \"soon\"", "connections[0].expires", "such as 2027-05-01"),
        ("expires = 2027-05-01", "expires = 2027-05-01T10:00:00Z", "connections[0].expires", "a day"),
        ("http://127.0.0.1:9000/", "http://example.com", "connections[1].base_url", "https://"),
        ("http://127.0.0.1:9000/", "127.0.0.1:9000", "connections[1].base_url", "web address"),
        (
            "http://127.0.0.1:9000/",
            "https://canary:canary@example.com",
            "connections[1].base_url",
            "password",
        ),
        ("[[connections]]\nid = \"amazon-us\"", "[connections]\nid = \"amazon-us\"", "", "is not TOML"),
        // links
        (
            "account = \"amazon-us\"",
            "account = \"amazon-uk\"",
            "connections[1].link[0].account",
            "\"amazon-us\"",
        ),
        ("account = \"amazon-us\"", "account = \"shop\"", "connections[1].link[0].account", "is a store"),
        (", account = \"amazon-us\"", "", "connections[1].link[0].account", "is missing"),
        ("from = \"note_attribute\"", "from = \"note\"", "connections[1].link[0].from", "must be one of"),
        (
            "from = \"note_attribute\"",
            "from = \"note_atribute\"",
            "connections[1].link[0].from",
            "did you mean",
        ),
        ("from = \"note_attribute\", ", "", "connections[1].link[0].from", "is missing"),
        (", name = \"Amazon Id\"", "", "connections[1].link[0].name", "note attribute"),
        (", name = \"Amazon Id\"", ", prefix = \"a\"", "connections[1].link[0].prefix", "no such setting"),
        (
            ", name = \"Amazon Id\"",
            ", source_name = \" \", name = \"a\"",
            "connections[1].link[0].source_name",
            "empty",
        ),
        (
            "link = [{ from = \"note_attribute\", name = \"Amazon Id\", account = \"amazon-us\" }]",
            "",
            "connections[1].link",
            "is missing",
        ),
        (
            "link = [{ from = \"note_attribute\", name = \"Amazon Id\", account = \"amazon-us\" }]",
            "link = [5]",
            "connections[1].link[0]",
            "must be a table",
        ),
        // secrets
        (
            "refresh_token = \"canary-refresh-token\"",
            "",
            "connections[0].secrets.refresh_token",
            "is missing",
        ),
        (
            "refresh_token = \"canary-refresh-token\"",
            "refresh_token = \"\"",
            "connections[0].secrets.refresh_token",
            "is empty",
        ),
        (
            "refresh_token = \"canary-refresh-token\"",
            "refresh_token = \"canary\\nx\"",
            "connections[0].secrets.refresh_token",
            "line break",
        ),
        (
            "refresh_token = \"canary-refresh-token\"",
            "refresh_token = 5",
            "connections[0].secrets.refresh_token",
            "{ env =",
        ),
        (
            "refresh_token = \"canary-refresh-token\"",
            "refresh_token = {}",
            "connections[0].secrets.refresh_token",
            "must name",
        ),
        (
            "refresh_token = \"canary-refresh-token\"",
            "refresh_token = { env = \"A\", file = \"b\" }",
            "connections[0].secrets.refresh_token",
            "keep one",
        ),
        (
            "refresh_token = \"canary-refresh-token\"",
            "refresh_token = { env = \"NOT_SET\" }",
            "connections[0].secrets.refresh_token.env",
            "\"NOT_SET\" is not set",
        ),
        (
            "refresh_token = \"canary-refresh-token\"",
            "refresh_token = { fille = \"x\" }",
            "connections[0].secrets.refresh_token.fille",
            "\"file\"",
        ),
        (
            "refresh_token = \"canary-refresh-token\"",
            "refresh_token = { file = \"no\" }",
            "connections[0].secrets.refresh_token.file",
            "does not exist",
        ),
        (
            "refresh_token = \"canary-refresh-token\"",
            "refresh_tokn = \"canary\"",
            "connections[0].secrets.refresh_tokn",
            "did you mean \"refresh_token\"?",
        ),
        (
            "refresh_token = \"canary-refresh-token\"",
            "webhook = \"canary\"",
            "connections[0].secrets.webhook",
            "no such secret",
        ),
        (
            "access_token = \"canary-access-token\"",
            "",
            "connections[1].secrets.client_id",
            "needs either `client_id` and `client_secret`, or `access_token`",
        ),
        (
            "access_token = \"canary-access-token\"",
            "client_id = \"canary\"",
            "connections[1].secrets.client_secret",
            "is missing: it goes with `client_id`",
        ),
        (
            "access_token = \"canary-access-token\"",
            "client_secret = \"canary\"",
            "connections[1].secrets.client_id",
            "is missing: it goes with `client_secret`",
        ),
        (
            "access_token = \"canary-access-token\"",
            "access_token = \"canary\"\nclient_id = \"canary\"\nclient_secret = \"canary\"",
            "connections[1].secrets.access_token",
            "cannot be given beside `client_id` and `client_secret`",
        ),
        (
            "access_token = \"canary-access-token\"",
            "access_token = \"canary\"\nclient_secret = \"canary\"",
            "connections[1].secrets.access_token",
            "cannot be given beside `client_secret`",
        ),
        (
            "access_token = \"canary-access-token\"",
            "client_id = { env = \"NOT_SET\" }\nclient_secret = \"canary\"",
            "connections[1].secrets.client_id.env",
            "\"NOT_SET\" is not set",
        ),
        (
            "shop = \"example.myshopify.com\"",
            "client_id = \"canary\"",
            "connections[1].client_id",
            "connections.secrets",
        ),
        (
            "webhook = [\"canary-new\", \"canary-old\"]",
            "",
            "connections[1].secrets.webhook",
            "no webhook can be verified",
        ),
        (
            "webhook = [\"canary-new\", \"canary-old\"]",
            "webhook = []",
            "connections[1].secrets.webhook",
            "the list is empty",
        ),
        (
            "webhook = [\"canary-new\", \"canary-old\"]",
            "webhook = [\"canary\", \"\"]",
            "connections[1].secrets.webhook[1]",
            "is empty",
        ),
    ];
    parse(GOOD).expect("the unchanged file is right");
    for (from, to, at, what) in cases {
        let errors = parse(&changed(from, to)).expect_err(to);
        let found = errors.problems.iter().find(|problem| problem.at == at && problem.what.contains(what));
        assert!(found.is_some_and(|problem| problem.line.is_some()), "{to:?} gave: {errors}");
        assert!(!format!("{errors} {errors:?}").contains(CANARY), "{to:?} shows a secret: {errors}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = GOOD
        .replace("port = 8081", "port = -1")
        .replace("lease = 30", "leese = 30")
        .replace("region = \"na\"", "")
        .replace("refresh_token = \"canary-refresh-token\"", "refresh_token = \"\"")
        .replace("account = \"amazon-us\"", "account = \"amazon\"");
    let errors = parse(&text).unwrap_err();
    let told: Vec<(usize, &str)> = errors.problems.iter().map(|p| (p.line.unwrap(), p.at.as_str())).collect();
    let want = [
        (2, "general.port"),
        (7, "timing.leese"),
        (10, "connections[0].region"),
        (19, "connections[0].secrets.refresh_token"),
        (25, "connections[1].link[0].account"),
    ];
    assert_eq!(told, want, "{errors}");
    assert!(
        errors.to_string().starts_with("5 problems in the settings:\n  line 2: general.port: "),
        "{errors}"
    );
}

#[test]
fn a_file_that_is_no_toml_is_told_by_line_without_quoting_it() {
    for text in ["a = \n", "[general\n", "key\n", "a = 1\na = 2\n", "a = \"open\n", "= 1\n", "\u{0}\n"] {
        let errors = parse(&format!("# fine\n# fine\n{text}")).unwrap_err();
        assert!(errors.problems.iter().all(|p| p.line.is_some_and(|line| line >= 3)), "{text:?}: {errors}");
    }
    let errors = parse("client_secret = \"canary\nclient_secret = canary\n").unwrap_err();
    assert!(!errors.to_string().contains("canary"), "{errors}");
}

#[test]
fn an_empty_file_is_a_system_without_connections() {
    let settings = parse("").unwrap();
    assert!(settings.connections.is_empty());
    assert_eq!(settings.general, settings::local::General::default());
    assert!(matches!(settings.mail.transport, settings::local::MailTransport::Mailbox));
}

#[test]
fn a_webhook_secret_is_shared_only_where_webhooks_are_hints() {
    let second = r#"
[[connections]]
id = "shop-2"
kind = "shopify"
shop = "second.myshopify.com"
link = []
secrets = { webhook = "canary-old", access_token = "canary-2" }
"#;
    let hint = |text: &str| text.replace("kind = \"shopify\"", "kind = \"shopify\"\nshared_secret = true");
    for one_sided in
        [format!("{GOOD}{second}"), format!("{}{second}", hint(GOOD)), format!("{GOOD}{}", hint(second))]
    {
        let errors = parse(&one_sided).unwrap_err();
        assert_eq!(errors.problems.len(), 1, "{errors}");
        assert_eq!(errors.problems[0].at, "connections[2].secrets.webhook");
        assert!(errors.problems[0].what.contains("connections[1] has the same one"), "{errors}");
        assert!(!errors.to_string().contains(CANARY), "{errors}");
    }
    parse(&format!("{GOOD}{}", second.replace("canary-old", "canary-own"))).unwrap();
    let settings = parse(&hint(&format!("{GOOD}{second}"))).unwrap();
    assert_eq!(settings.connections[2].connection.option("shared_secret"), Some("true"));
}

#[test]
fn a_marketplace_that_posts_takes_a_webhook_secret_and_says_what_it_must_be() {
    let with = |secrets: &str| {
        let two = ["ebay-1", "ebay-2"].map(|id| {
            format!("[[connections]]\nid = \"{id}\"\nkind = \"ebay\"\nsecrets = {{ {secrets} }}\n")
        });
        parse(&format!("{GOOD}{}", two.concat()))
    };
    let without = with("").unwrap();
    assert!(without.connections[2].webhook_secrets.is_empty(), "polls find what is not posted");
    // What is posted names its seller: one token may serve all of an app's accounts.
    let one = with("webhook = \"canary-verification\"").unwrap();
    assert_eq!(one.connections[3].webhook_secrets.len(), 1);
    let errors = with("webhook = [\"canary-verification\", \"canary\"]").unwrap_err();
    assert_eq!(errors.problems[0].at, "connections[2].secrets.webhook");
    assert!(errors.problems[0].what.contains("at least 12"), "{errors}");
    assert!(!errors.to_string().contains(CANARY), "{errors}");
}

#[test]
fn an_option_that_looks_like_a_slip_of_a_key_and_is_none_reaches_its_connector() {
    let with = |line: &str| changed("region = \"na\"", &format!("region = \"na\"\n{line}"));
    let theirs = parse(&with("note_to_buyer = \"Thank you!\"")).unwrap_err().to_string();
    assert!(theirs.contains("amazon has no such option"), "{theirs}");
    let slip = parse(&with("notifi_buyer = \"x\"")).unwrap_err().to_string();
    assert!(slip.contains("did you mean \"notify_buyer\""), "{slip}");
}
