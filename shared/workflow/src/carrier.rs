//! Which carrier a marketplace is told: the merchant's mappings, the built-in names, the number, the account's policy.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use carriers::{Decision, Mapping, Question, Scope};
use domain::carrier_policy::{OnRefused, OnUnknown};
use domain::connection::Connection;
use domain::ids::Account;
use domain::package::{Content, Version};
use domain::plan::{CarrierKnown, Objection};
use jiff::Timestamp;
use ports::LedgerError;

use crate::mappings::{self, Overlay};
use crate::world::World;

/// What a store wrote about the carrier of one parcel.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wording {
    pub(crate) text: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) number: Option<String>,
    /// A code that the marketplace refused for it.
    pub(crate) refused: Option<String>,
}

impl Wording {
    /// What a version of a package says.
    pub(crate) fn of_version(version: &Version) -> Self {
        Self { refused: version.refused_carrier.clone(), ..Self::of(&version.content) }
    }

    pub(crate) fn of(content: &Content) -> Self {
        Self {
            refused: None,
            text: content.carrier.clone(),
            service: content.service.clone(),
            number: content.number.as_ref().map(ToString::to_string),
        }
    }
}

/// For whom, and when, a carrier is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct For<'a> {
    /// The marketplace account.
    pub(crate) connection: &'a Connection,
    /// The country of the order (ISO 3166, lower case).
    pub(crate) country: &'a str,
    /// Until when it must be told.
    pub(crate) ship_by: Option<Timestamp>,
}

/// Decides the carrier of a parcel; with an `overlay`, as if its mappings were stored.
///
/// # Errors
/// The ledger does not answer.
pub(crate) async fn decide(
    world: &World,
    place: For<'_>,
    wording: &Wording,
    overlay: Option<&Overlay>,
) -> Result<CarrierKnown, LedgerError> {
    let mappings = said(world, place.connection, wording, overlay).await?;
    Ok(judge(place, wording, &mappings, world.now()))
}

/// What the merchant said of a wording, in order of precedence.
async fn said(
    world: &World,
    connection: &Connection,
    wording: &Wording,
    overlay: Option<&Overlay>,
) -> Result<Vec<(Scope, Mapping)>, LedgerError> {
    let texts = (wording.text.as_deref(), wording.service.as_deref());
    if texts.0.or(texts.1).is_none() {
        return Ok(Vec::new());
    }
    mappings::lookup(world.ledger.as_ref(), &world.memo.mappings, connection, texts, overlay).await
}

/// The decision, once it is known what the merchant said.
fn judge(
    For { connection, country, ship_by }: For<'_>,
    wording: &Wording,
    mappings: &[(Scope, Mapping)],
    now: Timestamp,
) -> CarrierKnown {
    let policy = &connection.carriers;
    let decision = carriers::resolve(Question {
        text: wording.text.as_deref(),
        service: wording.service.as_deref(),
        number: wording.number.as_deref(),
        marketplace: &connection.kind,
        country,
        mappings,
        other_for_unknown: policy.on_unknown(ship_by, now) == OnUnknown::Other,
    });
    match decision {
        // Once more under another name, as the merchant chose; a second refusal is a person's.
        Decision::Code { carrier, .. }
            if policy.refused == OnRefused::Other && wording.refused.as_deref() == Some(&carrier.code) =>
        {
            let name = wording.text.as_deref().unwrap_or(&carrier.code);
            let because =
                format!("the marketplace refused {}, and you let such parcels go as other", carrier.code);
            CarrierKnown::Code {
                carrier: carriers::other(&connection.kind, country, name).unwrap_or(carrier),
                service: None,
                because,
                objection: None,
            }
        }
        Decision::Code { carrier, service, because, contradiction } => CarrierKnown::Code {
            carrier,
            service,
            because: because.to_string(),
            objection: contradiction.map(|contradiction| Objection {
                text: wording.text.clone().unwrap_or_default(),
                detail: contradiction.to_string(),
                then: policy.on_contradiction(ship_by, now),
            }),
        },
        Decision::Unknown { text, suggestions } => CarrierKnown::Unmapped { text, suggestions },
        Decision::Missing => CarrierKnown::Missing,
    }
}

/// Decides the carriers of many parcels at one moment: what the merchant said of a text is looked up once.
pub(crate) struct Decider<'a> {
    world: &'a World,
    overlay: Option<&'a Overlay>,
    now: Timestamp,
    said: BTreeMap<(Account, Wording), Vec<(Scope, Mapping)>>,
}

impl<'a> Decider<'a> {
    /// By what is stored; with an `overlay`, as if its mappings were stored too.
    pub(crate) fn new(world: &'a World, overlay: Option<&'a Overlay>) -> Self {
        Self { world, overlay, now: world.now(), said: BTreeMap::new() }
    }

    /// The carrier of one parcel.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub(crate) async fn decide(
        &mut self,
        place: For<'_>,
        wording: &Wording,
    ) -> Result<CarrierKnown, LedgerError> {
        let now = self.now;
        let mappings = self.said(place.connection, wording).await?;
        Ok(judge(place, wording, mappings, now))
    }

    /// What the merchant said of a wording, in order of precedence: the first decides.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub(crate) async fn said(
        &mut self,
        connection: &Connection,
        wording: &Wording,
    ) -> Result<&[(Scope, Mapping)], LedgerError> {
        // Mappings say nothing of numbers.
        let plain = Wording { number: None, ..wording.clone() };
        match self.said.entry((connection.account.clone(), plain)) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => {
                let found = said(self.world, connection, wording, self.overlay).await?;
                Ok(free.insert(found))
            }
        }
    }
}
