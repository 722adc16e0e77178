//! Deliveries as Shopify really sends them, where they lie beside the repository.

use std::path::Path;

use crate::world::World;

/// The topic of a sample; `None` for what is no delivery of ours.
fn topic(name: &str) -> Option<&'static str> {
    let topics = [
        ("app_uninstalled", "app/uninstalled"),
        ("customers_data_request", "customers/data_request"),
        ("customers_redact", "customers/redact"),
        ("shop_redact", "shop/redact"),
        ("orders_cancelled", "orders/cancelled"),
        ("orders_partially_fulfilled", "orders/partially_fulfilled"),
        ("fulfillments_create", "fulfillments/create"),
        ("fulfillments_update", "fulfillments/update"),
    ];
    topics.into_iter().find(|(part, _)| name.contains(part)).map(|(_, topic)| topic)
}

#[test]
fn real_shopify_deliveries_are_taken_and_none_is_a_dead_letter() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/payloads");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no {}", folder.display());
        return;
    };
    let mut world = World::served();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    // What ends a connection comes last.
    files.sort_by_key(|file| (file.to_string_lossy().contains("uninstalled"), file.clone()));
    let mut posted = 0;
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let Some(topic) = topic(&name).filter(|_| name.starts_with("shopify.")) else { continue };
        let body = std::fs::read(&file).unwrap();
        assert_eq!(world.post_body(topic, &body), 200, "{name}");
        posted += 1;
    }
    assert!(posted >= 6, "{posted}");
    // Everything is worked on: the queue runs empty without a dead letter.
    crate::running::until("an empty queue", || (world.queued() == 0).then_some(()));
    assert_eq!(world.dead_letters(), 0);
    let log = world.serve.as_ref().unwrap().err();
    assert!(!log.contains("panicked"), "{log}");
    let ended = world.serve.as_mut().unwrap().terminate();
    assert_eq!(ended.code(), Some(0));
}
