//! Mail by SMTP, for a machine of one's own.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::{Error, response::Severity};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use ports::{Clock, Mail, MailError, OperatorNotice, OutgoingMail, without_addresses};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for a mail to be taken, connecting included.
const WHOLE: Duration = Duration::from_secs(60);

/// How the way to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Begins plain, must become TLS before anything is said (usually port 587).
    StartTls,
    /// TLS from the first byte (usually port 465).
    Tls,
    /// None. Taken only for a server on this machine.
    None,
}

/// How to reach a mail server.
#[derive(Clone, Debug)]
pub(crate) struct SmtpSettings {
    /// Its name or address; its certificate must be for this.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Who signs in, if anybody has to.
    pub(crate) user: Option<String>,
    /// With what. `SecretString` hides itself in `Debug`.
    pub(crate) password: Option<SecretString>,
    /// `shop@example.com` or `Parcels <shop@example.com>`.
    pub(crate) from: String,
    /// How the way is protected.
    pub(crate) encryption: Encryption,
}

/// Sends mail by SMTP.
pub(crate) struct SmtpMail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for SmtpMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpMail").finish_non_exhaustive()
    }
}

impl SmtpMail {
    /// Checks the settings; connects only with the first mail.
    pub(crate) fn new(settings: &SmtpSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        let SmtpSettings { host, port, user, password, from, encryption } = settings;
        let from = from.parse().with_context(|| format!("{from:?} is no address to send mail from"))?;
        let tls = match encryption {
            Encryption::StartTls => Tls::Required(tls(host)?),
            Encryption::Tls => Tls::Wrapper(tls(host)?),
            Encryption::None if is_here(host) => Tls::None,
            Encryption::None => {
                bail!(
                    "mail to {host} would travel unprotected: choose starttls or tls, or a server on this machine"
                )
            }
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())
            .port(*port)
            .tls(tls)
            .timeout(Some(CONNECT));
        match (user, password) {
            (Some(user), Some(password)) => {
                let password = password.expose_secret().to_owned();
                builder = builder.credentials(Credentials::new(user.clone(), password));
            }
            (None, None) => {}
            (Some(_), None) => bail!("mail to {host} has a user but no password"),
            (None, Some(_)) => bail!("mail to {host} has a password but no user"),
        }
        Ok(Self { transport: builder.build(), from, clock })
    }

    fn message(&self, mail: &OutgoingMail) -> Result<(Message, String)> {
        // The same for the same mail, so that a mail program which gets it twice shows it once.
        let id = format!("<{}@{}>", fingerprint(&mail.id), self.from.email.domain());
        let message = Message::builder()
            .message_id(Some(id.clone()))
            .date(SystemTime::from(self.clock.now()))
            .from(self.from.clone())
            .to(mail.to.parse().context("the recipient is no address")?)
            .subject(mail.subject.as_str())
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))?;
        Ok((message, id))
    }
}

fn tls(host: &str) -> Result<TlsParameters> {
    TlsParameters::new(host.to_owned()).with_context(|| format!("TLS to {host}"))
}

/// Whether `host` is this machine, told by its name alone: no look-up could be trusted here.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn fingerprint(id: &str) -> String {
    Sha256::digest(id.as_bytes()).iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _written = write!(hex, "{byte:02x}");
        hex
    })
}

#[async_trait]
impl Mail for SmtpMail {
    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        let (message, id) = self.message(mail).map_err(|e| MailError::Refused(format!("{e:#}")))?;
        match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(id),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err(MailError::MaybeSent("SMTP: no answer in time".into())),
        }
    }

    /// One machine has its log for a second channel.
    async fn tell_operator(&self, notice: &OperatorNotice) -> Result<(), MailError> {
        tracing::error!(cause = notice.cause, "{}: {}", notice.subject, notice.text);
        Ok(())
    }
}

fn classify(error: &Error) -> MailError {
    let words = without_addresses(&format!("SMTP: {error}"));
    if let Some(code) = error.status() {
        // 530 to 538 are about signing in (RFC 4954): the settings are wrong, not this mail.
        let signing_in = (530..=538).contains(&u16::from(code));
        return if code.severity == Severity::PermanentNegativeCompletion && !signing_in {
            MailError::Refused(words)
        } else {
            MailError::TryAgain(words)
        };
    }
    // The library tells "never connected" from "lost on the way" by its words alone.
    let never_connected = words.starts_with("SMTP: Connection error");
    if never_connected || error.is_tls() || error.is_client() || error.is_transport_shutdown() {
        MailError::TryAgain(words)
    } else {
        MailError::MaybeSent(words)
    }
}

#[cfg(test)]
mod tests;
