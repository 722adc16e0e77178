//! Walks a TOML file key by key, remembering which keys were asked for and what was wrong where.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::near::did_you_mean;
use crate::problem::Problem;

/// A file under inspection: its problems and warnings so far.
pub(crate) struct Findings<'t> {
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

impl<'t> Findings<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, problems: RefCell::default(), warnings: RefCell::default() }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    /// Adds a problem at a place in the text.
    pub(crate) fn problem(&self, at: &str, line: Option<usize>, what: impl Into<String>) {
        self.problems.borrow_mut().push(Problem { at: at.to_owned(), line, what: what.into() });
    }

    /// Adds a remark that does not stop the start.
    pub(crate) fn warning(&self, at: &str, line: Option<usize>, what: impl Into<String>) {
        self.warnings.borrow_mut().push(Problem { at: at.to_owned(), line, what: what.into() });
    }

    /// Problems and warnings, each in the order of the file.
    pub(crate) fn into_parts(self) -> (Vec<Problem>, Vec<Problem>) {
        let sorted = |list: RefCell<Vec<Problem>>| {
            let mut list = list.into_inner();
            list.sort_by_key(|p| p.line.unwrap_or(usize::MAX));
            // A table that several readers look at is wrong for each of them.
            list.dedup();
            list
        };
        (sorted(self.problems), sorted(self.warnings))
    }
}

/// Parses a file; what is not TOML is put among the findings, by line.
pub(crate) fn parse<'t>(findings: &Findings<'t>) -> Option<Spanned<DeTable<'t>>> {
    let (table, errors) = DeTable::parse_recoverable(findings.text);
    for error in &errors {
        // Its `Display` would quote the line, and a line may hold a secret: only place and message.
        let line = error.span().map_or(1, |span| findings.line(&span));
        findings.problem("", Some(line), format!("is not TOML: {}", error.message()));
    }
    errors.is_empty().then_some(table)
}

/// A table, perhaps absent, and where it stands.
pub(crate) struct Section<'a> {
    findings: &'a Findings<'a>,
    at: String,
    line: Option<usize>,
    table: Option<&'a DeTable<'a>>,
    asked: RefCell<BTreeSet<&'static str>>,
}

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    findings: &'a Findings<'a>,
    pub(crate) at: String,
    line: usize,
    pub(crate) value: &'a DeValue<'a>,
}

impl<'a> Section<'a> {
    pub(crate) fn root(findings: &'a Findings<'a>, table: &'a DeTable<'a>) -> Self {
        Self { findings, at: String::new(), line: Some(1), table: Some(table), asked: RefCell::default() }
    }

    pub(crate) fn at(&self) -> &str {
        &self.at
    }

    pub(crate) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// The path of a key in here.
    pub(crate) fn path(&self, key: &str) -> String {
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let key = if !key.is_empty() && key.len() <= 60 && key.chars().all(bare) {
            key.to_owned()
        } else {
            format!("{:?}", key.chars().take(60).collect::<String>())
        };
        if self.at.is_empty() { key } else { format!("{}.{key}", self.at) }
    }

    /// Notes that something is wrong with a key, there or not, or (empty) with the table as a whole.
    pub(crate) fn problem(&self, key: &str, what: impl Into<String>) {
        let (at, line) = self.place(key);
        self.findings.problem(&at, line, what);
    }

    /// Remarks on a key, there or not, or (empty) on the table as a whole.
    pub(crate) fn warning(&self, key: &str, what: impl Into<String>) {
        let (at, line) = self.place(key);
        self.findings.warning(&at, line, what);
    }

    fn place(&self, key: &str) -> (String, Option<usize>) {
        if key.is_empty() {
            return (self.at.clone(), self.line);
        }
        let found = self.table.and_then(|table| table.iter().find(|(name, _)| name.get_ref() == key));
        let line = found.map(|(name, _)| self.findings.line(&name.span())).or(self.line);
        (self.path(key), line)
    }

    fn node(&self, at: String, value: &'a Spanned<DeValue<'a>>) -> Node<'a> {
        let line = self.findings.line(&value.span());
        Node { findings: self.findings, at, line, value: value.get_ref() }
    }

    /// The value of a known key.
    pub(crate) fn get(&self, key: &'static str) -> Option<Node<'a>> {
        self.asked.borrow_mut().insert(key);
        let (_, value) = self.table?.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(self.node(self.path(key), value))
    }

    /// The table of a known key; empty if absent or no table.
    pub(crate) fn section(&self, key: &'static str) -> Section<'a> {
        match self.get(key) {
            Some(node) => node.section(),
            None => Section {
                findings: self.findings,
                at: self.path(key),
                line: self.line,
                table: None,
                asked: RefCell::default(),
            },
        }
    }

    /// The tables of a known key that may be given many times.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let items = node.list(&format!("must be a list of tables: begin each with [[{}]]", node.at));
        items.iter().map(Node::section).filter(Section::is_present).collect()
    }

    /// Every key not asked for by name, with its value.
    pub(crate) fn others(&self) -> Vec<(&'a str, Node<'a>)> {
        let asked = self.asked.borrow();
        let all = self.table.into_iter().flat_map(|table| table.iter());
        all.map(|(name, value)| (name.get_ref().as_ref(), value))
            .filter(|(name, _)| !asked.contains(name))
            .map(|(name, value)| (name, self.node(self.path(name), value)))
            .collect()
    }

    /// Every key asked for so far.
    pub(crate) fn known(&self) -> Vec<&'static str> {
        self.asked.borrow().iter().copied().collect()
    }

    /// Refuses every key that nothing asked for.
    pub(crate) fn finish(self) {
        let known = self.known();
        for (name, node) in self.others() {
            let hint = did_you_mean(name, known.iter().copied());
            let list = if hint.is_empty() { format!("; known here: {}", known.join(", ")) } else { hint };
            node.problem(format!("there is no such setting{list}"));
        }
    }
}

impl<'a> Node<'a> {
    pub(crate) fn problem(&self, what: impl Into<String>) {
        self.findings.problem(&self.at, Some(self.line), what);
    }

    pub(crate) fn warning(&self, what: impl Into<String>) {
        self.findings.warning(&self.at, Some(self.line), what);
    }

    /// A text. Problems name its type, never its content.
    pub(crate) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.problem(format!("must be a text in quotes, not {}", kind(self.value)));
        }
        text
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        let value = self.value.as_bool();
        if value.is_none() {
            self.problem(format!("must be true or false, without quotes, not {}", kind(self.value)));
        }
        value
    }

    /// A whole number within `range`.
    pub(crate) fn whole(&self, range: Range<i64>) -> Option<i64> {
        let fits = self.integer().filter(|value| range.contains(value));
        if fits.is_none() {
            self.problem(format!("must be a whole number from {} to {}", range.start, range.end - 1));
        }
        fits
    }

    fn integer(&self) -> Option<i64> {
        let digits = self.value.as_integer()?;
        i64::from_str_radix(digits.as_str(), digits.radix()).ok()
    }

    /// A number, whole or broken; not a number that is none.
    pub(crate) fn number(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "numbers beyond 2^53 are out of every range anyway")]
        let whole = self.integer().map(|n| n as f64);
        let broken = || self.value.as_float()?.as_str().parse().ok();
        let value = whole.or_else(broken).filter(|n| n.is_finite());
        if value.is_none() {
            self.problem(format!("must be a number, not {}", kind(self.value)));
        }
        value
    }

    /// The members of a list; `else_what` is the problem if it is none.
    pub(crate) fn list(&self, else_what: &str) -> Vec<Node<'a>> {
        let Some(items) = self.value.as_array() else {
            self.problem(else_what);
            return Vec::new();
        };
        let numbered = items.iter().enumerate();
        numbered
            .map(|(i, item)| Node {
                findings: self.findings,
                at: format!("{}[{i}]", self.at),
                line: self.findings.line(&item.span()),
                value: item.get_ref(),
            })
            .collect()
    }

    /// A list of texts.
    pub(crate) fn texts(&self) -> Vec<(Node<'a>, &'a str)> {
        let items = self.list("must be a list of texts: [\"…\"]");
        items.into_iter().filter_map(|item| item.text().map(|text| (item.clone(), text))).collect()
    }

    /// A table; an empty one, with a problem, if it is none.
    pub(crate) fn section(&self) -> Section<'a> {
        let table = self.value.as_table();
        if table.is_none() {
            self.problem(format!("must be a table, not {}", kind(self.value)));
        }
        Section {
            findings: self.findings,
            at: self.at.clone(),
            line: Some(self.line),
            table,
            asked: RefCell::default(),
        }
    }
}

/// What a value is, for people.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a broken number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
