//! `link`: how a store's orders are found at a marketplace.

use domain::connection::{LinkFrom, LinkRule};
use domain::ids::{ConnectionId, MerchantId};

use super::connections::{Known, Side};
use super::mail::required_text;
use crate::check::shown;
use crate::near::did_you_mean;
use crate::toml_tree::{Node, Section};

/// A rule whose account is not checked yet.
pub(super) struct RawLink<'a> {
    from: Option<LinkFrom>,
    account: Option<(Node<'a>, &'a str)>,
    source_name: Option<String>,
}

/// Reads a connection's rules.
pub(super) fn read<'a>(section: &Section<'a>, side: Option<Side>) -> Vec<RawLink<'a>> {
    let present = section.get("link").is_some();
    let rules = section.sections("link");
    match side {
        Some(Side::Marketplace) if present => {
            section.problem("link", "only stores have link rules; move it to the store's connection");
        }
        Some(Side::Store) if !present => section.problem(
            "link",
            "is missing: without a rule no order of this store is ever found at a marketplace; \
             write link = [{ from = \"…\", account = \"…\" }]",
        ),
        Some(Side::Store) if rules.is_empty() => {
            section.warning("link", "there is no rule: no order of this store is found at a marketplace");
        }
        Some(Side::Store | Side::Marketplace) | None => {}
    }
    rules.into_iter().map(rule).collect()
}

fn rule(section: Section<'_>) -> RawLink<'_> {
    let known = ["source_identifier", "note_attribute", "tag", "name"];
    let prefix = || -> Option<String> {
        match section.get("prefix") {
            Some(node) => node.text().map(str::to_owned),
            None => Some(String::new()),
        }
    };
    let where_from = "where the marketplace order id stands";
    let from = required_text(&section, "from", where_from).and_then(|(node, from)| match from {
        "source_identifier" => Some(LinkFrom::SourceIdentifier),
        "note_attribute" => required_text(&section, "name", "the note attribute that holds the order id")
            .map(|(_, name)| LinkFrom::NoteAttribute { name: name.to_owned() }),
        "tag" => prefix().map(|prefix| LinkFrom::Tag { prefix }),
        "name" => prefix().map(|prefix| LinkFrom::Name { prefix }),
        other => {
            // The keys that only some rules have are not judged where the rule is unknown.
            section.get("name");
            section.get("prefix");
            let hint = did_you_mean(other, known);
            node.problem(format!("must be one of {}{hint}", known.join(", ")));
            None
        }
    });
    let account = required_text(&section, "account", "the id of the marketplace connection");
    let source_name = section.get("source_name").and_then(|node| {
        let text = node.text()?;
        if text.trim().is_empty() {
            node.problem("is empty: leave it out, or name the source");
            return None;
        }
        Some(text.to_owned())
    });
    section.finish();
    RawLink { from, account, source_name }
}

/// Checks that a rule's account is a marketplace of the same merchant.
pub(super) fn resolve(
    link: &RawLink<'_>,
    merchant: Option<&MerchantId>,
    known: &[&Known],
) -> Option<LinkRule> {
    let (node, text) = link.account.as_ref()?;
    let of_marketplaces = |known: &&&Known| known.side != Some(Side::Store);
    let Some(target) = known.iter().find(|known| known.id.as_str() == *text) else {
        let ids = known.iter().filter(of_marketplaces).map(|known| known.id.as_str());
        let hint = did_you_mean(text, ids);
        node.problem(format!("no connection has the id {}{hint}", shown(text)));
        return None;
    };
    if target.side == Some(Side::Store) {
        node.problem(format!("{text:?} is a store; name a marketplace connection"));
        return None;
    }
    if let (Some(ours), Some(theirs)) = (merchant, target.merchant.as_ref())
        && ours != theirs
    {
        node.problem(format!("{text:?} belongs to another merchant ({theirs}, not {ours})"));
        return None;
    }
    let account: ConnectionId = target.id.clone();
    Some(LinkRule { from: link.from.clone()?, account, source_name: link.source_name.clone() })
}
