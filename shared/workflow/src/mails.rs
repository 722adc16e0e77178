//! What mails say: pure rendering of typed input into subject, text and HTML.
//!
//! Every value from outside is cleaned before a template sees it: one line, no control or bidirectional
//! characters, bounded. HTML is escaped by the template engine, holds no link, and nothing from outside
//! becomes an element. The subject is fixed words and cleaned ids. No buyer data has a place in the input.

mod clean;
mod input;
mod orders;
mod view;
mod words;

#[cfg(test)]
mod tests;

pub use clean::shell_quoted;
pub use input::{AccountMatter, AccountNotice, Digest, Letter, Notice, Row, Stage};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

/// A mail ready to be sent, but for its recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// At most 120 characters of printable ASCII.
    pub subject: String,
    /// Plain text: the form to read.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

/// A template is broken: a mistake of ours that no input can cause.
#[derive(Debug, thiserror::Error)]
#[error("a mail template is broken")]
pub struct RenderError(#[from] minijinja::Error);

/// Writes a mail.
///
/// # Errors
/// [`RenderError`], if a template of this crate is broken.
pub fn render(letter: &Letter) -> Result<Rendered, RenderError> {
    let view = match letter {
        Letter::Notice(notice) => orders::notice(notice),
        Letter::Digest(digest) => orders::digest(digest),
        Letter::Account(notice) => view::account(notice),
    };
    let subject = clean::subject(&view.subject);
    let context = clean::all(&view);
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    templates.set_syntax(syntax.build()?);
    templates.set_auto_escape_callback(|name| {
        if name.ends_with(".txt") { AutoEscape::None } else { AutoEscape::Html }
    });
    let fill = |name, source| templates.render_named_str(name, source, Serde(&context));
    Ok(Rendered {
        subject,
        text: fill("letter.txt", include_str!("../templates/letter.txt"))?,
        html: fill("letter.html", include_str!("../templates/letter.html"))?,
    })
}
