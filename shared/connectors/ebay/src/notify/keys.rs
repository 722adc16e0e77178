//! The keys that eBay signs with, fetched with a token of the app and kept for an hour.
//!
//! Whoever finds our address can name any key id. So only UUIDs are asked about, one that eBay does not know is
//! remembered as such, and no process asks more often than [`MOST_FETCHES`] in [`SPAN`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector_api::loose::text;
use connector_api::tokens::scrub;
use connector_api::{ChannelError, Failure, MerchantAction, Reach, Unverified};
use http::{Method, Request, Response};
use jiff::Timestamp;
use ports::AccessToken;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use signatures::{EcdsaHash, EcdsaP256Key, SignatureError};

use crate::client::{judge, request, unsent};
use crate::errors::Verdict;
use crate::hosts::Hosts;
use crate::{KIND, PUBLIC_KEY, TOKEN, token};

/// How long a key is good; eBay recommends about an hour.
const KEPT: Duration = Duration::from_secs(3600);
/// How long an id that eBay does not know is not asked about again.
const UNKNOWN: Duration = Duration::from_secs(600);
/// Keys fetched at most in [`SPAN`]. eBay itself uses one, and changes it now and then.
const MOST_FETCHES: usize = 10;
/// The span that [`MOST_FETCHES`] counts for: 1,440 a day and process of eBay's 10,000.
const SPAN: Duration = Duration::from_secs(600);
/// Key ids remembered at most.
const ROOM: usize = 200;
/// A token this close to its end is not begun with.
const MARGIN: Duration = Duration::from_secs(60);

/// Whether a text is a UUID as eBay writes it.
pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A key, and the hash that its answer names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) key: EcdsaP256Key,
    pub(crate) hash: EcdsaHash,
}

/// What is known of a key id at one host; `None` for the key: eBay does not know it.
#[derive(Clone, Debug)]
struct Known {
    key: Option<Key>,
    until: Timestamp,
}

#[derive(Default)]
struct State {
    keys: BTreeMap<(String, String), Known>,
    tokens: BTreeMap<(String, String), AccessToken>,
    fetches: Vec<Timestamp>,
}

/// Keys and app tokens in use. Shows none of them.
#[derive(Default)]
pub(crate) struct Keys(Mutex<State>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// The answer that names a key.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PublicKey {
    #[serde(deserialize_with = "text")]
    key: Option<String>,
    #[serde(deserialize_with = "text")]
    algorithm: Option<String>,
    #[serde(deserialize_with = "text")]
    digest: Option<String>,
}

impl Keys {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the key of this id: a kept one, else eBay is asked.
    ///
    /// # Errors
    /// `Mismatch` if eBay does not know the id; `NotNow` if it cannot be asked.
    pub(super) async fn find(
        &self,
        reach: Reach<'_>,
        app: &BTreeMap<String, SecretString>,
        kid: &str,
    ) -> Result<Key, Unverified> {
        let hosts = Hosts::of_app(app).map_err(Unverified::NotNow)?;
        let name = (hosts.name().to_owned(), kid.to_ascii_lowercase());
        let now = reach.clock.now();
        {
            let mut state = self.state();
            if let Some(known) = state.keys.get(&name).filter(|known| now < known.until) {
                return known.key.clone().ok_or_else(|| SignatureError::Mismatch.into());
            }
            let since = now.saturating_sub(SPAN).unwrap_or(Timestamp::MIN);
            state.fetches.retain(|at| since < *at && *at <= now);
            if state.fetches.len() >= MOST_FETCHES {
                return Err(Unverified::NotNow("too many keys were asked for lately".to_owned()));
            }
            state.fetches.push(now);
        }
        let fetched = self.fetch(reach, &hosts, app, kid).await?;
        let good_for = if fetched.is_some() { KEPT } else { UNKNOWN };
        let until = now.saturating_add(good_for).unwrap_or(now);
        let mut state = self.state();
        state.keys.retain(|_, known| now < known.until);
        if state.keys.len() < ROOM {
            state.keys.insert(name, Known { key: fetched.clone(), until });
        }
        fetched.ok_or_else(|| SignatureError::Mismatch.into())
    }

    async fn fetch(
        &self,
        reach: Reach<'_>,
        hosts: &Hosts,
        app: &BTreeMap<String, SecretString>,
        kid: &str,
    ) -> Result<Option<Key>, Unverified> {
        let not_now = |error: ChannelError| Unverified::NotNow(error.to_string());
        let token = self.app_token(reach, hosts, app).await.map_err(not_now)?;
        let url = hosts.notification(&["public_key", kid]);
        let request = request(PUBLIC_KEY, Method::GET, &url, &token, None).map_err(not_now)?;
        let answer = match judge(send(reach, PUBLIC_KEY, request).await.map_err(not_now)?) {
            Ok(good) => good,
            Err(judged) => {
                let words = scrub(&judged.words, &[&token]);
                return match judged.verdict {
                    Verdict::Failed(Failure::NotFound | Failure::Rejected { .. }) => Ok(None),
                    verdict @ (Verdict::TokenRefused { .. }
                    | Verdict::ScopeMissing { .. }
                    | Verdict::Suspended
                    | Verdict::Failed(_)) => {
                        if verdict.refuses_token() {
                            self.forget_token(hosts, app);
                        }
                        Err(Unverified::NotNow(format!("eBay does not tell its key: {words}")))
                    }
                };
            }
        };
        let told: PublicKey = answer.read().map_err(Unverified::NotNow)?;
        let unusable = |what: &str| Unverified::NotNow(format!("eBay's key {what}"));
        if !told.algorithm.is_some_and(|algorithm| algorithm.eq_ignore_ascii_case("ECDSA")) {
            return Err(unusable("is of an algorithm that we do not know"));
        }
        let hash = told.digest.and_then(|digest| EcdsaHash::named(&digest));
        let hash = hash.ok_or_else(|| unusable("names a hash that we do not know"))?;
        let key = told.key.and_then(|key| EcdsaP256Key::from_pem(&key).ok());
        Ok(Some(Key { key: key.ok_or_else(|| unusable("cannot be read"))?, hash }))
    }

    /// A token of the app itself, which needs no seller.
    ///
    /// # Errors
    /// `NeedsMerchant(Reconnect)` if the app's keys are missing or refused; else as [`Failure`] says.
    pub(crate) async fn app_token(
        &self,
        reach: Reach<'_>,
        hosts: &Hosts,
        app: &BTreeMap<String, SecretString>,
    ) -> Result<SecretString, ChannelError> {
        let name = app_name(hosts, app);
        let now = reach.clock.now();
        let margin = now.saturating_add(MARGIN).unwrap_or(now);
        if let Some(kept) = self.state().tokens.get(&name).filter(|token| margin < token.expires_at) {
            return Ok(kept.token.clone());
        }
        let missing = ["client_id", "client_secret"]
            .iter()
            .any(|name| app.get(*name).is_none_or(|secret| secret.expose_secret().is_empty()));
        if missing {
            let failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
            return Err(unsent(TOKEN, failure, "the connection has no client_id or no client_secret"));
        }
        let request = token::of_app(hosts, app)?;
        let issued = token::read(send(reach, TOKEN, request).await?, now).map_err(|mut error| {
            let secrets: Vec<&SecretString> = app.values().collect();
            error.detail = scrub(&error.detail, &secrets);
            error
        })?;
        let token = issued.access.token.clone();
        self.state().tokens.insert(name, issued.access);
        Ok(token)
    }

    /// Forgets a token that was refused.
    pub(crate) fn forget_token(&self, hosts: &Hosts, app: &BTreeMap<String, SecretString>) {
        self.state().tokens.remove(&app_name(hosts, app));
    }
}

/// An app at a host. A changed client secret gives no other token, so the id is enough.
fn app_name(hosts: &Hosts, app: &BTreeMap<String, SecretString>) -> (String, String) {
    let id = app.get("client_id").map_or("", ExposeSecret::expose_secret);
    (hosts.name().to_owned(), id.to_owned())
}

async fn send(
    reach: Reach<'_>,
    operation: &'static str,
    request: Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, ChannelError> {
    reach.transport.send(request).await.map_err(|error| ChannelError::transport(KIND, operation, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_keys_are_uuids() {
        for (text, want) in [
            ("9936261a-7d7b-4621-a0f1-96ccb428af49", true),
            ("9936261A-7D7B-4621-A0F1-96CCB428AF49", true),
            ("9936261a-7d7b-4621-a0f1-96ccb428af4", false),
            ("9936261a-7d7b-4621-a0f1-96ccb428af49-", false),
            ("99362/1a-7d7b-4621-a0f1-96ccb428af49", false),
            ("", false),
        ] {
            assert_eq!(is_uuid(text), want, "{text}");
        }
    }

    #[test]
    fn nothing_kept_is_shown() {
        assert_eq!(format!("{:?}", Keys::default()), "Keys");
    }
}
