//! The first minute, and the second start.

use serde_json::Value;

use crate::http;
use crate::running::{Running, address_in, parcelwire, run, until};

#[test]
fn the_first_start_plays_one_parcel_and_the_second_does_not_play_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let serve = || Running::start(parcelwire(folder.path()).args(["--data", "d", "--port", "0"]));
    let orders = || {
        let mut command = parcelwire(folder.path());
        command.args(["orders", "--json", "--data", "d"]);
        run(command).json()
    };

    let mut first = serve();
    first.says("Ctrl-C stops it");
    let out = first.out();
    let address = address_in(&first.says("listens on"));
    assert!(address.ip().is_loopback() && address.port() != 0, "{address}");
    let settings = folder.path().join(first.says("settings   "));
    let webhook = first.says("webhooks   ");
    assert!(webhook.starts_with(&format!("http://{address}/webhooks/stores/shop-")), "{webhook}");
    assert_eq!(http::request(address, "GET", "/health", &[], b"").unwrap().0, 200);
    let text = std::fs::read_to_string(&settings).unwrap();
    assert!(text.contains("allow_base_urls"), "{text}");
    {
        use std::os::unix::fs::PermissionsExt as _;
        for path in [&settings, &folder.path().join("d")] {
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "others can read {}", path.display());
        }
    }
    let played = orders();
    assert_eq!(played.as_array().unwrap().len(), 1, "{out}");
    let order = played[0]["marketplace_order"].as_str().unwrap().to_owned();
    assert!(out.contains(&order), "{out}");
    until("the parcel to be visible", || (orders()[0]["state"] == "visible").then_some(()));
    let ended = first.terminate();
    assert_eq!(ended.code(), Some(0), "SIGTERM ends it cleanly: {}", first.err());

    let mut second = serve();
    let again = second.says("webhooks   ");
    let path = |url: &str| url.split_once("/webhooks").map(|(_, path)| path.to_owned());
    assert_eq!(path(&again), path(&webhook), "stores keep the address");
    let address = address_in(&second.says("listens on"));
    until("health", || http::request(address, "GET", "/health", &[], b"").filter(|(s, _)| *s == 200));
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(!second.out().contains("first parcel"), "{}", second.out());
    assert_eq!(orders().as_array().unwrap().len(), 1, "nothing is played again");
    let sandbox = address_in(&second.says("sandbox    "));
    let record = http::json(sandbox, "GET", "/amazon/_sandbox/record", &Value::Null);
    assert_eq!(record["effects"].as_array().unwrap().len(), 0, "nothing is confirmed again");
    assert_eq!(second.terminate().code(), Some(0));
}

#[test]
fn ctrl_c_during_the_first_parcel_ends_it_and_the_next_start_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let serve = || Running::start(parcelwire(folder.path()).args(["--data", "d", "--port", "0"]));
    let mut first = serve();
    first.says("listens on");
    let ended = first.terminate();
    assert_eq!(ended.code(), Some(0), "{}", first.err());
    let mut second = serve();
    second.says("webhooks   ");
    assert_eq!(second.terminate().code(), Some(0));
}
