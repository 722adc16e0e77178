//! Reads variables and remembers what was wrong with which.

use crate::check;
use crate::problem::{Problem, SettingsErrors};

/// Variables under inspection.
pub(super) struct Variables<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    allow_base_urls: bool,
    problems: Vec<Problem>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { env, allow_base_urls: false, problems: Vec::new() }
    }

    /// Whether other hosts than the built-in ones are taken from here on.
    pub(super) fn allow_base_urls(&mut self, allowed: bool) {
        self.allow_base_urls = allowed;
    }

    /// Notes what is wrong with a variable. `what` must not repeat its value, which may be a secret.
    pub(super) fn problem(&mut self, name: &str, what: impl Into<String>) {
        self.problems.push(Problem { at: name.to_owned(), line: None, what: what.into() });
    }

    /// The value, or a problem.
    pub(super) fn judge<T>(&mut self, name: &str, outcome: Result<T, String>) -> Option<T> {
        outcome.map_err(|what| self.problem(name, what)).ok()
    }

    /// A variable that may be absent; an empty one is a problem, since nobody sets one on purpose.
    pub(super) fn optional(&mut self, name: &str) -> Option<String> {
        let value = (self.env)(name)?;
        if value.trim().is_empty() {
            self.problem(name, "is empty; give it a value or do not set it");
            return None;
        }
        if value.chars().any(char::is_control) {
            self.problem(name, "holds a line break or another control character");
            return None;
        }
        Some(value)
    }

    /// A variable that must be there.
    pub(super) fn required(&mut self, name: &str) -> Option<String> {
        if (self.env)(name).is_none() {
            self.problem(name, "is not set; template.yaml or the Lambda service sets it");
            return None;
        }
        self.optional(name)
    }

    /// A variable that must be there and right.
    pub(super) fn checked(
        &mut self,
        name: &str,
        check: impl Fn(&str) -> Result<String, String>,
    ) -> Option<String> {
        let text = self.required(name)?;
        self.judge(name, check(&text))
    }

    /// True or false; absent is false.
    pub(super) fn switch(&mut self, name: &str) -> Option<bool> {
        match (self.env)(name).as_deref() {
            None | Some("false") => Some(false),
            Some("true") => Some(true),
            Some(_) => {
                self.problem(name, "must be true or false");
                None
            }
        }
    }

    /// The address of a queue: https, or this machine's where other hosts are allowed.
    pub(super) fn queue(&mut self, name: &str) -> Option<String> {
        let allowed = self.allow_base_urls;
        self.checked(name, |text| {
            let url = check::base_url(text)?;
            if !allowed && !url.starts_with("https://") {
                return Err("must begin with https:// unless ALLOW_BASE_URLS is true".to_owned());
            }
            Ok(url)
        })
    }

    /// Several queues, all or none.
    pub(super) fn queues<const N: usize>(&mut self, names: [&str; N]) -> Option<[String; N]> {
        let urls = names.map(|name| self.queue(name));
        let all: Option<Vec<String>> = urls.into_iter().collect();
        all?.try_into().ok()
    }

    /// Another address for AWS itself.
    pub(super) fn endpoint(&mut self, text: &str) -> Option<String> {
        if !self.allow_base_urls {
            self.problem(
                "AWS_ENDPOINT_URL",
                "is refused unless ALLOW_BASE_URLS is true, which only a test stack sets",
            );
            return None;
        }
        self.judge("AWS_ENDPOINT_URL", check::base_url(text))
    }

    /// What was read, if nothing was wrong with any variable.
    pub(super) fn finish<T, S>(
        self,
        read: Option<T>,
        make: impl FnOnce(T) -> S,
    ) -> Result<S, SettingsErrors> {
        match read {
            Some(read) if self.problems.is_empty() => Ok(make(read)),
            _ => Err(SettingsErrors { source_name: "the environment".to_owned(), problems: self.problems }),
        }
    }
}
