//! The Admin API's one address.

use http::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::execute::{Refusal, Run};
use super::state::Shop;
use super::{Call, ShopifySandbox, graphql, schema, webhooks};
use crate::Outcome;
use crate::faults::Fault;

/// Whether this is the address of GraphQL, in any version.
pub(super) fn is_graphql(path: &str) -> bool {
    path.strip_prefix("/admin/api/").and_then(|rest| rest.strip_suffix("/graphql.json")).is_some_and(
        |version| {
            version == "unstable"
                || (version.len() == 7
                    && version
                        .bytes()
                        .enumerate()
                        .all(|(at, b)| if at == 4 { b == b'-' } else { b.is_ascii_digit() }))
        },
    )
}

/// A response with a JSON body.
pub(super) fn json_response(status: u16, body: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

fn refused_token() -> Response<Vec<u8>> {
    let words = "[API] Invalid API key or access token (unrecognized login or wrong password)";
    json_response(401, &json!({ "errors": words }))
}

/// What the answer says of points.
fn cost(shop: &mut Shop, now: Timestamp, requested: u64, actual: Option<u64>) -> Value {
    json!({ "cost": {
        "requestedQueryCost": requested, "actualQueryCost": actual,
        "throttleStatus": {
            "maximumAvailable": shop.points, "currentlyAvailable": shop.available(now).floor(),
            "restoreRate": shop.restore_rate,
        },
    }})
}

fn throttled(extensions: &Value) -> Response<Vec<u8>> {
    let error = json!({"message": "Throttled", "extensions": {"code": "THROTTLED"}});
    json_response(200, &json!({ "errors": [error], "extensions": extensions }))
}

fn refused(refusal: &Refusal) -> Response<Vec<u8>> {
    let extensions = refusal.code.map_or(json!({}), |code| json!({ "code": code }));
    json_response(200, &json!({ "errors": [{"message": refusal.message, "extensions": extensions}] }))
}

/// `ReadOrder` as faults name it: `readOrder`.
fn operation_name(query: &Value) -> String {
    let name = query.get("operationName").and_then(Value::as_str).unwrap_or("graphql");
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

impl ShopifySandbox {
    /// Answers one GraphQL request.
    pub(super) fn graphql(&mut self, now: Timestamp, request: &http::Request<Vec<u8>>) -> Outcome {
        let token = request.headers().get("x-shopify-access-token").and_then(|value| value.to_str().ok());
        let shop = token.and_then(|token| {
            self.shops
                .values()
                .find(|shop| shop.access_token.as_deref() == Some(token) || shop.app.takes(token, now))
                .map(|s| s.domain.clone())
        });
        let Some(domain) = shop else {
            self.record(Call::new(now, None, "graphql", "token refused"));
            return Outcome::Answer(refused_token());
        };
        let query: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let operation = operation_name(&query);
        let fault = self.faults.meet(&operation, &domain).or_else(|| self.faults.meet("graphql", &domain));
        let mut call = Call::new(now, Some(&domain), &operation, "answered");
        let outcome = match self.shops.get_mut(&domain) {
            Some(shop) => answer(shop, now, &query, fault, &mut call),
            None => Outcome::Answer(refused_token()),
        };
        self.record(call);
        outcome
    }
}

fn answer(shop: &mut Shop, now: Timestamp, query: &Value, fault: Option<Fault>, call: &mut Call) -> Outcome {
    if let Some(fault) = &fault {
        call.fault = serde_json::to_value(fault).ok();
    }
    match fault {
        None => Outcome::Answer(run(shop, now, query, call)),
        Some(Fault::Throttle { retry_after: None }) => {
            "throttled".clone_into(&mut call.what);
            // As if the bucket were empty: what is missing comes back at the shop's own rate.
            let status = json!({"maximumAvailable": shop.points, "currentlyAvailable": 0, "restoreRate": shop.restore_rate});
            Outcome::Answer(throttled(
                &json!({"cost": {"requestedQueryCost": 100, "throttleStatus": status}}),
            ))
        }
        Some(Fault::Throttle { retry_after: Some(seconds) }) => {
            "throttled".clone_into(&mut call.what);
            let mut response = json_response(429, &json!({"errors": "Exceeded the request limit"}));
            response.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from(seconds));
            Outcome::Answer(response)
        }
        Some(Fault::Status { status }) => {
            "failed".clone_into(&mut call.what);
            Outcome::Answer(json_response(status, &json!({"errors": "made up by the sandbox"})))
        }
        Some(Fault::CutBefore) => {
            "cut".clone_into(&mut call.what);
            Outcome::CutOff
        }
        Some(Fault::LoseAnswer) => {
            let _ = run(shop, now, query, call);
            Outcome::CutOff
        }
        // Reads apply nothing; the nearest thing is a success that says nothing.
        Some(Fault::AcceptAndForget) => Outcome::Answer(json_response(200, &json!({"data": null}))),
        Some(Fault::Slow { millis }) => {
            Outcome::Late(std::time::Duration::from_millis(millis), run(shop, now, query, call))
        }
        Some(Fault::Malformed) => {
            Outcome::Answer(Response::new(b"<html>Something went wrong</html>".to_vec()))
        }
        Some(Fault::ExpiredToken) => {
            "token refused".clone_into(&mut call.what);
            Outcome::Answer(refused_token())
        }
    }
}

fn run(shop: &mut Shop, now: Timestamp, query: &Value, call: &mut Call) -> Response<Vec<u8>> {
    let name = query.get("operationName").and_then(Value::as_str);
    let Some(text) = query.get("query").and_then(Value::as_str) else {
        "refused".clone_into(&mut call.what);
        return json_response(400, &json!({"errors": {"query": "Required parameter missing or invalid"}}));
    };
    let variables = query.get("variables").cloned().unwrap_or_default();
    let none = serde_json::Map::new();
    let parsed = graphql::parse(text, name)
        .map_err(|message| Refusal { code: Some("parseError"), message })
        .and_then(|parsed| {
            let requested = Run { query: &parsed, variables: &variables, shop, roots: &none }.price()?;
            Ok((parsed, requested))
        });
    let answered = parsed.and_then(|(parsed, requested)| {
        call.cost = requested;
        if shop.available(now) < requested as f64 {
            return Ok((requested, None));
        }
        let roots = webhooks::roots(shop, &parsed, &variables)?;
        let answer = Run { query: &parsed, variables: &variables, shop, roots: &roots }.answer()?;
        Ok((requested, Some(answer)))
    });
    match answered {
        Ok((requested, None)) => {
            "throttled".clone_into(&mut call.what);
            throttled(&cost(shop, now, requested, None))
        }
        Ok((requested, Some((data, actual)))) => {
            shop.spend(actual as f64);
            json_response(200, &json!({"data": data, "extensions": cost(shop, now, requested, Some(actual))}))
        }
        Err(refusal) => {
            "refused".clone_into(&mut call.what);
            call.asked_for_buyer = refusal.code == Some(schema::BUYER_ASKED);
            refused(&refusal)
        }
    }
}
