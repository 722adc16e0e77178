//! Tokens of Login with Amazon (LWA): one refresh for however many wait for it.
//!
//! The token is shared through `Credentials`. Whoever finds it spent writes down that they are refreshing,
//! asks, writes the token, and then uses it; others see the note and come back in a moment.
//!
//! Contract: "Connecting to the Selling Partner API", read 21 November 2026.

use std::time::Duration;

use connector_api::{ChannelError, Failure, MerchantAction, Reach, Reached};
use domain::ids::Account;
use http::{Method, Request};
use jiff::Timestamp;
use ports::{AccessToken, Credential, CredentialError};
use secrecy::{ExposeSecret, SecretString};

use crate::client::{header, retry_after, scrub, unsent, user_agent};
use crate::errors::{classify_token, token_detail};
use crate::regions::Hosts;
use crate::wire::TokenAnswer;
use crate::{KIND, TOKEN};

/// What a connection must bring.
pub(crate) const SECRETS: [&str; 3] = ["client_id", "client_secret", "refresh_token"];

/// A token this close to its end is not begun with.
const MARGIN: Duration = Duration::from_secs(60);
/// How long one may be refreshing: longer than a request can take.
const LEASE: Duration = Duration::from_secs(30);
/// If LWA does not say how long a token lives.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);
/// How often to look again when somebody else saved first.
const ROUNDS: usize = 4;

/// A token to call with.
pub(crate) struct Access {
    pub(crate) token: SecretString,
    /// It was issued within this very call, so that its being refused means something.
    pub(crate) new: bool,
}

/// Finds a token that works, or fetches one.
///
/// # Errors
/// `NeedsMerchant(Reconnect)` if LWA refuses the refresh token or the app's own credentials; `Throttled` or
/// `Retryable { reached: No }` else, since the marketplace itself was never called.
pub(crate) async fn access(
    reach: Reach<'_>,
    account: &Account,
    hosts: &Hosts,
) -> Result<Access, ChannelError> {
    for _ in 0..ROUNDS {
        let mut credential = load(reach, account).await?;
        let now = reach.clock.now();
        if let Some(token) = usable(&credential, now, MARGIN) {
            return Ok(Access { token, new: false });
        }
        if let Some(until) = credential.refreshing_until.filter(|until| *until > now) {
            // Somebody else is at it. What is left of the old token still serves.
            return match usable(&credential, now, Duration::ZERO) {
                Some(token) => Ok(Access { token, new: false }),
                None => Err(come_back(reach, now, until)),
            };
        }
        credential.refreshing_until = Some(later(now, LEASE));
        credential.version = match reach.credentials.save(account, &credential).await {
            Ok(version) => version,
            Err(CredentialError::Changed) => continue,
            Err(error @ CredentialError::Unavailable(_)) => return Err(unavailable(&error)),
        };
        match refresh(reach, hosts, &credential).await {
            Ok(issued) => match keep(reach, account, credential, issued).await {
                Some(access) => return Ok(access),
                None => continue,
            },
            Err(error) => {
                let old = usable(&credential, reach.clock.now(), Duration::ZERO);
                let replaced = release(reach, account, credential).await;
                if let (Some(token), Failure::Retryable { .. } | Failure::Throttled { .. }) =
                    (old, &error.failure)
                {
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
    Err(unsent(TOKEN, failure, "the credential keeps changing"))
}

/// Forgets a token that the API refused, unless it was replaced already.
///
/// Failing to forget it is no harm: the next call is refused again, and forgets it then.
pub(crate) async fn drop_refused(reach: Reach<'_>, account: &Account, refused: &SecretString) {
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

/// What LWA issued.
struct Issued {
    access: AccessToken,
    refresh_token: Option<SecretString>,
}

async fn load(reach: Reach<'_>, account: &Account) -> Result<Credential, ChannelError> {
    let credential =
        reach.credentials.load(account).await.map_err(|error| unavailable(&error))?.unwrap_or_default();
    let missing: Vec<&str> = SECRETS
        .into_iter()
        .filter(|name| credential.secret(name).is_none_or(|secret| secret.expose_secret().is_empty()))
        .collect();
    if missing.is_empty() {
        return Ok(credential);
    }
    let failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
    Err(unsent(TOKEN, failure, format!("the connection has no {}", missing.join(", no "))))
}

/// The stored token, if it lives longer than `margin` from `now`.
fn usable(credential: &Credential, now: Timestamp, margin: Duration) -> Option<SecretString> {
    let access = credential.access.as_ref()?;
    (access.expires_at > later(now, margin)).then(|| access.token.clone())
}

/// The body that asks for a token.
fn form(credential: &Credential) -> Vec<u8> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    for name in SECRETS {
        form.append_pair(name, credential.secret(name).map_or("", ExposeSecret::expose_secret));
    }
    form.finish().into_bytes()
}

/// Asks LWA, once.
async fn refresh(reach: Reach<'_>, hosts: &Hosts, credential: &Credential) -> Result<Issued, ChannelError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(hosts.token_url().as_str())
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded;charset=UTF-8")
        .header("user-agent", user_agent())
        .body(form(credential))
        .map_err(|_| {
            unsent(TOKEN, Failure::Retryable { reached: Reached::No, after: None }, "bad token address")
        })?;
    let response = reach.transport.send(request).await.map_err(|error| {
        let mut failed = ChannelError::transport(KIND, TOKEN, error);
        // Whatever LWA made of it, the marketplace was not called.
        failed.failure = Failure::Retryable { reached: Reached::No, after: None };
        failed
    })?;
    let (parts, body) = response.into_parts();
    let answer: TokenAnswer = serde_json::from_slice(&body).unwrap_or_default();
    if parts.status.is_success()
        && answer.error.is_none()
        && let Some(token) = answer.access_token
    {
        let life = answer.expires_in.map_or(DEFAULT_LIFE, |seconds| Duration::from_secs(seconds.into()));
        let access = AccessToken { token: token.into(), expires_at: later(reach.clock.now(), life) };
        return Ok(Issued { access, refresh_token: answer.refresh_token.map(SecretString::from) });
    }
    let status = parts.status.as_u16();
    let (error, description) = (answer.error.as_deref(), answer.error_description.as_deref());
    let failure = classify_token(status, error, retry_after(&parts.headers));
    let mut secrets: Vec<&SecretString> = credential.secrets.values().collect();
    secrets.extend(credential.access.as_ref().map(|access| &access.token));
    let words = scrub(&token_detail(status, error, description), &secrets);
    let request_id = header(&parts.headers, "x-amzn-requestid");
    Err(ChannelError::new(KIND, TOKEN, failure, words).with_request_id(request_id))
}

/// Saves what LWA issued and gives it out; `None` means that the merchant connected again meanwhile.
async fn keep(
    reach: Reach<'_>,
    account: &Account,
    mut credential: Credential,
    issued: Issued,
) -> Option<Access> {
    let used = credential.secret("refresh_token").cloned();
    for _ in 0..ROUNDS {
        credential.access = Some(issued.access.clone());
        credential.refreshing_until = None;
        if let Some(echoed) = &issued.refresh_token
            && !same(Some(echoed), used.as_ref())
        {
            credential.secrets.insert("refresh_token".to_owned(), echoed.clone());
        }
        match reach.credentials.save(account, &credential).await {
            Ok(_) => break,
            Err(CredentialError::Changed) => match reach.credentials.load(account).await {
                Ok(Some(stored)) if same(stored.secret("refresh_token"), used.as_ref()) => {
                    credential = stored
                }
                Ok(_) => return None,
                Err(_) => break,
            },
            Err(error @ CredentialError::Unavailable(_)) => {
                tracing::warn!(connection = %account, %error, "a new token could not be saved; it serves this call");
                break;
            }
        }
    }
    Some(Access { token: issued.access.token, new: true })
}

/// Takes our note that we are refreshing away. Whether the refresh token was replaced meanwhile.
async fn release(reach: Reach<'_>, account: &Account, mut credential: Credential) -> bool {
    let ours = credential.refreshing_until;
    let used = credential.secret("refresh_token").cloned();
    for _ in 0..ROUNDS {
        credential.refreshing_until = None;
        if reach.credentials.save(account, &credential).await != Err(CredentialError::Changed) {
            return false;
        }
        let Ok(Some(stored)) = reach.credentials.load(account).await else { return false };
        if !same(stored.secret("refresh_token"), used.as_ref()) {
            return true;
        }
        if stored.refreshing_until != ours {
            return false;
        }
        credential = stored;
    }
    false
}

fn same(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    one.map(ExposeSecret::expose_secret) == other.map(ExposeSecret::expose_secret)
}

fn come_back(reach: Reach<'_>, now: Timestamp, until: Timestamp) -> ChannelError {
    // One to two seconds, spread so that the waiters do not return as one, and no longer than the lease.
    let pause = Duration::from_millis(1000 + (reach.rng.fraction() * 1000.0) as u64);
    let left = Duration::try_from(until.duration_since(now)).unwrap_or(pause);
    let failure = Failure::Retryable { reached: Reached::No, after: Some(pause.min(left)) };
    unsent(TOKEN, failure, "another worker is fetching a token")
}

fn unavailable(error: &CredentialError) -> ChannelError {
    unsent(TOKEN, Failure::Retryable { reached: Reached::No, after: None }, error.to_string())
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}
