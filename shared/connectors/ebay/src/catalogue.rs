//! eBay's error ids in plain words.
//!
//! Sources: the Fulfillment API 1.20.7, the Notification API 1.5.1, the Inventory and Key Management APIs, "Digital
//! signatures for APIs", OAuth answers seen in hendt/ebay-api issues 58, 77, 79 and 122, `ebay-sdk-php` issue 7 and
//! YosefHayim/ebay-mcp issue 152; read 21 November 2026.

use connector_api::Explained;

const fn row(code: &'static str, cause: &'static str, fix: &'static str) -> Explained {
    Explained { code, words: "", cause, fix }
}

const AUTHORISE: &str = "have the seller authorise the app again and put the new refresh_token into the secrets of the connection";
const REPORT: &str = "this is a mistake of this program: report it with the request id; meanwhile confirm the order in Seller Hub";
const BY_HAND: &str = "confirm the order in Seller Hub, then tell us that it is confirmed by hand";
const WAIT: &str = "nothing: it is tried again";
const REFUND: &str = "look at the order in Seller Hub and refund it there";
const SIGNING: &str = "this program signs no calls that need it: report it with the request id";
const REGISTER: &str = "correct it and run `parcelwire webhooks register` again";

/// Rows that ask for words stand first.
pub(crate) const ROWS: &[Explained] = &[
    Explained {
        code: "32300",
        words: "already exists",
        cause: "eBay knows this tracking number from an order of another buyer or seller.",
        fix: "compare the number with the label, correct it at the store, and see that carrier and number have not changed places",
    },
    Explained {
        code: "32600",
        words: "already exists",
        cause: "eBay knows this tracking number from an order of another buyer or seller.",
        fix: "compare the number with the label, correct it at the store, and see that carrier and number have not changed places",
    },
    // What only a person can do, under the names of its causes in the ledger.
    row(
        "edit_by_hand",
        "eBay has no call that changes a package.",
        "in Seller Hub open Orders, find the order, choose Add/Edit tracking number, replace the number or carrier and save",
    ),
    row(
        "line_in_parts",
        "eBay takes all units of a line in one package.",
        "in Seller Hub open Orders, find the order, choose Add tracking number, enter the number of every parcel of the line \
         and save",
    ),
    // tokens
    row(
        "invalid_grant",
        "The seller's authorisation has ended: 18 months have passed, it was withdrawn, or the seller changed password or user name.",
        AUTHORISE,
    ),
    row(
        "invalid_client",
        "eBay does not know the app's keys, or they are of its other environment (sandbox or production).",
        "correct client_id and client_secret in the secrets of the connection",
    ),
    row(
        "unauthorized_client",
        "The app may not use this kind of authorisation.",
        "look at the app's keys in eBay's developer portal",
    ),
    row(
        "invalid_scope",
        "The option scopes names a scope that the seller did not grant.",
        "take it out of the option, or have the seller authorise the app again with it",
    ),
    row(
        "1001",
        "eBay did not take the access token.",
        "nothing: a new one is fetched. If that is refused too, authorise the app again",
    ),
    row(
        "1100",
        "The seller did not grant the app a scope that this call needs. The connection itself works.",
        "have the seller authorise the app again with the scope sell.fulfillment, and put the new refresh_token into the secrets",
    ),
    row("2001", "The app has used up its calls of the day; they begin anew at midnight in California.", WAIT),
    // shipments
    row(
        "30500",
        "Something failed at eBay.",
        "nothing: the order is read, and the parcel is told of again if it is not there",
    ),
    row(
        "32100",
        "eBay knows no such order in this account.",
        "see that the order was placed in this account, and that the link rule reads the right field",
    ),
    row("32110", "eBay knows no such package.", REPORT),
    row(
        "32200",
        "The order has no such line.",
        "see that the parcel belongs to this order; else correct it at the store",
    ),
    row("32210", "A line stood twice in one parcel.", REPORT),
    row(
        "32300",
        "eBay does not take this carrier or tracking number on this site.",
        "compare the number with the label; choose another carrier code for what the store writes, or let refused carriers go as Other",
    ),
    row(
        "32400",
        "eBay has suspended the seller's account.",
        "sort it out with eBay; then resume the account",
    ),
    row("32500", "eBay does not take the ship date.", REPORT),
    row("32600", "eBay does not take the request.", REPORT),
    row("34100", "The order has as many tracking numbers as eBay takes.", BY_HAND),
    row(
        "34200",
        "The parcel holds items that go to eBay's shipping hub and items that do not.",
        "send them in two parcels; if they have left in one, confirm the lines one by one in Seller Hub",
    ),
    row(
        "34300",
        "The parcel holds several lines that go to eBay's shipping hub, and eBay takes one at a time.",
        "confirm the lines one by one in Seller Hub, then tell us that the order is confirmed by hand",
    ),
    row(
        "34500",
        "eBay has a package of this order already.",
        "nothing: the order is read, and what is there counts",
    ),
    row(
        "409",
        "eBay says that this contradicts what it has.",
        "nothing: the order is read, and what is there counts",
    ),
    // lists
    row("30700", "A filter has a name that eBay does not know.", REPORT),
    row("30800", "A filter has a value that eBay does not take.", REPORT),
    row("30810", "A date is not written as eBay wants it.", REPORT),
    row("30820", "The first day asked for is missing.", REPORT),
    row("30830", "More than two years were asked for at once.", REPORT),
    row("30840", "The first day asked for is after the last.", REPORT),
    row("30850", "A day asked for is in the future.", "see that this machine's clock is right"),
    row("30900", "More than 50 orders were asked for by their ids.", REPORT),
    row("31000", "eBay does not take the number of rows to leave out.", REPORT),
    row("31100", "eBay does not take the number of rows a page.", REPORT),
    row("32800", "eBay does not know the group of fields.", REPORT),
    // notifications
    row("195000", "Something failed at eBay's notifications.", WAIT),
    row("195001", "eBay knows no such key.", "nothing: the notification was not eBay's, and was refused"),
    row("195002", "eBay knows no such topic.", REPORT),
    row(
        "195003",
        "eBay wants an address for alerts before it takes a destination.",
        "name an address in [mail] to, and register again",
    ),
    row("195004", "eBay does not take the number of rows a page.", REPORT),
    row("195005", "eBay does not know the page asked for.", REGISTER),
    row("195006", "The status of the subscription is not one of eBay's.", REPORT),
    row("195007", "eBay knows no such destination.", REGISTER),
    row("195008", "eBay has another version of this topic's form.", REGISTER),
    row("195009", "eBay does not send this topic in the form asked for.", REPORT),
    row("195010", "eBay does not send by the protocol asked for.", REPORT),
    row(
        "195011",
        "The seller did not grant the app the scope that this topic needs.",
        "have the seller authorise the app again with the scopes commerce.notification.subscription and sell.fulfillment",
    ),
    row("195012", "This topic is subscribed to already.", "nothing: it is sent here from now on"),
    row("195013", "eBay knows no such subscription.", REGISTER),
    row("195014", "eBay has given up this topic or this version of its form.", REGISTER),
    row(
        "195015",
        "The destination is switched off, or eBay has marked it down since our address did not answer.",
        REGISTER,
    ),
    row("195016", "eBay does not take the name of the destination.", REPORT),
    row("195017", "eBay does not take our address: it must be https, public and not too long.", REGISTER),
    row("195018", "The status of the destination is not one of eBay's.", REPORT),
    row(
        "195019",
        "eBay does not take the verification token.",
        "make the secret `webhook` 32 to 80 letters, digits, _ and -, apply it, and register again",
    ),
    row(
        "195020",
        "Our address did not answer eBay's challenge.",
        "see that the system is reachable at its public address and knows the same secret `webhook`, and register again",
    ),
    row("195021", "eBay has a destination of this address already.", REGISTER),
    row("195022", "eBay knows no such destination.", REGISTER),
    row("195024", "The destination is still in use.", "end its subscriptions first"),
    row(
        "195025",
        "eBay does not take the address for its alerts.",
        "correct the first address in [mail] to, and register again",
    ),
    row("195026", "No address for alerts is set at eBay.", REGISTER),
    row("195027", "The topic is missing or none of eBay's.", REPORT),
    row("195028", "The subscription belongs to another app.", "change it with the app that made it"),
    row("195029", "eBay knows no such filter.", REPORT),
    row("195031", "The filter belongs to another subscription.", REPORT),
    row("195032", "This topic takes no filter.", REPORT),
    row("195033", "eBay does not take the filter.", REPORT),
    // refunds; not sent by this program, but eBay's answers to others are asked about as well
    row("34900", "Something failed at eBay.", REFUND),
    row("34901", "The refund names no order.", REFUND),
    row("34902", "The refund is empty.", REFUND),
    row("34903", "The refund names no reason.", REFUND),
    row("34905", "The refund names neither an amount nor items.", REFUND),
    row("34906", "The refund names no amount.", REFUND),
    row("34907", "The amount must be positive, with two decimals at most.", REFUND),
    row("34908", "The refund names no currency.", REFUND),
    row("34909", "The refund's currency is not the order's.", REFUND),
    row("34910", "The refund of an item names no line.", REFUND),
    row("34911", "The refund of an item names no item id.", REFUND),
    row("34912", "The refund of an item names no transaction.", REFUND),
    row("34913", "eBay knows no such order in this account.", REFUND),
    row("34914", "The order has no such item.", REFUND),
    row("34915", "The refund is more than the order.", REFUND),
    row("34916", "There is an open case about this order.", "refund it in the case"),
    row("34917", "This order was refunded already.", "nothing"),
    row("34918", "eBay did not handle the payment of this order.", "refund it where it was paid"),
    row("34919", "The account may not refund this order.", REFUND),
    row("34920", "It is too late to refund this order.", "pay the buyer back in another way, if you must"),
    row("34921", "The comment is longer than eBay takes.", REFUND),
    row(
        "34922",
        "An earlier refund of this order is still being worked on.",
        "look at the order in some hours",
    ),
    row("34923", "eBay refunds no orders of this kind.", REFUND),
    row("34924", "The refund is more than what is left of the item.", REFUND),
    row("34925", "None of your ways to pay worked for the refund.", "look at your payment options at eBay"),
    row("34926", "eBay found no way to pay the refund.", "sort it out in Seller Hub"),
    row("34927", "The way to pay was declined.", "choose another payment option at eBay"),
    row("34928", "eBay could not verify your payment option.", "change your payment option at eBay"),
    row("34929", "The buyer's payment has not arrived yet.", "look at the order again later"),
    row(
        "34930",
        "The limit of your way to pay is used up.",
        "choose another payment option at eBay, or wait",
    ),
    // stock; not sent by this program
    row("25001", "Something failed at eBay's inventory.", WAIT),
    row("25002", "eBay's inventory does not take the request.", REPORT),
    row("25709", "A field of the inventory request is invalid.", REPORT),
    row("25759", "The quantity is below what auctions of this item hold.", REPORT),
    row(
        "Please select a valid shipping service",
        "A shipping policy names a service that this site does not have.",
        "correct the policy in Seller Hub",
    ),
    // digital signatures; not made by this program
    row("210001", "eBay does not know the cipher of the signing key.", SIGNING),
    row("210005", "The token of the request belongs to no valid app.", SIGNING),
    row("210006", "eBay does not take the request for a signing key.", SIGNING),
    row("215000", "A digital signature is wanted and cannot be checked.", SIGNING),
    row("215001", "A digital signature is wanted and missing.", SIGNING),
    row("215120", "The digital signature does not fit the request.", SIGNING),
    row("215122", "The digital signature does not fit the request.", SIGNING),
];

#[cfg(test)]
mod tests {
    use super::*;
    use connector_api::explain;

    #[test]
    fn every_row_can_be_found_and_says_something() {
        for (at, row) in ROWS.iter().enumerate() {
            let found = explain(ROWS, row.code, row.words).unwrap();
            assert_eq!(found.cause, row.cause, "{} is hidden by an earlier row", row.code);
            assert!(row.cause.ends_with('.'), "{}", row.code);
            // A command may follow it.
            assert!(
                !row.fix.ends_with('.') && row.fix.starts_with(char::is_lowercase),
                "{}: {}",
                row.code,
                row.fix
            );
            let later = ROWS.iter().skip(at + 1);
            assert!(
                later.filter(|r| (r.code, r.words) == (row.code, row.words)).count() == 0,
                "{}",
                row.code
            );
        }
        let taken =
            explain(ROWS, "32300", "Tracking number(s) already exists for a different buyer").unwrap();
        assert!(taken.cause.contains("another buyer"), "{}", taken.cause);
        assert_eq!(explain(ROWS, "99999", ""), None, "unknown ids are shown as they are");
    }
}
