//! The rules of the tree: who may see whom, and how large a file may grow.

mod layout;
mod rooms;

use std::collections::BTreeSet;

use rooms::{Room, Tree};

/// Rooms without any outside: everything may use them, they use only each other.
const PURE: [&str; 3] = ["domain", "carriers", "signatures"];

/// Crates that reach outside or bring a runtime along; no pure room has them, not even through others.
const OUTSIDE: [&str; 14] = [
    "aws-",
    "lambda_",
    "http",
    "hyper",
    "tokio",
    "reqwest",
    "rustls",
    "ring",
    "axum",
    "rusqlite",
    "dynoxide",
    "lettre",
    "async-trait",
    "futures",
];

/// Crates of AWS. `shared/aws` alone imports them.
const AWS: [&str; 2] = ["aws-", "lambda_"];

/// What may use AWS crates beside `shared/aws`: the room, the crate's prefix, and why.
const AWS_ALSO: [(&str, &str, &str); 3] = [
    ("functions/", "lambda_", "a function runs on Lambda's runtime"),
    ("infra/local", "aws-smithy-", "the embedded database is reached through the SDK's own HTTP seam"),
    ("infra/local", "aws-sdk-dynamodb", "the embedded database creates its tables with the SDK's types"),
];

/// Who may use a runtime or an HTTP stack at first hand.
const RUNTIME: [&str; 5] = ["tokio", "reqwest", "hyper", "axum", "lettre"];
const RUNTIME_ROOMS: [&str; 4] = ["shared/connector-api", "shared/aws", "functions/", "infra/"];

/// Which of our rooms a room may use at first hand; the longest path that fits decides.
const MAY_USE: [(&str, &[&str]); 15] = [
    ("shared/domain", &[]),
    ("shared/carriers", &["domain"]),
    ("shared/signatures", &["domain"]),
    ("shared/ports", &["domain", "carriers", "signatures"]),
    ("shared/settings", &["domain", "carriers", "signatures", "ports"]),
    ("shared/connector-api", &["domain", "carriers", "signatures", "ports"]),
    ("shared/connectors/", &["domain", "carriers", "signatures", "ports", "connector-api"]),
    ("shared/registry", &["domain", "connector-api", "connector-"]),
    ("shared/workflow", &["domain", "carriers", "signatures", "ports", "connector-api"]),
    ("shared/aws", &["domain", "carriers", "signatures", "ports"]),
    ("shared/hosting", &["domain", "ports", "connector-api", "registry", "settings", "workflow", "aws"]),
    (
        "functions/",
        &["domain", "ports", "connector-api", "registry", "settings", "workflow", "aws", "hosting"],
    ),
    ("infra/sandbox", &["domain", "carriers", "signatures"]),
    (
        "infra/local",
        &[
            "domain",
            "carriers",
            "signatures",
            "ports",
            "connector-api",
            "registry",
            "settings",
            "workflow",
            "aws",
            "sandbox",
        ],
    ),
    ("tests", &[]),
];

/// Whether a crate is one of these, a name ending in a separator standing for all that begin with it.
fn is_of(name: &str, these: &[&str]) -> bool {
    these.iter().any(|this| name == *this || (this.ends_with(['-', '_']) && name.starts_with(this)))
}

fn may_use(room: &Room) -> Option<&'static [&'static str]> {
    let fitting = MAY_USE.iter().filter(|(path, _)| room.stands_in(path));
    fitting.max_by_key(|(path, _)| path.len()).map(|(_, may)| *may)
}

fn rooms_look_only_downwards(tree: &Tree) -> Vec<String> {
    let ours: BTreeSet<&str> = tree.rooms.iter().map(|room| room.name.as_str()).collect();
    let mut wrong = Vec::new();
    for room in &tree.rooms {
        let Some(may) = may_use(room) else {
            wrong.push(format!("{} ({}): no rule says what it may use", room.name, room.path));
            continue;
        };
        let used = room.uses.iter().filter(|name| ours.contains(name.as_str()));
        wrong.extend(used.filter(|name| !is_of(name, may)).map(|name| format!("{} uses {name}", room.name)));
    }
    wrong
}

fn pure_rooms_have_no_outside(tree: &Tree) -> Vec<String> {
    let pure = tree.rooms.iter().filter(|room| PURE.contains(&room.name.as_str()));
    pure.flat_map(|room| {
        let reached = tree.reached_from(&room.name);
        let outside: Vec<_> = reached.into_iter().filter(|name| is_of(name, &OUTSIDE)).collect();
        outside.into_iter().map(|name| format!("{} has {name} below it", room.name)).collect::<Vec<_>>()
    })
    .collect()
}

fn the_sdk_is_imported_in_one_place(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for room in tree.rooms.iter().filter(|room| room.path != "shared/aws") {
        for name in room.uses.iter().filter(|name| is_of(name, &AWS)) {
            let allowed =
                |(path, prefix, _): &(&str, &str, &str)| room.stands_in(path) && name.starts_with(prefix);
            if !AWS_ALSO.iter().any(allowed) {
                wrong.push(format!("{} imports {name}", room.name));
            }
        }
    }
    wrong
}

fn the_runtime_stays_at_the_edges(tree: &Tree) -> Vec<String> {
    let inner = tree.rooms.iter().filter(|room| !RUNTIME_ROOMS.iter().any(|path| room.stands_in(path)));
    inner
        .flat_map(|room| {
            let used = room.uses.iter().filter(|name| is_of(name, &RUNTIME));
            used.map(|name| format!("{} uses {name}", room.name))
        })
        .collect()
}

fn connectors_never_meet(tree: &Tree) -> Vec<String> {
    let connectors: Vec<_> = tree.rooms.iter().filter(|room| room.stands_in("shared/connectors/")).collect();
    let mut wrong = Vec::new();
    for room in
        tree.rooms.iter().filter(|room| room.stands_in("shared/connectors/") || room.name == "workflow")
    {
        let reached = tree.reached_from(&room.name);
        let met = connectors
            .iter()
            .filter(|other| other.name != room.name && reached.contains(other.name.as_str()));
        wrong.extend(met.map(|other| format!("{} reaches {}", room.name, other.name)));
        let far = ["registry", "aws", "settings", "sandbox", "parcelwire"];
        wrong.extend(
            far.iter()
                .filter(|far| reached.contains(**far))
                .map(|far| format!("{} reaches {far}", room.name)),
        );
    }
    wrong
}

fn shared_rooms_have_no_switches(tree: &Tree) -> Vec<String> {
    let shared = tree.rooms.iter().filter(|room| room.stands_in("shared/"));
    shared
        .filter(|room| !room.features.is_empty())
        .map(|r| format!("{} has features {:?}", r.name, r.features))
        .collect()
}

fn every_room_is_linted(tree: &Tree) -> Vec<String> {
    tree.rooms
        .iter()
        .filter(|room| !room.linted)
        .map(|room| format!("{}: [lints] workspace = true", room.name))
        .collect()
}

type Rule = fn(&Tree) -> Vec<String>;

const RULES: [(&str, Rule); 7] = [
    ("downwards", rooms_look_only_downwards),
    ("pure", pure_rooms_have_no_outside),
    ("sdk", the_sdk_is_imported_in_one_place),
    ("runtime", the_runtime_stays_at_the_edges),
    ("apart", connectors_never_meet),
    ("switches", shared_rooms_have_no_switches),
    ("linted", every_room_is_linted),
];

fn broken_rules(tree: &Tree) -> Vec<(&'static str, Vec<String>)> {
    RULES.iter().map(|(name, rule)| (*name, rule(tree))).filter(|(_, wrong)| !wrong.is_empty()).collect()
}

#[test]
fn dependencies_point_down_only() {
    assert_eq!(broken_rules(&Tree::of_workspace()), []);
}

#[test]
fn every_rule_of_the_tree_catches_what_breaks_it() {
    // (rule, room, what it takes up, what the rule says)
    let cases = [
        ("downwards", "domain", "ports", "domain uses ports"),
        ("downwards", "carriers", "signatures", "carriers uses signatures"),
        ("downwards", "workflow", "registry", "workflow uses registry"),
        ("downwards", "workflow", "connector-amazon", "workflow uses connector-amazon"),
        ("downwards", "aws", "workflow", "aws uses workflow"),
        ("downwards", "sync-order", "connector-amazon", "sync-order uses connector-amazon"),
        ("downwards", "sync-order", "sandbox", "sync-order uses sandbox"),
        ("downwards", "sandbox", "workflow", "sandbox uses workflow"),
        ("downwards", "stories", "workflow", "stories uses workflow"),
        ("pure", "domain", "tokio", "domain has tokio below it"),
        ("pure", "signatures", "reqwest", "signatures has reqwest below it"),
        ("pure", "carriers", "ports", "carriers has async-trait below it"),
        ("sdk", "workflow", "aws-sdk-sqs", "workflow imports aws-sdk-sqs"),
        ("sdk", "connector-shopify", "aws-config", "connector-shopify imports aws-config"),
        ("sdk", "parcelwire", "aws-sdk-ses", "parcelwire imports aws-sdk-ses"),
        ("sdk", "sync-order", "aws-sdk-sqs", "sync-order imports aws-sdk-sqs"),
        ("sdk", "sandbox", "lambda_runtime", "sandbox imports lambda_runtime"),
        ("runtime", "connector-amazon", "reqwest", "connector-amazon uses reqwest"),
        ("runtime", "workflow", "tokio", "workflow uses tokio"),
        ("runtime", "ports", "tokio", "ports uses tokio"),
        ("apart", "connector-amazon", "connector-shopify", "connector-amazon reaches connector-shopify"),
        ("apart", "connector-api", "aws", "connector-amazon reaches aws"),
        ("apart", "ports", "registry", "workflow reaches connector-amazon"),
    ];
    let tree = Tree::of_workspace();
    for (rule, room, takes, says) in cases {
        let mut tree = tree.clone();
        tree.take_up(room, takes);
        assert_said(&tree, rule, says);
    }
    let mut strange = tree.clone();
    strange.room("domain").path = "elsewhere/domain".into();
    assert_said(&strange, "downwards", "no rule says");
    let mut switched = tree.clone();
    switched.room("ports").features.push("fast".into());
    assert_said(&switched, "switches", "ports has features");
    let mut unlinted = tree;
    unlinted.room("ports").linted = false;
    assert_said(&unlinted, "linted", "ports:");
}

fn assert_said(tree: &Tree, rule: &str, says: &str) {
    let broken = broken_rules(tree);
    let said = broken.iter().any(|(name, wrong)| *name == rule && wrong.iter().any(|w| w.contains(says)));
    assert!(said, "{rule} did not say {says:?}: {broken:?}");
}
