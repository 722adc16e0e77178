//! Very many alerts at once, and very many orders: no mail's work may outgrow the function that sends it.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::order::Link;
use ports::memory::ManualClock;

use super::*;

/// More than were ever kept whole in one item.
const STORM: usize = 600;

fn unclear_order(n: usize) -> StoreOrderRef {
    StoreOrderRef { account: account("shop-1"), order: n.to_string().as_str().try_into().unwrap() }
}

fn unclear(n: usize) -> Alert {
    Alert {
        kind: MailKind::Unclear,
        cause: store_causes::UNCLEAR.into(),
        version: 1,
        raised_at: at(0),
        stage: AlertStage::Due,
        their_words: Some(format!("{n}: {}", "a long word of a store ".repeat(30))),
        request_id: None,
    }
}

/// Changes an order's record, or makes it.
fn put(scene: &Scene, n: usize, with: impl Fn(&mut StoreOrder)) -> ItemKey {
    let key = ItemKey::store_order(&unclear_order(n));
    let known = block_on(load::<StoreOrder>(scene.world.ledger.as_ref(), &key)).unwrap();
    let mut stored = match known {
        Loaded::Known(stored) => *stored,
        Loaded::Absent | Loaded::Foreign => Stored::new(StoreOrder::new(unclear_order(n), at(0))),
    };
    with(&mut stored.value);
    block_on(scene.world.ledger.commit(vec![stored.into_write(scene.world.now())])).unwrap();
    key
}

/// A scene in which so many orders are unclear, and the mailbox.
fn storm() -> (Scene, Arc<MemoryMail>) {
    let mut scene = scene(&["shop-1"]);
    let mail = Arc::new(MemoryMail::default());
    scene.world.mail = mail.clone();
    for n in 0..STORM {
        let key = put(&scene, n, |order| {
            order.link = Link::Unclear { detail: String::new(), rules: String::new() };
            order.alerts.raise(unclear(n));
        });
        block_on(tell_of(&scene.world, key)).unwrap();
    }
    (scene, mail)
}

fn group_key() -> ItemKey {
    group::key(&account("shop-1"), Stage::First, store_causes::UNCLEAR, "shop-1@example.com")
}

#[test]
fn a_storm_of_one_cause_is_one_mail_that_lists_fifty_loads_no_more_and_counts_the_rest() {
    let (scene, mail) = storm();
    assert_eq!(mail.sent().len(), 1, "the first goes at once, the others wait for its hour to be over");
    scene.clock.advance(Duration::from_secs(3600));
    let before = scene.ledger.switch.calls();
    block_on(tell_of(&scene.world, group_key())).unwrap();
    let calls = scene.ledger.switch.calls() - before;
    assert!((50..70).contains(&calls), "{calls}");
    let all = mail.sent();
    let [_, second] = all.as_slice() else { panic!("{} mails", all.len()) };
    assert!(second.subject.contains("599"), "{}", second.subject);
    assert!(second.text.contains("And 549 more orders"), "{}", second.text);
    // Told: nothing is left, and what a late worker brings once more is not told again.
    scene.clock.advance(Duration::from_secs(7200));
    block_on(tell_of(&scene.world, group_key())).unwrap();
    assert_eq!(mail.sent().len(), 2);
}

#[test]
fn a_storm_that_is_over_before_its_mail_goes_is_not_told() {
    let (scene, mail) = storm();
    for n in 1..STORM {
        let key = put(&scene, n, |order| order.alerts.settle(None));
        block_on(tell_of(&scene.world, key)).unwrap();
    }
    scene.clock.advance(Duration::from_secs(3600));
    block_on(tell_of(&scene.world, group_key())).unwrap();
    assert_eq!(mail.sent().len(), 1);
}

/// A ledger whose orders have no end, or cannot be listed, and which takes its time.
struct Endless {
    inner: Arc<SwitchedLedger>,
    clock: Arc<ManualClock>,
    fails: bool,
    scans: AtomicUsize,
}

#[async_trait]
impl Ledger for Endless {
    async fn get(&self, key: &ItemKey) -> Result<Option<Item>, LedgerError> {
        self.inner.get(key).await
    }
    async fn query(&self, table: Table, pk: &str) -> Result<Vec<Item>, LedgerError> {
        self.inner.query(table, pk).await
    }
    async fn commit(&self, writes: Vec<Write>) -> Result<(), LedgerError> {
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
        if table != Table::Orders {
            return self.inner.scan(table, page).await;
        }
        assert!(self.scans.fetch_add(1, Ordering::SeqCst) < 100, "a scan without end");
        self.clock.advance(Duration::from_secs(1));
        if self.fails {
            return Err(LedgerError::Unavailable("it took too long".into()));
        }
        Ok(Page { rows: Vec::new(), next: Some("more".into()) })
    }
}

/// A scene with a marketplace that wants a digest, over such a ledger.
fn endless(fails: bool) -> (Scene, Arc<Endless>, Arc<MemoryMail>) {
    let mut scene = Scene::new();
    let mut settings = connection("market", "market-1");
    settings.mail.to = vec!["market-1@example.com".into()];
    settings.mail.digest_hour = Some(0);
    let state = ConnectionState::starting(settings.account.clone(), at(0));
    let writes = vec![Stored::new(settings).into_write(at(0)), Stored::new(state).into_write(at(0))];
    block_on(scene.world.ledger.commit(writes)).unwrap();
    let (inner, clock) = (scene.ledger.clone(), scene.clock.clone());
    let ledger = Arc::new(Endless { inner, clock, fails, scans: AtomicUsize::new(0) });
    scene.world.ledger = ledger.clone();
    let mail = Arc::new(MemoryMail::default());
    scene.world.mail = mail.clone();
    (scene, ledger, mail)
}

#[test]
fn a_digest_over_more_orders_than_there_is_time_for_is_sent_and_says_so() {
    let (scene, ledger, mail) = endless(false);
    let key = ItemKey::connection_state(&account("market-1"));
    block_on(tell_of(&scene.world, key.clone())).unwrap();
    assert!(ledger.scans.load(Ordering::SeqCst) <= 10);
    let all = mail.sent();
    let [digest] = all.as_slice() else { panic!("{} mails", all.len()) };
    assert!(digest.subject.contains("at least 0 confirmed"), "{}", digest.subject);
    assert!(digest.text.contains("the figures are of a part of them"), "{}", digest.text);
    scene.clock.advance(Duration::from_secs(3600));
    block_on(tell_of(&scene.world, key)).unwrap();
    assert_eq!(mail.sent().len(), 1, "once a day");
}

#[test]
fn law_4_a_digest_that_never_ends_well_is_begun_every_quarter_of_an_hour_and_not_with_every_message() {
    let (scene, ledger, _mail) = endless(true);
    let key = ItemKey::connection_state(&account("market-1"));
    for round in 1..=3 {
        assert!(block_on(tell_of(&scene.world, key.clone())).is_err());
        for _ in 0..5 {
            // Shown again by the queue, or sent once more by the sweep: it keeps nothing else from being told.
            block_on(tell_of(&scene.world, key.clone())).unwrap();
        }
        assert_eq!(ledger.scans.load(Ordering::SeqCst), round);
        scene.clock.advance(Duration::from_secs(900));
    }
}
