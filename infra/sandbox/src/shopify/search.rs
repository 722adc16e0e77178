//! Search terms and cursors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::state::Order;

/// Comparisons that an order must pass.
#[derive(Debug)]
pub(super) struct Filter(Vec<Term>);

#[derive(Debug)]
enum Term {
    Time { created: bool, comparison: String, than: Timestamp },
    SourceIdentifier(String),
}

impl Filter {
    /// Reads terms like `updated_at:>='2026-11-20T00:00:00Z'`, joined by spaces or `AND`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for word in text.split_whitespace().filter(|word| *word != "AND") {
            let (field, rest) = word.split_once(':').ok_or_else(|| format!("no such search term: {word}"))?;
            let comparison: String = rest.chars().take_while(|c| "<>=".contains(*c)).collect();
            let value = rest.trim_start_matches(['<', '>', '=']).trim_matches(['\'', '"']);
            terms.push(match field {
                "updated_at" | "created_at" => Term::Time {
                    created: field == "created_at",
                    comparison,
                    than: value.parse().map_err(|_| format!("{value} is no time"))?,
                },
                "source_identifier" => Term::SourceIdentifier(value.to_owned()),
                _ => return Err(format!("no such search term: {field}")),
            });
        }
        Ok(Self(terms))
    }

    pub(super) fn takes(&self, order: &Order) -> bool {
        self.0.iter().all(|term| match term {
            Term::Time { created, comparison, than } => {
                let time = if *created { order.created_at } else { order.updated_at };
                match comparison.as_str() {
                    ">=" => time >= *than,
                    ">" => time > *than,
                    "<=" => time <= *than,
                    "<" => time < *than,
                    _ => time == *than,
                }
            }
            Term::SourceIdentifier(id) => order.source_identifier.as_ref() == Some(id),
        })
    }
}

/// The cursor of an order in a list sorted by a time.
pub(super) fn cursor((time, id): (Timestamp, u64)) -> String {
    // Sortable as text, so that a place can be found again when what stood there is gone.
    STANDARD.encode(format!("{:020}.{id:020}", time.as_second()))
}

/// The cursor of a line.
pub(super) fn place(id: u64) -> String {
    STANDARD.encode(format!("{:020}.{id:020}", 0))
}

/// How many of the sorted `cursors` stand up to `after`; `None` if `after` is no cursor.
pub(super) fn after<'a>(after: &str, cursors: impl Iterator<Item = &'a str>) -> Option<usize> {
    let plain = |text: &str| {
        let bytes = STANDARD.decode(text).ok()?;
        let shape = bytes.len() == 41 && bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.');
        shape.then_some(bytes)
    };
    let place = plain(after)?;
    Some(cursors.filter_map(plain).take_while(|cursor| *cursor <= place).count())
}
