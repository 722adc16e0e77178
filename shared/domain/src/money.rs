//! Money: decimal, never binary.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An amount of one currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// How much; written as text, so that no reader makes a float of it.
    #[serde(with = "rust_decimal::serde::str")]
    pub amount: Decimal,
    /// The currency, ISO 4217.
    pub currency: String,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_kept_to_the_last_digit() {
        let text = r#"{"amount":"0.10","currency":"EUR"}"#;
        let money: Money = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&money).unwrap(), text);
        assert_eq!(money.to_string(), "0.10 EUR");
        assert!(serde_json::from_str::<Money>(r#"{"amount":"1e","currency":"EUR"}"#).is_err());
    }
}
