//! Settings: the only crate that reads the environment and settings files.
//!
//! Whatever is wrong is told all at once, each problem by its key path or variable, with what to do.
//! A missing setting stops the start: nothing falls back to a sandbox or to somebody else's host.
//! Secrets are `SecretString`, and no error repeats the text of one.
//!
//! [`local`] reads the one-machine system's file, [`function`] one Lambda function's variables.

mod check;
pub mod function;
pub mod local;
mod near;
mod problem;
mod toml_tree;

pub use problem::{Problem, SettingsErrors};

/// Looks up variables of this process: the only place that reads the environment.
///
/// A variable that is not Unicode reads as absent.
pub fn process_env() -> impl Fn(&str) -> Option<String> + Copy + Send + Sync + 'static {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that the lint sends everybody to")]
    |name: &str| std::env::var(name).ok()
}
