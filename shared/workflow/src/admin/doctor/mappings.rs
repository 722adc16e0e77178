//! Whether every carrier that the stores write has a code.

use connector_api::Check;
use domain::connection::Connection;

use crate::admin::carriers::map_lint;
use crate::admin::target::MapTarget;
use crate::admin::{AdminError, Lint};
use crate::world::World;

/// Texts named in one line; `map lint` names them all.
const NAMED: usize = 3;

/// What `map lint` would find for the connections that are examined; nothing if no marketplace is among them.
pub(super) async fn check(world: &World, only: Option<&str>, connections: &[Connection]) -> Option<Check> {
    let is_marketplace = |connection: &Connection| world.connectors.marketplace(&connection.kind).is_some();
    if !connections.iter().any(is_marketplace) {
        return None;
    }
    let target = MapTarget { connection: only.map(str::to_owned), ..MapTarget::default() };
    Some(match map_lint(world, &target).await {
        Ok(lint) => judge(&lint),
        Err(AdminError::Ledger(error)) => {
            Check::bad(CHECK, error.to_string(), "see what the ledger's check says")
        }
        Err(error) => Check::warning(CHECK, error.to_string(), "`parcelwire map lint` says more"),
    })
}

const CHECK: &str = "mappings";
const MEND: &str = "`parcelwire map lint` lists them, each with the command that mends it";

fn judge(lint: &Lint) -> Check {
    let (held, outdated) = (lint.texts.len(), lint.outdated.len());
    let mut parts = Vec::new();
    if held > 0 {
        let named: Vec<String> = lint
            .texts
            .iter()
            .take(NAMED)
            .map(|held| format!("{:?}", held.text.as_deref().unwrap_or("")))
            .collect();
        let dots = if held > NAMED { " …" } else { "" };
        parts.push(format!(
            "{held} carrier texts that stores write would hold parcels: {}{dots}",
            named.join(", ")
        ));
    }
    if outdated > 0 {
        parts.push(format!("{outdated} mappings name a code that is accepted no more"));
    }
    if parts.is_empty() {
        return Check::good(CHECK, "every carrier text seen in the stores has a code");
    }
    Check::warning(CHECK, parts.join("; "), MEND)
}
