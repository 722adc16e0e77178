//! eBay and Etsy on the stage: their accounts, their orders, and what they hold of them.

use anyhow::{Result, anyhow};
use ports::{Clock as _, SystemClock};
use sandbox::ebay::NewItem;
use sandbox::etsy::{NewLine, NewReceipt, ReceiptChange};
use sandbox::faults::{Fault, Planned};

use super::{Items, Pair, SHOP, Stage, shop_order};
use crate::quickstart::locked;
use crate::sandbox_host::SandboxHost;

/// The connection of the eBay account, and its seller in the sandbox.
pub(crate) const EBAY: &str = "ebay-us";
/// The connection of the Etsy shop.
pub(crate) const ETSY: &str = "etsy-us";
/// The Etsy shop's number.
const ETSY_SHOP: u64 = 7001;

/// What signs the shop's posts: the stand-in's alone, so it may stand here.
const ETSY_SIGNING: &str = "whsec_c2lnbnMgd2hhdCB0aGUgc3RhbmQtaW4gcG9zdHM=";

/// Their part of the settings.
pub(super) fn settings_text(sandbox: &SandboxHost) -> String {
    let (ebay, etsy) = (sandbox.ebay_url(), sandbox.etsy_url());
    format!(
        r#"[[connections]]
id = "{EBAY}"
kind = "ebay"
base_url = "{ebay}"
secrets = {{ client_id = "c3", client_secret = "s3", refresh_token = "r3" }}
[[connections]]
id = "{ETSY}"
kind = "etsy"
shop_id = "{ETSY_SHOP}"
country = "us"
base_url = "{etsy}"
secrets = {{ keystring = "k4", shared_secret = "s4", webhook = "{ETSY_SIGNING}", refresh_token = "7001.r4" }}
"#
    )
}

impl Stage {
    /// An order at eBay and its twin in the shop; `program` is eBay's own word for who ships it.
    pub(crate) fn ebay_order(
        &self,
        number: u32,
        items: Items<'_>,
        program: Option<serde_json::Value>,
    ) -> Result<Pair> {
        let id = format!("{:02}-{number:05}-{number:05}", 10 + number % 80);
        let item = |(sku, quantity): &(&str, u32)| NewItem {
            line_item_id: None,
            sku: (*sku).to_owned(),
            quantity: *quantity,
            ship_by: None,
        };
        let order = sandbox::ebay::NewOrder {
            seller: EBAY.to_owned(),
            order_id: id.clone(),
            marketplace_id: "EBAY_US".to_owned(),
            items: items.iter().map(item).collect(),
            payment_status: "PAID".to_owned(),
            cancel_state: "NONE_REQUESTED".to_owned(),
            to_hub: program.as_ref().is_some_and(|p| p.get("ebayInternationalShipping").is_some()),
            program,
            instruction: "SHIP_TO".to_owned(),
            creation_date: None,
            ship_by: None,
            fulfillments: Vec::new(),
            buyer: None,
        };
        locked(&self.sandbox.ebay)?.add_order(SystemClock.now(), order).map_err(|e| anyhow!(e))?;
        let shop = shop_order(&self.sandbox, SHOP, "ebay-us-order", &id, items)?;
        Ok(Pair { there: id, shop, domain: SHOP })
    }

    /// An order at Etsy and its twin in the shop.
    pub(crate) fn etsy_order(&self, number: u64, items: Items<'_>, is_paid: bool) -> Result<Pair> {
        let id = 3_000_000_000 + number;
        let line = |(sku, quantity): &(&str, u32)| NewLine {
            transaction_id: None,
            sku: Some((*sku).to_owned()),
            quantity: *quantity,
            digital: false,
        };
        let receipt = NewReceipt {
            shop: ETSY_SHOP,
            receipt_id: id,
            lines: items.iter().map(line).collect(),
            status: if is_paid { "paid" } else { "open" }.to_owned(),
            is_paid,
            country_iso: "US".to_owned(),
            cents: 2_400,
            created: None,
            ship_by: None,
            rows: Vec::new(),
        };
        locked(&self.sandbox.etsy)?.add_receipt(SystemClock.now(), receipt).map_err(|e| anyhow!(e))?;
        let shop = shop_order(&self.sandbox, SHOP, "etsy-us-order", &id.to_string(), items)?;
        Ok(Pair { there: id.to_string(), shop, domain: SHOP })
    }

    /// A payment that comes in now, and what Etsy posts of it.
    pub(crate) fn etsy_paid(&self, pair: &Pair) -> Result<sandbox::etsy::Delivery> {
        let (id, now) = (pair.there.parse()?, SystemClock.now());
        let paid = ReceiptChange { status: Some("paid".to_owned()), is_paid: Some(true), row: None };
        let mut etsy = locked(&self.sandbox.etsy)?;
        etsy.change_receipt(now, id, paid).map_err(|e| anyhow!(e))?;
        etsy.webhook(now, ETSY_SHOP, "order.paid", id).map_err(|e| anyhow!(e))
    }

    /// What eBay was told of an order, sorted: `number carrier units`.
    pub(crate) fn shown_at_ebay(&self, pair: &Pair) -> Result<String> {
        let record = locked(&self.sandbox.ebay)?.record();
        let rows = record.effects.into_iter().filter(|e| e.order == pair.there).map(|e| {
            let units: u32 = e.lines.values().sum();
            let number = e.tracking_number.unwrap_or_default();
            format!("{number} {} {units} unit(s)", e.carrier_code.unwrap_or_default())
        });
        Ok(joined(rows.collect()))
    }

    /// What Etsy was told of an order, sorted: `number carrier`, and how many mails its buyer got for it.
    pub(crate) fn shown_at_etsy(&self, pair: &Pair) -> Result<String> {
        let id: u64 = pair.there.parse()?;
        let record = locked(&self.sandbox.etsy)?.record();
        let mails = record.buyer_mails.get(&id).copied().unwrap_or(0);
        let rows = record.effects.into_iter().filter(|e| e.receipt == id).map(|e| {
            if e.lost {
                return "a number lost".to_owned();
            }
            format!("{} {}", e.tracking_code.unwrap_or_default(), e.carrier_name.unwrap_or_default())
        });
        Ok(format!("{}, {mails} mail(s) to the buyer", joined(rows.collect())))
    }

    /// Plans a fault for one call of eBay's.
    pub(crate) fn fault_at_ebay(&self, operation: &str, fault: Fault) -> Result<()> {
        locked(&self.sandbox.ebay)?.plan_fault(once(operation, fault));
        Ok(())
    }

    /// Plans a fault for one call of Etsy's.
    pub(crate) fn fault_at_etsy(&self, operation: &str, fault: Fault) -> Result<()> {
        locked(&self.sandbox.etsy)?.plan_fault(once(operation, fault));
        Ok(())
    }
}

fn once(operation: &str, fault: Fault) -> Planned {
    Planned { operation: operation.to_owned(), account: None, times: 1, fault }
}

fn joined(mut rows: Vec<String>) -> String {
    rows.sort();
    if rows.is_empty() { "nothing".to_owned() } else { rows.join("; ") }
}
