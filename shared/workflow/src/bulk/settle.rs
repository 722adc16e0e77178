//! What became of a bulk's messages becomes the outcome of each package.

use std::collections::BTreeMap;
use std::time::Duration;

use connector_api::{BulkReport, ChannelError, Failure};
use domain::alert::Deadline;
use domain::bulk::{BulkMessage, BulkOutcome, BulkRecord, BulkRefusals, BulkState};
use domain::keys::ItemKey;
use domain::outcome::Words;
use domain::package::Package;
use domain::state::{State, Waiting};
use jiff::Timestamp;
use ports::{LedgerError, Write};

use super::{GATHERS_FOR, Step, Work};
use crate::message::WorkError;
use crate::metrics::{About, Metric, note};
use crate::records::{Loaded, Record as _, Stored, later, load};
use crate::sync;
use crate::wake;

/// Bytes of refusals kept in one record: an item of the ledger holds 400 KB.
const REFUSALS: usize = 256 * 1024;
/// When packages of a bulk are first read one by one: the polls, which read many at once, see most of them before.
const READ_BACK_AFTER: Duration = Duration::from_secs(1800);

/// A report that could not be read so often is given up: each package is read instead.
const REPORT_TRIES: u32 = 8;

/// How the marketplace ended a bulk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It worked on all of it.
    Whole,
    /// It gave up: what its report does not refuse may have been applied or not.
    Broken,
}

/// What became of one message.
enum Fate<'a> {
    Taken,
    Refused(&'a str, &'a str),
    Unknown,
    NothingApplied,
}

impl Work<'_> {
    /// Keeps what the report says, and begins to hand it on.
    pub(super) async fn read_report(
        &mut self,
        bulk: String,
        document: &str,
        ended: Ended,
    ) -> Result<Step, WorkError> {
        let spends = self.api.spends().report;
        if let Some(until) = self.spend(spends).await? {
            return Ok(Step::Later(until));
        }
        let report = match self.api.report(self.world.reach(), self.connection, document).await {
            Ok(answer) => answer,
            Err(error) => return self.without_report(bulk, &error).await,
        };
        self.learn(spends, &report.limits).await;
        let report = report.value;
        if self.stored.value.adopted && report.processed != self.stored.value.messages {
            let (theirs, ours) = (report.processed, self.stored.value.messages);
            let note =
                format!("its report tells of {theirs} messages, not of our {ours}: each package is read");
            self.go(BulkState::Settling { bulk, outcome: BulkOutcome::Unknown, settled: 0 }, &note).await?;
            return Ok(Step::On);
        }
        let outcome = match ended {
            Ended::Whole => outcome(&report, self.stored.value.messages),
            Ended::Broken => BulkOutcome::PartlyReported,
        };
        // What concerns the whole bulk stands under no message's number: nobody else would read it.
        if let Some((_, code, words)) = report.refused.iter().find(|(number, _, _)| *number == 0) {
            let words = format!("bulk {}: {}: {}", self.id(), cut(code, 100), cut(words, 400));
            sync::tell_of_connection(self.world, &self.connection.account, sync::BULK_REFUSED, words).await?;
        }
        for (nth, refused) in by_size(&report.refused, self.stored.value.messages).into_iter().enumerate() {
            let record = BulkRefusals {
                schema: BulkRecord::SCHEMA,
                account: self.connection.account.clone(),
                bulk: self.id(),
                nth: u32::try_from(nth).unwrap_or(u32::MAX),
                refused,
            };
            // The same report again says the same: a crash between two of these does no harm.
            let key = record.key();
            let stored = match load::<BulkRefusals>(self.world.ledger.as_ref(), &key).await? {
                Loaded::Known(mut stored) => {
                    stored.value = record;
                    *stored
                }
                Loaded::Absent => Stored::new(record),
                Loaded::Foreign => continue,
            };
            self.world.ledger.commit(vec![stored.into_write(self.now())]).await?;
        }
        let note = format!(
            "report: {} worked on, {} taken, {} refused, {} with a warning",
            report.processed,
            report.successful,
            report.refused.len(),
            report.warned.len()
        );
        self.go(BulkState::Settling { bulk, outcome, settled: 0 }, &note).await?;
        Ok(Step::On)
    }

    /// The report cannot be had: for now, or for good.
    async fn without_report(&mut self, bulk: String, error: &ChannelError) -> Result<Step, WorkError> {
        let now = self.now();
        self.stored.value.history.note(now, error.to_string());
        if error.failure == Failure::NotFound || self.stored.value.failures >= REPORT_TRIES {
            let outcome = BulkOutcome::Unknown;
            let note = "its report cannot be had: each package is read";
            self.go(BulkState::Settling { bulk, outcome, settled: 0 }, note).await?;
            return Ok(Step::On);
        }
        let asked = match error.failure {
            Failure::Throttled { after } | Failure::Retryable { after, .. } => after,
            Failure::Rejected { .. }
            | Failure::CarrierRefused { .. }
            | Failure::NotFound
            | Failure::NeedsMerchant { .. } => None,
        };
        Ok(self.pause(asked))
    }

    /// Gives the packages of the next part their outcomes.
    pub(super) async fn settle(
        &mut self,
        bulk: String,
        outcome: BulkOutcome,
        settled: u32,
    ) -> Result<Step, WorkError> {
        if settled >= self.stored.value.parts {
            // Before it is over: those that wait in a lane again are looked at by nobody else.
            wake::ensure(self.world, &self.connection.account, self.now()).await?;
            self.go(BulkState::Over, "all its packages have their outcomes").await?;
            return Ok(Step::Over);
        }
        let part = self.part(settled).await?;
        let refusals = self.refusals().await?;
        let refused: BTreeMap<u32, (&str, &str)> =
            refusals.iter().map(|(n, code, words)| (*n, (code.as_str(), words.as_str()))).collect();
        for _ in 0..6 {
            let now = self.now();
            let mut writes: Vec<Write> = Vec::new();
            let mut due: Vec<ItemKey> = Vec::new();
            for (number, message) in (part.first..).zip(&part.messages) {
                let fate = fate(outcome, refused.get(&number).copied());
                if let Some(stored) = self.give(message, &bulk, &fate, now).await? {
                    if stored.value.alerts.next_due(now, &Deadline::NONE).is_some() {
                        due.push(stored.value.key());
                    }
                    writes.push(stored.into_write(now));
                }
            }
            let before = self.stored.clone();
            let record = &mut self.stored.value;
            record.state = BulkState::Settling { bulk: bulk.clone(), outcome, settled: settled + 1 };
            record.next_look = now;
            match self.save(writes).await {
                Ok(()) => {
                    self.count(&part.messages, outcome, &refused, part.first);
                    for key in due {
                        sync::tell(self.world, &key).await?;
                    }
                    return Ok(Step::On);
                }
                // A package changed meanwhile (a ruling, an alert's stage): its outcome still holds.
                Err(WorkError::Ledger(LedgerError::Conflict)) => self.stored = before,
                Err(error) => return Err(error),
            }
        }
        Err(LedgerError::Conflict.into())
    }

    /// The package of a message with its outcome; `None` if it is not in this bulk any more.
    async fn give(
        &self,
        message: &BulkMessage,
        bulk: &str,
        fate: &Fate<'_>,
        now: Timestamp,
    ) -> Result<Option<Stored<Package>>, WorkError> {
        let key = ItemKey::package(&message.order, &message.package);
        let Loaded::Known(mut stored) = load::<Package>(self.world.ledger.as_ref(), &key).await? else {
            return Ok(None);
        };
        let package = &mut stored.value;
        let ours = matches!(&package.state, State::Intent { bulk: Some(id), attempt, version, .. }
            if *id == self.stored.value.id && *attempt == message.attempt && *version == message.version);
        if !ours {
            return Ok(None);
        }
        let timing = &self.connection.timing;
        let request_id = Some(bulk.to_owned()).filter(|bulk| !bulk.is_empty());
        match fate {
            Fate::Taken => {
                package.accept(request_id, timing, now)?;
                if let State::Accepted { next_look, .. } = &mut package.state {
                    *next_look = later(now, READ_BACK_AFTER.max(timing.read_back_after)).unwrap_or(now);
                }
            }
            Fate::Refused(code, words) => {
                let words = Words { theirs: Some((*words).to_owned()), request_id };
                package.reject((*code).to_owned(), words, now)?;
            }
            Fate::Unknown => package.doubt("its bulk ended without a word about it", timing, now)?,
            Fate::NothingApplied if self.stored.value.released_at.is_some() => {
                package.in_bulk = false;
                package.history.note(now, "its bulk could not be handed over");
                // Without a number it waits for the next bulk, else for its turn at the usual call.
                if message.confirmation.tracking.is_some() {
                    package.nothing_applied(now, Waiting::Tokens, now)?;
                } else {
                    let at = later(now, GATHERS_FOR).unwrap_or(now);
                    package.nothing_applied(at, Waiting::Bulk, now)?;
                    package.raise_if_at_risk(now);
                }
            }
            Fate::NothingApplied => {
                let why = "its bulk was cancelled by the marketplace".to_owned();
                package.nothing_applied(now, Waiting::Pause { why }, now)?;
            }
        }
        Ok(Some(*stored))
    }

    fn count(
        &self,
        messages: &[BulkMessage],
        outcome: BulkOutcome,
        refused: &BTreeMap<u32, (&str, &str)>,
        first: u32,
    ) {
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (number, _) in (first..).zip(messages) {
            let word = match fate(outcome, refused.get(&number).copied()) {
                Fate::Taken => "accepted",
                Fate::Refused(..) => "rejected",
                Fate::Unknown => "doubt",
                Fate::NothingApplied => "not_sent",
            };
            *counts.entry(word).or_default() += 1;
        }
        for (word, count) in counts {
            let about = About {
                marketplace: Some(&self.connection.kind),
                outcome: Some(word),
                connection: Some(&self.connection.account),
                detail: Some("in bulk"),
                ..About::default()
            };
            note(Metric::Confirmations, count, &about);
        }
    }
}

fn fate<'a>(outcome: BulkOutcome, refused: Option<(&'a str, &'a str)>) -> Fate<'a> {
    match (outcome, refused) {
        (BulkOutcome::AsReported | BulkOutcome::PartlyReported, Some((code, words))) => {
            Fate::Refused(code, words)
        }
        (BulkOutcome::AsReported, None) => Fate::Taken,
        (BulkOutcome::PartlyReported, None) | (BulkOutcome::Unknown, _) => Fate::Unknown,
        (BulkOutcome::NothingApplied, _) => Fate::NothingApplied,
    }
}

/// A report names those that were refused; of the others it speaks by its counts alone, so those must add up.
fn outcome(report: &BulkReport, messages: u32) -> BulkOutcome {
    let refused: std::collections::BTreeSet<u32> = report.refused.iter().map(|(n, _, _)| *n).collect();
    let named = u32::try_from(refused.len()).unwrap_or(u32::MAX);
    let known = refused.iter().all(|n| (1..=messages).contains(n));
    let adds_up = report.processed == messages && report.successful.checked_add(named) == Some(messages);
    if known && adds_up { BulkOutcome::AsReported } else { BulkOutcome::PartlyReported }
}

/// The refusals of our messages, their words bounded, in portions that a record holds.
fn by_size(refused: &[(u32, String, String)], messages: u32) -> Vec<Vec<(u32, String, String)>> {
    let mut portions: Vec<Vec<(u32, String, String)>> = Vec::new();
    let mut left = 0;
    for (number, code, words) in refused.iter().filter(|(n, _, _)| (1..=messages).contains(n)) {
        let one = (*number, cut(code, 100), cut(words, 400));
        // As it is written: a character may take three bytes, and a quotation mark two.
        let bytes = serde_json::to_string(&one).map_or(REFUSALS, |text| text.len() + 1);
        match portions.last_mut().filter(|_| bytes <= left) {
            Some(portion) => {
                left -= bytes;
                portion.push(one);
            }
            None => {
                left = REFUSALS.saturating_sub(bytes);
                portions.push(vec![one]);
            }
        }
    }
    portions
}

fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
}
