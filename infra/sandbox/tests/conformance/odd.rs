//! Answers that are not as described: each value of a true answer is replaced in turn.

use connector_api::{ChannelError, Cursor, Failure, Reached};
use domain::marketplace_order::OrderStatus;
use serde_json::{Value, json};

use crate::stand::{ANN, Call, State, Wanted};
use crate::wire::{instead, json_changed};
use crate::world::{each, start};

/// JSON pointers to every value below the top, but for the inside of what `leave` names.
pub(crate) fn places(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, places: &mut Vec<String>) {
        let below: Vec<(String, &Value)> = match value {
            Value::Object(map) => {
                map.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
            }
            // Rows are alike: the first stands for all.
            Value::Array(rows) => rows.iter().take(1).map(|row| ("0".to_owned(), row)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        for (key, value) in below {
            let at = format!("{at}/{key}");
            places.push(at.clone());
            walk(value, &at, places);
        }
    }
    let mut all = Vec::new();
    walk(value, "", &mut all);
    all
}

/// Puts `value` at a place; nothing there means: takes it away.
pub(crate) fn put(whole: &mut Value, place: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            if let Some(there) = whole.pointer_mut(place) {
                *there = value;
            }
        }
        None => {
            let (parent, key) = place.rsplit_once('/').unwrap();
            match whole.pointer_mut(parent) {
                Some(Value::Object(map)) => drop(map.remove(&key.replace("~1", "/").replace("~0", "~"))),
                Some(Value::Array(rows)) => rows.clear(),
                _ => {}
            }
        }
    }
}

fn odd_values() -> Vec<Option<Value>> {
    vec![
        None,
        Some(Value::Null),
        Some(json!("SOMETHING_NEW")),
        Some(json!("")),
        Some(json!(-1)),
        Some(json!(0)),
        Some(json!(u64::MAX)),
        Some(json!(1.5e300)),
        Some(json!(true)),
        Some(json!([])),
        Some(json!({})),
        Some(json!({ "a": [{ "b": null }] })),
        Some(json!("x".repeat(5_000))),
    ]
}

/// Those that tell most, where there are many places.
fn oddest_values() -> Vec<Option<Value>> {
    vec![
        None,
        Some(Value::Null),
        Some(json!("SOMETHING_NEW")),
        Some(json!(-1)),
        Some(json!([])),
        Some(json!({})),
    ]
}

/// Where the list of so many rows is, however deep.
fn list_of(value: &Value, rows: usize) -> Option<String> {
    let is_it = |place: &String| {
        value.pointer(place).and_then(Value::as_array).is_some_and(|list| list.len() == rows)
    };
    places(value).into_iter().find(is_it)
}

/// A read that failed for an odd answer may pass by itself: nobody gives the order up for it.
fn passes(error: &ChannelError) -> bool {
    matches!(error.failure, Failure::Retryable { .. } | Failure::Throttled { .. })
}

#[test]
fn an_odd_order_is_understood_or_read_again_and_never_given_up() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2, 1]);
        world.read(&placed).await;
        let whole = world.wire.last_json(Call::Read).unwrap();
        let places = places(&whole);
        assert!(places.len() > 5, "{places:?}");
        for place in &places {
            for value in odd_values() {
                let (at, new) = (place.clone(), value.clone());
                world.fault(Call::Read, json_changed(move |whole| put(whole, &at, new)));
                let said = format!("{place} := {value:.60?}");
                match world.try_read(&placed).await {
                    Err(error) => assert!(passes(&error), "{said}: {:?}, {}", error.failure, error.detail),
                    // A word that nobody knows must not mean that there is nothing left to do.
                    Ok(facts) if value == Some(json!("SOMETHING_NEW")) => assert!(
                        !matches!(facts.status, OrderStatus::Shipped | OrderStatus::Cancelled),
                        "{said}: {:?}",
                        facts.status
                    ),
                    Ok(_) => {}
                }
                // A connector that asked twice has met the true answer the second time.
                assert!(world.wire.all_met());
            }
        }
        world.read(&placed).await;
    });
}

#[test]
fn an_odd_order_of_a_page_keeps_no_other_from_being_seen() {
    each(async |subject| {
        let world = subject.world();
        world.order(1, &[1]);
        let other = world.order(2, &[1]);
        let state = State::Ready;
        for number in 3..6 {
            world.placed(&Wanted { seller: ANN, number, lines: vec![1], state });
        }
        world.later(900);
        let since = Cursor { since: start(), page: None };
        assert_eq!(world.page(&since).await.unwrap().orders.len(), 5);
        let whole = world.wire.last_json(Call::Poll).unwrap();
        let list = list_of(&whole, 5).expect("a page holds a list of the orders");
        let first = whole.pointer(&format!("{list}/0")).unwrap();
        let of_first = first.to_string().contains(other.id.as_str());
        for place in places(first) {
            for value in oddest_values() {
                let at = format!("{list}/0{place}");
                let said = format!("{at} := {value:.60?}");
                world.fault(Call::Poll, json_changed(move |whole| put(whole, &at, value)));
                match world.page(&since).await {
                    Err(error) => assert!(passes(&error), "{said}: {:?}", error.failure),
                    Ok(page) => {
                        assert!(page.next.since <= world.wire.their_now(), "{said}: {:?}", page.next);
                        assert!(page.orders.len() >= 4, "{said}: {} of 5 seen", page.orders.len());
                        let seen = page.orders.iter().any(|(id, _)| *id == other.id);
                        assert!(seen || of_first, "{said}");
                    }
                }
            }
        }
    });
}

#[test]
fn an_odd_page_never_moves_the_cursor_past_what_it_showed() {
    each(async |subject| {
        let world = subject.world();
        world.order(1, &[1]);
        world.later(900);
        let since = Cursor { since: start(), page: None };
        world.page(&since).await.unwrap();
        let whole = world.wire.last_json(Call::Poll).unwrap();
        for place in places(&whole).iter().filter(|place| place.matches('/').count() <= 2) {
            for value in odd_values() {
                let (at, new) = (place.clone(), value.clone());
                world.fault(Call::Poll, json_changed(move |whole| put(whole, &at, new)));
                match world.page(&since).await {
                    Err(error) => assert!(passes(&error), "{place} := {value:.60?}: {:?}", error.failure),
                    Ok(page) => assert!(
                        page.next.since <= world.wire.their_now(),
                        "{place} := {value:.60?}: {:?}",
                        page.next
                    ),
                }
            }
        }
    });
}

#[test]
fn an_odd_answer_to_a_confirmation_leaves_doubt_at_most() {
    each(async |subject| {
        let world = subject.world();
        let probe = world.order(1, &[1]);
        world.confirm(&world.whole(&probe, 1)).await.unwrap();
        // Where a success says nothing there is nothing to be odd.
        let Some(whole) = world.wire.last_json(Call::Confirm) else { return };
        for (number, place) in (2..).zip(places(&whole)) {
            for value in
                [None, Some(Value::Null), Some(json!("SOMETHING_NEW")), Some(json!({})), Some(json!([]))]
            {
                let world = subject.world();
                let placed = world.order(number, &[1]);
                let at = place.clone();
                let said = format!("{place} := {value:?}");
                world.fault(Call::Confirm, json_changed(move |whole| put(whole, &at, value)));
                if let Err(error) = world.confirm(&world.whole(&placed, 1)).await {
                    let doubt = matches!(error.failure, Failure::Retryable { reached: Reached::Maybe, .. });
                    assert!(doubt, "{said}: {:?}", error.failure);
                }
                assert_eq!(world.packages(&placed).len(), 1, "{said}");
            }
        }
    });
}

#[test]
fn refusals_in_new_words_are_shown_in_these_words() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        let mut wrong = world.whole(&placed, 1);
        // The marketplace's own refusal of an order that is not there.
        let missing = placed.id.as_str().replace('1', "8");
        wrong.order = world.connector.order_id(&missing).unwrap();
        world.confirm(&wrong).await.unwrap_err();
        let whole = world.wire.last_json(Call::Confirm).expect("a refusal in JSON");
        let mut renamed = whole.clone();
        for place in places(&whole) {
            match whole.pointer(&place) {
                Some(Value::String(_)) => put(&mut renamed, &place, Some(json!("ZZ_NEW_WORD"))),
                Some(Value::Number(_)) => put(&mut renamed, &place, Some(json!(987_654))),
                _ => {}
            }
        }
        let answer = crate::wire::answer(400, &[("content-type", "application/json")], &renamed.to_string());
        world.fault(Call::Confirm, instead(answer));
        let error = world.confirm(&world.whole(&placed, 1)).await.unwrap_err();
        let code = match &error.failure {
            Failure::Rejected { code } | Failure::CarrierRefused { code } => code.as_str(),
            other => panic!("an unknown 400 is a refusal: {other:?}"),
        };
        let said = format!("{code} {}", error.detail);
        assert!(said.contains("ZZ_NEW_WORD") || said.contains("987654"), "{said}");
        assert_eq!(connector_api::explain(world.connector.catalogue(), "ZZ_NEW_WORD", &error.detail), None);
        assert_eq!(world.packages(&placed).len(), 0);
    });
}
