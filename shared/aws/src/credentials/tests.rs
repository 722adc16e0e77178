use std::sync::Arc;

use jiff::Timestamp;
use ports::AccessToken;
use ports::memory::ManualClock;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::envelope::tests::{FakeAws, account, clock};

fn store(aws: &FakeAws, clock: &Arc<ManualClock>) -> DynamoCredentials {
    DynamoCredentials::new(aws.clients().dynamodb(), "p-credentials", Some(aws.envelope(clock)))
}

fn credential() -> Credential {
    Credential {
        version: 0,
        secrets: [("refresh_token".to_owned(), "canary-refresh".into())].into(),
        access: Some(AccessToken { token: "canary-access".into(), expires_at: Timestamp::MAX }),
        refreshing_until: Some(Timestamp::UNIX_EPOCH),
    }
}

fn secret(credential: &Credential) -> Option<&str> {
    credential.secret("refresh_token").map(ExposeSecret::expose_secret)
}

#[tokio::test]
async fn what_lies_in_the_table_shows_no_secret_and_comes_back_whole() {
    let (aws, clock) = (FakeAws::default(), clock());
    let account = account("amazon-us");
    assert_eq!(store(&aws, &clock).save(&account, &credential()).await, Ok(1));
    let item = aws.item("acme/amazon-us").unwrap();
    let names: Vec<_> = item.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["pk", "refreshing_until", "sealed", "v"]);
    assert!(!item.to_string().contains("canary"));
    // Another process.
    let loaded = store(&aws, &clock).load(&account).await.unwrap().unwrap();
    assert_eq!(secret(&loaded), Some("canary-refresh"));
    let access = loaded.access.as_ref().unwrap();
    assert_eq!((access.token.expose_secret(), access.expires_at), ("canary-access", Timestamp::MAX));
    assert_eq!((loaded.version, loaded.refreshing_until), (1, Some(Timestamp::UNIX_EPOCH)));
    assert!(!format!("{loaded:?} {:?}", store(&aws, &clock)).contains("canary"));
}

#[tokio::test]
async fn what_was_written_in_the_plain_is_read_and_sealed_by_the_next_save() {
    let (aws, clock) = (FakeAws::default(), clock());
    let account = account("amazon-us");
    let until = "2026-11-21T10:00:00Z";
    aws.put_item(
        "acme/amazon-us",
        json!({
            "pk": { "S": "acme/amazon-us" },
            "v": { "N": "4" },
            "secrets": { "M": { "refresh_token": { "S": "canary-old" } } },
            "access_token": { "S": "canary-access" },
            "access_until": { "S": until },
        }),
    );
    let store = store(&aws, &clock);
    let loaded = store.load(&account).await.unwrap().unwrap();
    assert_eq!((secret(&loaded), loaded.version), (Some("canary-old"), 4));
    let access = loaded.access.as_ref().unwrap();
    assert_eq!((access.token.expose_secret(), access.expires_at), ("canary-access", until.parse().unwrap()));
    assert!(aws.asked("Decrypt").is_empty());
    assert_eq!(store.save(&account, &loaded).await, Ok(5));
    assert!(!aws.item("acme/amazon-us").unwrap().to_string().contains("canary"));
    assert_eq!(secret(&store.load(&account).await.unwrap().unwrap()), Some("canary-old"));
}

#[tokio::test]
async fn an_item_that_was_copied_to_another_connection_is_refused_by_name() {
    let (aws, clock) = (FakeAws::default(), clock());
    let store = store(&aws, &clock);
    store.save(&account("one"), &credential()).await.unwrap();
    aws.put_item("acme/other", aws.item("acme/one").unwrap());
    let Err(CredentialError::Unavailable(words)) = store.load(&account("other")).await else {
        panic!("it must not open")
    };
    assert!(words.contains("acme/other") && words.contains("sealed for another connection"), "{words}");
    assert!(!words.contains("canary"));
}

/// `Unavailable` is what connectors take as *try again*: no connection is parked for it, and nothing is written.
#[tokio::test]
async fn where_kms_refuses_the_work_waits_and_nothing_is_written_in_the_plain() {
    let cases = [
        (400, "ThrottlingException"),
        (400, "AccessDeniedException"),
        (400, "DisabledException"),
        (400, "KMSInvalidStateException"),
        (400, "NotFoundException"),
        (500, "KMSInternalException"),
    ];
    for (status, code) in cases {
        let (aws, clock) = (FakeAws::default(), clock());
        let account = account("amazon-us");
        store(&aws, &clock).save(&account, &credential()).await.unwrap();
        let before = aws.item("acme/amazon-us");
        aws.refuse(Some((status, code)));
        let store = store(&aws, &clock);
        for refused in [
            store.load(&account).await.map(drop),
            store.save(&account, &Credential { version: 1, ..credential() }).await.map(drop),
        ] {
            let Err(CredentialError::Unavailable(words)) = refused else { panic!("{code}: {refused:?}") };
            assert!(words.contains(code) && !words.contains("canary"), "{words}");
        }
        assert_eq!(aws.item("acme/amazon-us"), before, "{code}");
    }
}

#[tokio::test]
async fn a_process_without_a_key_saves_nothing_and_says_why() {
    let (aws, clock) = (FakeAws::default(), clock());
    store(&aws, &clock).save(&account("a"), &credential()).await.unwrap();
    let without = DynamoCredentials::new(aws.clients().dynamodb(), "p-credentials", None);
    for refused in [
        without.load(&account("a")).await.map(drop),
        without.save(&account("b"), &credential()).await.map(drop),
    ] {
        let Err(CredentialError::Unavailable(words)) = refused else { panic!("{refused:?}") };
        assert!(words.contains("no key to seal tokens with"), "{words}");
    }
    assert!(aws.item("acme/b").is_none());
}

#[tokio::test]
async fn what_cannot_be_read_is_told_without_what_it_holds() {
    let (aws, clock) = (FakeAws::default(), clock());
    let v = json!({ "N": "1" });
    let cases = [
        (json!({ "secrets": { "M": {} } }), "no version"),
        (json!({ "v": v }), "no secrets"),
        (json!({ "v": v, "secrets": { "M": { "a": { "N": "1" } } } }), "no text"),
        (json!({ "v": v, "sealed": { "S": "canary" } }), "no bytes"),
        (json!({ "v": v, "sealed": { "B": "AQ==" } }), "cut short"),
        (json!({ "v": v, "secrets": { "M": {} }, "refreshing_until": { "S": "canary" } }), "unreadable time"),
        (json!({ "v": v, "secrets": { "M": {} }, "access_until": { "S": "canary" } }), "unreadable time"),
    ];
    for (item, want) in cases {
        aws.put_item("acme/a", item);
        let words = store(&aws, &clock).load(&account("a")).await.unwrap_err().to_string();
        assert!(words.contains(want) && !words.contains("canary"), "{want}: {words}");
    }
}
