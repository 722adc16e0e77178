use super::*;
use crate::facts::{FoldedFulfillment, Fulfillment, Source, StoreFacts};
use crate::ids::{Account, MarketplaceOrderRef, StoreOrderRef};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn money(amount: &str, currency: &str) -> Money {
    Money { amount: amount.parse().unwrap(), currency: currency.into() }
}

fn line(id: &str, sku: &str, shipped: u32, paid: Option<Money>) -> OrderLine {
    OrderLine {
        id: id.try_into().unwrap(),
        sku: Some(sku.try_into().unwrap()),
        ordered: 2,
        cancelled: 0,
        shipped: Some(shipped),
        paid,
        ship_by: None,
    }
}

fn facts(status: OrderStatus, lines: Vec<OrderLine>) -> OrderFacts {
    OrderFacts {
        updated_at: at(1),
        read_at: at(1),
        marketplace: "US".try_into().unwrap(),
        ordered_at: at(0),
        fulfilled_by: FulfilledBy::Merchant,
        status,
        ship_by: None,
        cancel_requested: false,
        needs_tracking: false,
        programs: vec![],
        lines,
        packages: None,
    }
}

fn account(id: &str) -> Account {
    Account::new("m".try_into().unwrap(), id.try_into().unwrap())
}

struct Scene {
    order: MarketplaceOrder,
    store: StoreOrder,
    switches: Reversals,
}

impl Scene {
    fn open() -> Self {
        Self::of(facts(OrderStatus::Open, vec![line("1", "MUG", 0, None), line("2", "TEA", 0, None)]))
    }

    fn shipped() -> Self {
        let lines = vec![
            line("1", "MUG", 2, Some(money("20.00", "EUR"))),
            line("2", "TEA", 2, Some(money("5", "EUR"))),
        ];
        Self::of(facts(OrderStatus::Shipped, lines))
    }

    fn of(facts: OrderFacts) -> Self {
        let mut order = MarketplaceOrder::new(MarketplaceOrderRef {
            account: account("us"),
            order: "1".try_into().unwrap(),
        });
        order.facts = Some(facts);
        let reference = StoreOrderRef { account: account("shop"), order: "9".try_into().unwrap() };
        let store = StoreOrder::new(reference, at(0));
        Self { order, store, switches: Reversals { cancel: true, refund: true } }
    }

    fn wanted(&self) -> Vec<Reversal> {
        wanted(Seen {
            order: &self.order,
            stores: std::slice::from_ref(&self.store),
            packages: &[],
            sku_map: &[("MUG-S".try_into().unwrap(), "MUG".try_into().unwrap())].into(),
            switches: self.switches,
            started_at: at(5),
            now: at(100),
        })
    }

    fn refund(&mut self, id: &str, sku: &str, amount: &str) {
        let lines = vec![StoreRefundLine {
            line: "77".try_into().unwrap(),
            sku: Some(sku.try_into().unwrap()),
            amount: money(amount, "EUR"),
        }];
        let refund = StoreRefund { id: id.into(), at: at(50), lines, more: false };
        self.store.fold(StoreFacts { refunds: vec![refund], ..StoreFacts::default() });
    }
}

fn why(reversal: &Reversal) -> &str {
    if let ReversalState::ByHand { why } = &reversal.state { why } else { "" }
}

#[test]
fn an_order_that_the_store_cancelled_before_anything_left_is_cancelled_whole() {
    let mut scene = Scene::open();
    assert!(scene.wanted().is_empty(), "nothing was cancelled");
    scene.store.cancelled_at = Some(at(50));
    let all = scene.wanted();
    let [one] = all.as_slice() else { panic!("{all:?}") };
    let lines = ["1", "2"].map(|id| id.try_into().unwrap()).into();
    assert_eq!(one.what, Reversed::Cancellation { lines, buyer_asked: false });
    assert_eq!((&one.state, one.id.as_str()), (&ReversalState::Planned, "cancel"));
    scene.order.take_on(all, at(100));
    assert!(scene.wanted().is_empty(), "it is taken on once");
    assert!(!scene.order.alerts.open());
}

#[test]
fn switches_and_what_was_before_the_start_are_kept_to() {
    let mut scene = Scene::open();
    scene.store.cancelled_at = Some(at(4));
    assert!(scene.wanted().is_empty(), "before the connection worked");
    scene.store.cancelled_at = Some(at(50));
    scene.switches.cancel = false;
    assert!(scene.wanted().is_empty(), "switched off");
    scene.switches.cancel = true;
    scene.order.facts.as_mut().unwrap().fulfilled_by = FulfilledBy::Marketplace;
    assert!(scene.wanted().is_empty(), "the marketplace ships it");
    let mut scene = Scene::shipped();
    scene.refund("r1", "MUG", "3");
    scene.switches.refund = false;
    assert!(scene.wanted().is_empty(), "switched off");
    assert_eq!(Reversals::default(), Reversals { cancel: false, refund: false });
}

#[test]
fn what_cannot_be_cancelled_is_a_persons() {
    let left = |scene: &mut Scene| {
        let fact = Fulfillment {
            id: "F".try_into().unwrap(),
            updated_at: at(40),
            source: Source::Read,
            status: FulfillmentStatus::Live,
            shipped_at: at(40),
            carrier: None,
            service: None,
            tracking: vec![],
            lines: vec![],
            location: None,
            country: None,
        };
        scene.store.fulfillments.insert("F".try_into().unwrap(), FoldedFulfillment::new(fact));
    };
    for (status, gone, words) in [
        (OrderStatus::Open, true, "has left"),
        (OrderStatus::Pending, false, "released"),
        (OrderStatus::Shipped, false, "has left"),
        (OrderStatus::Unknown, false, "does not say"),
    ] {
        let mut scene = Scene::open();
        scene.order.facts.as_mut().unwrap().status = status;
        scene.store.cancelled_at = Some(at(50));
        if gone {
            left(&mut scene);
        }
        let all = scene.wanted();
        assert!(why(&all[0]).contains(words), "{status:?}: {all:?}");
        scene.order.take_on(all, at(100));
        let alerts = scene.order.alerts.all();
        assert_eq!((alerts.len(), alerts[0].cause.as_str()), (1, "reversal:cancel"));
    }
    let mut scene = Scene::open();
    scene.order.facts.as_mut().unwrap().status = OrderStatus::Cancelled;
    scene.store.cancelled_at = Some(at(50));
    assert!(scene.wanted().is_empty(), "it is cancelled there already");
}

#[test]
fn a_refund_goes_to_the_line_of_its_sku_and_each_once() {
    let mut scene = Scene::shipped();
    scene.refund("r1", "MUG-S", "7.50");
    scene.refund("r1", "TEA", "1");
    scene.refund("r2", "TEA", "5");
    let all = scene.wanted();
    let seen: Vec<_> = all.iter().map(|one| (one.id.as_str(), why(one), one.what.clone())).collect();
    let of = |line: &str, amount: &str| Reversed::Refund {
        lines: vec![(line.try_into().unwrap(), money(amount, "EUR"))],
    };
    assert_eq!(seen, [("refund-r1", "", of("1", "7.50")), ("refund-r2", "", of("2", "5"))]);
    scene.order.take_on(all, at(100));
    assert!(scene.wanted().is_empty());
}

#[test]
fn never_more_goes_back_than_was_paid() {
    let mut scene = Scene::shipped();
    scene.refund("r1", "MUG", "15");
    scene.refund("r2", "MUG", "5");
    scene.refund("r3", "MUG", "0.01");
    let all = scene.wanted();
    let by_hand: Vec<&str> = all.iter().filter(|one| !one.is_live()).map(|one| one.id.as_str()).collect();
    assert_eq!(by_hand, ["refund-r3"], "{all:?}");
    assert!(why(&all[2]).contains("20.01 EUR") && why(&all[2]).contains("20.00 EUR"), "{all:?}");
    // Those of before count, whatever became of them.
    scene.order.take_on(all, at(100));
    scene.refund("r4", "MUG", "1");
    assert!(why(&scene.wanted()[0]).contains("in all"));
}

#[test]
fn what_cannot_be_refunded_for_certain_is_a_persons() {
    type Change = fn(&mut Scene);
    let cases: [(&str, Change, &str); 7] = [
        ("unknown line", |s| s.refund("r", "NONE", "1"), "matches no line"),
        (
            "more than lines",
            |s| {
                s.refund("r", "MUG", "1");
                s.store.refunds.values_mut().for_each(|r| r.more = true);
            },
            "postage",
        ),
        (
            "no lines",
            |s| {
                s.refund("r", "MUG", "0");
            },
            "names no line",
        ),
        (
            "nothing known to be paid",
            |s| {
                s.refund("r", "MUG", "1");
                s.order.facts.as_mut().unwrap().lines[0].paid = None;
            },
            "does not say what",
        ),
        (
            "another currency",
            |s| {
                s.refund("r", "MUG", "1");
                s.order.facts.as_mut().unwrap().lines[0].paid = Some(money("20", "USD"));
            },
            "paid in USD",
        ),
        (
            "not shipped",
            |s| {
                s.refund("r", "MUG", "1");
                let facts = s.order.facts.as_mut().unwrap();
                facts.status = OrderStatus::PartlyShipped;
                facts.lines[0].shipped = Some(0);
            },
            "not been shipped",
        ),
        ("negative", |s| s.refund("r", "MUG", "-1"), "would go back"),
    ];
    for (name, change, words) in cases {
        let mut scene = Scene::shipped();
        change(&mut scene);
        let all = scene.wanted();
        assert!(why(&all[0]).contains(words), "{name}: {all:?}");
    }
    // A SKU on two lines could be either.
    let mut scene = Scene::shipped();
    scene.order.facts.as_mut().unwrap().lines[1].sku = Some("MUG".try_into().unwrap());
    scene.refund("r", "MUG", "1");
    assert!(why(&scene.wanted()[0]).contains("matches no line"));
}

#[test]
fn amounts_that_no_decimal_holds_are_a_persons() {
    let most = "79228162514264337593543950335";
    let mut scene = Scene::shipped();
    scene.refund("r", "MUG", most);
    let refund = scene.store.refunds.get_mut("r").unwrap();
    refund.lines.push(refund.lines[0].clone());
    assert!(why(&scene.wanted()[0]).contains("too large"), "in one refund");
    let mut scene = Scene::shipped();
    for id in ["r1", "r2", "r3"] {
        scene.refund(id, "MUG", most);
    }
    let all = scene.wanted();
    assert!(all.iter().all(|one| !one.is_live()), "{all:?}");
    assert!(why(&all[1]).contains("too large"), "with one before: {all:?}");
    assert!(why(&all[2]).contains("too large"), "two before: {all:?}");
}

#[test]
fn a_refund_whose_record_may_be_gone_is_a_persons() {
    let mut scene = Scene::shipped();
    scene.refund("r", "MUG", "3");
    scene.store.refunds.get_mut("r").unwrap().at = at(100);
    let days = |n: i64| {
        let all = wanted(Seen {
            order: &scene.order,
            stores: std::slice::from_ref(&scene.store),
            packages: &[],
            sku_map: &BTreeMap::new(),
            switches: scene.switches,
            started_at: at(5),
            now: at(100 + n * 86_400),
        });
        why(&all[0]).to_owned()
    };
    assert_eq!(days(60), "");
    // Until then the order's record is there for certain, and tells that it was taken on.
    assert!(days(61).contains("60 days"), "{}", days(61));
}
