//! Is the authorisation taken, may the app read orders and use feeds, does the account sell where the settings say?
//!
//! Contract: sellers v1 `getMarketplaceParticipations` (0.016 requests a second, burst 15; `payload` of
//! `marketplace.id`, `participation.isParticipating`, `hasSuspendedListings`), Sellers API v1 reference, read
//! 2026-11-21. The role for orders is proven by reading an order that there is not: 404 means that we may ask.
//! Whether `confirmShipment` is allowed cannot be asked without confirming; Amazon names the same roles for both.

use connector_api::{Bulk as _, BulkContent, ChannelError, Check, Failure, Reach, unanswered};
use domain::connection::Connection;
use domain::shipment_policy::WithoutNumber;
use http::Method;
use serde::Deserialize;

use crate::client::{Good, Session, bad_settings};
use crate::regions::{Hosts, seller_id};
use crate::{Amazon, PARTICIPATIONS, TOKEN, orders};

/// An order id of the right form that no order has.
const NO_ORDER: &str = "000-0000000-0000000";

/// How often to ask: an old token proves nothing, the one fetched after it does.
const ROUNDS: usize = 2;

#[derive(Deserialize)]
struct Answer {
    payload: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    marketplace: Place,
    participation: Participation,
}

#[derive(Deserialize)]
struct Place {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Participation {
    is_participating: bool,
    #[serde(default)]
    has_suspended_listings: bool,
}

/// Everything that can be looked at, in the order in which it has to be mended.
pub(crate) async fn check_up(reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
    let id = &connection.account.connection;
    match may_read_orders(reach, connection).await {
        Ok(()) => {}
        Err(error) if error.operation == TOKEN => {
            let mend = format!(
                "authorise the app again in Seller Central (Apps and services > Manage your apps), and put the new \
                 `refresh_token`, and the app's `client_id` and `client_secret`, into the secrets of {id}"
            );
            return vec![unanswered("credentials", &error, &mend)];
        }
        Err(error) => {
            let mend = format!(
                "in Seller Central's Developer Central, give the app the role Inventory and Order Tracking, authorise \
                 it again, and put the new `refresh_token` into the secrets of {id}"
            );
            return vec![taken(), unanswered("roles", &error, &mend)];
        }
    }
    vec![
        taken(),
        Check::good("roles", "the app may read orders"),
        sells(reach, connection).await,
        feeds(reach, connection).await,
    ]
}

/// Whether many parcels, and those without a number, can go in a feed.
async fn feeds(reach: Reach<'_>, connection: &Connection) -> Check {
    const CHECK: &str = "feeds";
    const MEND: &str = "set the option `seller_id` to the Merchant Token of Seller Central's Account Info";
    if seller_id(connection).is_err() {
        return if connection.shipments.without_number == WithoutNumber::Hold {
            Check::good(CHECK, "`seller_id` is not set: every parcel is told of by a call of its own")
        } else {
            Check::warning(
                CHECK,
                "parcels without a number may go, but reach Amazon in a feed only, and `seller_id` is not set",
                MEND,
            )
        };
    }
    let kind = BulkContent::Confirmations(Vec::new());
    let mut round = 1;
    loop {
        match Amazon.listed(reach, connection, &kind, reach.clock.now()).await {
            Ok(_) => return Check::good(CHECK, "the app may use feeds"),
            Err(error) if round < ROUNDS && matches!(error.failure, Failure::Retryable { .. }) => round += 1,
            Err(error) => {
                return unanswered(
                    CHECK,
                    &error,
                    "give the app the role Inventory and Order Tracking in Developer Central, and authorise it again",
                );
            }
        }
    }
}

fn taken() -> Check {
    Check::good("credentials", "Amazon takes the authorisation")
}

/// Asks for an order that there is not.
async fn may_read_orders(reach: Reach<'_>, connection: &Connection) -> Result<(), ChannelError> {
    let Some(order) = orders::order_id(NO_ORDER) else { return Ok(()) };
    let mut answer = Ok(());
    for _ in 0..ROUNDS {
        answer = match orders::read_order(reach, connection, &order).await {
            Ok(_) => return Ok(()),
            // Some accounts answer 400 for an order that is not theirs (unverified): asked for it was, anyhow.
            Err(error) if matches!(error.failure, Failure::NotFound | Failure::Rejected { .. }) => {
                return Ok(());
            }
            Err(error) => Err(error),
        };
    }
    answer
}

async fn participations(reach: Reach<'_>, connection: &Connection) -> Result<Good, ChannelError> {
    let hosts = Hosts::of(connection).map_err(|problem| bad_settings(PARTICIPATIONS, &problem))?;
    let url = hosts.api_url(&["sellers", "v1", "marketplaceParticipations"]);
    let mut round = 1;
    loop {
        let session = Session::open(reach, connection, &hosts, PARTICIPATIONS).await?;
        match session.send(Method::GET, &url, None).await {
            Ok(good) => return Ok(good),
            Err(refused) if round < ROUNDS && matches!(refused.error.failure, Failure::Retryable { .. }) => {
                round += 1;
            }
            Err(refused) => return Err(refused.error),
        }
    }
}

/// Whether the account sells where the settings say.
async fn sells(reach: Reach<'_>, connection: &Connection) -> Check {
    const CHECK: &str = "marketplaces";
    let wanted = connection.option("marketplace_id");
    let good = match participations(reach, connection).await {
        Ok(good) => good,
        // Orders can be read, so the authorisation is good: only this list is closed to the app.
        Err(error) if matches!(error.failure, Failure::NeedsMerchant { .. } | Failure::Rejected { .. }) => {
            return Check::by_hand(
                CHECK,
                "Amazon does not tell this app where the account sells",
                "see in Seller Central that the account is active in the marketplaces of its orders",
            );
        }
        Err(error) => return unanswered(CHECK, &error, "look again"),
    };
    let rows = match good.read::<Answer>() {
        Ok(answer) => answer.payload,
        Err(why) => return unanswered(CHECK, &good.unreadable(PARTICIPATIONS, why), "look again"),
    };
    judge(&rows, wanted)
}

fn judge(rows: &[Row], wanted: Option<&str>) -> Check {
    const CHECK: &str = "marketplaces";
    let meant = |row: &&Row| wanted.is_none_or(|id| row.marketplace.id == id);
    let active: Vec<&Row> = rows.iter().filter(|row| row.participation.is_participating).collect();
    let names =
        |rows: &[&Row]| rows.iter().map(|row| row.marketplace.id.as_str()).collect::<Vec<_>>().join(", ");
    let here: Vec<&Row> = active.iter().copied().filter(meant).collect();
    if here.is_empty() {
        let (words, mend) = match wanted {
            Some(id) => (
                format!("the account does not sell in marketplace {id}, but in: {}", names(&active)),
                "set the option `marketplace_id` to one it sells in, or authorise the account that sells there",
            ),
            None => (
                "the account sells in no marketplace of this region".to_owned(),
                "set the option `region` to the one it sells in, or authorise the account that sells there",
            ),
        };
        return Check::bad(CHECK, words, mend);
    }
    let suspended: Vec<&Row> =
        here.iter().copied().filter(|row| row.participation.has_suspended_listings).collect();
    if !suspended.is_empty() {
        return Check::warning(
            CHECK,
            format!("Amazon has suspended listings of the account in {}", names(&suspended)),
            "look into Account Health in Seller Central",
        );
    }
    Check::good(CHECK, format!("the account sells in {}", names(&here)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_api::Outcome;

    #[test]
    fn a_marketplace_must_be_one_that_the_account_sells_in() {
        let row = |id: &str, active, suspended| Row {
            marketplace: Place { id: id.to_owned() },
            participation: Participation { is_participating: active, has_suspended_listings: suspended },
        };
        let rows = [row("US", true, false), row("CA", false, false), row("MX", true, true)];
        for (wanted, want) in [
            (Some("US"), Outcome::Good),
            (Some("CA"), Outcome::Bad),
            (Some("DE"), Outcome::Bad),
            (Some("MX"), Outcome::Warning),
            (None, Outcome::Warning),
        ] {
            assert_eq!(judge(&rows, wanted).outcome, want, "{wanted:?}");
        }
        assert_eq!(judge(&rows[1..2], None).outcome, Outcome::Bad, "it sells nowhere");
    }
}
