//! What reading an order tells.

use connector_api::Failure;
use domain::marketplace_order::{FulfilledBy, OrderStatus};

use crate::stand::{ANN, BOB, Call, Happening, State, Wanted};
use crate::world::{calls, each};

#[test]
fn an_open_order_is_read_as_it_is() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2, 1]);
        let facts = world.read(&placed).await;
        assert_eq!(facts.status, OrderStatus::Open);
        assert_eq!(facts.fulfilled_by, FulfilledBy::Merchant);
        assert_eq!(facts.marketplace, placed.marketplace);
        assert!(!facts.cancel_requested);
        assert!(facts.packages.as_deref().unwrap_or_default().is_empty(), "nothing was sent");
        let lines: Vec<_> = facts.lines.iter().map(|line| (line.id.clone(), line.ordered)).collect();
        assert_eq!(lines, placed.lines);
        let skus: Vec<_> =
            facts.lines.iter().filter_map(|l| l.sku.as_ref()).map(ToString::to_string).collect();
        assert_eq!(skus, ["SKU-1", "SKU-2"]);
        for line in &facts.lines {
            assert_eq!((line.cancelled, line.shipped.unwrap_or_default()), (0, 0));
            assert_eq!(line.confirmable(), line.ordered);
        }
        let every_line = placed.lines.iter().cloned().collect();
        assert!(facts.ship_by_of(&every_line) > Some(facts.ordered_at), "it has a deadline: {facts:?}");
        assert!(facts.ordered_at <= world.wire.their_now() && facts.updated_at >= facts.ordered_at);
    });
}

#[test]
fn what_must_not_be_confirmed_says_so() {
    each(async |subject| {
        let world = subject.world();
        let wanted = |number, state| Wanted { seller: ANN, number, lines: vec![1], state };
        if let Some(unpaid) = world.ordered(wanted(1, State::Unpaid)) {
            // Some marketplaces do not show such orders at all.
            match world.try_read(&unpaid).await {
                Ok(facts) => assert_eq!(facts.status, OrderStatus::Pending),
                Err(error) => assert_eq!(error.failure, Failure::NotFound),
            }
        }
        if let Some(theirs) = world.ordered(wanted(2, State::Theirs)) {
            assert_eq!(world.read(&theirs).await.fulfilled_by, FulfilledBy::Marketplace);
        }
        let asked = world.order(3, &[1]);
        if world.happen(&asked, Happening::CancelAsked) {
            let facts = world.read(&asked).await;
            assert!(facts.cancel_requested);
            assert_eq!(facts.status, OrderStatus::Open, "asked for is not done");
        }
        let cancelled = world.order(4, &[1]);
        assert!(world.happen(&cancelled, Happening::Cancelled), "every marketplace cancels");
        assert_eq!(world.read(&cancelled).await.status, OrderStatus::Cancelled);
    });
}

#[test]
fn a_cancel_request_after_the_parcel_left_takes_nothing_back() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2]);
        let confirmation = world.whole(&placed, 1);
        world.tell(&placed, &confirmation).await;
        if world.happen(&placed, Happening::CancelAsked) {
            let facts = world.read(&placed).await;
            assert!(facts.cancel_requested);
            assert_eq!(facts.packages.unwrap().len(), 1, "the parcel is still shown");
        }
        assert_eq!(world.packages(&placed).len(), 1);
    });
}

#[test]
fn an_order_of_somebody_else_is_not_found() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        assert_eq!(world.read_as(BOB, &placed.id).await.unwrap_err().failure, Failure::NotFound);
        world.read(&placed).await;
    });
}

#[test]
fn order_ids_come_back_as_they_were_and_nothing_else_is_one() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        let id = placed.id.as_str();
        assert_eq!(world.connector.order_id(id).as_ref(), Some(&placed.id));
        assert_eq!(
            world.connector.order_id(&format!(" {id}\n")).as_ref(),
            Some(&placed.id),
            "as people paste"
        );
        let long = "1".repeat(5_000);
        for odd in ["", " ", "-", "../../x", "a b", "1\u{0}2", "?x=y", "💡", long.as_str()] {
            assert_eq!(world.connector.order_id(odd), None, "{odd:?}");
        }
    });
}

#[test]
fn a_read_spends_what_it_says() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2, 1]);
        world.read(&placed).await;
        world.wire.forget();
        world.read(&placed).await;
        let made = world.wire.made_but_tokens();
        assert!(calls(world.connector.traits().spends.read, 1).contains(&made), "{made} calls");
        assert_eq!(world.wire.made(Call::Confirm), 0);
    });
}

#[test]
fn a_gigantic_order_is_read_whole() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[3; 2_000]);
        let facts = world.read(&placed).await;
        assert_eq!(facts.lines.len(), 2_000);
        assert_eq!(facts.lines.iter().map(|line| line.ordered).sum::<u32>(), 6_000);
        let confirmation = world.whole(&placed, 1);
        world.tell(&placed, &confirmation).await;
        assert_eq!(world.read(&placed).await.status, OrderStatus::Shipped);
    });
}
