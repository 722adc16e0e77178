//! What would hold parcels, before a parcel is held for it.

use std::collections::{BTreeMap, BTreeSet};

use carriers::{How, Scope, carriers_in, fold};
use domain::connection::Connection;
use domain::ids::{Account, MerchantId};
use domain::plan::CarrierKnown;
use jiff::Timestamp;
use ports::LedgerError;
use serde::Serialize;

use super::seen::{Gathered, Said, countries_of, gather, may_reach};
use super::unlisted::{UnlistedMapping, unlisted};
use super::{near, set_command};
use crate::admin::AdminError;
use crate::admin::target::{MapTarget, reached};
use crate::carrier::{Decider, For, Wording};
use crate::mappings::{self, InForce, Place, Reach};
use crate::share::since;
use crate::world::World;

/// A carrier text that stores have written, and that would hold parcels of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldText {
    /// Whose.
    pub merchant: String,
    /// The marketplace connection where it would be held.
    pub connection: String,
    /// In which of its countries (ISO 3166, lower case); empty while its countries are not known: then everywhere.
    pub countries: Vec<&'static str>,
    /// The carrier, as a store wrote it last.
    pub text: Option<String>,
    /// The service, likewise.
    pub service: Option<String>,
    /// `no_code`; `ambiguous`: it names several carriers; `mapping_refused`: its mapping's code is not accepted there.
    pub why: &'static str,
    /// Parcels of any order that it was seen on.
    pub seen: usize,
    /// Those of them that would be held: a number may settle what a text leaves open.
    pub held: usize,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// The store connections that wrote it.
    pub stores: Vec<String>,
    /// Codes near it, best first.
    pub suggestions: Vec<String>,
    /// The command that maps it, with the best suggestion; with `CODE` where there is none.
    pub command: String,
}

/// How many of an account's parcels went out under the word for other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OtherShare {
    /// Whose.
    pub merchant: String,
    /// The marketplace connection.
    pub connection: String,
    /// Parcels sent in the last 30 days.
    pub sent: u64,
    /// Those of them sent under the word for other.
    pub sent_as_other: u64,
    /// The share in percent, to a tenth.
    pub percent: f64,
}

/// A mapping that decides nothing any more: the marketplace would not take its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutdatedMapping {
    /// Whose it is.
    pub merchant: String,
    /// What it reaches, as in `map list`.
    pub scope: String,
    /// The carrier text.
    pub text: String,
    /// Which texts it means.
    pub how: &'static str,
    /// The code.
    pub code: String,
    /// What is wrong with it, and what to do.
    pub problem: String,
    /// The command that puts another code in its place.
    pub command: String,
}

/// What would hold parcels, and what else is doubtful about mappings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lint {
    /// Carrier texts that would hold parcels, most seen first.
    pub texts: Vec<HeldText>,
    /// The share of parcels sent as *other*, per account that sent any.
    pub other: Vec<OtherShare>,
    /// Mappings to codes outside our lists.
    pub unlisted: Vec<UnlistedMapping>,
    /// Mappings to codes that our lists do not have any more.
    pub outdated: Vec<OutdatedMapping>,
}

/// Names what would hold parcels at the marketplace accounts that `target` reaches; at all, if it names none.
///
/// Looks at every parcel in the records of the stores, also of orders that no marketplace knows. Nothing is written,
/// nobody is called.
///
/// # Errors
/// See [`AdminError`].
pub async fn map_lint(world: &World, target: &MapTarget) -> Result<Lint, AdminError> {
    let world = &world.looking_only();
    let all = world.connections().await?;
    let marketplaces = marketplaces(world, target, &all).await?;
    let in_force = in_force(world, &marketplaces).await?;
    let watched = in_force.iter().filter(|(_, known)| known.mapping.unlisted);
    let codes = watched.map(|(merchant, known)| (merchant.clone(), known.mapping.code.clone())).collect();
    let gathered = gather(world, &marketplaces, &codes, since(world.now())).await?;
    let mut decider = Decider::new(world, None);
    let mut texts = Vec::new();
    for connection in &marketplaces {
        let places = countries_of(world, connection, gathered.countries.get(&connection.account));
        let places = Places { connection, places };
        texts.extend(places.held_texts(&mut decider, &all, &gathered).await?);
    }
    texts.sort_by(|a, b| (b.held, &a.connection, &a.text).cmp(&(a.held, &b.connection, &b.text)));
    let outdated =
        in_force.iter().filter_map(|(merchant, known)| outdated(world, &marketplaces, merchant, known));
    Ok(Lint {
        texts,
        other: gathered.shares.iter().map(other_share).collect(),
        outdated: outdated.collect(),
        unlisted: unlisted(&mut decider, &in_force, &marketplaces, &gathered.sent).await?,
    })
}

/// The marketplace accounts that are asked about.
async fn marketplaces(
    world: &World,
    target: &MapTarget,
    all: &[Connection],
) -> Result<Vec<Connection>, AdminError> {
    if target.connection.is_some() || target.marketplace.is_some() || target.profile.is_some() {
        return Ok(reached(world, target).await?.connections);
    }
    let asked = |c: &&Connection| {
        world.connectors.marketplace(&c.kind).is_some()
            && target.merchant.as_deref().is_none_or(|merchant| merchant == c.account.merchant.as_str())
    };
    let found: Vec<Connection> = all.iter().filter(asked).cloned().collect();
    match &target.merchant {
        Some(merchant) if found.is_empty() => {
            Err(AdminError::NotFound(format!("merchant {merchant:?} has no marketplace connection")))
        }
        Some(_) | None => Ok(found),
    }
}

/// Every mapping in force that may decide for one of these accounts.
async fn in_force(
    world: &World,
    marketplaces: &[Connection],
) -> Result<Vec<(MerchantId, InForce)>, LedgerError> {
    let merchants: BTreeSet<&MerchantId> = marketplaces.iter().map(|c| &c.account.merchant).collect();
    let mut found = Vec::new();
    for merchant in merchants {
        let mine = || marketplaces.iter().filter(|c| c.account.merchant == *merchant);
        for known in mappings::list(world.ledger.as_ref(), merchant, None).await? {
            if mine().any(|connection| Reach::of(connection).contains(&known.reach)) {
                found.push((merchant.clone(), known));
            }
        }
    }
    Ok(found)
}

/// An account and the countries whose lists apply there; none if they are not known.
struct Places<'a> {
    connection: &'a Connection,
    places: Vec<&'static str>,
}

/// How a text fares in one country.
struct Hold {
    parcels: usize,
    asked: String,
    suggestions: Vec<String>,
}

impl Places<'_> {
    /// The texts that would be held at this account, one for all spellings of it.
    async fn held_texts(
        &self,
        decider: &mut Decider<'_>,
        all: &[Connection],
        gathered: &Gathered,
    ) -> Result<Vec<HeldText>, LedgerError> {
        let account = &self.connection.account;
        let mut rows: BTreeMap<(String, String), HeldText> = BTreeMap::new();
        for (store, texts) in &gathered.texts {
            let mine = all.iter().find(|c| c.account == *store && store.merchant == account.merchant);
            if !mine.is_some_and(|store| may_reach(store, &account.connection)) {
                continue;
            }
            for (wording, said) in texts {
                let Some(row) = self.held_text(decider, store, wording, said).await? else { continue };
                let part = |text: &Option<String>| text.as_deref().map(fold).unwrap_or_default();
                match rows.entry((part(&wording.text), part(&wording.service))) {
                    std::collections::btree_map::Entry::Vacant(free) => {
                        free.insert(row);
                    }
                    std::collections::btree_map::Entry::Occupied(mut known) => merge(known.get_mut(), row),
                }
            }
        }
        Ok(rows.into_values().collect())
    }

    async fn held_text(
        &self,
        decider: &mut Decider<'_>,
        store: &Account,
        wording: &Wording,
        said: &Said,
    ) -> Result<Option<HeldText>, LedgerError> {
        let known = !self.places.is_empty();
        let everywhere = carriers::countries(&self.connection.kind);
        let mut holds: Vec<(&'static str, Hold)> = Vec::new();
        for country in if known { &self.places } else { &everywhere } {
            match self.hold(decider, country, wording, said).await? {
                Some(hold) => holds.push((*country, hold)),
                // Where it is not known which country counts, only what none has a code for is a matter.
                None if !known => return Ok(None),
                None => {}
            }
        }
        let Some((_, first)) = holds.first() else { return Ok(None) };
        let account = &self.connection.account;
        let here = Reach::Account(account.connection.clone());
        let mapping = decider.said(self.connection, wording).await?.first();
        let why = why(mapping.is_some(), wording);
        // Of several carriers none is the better guess.
        let best = first.suggestions.first().filter(|_| why != "ambiguous").map(String::as_str);
        let command = match mapping {
            Some((Scope::Account, mapping)) => set_command(&mapping.text, mapping.how, best, &here),
            Some(_) | None => set_command(&first.asked, How::Folded, best, &here),
        };
        Ok(Some(HeldText {
            merchant: account.merchant.to_string(),
            connection: account.connection.to_string(),
            countries: holds.iter().map(|(country, _)| *country).filter(|_| known).collect(),
            text: wording.text.clone(),
            service: wording.service.clone(),
            why,
            seen: said.numbers.len(),
            held: holds.iter().map(|(_, hold)| hold.parcels).max().unwrap_or(0),
            last_seen: said.last,
            stores: vec![store.connection.to_string()],
            suggestions: first.suggestions.clone(),
            command,
        }))
    }

    /// `None` if no parcel under this text would be held in the country.
    async fn hold(
        &self,
        decider: &mut Decider<'_>,
        country: &str,
        wording: &Wording,
        said: &Said,
    ) -> Result<Option<Hold>, LedgerError> {
        let place = For { connection: self.connection, country, ship_by: None };
        let CarrierKnown::Unmapped { text, suggestions } = decider.decide(place, wording).await? else {
            return Ok(None);
        };
        let mut parcels = 0;
        for number in &said.numbers {
            let numbered = Wording { number: number.clone(), ..wording.clone() };
            let known = decider.decide(place, &numbered).await?;
            parcels += usize::from(matches!(known, CarrierKnown::Unmapped { .. }));
        }
        Ok((parcels > 0).then_some(Hold { parcels, asked: text, suggestions }))
    }
}

fn why(mapped: bool, wording: &Wording) -> &'static str {
    let text = wording.text.as_deref().unwrap_or_default();
    if mapped {
        "mapping_refused"
    } else if carriers_in(text, wording.service.as_deref()).len() > 1 {
        "ambiguous"
    } else {
        "no_code"
    }
}

/// Adds another spelling of the same text, or another store's.
fn merge(known: &mut HeldText, other: HeldText) {
    known.seen += other.seen;
    known.held += other.held;
    if other.last_seen > known.last_seen {
        (known.text, known.service, known.last_seen) = (other.text, other.service, other.last_seen);
    }
    known.stores.extend(other.stores);
    known.stores.sort_unstable();
    known.stores.dedup();
    known.countries.extend(other.countries);
    known.countries.sort_unstable();
    known.countries.dedup();
}

fn other_share((account, share): (&Account, &crate::share::Share)) -> OtherShare {
    OtherShare {
        merchant: account.merchant.to_string(),
        connection: account.connection.to_string(),
        sent: share.parcels,
        sent_as_other: share.other,
        percent: share.percent(),
    }
}

/// A mapping that the marketplace would not take any more.
fn outdated(
    world: &World,
    marketplaces: &[Connection],
    merchant: &MerchantId,
    known: &InForce,
) -> Option<OutdatedMapping> {
    let InForce { reach, mapping, .. } = known;
    let (kind, country) = match reach {
        Reach::Account(id) => {
            let own = marketplaces
                .iter()
                .find(|c| c.account.merchant == *merchant && c.account.connection == *id)?;
            (&own.kind, Place::account(world, own).country)
        }
        Reach::Marketplace(kind) | Reach::Profile { kind, .. } => (kind, None),
    };
    let problem = mapping.check(kind, country).err()?;
    let near = near(kind, country, &[&mapping.code, &mapping.text]);
    Some(OutdatedMapping {
        merchant: merchant.to_string(),
        scope: reach.to_string(),
        text: mapping.text.clone(),
        how: mapping.how.as_str(),
        code: mapping.code.clone(),
        problem: problem.to_string(),
        command: set_command(&mapping.text, mapping.how, near.first().copied(), reach),
    })
}
