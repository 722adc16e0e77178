//! Cancellations and refunds: off unless said of one marketplace account.

use domain::reversal::Reversals;

use crate::{changed, parse};

fn of(table: &str) -> Option<Reversals> {
    let text = changed("expires = 2027-05-01\n", &format!("expires = 2027-05-01\n{table}"));
    let settings = parse(&text).ok()?;
    settings.connections.first().map(|one| one.connection.reversals)
}

#[test]
fn both_switches_are_off_unless_they_are_on() {
    for (table, cancel, refund) in [
        ("", false, false),
        ("reversals = { cancel = true }\n", true, false),
        ("reversals = { refund = true }\n", false, true),
        ("reversals = { cancel = true, refund = true }\n", true, true),
        ("reversals = { cancel = false, refund = false }\n", false, false),
    ] {
        assert_eq!(of(table), Some(Reversals { cancel, refund }), "{table}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let shop = "shop = \"example.myshopify.com\"\n";
    for (text, words) in [
        (changed("expires = 2027-05-01\n", "reversals = { cancel = \"yes\" }\n"), "true or false"),
        (changed("expires = 2027-05-01\n", "reversals = { refunds = true }\n"), "refunds"),
        (changed(shop, &format!("{shop}reversals = {{ refund = true }}\n")), "marketplace connection"),
    ] {
        let errors = parse(&text).unwrap_err().to_string();
        assert!(errors.contains(words), "{words}: {errors}");
    }
}
