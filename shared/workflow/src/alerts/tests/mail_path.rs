//! Bounces, complaints, mail that does not get through, and who hears of it.

use ports::MailError;
use serde_json::json;

use super::*;
use crate::admin;

/// A scene with one account that these addresses hear of, and its mailbox.
fn scene_for(to: &[&str]) -> (Scene, Arc<MemoryMail>) {
    let mut scene = Scene::new();
    let mut settings = connection("market", "market-1");
    settings.mail.to = to.iter().map(|address| (*address).to_owned()).collect();
    let state = ConnectionState::starting(settings.account.clone(), at(0));
    let writes = vec![Stored::new(settings).into_write(at(0)), Stored::new(state).into_write(at(0))];
    block_on(scene.world.ledger.commit(writes)).unwrap();
    let mail = Arc::new(MemoryMail::default());
    scene.world.mail = mail.clone();
    (scene, mail)
}

/// Something to tell, and the queue worked on.
fn trouble(scene: &Scene) {
    scene.clock.advance(Duration::from_secs(86_400));
    block_on(dead_letter(&scene.world, "{}")).unwrap();
    for text in scene.queue.texts(QueueName::Alerts) {
        block_on(tell(&scene.world, &text)).unwrap();
    }
}

fn bounce(kind: &str, address: &str) -> String {
    json!({
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": "General",
            "bouncedRecipients": [{ "emailAddress": address, "diagnosticCode": "smtp; 550 5.1.1\r\nno such user" }],
            "timestamp": "2026-11-21T10:00:00.000Z"
        },
        "mail": { "messageId": "m", "destination": [address] }
    })
    .to_string()
}

fn complaint(address: &str) -> String {
    // As an identity's own notifications write it.
    json!({
        "notificationType": "Complaint",
        "complaint": { "complainedRecipients": [{ "emailAddress": address }] },
        "mail": { "messageId": "m" }
    })
    .to_string()
}

fn suppressed(scene: &Scene) -> Vec<(String, Suppression)> {
    let all = block_on(suppressed_addresses(&scene.world, &account("market-1").merchant)).unwrap();
    all.into_iter().map(|known| (known.address, known.why)).collect()
}

#[test]
fn a_recipient_that_bounces_is_mailed_no_more_and_another_hears_of_it() {
    let (scene, mail) = scene_for(&["gone@example.com", "boss@example.com"]);
    for _ in 0..2 {
        block_on(tell(&scene.world, &bounce("Permanent", "Gone@Example.com"))).unwrap();
    }
    assert_eq!(suppressed(&scene), [("gone@example.com".to_owned(), Suppression::Bounced)]);
    let told = mail.sent();
    assert_eq!(to(&told), ["boss@example.com"], "once");
    assert!(told[0].text.contains("gone@example.com: mail to it came back"), "{}", told[0].text);
    assert!(told[0].text.contains("parcelwire mail allow gone@example.com"), "{}", told[0].text);
    trouble(&scene);
    assert_eq!(to(&mail.sent()[1..]), ["boss@example.com"]);
    let [seen] = &block_on(admin::connections(&scene.world)).unwrap()[..] else { panic!("one connection") };
    assert_eq!(seen.mail_suppressed[0].words.as_deref(), Some("smtp; 550 5.1.1  no such user"));
    // Let in again.
    let merchants = block_on(allow_address(&scene.world, "GONE@example.com")).unwrap();
    assert_eq!(merchants, [account("market-1").merchant]);
    trouble(&scene);
    assert_eq!(to(&mail.sent()[2..]), ["boss@example.com", "gone@example.com"]);
    assert!(block_on(allow_address(&scene.world, "gone@example.com")).unwrap().is_empty());
}

#[test]
fn what_the_only_recipient_of_a_kind_should_hear_goes_to_the_next_one() {
    let (scene, mail) = scene_for(&["all@example.com"]);
    let key = ItemKey::connection(&account("market-1"));
    let Loaded::Known(mut stored) = block_on(load::<Connection>(scene.world.ledger.as_ref(), &key)).unwrap()
    else {
        panic!("configured")
    };
    stored.value.mail.to_by_kind = [(MailKind::DeadLetters, vec!["it@example.com".to_owned()])].into();
    block_on(scene.world.ledger.commit(vec![stored.into_write(at(0))])).unwrap();
    block_on(tell(&scene.world, &complaint("it@example.com"))).unwrap();
    assert_eq!(suppressed(&scene), [("it@example.com".to_owned(), Suppression::Complained)]);
    trouble(&scene);
    assert_eq!(to(&mail.sent()), ["all@example.com", "all@example.com"]);
    assert!(mail.sent()[0].text.contains("reported our mail as unwanted"), "{}", mail.sent()[0].text);
    assert!(mail.told().is_empty());
}

#[test]
fn where_nobody_is_left_the_operator_hears_and_the_mail_waits() {
    let (scene, mail) = scene_for(&["only@example.com"]);
    block_on(tell(&scene.world, &bounce("Permanent", "only@example.com"))).unwrap();
    trouble(&scene);
    assert!(mail.sent().is_empty());
    let told: Vec<String> = mail.told().into_iter().map(|notice| notice.cause).collect();
    assert_eq!(told, ["nobody:merchant/market-1", "nobody:merchant/market-1"], "once a day");
    block_on(allow_address(&scene.world, "only@example.com")).unwrap();
    scene.clock.advance(Duration::from_secs(3_600));
    let group = block_on(scene.world.ledger.scan(Table::Orders, None)).unwrap().rows.remove(0).key;
    block_on(tell(&scene.world, &AlertMessage::about(&group).to_body())).unwrap();
    assert_eq!(to(&mail.sent()), ["only@example.com"], "it was kept");
}

#[test]
fn what_passes_or_names_nobody_of_ours_changes_nothing() {
    let (scene, mail) = scene_for(&["a@example.com"]);
    let delivery = json!({ "eventType": "Delivery", "mail": {}, "delivery": {} }).to_string();
    for body in [bounce("Transient", "a@example.com"), bounce("Permanent", "stranger@example.com"), delivery]
    {
        block_on(tell(&scene.world, &body)).unwrap();
    }
    assert!(suppressed(&scene).is_empty() && mail.sent().is_empty() && mail.told().is_empty());
}

/// The test's world has no network at all: whatever asks for an address would fail otherwise than by being unread.
#[test]
fn an_address_in_a_message_is_never_followed() {
    let (scene, _) = scene_for(&["a@example.com"]);
    let confirmation = json!({
        "Type": "SubscriptionConfirmation",
        "SubscribeURL": "https://attacker.example/confirm",
        "SigningCertURL": "https://attacker.example/cert",
        "Message": bounce("Permanent", "a@example.com"),
    });
    let refused = block_on(tell(&scene.world, &confirmation.to_string()));
    assert!(matches!(refused, Err(WorkError::Unreadable(_))), "{refused:?}");
    assert!(suppressed(&scene).is_empty());
}

#[test]
fn the_operator_hears_of_refused_mail_at_once_and_of_failing_mail_after_five_once_a_day() {
    let refused = MailError::Refused("MessageRejected: not verified".into());
    for (error, first_told) in [(refused, 1), (MailError::TryAgain("Throttling".into()), 5)] {
        let (scene, mail) = scene_for(&["a@example.com"]);
        mail.fail(Some(error.clone()));
        let connection = block_on(scene.world.connection(&account("market-1"))).unwrap().unwrap();
        for n in 1..=7 {
            assert_eq!(block_on(send_test(&scene.world, &connection)), Err(error.clone()));
            assert_eq!(mail.told().len(), usize::from(n >= first_told), "{error}, mail {n}");
        }
        assert!(mail.told()[0].text.contains(&error.to_string()), "{}", mail.told()[0].text);
        let path = block_on(mail_path(&scene.world)).unwrap();
        assert_eq!((path.failed_in_a_row, path.failing_since), (7, Some(at(0))));
        scene.clock.advance(Duration::from_secs(86_400));
        let _refused = block_on(send_test(&scene.world, &connection));
        assert_eq!(mail.told().len(), 2, "the next day again");
        mail.fail(None);
        block_on(send_test(&scene.world, &connection)).unwrap();
        assert_eq!(block_on(mail_path(&scene.world)).unwrap().failed_in_a_row, 0);
    }
}
