use super::*;
use crate::{LIST, READ, SHOP};

const OPERATIONS: [&str; 4] = [READ, LIST, SHOP, SHIP];

fn said(error: &str, description: &str) -> Option<Words> {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Some(Words { error: text(error), error_description: text(description) })
}

fn judged(operation: &'static str, status: u16, words: Option<&Words>) -> Verdict {
    classify(&Refusal { operation, status, words, after: Some(Duration::from_secs(2)), left_today: None })
}

/// Every row of the table, in our own README's order.
#[test]
fn etsys_answers_are_sorted_by_what_to_do_next() {
    let two_s = Some(Duration::from_secs(2));
    let rejected = |code: &str| Verdict::Failed(Failure::Rejected { code: code.into() });
    let maybe = || Verdict::Failed(Failure::Retryable { reached: Reached::Maybe, after: two_s });
    let throttled = || Verdict::Failed(Failure::Throttled { after: two_s });
    let refused = |expired| Verdict::TokenRefused { expired };
    let cases = [
        ("a number is required", 400, said("A tracking number is required", ""), rejected("400")),
        ("bad request", 400, said("Invalid receipt_id", ""), rejected("400")),
        ("400 in HTML", 400, None, rejected("400")),
        ("bad request of another kind", 422, said("Unprocessable", ""), rejected("422")),
        ("too large", 413, None, rejected("413")),
        ("content type", 415, None, rejected("415")),
        ("no such order", 404, said("Resource not found", ""), Verdict::Failed(Failure::NotFound)),
        ("no such order, HTML", 404, None, Verdict::Failed(Failure::NotFound)),
        ("token ran out", 401, said("invalid_token", "access token is expired"), refused(true)),
        ("token is none", 401, said("invalid_token", "access token is invalid"), refused(false)),
        ("401 in HTML", 401, None, refused(true)),
        ("no user", 403, said("No user was provided as part of the bearer token.", ""), refused(false)),
        (
            "no secret in the key",
            403,
            said("Shared secret is required in x-api-key header", ""),
            Verdict::KeyRefused,
        ),
        ("wrong key", 401, said("API key not found or not active", ""), Verdict::KeyRefused),
        ("429 per second", 429, said("Exceeded per second rate limit", ""), throttled()),
        ("429 per day", 429, said("Exceeded daily rate limit", ""), throttled()),
        ("429 in HTML", 429, None, throttled()),
        ("limit inside another status", 503, said("Exceeded per second rate limit", ""), throttled()),
        ("internal", 500, said("Server error", ""), maybe()),
        ("not implemented", 501, said("Not Implemented", ""), maybe()),
        ("internal in HTML", 500, None, maybe()),
        ("gateway", 502, None, maybe()),
        ("overload", 503, None, maybe()),
        ("gateway gave up", 504, None, maybe()),
        ("a redirect", 302, None, maybe()),
        ("a status nobody knows", 599, said("Strange", ""), maybe()),
        ("an error inside a success", 200, said("Something", ""), maybe()),
    ];
    for (name, status, words, want) in cases {
        for operation in OPERATIONS {
            assert_eq!(judged(operation, status, words.as_ref()), want, "{name}, {operation}");
        }
    }
}

#[test]
fn failure_2_closed_access_is_told_from_scopes_tokens_keys_and_single_orders() {
    let closed = [
        "Unauthorized",
        "This application is not authorized to use this endpoint",
        "You do not have permission to perform this operation",
        "access denied for this shop",
    ];
    for words in closed {
        let words = said(words, "");
        assert_eq!(judged(SHIP, 403, words.as_ref()), Verdict::AccessClosed, "{words:?}");
        // A read that is refused so says nothing of telling: the shop may be another seller's.
        assert_eq!(judged(READ, 403, words.as_ref()), Verdict::TokenRefused { expired: false }, "{words:?}");
        assert_eq!(
            Verdict::AccessClosed.failure(false),
            Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere },
            "also with an old token: nothing is tried again"
        );
    }
    let scope = said("insufficient_scope", "This request requires the transactions_w scope");
    let w = Verdict::ScopeMissing { scope: "transactions_w", only_telling: true };
    assert_eq!(judged(SHIP, 403, scope.as_ref()), w);
    assert_eq!(w.failure(true), Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere });
    let r = Verdict::ScopeMissing { scope: "transactions_r", only_telling: false };
    assert_eq!(judged(LIST, 403, scope.as_ref()), r);
    assert_eq!(r.failure(false), Failure::NeedsMerchant { action: MerchantAction::Reconnect });
    let of_one_order = said("Receipt is not yours to ship", "");
    assert_eq!(
        judged(SHIP, 403, of_one_order.as_ref()),
        Verdict::Failed(Failure::Rejected { code: "403".into() })
    );
}

#[test]
fn a_403_that_is_not_etsys_closes_nothing_and_is_read_before_it_is_repeated() {
    for operation in OPERATIONS {
        let refusal = Refusal { operation, status: 403, words: None, after: None, left_today: None };
        let want = Failure::Retryable { reached: Reached::Maybe, after: Some(AFTER_STRANGER) };
        assert_eq!(classify(&refusal), Verdict::Failed(want), "{operation}");
    }
}

#[test]
fn failure_10_and_11_both_bodies_are_a_limit_and_a_day_is_no_second() {
    let of = |words: &str, after: Option<u64>, left_today| {
        let words = said(words, "");
        let after = after.map(Duration::from_secs);
        let refusal = Refusal { operation: READ, status: 429, words: words.as_ref(), after, left_today };
        match classify(&refusal) {
            Verdict::Failed(Failure::Throttled { after }) => after.map(|after| after.as_secs()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of("Exceeded per second rate limit", None, Some(5_000)), None);
    assert_eq!(of("Exceeded per second rate limit", Some(1), None), Some(1));
    assert_eq!(of("Exceeded daily rate limit", None, None), Some(900), "no second later");
    assert_eq!(of("Exceeded daily rate limit", Some(86_400), None), Some(86_400));
    assert_eq!(of("Too many requests", None, Some(0)), Some(900), "the header says so, too");
}

#[test]
fn a_conflict_of_telling_means_read_it_first() {
    let words = said("Conflict with the current state", "");
    assert!(matches!(
        judged(SHIP, 409, words.as_ref()),
        Verdict::Failed(Failure::Retryable { reached: Reached::Maybe, .. })
    ));
    assert_eq!(judged(READ, 409, words.as_ref()), Verdict::Failed(Failure::Rejected { code: "409".into() }));
}

#[test]
fn failure_6_a_carrier_that_is_refused_by_name_may_go_as_other() {
    let words = said("Invalid carrier_name", "");
    let want = Verdict::Failed(Failure::CarrierRefused { code: "400".into() });
    assert_eq!(judged(SHIP, 400, words.as_ref()), want);
    let required = said("A carrier name is required", "");
    assert_eq!(
        judged(SHIP, 400, required.as_ref()),
        Verdict::Failed(Failure::Rejected { code: "400".into() })
    );
}

#[test]
fn a_refused_token_parks_the_account_only_if_it_was_just_issued() {
    let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    let again = Failure::Retryable { reached: Reached::No, after: Some(AFTER_REFUSED_TOKEN) };
    for (expired, new, want) in
        [(false, true, &reconnect), (false, false, &again), (true, true, &again), (true, false, &again)]
    {
        assert_eq!(&Verdict::TokenRefused { expired }.failure(new), want, "{expired} {new}");
    }
}

#[test]
fn the_token_endpoints_answers_are_sorted() {
    let two_s = Some(Duration::from_secs(2));
    let reconnect = || Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    let again = || Failure::Retryable { reached: Reached::No, after: two_s };
    let cases = [
        ("revoked", 400, Some("invalid_grant"), Some("refresh_token is revoked"), reconnect()),
        ("revoked, another status", 401, Some("invalid_grant"), None, reconnect()),
        ("wrong app", 401, Some("invalid_client"), None, reconnect()),
        ("request", 400, Some("invalid_request"), None, reconnect()),
        ("scope", 400, Some("invalid_scope"), None, reconnect()),
        ("key", 403, Some("Invalid API key"), None, reconnect()),
        ("server error", 500, Some("server_error"), None, again()),
        ("names a cause, but is a 5xx", 503, Some("invalid_grant"), None, again()),
        ("throttled", 429, None, None, Failure::Throttled { after: two_s }),
        (
            "throttled in words",
            400,
            Some("Exceeded daily rate limit"),
            None,
            Failure::Throttled { after: two_s },
        ),
        ("HTML", 400, None, None, again()),
        ("unknown", 400, Some("brand_new"), None, again()),
        ("gateway", 502, None, None, again()),
    ];
    for (name, status, error, description, want) in cases {
        assert_eq!(classify_token(status, error, description, two_s), want, "{name}");
    }
}

#[test]
fn failure_9_a_changed_password_is_named() {
    let words = token_detail(400, Some("invalid_grant"), Some("refresh_token is revoked"));
    assert!(words.contains("changed password") && words.contains("refresh_token is revoked"), "{words}");
}
