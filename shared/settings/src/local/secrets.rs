//! Secrets: inline, from a variable, or from a file.

use std::cell::Cell;
use std::path::Path;

use secrecy::SecretString;
use toml::de::DeValue;

use super::{read_bounded, readable_by_all};
use crate::check;
use crate::toml_tree::Node;

/// The most a secret's file may hold, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// Reads secrets and remembers whether any stood in the settings themselves.
pub(super) struct SecretReader<'a> {
    folder: &'a Path,
    env: &'a dyn Fn(&str) -> Option<String>,
    inline: Cell<bool>,
}

impl<'a> SecretReader<'a> {
    pub(super) fn new(folder: &'a Path, env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { folder, env, inline: Cell::new(false) }
    }

    /// Whether the settings hold any secret themselves.
    pub(super) fn any_inline(&self) -> bool {
        self.inline.get()
    }

    /// One secret.
    pub(super) fn one(&self, node: &Node<'_>) -> Option<SecretString> {
        let text = match node.value {
            DeValue::String(text) => {
                self.inline.set(true);
                text.to_string()
            }
            DeValue::Table(_) => self.referenced(node)?,
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {
                node.problem("must be a text in quotes, { env = \"NAME\" } or { file = \"path\" }");
                return None;
            }
        };
        if let Err(what) = check::secret(&text) {
            node.problem(format!("the secret {what}"));
            return None;
        }
        if text.trim() != text {
            node.warning("the secret begins or ends with a space; was it copied along?");
        }
        Some(SecretString::from(text))
    }

    /// One secret, or several in a list; none is a problem.
    pub(super) fn several(&self, node: &Node<'_>) -> Vec<SecretString> {
        if node.value.as_array().is_none() {
            return self.one(node).into_iter().collect();
        }
        let items = node.list("");
        if items.is_empty() {
            node.problem("the list is empty: name at least one secret");
        }
        items.iter().filter_map(|item| self.one(item)).collect()
    }

    fn referenced(&self, node: &Node<'_>) -> Option<String> {
        let section = node.section();
        let by_env = section.get("env");
        let by_file = section.get("file");
        section.finish();
        match (by_env, by_file) {
            (Some(name), None) => {
                let name_text = name.text()?;
                let value = (self.env)(name_text);
                if value.is_none() {
                    name.problem(format!("the environment variable {} is not set", check::shown(name_text)));
                }
                value
            }
            (None, Some(file)) => self.in_file(&file),
            (Some(_), Some(_)) => {
                node.problem("names both env and file: keep one");
                None
            }
            (None, None) => {
                node.problem("must name where the secret is: { env = \"NAME\" } or { file = \"path\" }");
                None
            }
        }
    }

    fn in_file(&self, node: &Node<'_>) -> Option<String> {
        let path = self.folder.join(node.text()?);
        match read_bounded(&path, MAX_FILE) {
            Ok(mut text) => {
                text.truncate(text.trim_end_matches(['\n', '\r']).len());
                if readable_by_all(&path) {
                    node.warning("every user of this machine can read this file; run chmod 600 on it");
                }
                Some(text)
            }
            Err(what) => {
                node.problem(format!("the file {} {what}", check::shown(&path.to_string_lossy())));
                None
            }
        }
    }
}
