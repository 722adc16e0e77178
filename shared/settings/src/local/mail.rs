//! `[mail]`: how mail leaves, and addresses.

use std::fmt;

use secrecy::SecretString;

use super::secrets::SecretReader;
use crate::check;
use crate::toml_tree::{Node, Section};

/// How mail leaves, and whose name it bears.
#[derive(Clone, Debug)]
pub struct MailOut {
    /// The sender's address.
    pub from: String,
    /// Where it goes besides the local mailbox, which keeps every mail.
    pub transport: MailTransport,
}

/// Where mail goes besides the local mailbox.
#[derive(Clone, Debug)]
pub enum MailTransport {
    /// Nowhere: it stays in the local mailbox.
    Mailbox,
    /// Out through a mail server.
    Smtp(Smtp),
    /// Out through Amazon SES.
    Ses(Ses),
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Begun in the clear and upgraded before anything is said; refused if the server cannot.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None: only for a server on this machine.
    None,
}

/// A mail server.
#[derive(Clone)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// User and password, where it asks for them.
    pub login: Option<(String, SecretString)>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("login", &self.login.as_ref().map(|_| "[REDACTED]"))
            .finish()
    }
}

/// Amazon SES in the merchant's account.
#[derive(Clone)]
pub struct Ses {
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// Which access key.
    pub access_key_id: SecretString,
    /// Its secret half.
    pub secret_access_key: SecretString,
    /// For temporary keys.
    pub session_token: Option<SecretString>,
    /// Another address than Amazon's, where base URLs are allowed.
    pub base_url: Option<String>,
}

impl fmt::Debug for Ses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ses")
            .field("region", &self.region)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// Reads a list of addresses; each is named once.
pub(super) fn addresses(node: &Node<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (node, text) in node.texts() {
        match check::address(text) {
            Ok(address) if found.iter().any(|before| before.eq_ignore_ascii_case(&address)) => {}
            Ok(address) => found.push(address),
            Err(what) => node.problem(what),
        }
    }
    found
}

pub(super) fn read(section: Section<'_>, secrets: &SecretReader<'_>, allow_base_urls: bool) -> MailOut {
    // These are read with the other levels; asked for here so that they are known.
    for key in ["to", "digest_hour", "weekly_test", "kinds"] {
        section.get(key);
    }
    let from = section.get("from").and_then(|node| {
        let checked = check::address(node.text()?);
        checked.map_err(|what| node.problem(what)).ok()
    });
    let smtp = section.section("smtp");
    let ses = section.section("ses");
    if smtp.is_present() && ses.is_present() {
        ses.problem("", "stands beside mail.smtp: keep one of the two");
    }
    let out = smtp.is_present() || ses.is_present();
    if out && section.get("from").is_none() {
        section.problem("from", "is missing: the address that mails are sent from");
    }
    let by_smtp = smtp.is_present().then(|| read_smtp(&smtp, secrets)).flatten();
    let by_ses = ses.is_present().then(|| read_ses(&ses, secrets, allow_base_urls)).flatten();
    smtp.finish();
    ses.finish();
    section.finish();
    let transport = match (by_smtp, by_ses) {
        (Some(smtp), _) => MailTransport::Smtp(smtp),
        (None, Some(ses)) => MailTransport::Ses(ses),
        (None, None) => MailTransport::Mailbox,
    };
    MailOut { from: from.unwrap_or_else(|| "parcelwire@localhost".to_owned()), transport }
}

fn read_smtp(section: &Section<'_>, secrets: &SecretReader<'_>) -> Option<Smtp> {
    let host = required_text(section, "host", "the name of the mail server");
    let tls = match section.get("tls") {
        None => Some(SmtpTls::StartTls),
        Some(node) => match node.text() {
            Some("starttls") => Some(SmtpTls::StartTls),
            Some("implicit") => Some(SmtpTls::Implicit),
            Some("none") => Some(SmtpTls::None),
            Some(_) => {
                node.problem("must be \"starttls\" (usual, port 587), \"implicit\" (port 465) or \"none\"");
                None
            }
            None => None,
        },
    };
    if let Some((node, text)) = &host
        && url::Host::parse(text).is_err()
        && text.parse::<std::net::Ipv6Addr>().is_err()
    {
        node.problem("must be a host name such as smtp.example.com, without port or scheme");
    }
    if let (Some((_, host)), Some(SmtpTls::None)) = (&host, tls)
        && !check::is_loopback_text(host)
    {
        section.problem(
            "tls",
            "\"none\" is only taken for a server on this machine: mails would travel in the clear",
        );
    }
    let port = match section.get("port") {
        Some(node) => node.whole(1..65_536).and_then(|port| u16::try_from(port).ok()),
        None => tls.map(|tls| match tls {
            SmtpTls::StartTls => 587,
            SmtpTls::Implicit => 465,
            SmtpTls::None => 25,
        }),
    };
    let user = section.get("user").and_then(|node| node.text().map(str::to_owned));
    let password = section.get("password").and_then(|node| secrets.one(&node));
    match (section.get("user").is_some(), section.get("password").is_some()) {
        (true, false) => section.problem("password", "is missing: mail.smtp.user is given"),
        (false, true) => section.problem("user", "is missing: mail.smtp.password is given"),
        (true, true) | (false, false) => {}
    }
    Some(Smtp { host: host?.1.to_owned(), port: port?, tls: tls?, login: user.zip(password) })
}

fn read_ses(section: &Section<'_>, secrets: &SecretReader<'_>, allow_base_urls: bool) -> Option<Ses> {
    let region = required_text(section, "region", "the AWS region, such as eu-central-1");
    if let Some((node, text)) = &region
        && !check::is_region(text)
    {
        node.problem("must be an AWS region such as eu-central-1");
    }
    let required = |key: &'static str| match section.get(key) {
        Some(node) => secrets.one(&node),
        None => {
            section.problem(key, "is missing: SES needs the access key of an AWS user who may send mail");
            None
        }
    };
    let access_key_id = required("access_key_id");
    let secret_access_key = required("secret_access_key");
    let session_token = section.get("session_token").and_then(|node| secrets.one(&node));
    let base_url = base_url(section, allow_base_urls);
    Some(Ses {
        region: region?.1.to_owned(),
        access_key_id: access_key_id?,
        secret_access_key: secret_access_key?,
        session_token,
        base_url,
    })
}

/// A `base_url`, where such are allowed.
pub(super) fn base_url(section: &Section<'_>, allowed: bool) -> Option<String> {
    base_url_of(&section.get("base_url")?, allowed)
}

/// The base URL that a key holds, where such are allowed.
pub(super) fn base_url_of(node: &Node<'_>, allowed: bool) -> Option<String> {
    let text = node.text()?;
    let checked = check::base_url(text);
    if !allowed {
        node.problem(
            "other base URLs are refused unless general.allow_base_urls is true; \
             leave it out to reach the real service",
        );
    }
    checked.map_err(|what| node.problem(what)).ok()
}

/// A text that must be there and not be empty.
pub(super) fn required_text<'a>(
    section: &Section<'a>,
    key: &'static str,
    what: &str,
) -> Option<(Node<'a>, &'a str)> {
    let Some(node) = section.get(key) else {
        section.problem(key, format!("is missing: {what}"));
        return None;
    };
    let text = node.text()?;
    if text.trim().is_empty() {
        node.problem(format!("is empty: {what}"));
        return None;
    }
    Some((node, text))
}
