//! The mailbox.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ports::{Mail, MailError, OutgoingMail};

use super::clock;
use crate::embedded::{DataDir, KeptMail, Mailbox};

pub(super) fn mail(id: &str) -> OutgoingMail {
    OutgoingMail {
        id: id.into(),
        to: "shop@example.com".into(),
        subject: "Carrier to map: Päckli".into(),
        text: format!("text of {id}\n"),
        html: format!("<p>text of {id}</p>"),
    }
}

/// Answers as told and counts what it was handed.
#[derive(Default)]
struct Sender {
    answers: Mutex<VecDeque<Result<String, MailError>>>,
    handed: Mutex<Vec<String>>,
}

#[async_trait]
impl Mail for Sender {
    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        self.handed.lock().unwrap().push(mail.id.clone());
        tokio::task::yield_now().await;
        self.answers.lock().unwrap().pop_front().unwrap_or_else(|| Ok(format!("sent {}", mail.id)))
    }

    async fn tell_operator(&self, _: &ports::OperatorNotice) -> Result<(), MailError> {
        Ok(())
    }
}

#[tokio::test]
async fn mails_are_kept_listed_and_shown() {
    let place = tempfile::tempdir().unwrap();
    let dir = DataDir::open(place.path()).unwrap();
    let mailbox = dir.mailbox(clock(), None).unwrap();
    for id in ["one", "two", "2"] {
        mailbox.send(&mail(id)).await.unwrap();
    }
    let first = mailbox.send(&mail("one")).await.unwrap();
    assert_eq!(first, "mailbox-1", "the same id again is the same mail");
    drop(mailbox);

    let mailbox: Mailbox = dir.mailbox(clock(), None).unwrap();
    assert_eq!(mailbox.count().await.unwrap(), 3, "kept once, and over a restart");
    let listed: Vec<KeptMail> = mailbox.list(2).await.unwrap();
    let listed: Vec<&str> = listed.iter().map(|kept| kept.mail.id.as_str()).collect();
    assert_eq!(listed, ["2", "two"], "newest first");
    for (asked, want) in [("one", Some("one")), ("1", Some("one")), ("2", Some("2")), ("9", None), ("", None)]
    {
        let shown = mailbox.show(asked).await.unwrap();
        assert_eq!(shown.map(|kept| kept.mail), want.map(mail), "{asked:?}: an id goes before a number");
    }
}

#[tokio::test]
async fn a_mail_is_handed_on_once_and_again_only_after_a_failure() {
    let place = tempfile::tempdir().unwrap();
    let dir = DataDir::open(place.path()).unwrap();
    let sender = Arc::new(Sender::default());
    sender.answers.lock().unwrap().extend([
        Err(MailError::TryAgain("later".into())),
        Err(MailError::MaybeSent("lost".into())),
        Ok("message 3".into()),
    ]);
    let mailbox = dir.mailbox(clock(), Some(sender.clone())).unwrap();
    assert_eq!(mailbox.send(&mail("m")).await, Err(MailError::TryAgain("later".into())));
    assert_eq!(mailbox.show("m").await.unwrap().unwrap().handed_on, None, "kept all the same");
    assert_eq!(mailbox.send(&mail("m")).await, Err(MailError::MaybeSent("lost".into())));
    assert_eq!(mailbox.send(&mail("m")).await.as_deref(), Ok("message 3"));
    drop(mailbox);

    let mailbox = dir.mailbox(clock(), Some(sender.clone())).unwrap();
    let again = mail("m");
    let (one, other) = tokio::join!(mailbox.send(&again), mailbox.send(&again));
    assert_eq!((one.as_deref(), other.as_deref()), (Ok("message 3"), Ok("message 3")));
    let twin = mail("twin");
    let (one, other) = tokio::join!(mailbox.send(&twin), mailbox.send(&twin));
    assert_eq!((one.as_deref(), other.as_deref()), (Ok("sent twin"), Ok("sent twin")));
    assert_eq!(*sender.handed.lock().unwrap(), ["m", "m", "m", "twin"]);
    assert_eq!(mailbox.count().await.unwrap(), 2);
}
