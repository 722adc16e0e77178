//! Mail that does not get through: parcels go on, and somebody hears of it all the same.

use domain::state::StateName as S;
use ports::MailError;

use crate::harness::{System, amazon_connection, shopify_connection};

const UPS: &str = "1Z999AA10123456784";
const HELD: &str = "111-2222222-3333333";
const PLAIN: &str = "111-2222222-4444444";

#[test]
fn ses_refuses_everything_and_parcels_are_confirmed_and_the_operator_told() {
    let system = System::start();
    let sandbox = "MessageRejected: Email address is not verified";
    let whom = format!("{sandbox}. The following identities failed the check: merchant@example.com");
    system.mail.fail(Some(MailError::Refused(whom)));
    for (order, carrier, number) in [(HELD, "Snail & Sons", "SN123456"), (PLAIN, "UPS", UPS)] {
        system.order(order, &[("LAMP", 1)]);
        let (_, delivery) = system.ship(order, carrier, &[number], &[("LAMP", 1)]);
        assert_eq!(system.post(&delivery), 200);
    }
    system.settle();
    system.pass(150);
    assert_eq!(system.at_amazon(PLAIN).len(), 1, "confirmed, whatever happens to mail");
    assert_eq!(system.states(HELD), [S::Held]);
    assert!(system.mail.sent().is_empty());
    let told = system.mail.told();
    assert_eq!(told.len(), 1, "once a day and cause: {told:?}");
    assert!(told[0].text.contains(sandbox) && told[0].text.contains("sandbox"), "{}", told[0].text);
    assert!(!told[0].text.contains("merchant@"), "the topic hears of no address: {}", told[0].text);
    // Mended: the merchant hears what they had not.
    system.mail.fail(None);
    system.pass(120);
    assert_eq!(system.mail.sent().len(), 1, "{:?}", system.subjects());
    assert!(system.mail.sent()[0].text.contains(HELD));
}

#[test]
fn a_bounce_reaches_the_mailer_by_its_queue_within_its_rights() {
    let system = System::start();
    let event = r#"{"eventType":"Bounce","mail":{},"bounce":{"bounceType":"Permanent",
        "bouncedRecipients":[{"emailAddress":"merchant@example.com"}]}}"#;
    let sent = system.world.queue.send(ports::QueueName::Alerts, event, std::time::Duration::ZERO);
    futures::executor::block_on(sent).unwrap();
    system.settle();
    assert_eq!(system.grants.take_refused(), Vec::<String>::new());
    let told: Vec<String> = system.mail.told().into_iter().map(|notice| notice.subject).collect();
    assert_eq!(told, ["Parcelwire has nobody to mail"]);
}

/// Everybody's connections, with the weekly test on; one has a second reader.
fn with_weekly_tests(system: &System) {
    let mut all = vec![shopify_connection(), amazon_connection("amazon-us"), amazon_connection("amazon-two")];
    for connection in &mut all {
        connection.time_zone = "America/New_York".into();
        connection.mail.to = vec!["merchant@example.com".into()];
        connection.mail.weekly_test = true;
    }
    all[1].mail.to.push("desk@example.com".into());
    system.apply_all(&all);
}

/// Lets time pass until shortly before a moment, and then ten minutes by the minute.
fn around(system: &System, moment: &str) -> usize {
    let before = system.mail.sent().len();
    let start: jiff::Timestamp = moment.parse().unwrap();
    let ahead = start.duration_since(system.now()).as_secs() - 300;
    system.clock.advance(std::time::Duration::from_secs(ahead.try_into().unwrap()));
    system.pass(4);
    assert_eq!(system.mail.sent().len(), before, "before {moment}: {:?}", system.subjects());
    system.pass(6);
    system.mail.sent().len() - before
}

#[test]
fn each_monday_everybody_has_one_test_mail_by_the_way_of_alerts() {
    let system = System::start();
    with_weekly_tests(&system);
    // It is Friday: the first is that of the next Monday, at nine in New York.
    system.pass(10);
    assert_eq!(system.subjects(), Vec::<String>::new());
    assert_eq!(around(&system, "2026-11-23T14:00:00Z"), 2);
    let mut to: Vec<String> = system.mail.sent().into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["desk@example.com", "merchant@example.com"], "three connections, one mail each");
    assert!(
        system.subjects().iter().all(|subject| subject.contains("weekly test")),
        "{:?}",
        system.subjects()
    );
    assert_eq!(around(&system, "2026-11-30T14:00:00Z"), 2);
    assert_eq!(system.grants.take_refused(), Vec::<String>::new());
}

#[test]
fn a_weekly_test_that_is_refused_is_told_to_the_operator_and_not_repeated() {
    let system = System::start();
    with_weekly_tests(&system);
    system.mail.fail(Some(MailError::Refused("MessageRejected: Email address is not verified".into())));
    assert_eq!(around(&system, "2026-11-23T14:00:00Z"), 0);
    assert_eq!(system.mail.told().len(), 1);
    system.mail.fail(None);
    system.pass(60);
    assert_eq!(system.subjects(), Vec::<String>::new(), "whoever misses it knows");
}
