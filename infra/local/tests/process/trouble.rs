//! Trouble with directories, ports, settings, disks and locks: told clearly, and nothing accepted is lost.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http;
use crate::running::{address_in, parcelwire, run, until};
use crate::world::{Link, World};

const UPS: &str = "1Z999AA10123456784";

#[test]
fn a_second_serve_on_the_same_data_is_refused_and_the_first_unharmed() {
    let world = World::served();
    let second = world.run(&["serve"]);
    assert_eq!(second.code, Some(1), "{}", second.err);
    let folder = world.data().display().to_string();
    assert!(second.err.contains(&folder) && second.err.contains("another parcelwire"), "{}", second.err);
    let told = world.run(&["serve", "--json"]);
    let last: Value = serde_json::from_str(told.err.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"], "failed", "{}", told.err);
    let order = world.order(Link::Source, &[("CUP", 1)]);
    assert_eq!(world.post(&world.ship(&order, "UPS", UPS)), 200);
    world.wait(&order, &["visible"]);
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let world = World::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = world.run(&["serve", "--port", &port]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains(&port) && said.err.contains("--port"), "{}", said.err);
    let said = world.run(&["sandbox", "--port", &port]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains(&port), "{}", said.err);
    // A first start leaves nothing behind that the next one would stumble over.
    let folder = tempfile::tempdir().unwrap();
    let mut first = parcelwire(folder.path());
    first.args(["--data", "d", "--port", &port]);
    let said = run(first);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains(&port) && said.err.contains("--port"), "{}", said.err);
    let mut second = parcelwire(folder.path());
    let mut second = crate::running::Running::start(second.args(["--data", "d", "--port", "0"]));
    second.says("Ctrl-C stops it");
}

#[test]
fn settings_that_are_wrong_or_missing_stop_the_start_with_every_problem() {
    let world = World::new();
    let wrong = world
        .settings()
        .replace("time_zone = \"Asia/Tokyo\"", "time_zone = \"Tokio\"")
        .replace("missing_after", "mising_after")
        .replace("account = \"nord\"", "account = \"norden\"")
        .replace("region = \"eu\"", "region = \"europe\"");
    world.write_settings(&wrong);
    let said = world.run(&["serve"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    for key in ["general.time_zone", "timing.mising_after", "connections[2].link[0].account", "region"] {
        assert!(said.err.contains(key), "{key} is missing in {}", said.err);
    }
    for secret in world.secrets.values() {
        assert!(!said.err.contains(secret.as_str()), "{}", said.err);
    }
    world.write_settings("this is = no [toml");
    let said = world.run(&["serve"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("our-settings.toml"), "{}", said.err);
    std::fs::remove_file(world.settings_path()).unwrap();
    let said = world.run(&["serve"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.err.contains("our-settings.toml"), "{}", said.err);
    assert!(!world.data().join("settings.toml").exists(), "never a sandbox in place of what was named");
    assert_eq!(said.out, "");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_told() {
    let world = World::new();
    std::fs::write(world.data(), "a file is in the way").unwrap();
    let said = world.run(&["serve"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains(&world.data().display().to_string()), "{}", said.err);
    let said = world.run(&["orders"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    // Read-only: only where the tests do not run as root, to whom everything is writable.
    std::fs::remove_file(world.data()).unwrap();
    std::fs::create_dir(world.data()).unwrap();
    let mode = |mode: u32| {
        std::fs::set_permissions(world.data(), std::os::unix::fs::PermissionsExt::from_mode(mode))
    };
    mode(0o500).unwrap();
    if std::fs::write(world.data().join("try"), "").is_err() {
        let said = world.run(&["serve"]);
        mode(0o700).unwrap();
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(said.err.contains("permissions"), "{}", said.err);
    }
}

/// While another process holds a database, a parcel arrives.
#[track_caller]
fn a_parcel_while_locked(file: &str) {
    let mut world = World::served();
    let order = world.order(Link::Tag, &[("CUP", 1)]);
    let delivery = world.ship(&order, "UPS", UPS);
    let lock = rusqlite::Connection::open(world.data().join(file)).unwrap();
    lock.busy_timeout(Duration::from_secs(5)).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Shopify waits five seconds, then counts a failure.
    let (done, answered) = std::sync::mpsc::channel();
    let (address, path) = (world.address.unwrap(), world.webhook.clone());
    let posted = delivery.clone();
    let post = std::thread::spawn(move || {
        let answer = http::request(address, "POST", &path, &posted.headers, &posted.body);
        let _late = done.send(answer.map(|(status, _)| status));
    });
    let status = answered.recv_timeout(Duration::from_secs(5));
    drop(lock);
    post.join().unwrap();
    // The other database takes it meanwhile.
    assert_eq!(status, Ok(Some(200)), "{file} locked, answered within five seconds");
    world.wait(&order, &["visible"]);
    assert_eq!(world.shown(&order), [format!("{UPS} UPS 1 in 1")], "{file}");
    assert_eq!(world.serve.as_mut().unwrap().terminate().code(), Some(0));
}

#[test]
fn law_1_a_locked_ledger_costs_neither_the_delivery_nor_the_senders_patience() {
    a_parcel_while_locked("ledger.db");
}

#[test]
fn law_1_a_locked_queue_costs_neither_the_delivery_nor_the_senders_patience() {
    a_parcel_while_locked("queue.db");
}

#[test]
fn law_1_a_full_disk_is_told_to_the_sender_and_what_was_taken_is_not_lost() {
    let mut world = World::served();
    world.serve.take().unwrap().terminate();
    let sizes = std::fs::read_dir(world.data()).unwrap().map(|f| f.unwrap().metadata().unwrap().len());
    let blocks = sizes.max().unwrap() / 1024 + 200;
    // A file may not grow beyond this: writing fails as on a full disk.
    let mut shell = Command::new("bash");
    shell.current_dir(world.data()).stdin(std::process::Stdio::null());
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "bash"]);
    let command = world.command(&["serve"]);
    shell.arg(command.get_program()).args(command.get_args());
    world.start_by(shell);

    let (mut taken, mut refused) = (Vec::new(), 0);
    for n in 0..300_u64 {
        let order = 9_100_000_000_000_001 + n;
        let lines: Vec<Value> = (0..400)
            .map(|l| json!({"id": order * 100 + l, "sku": format!("SKU-{n}-{l}"), "quantity": 1}))
            .collect();
        let body = json!({
            "id": order + 500_000, "order_id": order, "status": "success", "created_at": "2026-01-05T10:00:00-05:00",
            "updated_at": "2026-01-05T10:00:00-05:00", "tracking_company": "UPS", "tracking_numbers": [UPS],
            "line_items": lines,
        });
        match world.post_body("fulfillments/create", body.to_string().as_bytes()) {
            200 => taken.push(order),
            503 => refused += 1,
            other => panic!("{other} on a full disk"),
        }
        if refused == 3 {
            break;
        }
    }
    assert_eq!(refused, 3, "the disk never got full: {} deliveries", taken.len());
    let serve = world.serve.as_mut().unwrap();
    assert!(serve.ended().is_none(), "it goes on: {}", serve.err());
    until("a clear log", || {
        let log = serve.err();
        (log.contains("disk") && log.contains(".db")).then_some(())
    });
    assert_eq!(http::request(world.address.unwrap(), "GET", "/health", &[], b"").unwrap().0, 200);

    // Room was made.
    world.kill();
    world.time_passes_for_the_queue();
    world.start();
    until("what was taken to be worked on", || (world.queued() == 0).then_some(()));
    let known = world.ask(&["orders"]);
    for order in &taken {
        let order = order.to_string();
        let found = known.as_array().unwrap().iter().any(|row| row["store_order"] == order.as_str());
        assert!(found, "{order} was accepted and is not known, of {} taken", taken.len());
    }
    assert_eq!(world.dead_letters(), 0);
    let order = world.order(Link::Name, &[("CUP", 1)]);
    assert_eq!(world.post(&world.ship(&order, "UPS", UPS)), 200);
    world.wait(&order, &["visible"]);
}

#[test]
fn a_stopped_sandbox_is_waited_for_and_the_parcel_goes_out_afterwards() {
    let mut world = World::served();
    let order = world.order(Link::Source, &[("CUP", 1)]);
    let delivery = world.ship(&order, "UPS", UPS);
    for (at, operation) in [("shopify", "readOrder"), ("amazon", "getOrder"), ("amazon", "confirmShipment")] {
        let fault = json!({"operation": operation, "times": 1, "fault": "cut_before"});
        http::json(world.at, "POST", &format!("/{at}/_sandbox/faults"), &fault);
    }
    assert_eq!(world.post(&delivery), 200);
    world.wait(&order, &["visible"]);
    assert_eq!(world.shown(&order), [format!("{UPS} UPS 1 in 1")]);
    let out = world.serve.as_mut().unwrap().out();
    assert!(address_in(&out).ip().is_loopback());
}
