//! The workspace as rooms and what they use, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::template::load::workspace;

/// One crate of ours.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) name: String,
    /// Its folder, from the workspace's root.
    pub(super) path: String,
    /// Crates it uses at first hand, those for its tests left out.
    pub(super) uses: BTreeSet<String>,
    pub(super) features: Vec<String>,
    /// Whether it takes the workspace's lints.
    pub(super) linted: bool,
}

impl Room {
    /// Whether it is at this path, or below it where the path ends in a slash.
    pub(super) fn stands_in(&self, path: &str) -> bool {
        self.path == path || (path.ends_with('/') && self.path.starts_with(path))
    }
}

/// All rooms, and what every crate below them uses.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) rooms: Vec<Room>,
    uses: BTreeMap<String, BTreeSet<String>>,
}

impl Tree {
    /// The tree as it is, for the machine this runs on and without the network.
    pub(super) fn of_workspace() -> Self {
        let host = host();
        let options = ["--offline", "--locked", "--filter-platform", &host].map(str::to_owned);
        let mut command = MetadataCommand::new();
        command.manifest_path(workspace().join("Cargo.toml")).other_options(options);
        // Resolving needs every crate of this platform at hand: whoever built this test has them.
        let metadata = command.exec().unwrap();
        Self { rooms: rooms(&metadata), uses: resolved(&metadata) }
    }

    /// Every crate that this one uses, at any hand.
    pub(super) fn reached_from(&self, name: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            for used in self.uses.get(name).into_iter().flatten() {
                if reached.insert(used.as_str()) {
                    open.push(used);
                }
            }
        }
        reached
    }

    pub(super) fn room(&mut self, name: &str) -> &mut Room {
        self.rooms.iter_mut().find(|room| room.name == name).unwrap_or_else(|| panic!("no room {name}"))
    }

    /// Makes a room use one crate more, to see who objects.
    pub(super) fn take_up(&mut self, room: &str, name: &str) {
        self.room(room).uses.insert(name.to_owned());
        self.uses.entry(room.to_owned()).or_default().insert(name.to_owned());
    }
}

/// The platform of this build, as the compiler names it.
fn host() -> String {
    let said = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn rooms(metadata: &Metadata) -> Vec<Room> {
    let packages = metadata.workspace_packages();
    let room = |package: &&cargo_metadata::Package| {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let folder = package.manifest_path.parent().unwrap();
        let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
        Room {
            name: package.name.to_string(),
            path: folder.strip_prefix(&metadata.workspace_root).unwrap().to_string(),
            uses: normal.map(|dependency| dependency.name.clone()).collect(),
            features: package.features.keys().cloned().collect(),
            linted: manifest
                .get("lints")
                .and_then(|l| l.get("workspace"))
                .is_some_and(|w| w.as_bool() == Some(true)),
        }
    };
    packages.iter().map(room).collect()
}

/// What each crate uses at first hand as resolved, by name: two versions of one crate count as one.
fn resolved(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let name = |id: &cargo_metadata::PackageId| metadata[id].name.to_string();
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in &metadata.resolve.as_ref().unwrap().nodes {
        let normal =
            node.deps.iter().filter(|d| d.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal));
        uses.entry(name(&node.id)).or_default().extend(normal.map(|dependency| name(&dependency.pkg)));
    }
    uses
}
