//! A copy of the data directory is a backup: what came after it is not told a second time.

use std::path::Path;

use crate::world::{Link, World};

const BEFORE: &str = "1Z999AA10123456784";
const AFTER: &str = "9400111899223197428490";

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn law_2_a_restored_copy_tells_nothing_twice() {
    let mut world = World::served();
    let before = world.order(Link::Tag, &[("VASE-BLUE", 1)]);
    let first = world.ship(&before, "UPS", BEFORE);
    assert_eq!(world.post(&first), 200);
    world.wait(&before, &["visible"]);
    world.kill();
    let (data, backup) = (world.data(), world.data().with_extension("backup"));
    copy(&data, &backup);

    world.start();
    let after = world.order(Link::Tag, &[("VASE-BLUE", 1)]);
    let second = world.ship(&after, "USPS", AFTER);
    assert_eq!(world.post(&second), 200);
    world.wait(&after, &["visible"]);
    world.kill();
    std::fs::remove_dir_all(&data).unwrap();
    copy(&backup, &data);

    // Both are told again by the shop; Amazon shows both already, of one the backup knows nothing.
    world.start();
    assert_eq!((world.post(&first), world.post(&second)), (200, 200));
    world.wait(&after, &["not_ours"]);
    assert_eq!(world.states(&before), ["visible"]);
    assert_eq!(world.shown(&before), [format!("{BEFORE} UPS 1 in 1")]);
    assert_eq!(world.shown(&after), [format!("{AFTER} USPS 1 in 1")]);
}
