//! Mappings to codes outside our lists: whether the marketplace shows what was sent under them.

use carriers::{Mapping, Scope};
use domain::connection::Connection;
use domain::ids::MerchantId;
use ports::LedgerError;
use serde::Serialize;

use super::seen::{Seen, Sent};
use crate::carrier::Decider;
use crate::mappings::{InForce, Reach};

/// A mapping in force whose code is not in our list, and its parcels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnlistedMapping {
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
    /// Parcels that the marketplace shows.
    pub shown: usize,
    /// Parcels that it took and does not show.
    pub not_shown: usize,
    /// Parcels that it took, or may have taken, and that were not looked for yet.
    pub awaited: usize,
    /// Parcels that it refused.
    pub refused: usize,
}

/// Counts the parcels of each unlisted mapping: those that it decides for, sent under its code.
pub(super) async fn unlisted(
    decider: &mut Decider<'_>,
    in_force: &[(MerchantId, InForce)],
    marketplaces: &[Connection],
    sent: &[Sent],
) -> Result<Vec<UnlistedMapping>, LedgerError> {
    let row = |(merchant, known): &(MerchantId, InForce)| UnlistedMapping {
        merchant: merchant.to_string(),
        scope: known.reach.to_string(),
        text: known.mapping.text.clone(),
        how: known.mapping.how.as_str(),
        code: known.mapping.code.clone(),
        shown: 0,
        not_shown: 0,
        awaited: 0,
        refused: 0,
    };
    let mut rows: Vec<((MerchantId, Reach, String), UnlistedMapping)> = in_force
        .iter()
        .filter(|(_, known)| known.mapping.unlisted)
        .map(|it| ((it.0.clone(), it.1.reach.clone(), it.1.mapping.key()), row(it)))
        .collect();
    for sent in sent {
        let Some(connection) = marketplaces.iter().find(|c| c.account == sent.account) else { continue };
        let Some((scope, mapping)) = decider.said(connection, &sent.wording).await?.first() else { continue };
        let Some(place) = place_of(connection, *scope, mapping) else { continue };
        let hit = rows.iter_mut().find(|(known, row)| *known == place && row.code == sent.code);
        if let Some((_, row)) = hit {
            match sent.seen {
                Seen::Shown => row.shown += 1,
                Seen::NotShown => row.not_shown += 1,
                Seen::Awaited => row.awaited += 1,
                Seen::Refused => row.refused += 1,
            }
        }
    }
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn place_of(connection: &Connection, scope: Scope, mapping: &Mapping) -> Option<(MerchantId, Reach, String)> {
    let reach = Reach::of(connection).into_iter().find(|reach| reach.scope() == scope)?;
    Some((connection.account.merchant.clone(), reach, mapping.key()))
}
