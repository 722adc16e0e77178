//! Looking for a bulk whose answer was lost.

use std::time::Duration;

use connector_api::{BulkContent, BulkProgress};
use domain::bulk::{BulkOutcome, BulkState};
use jiff::Timestamp;

use super::{Step, Work};
use crate::message::WorkError;
use crate::records::later;

/// A listed bulk may be older than our call by this much: clocks are not the same.
const SKEW: Duration = Duration::from_secs(120);
/// A bulk that is not listed by then was never made.
const LISTED_AFTER: Duration = Duration::from_secs(600);
/// Bulks of a few minutes are a handful: more pages of a list are not looked at.
const PAGES: usize = 5;

/// What a list shows.
enum Listed {
    /// These, which we did not know of, oldest first; whether they are all.
    Unknown(Vec<String>, bool),
    /// It could not be read.
    Not(Step),
}

impl Work<'_> {
    /// Looks whether the marketplace was asked after all.
    pub(super) async fn search(&mut self, document: String, since: Timestamp) -> Result<Step, WorkError> {
        let asked_at = self.now();
        let (unknown, all) = match self.listed(since).await? {
            Listed::Unknown(unknown, all) => (unknown, all),
            Listed::Not(step) => return Ok(step),
        };
        let listed_at = later(since, LISTED_AFTER).unwrap_or(asked_at);
        match unknown.as_slice() {
            [found] if all => {
                let note = format!("the marketplace has it as {found}: its answer was lost");
                self.stored.value.adopted = true;
                self.go(BulkState::Submitted { bulk: found.clone(), since: asked_at }, &note).await?;
                Ok(self.look_soon(asked_at))
            }
            [] if all && asked_at < listed_at => Ok(match self.look_soon(since) {
                Step::Later(at) => Step::Later(at.min(listed_at)),
                step @ (Step::On | Step::Over) => step,
            }),
            [] if all => {
                let note = format!(
                    "the marketplace was never asked about document {document}: it is laid down anew"
                );
                self.again(&note).await
            }
            several => self.none_of(several, since, listed_at).await,
        }
    }

    /// The bulks that were made since then and that we do not know of. Each page is a call.
    async fn listed(&mut self, since: Timestamp) -> Result<Listed, WorkError> {
        let spends = self.api.spends().listed;
        let skew = jiff::SignedDuration::try_from(SKEW).unwrap_or_default();
        let after = since.checked_sub(skew).unwrap_or(since);
        // The kind alone matters for a list.
        let kind = BulkContent::Confirmations(Vec::new());
        let mut bulks = Vec::new();
        let mut page: Option<String> = None;
        for nth in 0..PAGES {
            if let Some(until) = self.spend(spends).await? {
                // One token at a time would never read a second page: enough of them gather in a longer pause.
                return Ok(Listed::Not(if nth == 0 { Step::Later(until) } else { self.pause(None) }));
            }
            let reach = self.world.reach();
            match self.api.listed_page(reach, self.connection, &kind, after, page.as_deref()).await {
                Ok(answer) => {
                    self.learn(spends, &answer.limits).await;
                    bulks.extend(answer.value.bulks);
                    page = answer.value.next;
                }
                Err(error) => return Ok(Listed::Not(self.failed(error, spends).await?)),
            }
            if page.is_none() {
                break;
            }
        }
        let known = super::known_to_us(self.world, &self.connection.account).await?;
        bulks.retain(|found| !known.contains(&found.id));
        bulks.sort_by_key(|found| found.created_at);
        Ok(Listed::Unknown(bulks.into_iter().map(|found| found.id).collect(), page.is_none()))
    }

    /// Several may be ours, and which one is not guessed. Once all have ended ours has, too: then each package is read.
    async fn none_of(
        &mut self,
        several: &[String],
        since: Timestamp,
        listed_at: Timestamp,
    ) -> Result<Step, WorkError> {
        let spends = self.api.spends().progress;
        for bulk in several {
            if let Some(until) = self.spend(spends).await? {
                return Ok(Step::Later(until));
            }
            let progress = match self.api.progress(self.world.reach(), self.connection, bulk).await {
                Ok(answer) => answer,
                Err(error) => return self.failed(error, spends).await,
            };
            self.learn(spends, &progress.limits).await;
            if progress.value == BulkProgress::Underway {
                self.tell_if_stuck(&format!("{bulk}, which may be ours,"), since).await?;
                return Ok(self.look_soon(since));
            }
        }
        if self.now() < listed_at {
            return Ok(Step::Later(listed_at));
        }
        let count = several.len();
        let note =
            format!("its answer was lost, and {count} that may be it have ended: each package is read");
        let settling = BulkState::Settling { bulk: String::new(), outcome: BulkOutcome::Unknown, settled: 0 };
        self.go(settling, &note).await?;
        Ok(Step::On)
    }
}
