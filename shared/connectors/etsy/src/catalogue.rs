//! Etsy's refusals in plain words. It has no codes: the status is the code, and its words tell the rest.

use connector_api::Explained;

const fn row(code: &'static str, words: &'static str, cause: &'static str, fix: &'static str) -> Explained {
    Explained { code, words, cause, fix }
}

/// Rows that ask for words stand before those that do not.
pub(crate) const ROWS: &[Explained] = &[
    row(
        "400",
        "tracking number is required",
        "Etsy takes no parcel without a tracking number here: orders above 10 dollars within the United States, and all \
         to India, need one.",
        "enter the parcel's number and carrier in the store, or complete the order in Shop Manager",
    ),
    row(
        "400",
        "carrier",
        "Etsy does not take this carrier name.",
        "map the carrier to a name of Etsy's list, or to other: parcelwire map",
    ),
    row(
        "400",
        "",
        "Etsy found something wrong with the request itself.",
        "read its words; if they name a field, correct it in the store",
    ),
    row(
        "401",
        "expired",
        "The access token ran out; a new one is fetched by itself.",
        "nothing, unless it lasts: then look at the clock of this machine",
    ),
    row(
        "401",
        "",
        "Etsy does not take the authorisation.",
        "authorise the app again and put the new refresh_token into the settings",
    ),
    row(
        "403",
        "scope",
        "The authorisation was given without what this call needs.",
        "authorise the app again with the scopes transactions_r and transactions_w",
    ),
    row(
        "403",
        "no user was provided",
        "The token names no Etsy user, so it is no token of a seller's.",
        "authorise the app again and put the whole refresh_token, with the number before its dot, into the settings",
    ),
    row(
        "403",
        "api key",
        "Etsy does not take the app's key.",
        "put keystring and shared_secret, as Etsy's developer page shows them, into the settings; since February 2026 \
         both are required",
    ),
    row(
        "403",
        "shared secret",
        "Etsy wants the app's shared secret beside its keystring, since February 2026.",
        "put shared_secret, as Etsy's developer page shows it, into the settings",
    ),
    row(
        "403",
        "",
        "Etsy lets this app not do that for this shop. Since 2024 it has closed telling of parcels to new apps and newly \
         connected shops, country by country (Türkiye, United States, Canada, France, Germany, Netherlands, Greece, \
         Portugal).",
        "complete the orders in Shop Manager or with a shipping provider that Etsy has approved; ask \
         developer@etsy.com whether the app can be let in",
    ),
    row(
        "404",
        "",
        "The shop has no such order, or it is another seller's.",
        "look whether the order number in the store is Etsy's, and whether shop_id is the right shop",
    ),
    row(
        "not_found",
        "",
        "The shop has no such order, or it is another seller's.",
        "look whether the order number in the store is Etsy's, and whether shop_id is the right shop",
    ),
    row("405", "", "Etsy does not know this kind of request.", "tell us: this is ours to mend"),
    row(
        "409",
        "",
        "The request does not fit what the order has become meanwhile.",
        "look at the order in Shop Manager: is it cancelled, or completed already?",
    ),
    row("410", "", "What was asked for is gone.", "look at the order in Shop Manager"),
    row("413", "", "The request was too large.", "shorten note_to_buyer in the settings"),
    row(
        "415",
        "",
        "Etsy does not take this kind of body.",
        "set the option tracking_body to the other of json and form, and tell us",
    ),
    row(
        "422",
        "",
        "Etsy understood the request and could not work on it.",
        "read its words; look at the order in Shop Manager",
    ),
    row(
        "429",
        "daily",
        "The app's calls of the last 24 hours are used up; they come back bit by bit.",
        "nothing: what waits is sent as soon as it may be; if it happens each day, ask developer@etsy.com for more",
    ),
    row("429", "", "Too many calls in one second.", "nothing: it goes on by itself"),
    row("500", "", "Etsy had an error of its own.", "nothing: the order is read, then it is tried again"),
    row(
        "501",
        "",
        "Etsy has not built this call yet, or has taken it away.",
        "tell us: this is ours to mend",
    ),
    row(
        "502",
        "",
        "Etsy's front did not reach its back.",
        "nothing: the order is read, then it is tried again",
    ),
    row(
        "503",
        "",
        "Etsy is overloaded or being worked on.",
        "nothing: the order is read, then it is tried again",
    ),
    row("504", "", "Etsy took too long.", "nothing: the order is read, then it is tried again"),
    row(
        "invalid_grant",
        "revoked",
        "The seller's authorisation was taken back. A changed password does that, too.",
        "authorise the app again and put the new refresh_token into the settings",
    ),
    row(
        "invalid_grant",
        "",
        "The refresh token is spent: each serves once, and for 90 days.",
        "authorise the app again and put the new refresh_token into the settings; let no other program use the same one",
    ),
    row(
        "invalid_token",
        "expired",
        "The access token ran out; a new one is fetched by itself.",
        "nothing, unless it lasts: then look at the clock of this machine",
    ),
    row(
        "invalid_token",
        "",
        "Etsy does not take the access token.",
        "authorise the app again and put the new refresh_token into the settings",
    ),
    row(
        "invalid_client",
        "",
        "The keystring is wrong, or of another app.",
        "put the app's keystring into the settings",
    ),
    row(
        "unauthorized_client",
        "",
        "The app may not ask for tokens so.",
        "put the keystring of the app that the seller authorised into the settings",
    ),
    row(
        "invalid_request",
        "",
        "Etsy does not understand the request for a token.",
        "check keystring and refresh_token in the settings",
    ),
    row(
        "invalid_scope",
        "",
        "A scope was asked for that Etsy does not know.",
        "authorise the app with transactions_r and transactions_w",
    ),
    row(
        "insufficient_scope",
        "",
        "The authorisation was given without what this call needs.",
        "authorise the app again with the scopes transactions_r and transactions_w",
    ),
    row("access_denied", "", "The seller did not agree to the authorisation.", "authorise the app again"),
    // What only a person can do, under the name of its cause in the ledger.
    row(
        "edit_by_hand",
        "",
        "Etsy has no call that changes a parcel, and a further one would mail the buyer again.",
        "in Shop Manager open Orders & Shipping, then Completed, find the order and correct the number or carrier of its \
         parcel there",
    ),
    row(
        "NotSent",
        "",
        "We did not send this: Etsy would have marked the order as shipped and lost its number.",
        "correct what the words name, in the store or by a mapping",
    ),
];

#[cfg(test)]
mod tests {
    use connector_api::explain;

    use super::*;

    /// Every sentence and code that Etsy's documentation and its issues name, as it comes.
    #[test]
    fn every_sentence_that_is_known_is_explained() {
        let cause =
            |code: &str, words: &str| explain(ROWS, code, words).map(|row| row.cause).unwrap_or_default();
        for (code, words, sign) in [
            ("400", "A tracking number is required", "without a tracking number"),
            ("invalid_grant", "refresh_token is revoked", "taken back"),
            ("invalid_grant", "refresh_token is expired", "spent"),
            ("invalid_token", "access token is expired", "ran out"),
            ("401", "invalid_token: access token is expired", "ran out"),
            ("403", "No user was provided as part of the bearer token.", "names no Etsy user"),
            ("403", "Unauthorized", "closed"),
            ("403", "Insufficient scope", "without what this call needs"),
            ("429", "Exceeded per second rate limit", "one second"),
            ("429", "Exceeded daily rate limit", "24 hours"),
            ("409", "There was a request conflict", "meanwhile"),
            ("not_found", "", "no such order"),
        ] {
            let said = cause(code, words);
            assert!(said.contains(sign), "{code} {words}: {said}");
        }
        assert_eq!(cause("418", "teapot"), "", "what is unknown stays as it is");
    }

    #[test]
    fn rows_with_words_come_first_and_every_status_of_the_contract_has_one() {
        for (at, row) in ROWS.iter().enumerate() {
            let earlier = ROWS.iter().take(at);
            let hidden = earlier.filter(|e| e.code == row.code).any(|e| e.words.is_empty());
            assert!(!hidden, "{} {:?} can never be reached", row.code, row.words);
            assert!(!row.cause.is_empty() && !row.fix.is_empty() && !row.fix.ends_with('.'), "{}", row.code);
        }
        for status in [400, 401, 403, 404, 409, 422, 429, 500, 501, 503] {
            assert!(explain(ROWS, &status.to_string(), "").is_some(), "{status}");
        }
    }
}
