//! Codes that come near a text. Only ever shown to people, never sent.

use crate::fold::fold;

/// How many suggestions are of use to anybody.
const MOST: usize = 5;

/// Longer texts are compared by their beginning.
const LONGEST: usize = 80;

/// Words that too many carriers share to say anything.
const COMMON: &[&str] = &[
    "cargo",
    "carrier",
    "courier",
    "couriers",
    "deliveries",
    "delivery",
    "express",
    "freight",
    "global",
    "group",
    "home",
    "international",
    "kargo",
    "lojistik",
    "logistics",
    "mail",
    "overnight",
    "parcel",
    "post",
    "service",
    "shipping",
    "standard",
    "transport",
    "worldwide",
];

/// A code, ready to be compared.
#[derive(Debug)]
pub(crate) struct Candidate {
    code: &'static str,
    words: Vec<String>,
    joined: String,
    /// Of look-alikes the one in capitals comes last: lists hold it as the older spelling.
    shouts: bool,
}

impl Candidate {
    pub(crate) fn new(code: &'static str) -> Self {
        let words: Vec<String> = fold(code).split(' ').map(str::to_owned).collect();
        Self { code, joined: words.concat(), words, shouts: !code.chars().any(char::is_lowercase) }
    }
}

/// Up to five codes near `text`, best first.
pub(crate) fn near(text: &str, candidates: &[Candidate]) -> Vec<&'static str> {
    let text: String = fold(text).chars().take(LONGEST).collect();
    let text: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    if text.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(u8, usize, bool, &'static str)> = candidates
        .iter()
        .filter_map(|candidate| {
            let (class, distance) = rank(&text, candidate)?;
            Some((class, distance, candidate.shouts, candidate.code))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().take(MOST).map(|(_, _, _, code)| code).collect()
}

/// Whether the first of `words`, but not all of them, make up `joined`: how many words are left over.
fn beyond(words: &[impl AsRef<str>], joined: &str) -> Option<usize> {
    let mut rest = joined;
    for (at, word) in words.iter().enumerate() {
        if rest.is_empty() {
            return Some(words.len() - at);
        }
        rest = rest.strip_prefix(word.as_ref())?;
    }
    None
}

/// How near two names are; less is nearer.
fn rank(text: &[&str], candidate: &Candidate) -> Option<(u8, usize)> {
    let joined = text.concat();
    if joined == candidate.joined {
        return Some((0, 0));
    }
    // One is the beginning of the other, in whole words.
    if let Some(more) = beyond(text, &candidate.joined).or_else(|| beyond(&candidate.words, &joined)) {
        return Some((1, more));
    }
    let beginning = text.get(..candidate.words.len().min(text.len())).unwrap_or(text).concat();
    let letters = candidate.joined.chars().count();
    let allowed = (letters / 4).max(1);
    for (class, mine) in [(2, &joined), (3, &beginning)] {
        if letters >= 4 && mine.chars().count().abs_diff(letters) <= allowed {
            let off = distance(mine, &candidate.joined);
            if off <= allowed {
                return Some((class, off));
            }
        }
    }
    let telling = |word: &&&str| word.chars().count() >= 4 && !COMMON.contains(*word);
    let in_code = |word: &&&str| candidate.words.iter().any(|other| other == *word);
    let shared = text.iter().filter(telling).filter(in_code).count();
    (shared > 0).then(|| (4, candidate.words.len().saturating_sub(shared)))
}

/// Letters to change, add, drop or swap with their neighbour to make one text the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut previous_letter = None;
    for (i, letter) in one.chars().enumerate() {
        let mut row = Vec::with_capacity(last.len());
        row.push(i + 1);
        let mut left = i + 1;
        for (j, there) in other.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (left + 1).min(at(&last, j + 1) + 1).min(at(&last, j) + usize::from(letter != *there));
            let swapped = j.checked_sub(1).and_then(|k| other.get(k)) == Some(&letter)
                && previous_letter == Some(*there);
            if swapped && let Some(k) = j.checked_sub(1) {
                best = best.min(at(&before_last, k) + 1);
            }
            row.push(best);
            left = best;
        }
        before_last = std::mem::replace(&mut last, row);
        previous_letter = Some(letter);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accepted::accepted;
    use proptest::prelude::*;

    #[test]
    fn what_was_meant_comes_first() {
        for (country, text, first) in [
            ("us", "4PX Express", "4PX"),
            ("us", "purolater", "PUROLATOR"),
            ("us", "fedxe", "FedEx"),
            ("us", "Royal Maill Tracked", "Royal Mail"),
            ("gb", "royal_mail", "Royal Mail"),
            ("in", "Blue Dart Surface", "BlueDart"),
            ("au", "Australia Post", "Australia Post-ArticleId"),
            ("us", "Nacex 24", "Nacex"),
        ] {
            let near = accepted("amazon", country).unwrap().suggest(text);
            assert_eq!(near.first(), Some(&first), "{text:?} in {country}: {near:?}");
            assert!(near.len() <= MOST);
        }
    }

    #[test]
    fn nothing_near_is_nothing_and_other_is_never_suggested() {
        let world = accepted("amazon", "us").unwrap();
        for text in ["", "Zephyr Pigeon", "Other", "Otro", "andere", "sonstige", "post", "express"] {
            let near = world.suggest(text);
            for word in ["Other", "Otro", "Andere", "Sonstige"] {
                assert!(!near.contains(&word), "{text:?}: {near:?}");
            }
        }
        assert!(world.suggest("Zephyr Pigeon").is_empty());
        assert!(world.suggest("").is_empty());
    }

    #[test]
    fn distance_counts_changes() {
        for (one, other, want) in
            [("", "", 0), ("ups", "", 3), ("usps", "ups", 1), ("fedxe", "fedex", 1), ("abc", "xyz", 3)]
        {
            assert_eq!(distance(one, other), want, "{one} {other}");
            assert_eq!(distance(other, one), want, "{other} {one}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in any::<String>()) {
            prop_assert!(accepted("amazon", "us").unwrap().suggest(&text).len() <= MOST);
        }
    }
}
