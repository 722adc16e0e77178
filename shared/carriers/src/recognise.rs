//! Who is meant by what a store wrote, and by which service.

use crate::aliases::{self, Meaning, NOT_A_SERVICE};
use crate::carrier::Carrier;
use crate::fold::{Role, compact, fold, plain, role};
use crate::how::{self, How, exact_key, key};
use crate::mapping::Mapping;
use crate::services::in_words;

/// A text taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Who carries it; `None` if the text names nobody we know, or more than one.
    pub carrier: Option<Carrier>,
    /// The delivery service as the store wrote it, without the carrier's name and marks like ®; a code that a tool
    /// wrote (`usps_priority_mail`) in words.
    pub service: Option<String>,
}

/// A text taken apart, with how that went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) named: Named,
    /// The words of the text that name the carrier, folded.
    pub(crate) name: Option<String>,
    /// The service field changed who is meant, or left it open: text and service are one name.
    pub(crate) service_decided: bool,
}

/// Signs that end a text and belong to no service.
const ENDS: &str = " -\u{2013}\u{2014},;:|/_!?*\u{2026}\u{3001}\u{3002}";

/// Brackets; one that has lost its other half belongs to no service either.
const BRACKETS: [(char, char); 5] = [('(', ')'), ('[', ']'), ('（', '）'), ('【', '】'), ('「', '」')];

/// Services longer than this are no services.
const LONGEST_SERVICE: usize = 100;

/// Takes a carrier text, and a service that the store keeps apart, to carrier and service.
///
/// A built-in name counts only at the beginning of the text and in whole words; the longest wins. A service that
/// makes the carrier another brand (DHL with eCommerce) is part of the name; one that names another carrier leaves
/// the carrier open. A product of one carrier (ゆうパック) names the carrier and is the service.
#[must_use]
pub fn recognise(text: &str, service: Option<&str>) -> Named {
    read(text, service).named
}

pub(crate) fn read(text: &str, service: Option<&str>) -> Reading {
    let given = service.and_then(tidy_service);
    let own = longest_name(text);
    let Some((carrier, own)) = own.and_then(|hit| Some((hit.meaning.carrier()?, hit))) else {
        return Reading { named: Named { carrier: None, service: given }, ..Reading::default() };
    };
    let open = |service_decided| Reading {
        named: Named { carrier: None, service: given.clone() },
        name: None,
        service_decided,
    };
    // UPS / FedEx: the rest of the text names somebody else.
    let Some((carrier, rest)) = refine(carrier, own.rest, false) else { return open(false) };
    let own_service = match own.meaning {
        Meaning::Product(carrier) => service_of(carrier, text),
        Meaning::Carrier(_) | Meaning::Lookalike => rest,
    };
    let name = Some(fold(own.name));
    let Some(given_text) = given.as_deref() else {
        return Reading { named: Named { carrier, service: own_service }, name, service_decided: false };
    };
    let Some(carrier) = carrier else { return open(false) };
    match refine(carrier, given_text, own_service.is_none()) {
        Some((Some(refined), service)) => Reading {
            named: Named { carrier: Some(refined), service: service.or(own_service) },
            name: name.filter(|_| refined == carrier),
            service_decided: refined != carrier,
        },
        Some((None, _)) | None => open(true),
    }
}

/// What `more` says beyond `carrier`: a brand of it or the same, and the service. `None`: somebody else.
///
/// A look-alike of the carrier's brands gives `Some((None, _))`. With `joined` the two are read as one text too.
fn refine(carrier: Carrier, more: &str, joined: bool) -> Option<(Option<Carrier>, Option<String>)> {
    if joined && let Some(hit) = longest_name_after(carrier, more) {
        let service = hit.meaning.carrier().and_then(|carrier| service_of(carrier, hit.service(more)));
        return Some((hit.meaning.carrier(), service));
    }
    let same = |service: &str| Some((Some(carrier), service_of(carrier, service)));
    let Some(hit) = longest_name(more) else { return same(more) };
    let brand = aliases::extends(&compact(hit.name), carrier);
    match hit.meaning.carrier() {
        Some(again) if again == carrier => same(hit.service(more)),
        Some(other) if brand => Some((Some(other), service_of(other, hit.service(more)))),
        // The text already names the brand, the service only its house: DHL eCommerce by "DHL Parcel Plus".
        Some(house) if is_brand_of(carrier, house) => same(hit.service(more)),
        None if brand => Some((None, None)),
        None => same(more),
        Some(_) => None,
    }
}

/// The service that follows a carrier's name, tidy, and in words if it is a code.
fn service_of(carrier: Carrier, after_name: &str) -> Option<String> {
    let service = tidy_service(after_name)?;
    let joined = after_name.starts_with(['_', '\u{ff3f}']);
    Some(in_words(carrier, &service, joined).unwrap_or(service))
}

/// Whether the carrier's own title begins with a name of `house` and goes on.
fn is_brand_of(carrier: Carrier, house: Carrier) -> bool {
    aliases::extends(&compact(carrier.title()), house)
}

/// A name at the beginning of a text.
struct Hit<'a> {
    meaning: Meaning,
    /// As it was written.
    name: &'a str,
    /// What follows it.
    rest: &'a str,
}

impl<'a> Hit<'a> {
    /// The part of the text that says how it travels.
    fn service(&self, text: &'a str) -> &'a str {
        match self.meaning {
            Meaning::Product(_) => text,
            Meaning::Carrier(_) | Meaning::Lookalike => self.rest,
        }
    }
}

/// The longest built-in name at the beginning of `text`, in whole words.
fn longest_name(text: &str) -> Option<Hit<'_>> {
    longest_name_from("", text)
}

/// Every carrier that a text names anywhere, in whole words.
pub(crate) fn all_named(text: &str) -> Vec<Carrier> {
    let mut named = Vec::new();
    let mut past = 0;
    for (start, _) in words(text) {
        if start < past {
            continue;
        }
        let Some(hit) = text.get(start..).and_then(longest_name) else { continue };
        past = start + hit.name.len();
        if let Some(carrier) = hit.meaning.carrier().filter(|carrier| !named.contains(carrier)) {
            named.push(carrier);
        }
    }
    named
}

/// The longest name that begins with one of the carrier's and goes on in `more`.
fn longest_name_after(carrier: Carrier, more: &str) -> Option<Hit<'_>> {
    longest_name_from(&compact(carrier.title()), more)
}

fn longest_name_from<'a>(before: &str, text: &'a str) -> Option<Hit<'a>> {
    let mut joined = before.to_owned();
    let mut best = None;
    for (start, end) in words(text) {
        joined.push_str(&compact(text.get(start..end)?));
        if !aliases::begins_a_name(&joined) {
            break;
        }
        if let Some(meaning) = aliases::find(&joined) {
            best = Some(Hit { meaning, name: text.get(..end)?, rest: text.get(end..)? });
        }
    }
    best
}

/// The places of words in a text, in bytes.
fn words(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let mut found: Option<(usize, usize)> = None;
        for (offset, c) in text.get(at..)?.char_indices() {
            let (start, end) = (at + offset, at + offset + c.len_utf8());
            match (role(c), found) {
                (Role::Break, Some(_)) => break,
                (Role::Letter, Some((first, _))) => found = Some((first, end)),
                (Role::Letter, None) => found = Some((start, end)),
                (Role::Break | Role::Nothing, _) => {}
            }
        }
        at = found?.1;
        found
    })
}

/// A service as it can be sent: trimmed, on one line, without ®; `None` if nothing is left that says how.
pub(crate) fn tidy_service(text: &str) -> Option<String> {
    let text = plain(text);
    let (first, _) = words(&text).next()?;
    let words_of = text.get(first..)?.split(|c: char| c.is_whitespace() || c.is_control());
    let mut service = words_of.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    while service.chars().last().is_some_and(|last| is_beyond(&service, last)) {
        service.pop();
    }
    let folded = fold(&service);
    let says_how = !NOT_A_SERVICE.contains(&folded.as_str())
        && folded.split(' ').any(|word| !NOT_A_SERVICE.contains(&word));
    (says_how && service.chars().count() <= LONGEST_SERVICE).then_some(service)
}

/// Whether the last sign of a service is none of it.
fn is_beyond(service: &str, last: char) -> bool {
    if let Some((open, _)) = BRACKETS.iter().find(|(_, close)| *close == last) {
        return !service.contains(*open);
    }
    // The full stop of an abbreviation stays: 2Day A.M.
    let abbreviated = || {
        let word = service.rsplit(' ').next().unwrap_or_default().trim_end_matches('.');
        word.contains('.') && !service.ends_with("..")
    };
    ENDS.contains(last) || BRACKETS.iter().any(|(open, _)| *open == last) || (last == '.' && !abbreviated())
}

/// The keys under which a mapping for this text may be kept, most particular first.
///
/// Text and service together; the text alone; and, where the text holds a service (`USPS Priority Mail`), the
/// carrier's name in it. Each of the first two letter by letter first ([`crate::is_exact_key`]), then folded. Empty
/// if there is no text at all.
#[must_use]
pub fn lookup_keys<'a>(text: impl Into<Option<&'a str>>, service: Option<&str>) -> Vec<String> {
    let text = text.into().unwrap_or_default();
    let mut keys = Vec::with_capacity(5);
    if let Some(service) = service {
        let both = format!("{text} {service}");
        keys.extend([exact_key(&both), key(&both)]);
    }
    keys.extend([exact_key(text), key(text)]);
    keys.extend(read(text, None).name);
    let mut seen = Vec::with_capacity(keys.len());
    for key in keys {
        if !key.is_empty() && !seen.contains(&key) {
            seen.push(key);
        }
    }
    seen
}

/// The patterns among these that mean this text, alone or with its service; most particular first.
#[must_use]
pub fn matching<'m>(
    patterns: impl IntoIterator<Item = &'m Mapping>,
    text: Option<&str>,
    service: Option<&str>,
) -> Vec<&'m Mapping> {
    let text = text.unwrap_or_default();
    let mut folded = vec![fold(text)];
    folded.extend(service.map(|service| fold(&format!("{text} {service}"))));
    let mut found: Vec<&Mapping> = patterns
        .into_iter()
        .filter(|mapping| mapping.how == How::Pattern)
        .filter(|mapping| folded.iter().any(|text| how::matches(&mapping.text, text)))
        .collect();
    found.sort_by_cached_key(|mapping| (std::cmp::Reverse(how::weight(&mapping.text)), mapping.key()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Carrier as C;

    fn named(carrier: C, service: impl Into<Option<&'static str>>) -> Named {
        Named { carrier: Some(carrier), service: service.into().map(str::to_owned) }
    }

    #[test]
    fn carrier_and_service_are_taken_apart() {
        for (text, want) in [
            ("USPS Priority Mail Express 2-Day", named(C::Usps, "Priority Mail Express 2-Day")),
            ("UPS® Ground", named(C::Ups, "Ground")),
            ("FedEx Ground®", named(C::Fedex, "Ground")),
            ("FedEx Ground® Economy", named(C::FedexSmartPost, None)),
            ("DHL Express Worldwide", named(C::DhlExpress, "Worldwide")),
            ("Royal Mail - Tracked 48®", named(C::RoyalMail, "Tracked 48")),
            ("Royal Mail Tracked 24 (signed)", named(C::RoyalMail, "Tracked 24 (signed)")),
            ("USPS (First Class)", named(C::Usps, "First Class")),
            ("stamps.com", named(C::Usps, None)),
            ("dhl_express_worldwide", named(C::DhlExpress, "Worldwide")),
            ("usps_priority_mail_express", named(C::Usps, "Priority Mail Express")),
            ("fedex_FEDEX_2_DAY", named(C::Fedex, "2Day")),
            ("ups_surepost_1_lb_or_greater", named(C::Ups, "SurePost")),
            ("fedex_smartpost", named(C::FedexSmartPost, None)),
            ("ontrac ground", named(C::OnTrac, "ground")),
            ("ｕｐｓ＿ｇｒｏｕｎｄ", named(C::Ups, "Ground")),
            ("ゆうパック 60サイズ", named(C::JapanPost, "ゆうパック 60サイズ")),
            ("SurePost®", named(C::Ups, "SurePost")),
            ("UPS SurePost", named(C::Ups, "SurePost")),
            ("FedEx 2Day A.M.", named(C::Fedex, "2Day A.M.")),
            ("FedEx Ground.", named(C::Fedex, "Ground")),
            ("UPS from ShipStation", named(C::Ups, None)),
            ("Amazon Logistics", named(C::AmazonLogistics, None)),
            ("UPS Mail Innovations Expedited", named(C::UpsMailInnovations, "Expedited")),
            ("UPS, Inc.", named(C::Ups, None)),
            ("UPS (Canada)", named(C::Ups, None)),
            ("GLS Italy", named(C::Gls, None)),
            ("  ups\n2nd  Day\tAir ", named(C::Ups, "2nd Day Air")),
            ("ヤマト運輸 宅急便", named(C::Yamato, "宅急便")),
        ] {
            assert_eq!(recognise(text, None), want, "{text:?}");
        }
    }

    #[test]
    fn a_service_kept_apart_is_taken_as_it_is_unless_it_changes_who_is_meant() {
        for (text, service, want) in [
            ("UPS", "Ground ", named(C::Ups, "Ground")),
            ("UPS", "UPS® Ground", named(C::Ups, "Ground")),
            ("UPS Ground", "Next Day Air", named(C::Ups, "Next Day Air")),
            ("stamps_com", "usps_priority_mail", named(C::Usps, "Priority Mail")),
            ("FedEx", "SmartPost", named(C::FedexSmartPost, None)),
            ("FedEx", "FedEx SmartPost parcel select", named(C::FedexSmartPost, "parcel select")),
            ("Federal Express", "Ground Economy", named(C::FedexSmartPost, None)),
            ("DHL", "eCommerce Expedited Max", named(C::DhlEcommerce, "Expedited Max")),
            ("DHL", "DHL Paket", named(C::DhlPaket, None)),
            (
                "DHL eCommerce",
                "DHL Parcel Plus Expedited",
                named(C::DhlEcommerce, "DHL Parcel Plus Expedited"),
            ),
            ("DHL eCommerce", "DHL SM Parcel", named(C::DhlEcommerce, "SM Parcel")),
            ("La Poste", "Colissimo", named(C::Colissimo, None)),
            ("Correos", "Express", named(C::CorreosExpress, None)),
            ("fedex", "GROUND_HOME_DELIVERY", named(C::Fedex, "Home Delivery")),
            ("USPS", "GroundAdvantage", named(C::Usps, "Ground Advantage")),
            ("ヤマト運輸", "ネコポス", named(C::Yamato, "ネコポス")),
            ("宅急便", "クール", named(C::Yamato, "クール")),
            ("宅急便", "Japan", named(C::Yamato, "宅急便")),
            ("UPS", "  ", named(C::Ups, None)),
            ("UPS", "Canada", named(C::Ups, None)),
        ] {
            assert_eq!(recognise(text, Some(service)), want, "{text:?} {service:?}");
        }
    }

    #[test]
    fn texts_that_name_two_or_nobody_leave_the_carrier_open() {
        for (text, service) in [
            ("UPS / FedEx", None),
            ("UPS", Some("USPS Priority Mail")),
            ("Stamps.com UPS Ground", None),
            ("endicia", Some("FedEx Ground")),
            ("stamps_com", Some("globalpost_economy")),
            ("SurePost FedEx", None),
            ("FedEx", Some("SurePost")),
            ("ゆうパック ヤマト運輸", None),
            ("DHL", Some("Parcel UK")),
            ("DHL Parcel", None),
            ("DHL", Some("DHL Parcel UK Next Day")),
            ("On", Some("Trac")),
            ("Post", Some("NL")),
            ("Correos de Cuba", None),
            ("UPSilon", None),
            ("The UPS", None),
            ("Shipped by USPS", None),
            ("Post", None),
            ("Express", None),
            ("Other", None),
            ("Custom", None),
            ("", Some("USPS Priority")),
            ("", None),
        ] {
            assert_eq!(recognise(text, service).carrier, None, "{text:?} {service:?}");
        }
        assert_eq!(
            recognise("Zephyr", Some(" Fast ")).service.as_deref(),
            Some("Fast"),
            "kept for a mapping"
        );
    }

    #[test]
    fn keys_go_from_the_particular_to_the_general() {
        for (text, service, want) in [
            ("USPS Priority Mail®", None, &["exact:USPS Priority Mail®", "usps priority mail", "usps"][..]),
            ("UPS", Some("Ground"), &["exact:UPS Ground", "ups ground", "exact:UPS", "ups"]),
            (
                "Zephyr Pigeon",
                Some("Fast"),
                &["exact:Zephyr Pigeon Fast", "zephyr pigeon fast", "exact:Zephyr Pigeon", "zephyr pigeon"],
            ),
            ("DHL Parcel UK", None, &["exact:DHL Parcel UK", "dhl parcel uk"]),
            ("", Some("Fast"), &["exact:Fast", "fast"]),
            (" ", None, &[]),
        ] {
            assert_eq!(lookup_keys(text, service), want, "{text:?} {service:?}");
        }
        assert_eq!(lookup_keys(Some("UPS"), None), lookup_keys("UPS", None));
        assert!(lookup_keys(None::<&str>, None).is_empty());
    }

    #[test]
    fn the_most_particular_pattern_comes_first() {
        let pattern =
            |text: &str| Mapping { how: How::Pattern, ..crate::mapping::tests::mapping(text, "UPS") };
        let all = [pattern("zeph*"), pattern("zephyr p*"), pattern("owl*"), pattern("*fast")];
        let found = |text, service| {
            matching(&all, Some(text), service).iter().map(|m| m.text.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(found("Zephyr Pigeon", None), ["zephyr p*", "zeph*"]);
        assert_eq!(found("Zephyr", Some("Fast")), ["*fast", "zeph*"]);
        assert!(found("Pigeon", None).is_empty());
    }

    #[test]
    fn long_texts_have_short_keys_of_their_own() {
        let long = "ab ".repeat(1000);
        assert!(key(&long).len() <= 240);
        assert_ne!(key(&long), key(&format!("{long}c")));
        assert_eq!(key(&long), key(&long.to_uppercase()));
        assert!(key(&"運".repeat(10_000)).len() <= 240);
    }

    #[test]
    fn services_too_long_or_empty_are_none() {
        assert_eq!(tidy_service(&"x".repeat(101)), None);
        assert_eq!(tidy_service(" -—® "), None);
        for (text, want) in [
            ("2-Day\u{200b}\u{7}", "2-Day"),
            ("2Day A.M.", "2Day A.M."),
            ("2Day A.M..", "2Day A.M."),
            ("Ground.", "Ground"),
            ("Ground (", "Ground"),
            ("(宅急便）", "宅急便"),
            ("Tracked 24 (signed)!", "Tracked 24 (signed)"),
        ] {
            assert_eq!(tidy_service(text).as_deref(), Some(want), "{text:?}");
        }
    }
}
