//! Whatever the documentation tells a person to type is understood; every mail has its page.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;
use domain::connection::MailKind;

use super::Cli;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every page for people, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut folders = vec![workspace().join("docs")];
    let mut paths = vec![workspace().join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                paths.push(path);
            }
        }
    }
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The commands of a page: in `code` of a sentence, though it be broken over two lines, and in blocks of code.
fn commands(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut sentences = String::new();
    for (index, block) in page.split("```").enumerate() {
        if index % 2 == 0 {
            sentences.push_str(block);
        } else {
            found.extend(block.replace("\\\n", " ").lines().map(str::to_owned));
        }
    }
    found.extend(sentences.split('`').skip(1).step_by(2).map(str::to_owned));
    let whole = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = found.iter().map(whole);
    // Brackets and dots are how a command is described, not how it is typed.
    found
        .filter(|text| text.starts_with("parcelwire ") && !text.contains(['[', '…', '|']))
        .map(|text| text.split(" #").next().unwrap_or_default().to_owned())
        .collect()
}

/// Splits as a shell does, as far as our pages need it.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut quote = None;
    let mut word = String::new();
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ' ') => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words
}

#[test]
fn every_command_that_a_page_names_is_understood() {
    let (mut many, mut wrong) = (0, Vec::new());
    for (path, page) in pages() {
        for command in commands(&page) {
            many += 1;
            let read = Cli::try_parse_from(words(&command));
            // Asking for help is understood, too; and a command's bare name is how a sentence speaks of it.
            let bare = words(&command).len() <= 3 && command.bytes().all(|b| matches!(b, b' ' | b'a'..=b'z'));
            let lacking = [ErrorKind::MissingRequiredArgument, ErrorKind::MissingSubcommand];
            let named = |error: &clap::Error| bare && lacking.contains(&error.kind());
            let error = read.err().filter(|error| error.use_stderr() && !named(error));
            wrong.extend(error.map(|error| format!("{}: {command}: {error}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(many > 40, "the pages name commands: {many} were found");
}

#[test]
fn a_command_is_found_wherever_a_page_has_it() {
    let page = "Say `parcelwire hold\nORDER ignore --reason \"a b\"`, or `retry`.\n```sh\nparcelwire track \\\n  1 # why\n```\n`parcelwire [x]`";
    assert_eq!(commands(page), ["parcelwire track 1", "parcelwire hold ORDER ignore --reason \"a b\""]);
    assert_eq!(words("a \"b c\" 'd'"), ["a", "b c", "d"]);
}

#[test]
fn every_kind_of_mail_has_its_page_and_the_index_names_every_page() {
    let folder = workspace().join("docs/operations");
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for kind in MailKind::ALL {
        let name = serde_json::to_value(kind).unwrap();
        let name = name.as_str().unwrap();
        let page = format!("mails/{}.md", name.replace('_', "-"));
        let text = std::fs::read_to_string(folder.join(&page)).unwrap_or_default();
        assert!(text.contains(&format!("`{name}`")) && text.contains("*Owner:"), "{page}");
    }
    for (path, _) in pages() {
        let Ok(page) = path.strip_prefix(&folder) else { continue };
        let page = page.display().to_string();
        assert!(page == "README.md" || index.contains(&format!("({page})")), "{page}: not in the index");
    }
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    for (path, page) in pages() {
        for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            let to = path.parent().unwrap().join(file);
            assert!(to.exists(), "{}: {target}", path.display());
        }
    }
}
