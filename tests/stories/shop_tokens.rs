//! A shop whose app fetches its tokens: parcels travel as ever, tokens are renewed unnoticed, and only what a person must
//! mend is mailed.

use domain::state::StateName as S;
use ports::Credential;
use sandbox::shopify::AppChange;
use secrecy::SecretString;

use crate::harness::{SHOP, System, account};

const UPS: &str = "1Z999AA10123456784";

fn order(n: u32) -> String {
    format!("111-2222222-{n:07}")
}

/// A system whose shop has no lasting token.
fn system() -> System {
    let system = System::start();
    system.wire.shopify.lock().unwrap().set_token(SHOP, None).unwrap();
    connect(&system, "shop-secret");
    system
}

fn connect(system: &System, secret: &str) {
    let secrets = [("client_id", "shop-app"), ("client_secret", secret)];
    let secrets = secrets.map(|(name, text)| (name.to_owned(), SecretString::from(text.to_owned())));
    system.credentials.put(account("shop"), Credential { secrets: secrets.into(), ..Credential::default() });
}

fn ship(system: &System, n: u32) {
    system.order(&order(n), &[("LAMP", 1)]);
    let (_, delivery) = system.ship(&order(n), "UPS", &[UPS], &[("LAMP", 1)]);
    assert_eq!(system.post(&delivery), 200);
    system.settle();
}

/// How many tokens the shop gave, or refused.
fn tokens(system: &System, what: &str) -> usize {
    let shop = system.wire.shopify.lock().unwrap();
    shop.calls().iter().filter(|call| call.operation == "token" && call.what == what).count()
}

#[test]
fn a_parcel_travels_with_tokens_that_the_app_fetches() {
    let system = system();
    ship(&system, 1);
    system.pass(5);
    assert_eq!(system.states(&order(1)), [S::Visible]);
    assert_eq!(tokens(&system, "answered"), 1, "one serves reads and polls");
    assert!(system.subjects().is_empty(), "{:?}", system.subjects());
}

#[test]
fn a_token_that_ended_is_renewed_without_a_mail() {
    let system = system();
    ship(&system, 1);
    system.pass(5);
    // Before its time, as when the secret is rotated at Shopify.
    system.wire.shopify.lock().unwrap().end_tokens(SHOP).unwrap();
    ship(&system, 2);
    system.pass(10);
    assert_eq!(system.states(&order(2)), [S::Visible]);
    assert_eq!(tokens(&system, "answered"), 2);
    // And when a day is over.
    let short = AppChange { token_seconds: Some(600), ..AppChange::default() };
    system.wire.shopify.lock().unwrap().change_app(SHOP, short).unwrap();
    system.wire.shopify.lock().unwrap().end_tokens(SHOP).unwrap();
    system.pass(60);
    ship(&system, 3);
    system.pass(5);
    assert_eq!(system.states(&order(3)), [S::Visible]);
    assert!(tokens(&system, "answered") > 4);
    assert!(system.subjects().is_empty(), "{:?}", system.subjects());
}

#[test]
fn credentials_that_are_refused_are_mailed_and_new_ones_let_everything_go() {
    let system = system();
    let rotated = AppChange { client_secret: Some("other-secret".into()), ..AppChange::default() };
    {
        let mut shop = system.wire.shopify.lock().unwrap();
        shop.end_tokens(SHOP).unwrap();
        shop.change_app(SHOP, rotated).unwrap();
    }
    system.pass(10);
    let subjects = system.subjects();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    let refused = tokens(&system, "refused");
    system.pass(30);
    assert_eq!(tokens(&system, "refused"), refused, "parked, it asks for nothing");
    let mails = system.mail.sent();
    let text = format!("{mails:?}");
    assert!(text.contains("client_secret") && !text.contains("shop-secret"), "{text}");
}
