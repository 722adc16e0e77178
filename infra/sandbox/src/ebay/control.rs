//! The control requests below `/_sandbox/`.

use http::{Method, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{EbaySandbox, NewOrder, OrderChange, PlannedMishap, Settings, answer};
use crate::faults::Planned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    seller: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restore {
    seller: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    username: String,
    user_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Posts {
    Order(String),
    Closed(Closed),
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

impl EbaySandbox {
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
        match (method, path) {
            (&Method::GET, ["record"]) => {
                return serde_json::to_value(self.record()).map_err(|error| error.to_string());
            }
            (&Method::POST, ["posts"]) => {
                let posts = match read::<Posts>(body)? {
                    Posts::Order(order) => self.order_posts(now, &order)?,
                    Posts::Closed(Closed { username, user_id }) => {
                        vec![self.closed_post(now, &username, &user_id)?]
                    }
                };
                return Ok(json!({ "posts": posts }));
            }
            (&Method::POST, ["sellers"]) => {
                for seller in read_some(body)? {
                    self.add_seller(seller);
                }
            }
            (&Method::POST, ["orders"]) => {
                for order in read_some::<NewOrder>(body)? {
                    self.add_order(now, order)?;
                }
            }
            (&Method::POST, ["orders", order]) => {
                self.change_order(now, order, read::<OrderChange>(body)?)?
            }
            (&Method::POST, ["faults"]) => {
                for fault in read_some::<Planned>(body)? {
                    self.plan_fault(fault);
                }
            }
            (&Method::POST, ["mishaps"]) => {
                for mishap in read_some::<PlannedMishap>(body)? {
                    self.plan_mishap(mishap);
                }
            }
            (&Method::POST, ["revoke"]) => self.revoke(&read::<Named>(body)?.seller)?,
            (&Method::POST, ["restore"]) => {
                let restore: Restore = read(body)?;
                self.restore(&restore.seller, restore.refresh_token, restore.scopes)?;
            }
            (&Method::POST, ["expire"]) => self.expire(&read::<Named>(body)?.seller),
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
