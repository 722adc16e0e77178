use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use jiff::Timestamp;
use ports::memory::ManualClock;

use super::*;

fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".into(),
        port,
        user: None,
        password: None,
        from: "Parcels <parcels@example.com>".into(),
        encryption: Encryption::None,
    }
}

fn sender(settings: &SmtpSettings) -> Result<SmtpMail> {
    SmtpMail::new(settings, Arc::new(ManualClock::at(Timestamp::from_second(1_780_000_000).unwrap())))
}

fn mail() -> OutgoingMail {
    OutgoingMail {
        id: "alert 7".into(),
        to: "shop@example.com".into(),
        subject: "Carrier to map: Päckli".into(),
        text: "text\n.\nafter a lone dot".into(),
        html: "<p>html</p>".into(),
    }
}

/// A mail server for one connection: answers `to` (a command's beginning) with `with`, or hangs up if that is
/// empty; all else as usual. Ends with everything it was told.
fn server(to: &'static str, with: &'static str) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let (mut told, mut in_data) = (String::new(), false);
        stream.write_all(b"220 here\r\n").unwrap();
        while let Some(Ok(line)) = lines.next() {
            told.push_str(&line);
            told.push('\n');
            if in_data && line != "." {
                continue;
            }
            let answer = match line.as_str() {
                command if command.starts_with(to) => with,
                command if command.starts_with("DATA") => "354 go on",
                _ => "250 fine",
            };
            in_data = answer.starts_with("354");
            if answer.is_empty() {
                break;
            }
            stream.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
        }
        told
    });
    (port, serving)
}

#[tokio::test]
async fn a_mail_arrives_whole_with_an_id_that_stays_the_same() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (port, serving) = server("NOTHING", "");
        let smtp = sender(&settings(port)).unwrap();
        ids.push(smtp.send(&mail()).await.unwrap());
        drop(smtp);
        let told = serving.join().unwrap();
        for line in [
            "MAIL FROM:<parcels@example.com>",
            "RCPT TO:<shop@example.com>",
            "Subject: Carrier to map: =?utf-8?b?UMOkY2tsaQ==?=",
            "Date: Thu, 28 May 2026 20:26:40 +0000",
            "multipart/alternative",
            "after a lone dot",
            "<p>html</p>",
        ] {
            assert!(told.contains(line), "{line}: {told}");
        }
        assert!(told.contains(&ids[0]), "{told}");
    }
    assert_eq!(ids[0], ids[1]);
    assert!(ids[0].ends_with("@example.com>"), "{}", ids[0]);
}

#[tokio::test]
async fn failures_are_sorted_by_what_may_have_happened() {
    let cases = [
        ("RCPT", "550 no such user", "refused"),
        ("MAIL", "553 not your address", "refused"),
        (".", "554 spam", "refused"),
        ("RCPT", "450 busy", "try again"),
        ("DATA", "421 closing", "try again"),
        ("MAIL", "530 sign in first", "try again"),
        (".", "", "maybe"),
        (".", "what?", "maybe"),
    ];
    for (to, with, want) in cases {
        let (port, serving) = server(to, with);
        let smtp = sender(&settings(port)).unwrap();
        let got = smtp.send(&mail()).await.unwrap_err();
        drop(smtp);
        serving.join().unwrap();
        let kind = match &got {
            MailError::Refused(_) => "refused",
            MailError::TryAgain(_) => "try again",
            MailError::MaybeSent(_) => "maybe",
        };
        assert_eq!(kind, want, "{to} {with:?}: {got}");
    }
}

#[tokio::test]
async fn what_the_server_says_of_a_recipient_names_no_address() {
    let (port, serving) = server("RCPT", "550 <shop@example.com>: no such user");
    let smtp = sender(&settings(port)).unwrap();
    let words = smtp.send(&mail()).await.unwrap_err().to_string();
    drop(smtp);
    serving.join().unwrap();
    assert!(words.contains("<…@example.com>") && !words.contains("shop@"), "{words}");
}

#[tokio::test]
async fn a_server_that_is_not_there_got_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let got = sender(&settings(port)).unwrap().send(&mail()).await.unwrap_err();
    assert!(matches!(got, MailError::TryAgain(_)), "{got}");
}

#[tokio::test]
async fn no_text_becomes_a_header_or_a_recipient() {
    for to in ["a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "", "nobody"] {
        let smtp = sender(&settings(1)).unwrap();
        let got = smtp.send(&OutgoingMail { to: to.into(), ..mail() }).await.unwrap_err();
        assert!(matches!(got, MailError::Refused(_)), "{to:?}: {got}");
    }
    let (port, serving) = server("NOTHING", "");
    let smtp = sender(&settings(port)).unwrap();
    let subject = "Held\r\nBcc: b@example.com\u{2028}".to_owned();
    smtp.send(&OutgoingMail { subject, ..mail() }).await.unwrap();
    drop(smtp);
    let told = serving.join().unwrap();
    assert!(!told.lines().any(|line| line.starts_with("Bcc")), "{told}");
}

#[test]
fn unprotected_mail_stays_on_this_machine() {
    for (host, encryption, fits) in [
        ("127.0.0.1", Encryption::None, true),
        ("::1", Encryption::None, true),
        ("localhost", Encryption::None, true),
        ("mail.example.com", Encryption::None, false),
        ("192.168.1.2", Encryption::None, false),
        ("localhost.example.com", Encryption::None, false),
        ("mail.example.com", Encryption::StartTls, true),
        ("mail.example.com", Encryption::Tls, true),
    ] {
        let asked = SmtpSettings { host: host.into(), encryption, ..settings(25) };
        assert_eq!(sender(&asked).is_ok(), fits, "{host} {encryption:?}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused_without_showing_the_password() {
    let secret = || Some(SecretString::from("canary-password"));
    for (what, asked) in [
        ("from", SmtpSettings { from: "nobody".into(), ..settings(25) }),
        ("no password", SmtpSettings { user: Some("u".into()), ..settings(25) }),
        ("no user", SmtpSettings { password: secret(), ..settings(25) }),
    ] {
        let words = format!("{:#} {asked:?}", sender(&asked).unwrap_err());
        assert!(!words.contains("canary"), "{what}: {words}");
    }
    let whole = SmtpSettings { user: Some("u".into()), password: secret(), ..settings(25) };
    assert!(!format!("{:?} {whole:?}", sender(&whole).unwrap()).contains("canary"));
}
