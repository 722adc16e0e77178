//! What SES tells of mails that bounced or were complained of, and who is no longer mailed because of it.
//!
//! It comes by our own topic into the alert queue, whose policy lets only that topic and our own roles in. Nothing in
//! it is fetched: no address of a certificate or of a subscription is ever followed.
//!
//! Contract: SES developer guide, "Contents of event data that Amazon SES publishes to Amazon SNS" (`eventType`) and
//! "Amazon SNS notification contents" (`notificationType`), read 2026-11; no real event was at hand.

use std::collections::BTreeSet;

use domain::connection::{Connection, MailKind, MailSettings};
use domain::ids::MerchantId;
use domain::keys::ItemKey;
use jiff::Timestamp;
use ports::LedgerError;
use serde::{Deserialize, Serialize};

use super::path::{one_line, tell_operator};
use super::{accounts, group, title};
use crate::message::WorkError;
use crate::records::{Loaded, Record, Stored, load};
use crate::world::World;

/// Addresses kept for one merchant; settings name far fewer.
const MOST_ADDRESSES: usize = 200;

/// Why an address is not mailed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    /// It does not exist, or takes no mail from us.
    Bounced,
    /// Whoever reads it called our mail unwanted.
    Complained,
}

/// An address that is not mailed any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressedAddress {
    /// The address, in lower case.
    pub address: String,
    /// Why.
    pub why: Suppression,
    /// Since when.
    pub at: Timestamp,
    /// What the other side said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// A merchant's addresses that are not mailed any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SuppressedAddresses {
    schema: u16,
    merchant: MerchantId,
    addresses: Vec<SuppressedAddress>,
}

impl Record for SuppressedAddresses {
    const SCHEMA: u16 = 1;

    fn key(&self) -> ItemKey {
        ItemKey::suppressed_addresses(&self.merchant)
    }
}

/// An event of SES, as far as it is needed.
#[derive(Deserialize)]
struct Event {
    #[serde(alias = "notificationType", rename = "eventType")]
    kind: String,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    #[serde(default)]
    complained_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
    diagnostic_code: Option<String>,
}

/// Whether a message of the alert queue is an event of SES.
pub(super) fn is_event(body: &str) -> bool {
    serde_json::from_str::<Event>(body).is_ok()
}

/// Works on an event of SES; what is no bounce and no complaint changes nothing.
pub(super) async fn work(world: &World, body: &str) -> Result<(), WorkError> {
    let event: Event =
        serde_json::from_str(body).map_err(|error| WorkError::Unreadable(error.to_string()))?;
    let (why, recipients) = match (event.kind.as_str(), event.bounce, event.complaint) {
        ("Bounce", Some(bounce), _) if bounce.bounce_type == "Permanent" => {
            (Suppression::Bounced, bounce.bounced_recipients)
        }
        // A full mailbox, an absence: SES has tried for hours, and the next mail may arrive.
        ("Bounce", Some(_), _) => {
            tracing::warn!("a mail bounced for now");
            return Ok(());
        }
        ("Complaint", _, Some(complaint)) => (Suppression::Complained, complaint.complained_recipients),
        (other, ..) => {
            tracing::info!(event = one_line(other), "an event of SES that nothing follows from");
            return Ok(());
        }
    };
    let connections = world.connections().await?;
    for recipient in recipients {
        let address = SuppressedAddress {
            address: recipient.email_address.trim().to_lowercase(),
            why,
            at: world.now(),
            words: recipient.diagnostic_code.as_deref().map(one_line),
        };
        suppress(world, &connections, &address).await?;
    }
    Ok(())
}

async fn suppress(
    world: &World,
    connections: &[Connection],
    address: &SuppressedAddress,
) -> Result<(), WorkError> {
    let named: Vec<&Connection> = connections
        .iter()
        .filter(|c| named(&c.mail).any(|a| a.eq_ignore_ascii_case(&address.address)))
        .collect();
    let merchants: BTreeSet<&MerchantId> = named.iter().map(|c| &c.account.merchant).collect();
    for merchant in merchants {
        let new = change(world, merchant, |known| {
            let new = !known.iter().any(|k| k.address == address.address);
            if new {
                known.push(address.clone());
                let many = known.len().saturating_sub(MOST_ADDRESSES);
                known.drain(..many);
            }
            new
        })
        .await?;
        let connection = named.iter().find(|c| c.account.merchant == *merchant);
        if let (true, Some(connection)) = (new, connection) {
            tell_another(world, connection, address).await?;
        }
    }
    Ok(())
}

/// Tells somebody else of the same connection; if there is nobody left, the operator.
async fn tell_another(
    world: &World,
    connection: &Connection,
    address: &SuppressedAddress,
) -> Result<(), LedgerError> {
    if let Some(other) = instead(&connection.mail, &suppressed(world, &connection.account.merchant).await?) {
        let letter =
            accounts::suppressed_letter(connection, title(world, &connection.kind), address, world.now());
        let id = format!("suppressed-{}-{}-{}", connection.account, address.address, address.at);
        match group::send(world, &other, &letter, id).await {
            Ok(_) => return Ok(()),
            Err(error) => tracing::error!(connection = %connection.account, %error, "notice not sent"),
        }
    }
    nobody_is_left(world, connection).await
}

/// Tells the operator that nobody of a connection can be mailed.
pub(super) async fn nobody_is_left(world: &World, connection: &Connection) -> Result<(), LedgerError> {
    let account = &connection.account;
    let text = format!(
        "Every address that the settings of {account} name for a kind of mail bounced or complained. What that \
         merchant must hear waits.\n\nparcelwire connections shows which. Put another address into the settings, or, \
         if one works again: parcelwire mail allow ADDRESS"
    );
    tell_operator(world, &format!("nobody:{account}"), "Parcelwire has nobody to mail", text).await
}

/// Every address that settings name, those of all kinds first.
fn named(mail: &MailSettings) -> impl Iterator<Item = &String> {
    mail.to.iter().chain(mail.to_by_kind.values().flatten())
}

/// The next address of a connection that may be mailed.
fn instead(mail: &MailSettings, suppressed: &BTreeSet<String>) -> Option<String> {
    named(mail).find(|address| !suppressed.contains(&address.to_lowercase())).cloned()
}

/// Whom a mail goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// This address: the one it was for, or the next one.
    To(String),
    /// Nobody: others who hear of this kind have a mail of their own about it.
    Others,
    /// Nobody is left.
    Nobody,
}

/// Whom a mail for `recipient` about `kind` goes to.
pub(super) async fn route(
    world: &World,
    connection: &Connection,
    kind: MailKind,
    recipient: &str,
) -> Result<Route, LedgerError> {
    let suppressed = suppressed(world, &connection.account.merchant).await?;
    let stopped = |address: &str| suppressed.contains(&address.to_lowercase());
    if !stopped(recipient) {
        return Ok(Route::To(recipient.to_owned()));
    }
    if connection.mail.recipients(kind).iter().any(|other| !stopped(other)) {
        return Ok(Route::Others);
    }
    Ok(instead(&connection.mail, &suppressed).map_or(Route::Nobody, Route::To))
}

/// A merchant's addresses that are not mailed any more, in lower case.
pub(super) async fn suppressed(
    world: &World,
    merchant: &MerchantId,
) -> Result<BTreeSet<String>, LedgerError> {
    Ok(suppressed_addresses(world, merchant).await?.into_iter().map(|known| known.address).collect())
}

/// A merchant's addresses that are not mailed any more.
///
/// # Errors
/// The ledger does not answer.
pub async fn suppressed_addresses(
    world: &World,
    merchant: &MerchantId,
) -> Result<Vec<SuppressedAddress>, LedgerError> {
    let key = ItemKey::suppressed_addresses(merchant);
    Ok(match load::<SuppressedAddresses>(world.ledger.as_ref(), &key).await? {
        Loaded::Known(stored) => stored.value.addresses,
        Loaded::Absent | Loaded::Foreign => Vec::new(),
    })
}

/// Lets an address be mailed again, for every merchant; returns for whom it had been stopped.
///
/// # Errors
/// The ledger does not answer.
pub async fn allow_address(world: &World, address: &str) -> Result<Vec<MerchantId>, LedgerError> {
    let merchants: BTreeSet<MerchantId> =
        world.connections().await?.into_iter().map(|c| c.account.merchant).collect();
    let mut allowed = Vec::new();
    for merchant in merchants {
        let changed = change(world, &merchant, |known| {
            let before = known.len();
            known.retain(|k| !k.address.eq_ignore_ascii_case(address.trim()));
            known.len() != before
        });
        if changed.await? {
            allowed.push(merchant);
        }
    }
    Ok(allowed)
}

/// Changes a merchant's record; returns what `with` says: whether it changed anything.
async fn change(
    world: &World,
    merchant: &MerchantId,
    with: impl Fn(&mut Vec<SuppressedAddress>) -> bool,
) -> Result<bool, LedgerError> {
    let key = ItemKey::suppressed_addresses(merchant);
    for _ in 0..8 {
        let mut stored = match load::<SuppressedAddresses>(world.ledger.as_ref(), &key).await? {
            Loaded::Known(stored) => *stored,
            Loaded::Absent => Stored::new(SuppressedAddresses {
                schema: SuppressedAddresses::SCHEMA,
                merchant: merchant.clone(),
                addresses: Vec::new(),
            }),
            Loaded::Foreign => return Ok(false),
        };
        if !with(&mut stored.value.addresses) {
            return Ok(false);
        }
        match world.ledger.commit(vec![stored.into_write(world.now())]).await {
            Ok(()) => return Ok(true),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(LedgerError::Conflict)
}
