//! Where the stories play: a whole system, in this process or in a stack, and a sandbox beside it.

mod host;
mod marketplaces;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use aws::Depth;
use jiff::SignedDuration;
use ports::{Clock as _, QueueName, SystemClock};
use sandbox::amazon::{NewItem, NewOrder, Party, Record, Status};
use sandbox::faults::{Fault, Planned};
use sandbox::shopify::{Delivery, FulfillLine, FulfillSpec, LineSpec, OrderSpec, TrackingSpec};
use tokio::time::Instant;
use workflow::admin;
use workflow::mappings::NewMapping;

use super::{NOTHING, PATIENCE, PATIENCE_DEPLOYED};
use crate::cli::Failure;
use crate::quickstart::{self, US, locked};
use crate::sandbox_host::SandboxHost;
use crate::serve::Serving;
use crate::system;
pub(crate) use host::{Elsewhere, Host};
pub(crate) use marketplaces::ETSY;

/// The shop whose orders are told of.
pub(crate) const SHOP: &str = "harbour-lamps.myshopify.com";
/// The shop with a year behind it.
pub(crate) const OLD_SHOP: &str = "old-lamps.myshopify.com";
/// The shop that is hardly ever polled: what its webhooks say is all that is heard of it.
pub(crate) const QUIET_SHOP: &str = "quiet-lamps.myshopify.com";
/// Orders shipped before the start.
pub(crate) const OLD_ORDERS: u32 = 40;

/// SKUs and quantities.
type Items<'a> = &'a [(&'a str, u32)];

/// An order in both worlds.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// At the marketplace.
    pub(crate) there: String,
    /// At the shop.
    pub(crate) shop: u64,
    /// Which shop.
    pub(crate) domain: &'static str,
}

/// The system and the sandbox.
pub(crate) struct Stage {
    pub(crate) sandbox: SandboxHost,
    pub(crate) host: Host,
    folder: PathBuf,
    urls: Vec<(&'static str, String)>,
    patience: Duration,
}

fn settings_text(sandbox: &SandboxHost, second_token: &str) -> String {
    let (amazon, shopify) = (sandbox.amazon_url(), sandbox.shopify_url());
    let others = marketplaces::settings_text(sandbox);
    format!(
        r#"[general]
allow_base_urls = true
time_zone = "America/New_York"
[mail]
to = ["merchant@example.com"]
[timing]
read_back_after = 0.3
missing_after = 3
doubt_settles_after = 1
retry_after = 0.3
[[connections]]
id = "amazon-us"
kind = "amazon"
base_url = "{amazon}"
secrets = {{ client_id = "c1", client_secret = "s1", refresh_token = "r1" }}
[[connections]]
id = "amazon-two"
kind = "amazon"
base_url = "{amazon}"
secrets = {{ client_id = "c2", client_secret = "s2", refresh_token = "{second_token}" }}
[[connections]]
id = "shop"
kind = "shopify"
shop = "{SHOP}"
base_url = "{shopify}"
timing = {{ poll_every = 2 }}
link = [
  {{ from = "note_attribute", name = "amazon-us-order", account = "amazon-us" }},
  {{ from = "note_attribute", name = "amazon-two-order", account = "amazon-two" }},
  {{ from = "note_attribute", name = "ebay-us-order", account = "ebay-us" }},
  {{ from = "note_attribute", name = "etsy-us-order", account = "etsy-us" }},
]
secrets = {{ webhook = "w1", access_token = "t1" }}
[[connections]]
id = "old-shop"
kind = "shopify"
shop = "{OLD_SHOP}"
base_url = "{shopify}"
timing = {{ poll_every = 2 }}
link = [{{ from = "note_attribute", name = "amazon-us-order", account = "amazon-us" }}]
secrets = {{ webhook = "w2", access_token = "t2" }}
[[connections]]
id = "quiet-shop"
kind = "shopify"
shop = "{QUIET_SHOP}"
base_url = "{shopify}"
timing = {{ poll_every = 3600 }}
link = [{{ from = "note_attribute", name = "amazon-us-order", account = "amazon-us" }}]
secrets = {{ webhook = "w3", access_token = "t3" }}
{others}"#
    )
}

impl Stage {
    /// Builds it, in this process or around a stack. The old shop has shipped for a year before the system starts.
    pub(crate) async fn set(elsewhere: Option<Elsewhere<'_>>) -> Result<Self, Failure> {
        let found = match elsewhere {
            Some(elsewhere) => Some(Host::find(elsewhere).await?),
            None => None,
        };
        Ok(Self::set_around(found).await?)
    }

    async fn set_around(found: Option<Host>) -> Result<Self> {
        let anywhere: SocketAddr = "127.0.0.1:0".parse()?;
        let sandbox = SandboxHost::start(anywhere).await?;
        {
            // Nobody waits two minutes in a demo: lists show the present.
            let mut amazon = locked(&sandbox.amazon)?;
            let settings = sandbox::amazon::Settings { search_lag_seconds: 0, ..amazon.settings().clone() };
            amazon.set_settings(settings);
        }
        let folder = std::env::temp_dir().join(format!("parcelwire-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("settings.toml");
        std::fs::write(&file, settings_text(&sandbox, "r2"))?;
        let settings = system::load_settings(&file)?;
        quickstart::populate(&sandbox, &settings)?;
        for n in 0..OLD_ORDERS {
            old_order(&sandbox, n)?;
        }
        let (host, patience) = match found {
            Some(host) => {
                host.settings_changed(&file).await?;
                (host, PATIENCE_DEPLOYED)
            }
            None => {
                let opened = system::open(&folder.join("data"), Some(&settings)).await?;
                let serving = Serving::start(opened, &settings, anywhere, Some(file)).await?;
                (Host::Machine(Box::new(serving)), PATIENCE)
            }
        };
        let mut urls = Vec::new();
        for (shop, connection) in [(SHOP, "shop"), (OLD_SHOP, "old-shop"), (QUIET_SHOP, "quiet-shop")] {
            urls.push((shop, host.webhook_url(connection).await?));
        }
        Ok(Self { sandbox, host, folder, urls, patience })
    }

    /// Takes it down. A stack is left as it is.
    pub(crate) async fn strike(self) {
        let Self { sandbox, host, folder, .. } = self;
        drop(host);
        drop(sandbox);
        // A directory of the demo's own; what cannot be removed is the system's to clean.
        let _removed = std::fs::remove_dir_all(folder);
    }

    /// The second account's new token goes into the settings, as a merchant would put it there.
    pub(crate) async fn reconnect_second(&self, token: &str) -> Result<()> {
        let file = self.folder.join("settings.toml");
        std::fs::write(&file, settings_text(&self.sandbox, token))?;
        self.host.settings_changed(&file).await
    }

    /// An order in both worlds.
    pub(crate) fn order(&self, account: &str, number: u32, items: &[(&str, u32)]) -> Result<Pair> {
        self.order_with(account, number, items, items, |_| {})
    }

    /// An order in both worlds, which may differ in SKUs and in what Amazon says of it.
    pub(crate) fn order_with(
        &self,
        account: &str,
        number: u32,
        there: &[(&str, u32)],
        here: &[(&str, u32)],
        change: impl FnOnce(&mut NewOrder),
    ) -> Result<Pair> {
        self.order_at(SHOP, account, number, (there, here), change)
    }

    /// The same at any of the shops; `items` are those at Amazon and those at the shop.
    pub(crate) fn order_at(
        &self,
        domain: &'static str,
        account: &str,
        number: u32,
        items: (Items<'_>, Items<'_>),
        change: impl FnOnce(&mut NewOrder),
    ) -> Result<Pair> {
        let (there, here) = items;
        let id = format!("{:03}-{number:07}-{number:07}", 100 + number % 800);
        let now = SystemClock.now();
        let mut order = NewOrder {
            seller: account.to_owned(),
            order_id: id.clone(),
            marketplace_id: US.to_owned(),
            items: there.iter().map(|(sku, quantity)| item(sku, *quantity)).collect(),
            fulfilled_by: Party::Merchant,
            status: Status::Unshipped,
            programs: Vec::new(),
            purchase_date: now.checked_sub(SignedDuration::from_hours(2)).ok(),
            ship_by: None,
            cancel_requested: false,
            packages: Vec::new(),
            buyer: None,
            recipient: None,
        };
        change(&mut order);
        locked(&self.sandbox.amazon)?.add_order(now, order).map_err(|e| anyhow!(e))?;
        let attribute = format!("{account}-order");
        let shop = shop_order(&self.sandbox, domain, &attribute, &id, here)?;
        Ok(Pair { there: id, shop, domain })
    }

    /// An order of the shop alone.
    pub(crate) fn own_order(&self, items: &[(&str, u32)]) -> Result<Pair> {
        let shop = shop_order(&self.sandbox, SHOP, "gift-note", "thanks", items)?;
        Ok(Pair { there: String::new(), shop, domain: SHOP })
    }

    /// The shop ships; what it would post is returned.
    pub(crate) fn ship(
        &self,
        pair: &Pair,
        carrier: &str,
        numbers: &[&str],
        lines: Option<&[(&str, u32)]>,
    ) -> Result<(u64, Delivery)> {
        let line = |(sku, quantity): &(&str, u32)| FulfillLine {
            line: None,
            sku: Some((*sku).to_owned()),
            quantity: *quantity,
        };
        let spec = FulfillSpec {
            lines: lines.map(|all| all.iter().map(line).collect()),
            numbers: numbers.iter().map(|n| (*n).to_owned()).collect(),
            company: Some(carrier.to_owned()),
            ..FulfillSpec::default()
        };
        quickstart::ship(&self.sandbox, pair.domain, pair.shop, spec)
    }

    /// The shop changes a fulfillment's numbers.
    pub(crate) fn retrack(&self, pair: &Pair, id: u64, carrier: &str, number: &str) -> Result<Delivery> {
        let spec = TrackingSpec { numbers: vec![number.to_owned()], company: Some(carrier.to_owned()) };
        locked(&self.sandbox.shopify)?
            .update_tracking(SystemClock.now(), pair.domain, pair.shop, id, spec)
            .map_err(|error| anyhow!("{error}"))
    }

    /// The address of a shop's webhooks.
    pub(crate) fn url(&self, domain: &str) -> Result<&str> {
        let found = self.urls.iter().find(|(shop, _)| *shop == domain);
        found.map(|(_, url)| url.as_str()).ok_or_else(|| anyhow!("no shop {domain}"))
    }

    /// Posts a delivery, which must be taken.
    pub(crate) async fn post(&self, pair: &Pair, delivery: &Delivery) -> Result<()> {
        let status = quickstart::post(self.url(pair.domain)?, delivery).await?;
        ensure!(status == 200, "the receiver answered {status}");
        Ok(())
    }

    /// Ships everything and posts it.
    pub(crate) async fn ship_and_post(&self, pair: &Pair, carrier: &str, number: &str) -> Result<u64> {
        let (id, delivery) = self.ship(pair, carrier, &[number], None)?;
        self.post(pair, &delivery).await?;
        Ok(id)
    }

    /// The sandbox's own record.
    pub(crate) fn record(&self) -> Result<Record> {
        Ok(locked(&self.sandbox.amazon)?.record())
    }

    /// What Amazon holds of an order, sorted: `number carrier units`, and how many calls made it.
    pub(crate) fn shown(&self, pair: &Pair) -> Result<String> {
        let record = self.record()?;
        let mut rows: Vec<String> = record
            .packages
            .iter()
            .filter(|p| p.order == pair.there)
            .map(|p| {
                let units: u32 = p.content.lines.values().sum();
                let (number, carrier) = (&p.content.tracking_number, &p.content.carrier_code);
                format!("{number} {carrier} {units} unit(s) by {} call(s)", p.confirm_calls)
            })
            .collect();
        rows.sort();
        Ok(if rows.is_empty() { "nothing".to_owned() } else { rows.join("; ") })
    }

    /// The state of an order's packages, as `parcelwire orders` shows it.
    pub(crate) async fn states(&self, pair: &Pair) -> Result<String> {
        let rows = admin::orders(self.host.world(), None, None).await?;
        let shop = pair.shop.to_string();
        let mut states: Vec<&str> = rows
            .into_iter()
            .filter(|row| {
                if pair.there.is_empty() {
                    row.store_order.as_deref() == Some(shop.as_str())
                } else {
                    row.marketplace_order.as_deref() == Some(pair.there.as_str())
                }
            })
            .map(|row| row.state)
            .collect();
        states.sort();
        Ok(states.join(", "))
    }

    /// Mails that mention a text.
    pub(crate) async fn mails(&self, about: &str) -> Result<Vec<String>> {
        let all = self.host.mails().await?;
        Ok(all.into_iter().filter(|mail| mail.contains(about)).collect())
    }

    /// Waits until `states` says this; whatever it says at the end is returned.
    pub(crate) async fn wait_for_state(&self, pair: &Pair, wanted: &str) -> Result<String> {
        let until = Instant::now() + self.patience;
        loop {
            let states = self.states(pair).await?;
            if states == wanted || Instant::now() > until {
                return Ok(states);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until so many mails mention a text; how many do.
    pub(crate) async fn wait_for_mails(&self, about: &str, wanted: usize) -> Result<usize> {
        let until = Instant::now() + self.patience;
        loop {
            let count = self.mails(about).await?.len();
            if count >= wanted || Instant::now() > until {
                return Ok(count);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What a stack's queues and dead letters hold once all is worked on; one machine's end with it.
    pub(crate) async fn left_in_queues(&self) -> Result<Option<String>, Failure> {
        let Some(deployed) = self.host.deployed() else { return Ok(None) };
        let until = Instant::now() + self.patience;
        loop {
            let mut left = Vec::new();
            for queue in QueueName::ALL {
                let depth = deployed.dead_letters(queue)?.depth().await.map_err(anyhow::Error::from)?;
                // A delayed message is a timer: a parked account's wake is one for ten minutes, void or not.
                let Depth { waiting, dead, .. } = depth;
                if waiting + dead > 0 {
                    left.push(format!("{}: {waiting}, dead letters: {dead}", queue.as_str()));
                }
            }
            if left.is_empty() {
                return Ok(Some(NOTHING.to_owned()));
            }
            if Instant::now() > until {
                return Ok(Some(left.join("; ")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Plans faults for one account's calls.
    pub(crate) fn fault(&self, account: &str, operation: &str, times: u32, fault: Fault) -> Result<()> {
        let planned =
            Planned { operation: operation.to_owned(), account: Some(account.to_owned()), times, fault };
        locked(&self.sandbox.amazon)?.plan_fault(planned);
        Ok(())
    }

    /// `parcelwire map set`.
    pub(crate) async fn map(&self, text: &str, code: &str) -> Result<()> {
        self.map_as(NewMapping { text: text.to_owned(), code: code.to_owned(), ..NewMapping::default() })
            .await
    }

    /// The same, with all that can be said of a mapping.
    pub(crate) async fn map_as(&self, new: NewMapping) -> Result<()> {
        admin::map_set(self.host.world(), &first_account(), new, "the demo").await?;
        Ok(())
    }

    /// `parcelwire map dry-run`.
    pub(crate) async fn dry_run(&self, file: &[u8]) -> Result<admin::DryRun> {
        let edit = admin::Edit::Import(file);
        Ok(admin::map_dry_run(self.host.world(), &first_account(), edit).await?)
    }

    /// `parcelwire map import`.
    pub(crate) async fn import(&self, file: &[u8]) -> Result<()> {
        admin::map_import(self.host.world(), &first_account(), file, "the demo").await?;
        Ok(())
    }

    /// `parcelwire sku set`.
    pub(crate) async fn map_sku(&self, here: &str, there: &str) -> Result<()> {
        admin::sku_set(self.host.world(), Some("amazon-us"), here, there, "the demo").await?;
        Ok(())
    }
}

fn first_account() -> admin::MapTarget {
    admin::MapTarget { connection: Some("amazon-us".to_owned()), ..Default::default() }
}

fn item(sku: &str, quantity: u32) -> NewItem {
    NewItem { order_item_id: None, sku: sku.to_owned(), quantity, cancelled: false }
}

fn shop_order(
    sandbox: &SandboxHost,
    domain: &str,
    attribute: &str,
    value: &str,
    items: &[(&str, u32)],
) -> Result<u64> {
    let spec = OrderSpec {
        attributes: vec![(attribute.to_owned(), value.to_owned())],
        lines: items.iter().map(|(sku, quantity)| LineSpec::new(sku, *quantity)).collect(),
        ..OrderSpec::default()
    };
    let order = locked(&sandbox.shopify)?.create_order(SystemClock.now(), domain, spec);
    Ok(order.map_err(|error| anyhow!("{error}"))?.id)
}

/// An order that was shipped `n` weeks and a day ago, and never confirmed at Amazon.
fn old_order(sandbox: &SandboxHost, n: u32) -> Result<()> {
    let id = format!("{:03}-{n:07}-9999999", 900 + n % 90);
    let now = SystemClock.now();
    let ago = SignedDuration::from_hours(24 + i64::from(n) * 24 * 9);
    let at = now.checked_sub(ago)?;
    let order = NewOrder {
        seller: "amazon-us".to_owned(),
        order_id: id.clone(),
        marketplace_id: US.to_owned(),
        items: vec![item("OLD-LAMP", 1)],
        fulfilled_by: Party::Merchant,
        status: Status::Unshipped,
        programs: Vec::new(),
        purchase_date: Some(at),
        ship_by: None,
        cancel_requested: false,
        packages: Vec::new(),
        buyer: None,
        recipient: None,
    };
    locked(&sandbox.amazon)?.add_order(at, order).map_err(|e| anyhow!(e))?;
    let shop = shop_order(sandbox, OLD_SHOP, "amazon-us-order", &id, &[("OLD-LAMP", 1)])?;
    let spec = FulfillSpec {
        numbers: vec![format!("1Z999AA1{n:010}")],
        company: Some("UPS".to_owned()),
        at: Some(at),
        ..FulfillSpec::default()
    };
    quickstart::ship(sandbox, OLD_SHOP, shop, spec)?;
    Ok(())
}
