//! "Did you mean …": the nearest of some known words.

/// A sentence naming the known word nearest to `text`, or nothing if none is near.
pub(crate) fn did_you_mean<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(text, known) {
        Some(word) => format!("; did you mean \"{word}\"?"),
        None => String::new(),
    }
}

/// The known word nearest to `text`, if no more than about a third of its letters differ.
pub(crate) fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(text);
    if folded.len() > 80 {
        return None;
    }
    known
        .into_iter()
        .map(|word| (distance(&folded, &fold(word)), word))
        .filter(|(far, word)| *far <= (word.chars().count() / 3).clamp(1, 4))
        .min()
        .map(|(_, word)| word)
}

fn fold(text: &str) -> Vec<char> {
    text.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).take(81).collect()
}

/// How many letters must be changed, put in, left out, or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let change = at(&row, j) + usize::from(x != y);
            let mut best = change.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = row;
        row = next;
    }
    at(&row, b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_hand_find_the_word_and_other_words_do_not() {
        let known = ["public_url", "time_zone", "port", "id"];
        for (text, want) in [
            ("publicurl", Some("public_url")),
            ("public-url", Some("public_url")),
            ("Time_Zone", Some("time_zone")),
            ("tiem_zone", Some("time_zone")),
            ("prot", Some("port")),
            ("ie", Some("id")),
            ("listen", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, known), want, "{text:?}");
        }
    }
}
