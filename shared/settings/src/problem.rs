//! What is wrong with settings.

use std::fmt;

/// One thing that is wrong, or worth a look: where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key path (`connections[2].link[0].account`), the variable, or the file.
    pub at: String,
    /// The line of the file, counted from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong and what to do. Never the text of a secret.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.at.as_str()) {
            (Some(line), "") => write!(f, "line {line}: {}", self.what),
            (Some(line), at) => write!(f, "line {line}: {at}: {}", self.what),
            (None, at) => write!(f, "{at}: {}", self.what),
        }
    }
}

/// Everything that is wrong with a settings file or a function's variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsErrors {
    /// Where the settings came from: a path, or `the environment`.
    pub source_name: String,
    /// Never empty; a file's in the order of its lines.
    pub problems: Vec<Problem>,
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(f, "{count} {noun} in {}:", self.source_name)?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsErrors {}
