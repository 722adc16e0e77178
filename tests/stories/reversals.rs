//! What the store cancels and refunds, taken to Amazon where that is switched on: once, within what was paid, or a person's.

use std::time::Duration;

use domain::connection::Connection;
use domain::connection_state::Activity;
use domain::keys::ItemKey;
use domain::order::MarketplaceOrder;
use domain::reversal::{Reversal, ReversalState, Reversals};
use domain::state::StateName as S;
use futures::executor::block_on;
use sandbox::amazon::{FeedEnd, FeedPlan, FeedReport, OrderChange, RefundRecord, RefusedMessage, seller_id};
use sandbox::faults::{Fault, Planned};

use crate::harness::{SHOP, System, account, amazon_connection, shopify_connection};

const ORDER: &str = "111-2222222-3333333";
const ITEM: &str = "1112222222333333301";
const UPS: &str = "1Z999AA10123456784";

fn switched(cancel: bool, refund: bool) -> Connection {
    let mut connection = amazon_connection("amazon-us");
    connection.options.insert("seller_id".into(), seller_id("amazon-us"));
    connection.reversals = Reversals { cancel, refund };
    connection
}

fn system(cancel: bool, refund: bool) -> System {
    let system = System::start();
    system.apply_all(&[shopify_connection(), switched(cancel, refund)]);
    system.order(ORDER, &[("LAMP", 2)]);
    system
}

/// A system whose order has left, is visible, and was paid 12.00 a unit.
fn shipped(refund: bool) -> System {
    let system = system(true, refund);
    system.ship_paid(ORDER, ITEM, UPS);
    system
}

impl System {
    fn ship_paid(&self, order: &str, item: &str, number: &str) {
        let prices = [(item.to_owned(), "12.00".to_owned())].into();
        self.wire.amazon.lock().unwrap().set_prices(order, "USD", &prices).unwrap();
        let (_, delivery) = self.ship(order, "UPS", &[number], &[("LAMP", 2)]);
        assert_eq!(self.post(&delivery), 200);
        self.settle();
        self.pass(6);
        assert_eq!(self.states(order), [S::Visible]);
    }

    fn cancel_at_store(&self) {
        let now = self.now();
        let order = self.shop_id(ORDER);
        let delivery = self.wire.shopify.lock().unwrap().cancel_order(now, SHOP, order).unwrap();
        assert_eq!(self.post(&delivery), 200);
        self.settle();
    }

    fn refund_at_store(&self, id: u64, amount: &str, postage: bool) {
        self.refund_of(ORDER, id, amount, postage);
    }

    fn refund_of(&self, order: &str, id: u64, amount: &str, postage: bool) {
        let now = self.now();
        let order = self.shop_id(order);
        let lines = [("LAMP", amount)];
        let delivery =
            self.wire.shopify.lock().unwrap().refund(now, SHOP, order, id, &lines, postage).unwrap();
        // A webhook comes twice now and then.
        for _ in 0..2 {
            assert_eq!(self.post(&delivery), 200);
            self.settle();
        }
    }

    fn reversals(&self) -> Vec<Reversal> {
        let reference = domain::ids::MarketplaceOrderRef {
            account: account("amazon-us"),
            order: ORDER.try_into().unwrap(),
        };
        let key = ItemKey::marketplace_order(&reference);
        let items = self.ledger.items();
        let item = items.iter().find(|item| item.key == key).unwrap();
        serde_json::from_str::<MarketplaceOrder>(&item.body).unwrap().reversals
    }

    fn why(&self) -> String {
        match self.reversals().as_slice() {
            [Reversal { state: ReversalState::ByHand { why }, .. }] => why.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn refunds(&self) -> Vec<RefundRecord> {
        self.wire.amazon.lock().unwrap().record().refunds
    }

    fn calls(&self, operation: &str) -> u64 {
        self.wire.amazon.lock().unwrap().record().calls.get(operation).copied().unwrap_or(0)
    }

    fn cancelled_at_amazon(&self) -> bool {
        self.wire.amazon.lock().unwrap().record().cancelled.contains(&ORDER.to_owned())
    }

    fn mails(&self) -> String {
        self.mail.sent().into_iter().map(|mail| format!("{}\n{}\n", mail.subject, mail.text)).collect()
    }

    fn fault(&self, operation: &str, fault: Fault) {
        self.faults(operation, 1, fault);
    }

    fn faults(&self, operation: &str, times: u32, fault: Fault) {
        let planned = Planned { operation: operation.into(), account: None, times, fault };
        self.wire.amazon.lock().unwrap().plan_fault(planned);
    }

    fn plan(&self, plan: FeedPlan) {
        self.wire.amazon.lock().unwrap().plan_feed(plan);
    }
}

#[test]
fn an_order_cancelled_at_the_store_before_it_left_is_cancelled_at_amazon_once() {
    let system = system(true, true);
    system.cancel_at_store();
    system.cancel_at_store();
    system.pass(15);
    assert!(system.cancelled_at_amazon());
    assert_eq!(system.calls("createFeed"), 1);
    assert!(matches!(system.reversals().as_slice(), [Reversal { state: ReversalState::Done, .. }]));
    assert!(system.subjects().is_empty(), "{}", system.mails());
}

#[test]
fn money_refunded_at_the_store_goes_back_at_amazon_once() {
    let system = shipped(true);
    system.refund_at_store(77, "5.50", false);
    system.pass(15);
    let refunds = system.refunds();
    let [refund] = refunds.as_slice() else { panic!("{refunds:?}") };
    assert_eq!(
        (refund.line.as_str(), refund.amount.as_str(), refund.currency.as_str(), refund.id.as_str()),
        (ITEM, "5.50", "USD", "refund-77")
    );
    assert_eq!(system.calls("createFeed"), 1);
    assert!(system.subjects().is_empty(), "{}", system.mails());
    // Another one is another refund, and the whole is bounded by what was paid.
    system.refund_at_store(78, "18.50", false);
    system.refund_at_store(79, "0.01", false);
    system.pass(15);
    assert_eq!(system.refunds().len(), 2);
    assert!(system.mails().contains("24.01 USD in all"), "{}", system.mails());
}

#[test]
fn nothing_is_reversed_unless_it_is_switched_on() {
    let idle = system(false, false);
    idle.cancel_at_store();
    idle.pass(10);
    assert!(!idle.cancelled_at_amazon() && idle.reversals().is_empty());
    let kept = shipped(false);
    kept.refund_at_store(77, "5.50", false);
    kept.pass(10);
    assert!(kept.refunds().is_empty() && kept.reversals().is_empty());
    assert_eq!(idle.calls("createFeed") + kept.calls("createFeed"), 0);
}

#[test]
fn what_is_not_certain_is_a_persons_and_nothing_is_sent() {
    let postage = shipped(true);
    postage.refund_at_store(77, "5.50", true);
    postage.pass(10);
    assert!(postage.why().contains("postage"), "{}", postage.why());
    assert!(postage.mails().contains("A refund of the store is yours"), "{}", postage.mails());

    let left = shipped(true);
    left.cancel_at_store();
    left.pass(10);
    assert!(left.why().contains("has left"), "{}", left.why());

    for one in [&postage, &left] {
        assert_eq!((one.calls("createFeedDocument"), one.refunds().len()), (0, 0));
        assert_eq!(one.mail.sent().len(), 1, "{}", one.mails());
    }
}

#[test]
fn law_2_a_refund_whose_answer_was_lost_is_looked_for_and_never_paid_twice() {
    let applied = shipped(true);
    applied.fault("createFeed", Fault::LoseAnswer);
    applied.refund_at_store(77, "5.50", false);
    applied.pass(30);
    assert_eq!((applied.refunds().len(), applied.calls("createFeed")), (1, 1));
    assert!(matches!(applied.reversals().as_slice(), [Reversal { state: ReversalState::Done, .. }]));

    let never = shipped(true);
    never.fault("createFeed", Fault::CutBefore);
    never.refund_at_store(77, "5.50", false);
    never.pass(60);
    assert_eq!((never.refunds().len(), never.calls("createFeed")), (0, 1), "a person looks first");
    assert!(never.why().contains("nothing is sent a second time"), "{}", never.why());
    assert_eq!(never.mail.sent().len(), 1, "{}", never.mails());
}

#[test]
fn law_2_a_cancellation_that_was_never_made_is_made_once_that_is_certain() {
    let system = system(true, false);
    system.fault("createFeed", Fault::CutBefore);
    system.cancel_at_store();
    system.pass(5);
    assert_eq!(system.calls("createFeed"), 1, "five minutes prove nothing");
    system.pass(40);
    assert!(system.cancelled_at_amazon());
    assert_eq!(system.calls("createFeed"), 2);
    assert!(system.subjects().is_empty(), "{}", system.mails());
}

#[test]
fn every_end_of_a_refunds_feed_is_told_and_none_is_repeated() {
    let refused = RefusedMessage { message: 1, code: "99".into(), words: "not this order".into() };
    for (plan, words, paid) in [
        (FeedPlan { refuse: vec![refused], ..FeedPlan::default() }, "not this order", 0),
        (FeedPlan { end: FeedEnd::Cancelled, ..FeedPlan::default() }, "cancelled", 0),
        (FeedPlan { end: FeedEnd::Fatal, ..FeedPlan::default() }, "without saying", 0),
        (FeedPlan { end: FeedEnd::Stuck, ..FeedPlan::default() }, "for a day", 0),
        (FeedPlan { report: FeedReport::None, ..FeedPlan::default() }, "without saying", 1),
        (FeedPlan { report: FeedReport::Gone, ..FeedPlan::default() }, "does not exist", 1),
        (FeedPlan { leave_out: vec![1], ..FeedPlan::default() }, "does not say", 0),
    ] {
        let system = shipped(true);
        system.plan(plan.clone());
        system.refund_at_store(77, "5.50", false);
        let minutes = if plan.end == FeedEnd::Stuck { 25 * 60 } else { 20 };
        system.pass(minutes);
        assert!(system.why().contains(words), "{plan:?}: {}", system.why());
        assert_eq!((system.refunds().len(), system.calls("createFeed")), (paid, 1), "{plan:?}");
        assert!(system.mails().contains(words), "{plan:?}: {}", system.mails());
    }
}

#[test]
fn a_cancellation_that_a_person_did_is_settled() {
    let system = system(true, false);
    system.plan(FeedPlan { end: FeedEnd::Cancelled, ..FeedPlan::default() });
    system.cancel_at_store();
    system.pass(20);
    assert_eq!(system.mail.sent().len(), 1, "{}", system.mails());
    let by_person = OrderChange { cancel_items: vec![ITEM.to_owned()], ..OrderChange::default() };
    system.wire.amazon.lock().unwrap().change_order(system.now(), ORDER, by_person).unwrap();
    system.pass(20);
    assert!(matches!(system.reversals().as_slice(), [Reversal { state: ReversalState::Done, .. }]));
    assert_eq!(system.mail.sent().len(), 2, "it is said to be settled: {}", system.mails());
}

#[test]
fn law_2_while_a_refund_is_in_doubt_no_other_is_asked_for_however_long_that_lasts() {
    let other = "111-2222222-4444444";
    let system = shipped(true);
    system.order(other, &[("LAMP", 2)]);
    system.ship_paid(other, "1112222222444444401", "1Z12345E0205271688");
    system.fault("createFeed", Fault::LoseAnswer);
    system.faults("getFeeds", 1_000, Fault::Status { status: 503 });
    system.refund_at_store(77, "5.50", false);
    system.pass(5);
    assert!(matches!(system.reversals().as_slice(), [Reversal { state: ReversalState::Doubt { .. }, .. }]));
    system.refund_of(other, 78, "3.00", false);
    system.pass(90);
    assert_eq!(system.calls("createFeed"), 1, "its feed would be taken for the first one's");
    system.wire.amazon.lock().unwrap().clear_faults();
    system.pass(240);
    assert_eq!((system.refunds().len(), system.calls("createFeed")), (2, 2));
    assert!(matches!(system.reversals().as_slice(), [Reversal { state: ReversalState::Done, .. }]));
    assert!(system.subjects().is_empty(), "{}", system.mails());
}

#[test]
fn a_feed_that_amazon_denies_is_a_persons_and_the_account_goes_on() {
    let system = shipped(true);
    // The token is an old one at first, which proves nothing; the next is asked for by this very call.
    system.faults("createFeedDocument", 2, Fault::Status { status: 403 });
    system.refund_at_store(77, "5.50", false);
    system.clock.advance(Duration::from_secs(20));
    block_on(workflow::sweep::sweep(&system.world)).unwrap();
    system.settle();
    system.pass(15);
    assert!(system.why().contains("createFeedDocument"), "{}", system.why());
    let state = block_on(system.world.connection_state(&account("amazon-us"))).unwrap().unwrap().value;
    assert_eq!(state.activity, Activity::Active);
    assert_eq!((system.refunds().len(), system.mail.sent().len()), (0, 1), "{}", system.mails());
}
