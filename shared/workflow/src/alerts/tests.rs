use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::connection_state::Activity;
use domain::ids::{MarketplaceOrderRef, StoreOrderRef};
use futures::executor::block_on;
use ports::ledger::Hint;
use ports::memory::MemoryMail;
use ports::{Item, Ledger, OutgoingMail, Page, Write};

use super::*;
use crate::message::Look;
use crate::test_shop::{Stage as Scene, SwitchedLedger, account, at, connection};

/// A scene with these connections, everyone mailed at an address of the connection's name.
fn scene(ids: &[&str]) -> Scene {
    let scene = Scene::new();
    for id in ids {
        let mut settings = connection(if id.starts_with("shop") { "shop" } else { "market" }, id);
        settings.mail.to = vec![format!("{id}@example.com")];
        let state = ConnectionState::starting(settings.account.clone(), at(0));
        let writes = vec![Stored::new(settings).into_write(at(0)), Stored::new(state).into_write(at(0))];
        block_on(scene.world.ledger.commit(writes)).unwrap();
    }
    scene
}

/// Works on the alert queue; who was mailed, and what.
fn mailed(scene: &mut Scene) -> Vec<OutgoingMail> {
    let mail = Arc::new(MemoryMail::default());
    scene.world.mail = mail.clone();
    for text in scene.queue.texts(QueueName::Alerts) {
        block_on(tell(&scene.world, &text)).unwrap();
    }
    mail.sent()
}

fn to(mails: &[OutgoingMail]) -> Vec<String> {
    let mut to: Vec<String> = mails.iter().map(|mail| mail.to.clone()).collect();
    to.sort();
    to
}

#[test]
fn law_4_only_whom_a_dead_letter_names_hears_of_it() {
    let order = MarketplaceOrderRef { account: account("market-1"), order: "1".try_into().unwrap() };
    let store_order = StoreOrderRef { account: account("shop-1"), order: "7".try_into().unwrap() };
    let alert = |key: &ItemKey| AlertMessage::about(key).to_body();
    let (one, shop) = ("market-1@example.com", "shop-1@example.com");
    let everybody = vec![one, "market-2@example.com", shop];
    let cases = [
        ("an order", Look::Order { order: order.clone() }.to_body(), vec![one]),
        ("a package", alert(&ItemKey::package(&order, "p/1")), vec![one]),
        ("a store order", alert(&ItemKey::store_order(&store_order)), vec![shop]),
        ("a connection", alert(&ItemKey::connection_state(&account("market-1"))), vec![one]),
        ("a mail group", alert(&ItemKey::mail_group(&account("shop-1"), "first:c", "a@b.c")), vec![shop]),
        ("a wake record", alert(&ItemKey::wake(&account("market-1"))), vec![one]),
        ("one that is gone", alert(&ItemKey::connection_state(&account("gone"))), everybody.clone()),
        ("a stranger's", r#"{"account":{"merchant":"stranger","connection":"gone"}}"#.into(), vec![]),
        ("nobody", r#"{"schema":1,"pk":"?","sk":""}"#.into(), everybody.clone()),
        ("no JSON", "\u{0}".into(), everybody),
    ];
    for (name, body, want) in cases {
        let mut scene = scene(&["market-1", "market-2", "shop-1"]);
        block_on(dead_letter(&scene.world, &body)).unwrap();
        block_on(dead_letter(&scene.world, &body)).unwrap();
        assert_eq!(to(&mailed(&mut scene)), want, "{name}");
        scene.clock.advance(Duration::from_secs(86_400));
        block_on(dead_letter(&scene.world, &body)).unwrap();
        assert_eq!(to(&mailed(&mut scene)), want, "{name}: the next day again");
    }
}

/// A ledger that takes no write to one partition.
struct Stuck {
    inner: Arc<SwitchedLedger>,
    at: String,
}

#[async_trait]
impl Ledger for Stuck {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        self.inner.get(key).await
    }
    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        self.inner.query(table, pk).await
    }
    async fn commit(&self, writes: Vec<Write>) -> Result<(), LedgerError> {
        if writes.iter().any(|w| matches!(w, Write::Put { item, .. } if item.key.pk == self.at)) {
            return Err(LedgerError::Conflict);
        }
        self.inner.commit(writes).await
    }
    async fn due(&self, lane: &str, until: Timestamp, limit: usize) -> Result<Vec<Hint>, LedgerError> {
        self.inner.due(lane, until, limit).await
    }
    async fn attention(
        &self,
        table: Table,
        lane: &str,
        page: Option<String>,
    ) -> Result<Page<Hint>, LedgerError> {
        self.inner.attention(table, lane, page).await
    }
    async fn scan(&self, table: Table, page: Option<String>) -> Result<Page<Item>, LedgerError> {
        self.inner.scan(table, page).await
    }
}

#[test]
fn law_4_one_connection_that_cannot_be_told_keeps_nobody_else_from_hearing() {
    let mut scene = scene(&["market-1", "market-2"]);
    let at = ItemKey::connection_state(&account("market-1")).pk;
    scene.world.ledger = Arc::new(Stuck { inner: scene.ledger.clone(), at });
    assert!(block_on(dead_letter(&scene.world, "?")).is_err(), "and it is said");
    assert_eq!(to(&mailed(&mut scene)), ["market-2@example.com"]);
}

#[test]
fn what_is_told_of_a_connection_reads_well() {
    let mut scene = scene(&["shop-1"]);
    let day = Duration::from_secs(86_400);
    let expires = at(20 * 86_400);
    block_on(scene.world.change_connection(&account("shop-1"), |s| s.credentials_expire_at = Some(expires)))
        .unwrap();
    let mut letters = String::new();
    for _ in 0..6 {
        block_on(crate::sweep::sweep(&scene.world)).unwrap();
        for mail in mailed(&mut scene) {
            letters += &format!("Subject: {}\n\n{}\n\n", mail.subject, mail.text);
        }
        scene.clock.advance(day);
    }
    // Renewed before the next reminder.
    let renewed = at(200 * 86_400);
    block_on(scene.world.change_connection(&account("shop-1"), |s| s.credentials_expire_at = Some(renewed)))
        .unwrap();
    block_on(crate::sweep::sweep(&scene.world)).unwrap();
    block_on(dead_letter(&scene.world, "?")).unwrap();
    for mail in mailed(&mut scene) {
        letters += &format!("Subject: {}\n\n{}\n\n", mail.subject, mail.text);
    }
    insta::assert_snapshot!(letters);
    block_on(crate::sweep::sweep(&scene.world)).unwrap();
    assert_eq!(mailed(&mut scene), []);
}

#[test]
fn a_connection_that_was_removed_is_reminded_of_nothing() {
    let mut scene = scene(&["shop-1"]);
    block_on(scene.world.change_connection(&account("shop-1"), |s| {
        s.credentials_expire_at = Some(at(86_400));
        s.activity = Activity::Active;
    }))
    .unwrap();
    let key = ItemKey::connection(&account("shop-1"));
    block_on(scene.world.ledger.commit(vec![Write::Delete { key, expect: ports::Expect::Anything }]))
        .unwrap();
    block_on(crate::sweep::sweep(&scene.world)).unwrap();
    assert_eq!(mailed(&mut scene), []);
}

mod mail_path;
mod storm;
