use super::*;

fn said(id: &str, category: &str, message: &str) -> Vec<WireError> {
    let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
    vec![WireError {
        error_id: text(id),
        category: text(category),
        message: text(message),
        long_message: None,
    }]
}

/// Every row of the reference's tables, and what stands between us and eBay.
#[test]
fn ebays_answers_are_sorted_by_what_to_do_next() {
    let two_s = Some(Duration::from_secs(2));
    let rejected = |code: &str| Verdict::Failed(Failure::Rejected { code: code.into() });
    let maybe = || Verdict::Failed(Failure::Retryable { reached: Reached::Maybe, after: two_s });
    let throttled = || Verdict::Failed(Failure::Throttled { after: two_s });
    let refused = |expired| Verdict::TokenRefused { expired };
    let no_scope = |code: &str| Verdict::ScopeMissing { code: code.into() };
    let request = |id: &str| said(id, "REQUEST", "no");
    let cases = [
        // access
        ("over the limit", 429, said("2001", "REQUEST", "Too many requests."), throttled()),
        ("over the limit, HTML", 429, vec![], throttled()),
        ("over the limit, in another status", 403, said("2001", "", ""), throttled()),
        ("dead token", 401, said("1001", "REQUEST", "Invalid access token"), refused(false)),
        ("expired token", 401, said("1001", "REQUEST", "Expired access token"), refused(true)),
        ("401 in HTML", 401, vec![], refused(true)),
        ("a scope is missing", 403, said("1100", "REQUEST", "Access denied"), no_scope("1100")),
        ("a scope is missing for a topic", 403, request("195011"), no_scope("195011")),
        ("403 from something in between", 403, vec![], maybe()),
        ("a digital signature", 403, request("215001"), rejected("215001")),
        // getOrders
        ("filter name", 400, request("30700"), rejected("30700")),
        ("filter value", 400, request("30800"), rejected("30800")),
        ("date format", 400, request("30810"), rejected("30810")),
        ("no start", 400, request("30820"), rejected("30820")),
        ("range too long", 400, request("30830"), rejected("30830")),
        ("start after end", 400, request("30840"), rejected("30840")),
        ("future", 400, request("30850"), rejected("30850")),
        ("too many ids", 400, request("30900"), rejected("30900")),
        ("offset", 400, request("31000"), rejected("31000")),
        ("limit", 400, request("31100"), rejected("31100")),
        ("field group", 400, request("32800"), rejected("32800")),
        // createShippingFulfillment
        ("order id", 400, request("32100"), rejected("32100")),
        ("fulfillment id", 400, request("32110"), rejected("32110")),
        ("line item", 400, request("32200"), rejected("32200")),
        ("line item twice", 400, request("32210"), rejected("32210")),
        (
            "carrier or number",
            400,
            request("32300"),
            Verdict::Failed(Failure::CarrierRefused { code: "32300".into() }),
        ),
        ("suspended", 400, request("32400"), Verdict::Suspended),
        ("shipped date", 400, request("32500"), rejected("32500")),
        ("input", 400, request("32600"), rejected("32600")),
        ("too many numbers", 400, request("34100"), rejected("34100")),
        ("mixed with a hub", 400, request("34200"), rejected("34200")),
        ("several lines to a hub", 400, request("34300"), rejected("34300")),
        ("use PUT", 400, request("34500"), maybe()),
        ("conflict", 409, vec![], maybe()),
        ("conflict with an id", 409, request("32600"), maybe()),
        ("system error", 500, said("30500", "APPLICATION", "System error"), maybe()),
        ("system error in a 400", 400, said("30500", "APPLICATION", ""), maybe()),
        // notifications
        ("no alert address", 400, request("195003"), rejected("195003")),
        ("challenge", 400, request("195020"), rejected("195020")),
        ("destination exists", 409, request("195021"), rejected("195021")),
        ("subscription exists", 409, request("195012"), rejected("195012")),
        // whatever is in between, and what nobody knows
        ("400 in HTML", 400, vec![], rejected("400")),
        ("no such order", 404, vec![], Verdict::Failed(Failure::NotFound)),
        ("no such order, in words", 404, request("32100"), Verdict::Failed(Failure::NotFound)),
        ("overload", 503, vec![], maybe()),
        ("gateway", 502, vec![], maybe()),
        ("a redirect", 302, vec![], maybe()),
        ("refused in a 5xx", 500, request("99999"), maybe()),
        ("an id nobody knows", 400, request("99999"), rejected("99999")),
        ("refused in a 200", 200, request("32600"), rejected("32600")),
        ("their fault in a 200", 200, said("99999", "APPLICATION", ""), maybe()),
        ("an unknown kind of error in a 200", 200, said("99999", "", ""), maybe()),
    ];
    for (name, status, errors, want) in cases {
        assert_eq!(classify(status, &errors, two_s), want, "{name}");
    }
}

#[test]
fn only_a_refused_new_token_is_held_against_the_authorisation() {
    let again = Failure::Retryable { reached: Reached::No, after: Some(AFTER_REFUSED_TOKEN) };
    let reconnect = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    for (expired, new, want) in
        [(false, true, &reconnect), (false, false, &again), (true, true, &again), (true, false, &again)]
    {
        assert_eq!(&Verdict::TokenRefused { expired }.failure(CONFIRM, new), want, "{expired} {new}");
    }
}

#[test]
fn failure_20_a_missing_scope_is_named_and_no_reason_to_disconnect() {
    let verdict = Verdict::ScopeMissing { code: "1100".into() };
    let again = Failure::Retryable { reached: Reached::No, after: Some(AFTER_REFUSED_TOKEN) };
    assert_eq!(verdict.failure(CONFIRM, false), again, "it may be a token from before the grant");
    let closed = Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere };
    assert_eq!(verdict.failure(CONFIRM, true), closed, "confirmations stop, reads go on");
    assert_eq!(verdict.failure(crate::LIST, true), Failure::Rejected { code: "1100".into() });
    for (operation, scope) in [
        (CONFIRM, "scope sell.fulfillment:"),
        (crate::LIST, "sell.fulfillment.readonly"),
        (crate::READ, "sell.fulfillment.readonly"),
        ("createSubscription", "commerce.notification.subscription"),
    ] {
        let words = verdict.in_plain_words(operation, "Access denied");
        assert!(words.contains(scope) && words.contains("Access denied"), "{words}");
    }
}

#[test]
fn failure_26_anothers_number_is_not_tried_under_another_carrier() {
    let words = "Tracking number(s) already exists for a different buyer or seller";
    let mut errors = said("32300", "REQUEST", words);
    let rejected = Verdict::Failed(Failure::Rejected { code: "32300".into() });
    assert_eq!(classify(400, &errors, None), rejected);
    errors[0].message = Some("Invalid tracking number".into());
    errors[0].long_message = Some(words.into());
    assert_eq!(classify(400, &errors, None), rejected, "in the longer words");
    errors[0].long_message = None;
    let carrier = Verdict::Failed(Failure::CarrierRefused { code: "32300".into() });
    assert_eq!(classify(400, &errors, None), carrier, "without those words it may be the carrier");
}

#[test]
fn token_refusals_are_sorted_by_their_name() {
    let two_s = Some(Duration::from_secs(2));
    let reconnect = || Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    let again = || Failure::Retryable { reached: Reached::No, after: two_s };
    let cases = [
        ("revoked or ended", 400, Some("invalid_grant"), reconnect()),
        ("wrong keys", 401, Some("invalid_client"), reconnect()),
        ("wrong app", 400, Some("unauthorized_client"), reconnect()),
        ("a scope that was not granted", 400, Some("invalid_scope"), reconnect()),
        ("request", 400, Some("invalid_request"), reconnect()),
        ("server error", 500, Some("server_error"), again()),
        ("server error in a 400", 400, Some("server_error"), again()),
        ("names a cause, but is a 5xx", 503, Some("invalid_grant"), again()),
        ("throttled", 429, None, Failure::Throttled { after: two_s }),
        ("throttled, with a name", 429, Some("invalid_request"), Failure::Throttled { after: two_s }),
        ("HTML", 400, None, again()),
        ("unknown", 400, Some("brand_new"), again()),
        ("gateway", 502, None, again()),
    ];
    for (name, status, error, want) in cases {
        assert_eq!(classify_token(status, error, two_s), want, "{name}");
    }
    assert!(token_detail(400, Some("invalid_grant"), None).contains("18 months"));
    assert!(token_detail(400, Some("invalid_scope"), None).contains("option scopes"));
    assert_eq!(token_detail(502, None, None), "eBay gave no token (status 502)");
}

#[test]
fn words_name_the_id_and_say_nothing_twice() {
    let mut errors = said("32300", "REQUEST", "Invalid tracking number");
    assert_eq!(detail(400, &errors), "32300: Invalid tracking number");
    errors[0].long_message = Some("Invalid tracking number".into());
    assert_eq!(detail(400, &errors), "32300: Invalid tracking number");
    errors[0].long_message = Some("Or carrier".into());
    assert_eq!(detail(400, &errors), "32300: Invalid tracking number: Or carrier");
    assert_eq!(detail(502, &[]), "status 502 without words");
}
