//! Route tags: a cheap gate in front of everything, so that a made-up address costs no look-up.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// How many bytes of the HMAC make a tag.
const TAG_BYTES: usize = 16;

/// The installation's route key: never empty.
#[derive(Clone)]
pub struct RouteKey(SecretString);

/// A route key without a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the route key is empty")]
pub struct EmptyRouteKey;

impl RouteKey {
    /// Takes a key.
    ///
    /// # Errors
    /// [`EmptyRouteKey`] if there is nothing in it but white space.
    pub fn new(key: SecretString) -> Result<Self, EmptyRouteKey> {
        if key.expose_secret().trim().is_empty() { Err(EmptyRouteKey) } else { Ok(Self(key)) }
    }

    /// The MAC over a connection's id, not yet finished.
    fn mac(&self, connection_id: &str) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length, so this is never `None`.
        let mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()).ok()?;
        Some(mac.chain_update(connection_id.as_bytes()))
    }
}

impl TryFrom<SecretString> for RouteKey {
    type Error = EmptyRouteKey;
    fn try_from(key: SecretString) -> Result<Self, EmptyRouteKey> {
        Self::new(key)
    }
}

impl std::fmt::Debug for RouteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RouteKey")
    }
}

/// The tag of a connection's address: 32 lower-case hexadecimal digits.
///
/// The first 16 bytes of HMAC-SHA256(route key, connection id). A gate, not authentication: it proves that we gave
/// out the address, not who uses it.
#[must_use]
pub fn route_tag(route_key: &RouteKey, connection_id: &str) -> String {
    let bytes = route_key.mac(connection_id).map(|mac| mac.finalize().into_bytes());
    bytes.iter().flatten().take(TAG_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `tag` is the connection's, in time that does not depend on where they differ.
///
/// Exactly as [`route_tag`] writes it: upper case, shorter and longer texts are refused.
#[must_use]
pub fn check_route_tag(route_key: &RouteKey, connection_id: &str, tag: &str) -> bool {
    let Some(sent) = from_lower_hex(tag).filter(|sent| sent.len() == TAG_BYTES) else { return false };
    route_key.mac(connection_id).is_some_and(|mac| mac.verify_truncated_left(&sent).is_ok())
}

fn from_lower_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * TAG_BYTES || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    decode_hex(text)
}

/// Reads hexadecimal digits of either case.
pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> RouteKey {
        RouteKey::new(SecretString::from(text)).unwrap()
    }

    #[test]
    fn a_tag_is_the_start_of_an_hmac() {
        // RFC 4231, test case 2.
        assert_eq!(
            route_tag(&key("Jefe"), "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c7"
        );
    }

    #[test]
    fn only_the_tag_itself_is_taken() {
        let key = key("route key");
        let tag = route_tag(&key, "shop");
        assert!(check_route_tag(&key, "shop", &tag));
        assert!(!check_route_tag(&key, "shop2", &tag));
        assert!(!check_route_tag(&self::key("route key 2"), "shop", &tag));
        let upper = tag.to_uppercase();
        assert_ne!(upper, tag, "this tag has a letter");
        assert!(!check_route_tag(&key, "shop", &upper));
        for length in 0..tag.len() {
            assert!(!check_route_tag(&key, "shop", &tag[..length]), "{length} digits");
        }
        for longer in
            [format!("{tag}0"), format!("{tag}00"), format!("0{tag}"), format!(" {tag}"), format!("{tag}\n")]
        {
            assert!(!check_route_tag(&key, "shop", &longer), "{longer:?}");
        }
        for place in 0..tag.len() {
            for digit in "0123456789abcdef".chars().filter(|digit| !tag[place..].starts_with(*digit)) {
                let forged = format!("{}{digit}{}", &tag[..place], &tag[place + 1..]);
                assert!(!check_route_tag(&key, "shop", &forged), "{forged}");
            }
        }
    }

    #[test]
    fn a_key_is_never_empty_and_never_shown() {
        for nothing in ["", " ", "\n\t"] {
            assert_eq!(RouteKey::new(SecretString::from(nothing)).err(), Some(EmptyRouteKey), "{nothing:?}");
        }
        assert!(!format!("{:?}", key("canary-key")).contains("canary"));
    }

    proptest! {
        #[test]
        fn any_tag_is_answered(id in any::<String>(), tag in any::<String>()) {
            let key = key("route key");
            prop_assert_eq!(check_route_tag(&key, &id, &tag), tag == route_tag(&key, &id));
        }
    }
}
