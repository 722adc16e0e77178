//! Answers to what was asked: mappings of carriers and SKUs. Each releases everything held for its cause (law 3).

use carriers::How;
use domain::connection::Connection;
use domain::ids::{Account, MerchantId, Sku};
use jiff::Timestamp;
use serde::Serialize;

use super::carriers::would_release;
use super::target::{MapTarget, marketplace_named, reached};
use super::{AdminError, look};
use crate::mappings::{self, Imported, InForce, MappingError, NewMapping, Overlay, Past, Reach, SkuMapping};
use crate::message::Look;
use crate::world::World;

/// A carrier mapping, as `map list` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapView {
    /// Whose it is.
    pub merchant: String,
    /// What it reaches: `account:<connection>` or `marketplace:<kind>`.
    pub scope: String,
    /// The carrier text, as it was written.
    pub text: String,
    /// Which texts it means: `folded`, `exact` or `pattern`.
    pub how: &'static str,
    /// The marketplace's code.
    pub code: String,
    /// The carrier's name, only with the marketplace's word for *other*.
    pub name: Option<String>,
    /// The service sent instead of the store's; empty: none is sent.
    pub service: Option<String>,
    /// The code is not in our list.
    pub unlisted: bool,
    /// Counts up with every change.
    pub version: u32,
    /// When it was set.
    pub set_at: Option<Timestamp>,
    /// By whom.
    pub set_by: String,
    /// What it costs the merchant, if anything.
    pub warning: Option<String>,
    /// What was said before, oldest first.
    pub past: Vec<Past>,
}

impl MapView {
    fn of(merchant: &MerchantId, row: InForce, kind: &str, country: Option<&str>) -> Self {
        let mapping = row.mapping;
        Self {
            merchant: merchant.to_string(),
            scope: row.reach.to_string(),
            warning: mapping.warning(kind, country),
            text: mapping.text,
            how: mapping.how.as_str(),
            past: row.past,
            code: mapping.code,
            name: mapping.name,
            service: mapping.service,
            unlisted: mapping.unlisted,
            version: mapping.version,
            set_at: mapping.set_at,
            set_by: mapping.set_by,
        }
    }
}

/// A SKU of a marketplace account, as `sku list` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkuView {
    /// Whose it is.
    pub merchant: String,
    /// The marketplace connection.
    pub connection: String,
    /// The SKU at the store.
    pub store_sku: String,
    /// The SKU at the marketplace.
    pub marketplace_sku: String,
    /// Counts up with every change.
    pub version: u32,
    /// When it was set.
    pub set_at: Timestamp,
    /// By whom.
    pub set_by: String,
}

impl From<SkuMapping> for SkuView {
    fn from(row: SkuMapping) -> Self {
        Self {
            merchant: row.account.merchant.to_string(),
            connection: row.account.connection.to_string(),
            store_sku: row.store_sku.into(),
            marketplace_sku: row.marketplace_sku.into(),
            version: row.version,
            set_at: row.set_at,
            set_by: row.set_by,
        }
    }
}

/// What was stored, and whose held parcels are looked at again because of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answered<T> {
    /// What was stored.
    #[serde(flatten)]
    pub what: T,
    /// The marketplace connections whose held parcels are looked at again.
    pub released: Vec<String>,
    /// Held parcels among them that have a code now. Absent where that is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_parcels: Option<usize>,
}

/// Counts of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ImportView {
    /// Lines that changed something.
    pub changed: usize,
    /// Lines that said what was known.
    pub unchanged: usize,
}

impl From<Imported> for ImportView {
    fn from(done: Imported) -> Self {
        Self { changed: done.changed, unchanged: done.unchanged }
    }
}

/// Has everything of these accounts that waits for an answer looked at again.
///
/// # Errors
/// The queue does not take it.
pub async fn answered(world: &World, accounts: &[Account]) -> Result<Vec<String>, AdminError> {
    for account in accounts {
        look(world, Look::Answered { account: account.clone() }).await?;
    }
    Ok(accounts.iter().map(|account| account.connection.to_string()).collect())
}

/// Keeps a carrier mapping, and releases what waited for it.
///
/// # Errors
/// See [`AdminError`].
pub async fn map_set(
    world: &World,
    target: &MapTarget,
    new: NewMapping,
    by: &str,
) -> Result<Answered<MapView>, AdminError> {
    let reached = reached(world, target).await?;
    let place = &reached.place;
    let wanted = mappings::checked(place, new.clone(), by, world.now())?;
    let overlay = Overlay::new(place.reach.clone(), [wanted]);
    let parcels = would_release(world, &reached.connections, &overlay).await?;
    let row = mappings::set(world.ledger.as_ref(), place, new, by, world.now()).await?;
    let what = MapView::of(&place.merchant, row, &place.kind, place.country);
    let released = answered(world, &reached.accounts()).await?;
    Ok(Answered { what, released, released_parcels: Some(parcels) })
}

/// Takes a carrier mapping out of force. What was held for another rule's sake is looked at again.
///
/// # Errors
/// See [`AdminError`]: not found, if there is none.
pub async fn map_remove(
    world: &World,
    target: &MapTarget,
    (text, how): (&str, How),
    by: &str,
) -> Result<Answered<MapView>, AdminError> {
    let reached = reached(world, target).await?;
    let place = &reached.place;
    let removed = mappings::remove(world.ledger.as_ref(), place, (text, how), by, world.now()).await?;
    let row = removed.ok_or_else(|| AdminError::no_mapping(text, how, &place.reach))?;
    let what = MapView::of(&place.merchant, row, &place.kind, place.country);
    let released = answered(world, &reached.accounts()).await?;
    Ok(Answered { what, released, released_parcels: None })
}

/// Every carrier mapping in force; with a target only those that may decide there.
///
/// # Errors
/// See [`AdminError`].
pub async fn map_list(world: &World, target: &MapTarget) -> Result<Vec<MapView>, AdminError> {
    let connections = world.connections().await?;
    let only =
        if *target == MapTarget::default() || target.connection.is_none() && target.marketplace.is_none() {
            None
        } else {
            Some(reached(world, target).await?.place)
        };
    // What decides for an account is also what its profile says.
    let profile = only.as_ref().and_then(|place| {
        let Reach::Account(id) = &place.reach else { return None };
        let connection = connections.iter().find(|c| c.account.connection == *id)?;
        let name = connection.carriers.profile.clone()?;
        Some(Reach::Profile { kind: place.kind.clone(), name })
    });
    let mut merchants: Vec<&MerchantId> = connections.iter().map(|c| &c.account.merchant).collect();
    merchants.dedup();
    let mut all = Vec::new();
    for merchant in merchants {
        let wanted = only.as_ref().map_or_else(
            || target.merchant.as_deref().is_none_or(|m| m == merchant.as_str()),
            |place| place.merchant == *merchant,
        );
        if !wanted {
            continue;
        }
        for row in mappings::list(world.ledger.as_ref(), merchant, None).await? {
            let decides = only.as_ref().is_none_or(|place| {
                row.reach == place.reach
                    || row.reach == Reach::Marketplace(place.kind.clone())
                    || profile.as_ref().is_some_and(|profile| row.reach == *profile)
            });
            if decides {
                let kind = kind_of(&row.reach, &connections).unwrap_or_default();
                all.push(MapView::of(merchant, row, &kind, None));
            }
        }
    }
    Ok(all)
}

fn kind_of(reach: &Reach, connections: &[Connection]) -> Option<String> {
    match reach {
        Reach::Marketplace(kind) | Reach::Profile { kind, .. } => Some(kind.clone()),
        Reach::Account(id) => {
            connections.iter().find(|c| c.account.connection == *id).map(|c| c.kind.clone())
        }
    }
}

/// Takes a file of carrier mappings over, all or nothing, and releases what waited for them.
///
/// # Errors
/// See [`AdminError`]; a wrong line is reported with all others.
pub async fn map_import(
    world: &World,
    target: &MapTarget,
    file: &[u8],
    by: &str,
) -> Result<Answered<ImportView>, AdminError> {
    let reached = reached(world, target).await?;
    let (place, ledger, now) = (&reached.place, world.ledger.as_ref(), world.now());
    let mappings = mappings::read_file(ledger, place, file, by, now).await?;
    let overlay = Overlay::new(place.reach.clone(), mappings.iter().cloned());
    let parcels = would_release(world, &reached.connections, &overlay).await?;
    let done = mappings::store(ledger, place, &mappings, now).await?;
    let released = answered(world, &reached.accounts()).await?;
    Ok(Answered { what: done.into(), released, released_parcels: Some(parcels) })
}

/// The carrier mappings of one target as CSV.
///
/// # Errors
/// See [`AdminError`].
pub async fn map_export(world: &World, target: &MapTarget) -> Result<String, AdminError> {
    let place = reached(world, target).await?.place;
    Ok(mappings::export(world.ledger.as_ref(), &place).await?)
}

fn sku(text: &str) -> Result<Sku, AdminError> {
    Sku::try_from(text.trim()).map_err(|error| AdminError::Mapping(MappingError::BadId(error)))
}

/// Says what a store SKU is called at a marketplace account, and releases what waited for it.
///
/// # Errors
/// See [`AdminError`].
pub async fn sku_set(
    world: &World,
    connection: Option<&str>,
    store_sku: &str,
    marketplace_sku: &str,
    by: &str,
) -> Result<Answered<SkuView>, AdminError> {
    let account = marketplace_named(world, connection).await?.account;
    let (store_sku, marketplace_sku) = (sku(store_sku)?, sku(marketplace_sku)?);
    let ledger = world.ledger.as_ref();
    let row = mappings::sku_set(ledger, &account, &store_sku, &marketplace_sku, by, world.now()).await?;
    Ok(Answered { what: row.into(), released: answered(world, &[account]).await?, released_parcels: None })
}

/// Takes a store SKU out of an account's map.
///
/// # Errors
/// See [`AdminError`]: not found, if it is not in it.
pub async fn sku_remove(
    world: &World,
    connection: Option<&str>,
    store_sku: &str,
    by: &str,
) -> Result<Answered<SkuView>, AdminError> {
    let account = marketplace_named(world, connection).await?.account;
    let removed =
        mappings::sku_remove(world.ledger.as_ref(), &account, &sku(store_sku)?, by, world.now()).await?;
    let row = removed.ok_or_else(|| {
        AdminError::NotFound(format!("the SKU map of {} has no {store_sku:?}", account.connection))
    })?;
    Ok(Answered { what: row.into(), released: answered(world, &[account]).await?, released_parcels: None })
}

/// The SKU maps of all marketplace accounts, or of one.
///
/// # Errors
/// See [`AdminError`].
pub async fn sku_list(world: &World, connection: Option<&str>) -> Result<Vec<SkuView>, AdminError> {
    let accounts: Vec<Account> = match connection {
        Some(name) => vec![marketplace_named(world, Some(name)).await?.account],
        None => world.connections().await?.into_iter().map(|c| c.account).collect(),
    };
    let mut all = Vec::new();
    for account in accounts {
        let rows = mappings::sku_list(world.ledger.as_ref(), &account).await?;
        all.extend(rows.into_iter().map(SkuView::from));
    }
    Ok(all)
}

/// Takes a file of SKUs over, all or nothing, and releases what waited for them.
///
/// # Errors
/// See [`AdminError`]; a wrong line is reported with all others.
pub async fn sku_import(
    world: &World,
    connection: Option<&str>,
    file: &[u8],
    by: &str,
) -> Result<Answered<ImportView>, AdminError> {
    let account = marketplace_named(world, connection).await?.account;
    let done = mappings::sku_import(world.ledger.as_ref(), &account, file, by, world.now()).await?;
    Ok(Answered { what: done.into(), released: answered(world, &[account]).await?, released_parcels: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::AdminErrorKind;
    use crate::admin::testing::Bench;

    fn new(text: &str, code: &str) -> NewMapping {
        NewMapping { text: text.into(), code: code.into(), ..NewMapping::default() }
    }

    fn of(connection: &str) -> MapTarget {
        MapTarget { connection: Some(connection.into()), ..MapTarget::default() }
    }

    fn released(bench: &Bench) -> Vec<String> {
        let name =
            |look| if let Look::Answered { account } = look { account.to_string() } else { String::new() };
        bench.looks().into_iter().map(name).collect()
    }

    #[test]
    fn law_3_an_answer_releases_the_accounts_it_reaches_and_no_other() {
        let bench = Bench::new();
        for (merchant, id) in [("m", "us"), ("m", "de"), ("n", "fr")] {
            bench.marketplace(merchant, id);
        }
        bench.store("m", "shop");
        let world = &bench.world;
        bench.run(map_set(world, &of("us"), new("Zephyr", "UPS"), "t")).unwrap();
        assert_eq!(released(&bench), ["m/us"]);
        // The same again: whoever could not send it the first time tries so.
        bench.run(map_set(world, &of("us"), new("Zephyr", "UPS"), "t")).unwrap();
        assert_eq!(released(&bench), ["m/us"]);
        let all = MapTarget {
            marketplace: Some("amazon".into()),
            merchant: Some("m".into()),
            ..MapTarget::default()
        };
        let done = bench.run(map_set(world, &all, new("Zephyr", "UPS"), "t")).unwrap();
        assert_eq!(done.released, ["de", "us"]);
        assert_eq!(released(&bench), ["m/de", "m/us"]);
        bench.run(map_import(world, &all, b"text,code\nOwl,UPS\n", "t")).unwrap();
        assert_eq!(released(&bench), ["m/de", "m/us"]);
        bench.run(map_remove(world, &all, ("owl", How::Folded), "t")).unwrap();
        assert_eq!(released(&bench), ["m/de", "m/us"]);
        bench.run(sku_set(world, Some("fr"), "A", "B", "t")).unwrap();
        assert_eq!(released(&bench), ["n/fr"]);
        bench.run(sku_import(world, Some("de"), b"store_sku,marketplace_sku\nA,B\n", "t")).unwrap();
        assert_eq!(released(&bench), ["m/de"]);
        let listed = bench.run(map_list(world, &of("de"))).unwrap();
        assert_eq!(listed.iter().map(|m| m.scope.as_str()).collect::<Vec<_>>(), ["marketplace:amazon"]);
        assert_eq!(bench.run(map_list(world, &MapTarget::default())).unwrap().len(), 2);
        assert!(bench.run(map_list(world, &of("fr"))).unwrap().is_empty());
        assert_eq!(bench.run(sku_list(world, None)).unwrap().len(), 2);
    }

    #[test]
    fn a_refused_answer_stores_and_releases_nothing_and_says_what_to_do() {
        let bench = Bench::new();
        bench.store("m", "shop");
        let world = &bench.world;
        let fails = |target: MapTarget, says: &str, kind| {
            let error = bench.run(map_set(world, &target, new("Zephyr", "Fedex"), "t")).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert_eq!(error.kind(), kind, "{error}");
        };
        fails(MapTarget::default(), "no marketplace connection", AdminErrorKind::Refused);
        bench.marketplace("m", "us");
        fails(MapTarget::default(), "near it: FedEx", AdminErrorKind::Refused);
        fails(of("shop"), "is a store", AdminErrorKind::Refused);
        fails(of("uss"), "there is no connection \"uss\"", AdminErrorKind::NotFound);
        bench.marketplace("n", "de");
        fails(MapTarget::default(), "say for which account, with --account: us, de", AdminErrorKind::Refused);
        let kind = |kind: &str| MapTarget { marketplace: Some(kind.into()), ..MapTarget::default() };
        fails(kind("amazon"), "with --merchant: m, n", AdminErrorKind::Refused);
        fails(kind("etsy"), "etsy", AdminErrorKind::NotFound);
        let missing = bench.run(map_remove(world, &of("us"), ("Owl", How::Folded), "t")).unwrap_err();
        assert_eq!(missing.kind(), AdminErrorKind::NotFound);
        let import = bench.run(map_import(world, &of("us"), b"text,code\nA,UPS\nB,\nC,\n", "t")).unwrap_err();
        assert!(import.to_string().contains("line 3") && import.to_string().contains("line 4"), "{import}");
        assert!(released(&bench).is_empty());
        assert!(bench.run(map_list(world, &MapTarget::default())).unwrap().is_empty());
    }
}
