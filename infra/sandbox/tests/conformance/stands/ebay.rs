//! eBay.

use connector_api::{Failure, MerchantAction};
use domain::confirmation::CarrierCode;
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId};
use http::{HeaderName, HeaderValue, Method, Request};
use jiff::Timestamp;
use sandbox::ebay::{EbaySandbox, NewItem, NewOrder, OrderChange, Seller};
use sandbox::{Outcome, Standin as _};
use secrecy::SecretString;
use serde_json::json;

use crate::stand::{
    ANN, BOB, BulkStand, CANARY, Call, Grant, Happening, NotifyStand, Opposite, Package, Placed, Post,
    PushStand, Stand, State, Wanted,
};

/// Where posts go, and the token that proves it.
const ADDRESS: &str = "https://hooks.example.com/webhooks/marketplaces/ann-0123";
const VERIFICATION_TOKEN: &str = "verification-token-for-the-conformance-suite";
const CLIENT_SECRET: &str = "secret-of-the-app";

/// eBay's stand-in.
pub(crate) struct Ebay(EbaySandbox);

impl Ebay {
    pub(crate) fn new() -> Self {
        let mut sandbox = EbaySandbox::new();
        for name in [ANN, BOB] {
            sandbox.add_seller(seller(name, &["api_scope", "sell.fulfillment", SUBSCRIBE]));
        }
        Self(sandbox)
    }
}

const SUBSCRIBE: &str = "commerce.notification.subscription";

fn seller(name: &str, scopes: &[&str]) -> Seller {
    Seller {
        seller: name.to_owned(),
        user_id: None,
        client_id: "client-of-the-app".to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        refresh_token: format!("v^1.1#refresh-of-{name}"),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        suspended: false,
    }
}

impl Opposite for Ebay {
    fn kind(&self) -> &'static str {
        "ebay"
    }

    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        self.0.handle(now, request)
    }

    fn call(&self, request: &Request<Vec<u8>>) -> Call {
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        match (request.method(), path.as_slice()) {
            (_, ["identity", ..]) => Call::Token,
            (&Method::GET, ["sell", "fulfillment", "v1", "order"]) => Call::Poll,
            (&Method::GET, ["sell", "fulfillment", "v1", "order", _]) => Call::Read,
            (&Method::POST, ["sell", "fulfillment", "v1", "order", _, "shipping_fulfillment"]) => {
                Call::Confirm
            }
            _ => Call::Other,
        }
    }
}

impl Stand for Ebay {
    fn options(&self, name: &str) -> Vec<(&'static str, String)> {
        vec![("user_id", seller(name, &[]).id())]
    }

    fn secrets(&self, name: &str) -> Vec<(&'static str, String)> {
        let seller = seller(name, &[]);
        vec![
            ("client_id", seller.client_id),
            ("client_secret", seller.client_secret),
            ("refresh_token", seller.refresh_token),
        ]
    }

    fn place(&mut self, now: Timestamp, wanted: &Wanted) -> Option<Placed> {
        let order_id = format!("14-{:07}-{:05}", 1_000_000 + wanted.number, 10_000);
        let items: Vec<NewItem> = (1..)
            .zip(&wanted.lines)
            .map(|(n, units)| NewItem {
                line_item_id: Some(format!("1{:07}{n:05}", wanted.number)),
                sku: format!("SKU-{n}"),
                quantity: *units,
                ship_by: None,
            })
            .collect();
        let line = |item: &NewItem| {
            (OrderLineId::try_from(item.line_item_id.clone().unwrap()).unwrap(), item.quantity)
        };
        let placed = Placed {
            seller: wanted.seller,
            id: MarketplaceOrderId::try_from(order_id.as_str()).unwrap(),
            marketplace: MarketplaceId::try_from("EBAY_US").unwrap(),
            country: "us",
            lines: items.iter().map(line).collect(),
        };
        let theirs = json!({ "fulfillmentProgram": { "fulfilledBy": "EBAY" } });
        let order = NewOrder {
            seller: wanted.seller.to_owned(),
            order_id,
            marketplace_id: "EBAY_US".to_owned(),
            items,
            payment_status: if wanted.state == State::Unpaid { "PENDING" } else { "PAID" }.to_owned(),
            cancel_state: "NONE_REQUESTED".to_owned(),
            program: (wanted.state == State::Theirs).then_some(theirs),
            instruction: "SHIP_TO".to_owned(),
            to_hub: false,
            creation_date: None,
            ship_by: None,
            fulfillments: Vec::new(),
            buyer: Some(json!({ "username": CANARY, "buyerRegistrationAddress": { "fullName": CANARY } })),
        };
        self.0.add_order(now, order).unwrap();
        Some(placed)
    }

    fn happen(&mut self, now: Timestamp, placed: &Placed, what: Happening) -> bool {
        let state = match what {
            Happening::CancelAsked => "IN_PROGRESS",
            Happening::Cancelled => "CANCELED",
        };
        let change = OrderChange { cancel_state: Some(state.to_owned()), ..OrderChange::default() };
        self.0.change_order(now, placed.id.as_str(), change).unwrap();
        true
    }

    fn packages(&self, placed: &Placed) -> Vec<Package> {
        let effects = self.0.record().effects.into_iter().filter(|effect| effect.order == placed.id.as_str());
        effects.map(|effect| Package { number: effect.tracking_number }).collect()
    }

    fn carrier(&self) -> CarrierCode {
        CarrierCode { code: "USPS".to_owned(), name: None }
    }

    fn grant(&mut self, _: Timestamp, name: &str, grant: Grant) {
        match grant {
            Grant::Expired => self.0.expire(name),
            Grant::Revoked => self.0.revoke(name).unwrap(),
            Grant::Restored => {
                self.0.add_seller(seller(name, &["api_scope", "sell.fulfillment", SUBSCRIBE]));
            }
            Grant::Narrow => self.0.add_seller(seller(name, &["api_scope", "sell.fulfillment.readonly"])),
        }
    }

    fn narrow(&self) -> Failure {
        // 403 with 1100 is a scope, not a dead connection: orders are still read.
        Failure::NeedsMerchant { action: MerchantAction::ConfirmElsewhere }
    }

    fn bulk(&mut self) -> Option<&mut dyn BulkStand> {
        None
    }

    fn notifies(&mut self) -> Option<&mut dyn NotifyStand> {
        Some(self)
    }

    fn pushes(&mut self) -> Option<&mut dyn PushStand> {
        None
    }

    fn subscribes(&self) -> Option<String> {
        Some(ADDRESS.to_owned())
    }
}

impl NotifyStand for Ebay {
    fn secret(&self) -> SecretString {
        SecretString::from(VERIFICATION_TOKEN)
    }

    fn app_secrets(&self) -> Vec<(&'static str, String)> {
        vec![
            ("client_id", "client-of-the-app".to_owned()),
            ("client_secret", CLIENT_SECRET.to_owned()),
            ("sandbox", "false".to_owned()),
        ]
    }

    fn post(&mut self, now: Timestamp, placed: &Placed) -> Post {
        let post = self.0.order_posts(now, placed.id.as_str()).unwrap().remove(0);
        let headers = post.headers.into_iter().map(|(name, value)| {
            (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())
        });
        Post { headers: headers.collect(), body: post.body.into_bytes() }
    }

    fn challenge(&self) -> Option<String> {
        Some("challenge_code=c0ffee-c0ffee-c0ffee".to_owned())
    }
}
