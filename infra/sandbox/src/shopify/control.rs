//! The control requests below `/_sandbox/`.

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::admin::json_response;
use super::{Refused, ShopifySandbox};
use crate::Outcome;
use crate::faults::Planned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenSpec {
    access_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrivacySpec {
    topic: String,
    #[serde(default)]
    orders: Vec<u64>,
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refused::bad(error.to_string()))
}

fn number(text: &str) -> Result<u64, Refused> {
    text.parse().map_err(|_| Refused::unknown(format!("{text} is no id")))
}

impl ShopifySandbox {
    /// Answers one control request; `path` is what follows `/_sandbox/`.
    pub(super) fn control(
        &mut self,
        now: Timestamp,
        path: &str,
        request: &http::Request<Vec<u8>>,
    ) -> Outcome {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let done = self.controlled(now, request.method(), &parts, request.body());
        Outcome::Answer(match done {
            Ok(value) => json_response(200, &value),
            Err(refused) => json_response(refused.status, &json!({"error": refused.why})),
        })
    }

    fn controlled(
        &mut self,
        now: Timestamp,
        method: &Method,
        parts: &[&str],
        body: &[u8],
    ) -> Result<Value, Refused> {
        let post = method == Method::POST;
        match parts {
            ["calls"] if method == Method::GET => Ok(json!(self.calls())),
            ["calls"] if method == Method::DELETE => {
                self.forget_calls();
                Ok(json!({}))
            }
            ["faults"] if post => {
                self.plan_fault(read::<Planned>(body)?);
                Ok(json!({}))
            }
            ["faults"] if method == Method::DELETE => {
                self.clear_faults();
                Ok(json!({}))
            }
            ["shops"] if post => {
                self.create_shop(now, read(body)?)?;
                Ok(json!({}))
            }
            ["shops", shop, "token"] if post => {
                let spec: TokenSpec = read(body)?;
                self.set_token(shop, spec.access_token)?;
                Ok(json!({}))
            }
            ["shops", shop, "end_tokens"] if post => {
                self.end_tokens(shop)?;
                Ok(json!({}))
            }
            ["shops", shop, "app"] if post => {
                self.change_app(shop, read(body)?)?;
                Ok(json!({}))
            }
            ["shops", shop, "scopes"] if post => {
                self.set_scopes(shop, read(body)?)?;
                Ok(json!({}))
            }
            ["shops", shop, "automatic_fulfillment"] if post => {
                self.set_automatic_fulfillment(shop, read(body)?)?;
                Ok(json!({}))
            }
            ["shops", shop, "webhooks"] if method == Method::GET => Ok(json!(self.subscriptions(shop)?)),
            ["shops", shop, "webhooks"] if method == Method::DELETE => {
                self.end_subscriptions(shop)?;
                Ok(json!({}))
            }
            ["shops", shop, "webhooks"] if post => {
                self.add_subscription(shop, read(body)?)?;
                Ok(json!({}))
            }
            ["shops", shop, "uninstall"] if post => Ok(json!(self.uninstall(now, shop)?)),
            ["shops", shop, "privacy"] if post => {
                let spec: PrivacySpec = read(body)?;
                Ok(json!(self.privacy(now, shop, &spec.topic, &spec.orders)?))
            }
            ["shops", shop, "orders"] if post => {
                let order = self.create_order(now, shop, read(body)?)?;
                Ok(json!(order))
            }
            ["shops", shop, "orders", order] if method == Method::GET => {
                Ok(json!(self.order(shop, number(order)?)?))
            }
            ["shops", shop, "orders", order, "cancel"] if post => {
                Ok(json!(self.cancel_order(now, shop, number(order)?)?))
            }
            ["shops", shop, "orders", order, "fulfillments"] if post => {
                let (id, delivery) = self.fulfill(now, shop, number(order)?, read(body)?)?;
                Ok(json!({"fulfillment": id, "delivery": delivery}))
            }
            ["shops", shop, "orders", order, "fulfillments", id, "tracking"] if post => {
                Ok(json!(self.update_tracking(now, shop, number(order)?, number(id)?, read(body)?)?))
            }
            ["shops", shop, "orders", order, "fulfillments", id, "cancel"] if post => {
                Ok(json!(self.cancel_fulfillment(now, shop, number(order)?, number(id)?)?))
            }
            _ => Err(Refused::unknown("no such control request".to_owned())),
        }
    }
}
