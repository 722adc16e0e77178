//! The first minute: without any settings, a shop and an Amazon account of the sandbox, and one parcel between
//! them. What is written for it is an ordinary settings file; a real one takes its place.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use ports::{Clock as _, Rng as _, SystemClock, SystemRng};
use sandbox::amazon::{NewItem, NewOrder, Party, Seller, Status};
use sandbox::shopify::{Delivery, FulfillSpec, LineSpec, OrderSpec, ShopSpec};
use secrecy::{ExposeSecret as _, SecretString};
use settings::local::{ConfiguredConnection, LocalSettings};

use crate::sandbox_host::SandboxHost;
use crate::system::write_private;

/// The shop of the first start.
pub(crate) const SHOP: &str = "harbour-lamps.myshopify.com";
/// The note attribute that names the marketplace order.
pub(crate) const ATTRIBUTE: &str = "amazon-order-id";
/// Amazon's US marketplace.
pub(crate) const US: &str = "ATVPDKIKX0DER";

/// What a seller of the sandbox has granted at eBay.
const EBAY_SCOPES: [&str; 3] = ["api_scope", "sell.fulfillment", "commerce.notification.subscription"];

fn secret() -> String {
    format!("{:016x}{:016x}", SystemRng.next_u64(), SystemRng.next_u64())
}

/// Writes the settings of the first start: everything of it points at the sandbox on this machine.
pub(crate) fn write_settings(path: &Path, port: u16, sandbox: SocketAddr) -> Result<()> {
    let text = format!(
        r#"# Written at the first start: a shop and an Amazon account of the sandbox on this machine, which
# stands in for the real ones. Change it as you like: it is read again when it changes. Every setting is
# explained in docs/settings.md.

[general]
port = {port}
allow_base_urls = true             # the sandbox only: real accounts need no base URLs

[mail]
to = ["merchant@example.com"]      # kept in the local mailbox: parcelwire mail list

[timing]                           # seconds; a sandbox shows things sooner than a marketplace does
read_back_after = 2
missing_after = 30

[[connections]]
id = "amazon-us"
kind = "amazon"
base_url = "http://{sandbox}/amazon"
time_zone = "America/New_York"
[connections.secrets]
client_id = "sandbox-client"
client_secret = "{client_secret}"
refresh_token = "{refresh_token}"

[[connections]]
id = "shop"
kind = "shopify"
shop = "{SHOP}"
base_url = "http://{sandbox}/shopify"
time_zone = "America/New_York"
link = [{{ from = "note_attribute", name = "{ATTRIBUTE}", account = "amazon-us" }}]
[connections.secrets]
webhook = "{webhook}"
access_token = "{access_token}"
"#,
        client_secret = secret(),
        refresh_token = secret(),
        webhook = secret(),
        access_token = secret(),
    );
    write_private(path, &text)
}

/// Where the settings expect a sandbox on this machine: the loopback address of the first base URL that has
/// a stand-in's path.
pub(crate) fn sandbox_address(settings: &LocalSettings) -> Option<SocketAddr> {
    settings.connections.iter().find_map(|c| {
        let url = c.connection.base_url.as_deref()?.strip_prefix("http://")?;
        let (host, path) = url.split_once('/')?;
        let address: SocketAddr = host.parse().ok()?;
        (address.ip().is_loopback() && matches!(path, "amazon" | "ebay" | "etsy" | "shopify"))
            .then_some(address)
    })
}

fn text(secret: Option<&SecretString>) -> String {
    secret.map(|s| s.expose_secret().to_owned()).unwrap_or_default()
}

/// Opens the shops and accounts of the settings in the sandbox.
pub(crate) fn populate(sandbox: &SandboxHost, settings: &LocalSettings) -> Result<()> {
    for configured in &settings.connections {
        let ConfiguredConnection { connection, webhook_secrets, secrets, .. } = configured;
        match connection.kind.as_str() {
            "amazon" => {
                let seller = Seller {
                    seller: connection.account.connection.to_string(),
                    client_id: text(secrets.get("client_id")),
                    client_secret: text(secrets.get("client_secret")),
                    refresh_token: text(secrets.get("refresh_token")),
                    access_denied: false,
                };
                locked(&sandbox.amazon)?.add_seller(seller);
            }
            "ebay" => {
                let seller = sandbox::ebay::Seller {
                    seller: connection.account.connection.to_string(),
                    user_id: connection.option("user_id").map(str::to_owned),
                    client_id: text(secrets.get("client_id")),
                    client_secret: text(secrets.get("client_secret")),
                    refresh_token: text(secrets.get("refresh_token")),
                    scopes: EBAY_SCOPES.map(str::to_owned).to_vec(),
                    suspended: false,
                };
                locked(&sandbox.ebay)?.add_seller(seller);
            }
            "etsy" => {
                let token = text(secrets.get("refresh_token"));
                // Etsy's tokens begin with their user's number.
                let user = token.split_once('.').and_then(|(user, _)| user.parse().ok()).unwrap_or(1);
                let shop = sandbox::etsy::Shop {
                    shop: connection.option("shop_id").and_then(|id| id.parse().ok()).unwrap_or(1),
                    user,
                    country: connection.option("country").unwrap_or("us").to_owned(),
                    keystring: text(secrets.get("keystring")),
                    shared_secret: text(secrets.get("shared_secret")),
                    refresh_token: token,
                    scopes: vec!["transactions_r".to_owned(), "transactions_w".to_owned()],
                    closed: false,
                    webhook_secrets: webhook_secrets.iter().map(|secret| text(Some(secret))).collect(),
                };
                locked(&sandbox.etsy)?.add_shop(SystemClock.now(), shop);
            }
            "shopify" => {
                let domain = connection.option("shop").unwrap_or_default();
                // An app's deliveries are signed with its client secret, whatever the settings call it.
                let webhook = text(webhook_secrets.first());
                let shop = match secrets.get("client_id") {
                    Some(id) => ShopSpec::of_today(domain, id.expose_secret(), &webhook),
                    None => ShopSpec::new(domain, &text(secrets.get("access_token")), &webhook),
                };
                locked(&sandbox.shopify)?
                    .create_shop(SystemClock.now(), shop)
                    .map_err(|error| anyhow!("{error}"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Locks a stand-in.
pub(crate) fn locked<T>(standin: &std::sync::Mutex<T>) -> Result<std::sync::MutexGuard<'_, T>> {
    standin.lock().map_err(|_| anyhow!("the sandbox panicked"))
}

/// An Amazon order and its twin in the shop; returns the shop's id of it.
pub(crate) fn order(
    sandbox: &SandboxHost,
    seller: &str,
    shop: &str,
    id: &str,
    items: &[(&str, u32)],
) -> Result<u64> {
    let now = SystemClock.now();
    let items_there = items
        .iter()
        .map(|(sku, quantity)| NewItem {
            order_item_id: None,
            sku: (*sku).to_owned(),
            quantity: *quantity,
            cancelled: false,
        })
        .collect();
    let order = NewOrder {
        seller: seller.to_owned(),
        order_id: id.to_owned(),
        marketplace_id: US.to_owned(),
        items: items_there,
        fulfilled_by: Party::Merchant,
        status: Status::Unshipped,
        programs: Vec::new(),
        purchase_date: None,
        ship_by: None,
        cancel_requested: false,
        packages: Vec::new(),
        buyer: None,
        recipient: None,
    };
    locked(&sandbox.amazon)?.add_order(now, order).map_err(|error| anyhow!(error))?;
    shop_order(sandbox, shop, id, items)
}

/// An order in the shop that names a marketplace order.
pub(crate) fn shop_order(sandbox: &SandboxHost, shop: &str, id: &str, items: &[(&str, u32)]) -> Result<u64> {
    let spec = OrderSpec {
        attributes: vec![(ATTRIBUTE.to_owned(), id.to_owned())],
        lines: items.iter().map(|(sku, quantity)| LineSpec::new(sku, *quantity)).collect(),
        ..OrderSpec::default()
    };
    let order = locked(&sandbox.shopify)?.create_order(SystemClock.now(), shop, spec);
    Ok(order.map_err(|error| anyhow!("{error}"))?.id)
}

/// Ships all that is left of a shop order; returns what the shop posts.
pub(crate) fn ship(
    sandbox: &SandboxHost,
    shop: &str,
    order: u64,
    spec: FulfillSpec,
) -> Result<(u64, Delivery)> {
    locked(&sandbox.shopify)?
        .fulfill(SystemClock.now(), shop, order, spec)
        .map_err(|error| anyhow!("{error}"))
}

/// Posts a delivery as the shop would; returns the status.
pub(crate) async fn post(url: &str, delivery: &Delivery) -> Result<u16> {
    send(delivery.request(url).context("the delivery cannot be posted")?).await
}

/// Sends a request as it is; returns the status.
pub(crate) async fn send(request: http::Request<Vec<u8>>) -> Result<u16> {
    use ports::Transport as _;
    let answer = connector_api::HttpTransport::new()?.send(request).await?;
    Ok(answer.status().as_u16())
}

/// Plays one parcel and waits until Amazon shows it; returns the Amazon order.
pub(crate) async fn first_parcel(sandbox: &SandboxHost, url: &str) -> Result<String> {
    let number = SystemRng.next_u64();
    let id = format!("111-{:07}-{:07}", number % 10_000_000, number / 10_000_000 % 10_000_000);
    let order = order(sandbox, "amazon-us", SHOP, &id, &[("HARBOUR-LAMP", 1)])?;
    let spec = FulfillSpec {
        numbers: vec!["1Z999AA10123456784".to_owned()],
        company: Some("UPS".to_owned()),
        ..FulfillSpec::default()
    };
    let (_, delivery) = ship(sandbox, SHOP, order, spec)?;
    let status = post(url, &delivery).await?;
    if status != 200 {
        return Err(anyhow!("the receiver answered {status} to the shop's webhook"));
    }
    for _ in 0..150 {
        let shown = locked(&sandbox.amazon)?.record().packages.iter().any(|p| p.order == id);
        if shown {
            return Ok(id);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(anyhow!("Amazon's stand-in does not show the parcel after 30 s: parcelwire explain {id}"))
}
