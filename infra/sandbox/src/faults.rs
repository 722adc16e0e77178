//! Faults on demand: the next calls of an operation go wrong in a chosen way.

use serde::{Deserialize, Serialize};

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// 429 in the vendor's words, nothing applied.
    Throttle {
        /// Seconds for `Retry-After`, if any.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// This status, nothing applied.
    Status {
        /// The status.
        status: u16,
    },
    /// Applied, then the connection is cut.
    LoseAnswer,
    /// Cut before anything is applied.
    CutBefore,
    /// Answered as a success, but nothing is kept.
    AcceptAndForget,
    /// Applied and answered after this many milliseconds.
    Slow {
        /// Milliseconds.
        millis: u64,
    },
    /// Applied; the answer is 200 with a body that is no JSON.
    Malformed,
    /// Refused as if the access token had expired.
    ExpiredToken,
}

/// A fault waiting for its calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The operation it waits for (`confirmShipment`), or `*`.
    pub operation: String,
    /// Only for calls of this account (seller, shop), if given.
    #[serde(default)]
    pub account: Option<String>,
    /// How many calls go wrong.
    #[serde(default = "once")]
    pub times: u32,
    /// How.
    #[serde(flatten)]
    pub fault: Fault,
}

fn once() -> u32 {
    1
}

/// The faults of one stand-in.
#[derive(Clone, Debug, Default)]
pub struct Faults(Vec<Planned>);

impl Faults {
    /// Adds one.
    pub fn plan(&mut self, fault: Planned) {
        self.0.push(fault);
    }

    /// Takes the fault that this call meets, if any.
    pub fn meet(&mut self, operation: &str, account: &str) -> Option<Fault> {
        let hit = self.0.iter_mut().find(|p| {
            p.times > 0
                && (p.operation == "*" || p.operation == operation)
                && p.account.as_deref().is_none_or(|a| a == account)
        })?;
        hit.times -= 1;
        let fault = hit.fault.clone();
        self.0.retain(|p| p.times > 0);
        Some(fault)
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
