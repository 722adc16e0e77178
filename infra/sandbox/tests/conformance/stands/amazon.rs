//! Amazon.

use connector_api::{Failure, MerchantAction};
use domain::confirmation::CarrierCode;
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId};
use http::{Method, Request};
use jiff::Timestamp;
use sandbox::amazon::{AmazonSandbox, NewItem, NewOrder, OrderChange, Party, Seller, Status, seller_id};
use sandbox::{Outcome, Standin as _};
use serde_json::json;

use crate::stand::{
    ANN, BOB, BulkStand, CANARY, Call, Grant, Happening, NotifyStand, Opposite, Package, Placed, PushStand,
    Stand, State, Wanted,
};

const UNITED_STATES: &str = "ATVPDKIKX0DER";

/// Amazon's stand-in, with lists that lag as Amazon's do.
pub(crate) struct Amazon(AmazonSandbox);

impl Amazon {
    pub(crate) fn new() -> Self {
        let mut sandbox = AmazonSandbox::new();
        for name in [ANN, BOB] {
            sandbox.add_seller(seller(name, false));
        }
        Self(sandbox)
    }
}

fn seller(name: &str, access_denied: bool) -> Seller {
    Seller {
        seller: name.to_owned(),
        client_id: "client".to_owned(),
        client_secret: "secret-of-the-app".to_owned(),
        refresh_token: format!("Atzr|refresh-of-{name}"),
        access_denied,
    }
}

impl Opposite for Amazon {
    fn kind(&self) -> &'static str {
        "amazon"
    }

    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        self.0.handle(now, request)
    }

    fn call(&self, request: &Request<Vec<u8>>) -> Call {
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        match (request.method(), path.as_slice()) {
            (_, ["auth", ..]) => Call::Token,
            (&Method::GET, ["orders", _, "orders"]) => Call::Poll,
            (&Method::GET, ["orders", _, "orders", _]) => Call::Read,
            (_, ["orders", "v0", "orders", _, "shipmentConfirmation"]) => Call::Confirm,
            _ => Call::Other,
        }
    }
}

impl Stand for Amazon {
    fn options(&self, name: &str) -> Vec<(&'static str, String)> {
        vec![("region", "na".to_owned()), ("seller_id", seller_id(name))]
    }

    fn secrets(&self, name: &str) -> Vec<(&'static str, String)> {
        let seller = seller(name, false);
        vec![
            ("client_id", seller.client_id),
            ("client_secret", seller.client_secret),
            ("refresh_token", seller.refresh_token),
        ]
    }

    fn place(&mut self, now: Timestamp, wanted: &Wanted) -> Option<Placed> {
        let order_id = format!("702-0000001-{:07}", wanted.number);
        let item = |(at, units): (usize, &u32)| NewItem {
            order_item_id: Some(format!("7{:07}{:05}", wanted.number, at + 1)),
            sku: format!("SKU-{}", at + 1),
            quantity: *units,
            cancelled: false,
        };
        let items: Vec<NewItem> = wanted.lines.iter().enumerate().map(item).collect();
        let lines = items
            .iter()
            .map(|item| (OrderLineId::try_from(item.order_item_id.clone().unwrap()).unwrap(), item.quantity));
        let placed = Placed {
            seller: wanted.seller,
            id: MarketplaceOrderId::try_from(order_id.as_str()).unwrap(),
            marketplace: MarketplaceId::try_from(UNITED_STATES).unwrap(),
            country: "us",
            lines: lines.collect(),
        };
        let order = NewOrder {
            seller: wanted.seller.to_owned(),
            order_id,
            marketplace_id: UNITED_STATES.to_owned(),
            items,
            fulfilled_by: if wanted.state == State::Theirs { Party::Amazon } else { Party::Merchant },
            status: if wanted.state == State::Unpaid { Status::Pending } else { Status::Unshipped },
            programs: Vec::new(),
            purchase_date: Some(now),
            ship_by: None,
            cancel_requested: false,
            packages: Vec::new(),
            buyer: Some(json!({ "buyerName": CANARY, "buyerEmail": format!("{CANARY}@example.com") })),
            recipient: Some(json!({ "deliveryAddress": { "name": CANARY, "addressLine1": CANARY } })),
        };
        self.0.add_order(now, order).unwrap();
        Some(placed)
    }

    fn happen(&mut self, now: Timestamp, placed: &Placed, what: Happening) -> bool {
        let all = || placed.lines.iter().map(|(line, _)| line.as_str().to_owned()).collect();
        let change = match what {
            Happening::CancelAsked => OrderChange { cancel_requested: Some(true), ..OrderChange::default() },
            Happening::Cancelled => OrderChange { cancel_items: all(), ..OrderChange::default() },
        };
        self.0.change_order(now, placed.id.as_str(), change).unwrap();
        true
    }

    fn packages(&self, placed: &Placed) -> Vec<Package> {
        let packages = self.0.record().packages.into_iter();
        packages
            .filter(|package| package.order == placed.id.as_str())
            .map(|package| Package { number: Some(package.content.tracking_number) })
            .collect()
    }

    fn carrier(&self) -> CarrierCode {
        CarrierCode { code: "USPS".to_owned(), name: None }
    }

    fn grant(&mut self, _: Timestamp, name: &str, grant: Grant) {
        match grant {
            Grant::Expired => self.0.expire(name),
            Grant::Revoked => self.0.revoke(name).unwrap(),
            Grant::Restored => self.0.add_seller(seller(name, false)),
            Grant::Narrow => self.0.add_seller(seller(name, true)),
        }
    }

    fn narrow(&self) -> Failure {
        // Amazon does not tell a missing role from a dead token, but for tokens that were just issued.
        Failure::NeedsMerchant { action: MerchantAction::Reconnect }
    }

    fn bulk(&mut self) -> Option<&mut dyn BulkStand> {
        Some(self)
    }

    fn notifies(&mut self) -> Option<&mut dyn NotifyStand> {
        None
    }

    fn pushes(&mut self) -> Option<&mut dyn PushStand> {
        Some(self)
    }

    fn subscribes(&self) -> Option<String> {
        Some("arn:aws:sqs:us-east-1:123456789012:parcelwire-marketplaces".to_owned())
    }
}

impl BulkStand for Amazon {
    /// Feeds take a minute; nothing but time is needed.
    fn work_off(&mut self, _: Timestamp) {}
}

impl PushStand for Amazon {
    fn message(&mut self, now: Timestamp, placed: &Placed) -> String {
        // That the order came in was told already.
        self.0.take_messages();
        self.0.notify_order(now, placed.id.as_str());
        let mut messages = self.0.take_messages();
        assert_eq!(messages.len(), 1, "who subscribed is told once");
        messages.remove(0).body
    }
}
