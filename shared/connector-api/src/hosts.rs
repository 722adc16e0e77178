//! Addresses that are built, and headers that are read, alike by all connectors.

use std::time::Duration;

use http::HeaderMap;
use url::Url;

/// `base` with further path segments, each encoded.
#[must_use]
pub fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // Only addresses that cannot be a base refuse segments, and `base_url` lets none of those in.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Reads an address that requests may go below; `key` is the setting that names it.
///
/// # Errors
/// A sentence that names the key.
pub fn base_url(key: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{key} is no address: {error}"))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Err(format!("{key} must be an http or https address"));
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(format!("{key} may hold a host, a port and a path only"));
    }
    Ok(url)
}

/// A header's text, at most 200 characters of it.
#[must_use]
pub fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.chars().take(200).collect())
}

/// `Retry-After` in seconds, at most a day.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = header(headers, "retry-after")?.parse().ok()?;
    Some(Duration::from_secs(seconds.min(86_400)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_are_odd_are_absent() {
        let mut headers = HeaderMap::new();
        for (value, want) in
            [("2", Some(2)), ("999999", Some(86_400)), ("-2", None), ("Wed, 21 Oct 2026", None), (" ", None)]
        {
            headers.insert("retry-after", value.parse().unwrap());
            assert_eq!(retry_after(&headers), want.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn only_plain_addresses_are_bases() {
        for bad in
            ["", "x", "ftp://a", "https://a?b", "https://a#b", "https://u@a", "https://u:p@a", "file:///x"]
        {
            assert!(base_url("base_url", bad).unwrap_err().starts_with("base_url "), "{bad}");
        }
        let base = base_url("base_url", "http://127.0.0.1:9/x/").unwrap();
        assert_eq!(below(&base, &["a/b", ".."]).as_str(), "http://127.0.0.1:9/x/a%2Fb", "no way up");
    }
}
