//! Telling TEMPLATE that a package has left.

use connector_api::{Answer, ChannelError, Confirmed, Failure, Kept, Reach};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use http::Method;

use crate::CONFIRM;
use crate::client::{Session, unsent};
use crate::wire::{NewPackage, Package, PackageItem};

/// Tells of a package, once.
///
/// # Errors
/// As [`Failure`] says. TEMPLATE: name what the vendor's refusals become.
///
/// Contract: TEMPLATE, operation, version, date read.
pub(crate) async fn confirm(
    reach: Reach<'_>,
    connection: &Connection,
    confirmation: &Confirmation,
) -> Result<Answer<Confirmed>, ChannelError> {
    let tracking = confirmation.tracking.as_ref();
    let items = confirmation
        .lines
        .iter()
        .map(|(line, units)| PackageItem { id: line.as_str().to_owned(), quantity: *units });
    let package = NewPackage {
        carrier: tracking.map(|tracking| tracking.carrier.code.as_str()),
        tracking_number: tracking.map(|tracking| tracking.number.as_str()),
        shipped_at: confirmation.ship_date,
        items: items.collect(),
    };
    let body = serde_json::to_vec(&package).map_err(|_| {
        unsent(CONFIRM, Failure::Rejected { code: "NotSent".to_owned() }, "no JSON can be made of it")
    })?;
    let session = Session::open(reach, connection, CONFIRM).await?;
    let url = session.url(&["orders", confirmation.order.as_str(), "packages"]);
    let good = session.send(Method::POST, &url, Some(body)).await?;
    let shown: Package = good.read()?;
    // A success that shows something else than was sent has not kept it.
    let same = match (tracking, shown.tracking_number.as_deref()) {
        (Some(tracking), Some(theirs)) => tracking.number.same_as(theirs),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let kept = if same {
        Kept::Shown
    } else {
        Kept::Dropped { detail: "the answer does not show the number that was sent".to_owned() }
    };
    Ok(Answer { value: Confirmed { reference: None, kept }, request_id: good.request_id, limits: Vec::new() })
}
