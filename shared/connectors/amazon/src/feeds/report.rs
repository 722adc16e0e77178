//! The processing report of an XML feed.
//!
//! `AmazonEnvelope` / `Message` / `ProcessingReport`: `StatusCode`, `ProcessingSummary` with counts, and one `Result`
//! per message that was refused or warned of: `MessageID`, `ResultCode` (`Error` or `Warning`), `ResultMessageCode`,
//! `ResultDescription`. Source: what libraries read of it (abuzuhri/Amazon-SP-API-CSharp), read 21 November 2026.
//! Order feeds have no report in JSON: that came with the listing feeds alone.

use std::collections::BTreeMap;

use connector_api::BulkReport;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

/// What one `Result` says.
#[derive(Default)]
struct Line {
    message: String,
    kind: String,
    code: String,
    words: String,
}

/// Reads a report.
///
/// Several errors of one message become one, with the first one's code and everybody's words. What concerns the whole
/// feed stands under the number 0, as Amazon gives it.
///
/// # Errors
/// It is no processing report, or none that was finished.
pub(super) fn read(bytes: &[u8]) -> Result<BulkReport, String> {
    // Codes and numbers are ASCII in whatever encoding; only words can suffer.
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut line = Line::default();
    let mut lines: Vec<Line> = Vec::new();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let (mut status, mut found) = (None, false);
    loop {
        match reader.read_event().map_err(|error| format!("the report is no whole XML: {error}"))? {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                found |= name == "ProcessingReport";
                path.push(name);
                value.clear();
                if path.len() > 20 {
                    return Err("the report is nested too deeply".to_owned());
                }
            }
            Event::Text(piece) => value.push_str(&piece),
            Event::CData(piece) => value.push_str(&piece),
            Event::GeneralRef(name) => {
                let entity = format!("&{};", &*name);
                value.push_str(unescape(&entity).as_deref().unwrap_or(&entity));
            }
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                let parent = path.last().map(String::as_str).unwrap_or_default();
                let said = std::mem::take(&mut value).trim().to_owned();
                match (parent, name.as_str()) {
                    ("ProcessingReport", "StatusCode") => status = Some(said),
                    ("ProcessingSummary", _) => {
                        if let Ok(count) = said.parse() {
                            counts.insert(name, count);
                        }
                    }
                    ("Result", "MessageID") => line.message = said,
                    ("Result", "ResultCode") => line.kind = said,
                    ("Result", "ResultMessageCode") => line.code = said,
                    ("Result", "ResultDescription") => line.words = said,
                    ("ProcessingReport", "Result") => lines.push(std::mem::take(&mut line)),
                    _ => {}
                }
            }
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if !found {
        return Err("the document is no processing report".to_owned());
    }
    if !path.is_empty() {
        return Err("the report ends too soon".to_owned());
    }
    if status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("Processing")) {
        return Err("the report says that the feed is still being worked on".to_owned());
    }
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    let mut report = BulkReport {
        processed: count("MessagesProcessed"),
        successful: count("MessagesSuccessful"),
        ..BulkReport::default()
    };
    let (mut refused, mut warned) = (BTreeMap::new(), BTreeMap::new());
    for line in lines {
        // A line without a readable number cannot be given to anybody: it counts as one for the whole feed.
        let number: u32 = line.message.parse().unwrap_or(0);
        let warning = line.kind.eq_ignore_ascii_case("Warning");
        let into = if warning { &mut warned } else { &mut refused };
        let (_, words): &mut (String, String) =
            into.entry(number).or_insert_with(|| (line.code.clone(), String::new()));
        if !words.is_empty() {
            words.push_str("; ");
        }
        words.push_str(&line.words);
    }
    let rows = |all: BTreeMap<u32, (String, String)>| {
        all.into_iter().map(|(number, (code, words))| (number, code, words)).collect()
    };
    (report.refused, report.warned) = (rows(refused), rows(warned));
    // Whether a message with a warning counts as successful is not documented: both ways add up.
    let rest = report.processed.saturating_sub(report.successful);
    if !report.warned.is_empty() && rest as usize == report.refused.len() + report.warned.len() {
        report.successful += rest - u32::try_from(report.refused.len()).unwrap_or(rest);
    }
    Ok(report)
}

#[cfg(test)]
mod tests;
