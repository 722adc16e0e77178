//! Identifiers. Each is its own type, so that one cannot be taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}: {text:?}")]
pub struct BadId {
    what: &'static str,
    problem: &'static str,
    text: String,
}

impl BadId {
    fn new(what: &'static str, problem: &'static str, text: &str) -> Self {
        Self { what, problem, text: text.chars().take(80).collect() }
    }
}

/// What is wrong with `text` as an identifier of up to `max` bytes, if anything.
fn id_problem(text: &str, max: usize) -> Option<&'static str> {
    if text.is_empty() {
        Some("is empty")
    } else if text.len() > max {
        Some("is too long")
    } else if text.chars().any(char::is_control) {
        Some("holds a control character")
    } else {
        None
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as its owner wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                match id_problem(&text, $max) {
                    Some(problem) => Err(BadId::new($what, problem, &text)),
                    None => Ok(Self(text)),
                }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = BadId;
            fn try_from(text: &str) -> Result<Self, BadId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// The owner of connections; one installation serves one merchant or many.
    MerchantId, "merchant", 40
);
id!(
    /// An order at a store, as the store numbers it. Shopify's go beyond 2^53: text, never a float.
    StoreOrderId, "store order id", 128
);
id!(
    /// A fulfillment at a store.
    FulfillmentId, "fulfillment id", 128
);
id!(
    /// A line of an order at a store.
    StoreLineId, "store line id", 128
);
id!(
    /// An order at a marketplace.
    MarketplaceOrderId, "marketplace order id", 128
);
id!(
    /// A line of an order at a marketplace.
    OrderLineId, "order line id", 128
);
id!(
    /// A marketplace and its country, as the marketplace names it (Amazon: `ATVPDKIKX0DER` for the US).
    MarketplaceId, "marketplace id", 40
);
id!(
    /// A stock keeping unit: the merchant's own name for a product.
    Sku, "SKU", 255
);

/// One merchant account at one store or channel: 1 to 40 of `a-z`, `0-9` and `-`, not at either end `-`.
///
/// It stands in addresses and keys, so it is this strict. Unique within an installation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionId(String);

impl ConnectionId {
    /// The identifier as the merchant wrote it in the settings.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ConnectionId {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if let Some(problem) = id_problem(&text, 40) {
            Err(BadId::new("connection id", problem, &text))
        } else if !text.chars().all(allowed) {
            Err(BadId::new("connection id", "may hold only a-z, 0-9 and -", &text))
        } else if text.starts_with('-') || text.ends_with('-') {
            Err(BadId::new("connection id", "begins or ends with -", &text))
        } else {
            Ok(Self(text))
        }
    }
}

impl TryFrom<&str> for ConnectionId {
    type Error = BadId;
    fn try_from(text: &str) -> Result<Self, BadId> {
        Self::try_from(text.to_owned())
    }
}

impl From<ConnectionId> for String {
    fn from(id: ConnectionId) -> String {
        id.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A connection together with the merchant it belongs to: what every key begins with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Who owns it.
    pub merchant: MerchantId,
    /// Which of their accounts.
    pub connection: ConnectionId,
}

impl Account {
    /// Puts the two together.
    #[must_use]
    pub fn new(merchant: MerchantId, connection: ConnectionId) -> Self {
        Self { merchant, connection }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.merchant, self.connection)
    }
}

/// A store order and the connection it came through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StoreOrderRef {
    /// The store connection.
    pub account: Account,
    /// The order there.
    pub order: StoreOrderId,
}

/// A marketplace order and the connection it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MarketplaceOrderRef {
    /// The marketplace connection.
    pub account: Account,
    /// The order there.
    pub order: MarketplaceOrderId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_ids_are_strict() {
        for (text, fits) in [
            ("shop", true),
            ("shop-2", true),
            ("", false),
            ("Shop", false),
            ("-shop", false),
            ("shop-", false),
            ("a#b", false),
            ("a/b", false),
            ("é", false),
            (&"a".repeat(41), false),
        ] {
            assert_eq!(ConnectionId::try_from(text).is_ok(), fits, "{text:?}");
        }
    }

    #[test]
    fn ids_refuse_control_characters_when_read_from_json() {
        assert!(serde_json::from_str::<StoreOrderId>("\"12\"").is_ok());
        assert!(serde_json::from_str::<StoreOrderId>("\"1\\n2\"").is_err());
        assert!(serde_json::from_str::<StoreOrderId>("\"\"").is_err());
    }
}
