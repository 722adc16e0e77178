//! Codes that come near a text. Only ever shown to people, never sent.

use crate::carrier::Carrier;
use crate::fold::fold;
use crate::recognise::all_named;

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

/// Every carrier that the built-in names find anywhere in a text and its service.
///
/// For telling a person why nothing is decided: with more than one, the text is ambiguous.
#[must_use]
pub fn carriers_in(text: &str, service: Option<&str>) -> Vec<Carrier> {
    all_named(&service.map_or_else(|| text.to_owned(), |service| format!("{text} {service}")))
}

/// A code, ready to be compared.
#[derive(Debug)]
pub(crate) struct Candidate {
    code: &'static str,
    words: Vec<String>,
    joined: String,
    letters: Vec<char>,
    /// Of look-alikes the one in capitals comes last: lists hold it as the older spelling.
    shouts: bool,
}

impl Candidate {
    pub(crate) fn new(code: &'static str) -> Self {
        let words: Vec<String> = fold(code).split(' ').map(str::to_owned).collect();
        let joined = words.concat();
        let letters = joined.chars().collect();
        Self { code, joined, letters, words, shouts: !code.chars().any(char::is_lowercase) }
    }
}

/// A text, ready to be compared with many codes.
struct Text<'a> {
    words: Vec<&'a str>,
    joined: String,
    /// The letters of its first word, of its first two, and so on.
    beginnings: Vec<Vec<char>>,
}

impl<'a> Text<'a> {
    fn new(folded: &'a str) -> Option<Self> {
        let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        let beginnings =
            (1..=words.len()).filter_map(|many| Some(words.get(..many)?.concat().chars().collect()));
        let beginnings = beginnings.collect();
        (!words.is_empty()).then(|| Self { joined: words.concat(), words, beginnings })
    }
}

/// Up to five codes near `text`, best first.
pub(crate) fn near(text: &str, candidates: &[Candidate]) -> Vec<&'static str> {
    let folded: String = fold(text).chars().take(LONGEST).collect();
    let Some(text) = Text::new(&folded) else { return Vec::new() };
    let mut rows = Rows::default();
    let mut found: Vec<(u8, usize, bool, &'static str)> = candidates
        .iter()
        .filter_map(|candidate| {
            let (class, distance) = rank(&text, candidate, &mut rows)?;
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
fn rank(text: &Text<'_>, candidate: &Candidate, rows: &mut Rows) -> Option<(u8, usize)> {
    if text.joined == candidate.joined {
        return Some((0, 0));
    }
    // One is the beginning of the other, in whole words.
    if let Some(more) =
        beyond(&text.words, &candidate.joined).or_else(|| beyond(&candidate.words, &text.joined))
    {
        return Some((1, more));
    }
    let letters = candidate.letters.len();
    let allowed = (letters / 4).max(1);
    let beginning = text.beginnings.get(candidate.words.len() - 1).or(text.beginnings.last());
    for (class, mine) in [(2, text.beginnings.last()), (3, beginning)] {
        let Some(mine) = mine else { continue };
        if letters >= 4
            && mine.len().abs_diff(letters) <= allowed
            && let Some(off) = rows.distance(mine, &candidate.letters, allowed)
        {
            return Some((class, off));
        }
    }
    let telling = |word: &&&str| word.chars().count() >= 4 && !COMMON.contains(*word);
    let in_code = |word: &&&str| candidate.words.iter().any(|other| other == *word);
    let shared = text.words.iter().filter(in_code).filter(telling).count();
    (shared > 0).then(|| (4, candidate.words.len().saturating_sub(shared)))
}

/// Rows of the table that [`Rows::distance`] fills, kept from one comparison to the next.
#[derive(Default)]
struct Rows {
    before_last: Vec<usize>,
    last: Vec<usize>,
    next: Vec<usize>,
}

impl Rows {
    /// Letters to change, add, drop or swap with their neighbour to make one text the other, if not over `most`.
    fn distance(&mut self, one: &[char], other: &[char], most: usize) -> Option<usize> {
        self.before_last.clear();
        self.last.clear();
        self.last.extend(0..=other.len());
        let mut previous_letter = None;
        let mut least_before = 0;
        for (i, letter) in one.iter().enumerate() {
            let least = self.fill(*letter, previous_letter, i + 1, other);
            // Every later cell comes from one of two rows in a line.
            if least.min(least_before) > most {
                return None;
            }
            least_before = least;
            std::mem::swap(&mut self.before_last, &mut self.last);
            std::mem::swap(&mut self.last, &mut self.next);
            previous_letter = Some(*letter);
        }
        self.last.last().copied().filter(|distance| *distance <= most)
    }

    /// Fills the next row, which begins with `first`; the least value in it.
    fn fill(&mut self, letter: char, previous: Option<char>, first: usize, other: &[char]) -> usize {
        self.next.clear();
        self.next.push(first);
        let (mut left, mut least) = (first, first);
        let mut before = None;
        let pairs = self.last.iter().zip(self.last.iter().skip(1));
        for (j, (there, (diagonal, above))) in other.iter().zip(pairs).enumerate() {
            let mut best = (left + 1).min(above + 1).min(diagonal + usize::from(letter != *there));
            if before == Some(letter)
                && previous == Some(*there)
                && let Some(swapped) = j.checked_sub(1).and_then(|k| self.before_last.get(k))
            {
                best = best.min(swapped + 1);
            }
            self.next.push(best);
            least = least.min(best);
            left = best;
            before = Some(*there);
        }
        least
    }
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
    fn a_text_may_name_nobody_one_or_several() {
        use Carrier as C;
        for (text, service, want) in [
            ("Zephyr Pigeon", None, &[][..]),
            ("ups ground", None, &[C::Ups]),
            ("UPS / FedEx", None, &[C::Ups, C::Fedex]),
            ("UPS", Some("USPS Priority"), &[C::Ups, C::Usps]),
        ] {
            assert_eq!(carriers_in(text, service), want, "{text:?} {service:?}");
        }
    }

    #[test]
    fn distance_counts_changes() {
        for (one, other, want) in [
            ("", "", 0),
            ("ups", "", 3),
            ("usps", "ups", 1),
            ("fedxe", "fedex", 1),
            ("abc", "xyz", 3),
            ("ups", "pus", 1),
        ] {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            let (one, other) = (letters(one), letters(other));
            let mut rows = Rows::default();
            for most in 0..5 {
                let want = Some(want).filter(|want| *want <= most);
                assert_eq!(rows.distance(&one, &other, most), want, "{one:?} {other:?} {most}");
                assert_eq!(rows.distance(&other, &one, most), want, "{other:?} {one:?} {most}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in any::<String>()) {
            prop_assert!(accepted("amazon", "us").unwrap().suggest(&text).len() <= MOST);
        }
    }
}
