//! TEMPLATE: the invented marketplace of `shared/connectors/_template_marketplace`. Copied to try a new one.

mod standin;

use connector_api::{Failure, MerchantAction};
use domain::confirmation::CarrierCode;
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId};
use http::{Method, Request};
use jiff::Timestamp;
use sandbox::{Outcome, Standin as _};
use secrecy::SecretString;

use crate::stand::{
    ANN, BOB, BulkStand, CANARY, Call, Grant, Happening, NotifyStand, Opposite, Package, Placed, Post,
    PushStand, Stand, State, Wanted,
};
use standin::{Grants, Item, Order, TemplateSandbox};

const WEBHOOK_SECRET: &str = "webhook-secret-of-the-template";

/// TEMPLATE: the stand-in and its two sellers.
pub(crate) struct Template(TemplateSandbox);

impl Template {
    pub(crate) fn new() -> Self {
        let mut sandbox = TemplateSandbox::default();
        for name in [ANN, BOB] {
            sandbox.shops.insert(name.to_owned(), grants(name, false));
        }
        Self(sandbox)
    }
}

fn grants(name: &str, narrow: bool) -> Grants {
    Grants::begin(first_refresh_token(name), narrow)
}

fn first_refresh_token(name: &str) -> String {
    format!("refresh-{name}-0")
}

impl Opposite for Template {
    fn kind(&self) -> &'static str {
        "template"
    }

    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        self.0.handle(now, request)
    }

    fn call(&self, request: &Request<Vec<u8>>) -> Call {
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        match (request.method(), path.as_slice()) {
            (_, ["oauth", ..]) => Call::Token,
            (&Method::GET, ["v1", "orders"]) => Call::Poll,
            (&Method::GET, ["v1", "orders", _]) => Call::Read,
            (&Method::POST, ["v1", "orders", _, "packages"]) => Call::Confirm,
            _ => Call::Other,
        }
    }
}

impl Stand for Template {
    fn options(&self, seller: &str) -> Vec<(&'static str, String)> {
        vec![("shop", seller.to_owned())]
    }

    fn secrets(&self, seller: &str) -> Vec<(&'static str, String)> {
        vec![
            ("client_id", "client".to_owned()),
            ("client_secret", "secret-of-the-app".to_owned()),
            ("refresh_token", first_refresh_token(seller)),
        ]
    }

    fn place(&mut self, now: Timestamp, wanted: &Wanted) -> Option<Placed> {
        let id = format!("T-{:07}", 1_000_000 + wanted.number);
        let items: Vec<Item> = (1..)
            .zip(&wanted.lines)
            .map(|(n, units)| Item { id: format!("{n}"), sku: format!("SKU-{n}"), quantity: *units })
            .collect();
        let lines =
            items.iter().map(|item| (OrderLineId::try_from(item.id.as_str()).unwrap(), item.quantity));
        let placed = Placed {
            seller: wanted.seller,
            id: MarketplaceOrderId::try_from(id.as_str()).unwrap(),
            marketplace: MarketplaceId::try_from("us").unwrap(),
            country: "us",
            lines: lines.collect(),
        };
        let order = Order {
            shop: wanted.seller.to_owned(),
            placed_at: now,
            updated_at: now,
            paid: wanted.state != State::Unpaid,
            theirs: wanted.state == State::Theirs,
            cancel_requested: false,
            cancelled: false,
            items,
            packages: Vec::new(),
            buyer: CANARY.to_owned(),
        };
        self.0.orders.insert(id, order);
        Some(placed)
    }

    fn happen(&mut self, now: Timestamp, placed: &Placed, what: Happening) -> bool {
        let order = self.0.orders.get_mut(placed.id.as_str()).unwrap();
        match what {
            Happening::CancelAsked => order.cancel_requested = true,
            Happening::Cancelled => order.cancelled = true,
        }
        order.updated_at = now;
        true
    }

    fn packages(&self, placed: &Placed) -> Vec<Package> {
        let packages = self.0.orders[placed.id.as_str()].packages.iter();
        packages
            .map(|package| Package { number: package["tracking_number"].as_str().map(str::to_owned) })
            .collect()
    }

    fn carrier(&self) -> CarrierCode {
        CarrierCode { code: "USPS".to_owned(), name: None }
    }

    fn grant(&mut self, _: Timestamp, seller: &str, grant: Grant) {
        match grant {
            Grant::Expired => self.0.expire(seller),
            Grant::Revoked => {
                self.0.expire(seller);
                self.0.shops.get_mut(seller).unwrap().revoked = true;
            }
            Grant::Restored => drop(self.0.shops.insert(seller.to_owned(), grants(seller, false))),
            Grant::Narrow => drop(self.0.shops.insert(seller.to_owned(), grants(seller, true))),
        }
    }

    fn narrow(&self) -> Failure {
        Failure::NeedsMerchant { action: MerchantAction::Reconnect }
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
        None
    }
}

impl NotifyStand for Template {
    fn secret(&self) -> SecretString {
        SecretString::from(WEBHOOK_SECRET)
    }

    fn app_secrets(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn post(&mut self, _: Timestamp, placed: &Placed) -> Post {
        let (headers, body) = self.0.post(placed.id.as_str(), WEBHOOK_SECRET);
        Post { headers, body }
    }

    fn challenge(&self) -> Option<String> {
        None
    }
}
