//! What is logged: every line of every story is read here, as an operator would read it, and as a thief would.

use std::io::Write;
use std::sync::{Arc, Mutex};

use futures::executor::block_on;
use serde_json::Value;
use tracing::subscriber::DefaultGuard;

use crate::harness::{System, account};

/// What no line may hold: secrets of the stories, tokens that the stand-ins make of them, whoever is mailed, and the
/// buyer, who is called Canary in every field of every payload.
const NEVER: [&str; 9] = [
    "canary",
    "sandbuyer",
    "555-0142",
    "merchant@example.com",
    "shop-secret",
    "shop-token",
    "client-secret-",
    "refresh-amazon",
    "atza|",
];

/// The lines that one system writes, down to the level of debugging.
pub(crate) struct Log {
    page: Page,
    _listening: DefaultGuard,
}

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Listens to this thread from now on.
    pub(crate) fn listen() -> Self {
        let page = Page::default();
        let to = page.clone();
        let lines = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(move || to.clone())
            .finish();
        Self { page, _listening: tracing::subscriber::set_default(lines) }
    }

    fn text(&self) -> String {
        String::from_utf8(self.page.0.lock().unwrap().clone()).unwrap()
    }

    /// Every line, as JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Lines that hold what none may.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let text = self.text();
        let leaks = |line: &&str| NEVER.iter().any(|word| line.to_lowercase().contains(word));
        text.lines().filter(leaks).map(str::to_owned).collect()
    }
}

#[test]
fn a_line_that_leaks_is_caught() {
    let log = Log::listen();
    tracing::debug!(order = "111-0000000-0000001", "looked");
    assert_eq!(log.leaks(), Vec::<String>::new());
    let span = tracing::error_span!("look", to = "Canary Sandbuyer");
    span.in_scope(|| tracing::warn!("a"));
    tracing::info!(token = "Atza|x", "b");
    tracing::info!("refused: shop-secret");
    assert_eq!(log.leaks().len(), 3);
}

/// A count of this name.
fn counts<'l>(lines: &'l [Value], metric: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["metric"] == metric).collect()
}

#[test]
fn one_trace_leads_from_the_webhook_to_the_confirmation() {
    let system = System::start();
    system.order("111-0000000-0000001", &[("LAMP", 1)]);
    let (_, mut delivery) =
        system.ship("111-0000000-0000001", "USPS", &["9400100000000000000000"], &[("LAMP", 1)]);
    let id = "1-67891233-abcdef012345678912345678";
    delivery.headers.push(("X-Amzn-Trace-Id".into(), format!("Root={id};Sampled=1")));
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    let lines = system.log.lines();
    let accepted = lines.iter().find(|line| line["message"] == "delivery accepted").unwrap();
    assert_eq!((&accepted["trace_id"], &accepted["connection"]), (&id.into(), &"shop".into()));
    let [confirmation] = counts(&lines, "confirmations")[..] else { panic!("{lines:#?}") };
    assert_eq!(confirmation["span"]["trace_id"], id);
    assert_eq!(
        (&confirmation["outcome"], &confirmation["marketplace"]),
        (&"accepted".into(), &"amazon".into())
    );
    assert_eq!(confirmation["order"], "111-0000000-0000001");
    assert_eq!(confirmation["connection"], account("amazon-us").to_string());
    assert!(confirmation["package"].is_string() && confirmation["duration_ms"].is_u64(), "{confirmation}");
    // Sampled: each step says how long it took.
    let looked =
        lines.iter().find(|line| line["message"] == "looked" && line["span"]["at"] == "delivery").unwrap();
    assert!(looked["level"] == "INFO" && looked["duration_ms"].is_u64() && looked["span"]["trace_id"] == id);
    system.pass(60);
    let lines = system.log.lines();
    let [lag] = counts(&lines, "read_back_lag")[..] else { panic!("shown once") };
    assert!(lag["value"].as_u64().unwrap() >= 60_000, "{lag}");
    // What the sweep found by itself came from nothing outside.
    assert_eq!(lag["span"]["trace_id"], Value::Null);
}

#[test]
fn the_trace_goes_on_into_the_mail_about_what_is_held() {
    let system = System::start();
    system.order("111-0000000-0000001", &[("LAMP", 1)]);
    let (_, mut delivery) = system.ship("111-0000000-0000001", "Zephyr Pigeon", &["ZP1"], &[("LAMP", 1)]);
    let id = "1-67891233-abcdef012345678912345678";
    delivery.headers.push(("X-Amzn-Trace-Id".into(), format!("Root={id};Sampled=0")));
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    let lines = system.log.lines();
    let [held] = counts(&lines, "held")[..] else { panic!("{lines:#?}") };
    assert_eq!((&held["detail"], &held["span"]["trace_id"]), (&"carrier_unmapped".into(), &id.into()));
    let [mail] = counts(&lines, "mails")[..] else { panic!("{lines:#?}") };
    assert_eq!((&mail["outcome"], &mail["span"]["trace_id"]), (&"sent".into(), &id.into()));
    // A forged delivery is one count, and says why.
    delivery.body.push(' ');
    assert_eq!(system.post(&delivery), 401);
    let lines = system.log.lines();
    let [refused] = counts(&lines, "webhooks")[..] else { panic!("{lines:#?}") };
    assert_eq!((&refused["outcome"], &refused["connection"]), (&"refused".into(), &"shop".into()));
}

#[test]
fn what_alarms_watch_is_counted_while_it_lasts() {
    let system = System::start();
    system.order("111-0000000-0000001", &[("LAMP", 1)]);
    let (_, delivery) =
        system.ship("111-0000000-0000001", "USPS", &["9400100000000000000000"], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
    system.pass(9);
    for metric in ["silent_webhooks", "failing_credentials"] {
        assert_eq!(counts(&system.log.lines(), metric).len(), 0, "{metric}");
    }
    system.clock.advance(std::time::Duration::from_secs(13 * 3600));
    system.pass(6);
    let lines = system.log.lines();
    let silent = counts(&lines, "silent_webhooks");
    assert_eq!(silent.len(), 2, "once each poll");
    assert_eq!(silent[0]["connection"], account("shop").to_string());
    // A marketplace whose subscriptions we made, once it is known how often it tells something.
    let (us, now) = (account("amazon-us"), system.now());
    block_on(system.world.change_connection(&us, |state| {
        state.subscribed_at = Some(now);
        state.heard_webhook(now);
        state.heard_webhook(now + jiff::SignedDuration::from_secs(60));
    }))
    .unwrap();
    system.clock.advance(std::time::Duration::from_secs(13 * 3600));
    system.pass(6);
    let lines = system.log.lines();
    let told = counts(&lines, "silent_webhooks");
    assert!(told.iter().any(|line| line["connection"] == us.to_string()), "{told:?}");
}
