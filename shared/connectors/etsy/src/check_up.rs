//! Is the authorisation taken, may the app read orders, is the shop the one that the settings describe?
//!
//! Contract: `getShop` (needs only the app's key) and `getShopReceipts` of the descriptions of January 2024 and May 2026,
//! read 21 November 2026. Whether parcels may be told of cannot be asked without telling of one.

use connector_api::{ChannelError, Check, Failure, Reach, unanswered};
use domain::connection::Connection;
use http::Method;
use jiff::SignedDuration;

use crate::client::{Good, Session, bad_settings};
use crate::options::Shop;
use crate::token::{REFRESH_TOKEN, user_of};
use crate::wire::{Receipts, ShopAnswer};
use crate::{LIST, SHOP, TOKEN};

/// How long an access token lives: it came with the refresh token that is kept now.
const ACCESS: SignedDuration = SignedDuration::from_hours(1);
/// How long a refresh token lives unused.
const UNUSED: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How often to ask: an old token proves nothing, the one fetched after it does.
const ROUNDS: usize = 2;

/// Countries whose shops Etsy lets newly connected apps tell of no parcels, and since when.
///
/// Etsy's release notes and `etsy/open-api` discussions 1439 and 1611, read 21 November 2026; Türkiye by others' word.
const CLOSED: [(&str, &str); 8] = [
    ("tr", "June 2024"),
    ("us", "21 October 2024"),
    ("ca", "20 November 2024"),
    ("fr", "2025"),
    ("de", "2025"),
    ("nl", "summer 2026"),
    ("gr", "summer 2026"),
    ("pt", "summer 2026"),
];

/// Everything that can be looked at, in the order in which it has to be mended.
pub(crate) async fn check_up(reach: Reach<'_>, connection: &Connection) -> Vec<Check> {
    let id = &connection.account.connection;
    let shop = match Shop::of(connection) {
        Ok(shop) => shop,
        Err(problem) => {
            return vec![Check::bad(
                "options",
                problem,
                format!("correct the options of {id} in the settings"),
            )];
        }
    };
    match may_read_orders(reach, connection, &shop).await {
        Ok(()) => {}
        Err(error) if error.operation == TOKEN => {
            let mend = format!(
                "authorise the app again with transactions_r and transactions_w, and put the new `refresh_token`, and the \
                 app's `keystring` and `shared_secret`, into the secrets of {id}"
            );
            return vec![unanswered("credentials", &error, &mend)];
        }
        Err(error) => {
            let mend = format!(
                "authorise the app again with the scopes transactions_r and transactions_w by the owner of the shop, and \
                 put the new `refresh_token` into the secrets of {id}"
            );
            return vec![unanswered("scopes", &error, &mend)];
        }
    }
    let mut checks =
        vec![authorised(reach, connection).await, Check::good("scopes", "the app may read orders")];
    checks.extend(described(reach, connection, &shop).await);
    checks.extend(may_tell(shop.country));
    checks
}

/// That the authorisation is taken, and until when it would be if nobody used it.
async fn authorised(reach: Reach<'_>, connection: &Connection) -> Check {
    let stored = reach.credentials.load(&connection.account).await.ok().flatten();
    let renewed =
        stored.and_then(|stored| stored.access).and_then(|a| a.expires_at.saturating_sub(ACCESS).ok());
    let ends = renewed.and_then(|at| at.saturating_add(UNUSED).ok());
    let ends = ends.map_or_else(String::new, |at| format!(", this one on {}", at.strftime("%Y-%m-%d")));
    Check::good(
        "credentials",
        format!("Etsy takes the authorisation; 90 days unused it ends{ends}, and each use begins them anew"),
    )
}

/// Asks for one order.
async fn may_read_orders(reach: Reach<'_>, connection: &Connection, shop: &Shop) -> Result<(), ChannelError> {
    let mut url = shop.url(&["receipts"]);
    url.query_pairs_mut().append_pair("limit", "1");
    let good = ask(reach, connection, shop, LIST, &url).await?;
    good.read::<Receipts>().map(drop).map_err(|why| good.unreadable(LIST, why))
}

async fn ask(
    reach: Reach<'_>,
    connection: &Connection,
    shop: &Shop,
    operation: &'static str,
    url: &url::Url,
) -> Result<Good, ChannelError> {
    let mut answer = Err(bad_settings(operation, "it was not asked"));
    for _ in 0..ROUNDS {
        let session = Session::open(reach, connection, shop, operation).await?;
        answer = session.send(Method::GET, url, None).await;
        let again = |error: &ChannelError| matches!(error.failure, Failure::Retryable { .. });
        if !answer.as_ref().err().is_some_and(again) {
            break;
        }
    }
    answer
}

/// Whether the shop is the authorisation's, and where the settings say.
async fn described(reach: Reach<'_>, connection: &Connection, shop: &Shop) -> Vec<Check> {
    const CHECK: &str = "shop";
    let answer = match ask(reach, connection, shop, SHOP, &shop.url(&[])).await {
        Ok(good) => good.read::<ShopAnswer>().map_err(|why| good.unreadable(SHOP, why)),
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) => {
            let stored = reach.credentials.load(&connection.account).await.ok().flatten();
            let user = stored.as_ref().and_then(|stored| stored.secret(REFRESH_TOKEN)).and_then(user_of);
            judge(&answer, shop, user.as_deref())
        }
        Err(error) => vec![unanswered(CHECK, &error, "set the option `shop_id` to the shop's number")],
    }
}

fn judge(answer: &ShopAnswer, shop: &Shop, user: Option<&str>) -> Vec<Check> {
    const CHECK: &str = "shop";
    if answer.shop_id.as_deref().is_some_and(|id| id != shop.id) {
        let words = format!("Etsy answered with another shop than {}", shop.id);
        return vec![Check::bad(CHECK, words, "set the option `shop_id` to the shop's number")];
    }
    if let (Some(owner), Some(user)) = (answer.user_id.as_deref(), user)
        && owner != user
    {
        return vec![Check::bad(
            CHECK,
            format!("shop {} is user {owner}'s, and the authorisation is user {user}'s", shop.id),
            "authorise the app as the owner of the shop, or set the option `shop_id` to theirs",
        )];
    }
    let mut checks = Vec::new();
    match answer.shop_location_country_iso.as_deref().map(str::trim).filter(|country| !country.is_empty()) {
        Some(country) if !country.eq_ignore_ascii_case(shop.country) => checks.push(Check::warning(
            CHECK,
            format!("the settings say that the shop is in {}, and Etsy says {country}", shop.country),
            "set the option `country` to what Etsy says: carriers of the wrong country may be told else",
        )),
        Some(_) => checks.push(Check::good(CHECK, format!("shop {} is where the settings say", shop.id))),
        None => checks.push(Check::good(CHECK, format!("shop {} is there", shop.id))),
    }
    if answer.is_vacation == Some(true) {
        checks.push(Check::good("vacation", "the shop is on vacation: orders may be few"));
    }
    checks
}

/// What is known of telling for shops of a country.
fn may_tell(country: &str) -> Option<Check> {
    let (_, since) = CLOSED.iter().find(|(closed, _)| *closed == country)?;
    Some(Check::by_hand(
        "tracking",
        format!(
            "for shops in {country} that an app came to after {since}, Etsy takes no parcels but from apps that it has \
             approved; whether it takes them from this one shows with the first parcel"
        ),
        "watch the first parcel; if Etsy refuses it, you are mailed once, and orders are completed in Shop Manager or by \
         a shipping provider that Etsy approved",
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use connector_api::Outcome;
    use domain::connection::{MailSettings, Timing};
    use domain::ids::{Account, ConnectionId, MerchantId};

    use super::*;

    fn shop() -> Shop {
        let options = [("shop_id", "77"), ("country", "us")];
        let options: BTreeMap<_, _> = options.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        Shop::of(&Connection {
            reversals: domain::reversal::Reversals::default(),
            schema: Connection::SCHEMA,
            account: Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from("e").unwrap()),
            kind: "etsy".to_owned(),
            sync: true,
            options,
            base_url: None,
            link: Vec::new(),
            mail: MailSettings::default(),
            time_zone: "UTC".to_owned(),
            timing: Timing::default(),
            carriers: domain::carrier_policy::CarrierPolicy::default(),
            shipments: domain::shipment_policy::ShipmentPolicy::default(),
        })
        .unwrap()
    }

    #[test]
    fn a_shop_must_be_the_authorisations_and_where_the_settings_say() {
        let answer = |id: &str, user: &str, country: &str| ShopAnswer {
            shop_id: Some(id.to_owned()),
            user_id: Some(user.to_owned()),
            shop_location_country_iso: Some(country.to_owned()),
            is_vacation: None,
        };
        for (answer, user, want) in [
            (answer("77", "5", "US"), Some("5"), Outcome::Good),
            (answer("77", "5", ""), Some("5"), Outcome::Good),
            (answer("77", "5", "US"), None, Outcome::Good),
            (answer("78", "5", "US"), Some("5"), Outcome::Bad),
            (answer("77", "6", "US"), Some("5"), Outcome::Bad),
            (answer("77", "5", "CA"), Some("5"), Outcome::Warning),
        ] {
            let checks = judge(&answer, &shop(), user);
            assert_eq!(checks.first().map(|check| check.outcome), Some(want), "{answer:?} {user:?}");
        }
    }

    #[test]
    fn closed_countries_are_told_of_and_others_are_not() {
        assert!(may_tell("us").is_some_and(|check| check.outcome == Outcome::ByHand));
        assert!(may_tell("gb").is_none());
    }
}
