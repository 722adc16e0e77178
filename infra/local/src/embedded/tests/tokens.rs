//! Tokens that a marketplace replaced: kept over restarts, shared by processes, and given up for newer settings.

use std::collections::BTreeMap;

use domain::ids::{Account, ConnectionId, MerchantId};
use ports::{AccessToken, Credential, CredentialError, Credentials as _, contract};
use secrecy::{ExposeSecret as _, SecretString};

use crate::embedded::{DataDir, LocalCredentials};

fn account(connection: &str) -> Account {
    Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from(connection).unwrap())
}

fn settings(token: &str) -> BTreeMap<String, SecretString> {
    [("keystring", "CANARY-key"), ("refresh_token", token)].map(|(k, v)| (k.to_owned(), v.into())).into()
}

fn open(place: &tempfile::TempDir) -> LocalCredentials {
    DataDir::open(place.path()).unwrap().credentials().unwrap()
}

async fn load(tokens: &LocalCredentials) -> Credential {
    tokens.load(&account("etsy")).await.unwrap().unwrap()
}

fn refresh_token(credential: &Credential) -> &str {
    credential.secret("refresh_token").unwrap().expose_secret()
}

/// What a refresh does: the next refresh token, and an access token with it.
async fn rotate(tokens: &LocalCredentials, next: &str) -> u64 {
    let mut credential = load(tokens).await;
    credential.secrets.insert("refresh_token".to_owned(), next.into());
    let expires_at = "2026-11-21T13:00:00.123456789Z".parse().unwrap();
    credential.access = Some(AccessToken { token: format!("access of {next}").into(), expires_at });
    tokens.save(&account("etsy"), &credential).await.unwrap()
}

#[tokio::test]
async fn tokens_keep_the_contract() {
    let place = tempfile::tempdir().unwrap();
    contract::credentials(&open(&place)).await;
}

#[tokio::test]
async fn a_rotated_token_survives_a_restart_and_the_settings_are_asked_no_more() {
    let place = tempfile::tempdir().unwrap();
    let tokens = open(&place);
    tokens.put(&account("etsy"), settings("7.first")).await.unwrap();
    rotate(&tokens, "7.second").await;
    drop(tokens);

    let tokens = open(&place);
    tokens.put(&account("etsy"), settings("7.first")).await.unwrap();
    let credential = load(&tokens).await;
    assert_eq!(refresh_token(&credential), "7.second");
    let access = credential.access.as_ref().unwrap();
    assert_eq!(access.token.expose_secret(), "access of 7.second");
    assert_eq!(access.expires_at.to_string(), "2026-11-21T13:00:00.123456789Z");
    assert_eq!(
        credential.secret("keystring").unwrap().expose_secret(),
        "CANARY-key",
        "the rest is the settings'"
    );
}

#[tokio::test]
async fn a_token_that_was_changed_in_the_settings_counts_from_then_on() {
    let place = tempfile::tempdir().unwrap();
    let tokens = open(&place);
    tokens.put(&account("etsy"), settings("7.first")).await.unwrap();
    rotate(&tokens, "7.second").await;
    let before = load(&tokens).await;
    tokens.put(&account("etsy"), settings("7.connected-again")).await.unwrap();
    let credential = load(&tokens).await;
    assert_eq!(refresh_token(&credential), "7.connected-again");
    assert!(credential.access.is_none() && credential.version > before.version);
    // A refresh that began with the old one is told so.
    let late = tokens.save(&account("etsy"), &before).await;
    assert_eq!(late, Err(CredentialError::Changed));
    drop(tokens);
    let tokens = open(&place);
    tokens.put(&account("etsy"), settings("7.connected-again")).await.unwrap();
    assert_eq!(refresh_token(&load(&tokens).await), "7.connected-again");
}

#[tokio::test]
async fn a_client_secret_that_was_changed_in_the_settings_counts_where_there_is_no_refresh_token() {
    let place = tempfile::tempdir().unwrap();
    let tokens = open(&place);
    let secrets = |secret: &str| {
        let both = [("client_id", "id"), ("client_secret", secret)];
        both.map(|(name, text)| (name.to_owned(), SecretString::from(text.to_owned()))).into()
    };
    tokens.put(&account("etsy"), secrets("first")).await.unwrap();
    let before = load(&tokens).await;
    tokens.put(&account("etsy"), secrets("first")).await.unwrap();
    assert_eq!(load(&tokens).await.version, before.version, "the same settings again");
    tokens.put(&account("etsy"), secrets("second")).await.unwrap();
    // A request for a token that began with the former one is told so.
    assert_eq!(tokens.save(&account("etsy"), &before).await, Err(CredentialError::Changed));
    assert_eq!(load(&tokens).await.secret("client_secret").unwrap().expose_secret(), "second");
}

#[tokio::test]
async fn two_processes_refresh_once_and_see_each_others_tokens() {
    let place = tempfile::tempdir().unwrap();
    let (serve, doctor) = (open(&place), open(&place));
    for process in [&serve, &doctor] {
        process.put(&account("etsy"), settings("7.first")).await.unwrap();
    }
    let mut first = load(&serve).await;
    let second = load(&doctor).await;
    first.refreshing_until = Some("2026-11-21T12:00:30Z".parse().unwrap());
    first.version = serve.save(&account("etsy"), &first).await.unwrap();
    assert_eq!(doctor.save(&account("etsy"), &second).await, Err(CredentialError::Changed));
    assert_eq!(load(&doctor).await.refreshing_until, first.refreshing_until, "it sees that another is at it");
    rotate(&serve, "7.second").await;
    let seen = load(&doctor).await;
    assert_eq!(refresh_token(&seen), "7.second");
    assert!(seen.access.is_some(), "and need not ask for a token of its own");
}

#[tokio::test]
async fn where_nothing_is_replaced_no_secret_is_in_the_file() {
    let place = tempfile::tempdir().unwrap();
    let tokens = open(&place);
    tokens.put(&account("etsy"), settings("CANARY-first")).await.unwrap();
    let mut credential = load(&tokens).await;
    let expires_at = "2026-11-21T13:00:00Z".parse().unwrap();
    credential.access = Some(AccessToken { token: "CANARY-access".into(), expires_at });
    tokens.save(&account("etsy"), &credential).await.unwrap();
    assert!(load(&tokens).await.access.is_some(), "in memory");
    assert!(!format!("{tokens:?}").contains("CANARY"));
    drop(tokens);
    for file in std::fs::read_dir(place.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("CANARY"));
    }
    let tokens = open(&place);
    tokens.put(&account("etsy"), settings("CANARY-first")).await.unwrap();
    assert!(load(&tokens).await.access.is_none(), "asked for again after a restart");
}

#[tokio::test]
async fn what_the_settings_have_no_more_is_forgotten() {
    let place = tempfile::tempdir().unwrap();
    let tokens = open(&place);
    tokens.put(&account("etsy"), settings("7.first")).await.unwrap();
    rotate(&tokens, "7.second").await;
    tokens.keep_only(&[account("other")]).await.unwrap();
    assert!(tokens.load(&account("etsy")).await.unwrap().is_none());
    tokens.put(&account("etsy"), settings("7.first")).await.unwrap();
    assert_eq!(refresh_token(&load(&tokens).await), "7.first");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone_and_those_beside_it_too() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("tokens.db"), "").unwrap();
    let loose = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(place.path().join("tokens.db"), loose).unwrap();
    let tokens = open(&place);
    tokens.put(&account("etsy"), settings("7.first")).await.unwrap();
    rotate(&tokens, "7.second").await;
    let mut seen = 0;
    for file in std::fs::read_dir(place.path()).unwrap() {
        let file = file.unwrap();
        if file.file_name().to_string_lossy().starts_with("tokens.db") {
            assert_eq!(
                file.metadata().unwrap().permissions().mode() & 0o777,
                0o600,
                "{:?}",
                file.file_name()
            );
            seen += 1;
        }
    }
    assert!(seen >= 1);
}
