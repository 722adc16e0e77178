//! How many parcels went out under a marketplace's word for *other*, which it cannot track.

use carriers::{accepted, countries};
use domain::package::Package;
use jiff::{SignedDuration, Timestamp};

/// Days that are looked back on.
pub(crate) const DAYS: i64 = 30;

/// The beginning of the days that are looked back on.
pub(crate) fn since(now: Timestamp) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(Timestamp::MIN)
}

/// The words that a marketplace takes for a carrier outside its lists.
pub(crate) fn words_for_other(marketplace_kind: &str) -> Vec<&'static str> {
    let lists =
        countries(marketplace_kind).into_iter().filter_map(|country| accepted(marketplace_kind, country));
    let mut words: Vec<&str> = lists.filter_map(|list| list.other()).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Parcels that were sent, and how many of them as *other*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    /// All that a marketplace took.
    pub(crate) parcels: u64,
    /// Those under its word for *other*.
    pub(crate) other: u64,
}

impl Share {
    /// Counts a package, if it was sent since then.
    pub(crate) fn count(&mut self, package: &Package, words: &[&str], since: Timestamp) {
        let Some(version) = package.confirmed_version() else { return };
        let (Some(carrier), Some(sent)) = (&version.sent_carrier, version.ship_date) else { return };
        if sent < since && package.created_at < since {
            return;
        }
        self.parcels += 1;
        self.other += u64::from(words.contains(&carrier.code.as_str()));
    }

    /// In tenths of a percent, rounded; never none of some.
    fn per_mille(self) -> u32 {
        if self.other == 0 || self.parcels == 0 {
            return 0;
        }
        let rounded = (self.other.saturating_mul(2000) / self.parcels).div_ceil(2).max(1);
        u32::try_from(rounded).unwrap_or(u32::MAX)
    }

    /// In percent, to a tenth.
    pub(crate) fn percent(self) -> f64 {
        f64::from(self.per_mille()) / 10.0
    }

    /// For people: `3 of 120 parcels (2.5 %)`.
    pub(crate) fn words(self) -> String {
        let noun = if self.parcels == 1 { "parcel" } else { "parcels" };
        format!("{} of {} {noun} ({} %)", self.other, self.parcels, self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_to_a_tenth_and_never_to_nothing() {
        for (other, parcels, want) in [
            (0, 0, "0 of 0 parcels (0 %)"),
            (0, 7, "0 of 7 parcels (0 %)"),
            (1, 1, "1 of 1 parcel (100 %)"),
            (3, 120, "3 of 120 parcels (2.5 %)"),
            (1, 3, "1 of 3 parcels (33.3 %)"),
            (2, 3, "2 of 3 parcels (66.7 %)"),
            (1, 100_000, "1 of 100000 parcels (0.1 %)"),
        ] {
            assert_eq!(Share { parcels, other }.words(), want);
        }
    }

    /// Etsy warns a shop whose parcels it cannot track; which pushes those were is a question that only we can answer.
    #[test]
    fn failure_7_every_marketplace_has_its_own_word_for_what_it_cannot_track() {
        assert_eq!(words_for_other("etsy"), ["other"]);
        assert_eq!(words_for_other("ebay"), ["Other"]);
        assert_eq!(words_for_other("amazon"), ["Other"]);
        assert!(words_for_other("nowhere").is_empty());
    }
}
