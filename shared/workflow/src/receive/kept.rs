//! Deliveries in table `deliveries`: kept for replay, and kept to be queued when the queue is down.

use std::time::Duration;

use connector_api::Delivery;
use domain::ids::Account;
use domain::keys::ItemKey;
use jiff::Timestamp;
use ports::Item;
use serde::{Deserialize, Serialize};

use crate::message::{Look, SCHEMA, WorkError, check_layout};
use crate::records::later;

/// The attention lane of deliveries that the queue did not take.
pub const PENDING: &str = "pending";
/// How long deliveries are kept.
const KEEP: Duration = Duration::from_secs(28 * 86_400);

/// What is kept of a delivery: all that its message says.
#[derive(Serialize, Deserialize)]
struct Kept {
    schema: u16,
    account: Account,
    kind: String,
    delivery: Delivery,
}

/// A delivery as it is kept; `pending` marks it to be queued by the next sweep.
#[must_use]
pub fn kept_delivery(
    account: &Account,
    kind: &str,
    delivery: &Delivery,
    pending: bool,
    now: Timestamp,
) -> Item {
    let kept =
        Kept { schema: SCHEMA, account: account.clone(), kind: kind.to_owned(), delivery: delivery.clone() };
    Item {
        key: ItemKey::delivery(account, &delivery.id),
        version: 0,
        // A struct of texts and numbers always serialises.
        body: serde_json::to_string(&kept).unwrap_or_default(),
        due: None,
        attention: pending.then(|| PENDING.to_owned()),
        expires_at: later(now, KEEP),
    }
}

/// The message that stands for a kept delivery: sent again, it is the same delivery again.
///
/// # Errors
/// [`WorkError::Unreadable`] if it is none, or one of a layout that this code does not know.
pub fn replay(body: &str) -> Result<Look, WorkError> {
    let unreadable = |error: serde_json::Error| WorkError::Unreadable(error.to_string());
    let kept: Kept = serde_json::from_str(body).map_err(unreadable)?;
    check_layout(kept.schema)?;
    Ok(Look::Delivery { account: kept.account, kind: kept.kind, delivery: kept.delivery })
}
