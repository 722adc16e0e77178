//! What goes wrong in ways peculiar to eBay.

use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::answer;

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mishap", rename_all = "snake_case")]
pub enum Mishap {
    /// Refused with this error id, nothing applied.
    Refuse {
        /// The status.
        status: u16,
        /// eBay's error id.
        error_id: u32,
        /// eBay's words.
        message: String,
    },
    /// Applied; the answer is an empty 200.
    Empty,
    /// Applied; half of the answer comes.
    Truncated,
    /// Applied; the answer is a page in HTML, of the status that the answer had.
    Html,
}

/// A mishap waiting for its calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedMishap {
    /// The operation it waits for, or `*`.
    pub operation: String,
    /// Only for calls of this seller, if given.
    #[serde(default)]
    pub account: Option<String>,
    /// How many calls go wrong.
    #[serde(default = "once")]
    pub times: u32,
    /// How.
    #[serde(flatten)]
    pub mishap: Mishap,
}

fn once() -> u32 {
    1
}

/// Takes the mishap that a call meets, if any.
pub(super) fn meet(planned: &mut Vec<PlannedMishap>, operation: &str, account: &str) -> Option<Mishap> {
    let hit = planned.iter_mut().find(|p| {
        p.times > 0
            && (p.operation == "*" || p.operation == operation)
            && p.account.as_deref().is_none_or(|a| a == account)
    })?;
    hit.times -= 1;
    let mishap = hit.mishap.clone();
    planned.retain(|p| p.times > 0);
    Some(mishap)
}

impl Mishap {
    /// What is left of an answer.
    pub(super) fn spoil(self, mut response: Response<Vec<u8>>) -> Response<Vec<u8>> {
        match self {
            Self::Refuse { .. } => response,
            Self::Empty => {
                response.headers_mut().remove("location");
                response.body_mut().clear();
                *response.status_mut() = StatusCode::OK;
                response
            }
            Self::Truncated => {
                let half = response.body().len() / 2;
                response.body_mut().truncate(half);
                response
            }
            Self::Html => answer::html(response.status().as_u16()),
        }
    }
}
