//! Amazon's refusals in plain words.
//!
//! Codes and texts: the models of 5 August 2026, GitHub issues of `amzn/selling-partner-api-models` and `-docs`, and the
//! guide "Confirm the shipment status", read 21 November 2026. Nearly everything is refused as `InvalidInput`, so its
//! words tell what it is about. Feeds have numbers that Amazon publishes no list of: those that were seen are here.

use connector_api::Explained;

const fn row(code: &'static str, words: &'static str, cause: &'static str, fix: &'static str) -> Explained {
    Explained { code, words, cause, fix }
}

const ALREADY: &str =
    "Amazon counts the order as shipped already, or does not know the package that was to be changed";
const ALREADY_FIX: &str = "look at the order in Seller Central: if its parcels stand there, nothing is to be done; \
     else confirm there by hand";
const ITEM: &str = "Amazon does not know an order item of the parcel: it was cancelled, or the order belongs to another \
     account";
const ITEM_FIX: &str =
    "look in Seller Central whether the item was cancelled, and whether the order is this account's";
const CARRIER: &str = "Amazon does not take this carrier, or its number does not fit it";
const CARRIER_FIX: &str = "see with `parcelwire carriers` what this country takes, map the store's name to it, and check \
     that carrier and number belong together";
const ROLE: &str =
    "Amazon does not let this app do that: a role is missing, or the authorisation is of another account";
const ROLE_FIX: &str = "give the app the role Inventory and Order Tracking in Developer Central, authorise it again, and \
     put the new refresh_token into the connection's secrets";
const OURS: &str = "a defect of ours: please report it with these words";
const XML: &str = "Amazon could not read the feed as a whole";
const LWA_APP: &str =
    "client_id or client_secret is wrong, rotated (Amazon wants that every 180 days) or of another app";
const LWA_APP_FIX: &str = "put the app's present client_id and client_secret into the connection's secrets";
const LWA_SELLER: &str = "the seller's authorisation was revoked, ran out, or is of another app";
const LWA_SELLER_FIX: &str =
    "authorise the app again in Seller Central and put the new refresh_token into the secrets";
const PASSES: &str = "Amazon has a problem of its own, or too much to do";
const WAIT: &str = "nothing: it is tried again";

/// Every code that the references name; rows with words first.
pub(crate) const CATALOGUE: &[Explained] = &[
    // confirmShipment
    row("InvalidInput", "PackageReferenceId", "the package's number was not taken", OURS),
    row("InvalidInput", "invalid type", "a field had another type than Amazon wants", OURS),
    row("InvalidInput", "ISO 8601", "the time of dispatch was not taken", OURS),
    row("InvalidInput", "timestamp must follow", "a time was not taken", OURS),
    row("InvalidInput", "OrderItemId", ITEM, ITEM_FIX),
    row("InvalidInput", "PackageToUpdateNotFound", ALREADY, ALREADY_FIX),
    row("InvalidInput", "already fulfilled", ALREADY, ALREADY_FIX),
    row("InvalidInput", "not finding a matching package", ALREADY, ALREADY_FIX),
    row("PackageToUpdateNotFound", "", ALREADY, ALREADY_FIX),
    row(
        "InvalidInput",
        "Ship+",
        "orders of FBM Ship+ confirm themselves, and Amazon refuses any confirmation",
        "nothing: Amazon knows the parcel from the label",
    ),
    row(
        "InvalidInput",
        "fulfilled by Amazon",
        "Amazon ships this order itself (FBA), and the seller cannot confirm it",
        "nothing, if Amazon ships it; if you did, ask Selling Partner Support",
    ),
    row("InvalidInput", "expected format for the carrier", CARRIER, CARRIER_FIX),
    row("InvalidInput", "carrier", CARRIER, CARRIER_FIX),
    row("InvalidInput", "tracking", CARRIER, CARRIER_FIX),
    row(
        "InvalidInput",
        "ship date",
        "Amazon does not take the time of dispatch: it lies before the order, or in the future",
        "correct the fulfillment's date in the store",
    ),
    row(
        "InvalidInput",
        "shipDate",
        "Amazon does not take the time of dispatch: it lies before the order, or in the future",
        "correct the fulfillment's date in the store",
    ),
    row(
        "InvalidInput",
        "quantity",
        "more units were confirmed than the order has left to be shipped",
        "compare the parcels of the order in the store with those in Seller Central",
    ),
    row(
        "InvalidInput",
        "includedData",
        "Amazon refuses an optional part of its own description for now",
        WAIT,
    ),
    row("InvalidInput", "processingDirective", "Amazon refused the form of a subscription", OURS),
    row("InvalidInput", "requested data elements", ROLE, ROLE_FIX),
    row("InvalidInput", "", "Amazon does not take something in the request", "see Amazon's own words"),
    row("BadRequest", "", "Amazon does not take something in the request", "see Amazon's own words"),
    // access
    row(
        "Unauthorized",
        "expired",
        "an access token ran out",
        "nothing: the next call brings a new one; if it lasts, compare this machine's clock",
    ),
    row("Unauthorized", "missing", "the access token was not sent", OURS),
    row("Unauthorized", "", ROLE, ROLE_FIX),
    row("AccessDenied", "", ROLE, ROLE_FIX),
    row("Forbidden", "", ROLE, ROLE_FIX),
    row("MissingAuthenticationToken", "", "Amazon found no access token, or no such address", OURS),
    row(
        "InvalidSignature",
        "",
        "Amazon looked for a signature that it needs no more since October 2023",
        OURS,
    ),
    // limits and trouble
    row(
        "QuotaExceeded",
        "",
        "the account's limit at Amazon is used up: other programs of yours count towards it",
        WAIT,
    ),
    row("TooManyRequests", "", "the account's limit at Amazon is used up", WAIT),
    row("InternalFailure", "", PASSES, WAIT),
    row("InternalError", "", PASSES, WAIT),
    row("ServiceUnavailable", "", PASSES, WAIT),
    row(
        "NotFound",
        "",
        "this account has no such order: it belongs to another account or region, or is too old",
        "compare the order's number with Seller Central, and the connection's region with the account's",
    ),
    row("RequestTooLarge", "", "the request was too large for Amazon", OURS),
    row("UnsupportedMediaType", "", "Amazon does not take the form of the request", OURS),
    // Login with Amazon
    row("invalid_grant", "", LWA_SELLER, LWA_SELLER_FIX),
    row("invalid_client", "", LWA_APP, LWA_APP_FIX),
    row("unauthorized_client", "", LWA_APP, LWA_APP_FIX),
    row("invalid_scope", "", "the app may not manage notifications", ROLE_FIX),
    row("invalid_request", "", "Login with Amazon does not take the request", LWA_APP_FIX),
    row("unsupported_grant_type", "", "Login with Amazon does not take the request", OURS),
    row("server_error", "", PASSES, WAIT),
    row("temporarily_unavailable", "", PASSES, WAIT),
    // feeds
    row("90012", "", XML, OURS),
    row("90061", "", XML, OURS),
    row(
        "NotSent",
        "seller_id",
        "parcels without a number go to Amazon in a feed only, and a feed must name the seller",
        "set the option seller_id of the connection (Seller Central > Account Info > Merchant Token)",
    ),
    row("NotSent", "", "it was not sent: Amazon would surely refuse it", "see the words, and mend it"),
    // Codes that are statuses: answers without Amazon's words.
    row("400", "", "something between here and Amazon, or Amazon itself, does not take the request", OURS),
    row("409", "", "something is there already", "look again: another worker, or another program, was first"),
    row("413", "", "the request was too large for Amazon", OURS),
    row("415", "", "Amazon does not take the form of the request", OURS),
];

#[cfg(test)]
mod tests {
    use super::*;
    use connector_api::explain;

    #[test]
    fn every_code_of_the_references_is_explained() {
        for (code, words, means) in [
            (
                "InvalidInput",
                "PackageReferenceId: is invalid, must be a positive numeric value",
                "package's number",
            ),
            ("InvalidInput", "check the fields with invalid type [x]", "another type"),
            (
                "InvalidInput",
                "Date time: x is invalid, must be formatted by ISO 8601 standards",
                "time of dispatch",
            ),
            (
                "Invalid Input",
                "OrderItemId is invalid, please obtain the value through getOrderItems",
                "order item",
            ),
            ("InvalidInput", "Failed to create package … PackageToUpdateNotFound", "shipped already"),
            (
                "InvalidInput",
                "The tracking ID x for y does not match the expected format for the carrier",
                "carrier",
            ),
            ("InvalidInput", "not allowed for FBM Ship+ orders", "Ship+"),
            ("InvalidInput", "something new", "does not take"),
            ("Unauthorized", "The access token you provided has expired.", "ran out"),
            ("Unauthorized", "Access to requested resource is denied.", "role"),
            ("QuotaExceeded", "You exceeded your quota for the requested resource.", "limit"),
            ("InternalFailure", "", "problem of its own"),
            ("MissingAuthenticationToken", "", "access token"),
            ("InvalidSignature", "", "signature"),
            ("BAD_REQUEST", "", "does not take"),
            ("NotFound", "", "no such order"),
            ("invalid_grant", "", "authorisation"),
            ("invalid_client", "", "client_secret"),
            ("unauthorized_client", "", "client_secret"),
            ("access_denied", "", "authorisation"),
            ("invalid_scope", "", "notifications"),
            ("invalid_request", "", "Login with Amazon"),
            ("server_error", "", "problem of its own"),
            ("temporarily_unavailable", "", "problem of its own"),
            ("90012", "", "as a whole"),
            ("90061", "", "as a whole"),
            ("NotSent", "a feed must name the seller: set the option seller_id", "name the seller"),
        ] {
            let row = explain(CATALOGUE, code, words);
            let row = row.unwrap_or_else(|| panic!("{code} {words} is not explained"));
            assert!(row.cause.contains(means), "{code} {words}: {}", row.cause);
            assert!(!row.fix.is_empty());
        }
    }

    #[test]
    fn rows_with_words_stand_before_those_without() {
        for (at, row) in CATALOGUE.iter().enumerate().filter(|(_, row)| row.words.is_empty()) {
            let later = CATALOGUE.iter().skip(at + 1).find(|other| other.code == row.code);
            assert!(later.is_none(), "{} is never reached", later.map_or("", |row| row.words));
        }
    }
}
