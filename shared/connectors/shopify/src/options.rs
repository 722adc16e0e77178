//! A connection's options: which shop, and whether its app secret is its own.

use domain::connection::Connection;

/// The option that names the shop.
const SHOP: &str = "shop";
/// The option that says that several shops share the app's secret.
const SHARED_SECRET: &str = "shared_secret";
/// What every shop's own address ends with.
const SUFFIX: &str = ".myshopify.com";

/// The shop's address, if it has exactly the form `name.myshopify.com`: the host is built of nothing else.
pub(crate) fn shop(connection: &Connection) -> Option<&str> {
    connection.option(SHOP).filter(|text| is_shop(text))
}

/// Whether `text` is `name.myshopify.com`, the name of up to 60 of `a-z`, `0-9` and inner `-`.
fn is_shop(text: &str) -> bool {
    text.strip_suffix(SUFFIX).is_some_and(|name| {
        (1..=60).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-')
    })
}

/// Whether several shops' deliveries are signed with this connection's secret.
pub(crate) fn shares_secret(connection: &Connection) -> bool {
    // Anything but a plain "false" counts as shared: that only costs a read, the other way costs trust.
    connection.option(SHARED_SECRET).is_some_and(|text| text != "false")
}

/// Where requests go: the shop's own address, or the base URL that the system was started with.
pub(crate) fn base_url(connection: &Connection) -> Option<String> {
    match &connection.base_url {
        Some(url) => Some(url.trim_end_matches('/').to_owned()),
        None => shop(connection).map(|shop| format!("https://{shop}")),
    }
}

/// What is wrong with the options, each naming its key.
pub(crate) fn problems(connection: &Connection) -> Vec<String> {
    let mut problems = Vec::new();
    match connection.option(SHOP) {
        None => problems.push(format!("`{SHOP}` is missing: the shop's own address, like `name{SUFFIX}`")),
        Some(text) if !is_shop(text) => {
            let text: String = text.chars().take(80).collect();
            problems.push(format!(
                "`{SHOP}` must be the shop's own address, like `name{SUFFIX}` in lower case, not {text:?}"
            ));
        }
        Some(_) => {}
    }
    if let Some(text) = connection.option(SHARED_SECRET)
        && !matches!(text, "true" | "false")
    {
        problems.push(format!("`{SHARED_SECRET}` must be `true` or `false`"));
    }
    for key in connection.options.keys().filter(|key| ![SHOP, SHARED_SECRET].contains(&key.as_str())) {
        problems.push(format!(
            "`{key}` is no option of a Shopify connection: it knows `{SHOP}` and `{SHARED_SECRET}`"
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_shop_address_becomes_a_host() {
        let long = format!("{}.myshopify.com", "a".repeat(61));
        for (text, fits) in [
            ("a.myshopify.com", true),
            ("my-shop-2.myshopify.com", true),
            (".myshopify.com", false),
            ("myshopify.com", false),
            ("-a.myshopify.com", false),
            ("a-.myshopify.com", false),
            ("A.myshopify.com", false),
            ("a.b.myshopify.com", false),
            ("a.myshopify.com.", false),
            ("a.myshopify.com:8080", false),
            ("a.myshopify.com/x", false),
            ("evil.com/a.myshopify.com", false),
            ("evil.com#.myshopify.com", false),
            ("user@a.myshopify.com", false),
            ("https://a.myshopify.com", false),
            ("a\n.myshopify.com", false),
            ("ä.myshopify.com", false),
            (&long, false),
        ] {
            assert_eq!(is_shop(text), fits, "{text:?}");
        }
    }
}
