//! Keys. The only place that builds them; every one begins with the merchant and the connection.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::ids::{Account, ConnectionId, MarketplaceOrderRef, MerchantId, StoreOrderRef};

/// The tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Store orders, marketplace orders, packages, wake and mail-group records.
    Orders,
    /// Settings, states and cursors of connections.
    Connections,
    /// Merchant mappings: carriers and SKUs.
    CarrierMappings,
    /// Reduced deliveries, 28 days.
    Deliveries,
    /// Token buckets.
    RateLimits,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Orders, Self::Connections, Self::CarrierMappings, Self::Deliveries, Self::RateLimits];

    /// Its name, as in `template.yaml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Connections => "connections",
            Self::CarrierMappings => "carrier-mappings",
            Self::Deliveries => "deliveries",
            Self::RateLimits => "rate-limits",
        }
    }
}

/// Where an item stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey {
    /// The table.
    pub table: Table,
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

/// How many lanes the time index is spread over.
pub const DUE_SHARDS: u8 = 4;

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Encodes a text so that it can hold no separator.
fn part(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// `merchant/connection`, each encoded.
fn owner(account: &Account) -> String {
    format!("{}/{}", part(account.merchant.as_str()), part(account.connection.as_str()))
}

/// The account that [`owner`] made `text` of.
fn account_named(text: &str) -> Option<Account> {
    let (merchant, connection) = text.split_once('/')?;
    let plain = |part: &str| percent_decode_str(part).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    let account = Account::new(plain(merchant)?.try_into().ok()?, plain(connection)?.try_into().ok()?);
    (owner(&account) == text).then_some(account)
}

impl ItemKey {
    fn new(table: Table, pk: String, sk: impl Into<String>) -> Self {
        Self { table, pk, sk: sk.into() }
    }

    /// Where nothing ever stands: whoever asks for it learns whether the table answers.
    #[must_use]
    pub fn nothing(table: Table) -> Self {
        Self::new(table, "-".to_owned(), "-")
    }

    /// A store order's record.
    #[must_use]
    pub fn store_order(order: &StoreOrderRef) -> Self {
        Self::new(Table::Orders, format!("S#{}#{}", owner(&order.account), part(order.order.as_str())), "O")
    }

    /// A marketplace order's record.
    #[must_use]
    pub fn marketplace_order(order: &MarketplaceOrderRef) -> Self {
        Self::new(Table::Orders, marketplace_partition(order), "O")
    }

    /// A package's record.
    #[must_use]
    pub fn package(order: &MarketplaceOrderRef, package: &str) -> Self {
        Self::new(Table::Orders, marketplace_partition(order), format!("P#{}", part(package)))
    }

    /// The record that keeps one wake message per account at a time.
    #[must_use]
    pub fn wake(account: &Account) -> Self {
        Self::new(Table::Orders, format!("W#{}", owner(account)), "wake")
    }

    /// A bulk's record.
    #[must_use]
    pub fn bulk(account: &Account, id: &str) -> Self {
        Self::new(Table::Orders, bulks_of(account), part(id))
    }

    /// A part of a bulk's messages.
    #[must_use]
    pub fn bulk_part(account: &Account, id: &str, nth: u32) -> Self {
        Self::new(Table::Orders, bulk_partition(account, id), format!("M#{nth:06}"))
    }

    /// A part of what a bulk's report refuses.
    #[must_use]
    pub fn bulk_refusals(account: &Account, id: &str, nth: u32) -> Self {
        Self::new(Table::Orders, bulk_partition(account, id), format!("R#{nth:06}"))
    }

    /// What was mailed to one recipient about one cause.
    #[must_use]
    pub fn mail_group(account: &Account, cause: &str, recipient: &str) -> Self {
        Self::new(
            Table::Orders,
            format!("G#{}", owner(account)),
            format!("{}#{}", part(cause), part(recipient)),
        )
    }

    /// A connection's settings.
    #[must_use]
    pub fn connection(account: &Account) -> Self {
        Self::new(Table::Connections, format!("C#{}", owner(account)), "settings")
    }

    /// A merchant's addresses that are not mailed any more.
    #[must_use]
    pub fn suppressed_addresses(merchant: &MerchantId) -> Self {
        Self::new(Table::Connections, format!("U#{}", part(merchant.as_str())), "suppressed")
    }

    /// Whether mail gets through; of the installation as a whole.
    #[must_use]
    pub fn mail_path() -> Self {
        Self::new(Table::Connections, "I#mail".to_owned(), "path")
    }

    /// Which merchant a connection belongs to: ids are unique in an installation.
    #[must_use]
    pub fn connection_owner(connection: &ConnectionId) -> Self {
        Self::new(Table::Connections, format!("N#{}", part(connection.as_str())), "owner")
    }

    /// Whose a subscription at a marketplace is, by which it puts messages into a queue of ours.
    #[must_use]
    pub fn subscription(kind: &str, id: &str) -> Self {
        Self::new(Table::Connections, format!("X#{}#{}", part(kind), part(id)), "subscription")
    }

    /// A connection's state: active or not, cursors, what was last seen.
    #[must_use]
    pub fn connection_state(account: &Account) -> Self {
        Self::new(Table::Connections, format!("C#{}", owner(account)), "state")
    }

    /// A carrier mapping: `scope` is an account's connection or a marketplace kind, `text` folded.
    #[must_use]
    pub fn carrier_mapping(merchant: &MerchantId, scope: &str, text: &str) -> Self {
        Self::new(
            Table::CarrierMappings,
            format!("C#{}", part(merchant.as_str())),
            format!("{}#{}", part(scope), part(text)),
        )
    }

    /// What a merchant's carrier mappings are as a whole.
    #[must_use]
    pub fn carrier_mappings_head(merchant: &MerchantId) -> Self {
        Self::new(Table::CarrierMappings, format!("H#{}", part(merchant.as_str())), "head")
    }

    /// A SKU mapping of a marketplace account.
    #[must_use]
    pub fn sku_mapping(account: &Account, store_sku: &str) -> Self {
        Self::new(Table::CarrierMappings, format!("K#{}", owner(account)), part(store_sku))
    }

    /// A kept delivery.
    #[must_use]
    pub fn delivery(account: &Account, id: &str) -> Self {
        Self::new(Table::Deliveries, format!("D#{}#{}", owner(account), part(id)), "D")
    }

    /// A token bucket.
    #[must_use]
    pub fn bucket(account: &Account, operation: &str) -> Self {
        Self::new(Table::RateLimits, format!("B#{}", owner(account)), part(operation))
    }

    /// What is left of a limit that all accounts of one app share; of the installation as a whole.
    #[must_use]
    pub fn app_bucket(kind: &str, app: &str, operation: &str) -> Self {
        Self::new(Table::RateLimits, format!("A#{}#{}", part(kind), part(app)), part(operation))
    }

    /// The account whose record stands here; `None` for a key that names none, or is none of ours.
    ///
    /// The inverse of the keys above: what is built for an account names that account and no other.
    #[must_use]
    pub fn account(&self) -> Option<Account> {
        account_named(self.pk.split('#').nth(1)?)
    }

    /// The lane of the time index that this item's due time stands in.
    #[must_use]
    pub fn time_lane(&self) -> String {
        let sum = self.pk.bytes().fold(0_u8, u8::wrapping_add);
        time_lane(sum % DUE_SHARDS)
    }
}

fn marketplace_partition(order: &MarketplaceOrderRef) -> String {
    format!("M#{}#{}", owner(&order.account), part(order.order.as_str()))
}

/// The partition key of all bulks of an account.
#[must_use]
pub fn bulks_of(account: &Account) -> String {
    format!("F#{}", owner(account))
}

fn bulk_partition(account: &Account, id: &str) -> String {
    format!("B#{}#{}", owner(account), part(id))
}

/// The partition key of all carrier mappings of a merchant.
#[must_use]
pub fn carrier_mappings_of(merchant: &MerchantId) -> String {
    format!("C#{}", part(merchant.as_str()))
}

/// The partition key of all SKU mappings of a marketplace account.
#[must_use]
pub fn sku_mappings_of(account: &Account) -> String {
    format!("K#{}", owner(account))
}

/// The partition key of an account's tokens in the table `credentials`, which has no sort key.
#[must_use]
pub fn credential_partition(account: &Account) -> String {
    owner(account)
}

/// The partition key of a connection's secrets in `webhook-secrets`, which has no sort key.
///
/// Without the merchant: a receiver knows only the connection, whose id is unique in an installation.
#[must_use]
pub fn webhook_secrets_partition(connection: &ConnectionId) -> String {
    part(connection.as_str())
}

/// The partition key of what belongs to the installation as a whole in `webhook-secrets`: its route key.
///
/// No connection id holds an underscore, so none stands in its place.
pub const INSTALLATION_PARTITION: &str = "_installation";

/// One lane of the time index.
#[must_use]
pub fn time_lane(shard: u8) -> String {
    format!("T#{shard}")
}

/// The due lane of packages that wait for this account's tokens, by deadline.
#[must_use]
pub fn waiting_lane(account: &Account) -> String {
    format!("W#{}", owner(account))
}

/// The due lane of packages that can only go in this account's next bulk, by deadline.
#[must_use]
pub fn bulk_lane(account: &Account) -> String {
    format!("F#{}", owner(account))
}

/// The attention lane of a connection.
#[must_use]
pub fn attention_lane(account: &Account) -> String {
    format!("A#{}", owner(account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StoreOrderId;
    use proptest::prelude::*;

    fn order(merchant: &str, connection: &str, order: &str) -> ItemKey {
        ItemKey::store_order(&StoreOrderRef {
            account: Account::new(merchant.try_into().unwrap(), connection.try_into().unwrap()),
            order: StoreOrderId::try_from(order).unwrap(),
        })
    }

    #[test]
    fn a_key_that_names_no_account_says_so() {
        let merchant = MerchantId::try_from("m").unwrap();
        let none = [
            ItemKey::carrier_mapping(&merchant, "us", "ups"),
            ItemKey::connection_owner(&"shop".try_into().unwrap()),
            ItemKey::subscription("market/m", "s"),
            ItemKey::new(Table::Orders, "M#m/shop%2Fx#1".into(), "O"),
            ItemKey::new(Table::Orders, "M#%6D/shop#1".into(), "O"),
            ItemKey::new(Table::Orders, String::new(), "O"),
        ];
        for key in none {
            assert_eq!(key.account(), None, "{key:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_names_the_account_it_was_built_for(
            merchant in "[ -~]{1,8}", connection in "[a-z0-9]{1,6}", id in "[ -~]{1,8}",
        ) {
            let Ok(merchant) = MerchantId::try_from(merchant) else { return Ok(()) };
            let account = Account::new(merchant, connection.try_into().unwrap());
            let mut keys = vec![
                ItemKey::wake(&account),
                ItemKey::mail_group(&account, &id, "a@example.com"),
                ItemKey::connection(&account),
                ItemKey::connection_state(&account),
                ItemKey::sku_mapping(&account, &id),
                ItemKey::delivery(&account, &id),
                ItemKey::bucket(&account, &id),
                ItemKey::bulk(&account, &id),
                ItemKey::bulk_part(&account, &id, 7),
            ];
            if let Ok(order) = StoreOrderId::try_from(id.clone()) {
                keys.push(ItemKey::store_order(&StoreOrderRef { account: account.clone(), order }));
            }
            if let Ok(order) = crate::ids::MarketplaceOrderId::try_from(id) {
                let order = MarketplaceOrderRef { account: account.clone(), order };
                keys.extend([ItemKey::marketplace_order(&order), ItemKey::package(&order, "p#/")]);
            }
            for key in keys {
                prop_assert_eq!(key.account(), Some(account.clone()), "{:?}", key);
            }
        }

        #[test]
        fn two_tenants_never_share_a_key(
            m1 in "[a-z#/%]{1,6}", c1 in "[a-z]{1,3}", o1 in "[0-9#/%]{1,6}",
            m2 in "[a-z#/%]{1,6}", c2 in "[a-z]{1,3}", o2 in "[0-9#/%]{1,6}",
        ) {
            let same = (&m1, &c1, &o1) == (&m2, &c2, &o2);
            prop_assert_eq!(order(&m1, &c1, &o1) == order(&m2, &c2, &o2), same);
        }
    }
}
