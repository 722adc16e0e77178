//! Which carrier a marketplace is told: the merchant's mappings, the built-in names, the number, the account's policy.

use carriers::{Decision, Question};
use domain::carrier_policy::OnUnknown;
use domain::connection::Connection;
use domain::package::Content;
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
}

impl Wording {
    pub(crate) fn of(content: &Content) -> Self {
        Self {
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
    /// Mappings that are not stored, to see what they would do.
    pub(crate) overlay: Option<&'a Overlay>,
}

/// Decides the carrier of a parcel.
///
/// # Errors
/// The ledger does not answer.
pub(crate) async fn decide(
    world: &World,
    place: For<'_>,
    wording: &Wording,
) -> Result<CarrierKnown, LedgerError> {
    let For { connection, country, ship_by, overlay } = place;
    let texts = (wording.text.as_deref(), wording.service.as_deref());
    let (ledger, cache) = (world.ledger.as_ref(), &world.memo.mappings);
    let mappings = if texts.0.or(texts.1).is_some() {
        mappings::lookup(ledger, cache, connection, texts, overlay).await?
    } else {
        Vec::new()
    };
    let policy = &connection.carriers;
    let decision = carriers::resolve(Question {
        text: texts.0,
        service: texts.1,
        number: wording.number.as_deref(),
        marketplace: &connection.kind,
        country,
        mappings: &mappings,
        other_for_unknown: policy.on_unknown(ship_by, world.now()) == OnUnknown::Other,
    });
    Ok(match decision {
        Decision::Code { carrier, service, because, contradiction } => CarrierKnown::Code {
            carrier,
            service,
            because: because.to_string(),
            objection: contradiction.map(|contradiction| Objection {
                text: wording.text.clone().unwrap_or_default(),
                detail: contradiction.to_string(),
                then: policy.on_contradiction(ship_by, world.now()),
            }),
        },
        Decision::Unknown { text, suggestions } => CarrierKnown::Unmapped { text, suggestions },
        Decision::Missing => CarrierKnown::Missing,
    })
}
