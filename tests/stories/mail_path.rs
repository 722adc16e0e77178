//! Mail that does not get through: parcels go on, and somebody hears of it all the same.

use domain::state::StateName as S;
use ports::MailError;

use crate::harness::System;

const UPS: &str = "1Z999AA10123456784";
const HELD: &str = "111-2222222-3333333";
const PLAIN: &str = "111-2222222-4444444";

#[test]
fn ses_refuses_everything_and_parcels_are_confirmed_and_the_operator_told() {
    let system = System::start();
    let sandbox = "MessageRejected: Email address is not verified";
    system.mail.fail(Some(MailError::Refused(sandbox.into())));
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
