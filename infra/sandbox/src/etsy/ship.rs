//! `createReceiptShipment`, with the refusals and the losses that the real one has been seen to have.

use std::collections::BTreeMap;

use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::EtsySandbox;
use super::answer::{self, Refusal};
use super::receipts::NewRow;
use super::record::Effect;
use super::shops::has_kind;

/// Whether Etsy's list has a carrier; letters count as they are, but for their case.
fn knows(carrier: &str) -> bool {
    carriers::accepted("etsy", "us").is_some_and(|list| list.contains(&carrier.to_ascii_lowercase()))
}

/// What was read of a body.
#[derive(Default)]
struct Told {
    tracking_code: Option<String>,
    carrier_name: Option<String>,
    note_to_buyer: Option<String>,
    send_bcc: bool,
}

impl Told {
    /// Reads a body as Etsy does now: what it cannot read it takes as nothing, and goes on.
    fn read(request: &Request<Vec<u8>>, json: bool) -> Result<Self, Refusal> {
        if json && has_kind(request, "application/json") {
            let fields: Map<String, Value> = serde_json::from_slice(request.body()).unwrap_or_default();
            let text = |name: &str| match fields.get(name) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(text.clone())),
                Some(_) => Err(Refusal::new(400, format!("Expected string value for '{name}'"))),
            };
            return Ok(Self {
                tracking_code: text("tracking_code")?,
                carrier_name: text("carrier_name")?,
                note_to_buyer: text("note_to_buyer")?,
                send_bcc: fields.get("send_bcc") == Some(&Value::Bool(true)),
            });
        }
        if !json && has_kind(request, "application/x-www-form-urlencoded") {
            let fields: BTreeMap<String, String> =
                form_urlencoded::parse(request.body()).into_owned().collect();
            return Ok(Self {
                tracking_code: fields.get("tracking_code").cloned(),
                carrier_name: fields.get("carrier_name").cloned(),
                note_to_buyer: fields.get("note_to_buyer").cloned(),
                send_bcc: fields.get("send_bcc").is_some_and(|bcc| bcc == "true"),
            });
        }
        // The header promises something else than Etsy reads.
        Ok(Self::default())
    }
}

impl EtsySandbox {
    /// Tells of a parcel; without `keep`, the number is lost on the way.
    pub(super) fn ship(
        &mut self,
        now: Timestamp,
        shop: u64,
        receipt: &str,
        request: &Request<Vec<u8>>,
        keep: bool,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let told = Told::read(request, self.settings.json_bodies)?;
        let id: u64 = receipt.parse().map_err(|_| Refusal::new(400, "Invalid receipt_id"))?;
        let receipt = self.receipts.get_mut(&id).filter(|receipt| receipt.described.shop == shop);
        let receipt = receipt.ok_or_else(|| Refusal::new(404, "Resource not found"))?;
        if receipt.is_cancelled() || !receipt.described.is_paid {
            return Err(Refusal::new(
                409,
                "There was a request conflict with the current state of the target resource",
            ));
        }
        let code = told.tracking_code.filter(|code| !code.trim().is_empty());
        let carrier = told.carrier_name.filter(|carrier| !carrier.trim().is_empty());
        let sent_something = !request.body().is_empty() && request.body() != b"{}";
        let domestic = receipt.described.country_iso == "US" && receipt.described.cents > 1_000;
        // An empty parcel is refused there; one whose body was not understood is not.
        if (domestic || receipt.described.country_iso == "IN") && code.is_none() && !sent_something {
            return Err(Refusal::new(400, "A tracking number is required"));
        }
        let known = carrier.as_deref().is_some_and(knows);
        let row = code.filter(|_| known && keep).map(|code| NewRow {
            tracking_code: Some(code),
            carrier_name: carrier.map(|carrier| carrier.to_ascii_lowercase()),
        });
        let lost = row.is_none() && sent_something;
        receipt.ship(now, row.clone());
        let shown = receipt.shown();
        let row = row.unwrap_or(NewRow { tracking_code: None, carrier_name: None });
        self.record.keep(Effect {
            at: now,
            shop,
            receipt: id,
            tracking_code: row.tracking_code,
            carrier_name: row.carrier_name,
            lost,
            note_to_buyer: told.note_to_buyer,
            send_bcc: told.send_bcc,
        });
        Ok(answer::json(200, &shown))
    }
}
