//! The file itself, secret files, variables, and who may read them.

use std::path::Path;

use secrecy::ExposeSecret as _;
use settings::local::{EXAMPLE, MailTransport, load, parse_text};
use settings::process_env;

use crate::{Fakes, GOOD, changed, no_env};

fn any_env(name: &str) -> Option<String> {
    Some(format!("canary of {name}"))
}

#[test]
fn the_example_is_valid_and_mentions_every_setting_that_holds_without_it() {
    let settings = parse_text(EXAMPLE, Path::new("/nowhere"), &any_env, &Fakes).unwrap();
    assert_eq!(settings.connections.len(), 2);
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    assert!(matches!(settings.mail.transport, MailTransport::Smtp(_)));

    // The same with every commented-out key in force: still valid, but for the one host that needs a switch.
    let switched_on: String = EXAMPLE
        .replace("# allow_base_urls = false", "allow_base_urls = true")
        .replace("[mail.smtp]", "# [mail.smtp]")
        .replace("host = \"smtp", "# host = \"smtp")
        .replace("user = \"parcelwire\"\npassword", "# user = \"parcelwire\"\n# password")
        .replace("# [mail.ses]", "[mail.ses]")
        .lines()
        .map(|line| {
            let key = line.strip_prefix("# ").filter(|rest| {
                let (name, value) = rest.split_once(" = ").unwrap_or_default();
                let of_smtp = ["host", "port = 587", "tls", "user", "password"];
                !value.is_empty()
                    && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
                    && !of_smtp.iter().any(|key| rest.starts_with(key))
            });
            format!("{}\n", key.unwrap_or(line))
        })
        .collect();
    let settings = parse_text(&switched_on, Path::new("/nowhere"), &any_env, &Fakes).unwrap();
    assert!(matches!(settings.mail.transport, MailTransport::Ses(_)));
    let plain = parse_text(EXAMPLE, Path::new("/nowhere"), &any_env, &Fakes).unwrap();
    for (shown, built_in) in settings.connections.iter().zip(&plain.connections) {
        assert_eq!(shown.connection.timing, built_in.connection.timing, "comments show what is built in");
    }
}

#[test]
fn the_documentation_names_every_key_of_the_example() {
    let documentation = include_str!("../../../../docs/settings.md");
    let mut keys = 0;
    for line in EXAMPLE.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        let Some((key, _)) = line.split_once(" = ") else { continue };
        if key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            let named = [format!("`{key}`"), format!(".{key}`"), format!("`{key} ")];
            assert!(
                named.iter().any(|name| documentation.contains(name)),
                "{key} is not in docs/settings.md"
            );
            keys += 1;
        }
    }
    assert!(keys > 30, "only {keys} keys found");
}

#[test]
fn secrets_come_from_variables_and_files_beside_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let old = "refresh_token = \"canary-refresh-token\"";
    for (file, want) in
        [("token", "token"), ("token\n", "token"), ("token\r\n", "token"), ("to ken", "to ken")]
    {
        std::fs::write(folder.path().join("refresh"), file).unwrap();
        let text = changed(old, "refresh_token = { file = \"refresh\" }")
            .replace("\"canary-client-id\"", "{ env = \"CLIENT\" }");
        let settings = parse_text(&text, folder.path(), &any_env, &Fakes).unwrap();
        let secrets = &settings.connections[0].secrets;
        assert_eq!(secrets["refresh_token"].expose_secret(), want);
        assert_eq!(secrets["client_id"].expose_secret(), "canary of CLIENT");
    }
    for (file, what) in [("", "is empty"), ("\n\n", "is empty"), ("a\nb", "line break"), ("a\0", "control")] {
        std::fs::write(folder.path().join("refresh"), file).unwrap();
        let text = changed(old, "refresh_token = { file = \"refresh\" }");
        let errors = parse_text(&text, folder.path(), &any_env, &Fakes).unwrap_err();
        assert_eq!(errors.problems[0].at, "connections[0].secrets.refresh_token");
        assert!(errors.problems[0].what.contains(what), "{file:?}: {errors}");
    }
    let too_large = vec![b'a'; 65 * 1024];
    let not_text = vec![0xff, 0xfe];
    for (bytes, what) in [(too_large, "larger than"), (not_text, "UTF-8")] {
        std::fs::write(folder.path().join("refresh"), bytes).unwrap();
        let text = changed(old, "refresh_token = { file = \"refresh\" }");
        let errors = parse_text(&text, folder.path(), &any_env, &Fakes).unwrap_err();
        assert!(errors.problems[0].what.contains(what), "{errors}");
    }
    let text = changed(old, "refresh_token = { file = \".\" }");
    let errors = parse_text(&text, folder.path(), &any_env, &Fakes).unwrap_err();
    assert!(errors.problems[0].what.contains("is not a file"), "{errors}");
}

#[test]
fn a_secret_with_a_space_at_its_end_is_taken_and_remarked_on() {
    let text = changed("\"canary-client-id\"", "\"canary-client-id \"");
    let settings = parse_text(&text, Path::new("/nowhere"), &no_env, &Fakes).unwrap();
    assert_eq!(settings.connections[0].secrets["client_id"].expose_secret(), "canary-client-id ");
    assert_eq!(settings.warnings[0].at, "connections[0].secrets.client_id");
    assert!(!settings.warnings[0].what.contains("canary"));
}

#[test]
fn a_file_that_cannot_be_read_is_told_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    let errors = load(&missing, &no_env, &Fakes).unwrap_err();
    assert_eq!(errors.problems[0].at, missing.display().to_string());
    assert!(errors.to_string().contains("does not exist"), "{errors}");

    let errors = load(folder.path(), &no_env, &Fakes).unwrap_err();
    assert!(errors.to_string().contains("is not a file"), "{errors}");

    let file = folder.path().join("settings.toml");
    std::fs::write(&file, b"a = 1\nb = \"\xff\"\n").unwrap();
    let errors = load(&file, &no_env, &Fakes).unwrap_err();
    assert!(errors.to_string().contains("not UTF-8 text (line 2)"), "{errors}");

    std::fs::write(&file, "port = 1\n").unwrap();
    let errors = load(&file, &no_env, &Fakes).unwrap_err();
    assert!(
        errors.to_string().contains("settings.toml:\n  line 1: port: there is no such setting"),
        "{errors}"
    );
}

#[cfg(unix)]
#[test]
fn a_settings_file_with_secrets_that_all_may_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let with_mode = |text: &str, mode: u32| {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let warnings = load(&file, &any_env, &Fakes).unwrap().warnings;
        warnings.into_iter().map(|warning| warning.what).collect::<Vec<_>>()
    };
    assert!(with_mode(GOOD, 0o644)[0].contains("chmod 600"));
    assert!(with_mode(GOOD, 0o600).is_empty());
    assert!(with_mode(EXAMPLE, 0o644).is_empty(), "it names its secrets by variable");
}

#[test]
fn the_environment_of_the_process_is_read() {
    assert_eq!(process_env()("CARGO_PKG_NAME").as_deref(), Some("settings"));
    assert_eq!(process_env()("PARCELWIRE_NOT_SET_ANYWHERE"), None);
}
