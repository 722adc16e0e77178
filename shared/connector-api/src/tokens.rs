//! Access tokens that end and are refreshed: one refresh for however many wait for it.
//!
//! The token is shared through `Credentials`. Whoever finds it spent writes down that they are refreshing,
//! asks, writes the token, and then uses it; others see the note and come back in a moment.

use std::time::Duration;

use domain::ids::Account;
use http::{Request, Response};
use jiff::Timestamp;
use ports::{AccessToken, Credential, CredentialError};
use secrecy::{ExposeSecret, SecretString};

use crate::error::TOKEN;
use crate::{ChannelError, Failure, MerchantAction, Reach, Reached};

/// The secret that is exchanged for access tokens.
const REFRESH_TOKEN: &str = "refresh_token";

/// A token this close to its end is not begun with.
const MARGIN: Duration = Duration::from_secs(60);
/// How long one may be refreshing: longer than a request can take.
const LEASE: Duration = Duration::from_secs(30);
/// How long nobody asks again after a 429 that does not say how long.
const PAUSE: Duration = Duration::from_secs(60);
/// How long nobody asks again after a 429, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(900);
/// How often to look again when somebody else saved first.
const ROUNDS: usize = 4;

/// A token to call with.
#[derive(Debug)]
pub struct Access {
    /// The token.
    pub token: SecretString,
    /// It was issued within this very call, so that its being refused means something.
    pub new: bool,
}

/// What was issued.
#[derive(Debug)]
pub struct Issued {
    /// The token to call with.
    pub access: AccessToken,
    /// The refresh token from now on, where the answer names one.
    pub refresh_token: Option<SecretString>,
}

/// How one channel gives tokens.
pub trait Grants: Send + Sync {
    /// The channel's name in errors.
    fn channel(&self) -> &'static str;

    /// The secrets that a connection must bring.
    fn secrets(&self) -> &'static [&'static str];

    /// Whether a refresh token serves once: then what was issued is never used before it is saved.
    fn rotates(&self) -> bool;

    /// The request that asks for a token. Its error must not quote it.
    ///
    /// # Errors
    /// The address makes no request.
    fn request(&self, credential: &Credential) -> Result<Request<Vec<u8>>, ChannelError>;

    /// Reads the answer. Words from outside are cleaned of the credential's secrets by the caller.
    ///
    /// # Errors
    /// `NeedsMerchant(Reconnect)` where the grant is gone for good; else as [`Failure`] says.
    fn read(&self, answer: Response<Vec<u8>>, now: Timestamp) -> Result<Issued, ChannelError>;
}

/// Finds a token that works, or fetches one.
///
/// # Errors
/// `NeedsMerchant(Reconnect)` if the refresh token or the app's own credentials are refused; `Retryable { reached: No }`
/// else, since nothing but tokens was asked for, and on 429 too, since no limit of the API's is used up.
pub async fn access(
    reach: Reach<'_>,
    account: &Account,
    grants: &dyn Grants,
) -> Result<Access, ChannelError> {
    for _ in 0..ROUNDS {
        let mut credential = load(reach, account, grants).await?;
        let now = reach.clock.now();
        if let Some(token) = usable(&credential, now, MARGIN) {
            return Ok(Access { token, new: false });
        }
        if let Some(until) = credential.refreshing_until.filter(|until| *until > now) {
            // Somebody else is at it. What is left of the old token still serves.
            return match usable(&credential, now, Duration::ZERO) {
                Some(token) => Ok(Access { token, new: false }),
                None => Err(come_back(reach, grants, now, until)),
            };
        }
        credential.refreshing_until = Some(later(now, LEASE));
        credential.version = match reach.credentials.save(account, &credential).await {
            Ok(version) => version,
            Err(CredentialError::Changed) => continue,
            Err(error @ CredentialError::Unavailable(_)) => return Err(unavailable(grants, &error)),
        };
        match refresh(reach, grants, &credential).await {
            Ok(issued) => match keep(reach, account, grants, credential, issued).await? {
                Some(access) => return Ok(access),
                None => continue,
            },
            Err(mut error) => {
                let now = reach.clock.now();
                let old = usable(&credential, now, Duration::ZERO);
                // Whoever gives tokens counts them apart: the API's own limit must not be closed for it. Nobody asks
                // before the pause is over.
                let held = if let Failure::Throttled { after } = error.failure {
                    let pause = after.unwrap_or(PAUSE).min(LONGEST_PAUSE);
                    error.failure = Failure::Retryable { reached: Reached::No, after: Some(pause) };
                    Some(later(now, pause))
                } else {
                    None
                };
                let replaced = release(reach, account, grants, credential, held).await;
                if let (Some(token), Failure::Retryable { .. }) = (old, &error.failure) {
                    return Ok(Access { token, new: false });
                }
                // The merchant has just connected again: the refusal was of what they replaced.
                if replaced {
                    continue;
                }
                return Err(error);
            }
        }
    }
    let failure = Failure::Retryable { reached: Reached::No, after: Some(Duration::from_secs(1)) };
    Err(ChannelError::new(grants.channel(), TOKEN, failure, "the credential keeps changing"))
}

/// Forgets a token that the API refused, unless it was replaced already.
///
/// Failing to forget it is no harm: the next call is refused again, and forgets it then.
pub async fn drop_refused(reach: Reach<'_>, account: &Account, refused: &SecretString) {
    for _ in 0..ROUNDS {
        let Ok(Some(mut credential)) = reach.credentials.load(account).await else { return };
        let same = credential
            .access
            .as_ref()
            .is_some_and(|access| access.token.expose_secret() == refused.expose_secret());
        if !same {
            return;
        }
        credential.access = None;
        match reach.credentials.save(account, &credential).await {
            Err(CredentialError::Changed) => {}
            Ok(_) => return,
            Err(error @ CredentialError::Unavailable(_)) => {
                tracing::warn!(connection = %account, %error, "a refused token could not be dropped");
                return;
            }
        }
    }
}

async fn load(reach: Reach<'_>, account: &Account, grants: &dyn Grants) -> Result<Credential, ChannelError> {
    let loaded = reach.credentials.load(account).await.map_err(|error| unavailable(grants, &error))?;
    let credential = loaded.unwrap_or_default();
    let missing: Vec<&str> = grants
        .secrets()
        .iter()
        .copied()
        .filter(|name| credential.secret(name).is_none_or(|secret| secret.expose_secret().is_empty()))
        .collect();
    if missing.is_empty() {
        return Ok(credential);
    }
    let failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    let detail = format!("the connection has no {}", missing.join(", no "));
    Err(ChannelError::new(grants.channel(), TOKEN, failure, detail))
}

/// The stored token, if it lives longer than `margin` from `now`.
fn usable(credential: &Credential, now: Timestamp, margin: Duration) -> Option<SecretString> {
    let access = credential.access.as_ref()?;
    (access.expires_at > later(now, margin)).then(|| access.token.clone())
}

/// Asks for a token, once.
async fn refresh(
    reach: Reach<'_>,
    grants: &dyn Grants,
    credential: &Credential,
) -> Result<Issued, ChannelError> {
    let request = grants.request(credential)?;
    let response = reach.transport.send(request).await.map_err(|error| {
        let mut failed = ChannelError::transport(grants.channel(), TOKEN, error);
        // Whatever became of it, nothing but a token was asked for.
        failed.failure = Failure::Retryable { reached: Reached::No, after: None };
        failed
    })?;
    grants.read(response, reach.clock.now()).map_err(|mut error| {
        let mut secrets: Vec<&SecretString> = credential.secrets.values().collect();
        secrets.extend(credential.access.as_ref().map(|access| &access.token));
        error.detail = scrub(&error.detail, &secrets);
        error.request_id = error.request_id.map(|id| scrub(&id, &secrets));
        error
    })
}

/// Saves what was issued and gives it out; `None` means that the merchant connected again meanwhile.
///
/// # Errors
/// It cannot be saved, and its refresh token serves once: unsaved it is not used.
async fn keep(
    reach: Reach<'_>,
    account: &Account,
    grants: &dyn Grants,
    mut credential: Credential,
    issued: Issued,
) -> Result<Option<Access>, ChannelError> {
    let used = Exchanged::of(&credential, grants);
    let mut failed = None;
    for _ in 0..ROUNDS {
        credential.access = Some(issued.access.clone());
        credential.refreshing_until = None;
        if let Some(next) = &issued.refresh_token
            && !same(Some(next), credential.secret(REFRESH_TOKEN))
        {
            credential.secrets.insert(REFRESH_TOKEN.to_owned(), next.clone());
        }
        match reach.credentials.save(account, &credential).await {
            Ok(_) => {
                failed = None;
                break;
            }
            Err(CredentialError::Changed) => match reach.credentials.load(account).await {
                Ok(Some(stored)) if Exchanged::of(&stored, grants) == used => credential = stored,
                // A save whose answer was lost is seen here.
                Ok(Some(stored))
                    if issued.refresh_token.is_some()
                        && same(stored.secret(REFRESH_TOKEN), issued.refresh_token.as_ref()) =>
                {
                    failed = None;
                    break;
                }
                Ok(_) => return Ok(None),
                Err(error) => failed = Some(error),
            },
            Err(error @ CredentialError::Unavailable(_)) => failed = Some(error),
        }
        if failed.is_some() && !grants.rotates() {
            break;
        }
    }
    if let Some(error) = failed {
        if grants.rotates() {
            tracing::error!(connection = %account, %error,
                "a refresh token that serves once could not be saved: the account may have to be connected again");
            return Err(unavailable(grants, &error));
        }
        tracing::warn!(connection = %account, %error, "a new token could not be saved; it serves this call");
    }
    Ok(Some(Access { token: issued.access.token, new: true }))
}

/// Takes our note that we are refreshing away, or has nobody ask before `held`. Whether the refresh token was replaced
/// meanwhile.
async fn release(
    reach: Reach<'_>,
    account: &Account,
    grants: &dyn Grants,
    mut credential: Credential,
    held: Option<Timestamp>,
) -> bool {
    let ours = credential.refreshing_until;
    let used = Exchanged::of(&credential, grants);
    for _ in 0..ROUNDS {
        credential.refreshing_until = held;
        if reach.credentials.save(account, &credential).await != Err(CredentialError::Changed) {
            return false;
        }
        let Ok(Some(stored)) = reach.credentials.load(account).await else { return false };
        if Exchanged::of(&stored, grants) != used {
            return true;
        }
        if stored.refreshing_until != ours {
            return false;
        }
        credential = stored;
    }
    false
}

/// What tokens are issued for: where it changes, the merchant has connected again.
///
/// The refresh token alone, where the grant has one: it must be kept, whatever else was changed beside it. Else, all that
/// the grant sends.
#[derive(PartialEq, Eq)]
struct Exchanged(Vec<Option<String>>);

impl Exchanged {
    fn of(credential: &Credential, grants: &dyn Grants) -> Self {
        let refreshes = grants.secrets().contains(&REFRESH_TOKEN);
        let names = if refreshes { &[REFRESH_TOKEN][..] } else { grants.secrets() };
        let secret = |name: &&str| credential.secret(name).map(|secret| secret.expose_secret().to_owned());
        Self(names.iter().map(secret).collect())
    }
}

fn same(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    one.map(ExposeSecret::expose_secret) == other.map(ExposeSecret::expose_secret)
}

fn come_back(reach: Reach<'_>, grants: &dyn Grants, now: Timestamp, until: Timestamp) -> ChannelError {
    // One to two seconds, spread so that the waiters do not return as one, and no longer than the lease.
    let pause = Duration::from_millis(1000 + (reach.rng.fraction() * 1000.0) as u64);
    let left = Duration::try_from(until.duration_since(now)).unwrap_or(pause);
    let refused = left > LEASE;
    let after = if refused { left } else { pause.min(left) };
    let failure = Failure::Retryable { reached: Reached::No, after: Some(after) };
    let words =
        if refused { "too many tokens were asked for lately" } else { "another worker is fetching a token" };
    ChannelError::new(grants.channel(), TOKEN, failure, words)
}

fn unavailable(grants: &dyn Grants, error: &CredentialError) -> ChannelError {
    let failure = Failure::Retryable { reached: Reached::No, after: None };
    ChannelError::new(grants.channel(), TOKEN, failure, error.to_string())
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// Takes secrets out of words that came from outside.
#[must_use]
pub fn scrub(words: &str, secrets: &[&SecretString]) -> String {
    let mut clean = words.to_owned();
    for secret in secrets {
        // As a connector may have sent it: without the space that a file left around it.
        let secret = secret.expose_secret().trim();
        if !secret.is_empty() {
            clean = clean.replace(secret, "[secret]");
        }
    }
    clean
}
