//! `map` and `sku`.

use std::path::PathBuf;

use ::carriers::How;
use clap::{Args, Subcommand};
use workflow::admin::{self, Answered, ImportView, MapTarget, MapView, SkuView};
use workflow::mappings::NewMapping;

use super::carriers::{self, DryRunArgs};
use super::output::{or_dash, table};
use super::{Failure, Out, bytes_of, who};
use crate::system::Local;

/// For which accounts.
#[derive(Clone, Debug, Args)]
pub(super) struct Target {
    /// For this marketplace connection [default: the only one there is]
    #[arg(long, visible_alias = "connection", value_name = "CONNECTION", conflicts_with = "marketplace")]
    account: Option<String>,
    /// For all of a merchant's connections of this kind (amazon)
    #[arg(long, value_name = "KIND")]
    marketplace: Option<String>,
    /// Only for those of that kind whose settings name this profile
    #[arg(long, value_name = "NAME", requires = "marketplace")]
    profile: Option<String>,
    /// Whose, where several merchants have such connections
    #[arg(long)]
    merchant: Option<String>,
}

/// Which texts a mapping means.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Matching {
    /// The text letter by letter [default: case, spaces, punctuation and accents make no difference]
    #[arg(long, conflicts_with = "pattern")]
    exact: bool,
    /// In the text, * stands for anything
    #[arg(long)]
    pattern: bool,
}

impl From<Matching> for How {
    fn from(matching: Matching) -> Self {
        match matching {
            Matching { exact: true, .. } => Self::Exact,
            Matching { pattern: true, .. } => Self::Pattern,
            Matching { .. } => Self::Folded,
        }
    }
}

impl From<Target> for MapTarget {
    fn from(target: Target) -> Self {
        let Target { account, marketplace, profile, merchant } = target;
        Self { connection: account, marketplace, profile, merchant }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum MapCommand {
    /// Say which code a carrier text means; releases the parcels that wait for it
    Set {
        /// The carrier as the store writes it
        text: String,
        /// The marketplace's code, letter by letter
        code: String,
        /// The carrier's name, only with the marketplace's word for other
        #[arg(long)]
        name: Option<String>,
        /// Send this service instead of the store's; an empty text sends none
        #[arg(long)]
        service: Option<String>,
        /// The code is not in our list, but your seller account offers it
        #[arg(long)]
        unlisted: bool,
        #[command(flatten)]
        matching: Matching,
        #[command(flatten)]
        target: Target,
    },
    /// Show all, or those that may decide for one account
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Take one out of force
    Remove {
        /// The carrier text
        text: String,
        #[command(flatten)]
        matching: Matching,
        #[command(flatten)]
        target: Target,
    },
    /// Take a CSV file over (`text,code,name,service,unlisted,match`): all of it or nothing
    Import {
        /// The file; - is the standard input
        file: PathBuf,
        #[command(flatten)]
        target: Target,
    },
    /// Print all of one target as CSV
    Export {
        #[command(flatten)]
        target: Target,
    },
    /// Name carrier texts that the stores have written and that would hold parcels; ends with 5 if there are any
    Lint {
        #[command(flatten)]
        target: Target,
    },
    /// Show which parcels of the last 30 days a change would make go otherwise; nothing is written or called
    DryRun(DryRunArgs),
    /// Name codes near a carrier text, and what the built-in names say of it
    Suggest {
        /// The carrier as the store writes it
        text: String,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SkuCommand {
    /// Say what a store's SKU is called at the marketplace; releases the parcels that wait for it
    Set {
        /// The SKU at the store
        store_sku: String,
        /// The SKU at the marketplace
        marketplace_sku: String,
        #[command(flatten)]
        account: SkuAccount,
    },
    /// Show all, or those of one account
    List {
        #[command(flatten)]
        account: SkuAccount,
    },
    /// Take one out
    Remove {
        /// The SKU at the store
        store_sku: String,
        #[command(flatten)]
        account: SkuAccount,
    },
    /// Take a CSV file over (`store_sku,marketplace_sku`): all of it or nothing
    Import {
        /// The file; - is the standard input
        file: PathBuf,
        #[command(flatten)]
        account: SkuAccount,
    },
}

/// For which account.
#[derive(Clone, Debug, Args)]
pub(super) struct SkuAccount {
    /// The marketplace connection [default: the only one there is]
    #[arg(long, visible_alias = "connection", value_name = "CONNECTION")]
    account: Option<String>,
}

/// Whose parcels are looked at again, and how many of them have a code now.
fn released<T>(done: &Answered<T>) -> String {
    let have_a_code = match done.released_parcels {
        None | Some(0) => String::new(),
        Some(1) => "1 held parcel has a code now. ".to_owned(),
        Some(many) => format!("{many} held parcels have a code now. "),
    };
    format!("{have_a_code}What waited for it at {} is looked at again.", done.released.join(", "))
}

pub(super) async fn map(local: &Local, command: MapCommand, out: &mut Out) -> Result<(), Failure> {
    let world = &local.world;
    match command {
        MapCommand::Set { text, code, name, service, unlisted, matching, target } => {
            let new = NewMapping { text, how: matching.into(), code, name, service, unlisted };
            let done = admin::map_set(world, &target.into(), new, &who()).await?;
            out.answer(&done, |_| told_mapping("Set", &done));
        }
        MapCommand::Remove { text, matching, target } => {
            let done = admin::map_remove(world, &target.into(), (&text, matching.into()), &who()).await?;
            out.answer(&done, |_| told_mapping("Removed", &done));
        }
        MapCommand::Import { file, target } => {
            let done = admin::map_import(world, &target.into(), &bytes_of(&file)?, &who()).await?;
            out.answer(&done, |_| told_import(&done));
        }
        MapCommand::Lint { target } => carriers::lint(local, target.into(), out).await?,
        MapCommand::DryRun(args) => carriers::dry_run(local, args, out).await?,
        MapCommand::Suggest { text, target } => carriers::suggest(local, &text, target.into(), out).await?,
        MapCommand::List { target } => {
            let all = admin::map_list(world, &target.into()).await?;
            out.answer(&all, |width| mapping_table(&all, width));
        }
        MapCommand::Export { target } => {
            let target: MapTarget = target.into();
            if out.is_json() {
                let all = admin::map_list(world, &target).await?;
                out.answer(&all, |_| String::new());
            } else {
                let csv = admin::map_export(world, &target).await?;
                out.raw(&csv);
            }
        }
    }
    Ok(())
}

fn told_mapping(what: &str, done: &Answered<MapView>) -> String {
    let m = &done.what;
    let name = m.name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
    let warning = m.warning.as_deref().map_or_else(String::new, |warning| format!("\nNote: {warning}"));
    let MapView { scope, text, code, version, .. } = m;
    format!("{what}: {text:?} is {code}{name} for {scope}, version {version}.\n{}{warning}", released(done))
}

fn told_import(done: &Answered<ImportView>) -> String {
    let ImportView { changed, unchanged } = done.what;
    format!("{changed} changed, {unchanged} as before.\n{}", released(done))
}

fn mapping_table(all: &[MapView], width: usize) -> String {
    if all.is_empty() {
        return "No carrier is mapped: the built-in names decide.".to_owned();
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|m| {
            let mut notes: Vec<String> = Vec::new();
            notes.extend(m.name.as_ref().map(|name| format!("named {name:?}")));
            notes.extend(m.service.as_ref().map(|service| format!("service {service:?}")));
            notes.extend((m.how != How::Folded.as_str()).then(|| m.how.to_owned()));
            notes.extend(m.unlisted.then(|| "unlisted".to_owned()));
            notes.push(format!("by {}", m.set_by));
            vec![m.scope.clone(), m.text.clone(), m.code.clone(), m.version.to_string(), notes.join(", ")]
        })
        .collect();
    table(&["FOR", "TEXT", "CODE", "VERSION", "NOTES"], &rows, width)
}

pub(super) async fn sku(local: &Local, command: SkuCommand, out: &mut Out) -> Result<(), Failure> {
    let world = &local.world;
    match command {
        SkuCommand::Set { store_sku, marketplace_sku, account } => {
            let of = account.account.as_deref();
            let done = admin::sku_set(world, of, &store_sku, &marketplace_sku, &who()).await?;
            out.answer(&done, |_| told_sku("Set", &done));
        }
        SkuCommand::Remove { store_sku, account } => {
            let done = admin::sku_remove(world, account.account.as_deref(), &store_sku, &who()).await?;
            out.answer(&done, |_| told_sku("Removed", &done));
        }
        SkuCommand::Import { file, account } => {
            let of = account.account.as_deref();
            let done = admin::sku_import(world, of, &bytes_of(&file)?, &who()).await?;
            out.answer(&done, |_| told_import(&done));
        }
        SkuCommand::List { account } => {
            let all = admin::sku_list(world, account.account.as_deref()).await?;
            out.answer(&all, |width| sku_table(&all, width));
        }
    }
    Ok(())
}

fn told_sku(what: &str, done: &Answered<SkuView>) -> String {
    let SkuView { connection, store_sku, marketplace_sku, version, .. } = &done.what;
    format!(
        "{what}: {store_sku} at the store is {marketplace_sku} at {connection}, version {version}.\n{}",
        released(done)
    )
}

fn sku_table(all: &[SkuView], width: usize) -> String {
    if all.is_empty() {
        return "No SKU is mapped: equal SKUs are taken for the same product.".to_owned();
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|s| {
            vec![
                s.connection.clone(),
                s.store_sku.clone(),
                s.marketplace_sku.clone(),
                s.version.to_string(),
                or_dash(Some(&s.set_by)),
            ]
        })
        .collect();
    table(&["ACCOUNT", "STORE SKU", "MARKETPLACE SKU", "VERSION", "BY"], &rows, width)
}
