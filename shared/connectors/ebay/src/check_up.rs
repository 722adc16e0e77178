//! Is the authorisation taken, may the app read orders, and do notifications find their seller?
//!
//! The scope for orders is proven by reading one that there is not: "not found" means that we may ask. Whether packages
//! may be told of cannot be asked without telling of one; the scopes in the settings say it, where they stand there.

use connector_api::{ChannelError, Check, Failure, Reach, unanswered};
use domain::connection::Connection;

use crate::hosts::{SCOPE, scopes};
use crate::{TOKEN, orders};

/// An order id of the right form that no order has.
const NO_ORDER: &str = "00-00000-00000";
/// How often to ask: an old token proves nothing, the one fetched after it does.
const ROUNDS: usize = 2;

/// Everything that can be looked at, in the order in which it has to be mended.
pub(crate) async fn check_up(reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
    let id = &connection.account.connection;
    let taken = Check::good("credentials", "eBay takes the authorisation");
    let mut checks = match may_read_orders(reach, connection).await {
        Ok(()) => vec![taken, Check::good("scopes", "the app may read orders")],
        Err(error) if error.operation == TOKEN => {
            let mend = format!(
                "have the seller authorise the app again, and put the new `refresh_token`, and the app's `client_id` and \
                 `client_secret` of the same environment, into the secrets of {id}"
            );
            return vec![unanswered("credentials", &error, &mend)];
        }
        Err(error) => {
            let mend = format!(
                "have the seller authorise the app again with the scope sell.fulfillment, and put the new \
                 `refresh_token` into the secrets of {id}"
            );
            vec![taken, unanswered("scopes", &error, &mend)]
        }
    };
    checks.push(may_confirm(connection));
    checks.push(finds_seller(connection));
    checks.push(Check::by_hand(
        "expiry",
        "eBay ends every authorisation 18 months after the seller gave it, whatever is done with it meanwhile",
        format!("see that `expires` of {id} names that day: it is mailed 30, 15, 7 and 1 days before"),
    ));
    checks
}

/// Asks for an order that there is not.
async fn may_read_orders(reach: Reach<'_>, connection: &Connection) -> Result<(), ChannelError> {
    let Some(order) = orders::order_id(NO_ORDER) else { return Ok(()) };
    let mut answer = Ok(());
    for _ in 0..ROUNDS {
        answer = match orders::read_order(reach, connection, &order).await {
            Ok(_) => return Ok(()),
            Err(error) if error.failure == Failure::NotFound => return Ok(()),
            // Whatever it was, no second try makes it pass.
            Err(error @ ChannelError { failure: Failure::NeedsMerchant { .. }, .. }) => return Err(error),
            Err(error) => Err(error),
        };
    }
    answer
}

/// Whether the scopes that were granted, where the settings tell them, let packages be told of.
fn may_confirm(connection: &Connection) -> Check {
    const CHECK: &str = "confirmations";
    let granted = scopes(connection);
    let needed = format!("{SCOPE}/sell.fulfillment");
    if granted.is_empty() {
        return Check::by_hand(
            CHECK,
            "whether the app may confirm parcels cannot be asked without confirming one",
            "see that the seller granted the scope sell.fulfillment, not only sell.fulfillment.readonly",
        );
    }
    if granted.contains(&needed) {
        return Check::good(CHECK, "the scope sell.fulfillment is among those granted");
    }
    Check::bad(
        CHECK,
        "the scopes in the settings lack sell.fulfillment: no parcel can be confirmed",
        "have the seller authorise the app with the scope sell.fulfillment, then add it to the option `scopes`",
    )
}

/// Whether a notification can be told to be this seller's.
fn finds_seller(connection: &Connection) -> Check {
    const CHECK: &str = "notifications";
    if connection.option("user_id").is_some() || connection.option("username").is_some() {
        return Check::good(CHECK, "notifications about orders are known to be the seller's by their user");
    }
    Check::by_hand(
        CHECK,
        "eBay signs notifications alike for all sellers, and nothing says which user this one is",
        "if order notifications are used, set the options `user_id` and `username`; polls work without",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_api::Outcome;

    #[test]
    fn what_no_order_has_looks_like_an_order_id() {
        assert!(orders::order_id(NO_ORDER).is_some());
        assert_eq!(Check::by_hand("x", "y", "z").outcome, Outcome::ByHand);
    }
}
