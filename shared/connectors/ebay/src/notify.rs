//! eBay's posts to our address: is it ours, is it eBay's, whom does it concern, what does it say.
//!
//! Contract: Notification API 1.5.1, "Marketplace Account Deletion", and eBay's event notification SDKs, read
//! 21 November 2026. The bodies of order topics are known from third parties' notes of real ones.

pub(crate) mod event;
mod keys;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_api::loose::text;
use connector_api::{Allowed, Delivery, MarketplaceEvent, Notifies, Reach, Unverified};
use domain::connection::Connection;
use ports::WebhookKeys;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use signatures::{SignatureError, Verified};

use crate::Ebay;
pub(crate) use keys::Keys;
use keys::is_uuid;

/// The header that holds the signature.
const SIGNATURE: &str = "x-ebay-signature";
/// The longest header that is decoded: a real one has some 280 characters.
const LONGEST_HEADER: usize = 2000;
/// The longest challenge that is answered.
const LONGEST_CHALLENGE: usize = 1000;
/// How long eBay lets a verification token be.
const TOKEN_LENGTH: std::ops::RangeInclusive<usize> = 32..=80;

#[async_trait]
impl Notifies for Ebay {
    fn secret_problem(&self, secret: &SecretString) -> Option<String> {
        let secret = secret.expose_secret();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        (!TOKEN_LENGTH.contains(&secret.len()) || !secret.bytes().all(allowed)).then(|| {
            "must be 32 to 80 letters, digits, _ and -: eBay takes no other verification token".to_owned()
        })
    }

    fn app_secrets(&self) -> &'static [&'static str] {
        &["client_id", "client_secret", "sandbox"]
    }

    fn challenge(&self, query: &str, address: &str, secrets: &[SecretString]) -> Option<String> {
        let mut asked = url::form_urlencoded::parse(query.as_bytes());
        let code = asked.find(|(name, _)| name == "challenge_code")?.1;
        // One token is valid at a time; of several, the newest stands first.
        let token = secrets.iter().find(|secret| self.secret_problem(secret).is_none())?;
        if code.is_empty() || code.len() > LONGEST_CHALLENGE {
            return None;
        }
        let digest = Sha256::new()
            .chain_update(code.as_bytes())
            .chain_update(token.expose_secret())
            .chain_update(address)
            .finalize();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(serde_json::json!({ "challengeResponse": hex }).to_string())
    }

    async fn verify<'a>(
        &self,
        reach: Reach<'_>,
        headers: &http::HeaderMap,
        body: &'a [u8],
        keys: &WebhookKeys,
    ) -> Result<Verified<'a>, Unverified> {
        let header = headers.get(SIGNATURE).ok_or(SignatureError::Missing)?;
        let signed = Signed::read(header.as_bytes()).ok_or(SignatureError::Malformed)?;
        let key = self.keys.find(reach, &keys.app, &signed.kid).await?;
        // The hash is the one that the key's own answer names: what the header says of it is the sender's word.
        Ok(key.key.verify(body, &signed.signature, key.hash)?)
    }

    /// eBay's own receivers answer 412 to what is not proven genuine.
    fn refusal(&self) -> u16 {
        412
    }

    fn topic(&self, _: &http::HeaderMap, body: &Verified<'_>) -> Option<(String, Allowed)> {
        event::topic(body.bytes())
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &[]
    }

    fn event(&self, connection: &Connection, delivery: &Delivery) -> Result<MarketplaceEvent, String> {
        event::event(connection, delivery)
    }
}

/// What the signature's header holds.
#[derive(Debug)]
struct Signed {
    kid: String,
    signature: Vec<u8>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Header {
    #[serde(deserialize_with = "text")]
    alg: Option<String>,
    #[serde(deserialize_with = "text")]
    kid: Option<String>,
    #[serde(deserialize_with = "text")]
    signature: Option<String>,
}

impl Signed {
    /// Reads the header: base64 of JSON. An id of a key that is no UUID is refused here, before any look-up.
    fn read(header: &[u8]) -> Option<Self> {
        if header.len() > LONGEST_HEADER {
            return None;
        }
        let json = STANDARD.decode(header.trim_ascii()).ok()?;
        let header: Header = serde_json::from_slice(&json).ok()?;
        if !header.alg?.eq_ignore_ascii_case("ecdsa") {
            return None;
        }
        let signature = STANDARD.decode(header.signature?).ok()?;
        Some(Self { kid: header.kid.filter(|kid| is_uuid(kid))?, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(json: &str) -> Vec<u8> {
        STANDARD.encode(json).into_bytes()
    }

    #[test]
    fn headers_of_another_form_are_refused_before_any_look_up() {
        const KID: &str = "9936261a-7d7b-4621-a0f1-96ccb428af49";
        let good = format!(r#"{{"alg":"ecdsa","kid":"{KID}","signature":"MAAw","digest":"SHA1"}}"#);
        assert_eq!(Signed::read(&header(&good)).unwrap().kid, KID);
        for bad in [
            good.replace("ecdsa", "none"),
            good.replace("alg", "alq"),
            good.replace(KID, "../../oauth2/token"),
            good.replace(KID, "9936261a7d7b4621a0f196ccb428af49"),
            good.replace(KID, "9936261a-7d7b-4621-a0f1-96ccb428af4g"),
            good.replace("MAAw", "%%"),
            good.replace("\"signature\"", "\"s\""),
            "[]".to_owned(),
            "x".repeat(4000),
        ] {
            assert!(Signed::read(&header(&bad)).is_none(), "{bad}");
        }
        assert!(Signed::read(b"%%%").is_none() && Signed::read(b"").is_none());
    }

    #[test]
    fn verification_tokens_are_those_that_ebay_takes() {
        let ebay = Ebay::default();
        for (secret, good) in [
            ("a".repeat(32), true),
            (format!("{}_-9Z", "b".repeat(76)), true),
            ("a".repeat(31), false),
            ("a".repeat(81), false),
            (format!("{} ", "a".repeat(40)), false),
            (format!("{}é", "a".repeat(40)), false),
            (String::new(), false),
        ] {
            let problem = ebay.secret_problem(&SecretString::from(secret.as_str()));
            assert_eq!(problem.is_none(), good, "{secret}: {problem:?}");
        }
    }

    #[test]
    fn the_challenge_is_answered_over_code_token_and_address() {
        let ebay = Ebay::default();
        let token = SecretString::from("verification-token-of-this-test-0001");
        let address = "https://parcels.example.com/webhooks/marketplaces/ebay-1-00ff";
        // printf '%s' 'a8628072-3d33-45ee-9004-bee86830a22d' TOKEN ADDRESS | sha256sum
        let want = {
            let text = format!("a8628072-3d33-45ee-9004-bee86830a22d{}{address}", token.expose_secret());
            let digest = Sha256::digest(text);
            digest.iter().map(|b| format!("{b:02x}")).collect::<String>()
        };
        let answer = ebay.challenge(
            "challenge_code=a8628072-3d33-45ee-9004-bee86830a22d",
            address,
            std::slice::from_ref(&token),
        );
        assert_eq!(answer, Some(format!(r#"{{"challengeResponse":"{want}"}}"#)));
        for (query, secrets) in [
            ("", vec![token.clone()]),
            ("challenge_code=", vec![token.clone()]),
            ("code=1", vec![token.clone()]),
            (&format!("challenge_code={}", "x".repeat(1001)), vec![token.clone()]),
            ("challenge_code=1", vec![]),
            ("challenge_code=1", vec![SecretString::from("short")]),
        ] {
            assert_eq!(ebay.challenge(query, address, &secrets), None, "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_header_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), json in ".{0,200}") {
            let _ = Signed::read(&bytes);
            let _ = Signed::read(&header(&json));
        }
    }
}
