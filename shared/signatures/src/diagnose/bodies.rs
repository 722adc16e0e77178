//! What goes wrong with a body between the sender and the check.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::json::{Escapes, Spacing, rewrite};

/// What happened to a body after it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BodyChange {
    /// It got white space at its end: an editor or `echo` does that.
    EndAdded,
    /// It lost the line break at its end.
    EndLost,
    /// Its line breaks became CR LF.
    LineBreaksToCrLf,
    /// Its line breaks became LF.
    LineBreaksToLf,
    /// It got a byte order mark.
    ByteOrderMarkAdded,
    /// It lost its byte order mark.
    ByteOrderMarkLost,
    /// It is base64, as API Gateway and Function URLs hand it over.
    StillBase64,
    /// It is a JSON text that holds the body.
    QuotedAsJson,
    /// It was read as Latin-1 and written as UTF-8.
    ReadAsLatin1,
    /// It was parsed as JSON and written again, with other spaces between.
    JsonSpacing,
    /// It was parsed as JSON and written again, with other escapes in texts (`/`, `é`, `<`).
    JsonEscapes,
    /// Both.
    JsonSpacingAndEscapes,
}

const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// What the body may have been before, most likely first; never the body itself.
///
/// JSON is rewritten only up to `small` bytes. Each candidate is made when it is asked for.
pub(super) fn originals(body: &[u8], small: usize) -> impl Iterator<Item = (BodyChange, Vec<u8>)> {
    let simple = ORIGINALS
        .iter()
        .flat_map(|(change, undo)| undo(body).into_iter().map(|original| (*change, original)));
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= small && is_json(text));
    let json = text.into_iter().flat_map(|text| {
        Spacing::ALL.into_iter().flat_map(move |spacing| {
            Escapes::all().map(move |escapes| {
                let change = match (spacing, escapes == Escapes::AS_THEY_ARE) {
                    (_, true) => BodyChange::JsonSpacing,
                    (Spacing::AsItIs, false) => BodyChange::JsonEscapes,
                    (Spacing::None | Spacing::AfterMarks | Spacing::Lines(_), false) => {
                        BodyChange::JsonSpacingAndEscapes
                    }
                };
                (change, rewrite(text, spacing, escapes).into_bytes())
            })
        })
    });
    simple.chain(json).filter(move |(_, original)| original != body)
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

type Undo = fn(&[u8]) -> Vec<Vec<u8>>;

const ORIGINALS: [(BodyChange, Undo); 9] = [
    (BodyChange::StillBase64, |body| STANDARD.decode(body.trim_ascii()).into_iter().collect()),
    (BodyChange::EndAdded, |body| {
        let line = body.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec());
        line.into_iter().chain([body.trim_ascii_end().to_vec(), body.trim_ascii().to_vec()]).collect()
    }),
    (BodyChange::EndLost, |body| [&b"\n"[..], b"\r\n"].map(|end| [body, end].concat()).to_vec()),
    (BodyChange::LineBreaksToCrLf, |body| vec![to_lf(body)]),
    (BodyChange::LineBreaksToLf, |body| vec![to_crlf(body)]),
    (BodyChange::ByteOrderMarkAdded, |body| {
        body.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec).into_iter().collect()
    }),
    (BodyChange::ByteOrderMarkLost, |body| vec![[BYTE_ORDER_MARK, body].concat()]),
    (BodyChange::QuotedAsJson, |body| {
        serde_json::from_slice::<String>(body).map(String::into_bytes).into_iter().collect()
    }),
    (BodyChange::ReadAsLatin1, |body| {
        let text = std::str::from_utf8(body).unwrap_or_default();
        let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        bytes.into_iter().collect()
    }),
];

/// CR LF becomes LF; a CR alone stays.
fn to_lf(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body.iter().peekable();
    while let Some(byte) = rest.next() {
        if !(*byte == b'\r' && rest.peek() == Some(&&b'\n')) {
            out.push(*byte);
        }
    }
    out
}

/// LF becomes CR LF where it was alone.
fn to_crlf(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + body.len() / 16);
    for byte in body {
        if *byte == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
