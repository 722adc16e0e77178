//! A connection's settings: everything about an account that is not a secret.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::carrier_policy::CarrierPolicy;
use crate::ids::{Account, ConnectionId};
use crate::reversal::Reversals;
use crate::shipment_policy::ShipmentPolicy;

/// Where a link rule looks for the marketplace order id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum LinkFrom {
    /// The id at the platform the order came from.
    SourceIdentifier,
    /// A note attribute (Shopify: custom attribute) of this name.
    NoteAttribute {
        /// Its name, exact.
        name: String,
    },
    /// A tag with this prefix; the rest is the id.
    Tag {
        /// May be empty: then the whole tag is the id.
        #[serde(default)]
        prefix: String,
    },
    /// The order's own name, less this prefix.
    Name {
        /// May be empty.
        #[serde(default)]
        prefix: String,
    },
}

/// One way to find which marketplace order a store order is. The first rule that yields a well-formed id wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRule {
    /// Where the id stands.
    #[serde(flatten)]
    pub from: LinkFrom,
    /// The marketplace connection that the id belongs to.
    pub account: ConnectionId,
    /// Only for orders whose source name is this, where two accounts share a form of id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
}

/// How long to wait where the world is slow. All may be set lower for tests and demos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// From *accepted* to the first look whether the marketplace shows it.
    #[serde(with = "seconds")]
    pub read_back_after: Duration,
    /// From *accepted* to *missing*, if it never shows.
    #[serde(with = "seconds")]
    pub missing_after: Duration,
    /// How long a read that does not show a package in doubt proves nothing yet.
    #[serde(with = "seconds")]
    pub doubt_settles_after: Duration,
    /// The lease of an intent: longer than the longest call can take.
    #[serde(with = "seconds")]
    pub lease: Duration,
    /// Order facts older than this are read afresh before a write, if tokens allow.
    #[serde(with = "seconds")]
    pub facts_fresh_for: Duration,
    /// The first pause after a failure that may pass; it doubles up to an hour.
    #[serde(with = "seconds")]
    pub retry_after: Duration,
    /// How long before ship-by an open matter is mailed again.
    #[serde(with = "seconds")]
    pub remind_before: Duration,
    /// How often a kind and recipient is mailed at most, but for the first and for close deadlines.
    #[serde(with = "seconds")]
    pub mail_gap: Duration,
    /// How often the other side is polled; zero: as often as is usual for it.
    #[serde(default, with = "seconds")]
    pub poll_every: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let minutes = |m: u64| Duration::from_secs(m * 60);
        Self {
            read_back_after: minutes(2),
            missing_after: minutes(30),
            doubt_settles_after: minutes(3),
            lease: minutes(1),
            facts_fresh_for: minutes(15),
            retry_after: Duration::from_secs(15),
            remind_before: minutes(240),
            mail_gap: minutes(60),
            poll_every: Duration::ZERO,
        }
    }
}

/// Durations as whole or broken seconds.
pub mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes seconds.
    ///
    /// # Errors
    /// Only those of the format.
    pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(value.as_secs_f64())
    }

    /// Reads seconds.
    ///
    /// # Errors
    /// A number below zero or beyond what a duration holds.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(from)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}

/// What is decided per kind of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// A carrier has no code at this marketplace yet.
    CarrierToMap,
    /// A line or an order cannot be matched.
    Unclear,
    /// The marketplace said no.
    Rejected,
    /// Accepted, but not shown.
    NotShown,
    /// Somebody else confirmed something different.
    Conflict,
    /// The buyer asked to cancel.
    Cancellation,
    /// A cancellation or refund of the store that a person must take to the marketplace.
    Reversal,
    /// The account must be connected again.
    Reconnect,
    /// Messages that could not be worked on.
    DeadLetters,
    /// Once a day, what happened.
    Digest,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::CarrierToMap,
        Self::Unclear,
        Self::Rejected,
        Self::NotShown,
        Self::Conflict,
        Self::Cancellation,
        Self::Reversal,
        Self::Reconnect,
        Self::DeadLetters,
        Self::Digest,
    ];
}

/// Who is mailed about what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSettings {
    /// Recipients of every kind that has none of its own.
    #[serde(default)]
    pub to: Vec<String>,
    /// Recipients of one kind.
    #[serde(default)]
    pub to_by_kind: BTreeMap<MailKind, Vec<String>>,
    /// Kinds switched off.
    #[serde(default)]
    pub off: Vec<MailKind>,
    /// The hour of day (0 to 23, merchant's time) of the digest; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_hour: Option<i8>,
    /// Whether each Monday brings a mail that proves that mail arrives.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weekly_test: bool,
}

impl MailSettings {
    /// Who hears of this kind: nobody if it is switched off.
    #[must_use]
    pub fn recipients(&self, kind: MailKind) -> &[String] {
        if self.off.contains(&kind) {
            return &[];
        }
        self.to_by_kind.get(&kind).unwrap_or(&self.to)
    }
}

/// A connection's settings, as kept in the `connections` table.
///
/// Secrets are elsewhere: webhook secrets and credentials have stores of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Layout of this record.
    pub schema: u16,
    /// Whose, and which.
    pub account: Account,
    /// The connector that serves it: `shopify`, `amazon`, …
    pub kind: String,
    /// Off: nothing is sent for it. Switched on again, it starts afresh.
    pub sync: bool,
    /// Connector-specific settings (shop domain, region, marketplace id …), checked by the connector.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Another base URL than the connector's constant; only where the system was started for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Stores only: how orders are linked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub link: Vec<LinkRule>,
    /// Who is mailed.
    #[serde(default)]
    pub mail: MailSettings,
    /// The merchant's time zone, an IANA name.
    pub time_zone: String,
    /// Waiting times.
    #[serde(default)]
    pub timing: Timing,
    /// Marketplaces only: what is done where the carrier is not certain.
    #[serde(default)]
    pub carriers: CarrierPolicy,
    /// Marketplaces only: what is told of several parcels, corrections and parcels without a number.
    #[serde(default)]
    pub shipments: ShipmentPolicy,
    /// Marketplaces only: which of the store's cancellations and refunds are taken on.
    #[serde(default)]
    pub reversals: Reversals,
}

impl Connection {
    /// The layout written today.
    pub const SCHEMA: u16 = 1;

    /// A connector-specific setting.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }
}
