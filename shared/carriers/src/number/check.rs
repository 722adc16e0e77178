//! Check digits: what the last character of a number has to be.
//!
//! | sum | one digit changed, and the number still passes |
//! |---|---|
//! | [`Sum::Mod10`] with weights 1 and 3 | never: 3 has an inverse modulo 10 |
//! | [`Sum::Mod10`] with weights 1 and 2, or 9 and 4 | at a place times 2 or 4, for one of nine: the digit five away |
//! | [`Sum::Luhn`] | never |
//! | [`Sum::Mod7`] | for at most one of nine: the digit seven away |
//! | [`Sum::Weighted`] modulo 11, then 10 | for at most one of nine: remainders 0 and 10 give one check digit |
//! | [`Sum::S10`] | for at most one of nine: remainders 0 and 6 give one check digit |
//! | [`Sum::Mod37`] | never |
//!
//! The check digit itself has one right value, always.

/// A way to compute a check character from the characters before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    /// Every second character times a weight, places counted from 0; what is missing to a multiple of ten.
    ///
    /// A letter counts as its ASCII code less 3, modulo 10: UPS's rule.
    Mod10 {
        /// The weight of the first, third, … character.
        even: u32,
        /// The weight of the second, fourth, … character.
        odd: u32,
        /// What is added to the sum.
        plus: u32,
    },
    /// The usual sum of doubled digits, cross sums taken, from the right.
    Luhn,
    /// The digits as one number, modulo 7.
    Mod7,
    /// The sum of digit times weight, modulo 11, then modulo 10.
    Weighted(&'static [u32]),
    /// The Universal Postal Union's standard S10: weights 8 6 4 2 3 5 9 7.
    S10,
    /// The international hybrid system ISO 7064, MOD 37,36: digits and letters (DPD label specification 2.4.1).
    Mod37,
}

const S10_WEIGHTS: &[u32] = &[8, 6, 4, 2, 3, 5, 9, 7];

impl Sum {
    /// The check character of `serial`, in ASCII.
    pub(super) fn of(self, serial: &[u8]) -> u8 {
        let value = match self {
            Self::Mod10 { even, odd, plus } => {
                let sum: u32 = serial
                    .iter()
                    .enumerate()
                    .map(|(place, c)| folded_digit(*c) * if place % 2 == 0 { even } else { odd })
                    .sum();
                missing(sum + plus)
            }
            Self::Luhn => {
                let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
                let sum: u32 = serial
                    .iter()
                    .rev()
                    .enumerate()
                    .map(
                        |(place, c)| {
                            if place % 2 == 0 { doubled(folded_digit(*c)) } else { folded_digit(*c) }
                        },
                    )
                    .sum();
                missing(sum)
            }
            Self::Mod7 => serial.iter().fold(0, |rest, c| (rest * 10 + folded_digit(*c)) % 7),
            Self::Weighted(weights) => weighted(serial, weights) % 11 % 10,
            Self::S10 => match weighted(serial, S10_WEIGHTS) % 11 {
                0 => 5,
                1 => 0,
                rest => 11 - rest,
            },
            Self::Mod37 => {
                let carry = serial.iter().fold(36, |carry, c| {
                    let sum = carry + character_value(*c);
                    let sum = if sum > 36 { sum - 36 } else { sum } * 2;
                    if sum > 36 { sum - 37 } else { sum }
                });
                (37 - carry) % 36
            }
        };
        character(value)
    }
}

/// What a sum lacks to the next multiple of ten.
fn missing(sum: u32) -> u32 {
    (10 - sum % 10) % 10
}

fn weighted(serial: &[u8], weights: &[u32]) -> u32 {
    serial.iter().zip(weights).map(|(c, weight)| folded_digit(*c) * weight).sum()
}

/// A digit, or the digit that UPS takes a letter for.
fn folded_digit(c: u8) -> u32 {
    if c.is_ascii_digit() { u32::from(c - b'0') } else { u32::from(c.saturating_sub(3)) % 10 }
}

/// 0 to 9, then A for 10 to Z for 35.
fn character_value(c: u8) -> u32 {
    char::from(c).to_digit(36).unwrap_or_default()
}

fn character(value: u32) -> u8 {
    let digit = char::from_digit(value, 36).unwrap_or('0');
    u8::try_from(digit.to_ascii_uppercase()).unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEDEX: Sum = Sum::Weighted(&[3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]);

    #[test]
    fn known_sums() {
        for (sum, serial, want) in [
            // Worked out on paper.
            (Sum::Mod10 { even: 3, odd: 1, plus: 0 }, "12", b'5'),
            (Sum::Mod10 { even: 3, odd: 1, plus: 1 }, "12", b'4'),
            (Sum::Mod10 { even: 4, odd: 9, plus: 0 }, "56310243031", b'3'), // the example of BWIPP's Identcode
            (Sum::Mod10 { even: 1, odd: 3, plus: 0 }, "2052475203", b'2'), // the example of Business::Colissimo
            (Sum::Mod10 { even: 1, odd: 2, plus: 0 }, "A1", b'6'), // A counts 2, and 2 for the doubled 1
            (Sum::Luhn, "7992739871", b'3'),                       // the example every text on Luhn has
            (Sum::Mod7, "100", b'2'),
            (FEDEX, "10000000000", b'3'),
            (FEDEX, "51000000000", b'5'), // 16 modulo 11
            (FEDEX, "70000000000", b'0'), // 21 modulo 11 is 10
            (Sum::S10, "47312482", b'9'), // the example of standard S10
            (Sum::S10, "00000000", b'5'),
            (Sum::Mod37, "", b'1'),
        ] {
            assert_eq!(char::from(sum.of(serial.as_bytes())), char::from(want), "{sum:?} of {serial}");
        }
    }

    /// How many of the nine other digits at `place` leave the check digit as it is.
    fn undetected(sum: Sum, serial: &[u8], place: usize) -> usize {
        let right = sum.of(serial);
        (b'0'..=b'9')
            .filter(|digit| {
                let mut changed = serial.to_vec();
                changed[place] = *digit;
                *digit != serial[place] && sum.of(&changed) == right
            })
            .count()
    }

    #[test]
    fn one_changed_digit_slips_through_as_often_as_the_table_says_and_no_oftener() {
        let never: fn(usize) -> usize = |_| 0;
        let at_odd: fn(usize) -> usize = |place| place % 2;
        let at_even: fn(usize) -> usize = |place| (place + 1) % 2;
        let sometimes: fn(usize) -> usize = |_| 1;
        for (sum, length, most) in [
            (Sum::Mod10 { even: 3, odd: 1, plus: 0 }, 15, never),
            (Sum::Mod10 { even: 1, odd: 3, plus: 0 }, 14, never),
            (Sum::Mod10 { even: 3, odd: 1, plus: 1 }, 11, never),
            (Sum::Mod10 { even: 1, odd: 2, plus: 0 }, 15, at_odd),
            (Sum::Mod10 { even: 4, odd: 9, plus: 0 }, 11, at_even),
            (Sum::Luhn, 11, never),
            (Sum::Mod7, 9, sometimes),
            (FEDEX, 11, sometimes),
            (Sum::S10, 8, sometimes),
            (Sum::Mod37, 14, never),
        ] {
            let mut slipped = 0;
            // Numbers spread over the whole range; every place, every digit.
            for n in 0_u64..500 {
                let serial = format!("{:015}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000_000_000_000_000);
                let serial = &serial.as_bytes()[..length];
                for place in 0..length {
                    let found = undetected(sum, serial, place);
                    assert!(found <= most(place), "{sum:?} {serial:?} {place}");
                    slipped += found;
                }
            }
            assert_eq!(
                slipped > 0,
                (0..length).any(|place| most(place) > 0),
                "{sum:?}: the bound is reached"
            );
        }
    }
}
