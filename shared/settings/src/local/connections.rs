//! `[[connections]]`: accounts at stores and marketplaces.

use std::collections::BTreeMap;

use domain::connection::Connection;
use domain::ids::{Account, ConnectionId, MerchantId};
use domain::secret_sets;
use jiff::civil::Date;
use secrecy::{ExposeSecret as _, SecretString};
use toml::de::DeValue;

use super::levels::{self, Level, Merged, merge};
use super::links::{self, RawLink};
use super::mail::{base_url, base_url_of, required_text};
use super::notices;
use super::reversals;
use super::secrets::SecretReader;
use super::{ConfiguredConnection, Kinds};
use crate::near::{did_you_mean, nearest};
use crate::toml_tree::{Node, Section};

/// The owner of connections that name none.
const ONLY_MERCHANT: &str = "main";

/// What every connection is read with.
pub(super) struct Context<'a> {
    pub(super) kinds: &'a dyn Kinds,
    pub(super) secrets: &'a SecretReader<'a>,
    pub(super) allow_base_urls: bool,
    pub(super) everywhere: &'a Level,
    pub(super) stores: &'a BTreeMap<String, Level>,
    pub(super) marketplaces: &'a BTreeMap<String, Level>,
}

/// What a connection connects to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Store,
    Marketplace,
}

/// A connection as others see it: enough to check links to it.
pub(super) struct Known {
    pub(super) id: ConnectionId,
    pub(super) merchant: Option<MerchantId>,
    /// Unknown if its kind is.
    pub(super) side: Option<Side>,
}

/// A connection that was read as far as it could be.
struct Drafted<'a> {
    section: Section<'a>,
    known: Option<Known>,
    links: Vec<RawLink<'a>>,
    configured: Option<ConfiguredConnection>,
}

pub(super) fn read(sections: Vec<Section<'_>>, context: &Context<'_>) -> Vec<ConfiguredConnection> {
    let drafts: Vec<_> =
        sections.into_iter().enumerate().map(|(number, section)| draft(number, section, context)).collect();
    refuse_equal_ids(&drafts);
    refuse_shared_webhook_secrets(&drafts, context.kinds);
    let known: Vec<&Known> = drafts.iter().filter_map(|draft| draft.known.as_ref()).collect();
    let mut done = Vec::new();
    for draft in &drafts {
        let merchant = draft.known.as_ref().and_then(|known| known.merchant.as_ref());
        let rules: Vec<_> =
            draft.links.iter().filter_map(|link| links::resolve(link, merchant, &known)).collect();
        if let Some(mut configured) = draft.configured.clone() {
            configured.connection.link = rules;
            check_options(&draft.section, &configured.connection, context.kinds);
            done.push(configured);
        }
    }
    done
}

fn refuse_equal_ids(drafts: &[Drafted<'_>]) {
    let mut taken: BTreeMap<&ConnectionId, &str> = BTreeMap::new();
    for draft in drafts {
        let Some(Known { id, .. }) = &draft.known else { continue };
        match taken.get(id) {
            Some(first) => {
                let what = format!("{first} has the id \"{id}\" already; every connection needs its own");
                draft.section.problem("id", what);
            }
            None => {
                taken.insert(id, draft.section.at());
            }
        }
    }
}

fn draft<'a>(number: usize, section: Section<'a>, context: &Context<'_>) -> Drafted<'a> {
    let id = id(&section);
    let merchant = merchant(&section);
    let (kind, side) = kind(&section, context);
    let own = Level::read(&section);
    let of_kind = side.and_then(|side| match side {
        Side::Store => context.stores.get(&kind),
        Side::Marketplace => context.marketplaces.get(&kind),
    });
    let levels: Vec<&Level> = [Some(context.everywhere), of_kind, Some(&own)].into_iter().flatten().collect();
    let merged = merge(&levels);
    check_merged(&section, &merged);
    let base_url = base_url(&section, context.allow_base_urls);
    let links = links::read(&section, side);
    let expires = section.get("expires");
    if let Some(ends) = context.kinds.authorisation_ends(&kind).filter(|_| expires.is_none()) {
        let what =
            format!("is missing: the authorisation ends {ends}, and nobody would be warned before that day");
        section.warning("expires", what);
    }
    let secrets_expire_at = expires.and_then(|node| date(&node));
    let (webhook_secrets, secrets) = secrets(&section.section("secrets"), &kind, side, context);
    notices::check(section.section("notify_buyer"), &kind, context.kinds);
    let reversals = reversals::read(section.section("reversals"), side);
    let options = options(&section, &kind, context);
    // Where the id is wrong already, a stand-in lets the other checks go on.
    let any_id = id.clone().or_else(|| ConnectionId::try_from(format!("connection-{number}")).ok());
    let account = merchant.clone().zip(any_id).map(|(merchant, id)| Account::new(merchant, id));
    let configured = account.filter(|_| side.is_some()).map(|account| ConfiguredConnection {
        connection: Connection {
            schema: Connection::SCHEMA,
            account,
            kind,
            sync: merged.sync,
            options,
            base_url,
            link: Vec::new(),
            mail: merged.mail,
            time_zone: merged.time_zone,
            timing: merged.timing,
            carriers: merged.carriers,
            shipments: merged.shipments,
            reversals,
        },
        webhook_secrets,
        secrets,
        secrets_expire_at,
    });
    let known = id.map(|id| Known { id, merchant, side });
    Drafted { section, known, links, configured }
}

fn id(section: &Section<'_>) -> Option<ConnectionId> {
    let (node, text) = required_text(section, "id", "a name of your choice, such as shop-1")?;
    ConnectionId::try_from(text)
        .map_err(|error| node.problem(format!("{error}; use 1 to 40 of a-z, 0-9 and -, such as shop-1")))
        .ok()
}

fn merchant(section: &Section<'_>) -> Option<MerchantId> {
    let Some(node) = section.get("merchant") else { return MerchantId::try_from(ONLY_MERCHANT).ok() };
    MerchantId::try_from(node.text()?).map_err(|error| node.problem(error.to_string())).ok()
}

fn kind(section: &Section<'_>, context: &Context<'_>) -> (String, Option<Side>) {
    let Some((node, kind)) = required_text(section, "kind", "the connector, such as shopify or amazon")
    else {
        return (String::new(), None);
    };
    let side = if context.kinds.store(kind) {
        Some(Side::Store)
    } else if context.kinds.marketplace(kind) {
        Some(Side::Marketplace)
    } else {
        let known = context.stores.keys().chain(context.marketplaces.keys()).map(String::as_str);
        levels::no_such_kind(&node, kind, "store or marketplace", known);
        None
    };
    (kind.to_owned(), side)
}

fn check_merged(section: &Section<'_>, merged: &Merged) {
    let unheard = levels::unheard(&merged.mail);
    if !unheard.is_empty() {
        let what = format!(
            "nobody would hear of trouble here ({}); name an address in [mail] to, or here, \
             or switch the kind off",
            unheard.join(", ")
        );
        section.section("mail").problem("to", what);
    }
    let times = &merged.timing;
    if times.missing_after < times.read_back_after {
        let what = format!(
            "{} s is before the first look at {} s (read_back_after): nothing could ever be seen",
            times.missing_after.as_secs_f64(),
            times.read_back_after.as_secs_f64()
        );
        section.section("timing").problem("missing_after", what);
    }
}

/// A day, as TOML's own date or in quotes.
fn date(node: &Node<'_>) -> Option<Date> {
    let date = match node.value {
        DeValue::Datetime(when) if when.time.is_none() && when.offset.is_none() => when.date.and_then(|d| {
            let year = i16::try_from(d.year).ok()?;
            Date::new(year, i8::try_from(d.month).ok()?, i8::try_from(d.day).ok()?).ok()
        }),
        DeValue::String(text) => text.parse().ok(),
        DeValue::Datetime(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    };
    if date.is_none() {
        node.problem("must be a day such as 2027-05-01");
    }
    date
}

/// Webhook secrets and the others, by name.
fn secrets(
    section: &Section<'_>,
    kind: &str,
    side: Option<Side>,
    context: &Context<'_>,
) -> (Vec<SecretString>, BTreeMap<String, SecretString>) {
    let mut webhook = Vec::new();
    let mut named = BTreeMap::new();
    let Some(side) = side else {
        // Which secrets belong here is not known; that each can be read is checked all the same.
        for (_, node) in section.others() {
            context.secrets.several(&node);
        }
        return (webhook, named);
    };
    let needs_webhook = context.kinds.needs_webhook_secret(kind);
    if needs_webhook || side == Side::Store || context.kinds.takes_webhook_secret(kind) {
        match section.get("webhook") {
            Some(node) => {
                webhook = context.secrets.several(&node);
                let problems =
                    webhook.iter().filter_map(|one| context.kinds.webhook_secret_problem(kind, one));
                problems.for_each(|what| node.problem(what));
            }
            None if needs_webhook => {
                section.problem("webhook", "is missing: without it no webhook can be verified");
            }
            None => {}
        }
    }
    let sets = context.kinds.secret_sets(kind);
    let mut given = Vec::new();
    for name in sets.iter().copied().flatten() {
        let Some(node) = section.get(name) else { continue };
        // One that cannot be read is told of by itself: it is there all the same.
        given.push(*name);
        if let Some(secret) = context.secrets.one(&node) {
            named.insert((*name).to_owned(), secret);
        }
    }
    for problem in secret_sets::problems(kind, &sets, |name| given.contains(&name)) {
        section.problem(problem.name, problem.words);
    }
    let known = section.known();
    for (name, node) in section.others() {
        let hint = did_you_mean(name, known.iter().copied());
        node.problem(format!("a {kind} connection has no such secret{hint}"));
    }
    (webhook, named)
}

/// Names under which people keep secrets, whatever the connector.
const SECRET_NAMES: [&str; 9] = [
    "access_token",
    "api_key",
    "client_secret",
    "password",
    "refresh_token",
    "secret",
    "token",
    "webhook",
    "webhook_secret",
];

/// Options of connectors that look like a slip of one of our own keys, and are none.
const NO_SLIPS: [&str; 1] = ["note_to_buyer"];

/// Everything that is not a connection's own key is an option of its connector.
fn options(section: &Section<'_>, kind: &str, context: &Context<'_>) -> BTreeMap<String, String> {
    let known = section.known();
    let secret_names = context.kinds.secret_sets(kind).concat();
    let mut options = BTreeMap::new();
    for (name, node) in section.others() {
        if let Some(word) = nearest(name, known.iter().copied()).filter(|_| !NO_SLIPS.contains(&name)) {
            node.problem(format!("there is no such setting; did you mean \"{word}\"?"));
        } else if secret_names.contains(&name) || SECRET_NAMES.contains(&name) {
            node.problem("is a secret: it goes under [connections.secrets], where nothing shows it");
        } else if name.ends_with("base_url") {
            // Some connectors have a second host; the same rule holds for it.
            options.extend(base_url_of(&node, context.allow_base_urls).map(|url| (name.to_owned(), url)));
        } else if let Some(text) = option_text(&node) {
            options.insert(name.to_owned(), text);
        }
    }
    options
}

fn option_text(node: &Node<'_>) -> Option<String> {
    match node.value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(digits) => Some(digits.to_string()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            node.problem("there is no such setting, and options of a connector are texts in quotes");
            None
        }
    }
}

/// Asks the connector, and puts what it says to the key that it names first.
fn check_options(section: &Section<'_>, connection: &Connection, kinds: &dyn Kinds) {
    for sentence in kinds.check(connection) {
        match named_first(&sentence) {
            Some((key, rest)) => section.problem(key, rest),
            None => section.problem("", sentence),
        }
    }
}

/// Splits off the key that a sentence begins with: `shop: …`, `` `shop` … `` or `options.shop …`.
fn named_first(sentence: &str) -> Option<(&str, &str)> {
    let in_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let (key, rest) = if let Some(quoted) = sentence.strip_prefix('`') {
        quoted.split_once('`')?
    } else if let Some(option) = sentence.strip_prefix("options.") {
        option.split_once(' ')?
    } else {
        sentence.split_once(": ")?
    };
    let is_key = !key.is_empty() && key.chars().all(in_key);
    is_key.then(|| (key, rest.trim_start()))
}

/// Refuses one webhook secret in two store connections, unless their webhooks are only hints to read the store:
/// whoever is sent one shop's webhooks could pass them off as the other's. What a marketplace posts names its seller.
fn refuse_shared_webhook_secrets(drafts: &[Drafted<'_>], kinds: &dyn Kinds) {
    let mut seen: Vec<(&Drafted<'_>, &ConfiguredConnection, bool)> = Vec::new();
    for draft in drafts {
        let Some(configured) = &draft.configured else { continue };
        if !kinds.store(&configured.connection.kind) {
            continue;
        }
        let hints = kinds.webhooks_are_hints(&configured.connection);
        let shared = seen.iter().find(|(_, before, hints_before)| {
            !(hints && *hints_before) && any_in_common(&before.webhook_secrets, &configured.webhook_secrets)
        });
        if let Some((first, _, _)) = shared {
            let what = format!(
                "{} has the same one, so each could speak for the other: give each connection its own, \
                 or say in the options of both that it is shared",
                first.section.at()
            );
            draft.section.section("secrets").problem("webhook", what);
        }
        seen.push((draft, configured, hints));
    }
}

fn any_in_common(some: &[SecretString], others: &[SecretString]) -> bool {
    some.iter().any(|one| others.iter().any(|other| one.expose_secret() == other.expose_secret()))
}
