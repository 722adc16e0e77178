//! A stranger's world: two sandboxes in a process of their own, two Amazon accounts, one shop, and settings that
//! share no word with the project's own examples.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http;
use crate::running::{Running, Said, address_in, parcelwire, run, until};

/// The shop.
pub(crate) const SHOP: &str = "kiln-and-clay.myshopify.com";
/// Amazon's marketplace in the US; the other account's is Germany's.
const US: &str = "ATVPDKIKX0DER";
const DE: &str = "A1PA6795UKMFR9";

/// How a shop order names its marketplace order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// By a tag, for the German account.
    Tag,
    /// By the source identifier, for the US account.
    Source,
    /// By the order's name, for the US account.
    Name,
}

impl Link {
    pub(crate) const ALL: [Self; 3] = [Self::Tag, Self::Source, Self::Name];
}

/// An order at both ends.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// At Amazon.
    pub(crate) amazon: String,
    /// At the shop.
    pub(crate) shop: u64,
    /// Its name at the shop.
    pub(crate) name: String,
}

/// What the shop posts.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Delivery {
    fn read(value: &Value) -> Self {
        let headers = value["headers"].as_array().unwrap().iter();
        let headers = headers
            .map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned()))
            .collect();
        Self { headers, body: value["body"].as_str().unwrap().as_bytes().to_vec() }
    }
}

/// The world, and perhaps a system that serves it.
pub(crate) struct World {
    folder: TempDir,
    _sandbox: Running,
    pub(crate) at: SocketAddr,
    pub(crate) secrets: BTreeMap<&'static str, String>,
    pub(crate) log: &'static str,
    pub(crate) serve: Option<Running>,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) webhook: String,
    orders: AtomicU32,
}

impl World {
    /// The sandbox populated, the settings written, nothing served yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = parcelwire(folder.path());
        let mut sandbox = Running::start(command.args(["sandbox", "--port", "0"]));
        sandbox.says("Use these");
        let at = address_in(&sandbox.out());
        let secrets = [
            "south-id",
            "south-secret",
            "south-refresh",
            "nord-id",
            "nord-secret",
            "nord-refresh",
            "webhook",
            "old-webhook",
            "shop-token",
        ];
        // Different at each run: nothing may depend on them.
        let salt = std::process::id();
        let secrets = secrets.iter().map(|name| (*name, format!("sEcRet+{name}/{salt:x}=="))).collect();
        let world = Self {
            folder,
            _sandbox: sandbox,
            at,
            secrets,
            log: "info",
            serve: None,
            address: None,
            webhook: String::new(),
            orders: AtomicU32::new(0),
        };
        world.populate();
        world.write_settings(&world.settings());
        world
    }

    /// The same, served.
    pub(crate) fn served() -> Self {
        let mut world = Self::new();
        world.start();
        world
    }

    fn populate(&self) {
        let secret = |name: &str| self.secrets[name].clone();
        for account in ["south", "nord"] {
            let seller = json!({
                "seller": account, "client_id": secret(&format!("{account}-id")),
                "client_secret": secret(&format!("{account}-secret")),
                "refresh_token": secret(&format!("{account}-refresh")),
            });
            self.amazon("sellers", &seller);
        }
        self.amazon("settings", &json!({"search_lag_seconds": 0}));
        self.shopify(
            "shops",
            &json!({
                "domain": SHOP, "access_token": secret("shop-token"), "webhook_secret": secret("webhook"),
            }),
        );
    }

    /// The settings file's text.
    pub(crate) fn settings(&self) -> String {
        let (at, s) = (self.at, &self.secrets);
        let log = self.log;
        format!(
            r#"[general]
port = 0
allow_base_urls = true
time_zone = "Asia/Tokyo"
log = "{log}"

[mail]
to = ["depot@ceramics.example"]

[timing]
read_back_after = 0.2
missing_after = 20
doubt_settles_after = 0.5
retry_after = 0.3
lease = 2

[[connections]]
id = "south-7"
kind = "amazon"
base_url = "http://{at}/amazon"
marketplace_id = "{US}"
[connections.secrets]
client_id = "{}"
client_secret = "{}"
refresh_token = "{}"

[[connections]]
id = "nord"
kind = "amazon"
base_url = "http://{at}/amazon"
region = "eu"
marketplace_id = "{DE}"
time_zone = "Europe/Berlin"
[connections.secrets]
client_id = "{}"
client_secret = "{}"
refresh_token = "{}"

[[connections]]
id = "kiln"
kind = "shopify"
shop = "{SHOP}"
base_url = "http://{at}/shopify"
link = [
  {{ from = "tag", prefix = "verkauf:", account = "nord" }},
  {{ from = "source_identifier", account = "south-7", source_name = "a-feed" }},
  {{ from = "name", prefix = "A/", account = "south-7" }},
]
[connections.secrets]
webhook = ["{}", "{}"]
access_token = "{}"
"#,
            s["south-id"],
            s["south-secret"],
            s["south-refresh"],
            s["nord-id"],
            s["nord-secret"],
            s["nord-refresh"],
            s["webhook"],
            s["old-webhook"],
            s["shop-token"],
        )
    }

    /// Where the settings are.
    pub(crate) fn settings_path(&self) -> PathBuf {
        self.folder.path().join("our-settings.toml")
    }

    /// Writes the settings file.
    pub(crate) fn write_settings(&self, text: &str) {
        std::fs::write(self.settings_path(), text).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(self.settings_path(), private).unwrap();
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("keep here")
    }

    /// The binary, told of this world.
    pub(crate) fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = parcelwire(self.folder.path());
        command.arg("--settings").arg(self.settings_path()).arg("--data").arg(self.data()).args(args);
        command
    }

    /// Runs a command of the command line.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        run(self.command(args))
    }

    /// Runs one with `--json` that must succeed.
    #[track_caller]
    pub(crate) fn ask(&self, args: &[&str]) -> Value {
        let said = self.run(&[&["--json"], args].concat());
        assert_eq!(said.code, Some(0), "{args:?}: {}{}", said.out, said.err);
        said.json()
    }

    /// Serves, and waits until it listens.
    #[track_caller]
    pub(crate) fn start(&mut self) {
        self.start_by(self.command(&["serve"]));
    }

    /// Serves by this command.
    #[track_caller]
    pub(crate) fn start_by(&mut self, mut command: std::process::Command) {
        let mut serve = Running::start(&mut command);
        let webhook = serve.says("webhooks   ");
        let address = address_in(&serve.out());
        let (_, path) = webhook.split_once(&address.to_string()).unwrap();
        self.webhook = path.split_whitespace().next().unwrap().to_owned();
        self.address = Some(address);
        self.serve = Some(serve);
    }

    /// `kill -9`; what it said.
    pub(crate) fn kill(&mut self) -> (String, String) {
        let mut serve = self.serve.take().unwrap();
        serve.kill();
        serve.all()
    }

    /// So much time passes while nothing serves that whatever a killed worker had in hand is shown again.
    pub(crate) fn time_passes_for_the_queue(&self) {
        assert!(self.serve.is_none());
        self.queue_file().execute("UPDATE messages SET visible_at = 0", []).unwrap();
    }

    /// The same, and each message was received as often as may be.
    pub(crate) fn workers_died_over_every_message(&self) {
        self.time_passes_for_the_queue();
        self.queue_file().execute("UPDATE messages SET receives = 5", []).unwrap();
    }

    fn queue_file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.data().join("queue.db")).unwrap()
    }

    /// A control request to the Amazon stand-in.
    pub(crate) fn amazon(&self, what: &str, body: &Value) -> Value {
        http::json(self.at, "POST", &format!("/amazon/_sandbox/{what}"), body)
    }

    /// A control request to the Shopify stand-in.
    pub(crate) fn shopify(&self, what: &str, body: &Value) -> Value {
        http::json(self.at, "POST", &format!("/shopify/_sandbox/{what}"), body)
    }

    /// An order with these SKUs and units at both ends.
    pub(crate) fn order(&self, link: Link, items: &[(&str, u32)]) -> Order {
        self.order_with(link, items, &json!({}))
    }

    /// An order; `more` is added to what the shop's is made of.
    pub(crate) fn order_with(&self, link: Link, items: &[(&str, u32)], more: &Value) -> Order {
        let number = self.orders.fetch_add(1, Ordering::Relaxed) + 1;
        let amazon = format!("303-{:07}-{number:07}", 7_000_000 - number);
        let (seller, place) = if link == Link::Tag { ("nord", DE) } else { ("south", US) };
        let there: Vec<Value> = items.iter().map(|(sku, n)| json!({"sku": sku, "quantity": n})).collect();
        self.amazon(
            "orders",
            &json!({
                "seller": seller, "order_id": amazon, "marketplace_id": place, "items": there,
            }),
        );
        let mut spec = match link {
            Link::Tag => json!({"tags": ["fragile", format!("verkauf:{amazon}")]}),
            Link::Source => json!({"source_name": "a-feed", "source_identifier": amazon}),
            Link::Name => json!({"name": format!("A/{amazon}")}),
        };
        spec["lines"] = json!(there);
        for (name, value) in more.as_object().unwrap() {
            spec[name] = value.clone();
        }
        let order = self.shopify(&format!("shops/{SHOP}/orders"), &spec);
        let name = order["name"].as_str().unwrap().to_owned();
        Order { amazon, shop: order["id"].as_u64().unwrap(), name }
    }

    /// The shop ships; what it posts, and the fulfillment's id.
    pub(crate) fn ship_with(&self, order: &Order, spec: &Value) -> (u64, Delivery) {
        let made = self.shopify(&format!("shops/{SHOP}/orders/{}/fulfillments", order.shop), spec);
        (
            made["fulfillment"]["id"].as_u64().or(made["fulfillment"].as_u64()).unwrap(),
            Delivery::read(&made["delivery"]),
        )
    }

    /// The shop ships everything under one number.
    pub(crate) fn ship(&self, order: &Order, company: &str, number: &str) -> Delivery {
        self.ship_with(order, &json!({"company": company, "numbers": [number]})).1
    }

    /// A control request to the shop that gives a delivery.
    pub(crate) fn delivery(&self, what: &str, body: &Value) -> Delivery {
        Delivery::read(&self.shopify(&format!("shops/{SHOP}/{what}"), body))
    }

    /// Posts; the status, or `None` if nobody answers.
    pub(crate) fn try_post(&self, delivery: &Delivery) -> Option<u16> {
        http::request(self.address?, "POST", &self.webhook, &delivery.headers, &delivery.body).map(|(s, _)| s)
    }

    /// Posts; the status.
    #[track_caller]
    pub(crate) fn post(&self, delivery: &Delivery) -> u16 {
        self.try_post(delivery).unwrap()
    }

    /// Posts a body of our own under a topic, signed; the status.
    #[track_caller]
    pub(crate) fn post_body(&self, topic: &str, body: &[u8]) -> u16 {
        let headers = http::signed(&self.secrets["webhook"], topic, body);
        self.post(&Delivery { headers, body: body.to_vec() })
    }

    /// What the sandbox holds of an order, sorted: `number carrier units calls`.
    pub(crate) fn shown(&self, order: &Order) -> Vec<String> {
        let record = http::json(self.at, "GET", "/amazon/_sandbox/record", &Value::Null);
        let packages = record["packages"].as_array().unwrap().iter();
        let mut rows: Vec<String> = packages
            .filter(|p| p["order"] == order.amazon.as_str())
            .map(|p| {
                let content = &p["content"];
                let units: u64 =
                    content["lines"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
                let text = |v: &Value| v.as_str().unwrap().to_owned();
                let (number, code) = (text(&content["tracking_number"]), text(&content["carrier_code"]));
                format!("{number} {code} {units} in {}", p["confirm_calls"])
            })
            .collect();
        rows.sort();
        rows
    }

    /// The states of an order's parcels, as another process sees them, sorted.
    #[track_caller]
    pub(crate) fn states(&self, order: &Order) -> Vec<String> {
        let shop = order.shop.to_string();
        let rows = self.ask(&["orders"]);
        let rows = rows.as_array().unwrap().iter();
        let mut states: Vec<String> = rows
            .filter(|row| {
                row["marketplace_order"] == order.amazon.as_str() || row["store_order"] == shop.as_str()
            })
            .map(|row| row["state"].as_str().unwrap().to_owned())
            .collect();
        states.sort();
        states
    }

    /// Waits for the states of an order's parcels: longer than the half minute for which a killed process keeps others
    /// from fetching a token.
    #[track_caller]
    pub(crate) fn wait(&self, order: &Order, wanted: &[&str]) {
        let mut last = Vec::new();
        for _ in 0..300 {
            last = self.states(order);
            if last == wanted {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(250));
        }
        let told = self.run(&["explain", &order.shop.to_string()]);
        panic!("{order:?} is {last:?}, not {wanted:?}\n{}{}", told.out, told.err);
    }

    /// Waits until the mailbox has so many mails with this in the subject or text, and returns their texts.
    #[track_caller]
    pub(crate) fn mails(&self, about: &str, at_least: usize) -> Vec<String> {
        until(&format!("{at_least} mail(s) about {about}"), || {
            let found = self.all_mails().into_iter().filter(|mail| mail.contains(about)).collect::<Vec<_>>();
            (found.len() >= at_least).then_some(found)
        })
    }

    /// Every mail: subject and text.
    #[track_caller]
    pub(crate) fn all_mails(&self) -> Vec<String> {
        let list = self.ask(&["mail", "list"]);
        let numbers = list.as_array().unwrap().iter().map(|mail| mail["number"].to_string());
        numbers
            .map(|number| {
                let mail = self.ask(&["mail", "show", &number]);
                format!("{}\n{}", mail["subject"].as_str().unwrap(), mail["text"].as_str().unwrap())
            })
            .collect()
    }

    /// How many messages wait or are being worked on.
    pub(crate) fn queued(&self) -> u64 {
        self.queue_file().query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).unwrap()
    }

    /// How many deliveries are kept for replay.
    pub(crate) fn kept_deliveries(&self) -> u64 {
        let ledger = rusqlite::Connection::open(self.data().join("ledger.db")).unwrap();
        ledger.query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0)).unwrap()
    }

    /// How many dead letters there are, from the queue's own file.
    pub(crate) fn dead_letters(&self) -> u64 {
        self.queue_file().query_row("SELECT count(*) FROM dead_letters", [], |row| row.get(0)).unwrap()
    }
}
