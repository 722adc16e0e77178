//! Answers that the embedded database does not give: throttling, lost answers, cancelled transactions.

use std::io::ErrorKind;

use ports::{Expect, Item, ItemKey, Ledger, LedgerError, Table, Write};
use serde_json::Value;

use super::DynamoLedger;
use crate::fake_http::{Answer, FakeHttp};
use crate::tables::TableNames;

const CONFLICT: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}"#;
const THROTTLED: &str =
    r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}"#;

fn ledger(fake: &FakeHttp) -> DynamoLedger {
    let names = TableNames::prefixed("shop-").with(Table::Deliveries, "kept");
    DynamoLedger::new(fake.clients().dynamodb(), names)
}

fn put(sk: &str, expect: Expect) -> Write {
    let key = ItemKey { table: Table::Orders, pk: "p".into(), sk: sk.into() };
    let body = r#"{"schema":2,"canary":true}"#.into();
    Write::Put { item: Item { key, version: 9, body, due: None, attention: None, expires_at: None }, expect }
}

fn body(fake: &FakeHttp, request: usize) -> Value {
    serde_json::from_str(&fake.seen()[request].body).unwrap()
}

#[tokio::test]
async fn one_write_is_one_conditional_put() {
    let fake = FakeHttp::answering([Answer::json(200, "{}"), Answer::json(200, "{}")]);
    ledger(&fake).commit(vec![put("s", Expect::Version(4))]).await.unwrap();
    let sent = body(&fake, 0);
    assert_eq!(fake.seen()[0].target, "DynamoDB_20120810.PutItem");
    assert_eq!(sent["TableName"], "shop-orders");
    assert_eq!(sent["ConditionExpression"], "v = :v");
    assert_eq!(sent["ExpressionAttributeValues"][":v"]["N"], "4");
    assert_eq!(sent["Item"]["v"]["N"], "5");
    assert_eq!(sent["Item"]["schema"]["N"], "2");
    let key = ItemKey { table: Table::Deliveries, pk: "p".into(), sk: "s".into() };
    ledger(&fake).commit(vec![Write::Delete { key, expect: Expect::Absent }]).await.unwrap();
    let sent = body(&fake, 1);
    assert_eq!(sent["TableName"], "kept");
    assert_eq!(sent["ConditionExpression"], "attribute_not_exists(pk)");
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let fake = FakeHttp::answering([Answer::json(400, THROTTLED), Answer::json(200, "{}")]);
    assert_eq!(ledger(&fake).commit(vec![put("s", Expect::Absent)]).await, Ok(()));
    assert_eq!(fake.seen().len(), 2);
}

/// The first try was written, its answer lost; the second finds the first. The caller loads and sees.
#[tokio::test]
async fn a_lost_answer_may_look_like_a_conflict() {
    let fake = FakeHttp::answering([Answer::io(ErrorKind::ConnectionReset), Answer::json(400, CONFLICT)]);
    let answer = ledger(&fake).commit(vec![put("s", Expect::Absent)]).await;
    assert_eq!(answer, Err(LedgerError::Conflict));
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_transaction_keeps_its_token_over_tries() {
    let fake = FakeHttp::answering([Answer::io(ErrorKind::ConnectionReset), Answer::json(200, "{}")]);
    let writes = vec![put("1", Expect::Absent), put("2", Expect::Absent)];
    assert_eq!(ledger(&fake).commit(writes).await, Ok(()));
    let token = |request| body(&fake, request)["ClientRequestToken"].clone();
    assert!(token(0).as_str().is_some_and(|t| !t.is_empty()));
    assert_eq!(token(0), token(1), "so DynamoDB does not write twice, nor calls its own doing a conflict");
}

#[tokio::test]
async fn only_a_condition_of_ours_is_a_conflict() {
    for (reasons, want_conflict) in [
        (["None", "ConditionalCheckFailed"], true),
        (["TransactionConflict", "ConditionalCheckFailed"], true),
        (["None", "TransactionConflict"], false),
        (["ThrottlingError", "None"], false),
        (["ProvisionedThroughputExceeded", "None"], false),
        (["ValidationError", "None"], false),
    ] {
        let cancelled = serde_json::json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled",
            "CancellationReasons": reasons.map(|code| serde_json::json!({ "Code": code })),
        });
        let fake = FakeHttp::answering([Answer::json(400, &cancelled.to_string())]);
        let answer = ledger(&fake).commit(vec![put("1", Expect::Absent), put("2", Expect::Absent)]).await;
        match answer {
            Err(LedgerError::Conflict) => assert!(want_conflict, "{reasons:?}"),
            Err(LedgerError::Unavailable(words)) => {
                assert!(!want_conflict && words.contains("Transaction"), "{reasons:?}: {words}");
            }
            other => panic!("{reasons:?}: {other:?}"),
        }
    }
    for code in ["TransactionInProgressException", "IdempotentParameterMismatchException"] {
        let refusal = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"m"}}"#);
        let fake = FakeHttp::answering((0..4).map(|_| Answer::json(400, &refusal)));
        let answer = ledger(&fake).commit(vec![put("1", Expect::Absent), put("2", Expect::Absent)]).await;
        assert!(matches!(answer, Err(LedgerError::Unavailable(_))), "{code}: {answer:?}");
    }
}

#[tokio::test]
async fn trouble_is_told_without_what_was_to_be_stored() {
    let down = Answer::json(500, r#"{"__type":"InternalServerError","message":"oops"}"#);
    let again = || Answer::json(500, r#"{"__type":"InternalServerError","message":"oops"}"#);
    let fake = FakeHttp::answering([down, again(), again(), again()]);
    let Err(LedgerError::Unavailable(words)) = ledger(&fake).commit(vec![put("s", Expect::Absent)]).await
    else {
        panic!("it is down")
    };
    assert_eq!(fake.seen().len(), 4, "as often as a worker's patience says");
    assert!(words.contains("PutItem: InternalServerError (500): oops"), "{words}");
    assert!(!words.contains("canary"), "{words}");
}

#[tokio::test]
async fn what_no_commit_can_hold_is_not_sent() {
    let fake = FakeHttp::answering([]);
    let many = (0..101).map(|n| put(&n.to_string(), Expect::Absent)).collect();
    assert!(matches!(ledger(&fake).commit(many).await, Err(LedgerError::Unavailable(_))));
    let large = (0..11).map(|n| {
        let mut write = put(&n.to_string(), Expect::Absent);
        if let Write::Put { item, .. } = &mut write {
            item.body = "x".repeat(399 * 1024);
        }
        write
    });
    assert!(matches!(ledger(&fake).commit(large.collect()).await, Err(LedgerError::TooLarge(_))));
    let unreadable = ledger(&fake).scan(Table::Orders, Some("seven".into())).await;
    assert!(matches!(unreadable, Err(LedgerError::Unavailable(_))));
    assert!(fake.seen().is_empty());
}
