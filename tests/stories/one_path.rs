//! One code path: what runs on AWS, on one machine and here is the same.

use std::fs;
use std::path::PathBuf;

fn source(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The one way into each use case, and the Lambda function that runs it.
const ENTRIES: [(&str, &[&str]); 6] = [
    ("functions/receive-store-webhook/src", &["receiver.receive("]),
    ("functions/receive-marketplace-notification/src", &["marketplaces.receive("]),
    ("functions/sync-order/src", &["sync::work("]),
    ("functions/poll-channels/src", &["poll::poll("]),
    ("functions/sweep/src", &["sweep::sweep("]),
    ("functions/send-alerts/src", &["alerts::tell("]),
];

/// All sources of a function, which may have more files than its `main.rs`.
fn function(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let files = fs::read_dir(&root).unwrap_or_else(|error| panic!("{path}: {error}"));
    files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn law_8_lambda_the_one_machine_system_and_the_tests_enter_by_the_same_handlers() {
    let local = source("infra/local/src/serve.rs");
    let stories = source("tests/stories/harness.rs");
    for (path, calls) in ENTRIES {
        let function = function(path);
        for call in calls {
            assert!(function.contains(call), "{path} does not call {call}…)");
            assert!(local.contains(call), "the one-machine system does not call {call}…)");
            assert!(stories.contains(call), "the stories do not call {call}…)");
        }
        let built_in = function.contains("Registry::default()") || function.contains("hosting::world(");
        assert!(built_in, "{path} brings connectors of its own");
    }
    // One machine has no queue that others write to.
    for place in [function("functions/sync-order/src"), stories] {
        assert!(place.contains("sync::pushed("));
    }
    for path in ["shared/hosting/src/lib.rs", "infra/local/src/system.rs", "tests/stories/harness.rs"] {
        assert!(source(path).contains("Registry::default()"), "{path} brings connectors of its own");
    }
}

#[test]
fn law_8_no_rule_knows_where_it_runs() {
    for path in [
        "shared/workflow/src",
        "shared/domain/src",
        "shared/connectors/amazon/src",
        "shared/connectors/shopify/src",
    ] {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
        let mut folders = vec![root];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let file = entry.unwrap().path();
                if file.is_dir() {
                    folders.push(file);
                    continue;
                }
                let text = fs::read_to_string(&file).unwrap_or_default();
                for sign in ["cfg!(", "AWS_LAMBDA", "cfg(not(test))", "cfg(feature"] {
                    assert!(!text.contains(sign), "{} asks where it runs: {sign}", file.display());
                }
            }
        }
    }
}
