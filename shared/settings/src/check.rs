//! Checks of single values, the same for files and variables. Each says what is wrong and what to do.

use jiff::tz;
use url::{Host, Url};

use crate::near::did_you_mean;

/// A text for people: in quotes, bounded, and on one line.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

/// An IANA time zone name, as the database spells it.
///
/// # Errors
/// A sentence, if there is no such zone.
pub(crate) fn time_zone(name: &str) -> Result<String, String> {
    if let Some(zone) = tz::db().get(name).ok().and_then(|zone| zone.iana_name().map(str::to_owned)) {
        return Ok(zone);
    }
    let names: Vec<String> = tz::db().available().map(|zone| zone.as_str().to_owned()).collect();
    let hint = did_you_mean(name, names.iter().map(String::as_str));
    Err(format!("no time zone is called {}; write an IANA name such as Europe/Berlin{hint}", shown(name)))
}

/// A bare e-mail address: what a mail header can carry without quoting.
///
/// # Errors
/// A sentence, if it is none.
pub(crate) fn address(text: &str) -> Result<String, String> {
    let bad = |why: &str| Err(format!("{} is no e-mail address: {why}", shown(text)));
    if text.contains(['<', '>', ' ', '"']) {
        return bad("write the bare address, without a name, quotes or spaces");
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return bad("it has no @") };
    if text.len() > 254 || local.len() > 64 {
        return bad("it is too long");
    }
    let of_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    if local.split('.').any(|atom| atom.is_empty() || !atom.chars().all(of_atom)) {
        return bad("the part before the @ is empty, or holds a character that cannot stand there");
    }
    let of_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if !domain.split('.').all(of_label) || !(domain.contains('.') || domain == "localhost") {
        return bad("the part after the @ must be a domain such as example.com");
    }
    Ok(text.to_owned())
}

/// Whether a host is this machine and cannot be another.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

/// Whether a host written as text is this machine.
pub(crate) fn is_loopback_text(host: &str) -> bool {
    Host::parse(host).is_ok_and(|host| match &host {
        Host::Domain(name) => is_loopback(&Host::Domain(name)),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }) || host == "::1"
}

/// An address of a service: https, or http on this machine; without user, query or fragment.
///
/// Gives the address as written, less slashes at its end. What is wrong is said without repeating it:
/// a password may stand in it.
///
/// # Errors
/// A sentence.
pub(crate) fn base_url(text: &str) -> Result<String, String> {
    let example = "write it like https://example.com or http://127.0.0.1:8080";
    let url = Url::parse(text).map_err(|error| format!("is no web address ({error}); {example}"))?;
    let Some(host) = url.host().filter(|_| matches!(url.scheme(), "http" | "https")) else {
        return Err(format!("must begin with https:// or http://; {example}"));
    };
    if url.scheme() == "http" && !is_loopback(&host) {
        return Err("must begin with https://: plain http is only taken for this machine (127.0.0.1, \
                    localhost, [::1]), since secrets travel over it"
            .to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or password; put secrets under secrets".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("must end before any ? or #; {example}"));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(format!("holds a space, a backslash or a control character; {example}"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Whether a text has the form of an AWS region.
pub(crate) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let plain =
        |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=5).contains(&parts.len()) && text.len() <= 32 && parts.iter().all(plain)
}

/// Checks a log filter: levels, alone or as `module=level`, between commas.
///
/// # Errors
/// A sentence, if it is none.
pub(crate) fn log_filter(text: &str) -> Result<(), String> {
    let known = ["off", "error", "warn", "info", "debug", "trace"];
    for part in text.split(',') {
        let (module, level) = part.split_once('=').unwrap_or(("", part));
        let named = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '-';
        if !known.contains(&level.trim().to_ascii_lowercase().as_str()) || !module.trim().chars().all(named) {
            return Err(format!(
                "must be a level ({}), or several such as info,workflow=debug",
                known.join(", ")
            ));
        }
    }
    Ok(())
}

/// What is wrong with the text of a secret, if anything. Never repeats it.
///
/// # Errors
/// A sentence that goes after "the secret …".
pub(crate) fn secret(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        Err("is empty; an empty secret verifies nothing")
    } else if text.chars().any(char::is_control) {
        Err("holds a line break or another control character; was more copied than the secret?")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_a_mail_header_can_carry_are_taken() {
        for text in ["a@example.com", "a.b+c@mail.example.co.uk", "o'neil@x-y.org", "ops@localhost"] {
            assert_eq!(address(text).as_deref(), Ok(text));
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "a",
            "@",
            "a@",
            "@example.com",
            "a@b",
            "a b@example.com",
            "a@@example.com",
            "a..b@example.com",
            "Ann <a@example.com>",
            "a@example.com\r\nBcc: b@example.com",
            "a@-x.com",
            "a@x-.com",
            "a@x..com",
            "ä@example.com",
            "a@exämple.com",
            "a@[127.0.0.1]",
            "a,b@example.com",
            &long,
        ] {
            assert!(address(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn plain_http_is_only_for_this_machine_and_nothing_hides_in_an_address() {
        for text in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:1",
            "http://shop.localhost:80/a/b",
            "https://example.com",
            "https://10.0.0.1/x",
        ] {
            assert_eq!(base_url(text).as_deref(), Ok(text));
        }
        assert_eq!(base_url("https://example.com/a/").as_deref(), Ok("https://example.com/a"));
        for text in [
            "",
            "example.com",
            "http://example.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://[::ffff:10.0.0.1]",
            "http://169.254.169.254",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://",
            "https://u@example.com",
            "https://u:p@example.com",
            "http://127.0.0.1@example.com",
            "https://example.com?x=1",
            "https://example.com#x",
            "https:\\\\example.com",
            "https://exa mple.com",
            "https://example.com/\n",
        ] {
            assert!(base_url(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn time_zones_come_from_the_database() {
        for (text, want) in
            [("Europe/Berlin", "Europe/Berlin"), ("UTC", "UTC"), ("america/new_york", "America/New_York")]
        {
            assert_eq!(time_zone(text).as_deref(), Ok(want));
        }
        for text in ["", "Berlin", "+01:00", "Europe/Berlin\n", "../etc/passwd", "Mars/Base"] {
            assert!(time_zone(text).is_err(), "{text:?}");
        }
        assert!(time_zone("Europe/Berln").unwrap_err().contains("did you mean \"Europe/Berlin\""));
    }
}
