//! ECDSA over P-256 with DER signatures: eBay's notifications.
//!
//! The curve is written in Rust (`p256`): `ring`, which does everything else, checks no signature over a SHA-1 hash, and
//! SHA-1 is what eBay's keys still name. A SHA-1 collision helps nobody here: whoever could make eBay sign a body of
//! their choice needs none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::{SignatureError, Verified};

/// The longest signature in DER: two numbers of 33 bytes, and what frames them.
const LONGEST: usize = 72;

/// The hash that is signed. There is no default: the key says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcdsaHash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl EcdsaHash {
    /// Reads the name that a key's answer gives it: `SHA1`, `SHA-256`. Any other is none that we check.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let folded: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        match folded.to_ascii_uppercase().as_str() {
            "SHA1" => Some(Self::Sha1),
            "SHA256" => Some(Self::Sha256),
            _ => None,
        }
    }
}

/// A public key on P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcdsaP256Key(VerifyingKey);

/// A text that is no public key on P-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no public key on P-256")]
pub struct BadEcdsaKey;

impl EcdsaP256Key {
    /// Reads a key between PEM's two markers (`SubjectPublicKeyInfo`), with line breaks or without: eBay sends none.
    ///
    /// # Errors
    /// [`BadEcdsaKey`], also for keys on other curves.
    pub fn from_pem(text: &str) -> Result<Self, BadEcdsaKey> {
        let inner = text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----").ok_or(BadEcdsaKey)?;
        let inner = inner.strip_suffix("-----END PUBLIC KEY-----").ok_or(BadEcdsaKey)?;
        let bare: String = inner.chars().filter(|c| !c.is_whitespace()).collect();
        let der = STANDARD.decode(bare).map_err(|_| BadEcdsaKey)?;
        VerifyingKey::from_public_key_der(&der).map(Self).map_err(|_| BadEcdsaKey)
    }

    /// Checks a DER signature over the raw `body`. Signatures with a high S are as good as others.
    ///
    /// # Errors
    /// `Malformed` if it is no signature in DER, `Mismatch` if it is none of this body by this key.
    ///
    /// Contract: eBay's event notification SDKs (Java, Node.js), read 21 November 2026.
    pub fn verify<'a>(
        &self,
        body: &'a [u8],
        signature: &[u8],
        hash: EcdsaHash,
    ) -> Result<Verified<'a>, SignatureError> {
        if signature.len() > LONGEST {
            return Err(SignatureError::Malformed);
        }
        let signature = Signature::from_der(signature).map_err(|_| SignatureError::Malformed)?;
        let verified = match hash {
            EcdsaHash::Sha1 => self.0.verify_prehash(&Sha1::digest(body), &signature),
            EcdsaHash::Sha256 => self.0.verify_prehash(&Sha256::digest(body), &signature),
        };
        verified.map_err(|_| SignatureError::Mismatch)?;
        Ok(Verified(body))
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    use p256::pkcs8::EncodePublicKey;
    use proptest::prelude::*;

    use super::*;

    /// The body that eBay's own development kits verify, with key and signature: high-S, over SHA-1.
    ///
    /// Source: eBay/event-notification-nodejs-sdk, `test/test.json` (Apache-2.0), and the same in Java, Go and PHP.
    const BODY: &str = r#"{"metadata":{"topic":"MARKETPLACE_ACCOUNT_DELETION","schemaVersion":"1.0","deprecated":false},"notification":{"notificationId":"49feeaeb-4982-42d9-a377-9645b8479411_33f7e043-fed8-442b-9d44-791923bd9a6d","eventDate":"2021-03-19T20:43:59.462Z","publishDate":"2021-03-19T20:43:59.679Z","publishAttemptCount":1,"data":{"username":"test_user","userId":"ma8vp1jySJC","eiasToken":"nY+sHZ2PrBmdj6wVnY+sEZ2PrA2dj6wJnY+gAZGEpwmdj6x9nY+seQ=="}}}"#;
    const KEY: &str = "-----BEGIN PUBLIC KEY-----MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZhhxXKtR+TOvtDbgTPCkSof02qgBB7IsYOyf76ilExJ/upAa/vKIKheOoCyOpcLmi4t0b4uepb7LLjmMr90FUg==-----END PUBLIC KEY-----";
    const SIGNATURE: &str =
        "MEYCIQCfxfIWuxmWcIBQJ9c5/X7iGDJqs2RCGsBEaAjinyrrfAIhAIV6wGcTiBuV5KJUif2hokyrL+Q9ssHkad+mx2nEE25w";

    fn key() -> EcdsaP256Key {
        EcdsaP256Key::from_pem(KEY).unwrap()
    }

    fn signature() -> Vec<u8> {
        STANDARD.decode(SIGNATURE).unwrap()
    }

    #[test]
    fn ebays_own_vector_verifies_and_nothing_near_it_does() {
        let (body, signature) = (BODY.as_bytes(), signature());
        assert_eq!(key().verify(body, &signature, EcdsaHash::Sha1).unwrap().bytes(), body);
        let wrong = |body: &str, hash| key().verify(body.as_bytes(), &signature, hash).unwrap_err();
        assert_eq!(wrong(BODY, EcdsaHash::Sha256), SignatureError::Mismatch, "another hash");
        assert_eq!(wrong(&format!("{BODY}\n"), EcdsaHash::Sha1), SignatureError::Mismatch, "a byte more");
        let value: serde_json::Value = serde_json::from_str(BODY).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(wrong(&pretty, EcdsaHash::Sha1), SignatureError::Mismatch, "the same JSON, written anew");
    }

    #[test]
    fn keys_are_read_with_line_breaks_and_without_and_only_on_this_curve() {
        let broken = KEY
            .replace("KEY-----M", "KEY-----\nM")
            .replace("ilEx", "il\r\nEx")
            .replace("-----END", "\n-----END");
        assert_eq!(EcdsaP256Key::from_pem(&format!("{broken}\n")), Ok(key()));
        // P-384, made for this test.
        let other = "-----BEGIN PUBLIC KEY-----MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE-----END PUBLIC KEY-----";
        for bad in [
            "",
            "x",
            other,
            &KEY.replace("MFkw", "MFkx"),
            &KEY.replace(" PUBLIC", ""),
            "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----",
        ] {
            assert_eq!(EcdsaP256Key::from_pem(bad), Err(BadEcdsaKey), "{bad}");
        }
    }

    #[test]
    fn hashes_are_those_two() {
        for (name, want) in [
            ("SHA1", Some(EcdsaHash::Sha1)),
            ("sha-256", Some(EcdsaHash::Sha256)),
            ("MD5", None),
            ("SHA512", None),
            ("", None),
            ("none", None),
        ] {
            assert_eq!(EcdsaHash::named(name), want, "{name}");
        }
    }

    #[test]
    fn a_key_of_ours_verifies_what_it_signed_with_a_high_s_or_a_low_one() {
        let signing = SigningKey::from_slice(&[7; 32]).unwrap();
        let der = signing.verifying_key().to_public_key_der().unwrap();
        let inner = STANDARD.encode(der.as_bytes());
        let ours =
            EcdsaP256Key::from_pem(&format!("-----BEGIN PUBLIC KEY-----{inner}-----END PUBLIC KEY-----"));
        let ours = ours.unwrap();
        for body in [b"a".as_slice(), b"", &[0xff; 4000]] {
            let signature: Signature = signing.sign_prehash(&Sha256::digest(body)).unwrap();
            let (r, s) = signature.split_scalars();
            let other = Signature::from_scalars(r, -*s).unwrap();
            for signature in [signature, other] {
                assert!(ours.verify(body, signature.to_der().as_bytes(), EcdsaHash::Sha256).is_ok());
                assert!(key().verify(body, signature.to_der().as_bytes(), EcdsaHash::Sha256).is_err());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_flipped_bit_fails(at in 0_usize..(BODY.len() * 8)) {
            let mut body = BODY.as_bytes().to_vec();
            body[at / 8] ^= 1 << (at % 8);
            prop_assert_eq!(key().verify(&body, &signature(), EcdsaHash::Sha1).unwrap_err(), SignatureError::Mismatch);
        }

        #[test]
        fn any_flipped_bit_of_the_signature_fails(at in 0_usize..(72 * 8)) {
            let mut signature = signature();
            signature[at / 8] ^= 1 << (at % 8);
            prop_assert!(key().verify(BODY.as_bytes(), &signature, EcdsaHash::Sha1).is_err());
        }

        #[test]
        fn any_bytes_never_panic(signature in proptest::collection::vec(any::<u8>(), 0..100), text in ".{0,80}") {
            prop_assert!(key().verify(b"x", &signature, EcdsaHash::Sha1).is_err());
            let _ = EcdsaP256Key::from_pem(&format!("-----BEGIN PUBLIC KEY-----{text}-----END PUBLIC KEY-----"));
        }
    }
}
