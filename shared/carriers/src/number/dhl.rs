//! DHL eCommerce: numbers of any length that begin with letters of its hubs.

use super::{Candidate, Strength};
use crate::carrier::Carrier as C;

const PREFIXES: [&[u8; 2]; 10] = [b"GM", b"LX", b"RX", b"UV", b"CN", b"SG", b"TH", b"IN", b"HK", b"MY"];

/// Adds what the number is at DHL eCommerce: a prefix, then 10 to 39 characters, a digit first.
pub(super) fn find(number: &[u8], found: &mut Vec<Candidate>) {
    let Some((prefix, code)) = number.split_first_chunk::<2>() else { return };
    let digit_first = code.first().is_some_and(u8::is_ascii_digit);
    if PREFIXES.contains(&prefix) && digit_first && (10..=39).contains(&code.len()) {
        found.push(Candidate {
            carrier: C::DhlEcommerce,
            format: "dhl_ecommerce",
            title: "DHL eCommerce",
            strength: Strength::Shape,
            service: None,
            operator: None,
            partners: &[],
            distinctive: false,
        });
    }
}
