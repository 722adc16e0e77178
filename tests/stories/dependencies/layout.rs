//! Sizes and places of source files.

use std::path::{Path, PathBuf};

use crate::template::load::workspace;

/// Lines that no source file goes beyond.
const MOST_LINES: usize = 500;
/// Lines that no function's `main.rs` goes beyond: settings, adapters, run.
const MOST_LINES_OF_A_MAIN: usize = 40;

/// A source file: its path from the root, and its text.
struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = workspace().canonicalize().unwrap();
    let mut found = Vec::new();
    for folder in ["functions", "infra", "shared", "tests"] {
        collect(&root.join(folder), &mut found);
    }
    let source = |path: PathBuf| Source {
        path: path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(),
        text: std::fs::read_to_string(&path).unwrap(),
    };
    found.into_iter().map(source).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn out_of_place(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for Source { path, text } in sources {
        let lines = text.lines().count();
        let most = if path.starts_with("functions/") && path.ends_with("/src/main.rs") {
            MOST_LINES_OF_A_MAIN
        } else {
            MOST_LINES
        };
        if lines > most {
            wrong.push(format!("{path}: {lines} lines, at most {most}"));
        }
        if path.ends_with("/mod.rs") {
            wrong.push(format!("{path}: `foo.rs` beside `foo/` instead"));
        }
        let a_test = path.split('/').nth(2) == Some("tests");
        if path.starts_with("functions/") && !path.ends_with("/src/main.rs") && !a_test {
            wrong.push(format!("{path}: a function is its main and no more"));
        }
    }
    wrong
}

#[test]
fn files_are_small_and_in_their_place() {
    let sources = sources();
    assert!(sources.len() > 50, "only {} files seen", sources.len());
    assert_eq!(out_of_place(&sources), Vec::<String>::new());
}

#[test]
fn large_and_misplaced_files_are_caught() {
    let cases = [
        ("shared/domain/src/lib.rs", 501, "501 lines, at most 500"),
        ("functions/sweep/src/main.rs", 41, "41 lines, at most 40"),
        ("shared/domain/src/plan/mod.rs", 1, "instead"),
        ("functions/sweep/src/rules.rs", 1, "no more"),
    ];
    for (path, lines, says) in cases {
        let source = Source { path: path.into(), text: "//\n".repeat(lines) };
        let wrong = out_of_place(&[source]);
        assert!(wrong.iter().any(|w| w.contains(says)), "{path}: {wrong:?}");
    }
    let fine = Source { path: "shared/domain/src/lib.rs".into(), text: "//\n".repeat(500) };
    assert_eq!(out_of_place(&[fine]), Vec::<String>::new());
}
