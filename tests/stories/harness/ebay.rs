//! An eBay account beside the Amazon ones.

use domain::connection::{Connection, LinkFrom, LinkRule};
use ports::Credential;
use sandbox::ebay::{Effect, NewItem, NewOrder, Seller};

use super::{ATTRIBUTE, System, account, amazon_connection, secret, shopify_connection};

/// The account.
pub(crate) const EBAY: &str = "ebay-us";

fn ebay_connection() -> Connection {
    Connection {
        account: account(EBAY),
        kind: "ebay".into(),
        options: [("user_id".to_owned(), format!("id-{EBAY}"))].into(),
        base_url: Some("http://ebay.test".into()),
        ..amazon_connection(EBAY)
    }
}

/// The shop, whose orders may be eBay's.
fn shop_of_ebay() -> Connection {
    let mut shop = shopify_connection();
    shop.link = vec![LinkRule {
        from: LinkFrom::NoteAttribute { name: ATTRIBUTE.into() },
        account: EBAY.try_into().unwrap(),
        source_name: Some(EBAY.to_owned()),
    }];
    shop
}

impl System {
    /// A shop and an eBay account, started at ten in the morning.
    pub(crate) fn with_ebay(change: impl Fn(&mut Connection)) -> Self {
        let system = Self::start();
        let seller = serde_json::json!({
            "seller": EBAY, "client_id": "client-ebay", "client_secret": "client-secret-ebay",
            "refresh_token": "refresh-ebay",
        });
        let seller: Seller = serde_json::from_value(seller).unwrap();
        system.wire.ebay.lock().unwrap().add_seller(seller);
        system.authorise_ebay("refresh-ebay");
        let mut ebay = ebay_connection();
        change(&mut ebay);
        system.apply_all(&[shop_of_ebay(), ebay]);
        system
    }

    /// The settings name this refresh token.
    pub(crate) fn authorise_ebay(&self, refresh_token: &str) {
        let secrets = [
            ("client_id".to_owned(), secret("client-ebay")),
            ("client_secret".to_owned(), secret("client-secret-ebay")),
            ("refresh_token".to_owned(), secret(refresh_token)),
        ];
        self.credentials.put(account(EBAY), Credential { secrets: secrets.into(), ..Credential::default() });
    }

    /// An eBay order and its twin in the shop.
    pub(crate) fn ebay_order(&self, id: &str, items: &[(&str, u32)], change: impl Fn(&mut NewOrder)) {
        let item = |(sku, quantity): &(&str, u32)| NewItem {
            line_item_id: None,
            sku: (*sku).into(),
            quantity: *quantity,
            ship_by: None,
        };
        let mut order = NewOrder {
            seller: EBAY.into(),
            order_id: id.into(),
            marketplace_id: "EBAY_US".into(),
            items: items.iter().map(item).collect(),
            payment_status: "PAID".into(),
            cancel_state: "NONE_REQUESTED".into(),
            program: None,
            instruction: "SHIP_TO".into(),
            to_hub: false,
            creation_date: None,
            ship_by: None,
            fulfillments: vec![],
            buyer: None,
        };
        change(&mut order);
        self.wire.ebay.lock().unwrap().add_order(self.now(), order).unwrap();
        self.shop_order(id, EBAY, items);
    }

    /// What eBay was told of: order, number, carrier.
    pub(crate) fn told_ebay(&self) -> Vec<(String, String)> {
        let record = self.wire.ebay.lock().unwrap().record();
        let one = |e: Effect| (e.tracking_number.unwrap_or_default(), e.carrier_code.unwrap_or_default());
        record.effects.into_iter().map(one).collect()
    }

    /// How often eBay was called so.
    pub(crate) fn ebay_calls(&self, operation: &str) -> u64 {
        self.wire.ebay.lock().unwrap().record().calls.get(operation).copied().unwrap_or(0)
    }
}
