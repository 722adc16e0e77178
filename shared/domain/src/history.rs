//! What happened to a record, compactly, inside the record itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// What, in words for a person.
    #[serde(rename = "w")]
    pub what: String,
}

/// The last things that happened, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(Vec<Event>);

/// How many events are kept: the first ones and the latest ones say most.
const KEPT: usize = 24;
/// How many of the first ones.
const KEPT_FIRST: usize = 4;
/// Characters of one event.
const WORDS: usize = 240;

impl History {
    /// Notes that `what` happened; the same again in a row is noted once.
    pub fn note(&mut self, at: Timestamp, what: impl AsRef<str>) {
        let what: String = what.as_ref().chars().filter(|c| !c.is_control()).take(WORDS).collect();
        if self.0.last().is_some_and(|last| last.what == what) {
            return;
        }
        self.0.push(Event { at, what });
        if self.0.len() > KEPT {
            self.0.remove(KEPT_FIRST);
        }
    }

    /// All that is kept, oldest first.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_first_and_the_last() {
        let mut history = History::default();
        for n in 0..100 {
            history.note(Timestamp::UNIX_EPOCH, format!("event {n}"));
        }
        assert_eq!(history.events().len(), KEPT);
        assert_eq!(history.events().first().unwrap().what, "event 0");
        assert_eq!(history.events().last().unwrap().what, "event 99");
        history.note(Timestamp::UNIX_EPOCH, "event 99");
        assert_eq!(history.events().len(), KEPT);
    }
}
