//! What an examination found: one thing looked at, how it is, and how it is mended.

use async_trait::async_trait;
use serde::Serialize;

/// How a thing is, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Good,
    /// It cannot be read from here: a person should look once. No finding.
    ByHand,
    /// Works today, but something will go wrong or is missed.
    Warning,
    /// Does not work until it is mended.
    Bad,
}

/// One thing looked at.
///
/// Words and mends are read by people and printed: never a secret, never buyer data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// A short stable name of what was looked at: `credentials`, `scopes`, `webhooks` …
    pub check: &'static str,
    /// How it is.
    pub outcome: Outcome,
    /// What was seen, in a sentence without its full stop.
    pub words: String,
    /// What to do about it; absent where nothing is to be done.
    pub mend: Option<String>,
}

impl Check {
    /// As it should be.
    #[must_use]
    pub fn good(check: &'static str, words: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Good, words: words.into(), mend: None }
    }

    /// Not to be read from here.
    #[must_use]
    pub fn by_hand(check: &'static str, words: impl Into<String>, look: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::ByHand, words: words.into(), mend: Some(look.into()) }
    }

    /// Works today only.
    #[must_use]
    pub fn warning(check: &'static str, words: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Warning, words: words.into(), mend: Some(mend.into()) }
    }

    /// Does not work.
    #[must_use]
    pub fn bad(check: &'static str, words: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Bad, words: words.into(), mend: Some(mend.into()) }
    }
}

/// Something that can say how it is without changing anything: queues, mail, an account's quotas, mappings.
#[async_trait]
pub trait CheckUp: Send + Sync {
    /// Looks. What cannot be looked at is itself a finding, never an error.
    async fn check_up(&self) -> Vec<Check>;
}
