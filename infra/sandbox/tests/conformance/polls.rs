//! That polls see everything, whatever the clocks say.

use std::collections::BTreeSet;

use connector_api::Cursor;
use domain::marketplace_order::OrderStatus;
use jiff::{SignedDuration, Timestamp};

use crate::stand::{ANN, BOB, Call, Happening, State, Wanted};
use crate::world::{World, calls, each, start};

fn ready(number: u32, seller: &'static str) -> Wanted {
    Wanted { seller, number, lines: vec![1], state: State::Ready }
}

#[test]
fn a_poll_pages_through_everything_and_nothing_of_others() {
    each(async |subject| {
        let world = subject.world();
        let mut mine = BTreeSet::new();
        for number in 1..=450 {
            mine.insert(world.placed(&ready(number, ANN)).unwrap().id);
        }
        world.placed(&ready(900_000, BOB)).unwrap();
        world.later(900);
        let (seen, pages, next) = world.poll(start()).await;
        let ids: BTreeSet<_> = seen.iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(ids, mine);
        assert!(pages > 1, "450 orders are more than a page");
        assert!(next.since >= start() && next.since <= world.wire.their_now());
        assert!(seen.iter().all(|(_, facts)| facts.status == OrderStatus::Open));
    });
}

#[test]
fn a_page_spends_what_it_says() {
    each(async |subject| {
        let world = subject.world();
        world.order(1, &[1]);
        world.poll(start()).await;
        world.wire.forget();
        let (_, pages, _) = world.poll(start()).await;
        let made = world.wire.made_but_tokens();
        assert!(
            calls(world.connector.traits().spends.poll, pages).contains(&made),
            "{made} for {pages} pages"
        );
        assert!(world.wire.made(Call::Poll) >= pages);
    });
}

/// Polls for an hour while orders come in; all of them must have been seen.
async fn an_hour(world: &World, ahead: i64) {
    world.wire.set_ahead(ahead);
    let mut placed = BTreeSet::new();
    let mut seen = BTreeSet::new();
    // A connection begins to look at what its own clock calls now.
    let mut since = start();
    for round in 0..40 {
        placed.insert(world.placed(&ready(round + 1, ANN)).unwrap().id);
        world.later(45);
        if round % 2 == 0 {
            let (news, _, next) = world.poll(since).await;
            seen.extend(news.into_iter().map(|(id, _)| id));
            since = next.since;
        }
        world.later(45);
    }
    for _ in 0..2 {
        world.later(900);
        let (news, _, next) = world.poll(since).await;
        seen.extend(news.into_iter().map(|(id, _)| id));
        since = next.since;
    }
    let missed: Vec<_> = placed.difference(&seen).collect();
    assert!(missed.is_empty(), "their clock {ahead} s ahead: {} missed, {missed:?}", missed.len());
}

#[test]
fn clocks_that_differ_lose_nothing() {
    each(async |subject| {
        for ahead in [0, -240, 240, 600] {
            an_hour(&subject.world(), ahead).await;
        }
    });
}

#[test]
fn a_clock_that_was_set_back_loses_nothing() {
    each(async |subject| {
        let world = subject.world();
        // The cursor was written by somebody whose clock was an hour ahead.
        let ahead = start().checked_add(SignedDuration::from_hours(1)).unwrap();
        let (_, _, next) = world.poll(ahead).await;
        assert!(next.since <= ahead);
        world.later(1);
        let placed = world.placed(&ready(1, ANN)).unwrap();
        world.later(900);
        let (seen, ..) = world.poll(next.since).await;
        assert!(seen.iter().any(|(id, _)| *id == placed.id), "not seen");
    });
}

#[test]
fn orders_that_come_while_pages_are_read_are_seen() {
    each(async |subject| {
        let world = subject.world();
        let mut placed = BTreeSet::new();
        for number in 1..=300 {
            placed.insert(world.placed(&ready(number, ANN)).unwrap().id);
        }
        world.later(900);
        let mut cursor = Cursor { since: start(), page: None };
        let mut seen = BTreeSet::new();
        let mut polls = 0;
        let mut number = 1_000;
        while polls < 4 {
            number += 1;
            placed.insert(world.placed(&ready(number, ANN)).unwrap().id);
            let page = world.page(&cursor).await.unwrap();
            seen.extend(page.orders.into_iter().map(|(id, _)| id));
            cursor = page.next;
            world.later(20);
            if cursor.page.is_none() {
                polls += 1;
                world.later(600);
            }
        }
        let (last, ..) = world.poll(cursor.since).await;
        seen.extend(last.into_iter().map(|(id, _)| id));
        assert_eq!(placed.difference(&seen).count(), 0);
    });
}

#[test]
fn a_poll_that_broke_goes_on_where_it_was() {
    each(async |subject| {
        let world = subject.world();
        let mut placed = BTreeSet::new();
        for number in 1..=450 {
            placed.insert(world.placed(&ready(number, ANN)).unwrap().id);
        }
        world.later(900);
        let mut cursor = Cursor { since: start(), page: None };
        let mut seen = BTreeSet::new();
        for turn in 0.. {
            assert!(turn < 100, "the poll never ends");
            if turn % 2 == 1 {
                world.fault(Call::Poll, crate::wire::instead(crate::wire::answer(503, &[], "")));
                world.page(&cursor).await.unwrap_err();
                continue;
            }
            let page = world.page(&cursor).await.unwrap();
            seen.extend(page.orders.into_iter().map(|(id, _)| id));
            // What is kept between two pages is text.
            cursor = serde_json::from_str(&serde_json::to_string(&page.next).unwrap()).unwrap();
            if cursor.page.is_none() {
                break;
            }
        }
        assert_eq!(seen, placed);
    });
}

#[test]
fn what_changes_later_is_listed_again() {
    each(async |subject| {
        let world = subject.world();
        let told = world.order(1, &[1]);
        let cancelled = world.order(2, &[1]);
        world.later(900);
        let (_, _, next) = world.poll(start()).await;
        world.later(3_600);
        // A cursor that is the last change seen names that one again: what is seen twice does no harm.
        let (_, _, next) = world.poll(next.since).await;
        let confirmation = world.whole(&told, 1);
        world.tell(&told, &confirmation).await;
        world.happen(&cancelled, Happening::Cancelled);
        world.later(900);
        let (seen, ..) = world.poll(next.since).await;
        let status = |of| seen.iter().find(|(id, _)| id == of).map(|(_, facts)| facts.status);
        assert_eq!(status(&told.id), Some(OrderStatus::Shipped));
        assert_eq!(status(&cancelled.id), Some(OrderStatus::Cancelled));
    });
}

#[test]
fn a_page_that_is_no_page_of_ours_starts_over() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        world.later(900);
        for page in ["", "{}", "nonsense", "-1", "99999999999999999999"] {
            let cursor = Cursor { since: Timestamp::UNIX_EPOCH.max(start()), page: Some(page.to_owned()) };
            // An older version may have written it: it is refused for a while at most, and never loses an order.
            if let Ok(page) = world.page(&cursor).await
                && page.next.page.is_none()
                && page.next.since > start()
            {
                assert!(page.orders.iter().any(|(id, _)| *id == placed.id), "passed over the order");
            }
        }
    });
}
