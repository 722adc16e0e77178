//! Mappings as a table that people edit in a spreadsheet.
//!
//! Columns: `text`, `code`, `name`, `service`, `unlisted` (yes or empty), `match` (empty, exact or pattern). A cell
//! that a spreadsheet would take for a formula gets a leading `'` on the way out and loses it on the way in.

use std::collections::BTreeMap;

use ::csv::{ByteRecord, QuoteStyle, ReaderBuilder, WriterBuilder};
use jiff::Timestamp;

use crate::how::How;
use crate::mapping::{Mapping, MappingProblem};

/// The largest file that is read, in bytes.
pub const MOST_BYTES: usize = 10_000_000;

/// The most rows that are read.
pub const MOST_ROWS: u64 = 1_000_000;

/// After so many bad lines the rest is not read: the file is of another kind.
pub const MOST_BAD_LINES: usize = 10_000;

const COLUMNS: [&str; 6] = ["text", "code", "name", "service", "unlisted", "match"];

/// Where imported mappings go, and what they are stamped with.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The marketplace's kind: `amazon`.
    pub marketplace: &'a str,
    /// The country to check against (ISO 3166, lower case); `None`: any of the marketplace's.
    pub country: Option<&'a str>,
    /// Who imports.
    pub by: &'a str,
    /// When.
    pub at: Timestamp,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Wrong {
    /// Too large as a whole.
    #[error("the file has more than {MOST_BYTES} bytes: split it")]
    TooLarge,
    /// Too many rows.
    #[error("the file has more than {MOST_ROWS} rows: the rest was not read")]
    TooManyRows,
    /// Too many errors.
    #[error("more than {MOST_BAD_LINES} lines are wrong: the rest was not read")]
    TooManyBad,
    /// UTF-16, as some spreadsheets write it.
    #[error("the file is UTF-16: save it as CSV UTF-8")]
    Utf16,
    /// Not UTF-8.
    #[error("the line is not UTF-8 text: save the file as CSV UTF-8")]
    NotUtf8,
    /// No header.
    #[error("the file is empty: the first line names the columns {}", COLUMNS.join(","))]
    Empty,
    /// A needed column is absent.
    #[error("the column {name:?} is missing: the first line names the columns {}", COLUMNS.join(","))]
    NoColumn {
        /// Its name.
        name: &'static str,
    },
    /// A column nobody knows.
    #[error("there is no column {name:?}: the columns are {}", COLUMNS.join(","))]
    UnknownColumn {
        /// Its name.
        name: String,
    },
    /// A column named twice.
    #[error("the column {0:?} stands twice")]
    ColumnTwice(String),
    /// More or fewer cells than columns.
    #[error(
        "the line has {found} cells where the first line has {wanted}: a separator inside a cell needs quotes"
    )]
    Cells {
        /// How many it has.
        found: usize,
        /// How many it should have.
        wanted: usize,
    },
    /// A yes or no that is neither.
    #[error("{0:?} in the column unlisted: write yes or leave it empty")]
    NotYesOrNo(String),
    /// No way of matching.
    #[error("{0:?} in the column match: write exact or pattern, or leave it empty")]
    NotAMatch(String),
    /// A text that stands twice.
    #[error("the same carrier text stands on line {0} already")]
    Repeated(u64),
    /// The mapping itself.
    #[error(transparent)]
    Mapping(#[from] MappingProblem),
}

/// A line that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct BadLine {
    /// Counted from 1, as an editor shows it.
    pub line: u64,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What a file held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Import {
    /// Mappings of good lines, in order.
    pub mappings: Vec<Mapping>,
    /// Every bad line. While there is one, the caller does best to take nothing.
    pub bad: Vec<BadLine>,
}

/// Whether a spreadsheet might run it, or we would take it for something escaped.
fn needs_escape(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\''])
}

fn escape(cell: &str) -> String {
    if needs_escape(cell) { format!("'{cell}") } else { cell.to_owned() }
}

fn unescape(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| needs_escape(rest)).unwrap_or(cell)
}

/// Writes mappings as CSV, safe to open in a spreadsheet.
#[must_use]
pub fn export<'a>(mappings: impl IntoIterator<Item = &'a Mapping>) -> String {
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::Always).from_writer(Vec::new());
    let rows = mappings.into_iter().map(|mapping| {
        let cell = |text: &Option<String>| escape(text.as_deref().unwrap_or_default());
        let unlisted = if mapping.unlisted { "yes" } else { "" };
        [
            escape(&mapping.text),
            escape(&mapping.code),
            cell(&mapping.name),
            cell(&mapping.service),
            unlisted.to_owned(),
            if mapping.how.is_usual() { String::new() } else { mapping.how.as_str().to_owned() },
        ]
    });
    for row in std::iter::once(COLUMNS.map(str::to_owned)).chain(rows) {
        // Memory takes every write, and every row has as many cells as the first.
        let _written = writer.write_record(&row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Reads mappings from CSV with commas, semicolons or tabs, and checks each.
#[must_use]
pub fn import(bytes: &[u8], target: Target<'_>) -> Import {
    let whole = |line, wrong| Import { mappings: Vec::new(), bad: vec![BadLine { line, wrong }] };
    if bytes.len() > MOST_BYTES {
        return whole(1, Wrong::TooLarge);
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return whole(1, Wrong::Utf16);
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let first_line =
        bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let separator =
        [b',', b';', b'\t'].into_iter().max_by_key(|mark| first_line.iter().filter(|b| *b == mark).count());
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator.filter(|mark| first_line.contains(mark)).unwrap_or(b','))
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut read = |record: &mut ByteRecord| {
        // Reading from memory fails on nothing else than its end.
        reader
            .read_byte_record(record)
            .is_ok_and(|more| more)
            .then(|| record.position().map_or(0, ::csv::Position::line))
    };
    let Some(line) = read(&mut record) else { return whole(1, Wrong::Empty) };
    let columns = match columns(&record) {
        Ok(columns) => columns,
        Err(wrong) => return whole(line, wrong),
    };
    let mut import = Import::default();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut rows = 0;
    while let Some(line) = read(&mut record) {
        rows += 1;
        let wrong = if rows > MOST_ROWS {
            Wrong::TooManyRows
        } else if import.bad.len() >= MOST_BAD_LINES {
            Wrong::TooManyBad
        } else {
            match row(&record, &columns, target, &mut seen, line) {
                Ok(mapping) => import.mappings.push(mapping),
                Err(wrong) => import.bad.push(BadLine { line, wrong }),
            }
            continue;
        };
        import.bad.push(BadLine { line, wrong });
        break;
    }
    import
}

/// Which of our columns each column of the file is.
fn columns(header: &ByteRecord) -> Result<Vec<usize>, Wrong> {
    let mut columns: Vec<usize> = Vec::new();
    for cell in header {
        let name = std::str::from_utf8(cell).map_err(|_| Wrong::NotUtf8)?.trim().to_lowercase();
        let column = COLUMNS.iter().position(|column| *column == name);
        let column = column.ok_or_else(|| Wrong::UnknownColumn { name: name.chars().take(40).collect() })?;
        if columns.contains(&column) {
            return Err(Wrong::ColumnTwice(name));
        }
        columns.push(column);
    }
    for (place, column) in COLUMNS.into_iter().enumerate().take(2) {
        if !columns.contains(&place) {
            return Err(Wrong::NoColumn { name: column });
        }
    }
    Ok(columns)
}

fn row(
    record: &ByteRecord,
    columns: &[usize],
    target: Target<'_>,
    seen: &mut BTreeMap<String, u64>,
    line: u64,
) -> Result<Mapping, Wrong> {
    if record.len() != columns.len() {
        return Err(Wrong::Cells { found: record.len(), wanted: columns.len() });
    }
    let mut cells: [Option<String>; 6] = Default::default();
    for (cell, column) in record.iter().zip(columns) {
        let cell = unescape(std::str::from_utf8(cell).map_err(|_| Wrong::NotUtf8)?);
        if let Some(slot) = cells.get_mut(*column) {
            *slot = Some(cell.to_owned());
        }
    }
    let [text, code, name, service, unlisted, how] = cells;
    let how = how.unwrap_or_default();
    let how = How::parse(&how).ok_or_else(|| Wrong::NotAMatch(how.chars().take(40).collect()))?;
    let trimmed =
        |cell: Option<String>| cell.map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty());
    let unlisted = match unlisted.map(|cell| cell.trim().to_lowercase()).as_deref() {
        None | Some("" | "no" | "false" | "0") => false,
        Some("yes" | "true" | "1") => true,
        Some(neither) => return Err(Wrong::NotYesOrNo(neither.chars().take(40).collect())),
    };
    let mapping = Mapping {
        schema: Mapping::SCHEMA,
        text: text.unwrap_or_default(),
        how,
        code: trimmed(code).unwrap_or_default(),
        name: trimmed(name),
        service: trimmed(service),
        unlisted,
        set_at: Some(target.at),
        set_by: target.by.to_owned(),
        version: 0,
        unknown: BTreeMap::new(),
    };
    mapping.check(target.marketplace, target.country)?;
    match seen.entry(mapping.key()) {
        std::collections::btree_map::Entry::Occupied(first) => Err(Wrong::Repeated(*first.get())),
        std::collections::btree_map::Entry::Vacant(free) => {
            free.insert(line);
            Ok(mapping)
        }
    }
}
