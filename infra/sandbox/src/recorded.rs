//! Requests that stand-ins receive, written down: what a connector sends can then be held against a published contract.
//!
//! Only where the environment names a folder, `PARCELWIRE_REQUESTS`, and only requests that came over HTTP to a
//! marketplace's prefix. Each becomes one file `<marketplace>-<digest>.json` there, so that a request sent twice is one
//! file, and tests may write at the same time:
//!
//! ```json
//! {"marketplace": "ebay", "method": "POST", "path": "/a/b", "query": "c=d", "headers": {"accept": "…"}, "body": "…"}
//! ```
//!
//! `path` is without the prefix, `query` without the question mark, header names are lower case. A body that is no
//! UTF-8 is written as `null`. Values of headers that hold credentials, and of token requests' fields, are replaced by
//! `recorded`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use http::Request;
use serde::Serialize;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

/// The variable that names the folder.
const FOLDER: &str = "PARCELWIRE_REQUESTS";
/// The marketplaces whose requests are written down; what else is mounted is not sent by their connectors.
const MARKETPLACES: [&str; 3] = ["amazon", "ebay", "etsy"];
/// Headers that are about the connection, not about the request.
const NOT_KEPT: [&str; 4] = ["host", "content-length", "connection", "accept-encoding"];
/// Headers that hold credentials.
const SECRET: [&str; 3] = ["authorization", "x-amz-access-token", "x-api-key"];
/// Fields of a token request that are no credentials.
const KEPT: [&str; 2] = ["grant_type", "scope"];

#[derive(Serialize)]
struct Recorded<'a> {
    marketplace: &'a str,
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: BTreeMap<&'a str, &'a str>,
    body: Option<Cow<'a, str>>,
}

/// Writes down a request to the stand-in below `prefix` (`/ebay`), if the environment asks for it.
///
/// Control requests are left out. What cannot be written is a fault of whoever asked for it: it is said on standard
/// error, and the request goes on.
pub fn write(prefix: &str, request: &Request<Vec<u8>>) {
    #[expect(clippy::disallowed_methods, reason = "a switch of tests, no setting of the product")]
    let Some(folder) = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()) else { return };
    if let Err(error) = write_to(Path::new(&folder), prefix, request) {
        eprintln!("{FOLDER}: {error}");
    }
}

fn write_to(folder: &Path, prefix: &str, request: &Request<Vec<u8>>) -> std::io::Result<()> {
    let path = request.uri().path();
    let Some(marketplace) = MARKETPLACES.into_iter().find(|name| prefix.trim_matches('/') == *name) else {
        return Ok(());
    };
    // Control requests, and places that only a stand-in has: a marketplace's storage is behind no contract.
    if path.starts_with("/_") {
        return Ok(());
    }
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value));
    let headers = headers
        .filter(|(name, _)| !NOT_KEPT.contains(name))
        .map(|(name, value)| match SECRET.contains(&name) {
            true => (name, "recorded"),
            false => (name, value.to_str().unwrap_or_default()),
        })
        .collect();
    let recorded = Recorded {
        marketplace,
        method: request.method().as_str(),
        path,
        query: request.uri().query().unwrap_or_default(),
        headers,
        body: body(path, request.body()),
    };
    let text = serde_json::to_string_pretty(&recorded)?;
    let digest: String = Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(format!("{marketplace}-{digest}.json")), text)
}

/// The body; of a token request's the names, and what kind of token is asked for: all else of it is credentials.
fn body<'a>(path: &str, body: &'a [u8]) -> Option<Cow<'a, str>> {
    if !path.ends_with("/token") {
        return std::str::from_utf8(body).ok().map(Cow::Borrowed);
    }
    let mut kept = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(body) {
        let value = if KEPT.contains(&&*name) { value } else { Cow::Borrowed("recorded") };
        kept.append_pair(&name, &value);
    }
    Some(Cow::Owned(kept.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Request<Vec<u8>> {
        Request::post(path)
            .header("authorization", "Bearer SECRET")
            .header("content-type", "application/json")
            .header("host", "127.0.0.1")
            .body(b"{\"a\":1}".to_vec())
            .unwrap()
    }

    #[test]
    fn a_request_is_one_file_without_its_credentials() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            write_to(folder.path(), "/ebay", &request("/sell/x?y=1%2C2")).unwrap();
        }
        write_to(folder.path(), "/shopify", &request("/x")).unwrap();
        write_to(folder.path(), "/ebay", &request("/_sandbox/orders")).unwrap();
        let files: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        let [file] = files.as_slice() else { panic!("{files:?}") };
        assert!(file.file_name().unwrap().to_str().unwrap().starts_with("ebay-"), "{file:?}");
        let text = std::fs::read_to_string(file).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "marketplace": "ebay", "method": "POST", "path": "/sell/x", "query": "y=1%2C2",
                "headers": { "authorization": "recorded", "content-type": "application/json" }, "body": "{\"a\":1}",
            })
        );
    }

    #[test]
    fn of_a_token_request_only_its_kind_is_kept() {
        let sent = b"grant_type=refresh_token&client_secret=SECRET&refresh_token=SECRET&scope=a+b";
        let kept = body("/auth/o2/token", sent).unwrap();
        assert_eq!(kept, "grant_type=refresh_token&client_secret=recorded&refresh_token=recorded&scope=a+b");
    }
}
