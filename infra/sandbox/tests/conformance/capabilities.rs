//! What only some marketplaces have: each suite runs for those whose connector has it, and their stand must have it too.

mod bulk;
mod notifies;
mod pushes;
mod subscribes;

use crate::world::each;

#[test]
fn a_stand_has_what_its_connector_has() {
    each(async |subject| {
        let world = subject.world();
        let connector = &world.connector;
        let mut stand = world.wire.stand();
        assert_eq!(connector.bulk().is_some(), stand.bulk().is_some(), "bulk");
        assert_eq!(connector.notifies().is_some(), stand.notifies().is_some(), "notifies");
        assert_eq!(connector.pushes().is_some(), stand.pushes().is_some(), "pushes");
        assert_eq!(connector.subscribes().is_some(), stand.subscribes().is_some(), "subscribes");
    });
}
