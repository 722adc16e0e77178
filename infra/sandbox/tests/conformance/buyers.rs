//! That nothing of the buyer gets in: `World` looks at all facts and errors, this looks at what the others might miss.

use connector_api::Cursor;

use crate::stand::{CANARY, Call};
use crate::wire::json_changed;
use crate::world::{each, start, without_buyer};

#[test]
fn nothing_of_the_buyer_is_in_facts_pages_and_their_debug_texts() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[2, 1]);
        world.tell(&placed, &world.whole(&placed, 1)).await;
        world.later(900);
        without_buyer(&format!("{:?}", world.read(&placed).await));
        let page = world.page(&Cursor { since: start(), page: None }).await.unwrap();
        assert_eq!(page.orders.len(), 1);
        without_buyer(&format!("{page:?}"));
    });
}

#[test]
fn what_a_marketplace_says_of_the_buyer_unasked_is_not_taken_up() {
    each(async |subject| {
        let world = subject.world();
        let placed = world.order(1, &[1]);
        world.read(&placed).await;
        let whole = world.wire.last_json(Call::Read).unwrap();
        let mut objects: Vec<String> = crate::odd::places(&whole);
        objects.retain(|place| whole.pointer(place).is_some_and(serde_json::Value::is_object));
        objects.push(String::new());
        world.fault(
            Call::Read,
            json_changed(move |whole| {
                for place in &objects {
                    if let Some(serde_json::Value::Object(map)) = whole.pointer_mut(place) {
                        for name in ["buyer", "recipient", "name", "email", "buyer_note", "address", "phone"]
                        {
                            map.insert(name.to_owned(), CANARY.into());
                        }
                    }
                }
            }),
        );
        // `World` looks at the facts or at the error.
        drop(world.try_read(&placed).await);
    });
}
