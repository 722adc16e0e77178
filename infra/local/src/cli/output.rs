//! What commands print, and how they end.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Unit};
use serde::Serialize;
use serde_json::json;
use workflow::admin::{AdminError, AdminErrorKind};

/// Columns of text if the terminal does not say.
const WIDTH: usize = 100;
/// The most columns one cell takes, but for the last.
const CELL: usize = 40;

/// Why a command did not do what was asked, and its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    kind: &'static str,
    message: String,
}

impl Failure {
    /// Something did not work: 1.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { code: 1, kind: "failed", message: message.into() }
    }

    /// The command line or the settings are wrong: 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, kind: "usage", message: message.into() }
    }

    /// What was named is not there: 3.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { code: 3, kind: "not_found", message: message.into() }
    }

    /// It cannot be done as things stand: 4.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { code: 4, kind: "refused", message: message.into() }
    }

    /// A check was made, and found something to be done: 5.
    pub(crate) fn found(message: impl Into<String>) -> Self {
        Self { code: 5, kind: "found", message: message.into() }
    }

    /// An examination found something that does not work: 6.
    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self { code: 6, kind: "wrong", message: message.into() }
    }
}

#[cfg(test)]
impl Failure {
    /// Code and words.
    pub(crate) fn told(&self) -> (u8, &str) {
        (self.code, &self.message)
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let message = error.to_string();
        match error.kind() {
            AdminErrorKind::NotFound => Self::not_found(message),
            AdminErrorKind::Refused => Self::refused(message),
            AdminErrorKind::Failed => Self::failed(message),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format!("{error:#}"))
    }
}

/// Where a command's answer goes: as JSON, or as text for people.
#[derive(Debug)]
pub(crate) struct Out {
    json: bool,
    width: usize,
    /// Collects what is printed, where somebody wants to look at it instead.
    kept: Option<String>,
}

impl Out {
    /// Text as wide as the terminal says, or JSON.
    pub(crate) fn new(json: bool) -> Self {
        let columns = settings::process_env()("COLUMNS").and_then(|text| text.trim().parse().ok());
        Self { json, width: columns.unwrap_or(WIDTH).clamp(60, 240), kept: None }
    }

    /// Prints nothing, but keeps it.
    #[cfg(test)]
    pub(crate) fn kept(json: bool, width: usize) -> Self {
        Self { json, width, kept: Some(String::new()) }
    }

    /// What was kept.
    #[cfg(test)]
    pub(crate) fn take(self) -> String {
        self.kept.unwrap_or_default()
    }

    /// Prints the answer: `value` as JSON, or the text that `text` makes.
    pub(crate) fn answer<T: Serialize>(&mut self, value: &T, text: impl FnOnce(usize) -> String) {
        let printed = if self.json {
            serde_json::to_string_pretty(value).unwrap_or_default()
        } else {
            text(self.width).trim_end().to_owned()
        };
        self.raw(&format!("{printed}\n"));
    }

    /// Prints a part of an answer that is text for people only.
    pub(crate) fn part(&mut self, text: impl FnOnce(usize) -> String) {
        let text = text(self.width);
        self.raw(&format!("{}\n", text.trim_end()));
    }

    /// Prints text as it is.
    pub(crate) fn raw(&mut self, text: &str) {
        if let Some(kept) = &mut self.kept {
            kept.push_str(text);
            return;
        }
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => {}
            // Whoever reads has seen enough: `parcelwire orders | head`.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => complain(&format!("the answer cannot be printed: {error}")),
        }
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Says what went wrong, if anything did, and how the process ends.
    pub(crate) fn end(&mut self, outcome: Result<(), Failure>) -> ExitCode {
        let Err(failure) = outcome else { return ExitCode::SUCCESS };
        if self.json {
            complain(&json!({ "error": failure.kind, "message": failure.message }).to_string());
        } else {
            complain(&format!("parcelwire: {}", failure.message));
        }
        ExitCode::from(failure.code)
    }
}

fn complain(text: &str) {
    // If not even this can be said, the exit code still does.
    let _unsaid = writeln!(std::io::stderr().lock(), "{text}");
}

/// What a terminal must not be sent is left out: texts come from stores and marketplaces.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Columns a text takes, near enough: wide scripts are not counted twice.
fn columns(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Breaks a text at spaces into lines of at most `width` columns; longer words are broken anywhere.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in clean(text).split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        while !word.is_empty() {
            let free = width.saturating_sub(columns(&line) + usize::from(!line.is_empty()));
            if word.len() <= free {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.extend(word.drain(..));
            } else if line.is_empty() {
                lines.push(word.drain(..width).collect());
            } else {
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Rows under headings; the last column wraps, the others are cut.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>], width: usize) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    let Some((last_heading, front)) = headings.split_last() else { return String::new() };
    let mut widths: Vec<usize> = front.iter().map(|heading| columns(heading)).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(columns(cell)).min(CELL);
        }
    }
    let used: usize = widths.iter().map(|width| width + 2).sum();
    // The last column keeps room to be read, even if the line then is longer than the terminal.
    let room = width.saturating_sub(used).max(20);
    let mut text = String::new();
    let heading: Vec<String> = front.iter().map(|heading| (*heading).to_owned()).collect();
    push_row(&mut text, &widths, &heading, &[(*last_heading).to_owned()]);
    for row in &rows {
        let last = row.get(front.len()).map(|cell| wrapped(cell, room)).unwrap_or_default();
        push_row(&mut text, &widths, row, &last);
    }
    text
}

fn push_row(text: &mut String, widths: &[usize], cells: &[String], last: &[String]) {
    let mut line = String::new();
    for (width, cell) in widths.iter().zip(cells) {
        let cell = cut(cell, *width);
        let gap = width.saturating_sub(columns(&cell)) + 2;
        line.push_str(&cell);
        line.push_str(&" ".repeat(gap));
    }
    let indent: usize = widths.iter().map(|width| width + 2).sum();
    for (n, part) in last.iter().enumerate() {
        if n > 0 {
            text.push_str(line.trim_end());
            text.push('\n');
            line = " ".repeat(indent);
        }
        line.push_str(part);
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

/// A time in a zone; UTC if the zone is not known.
pub(crate) fn time(at: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// How long ago, or how long until: the two greatest units.
pub(crate) fn from_now(at: Timestamp, now: Timestamp) -> String {
    let span = at.duration_since(now);
    let words = length(span.abs());
    if span.is_positive() { format!("in {words}") } else { format!("{words} ago") }
}

fn length(span: SignedDuration) -> String {
    let minutes = span.round(Unit::Minute).unwrap_or(span).as_mins();
    match minutes {
        0 => format!("{} s", span.as_secs()),
        1..60 => format!("{minutes} min"),
        60..2880 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1440, minutes % 1440 / 60),
    }
}

/// A cell that may be empty.
pub(crate) fn or_dash(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keep_to_the_width_and_lose_no_word_of_the_last_column() {
        let reason =
            "no carrier code is known for \"Zephyr Pigeon Express\"; near it: UPS, USPS, Yanwen, YunExpress";
        let rows = vec![
            vec!["111-2223334-5556667".to_owned(), "held".to_owned(), reason.to_owned()],
            vec!["x".repeat(60), "visible".to_owned(), "a\u{1b}[31mred\nline".to_owned()],
        ];
        for width in [60, 80, 100, 120] {
            let text = table(&["order", "state", "why"], &rows, width);
            assert!(!text.contains('\u{1b}'), "no control character of a stranger reaches the terminal");
            let widest = text.lines().map(columns).max().unwrap();
            assert!(widest <= width.max(40 + 2 + 7 + 2 + 20), "{width}: {widest}\n{text}");
            let words: Vec<&str> = text.split_whitespace().collect();
            assert!(reason.split_whitespace().all(|word| words.contains(&word)), "{text}");
        }
    }

    #[test]
    fn long_words_are_broken_and_no_text_is_lost() {
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("aaaaaaaa b", 3), ["aaa", "aaa", "aa", "b"]);
    }

    #[test]
    fn spans_are_told_in_two_units() {
        let at = |s: i64| Timestamp::from_second(s).unwrap();
        for (seconds, words) in [
            (5, "in 5 s"),
            (-59 * 60, "59 min ago"),
            (3600 + 120, "in 1 h 2 min"),
            (3 * 86_400 + 7200, "in 3 d 2 h"),
        ] {
            assert_eq!(from_now(at(100_000 + seconds), at(100_000)), words);
        }
        assert_eq!(time(at(0), "Europe/Berlin"), "1970-01-01 01:00:00 CET");
        assert_eq!(time(at(0), "Nowhere/At-all"), "1970-01-01 00:00:00 UTC");
    }
}
