//! The control requests below `/_sandbox/`.

use http::{Method, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{EtsySandbox, NewReceipt, ReceiptChange, Settings, Shop, Spoiled, answer};
use crate::faults::Planned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    shop: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restore {
    shop: u64,
    refresh_token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Access {
    shop: u64,
    closed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    shop: u64,
    event: String,
    receipt: u64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    #[default]
    All,
    Record,
    Faults,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Clear {
    what: What,
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// Reads one or several, with the words of the error that matters.
fn read_some<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, String> {
    let several = body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    if several { read::<Vec<T>>(body) } else { read::<T>(body).map(|one| vec![one]) }
}

impl EtsySandbox {
    pub(super) fn control(
        &mut self,
        now: Timestamp,
        method: &Method,
        path: &[&str],
        body: &[u8],
    ) -> Response<Vec<u8>> {
        match self.controlled(now, method, path, body) {
            Ok(value) => answer::json(200, &value),
            Err(error) => answer::json(400, &json!({ "error": error })),
        }
    }

    fn controlled(
        &mut self,
        now: Timestamp,
        method: &Method,
        path: &[&str],
        body: &[u8],
    ) -> Result<Value, String> {
        let told = |error: serde_json::Error| error.to_string();
        match (method, path) {
            (&Method::GET, ["record"]) => return serde_json::to_value(self.record()).map_err(told),
            (&Method::POST, ["webhooks"]) => {
                let Webhook { shop, event, receipt } = read(body)?;
                return serde_json::to_value(self.webhook(now, shop, &event, receipt)?).map_err(told);
            }
            (&Method::POST, ["shops"]) => {
                for shop in read_some::<Shop>(body)? {
                    self.add_shop(now, shop);
                }
            }
            (&Method::POST, ["receipts"]) => {
                for receipt in read_some::<NewReceipt>(body)? {
                    self.add_receipt(now, receipt)?;
                }
            }
            (&Method::POST, ["receipts", id]) => {
                let id = id.parse().map_err(|_| format!("{id} is no receipt's number"))?;
                self.change_receipt(now, id, read::<ReceiptChange>(body)?)?;
            }
            (&Method::POST, ["faults"]) => {
                for fault in read_some::<Planned>(body)? {
                    self.plan_fault(fault);
                }
            }
            (&Method::POST, ["spoil"]) => {
                for spoiled in read_some::<Spoiled>(body)? {
                    self.spoil(spoiled);
                }
            }
            (&Method::POST, ["revoke"]) => self.revoke(read::<Named>(body)?.shop)?,
            (&Method::POST, ["expire"]) => self.expire(read::<Named>(body)?.shop),
            (&Method::POST, ["restore"]) => {
                let Restore { shop, refresh_token } = read(body)?;
                self.restore(now, shop, refresh_token)?;
            }
            (&Method::POST, ["access"]) => {
                let Access { shop, closed } = read(body)?;
                self.set_access(shop, closed)?;
            }
            (&Method::POST, ["settings"]) => self.set_settings(merged(self.settings(), body)?),
            (&Method::POST, ["clear"]) => match read::<Clear>(body)?.what {
                What::All => self.clear(),
                What::Record => self.clear_record(),
                What::Faults => self.clear_faults(),
            },
            _ => return Err(format!("there is no control request {method} {}", path.join("/"))),
        }
        Ok(json!({ "ok": true }))
    }
}

/// The settings with some of them replaced.
fn merged(settings: &Settings, body: &[u8]) -> Result<Settings, String> {
    let all = serde_json::to_string(settings).map_err(|error| error.to_string())?;
    let mut all: serde_json::Map<String, Value> = read(all.as_bytes())?;
    let changes: serde_json::Map<String, Value> = read(body)?;
    all.extend(changes);
    serde_json::from_value(Value::Object(all)).map_err(|error| error.to_string())
}
