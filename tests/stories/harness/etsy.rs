//! An Etsy shop beside the Amazon accounts.

use domain::connection::{Connection, LinkFrom, LinkRule};
use futures::executor::block_on;
use ports::{Credential, QueueName};
use sandbox::etsy::{Effect, NewLine, NewReceipt, ReceiptChange, Record, Shop};
use sandbox::faults::{Fault, Planned};
use workflow::mappings::{NewMapping, Place, set};
use workflow::message::Look;

use super::{ATTRIBUTE, System, account, amazon_connection, secret, shopify_connection};

/// The connection to it.
pub(crate) const ETSY: &str = "crafts";
/// Its number at Etsy.
pub(crate) const ETSY_SHOP: u64 = 12_345_678;

fn etsy_connection() -> Connection {
    let options = [("shop_id", "12345678"), ("country", "us")];
    Connection {
        account: account(ETSY),
        kind: "etsy".into(),
        options: options.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        base_url: Some("http://etsy.test".into()),
        ..amazon_connection(ETSY)
    }
}

/// The store, whose orders may be Etsy's.
fn store_of_etsy() -> Connection {
    let mut store = shopify_connection();
    store.link = vec![LinkRule {
        from: LinkFrom::NoteAttribute { name: ATTRIBUTE.into() },
        account: ETSY.try_into().unwrap(),
        source_name: Some(ETSY.to_owned()),
    }];
    store
}

impl System {
    /// A store and an Etsy shop, started at ten in the morning.
    pub(crate) fn with_etsy(change: impl Fn(&mut Connection)) -> Self {
        let system = Self::start();
        let shop = Shop {
            shop: ETSY_SHOP,
            user: 87_654_321,
            country: "us".into(),
            keystring: "keystring-etsy".into(),
            shared_secret: "shared-secret-etsy".into(),
            refresh_token: "87654321.refresh-etsy".into(),
            scopes: ["transactions_r", "transactions_w"].map(str::to_owned).into(),
            closed: false,
            webhook_secrets: vec![],
        };
        system.wire.etsy.lock().unwrap().add_shop(system.now(), shop);
        system.authorise_etsy("87654321.refresh-etsy");
        let mut etsy = etsy_connection();
        change(&mut etsy);
        system.apply_all(&[store_of_etsy(), etsy]);
        system
    }

    /// The settings name this refresh token.
    pub(crate) fn authorise_etsy(&self, refresh_token: &str) {
        let secrets = [
            ("keystring", "keystring-etsy"),
            ("shared_secret", "shared-secret-etsy"),
            ("refresh_token", refresh_token),
        ];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), secret(value)));
        self.credentials.put(account(ETSY), Credential { secrets: secrets.into(), ..Credential::default() });
    }

    /// An Etsy order and its twin in the store.
    pub(crate) fn etsy_order(&self, id: u64, items: &[(&str, u32)], change: impl Fn(&mut NewReceipt)) {
        let line = |(sku, quantity): &(&str, u32)| NewLine {
            transaction_id: None,
            sku: Some((*sku).into()),
            quantity: *quantity,
            digital: false,
        };
        let mut receipt = NewReceipt {
            shop: ETSY_SHOP,
            receipt_id: id,
            lines: items.iter().map(line).collect(),
            status: "paid".into(),
            is_paid: true,
            country_iso: "US".into(),
            cents: 2_400,
            created: None,
            ship_by: None,
            rows: vec![],
        };
        change(&mut receipt);
        self.wire.etsy.lock().unwrap().add_receipt(self.now(), receipt).unwrap();
        self.shop_order(&id.to_string(), ETSY, items);
    }

    /// What happened to an Etsy order.
    pub(crate) fn change_receipt(&self, id: u64, change: ReceiptChange) {
        self.wire.etsy.lock().unwrap().change_receipt(self.now(), id, change).unwrap();
    }

    /// The next calls that tell Etsy of parcels go wrong.
    pub(crate) fn etsy_fault(&self, times: u32, fault: Fault) {
        let operation = "createReceiptShipment".to_owned();
        self.wire.etsy.lock().unwrap().plan_fault(Planned { operation, account: None, times, fault });
    }

    fn etsy_record(&self) -> Record {
        self.wire.etsy.lock().unwrap().record()
    }

    /// What Etsy was told of, each at one mail to the buyer: number and carrier, as far as it kept them.
    pub(crate) fn told_etsy(&self) -> Vec<(String, String)> {
        let one = |e: Effect| (e.tracking_code.unwrap_or_default(), e.carrier_name.unwrap_or_default());
        self.etsy_record().effects.into_iter().map(one).collect()
    }

    /// How often the buyer of an order was mailed.
    pub(crate) fn buyer_mails(&self, id: u64) -> u32 {
        self.etsy_record().buyer_mails.get(&id).copied().unwrap_or(0)
    }

    /// How often Etsy was called so.
    pub(crate) fn etsy_calls(&self, operation: &str) -> u64 {
        self.etsy_record().calls.get(operation).copied().unwrap_or(0)
    }

    /// The merchant maps a carrier text for the shop.
    pub(crate) fn map_at_etsy(&self, text: &str, code: &str) {
        let place = Place::account(&self.world, &etsy_connection());
        let new = NewMapping { text: text.into(), code: code.into(), ..NewMapping::default() };
        block_on(set(self.world.ledger.as_ref(), &place, new, "a test", self.now())).unwrap();
        let look = Look::Answered { account: account(ETSY) }.to_body();
        block_on(ports::Queue::send(
            self.world.queue.as_ref(),
            QueueName::Inbound,
            &look,
            std::time::Duration::ZERO,
        ))
        .unwrap();
        self.settle();
    }
}
