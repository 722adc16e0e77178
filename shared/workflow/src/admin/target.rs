//! Which marketplace accounts a person means by a command about mappings.

use domain::connection::Connection;
use domain::ids::{Account, MerchantId};

use super::{AdminError, connection_named};
use crate::mappings::Place;
use crate::world::World;

/// For which accounts a carrier mapping is meant. All empty: the only marketplace connection there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapTarget {
    /// One marketplace connection.
    pub connection: Option<String>,
    /// All of a merchant's connections of this kind.
    pub marketplace: Option<String>,
    /// Only those of that kind whose settings name this profile.
    pub profile: Option<String>,
    /// Whose, where a kind alone does not tell.
    pub merchant: Option<String>,
}

/// A place for mappings, and the accounts for which they decide.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub(super) place: Place,
    pub(super) connections: Vec<Connection>,
}

impl Reached {
    pub(super) fn accounts(&self) -> Vec<Account> {
        self.connections.iter().map(|connection| connection.account.clone()).collect()
    }
}

/// The place that a person means, and the accounts it reaches.
pub(super) async fn reached(world: &World, target: &MapTarget) -> Result<Reached, AdminError> {
    match (&target.connection, &target.marketplace) {
        (_, None) if target.profile.is_some() => Err(AdminError::Refused(
            "a profile belongs to one kind of marketplace: name it too, with --marketplace".into(),
        )),
        (Some(_), Some(_)) => Err(AdminError::Refused(
            "name a connection or a marketplace, not both: the one is for that account, the other for all"
                .into(),
        )),
        (None, Some(kind)) => {
            if world.connectors.marketplace(kind).is_none() {
                return Err(AdminError::NotFound(format!("there is no kind of marketplace called {kind:?}")));
            }
            let merchant = merchant_of_kind(world, kind, target.merchant.as_deref()).await?;
            let mut connections = world.connections().await?;
            connections.retain(|c| c.account.merchant == merchant && c.kind == *kind);
            let Some(profile) = &target.profile else {
                return Ok(Reached { place: Place::marketplace(merchant, kind), connections });
            };
            connections.retain(|c| c.carriers.profile.as_ref() == Some(profile));
            if connections.is_empty() {
                return Err(AdminError::NotFound(format!(
                    "no {kind} connection uses the profile {profile:?}: name it in its settings first, under carriers"
                )));
            }
            Ok(Reached { place: Place::profile(merchant, kind, profile), connections })
        }
        (name, None) => {
            let connection = marketplace_named(world, name.as_deref()).await?;
            Ok(Reached { place: Place::account(world, &connection), connections: vec![connection] })
        }
    }
}

/// The marketplace connection of this name; without a name the only one there is.
pub(super) async fn marketplace_named(world: &World, name: Option<&str>) -> Result<Connection, AdminError> {
    let is_marketplace = |c: &Connection| world.connectors.marketplace(&c.kind).is_some();
    let mut marketplaces: Vec<Connection> =
        world.connections().await?.into_iter().filter(is_marketplace).collect();
    let names = marketplaces.iter().map(|c| c.account.connection.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(name) = name {
        let connection = connection_named(world, name).await?;
        if is_marketplace(&connection) {
            return Ok(connection);
        }
        return Err(AdminError::Refused(format!(
            "{name} is a store; this belongs to a marketplace connection: {names}"
        )));
    }
    match (marketplaces.pop(), marketplaces.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => {
            Err(AdminError::Refused(format!("say for which account, with --account: {names}")))
        }
        (None, _) => Err(AdminError::Refused("no marketplace connection is configured yet".into())),
    }
}

async fn merchant_of_kind(world: &World, kind: &str, named: Option<&str>) -> Result<MerchantId, AdminError> {
    let mut merchants: Vec<MerchantId> = world
        .connections()
        .await?
        .into_iter()
        .filter(|c| c.kind == kind)
        .map(|c| c.account.merchant)
        .collect();
    merchants.dedup();
    let names = || merchants.iter().map(MerchantId::as_str).collect::<Vec<_>>().join(", ");
    if let Some(named) = named {
        let found = merchants.iter().find(|m| m.as_str() == named).cloned();
        return found.ok_or_else(|| {
            AdminError::NotFound(format!(
                "merchant {named:?} has no {kind} connection; those who have: {}",
                names()
            ))
        });
    }
    match merchants.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(AdminError::Refused(format!("no {kind} connection is configured yet"))),
        _ => Err(AdminError::Refused(format!("say for which merchant, with --merchant: {}", names()))),
    }
}
