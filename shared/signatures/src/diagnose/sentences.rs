//! Diagnoses in words: what is wrong, then what to do.

use std::fmt;

use super::{BodyChange, Diagnosis, SecretChange};

/// People count from one.
fn number(secret: usize) -> usize {
    secret.saturating_add(1)
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Genuine { secret: 0, of: 1 } => f.write_str("The signature is genuine."),
            Self::Genuine { secret, of } => {
                write!(f, "The signature is genuine: it was made with secret number {} of {of}.", number(*secret))
            }
            Self::HeaderMissing => f.write_str(
                "There is no signature header. Check that the request comes from the store itself, and that no proxy \
                 in between drops headers it does not know.",
            ),
            Self::NoSecret => {
                f.write_str("There is no secret to check with, or it is empty. Put the connection's webhook secret into the settings.")
            }
            Self::HexInsteadOfBase64 { fits } => {
                f.write_str("The signature is written in hexadecimal digits; this sender's signatures are base64.")?;
                fitting(f, *fits, "Whoever made it must encode the same bytes in base64.")
            }
            Self::OtherWriting { fits } => {
                f.write_str(
                    "The signature is not plain base64: it is base64 for addresses, lacks its padding, or stands in \
                     quotes or behind a prefix.",
                )?;
                fitting(f, *fits, "Send the header as the store wrote it.")
            }
            Self::NotBase64 { characters } => write!(
                f,
                "The signature header holds {characters} characters that are no base64. Check that this is the \
                 signature's header, whole and unchanged."
            ),
            Self::WrongLength { bytes } => write!(
                f,
                "The signature has {bytes} bytes where 32 are right: it was cut off or is of another kind (SHA-1 has \
                 20, SHA-512 has 64)."
            ),
            Self::BodyChanged { secret, change } => {
                write!(f, "Secret number {} is right, but the body was changed: {change}", number(*secret))
            }
            Self::SecretChanged { secret, change } => {
                write!(f, "The body is as it was sent, but secret number {} is not: {change}", number(*secret))
            }
            Self::BothChanged { secret, body_change, secret_change } => write!(
                f,
                "Secret number {} and the body were both changed. The secret: {secret_change} The body: {body_change}",
                number(*secret)
            ),
            Self::EmptyBody => f.write_str(
                "The body is empty. Something read it before the check, or it was not saved: check the raw bytes of the \
                 request.",
            ),
            Self::NoMatch { secrets } => write!(
                f,
                "No match with {} tried, nor with any change of body or secret that we know. Most likely the secret \
                 belongs to another app or shop, was rotated, or is not the one for webhooks (webhooks made by hand in \
                 a shop's settings have a key of their own, shown there). Else the body was parsed and written \
                 again: check the raw bytes.",
                if *secrets == 1 { "the one secret".to_owned() } else { format!("any of the {secrets} secrets") }
            ),
        }
    }
}

fn fitting(f: &mut fmt::Formatter<'_>, fits: Option<usize>, advice: &str) -> fmt::Result {
    match fits {
        Some(secret) => write!(f, " Apart from that it fits secret number {}. {advice}", number(secret)),
        None => f.write_str(" Even so it fits none of the secrets."),
    }
}

impl fmt::Display for BodyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndAdded => {
                "white space or a line break was added at its end (an editor or echo does that; save the raw bytes)."
            }
            Self::EndLost => "it lost the line break at its end. Do not trim it.",
            Self::LineBreaksToCrLf => "its line breaks became CR LF. Save and send it as binary.",
            Self::LineBreaksToLf => "its CR LF line breaks became LF. Save and send it as binary.",
            Self::ByteOrderMarkAdded => "a byte order mark was added in front. Save it as UTF-8 without one.",
            Self::ByteOrderMarkLost => "it lost its byte order mark. Check the bytes as they came.",
            Self::StillBase64 => {
                "it is still base64. Lambda hands bodies over so (isBase64Encoded); decode it once before the check."
            }
            Self::QuotedAsJson => "it is a JSON text that holds the body. Check what is inside the quotes, unescaped.",
            Self::ReadAsLatin1 => "it was read as Latin-1 and written as UTF-8. Check the bytes, not a text made of them.",
            Self::JsonSpacing => {
                "it was parsed as JSON and written again with other white space. Check the raw bytes before any parser."
            }
            Self::JsonEscapes => {
                "it was parsed as JSON and written again with other escapes (slashes, accents or < > &). Check the raw \
                 bytes before any parser."
            }
            Self::JsonSpacingAndEscapes => {
                "it was parsed as JSON and written again with other white space and escapes. Check the raw bytes before \
                 any parser."
            }
        })
    }
}

impl fmt::Display for SecretChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SpaceAround => "it has white space or a line break in front or behind. Remove it.",
            Self::QuotesAround => "it stands in quotes. Remove them.",
            Self::LineBreakLost => {
                "the sender's ends with a line break. Set it again there without one, or quote it here with one."
            }
            Self::HexOfKey => "it is the key in hexadecimal digits, and the sender uses the bytes these stand for.",
            Self::Base64OfKey => "it is the key in base64, and the sender uses the bytes that stands for.",
        })
    }
}
