//! TEMPLATE: the invented marketplace of `shared/connectors/_template_marketplace`. Copied to try a new one.

use connector_api::{Failure, MerchantAction};
use domain::confirmation::CarrierCode;
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId};
use http::{HeaderName, HeaderValue, Method, Request};
use jiff::Timestamp;
use sandbox::template::{Change, Item, NewOrder, TemplateSandbox};
use sandbox::{Outcome, Standin as _};
use secrecy::SecretString;

use crate::stand::{
    ANN, BOB, BulkStand, CANARY, Call, Grant, Happening, NotifyStand, Opposite, Package, Placed, Post,
    PushStand, Stand, State, Wanted,
};

const WEBHOOK_SECRET: &str = "webhook-secret-of-the-template";

/// TEMPLATE: the stand-in and its two sellers.
pub(crate) struct Template(TemplateSandbox);

impl Template {
    pub(crate) fn new() -> Self {
        let mut sandbox = TemplateSandbox::new();
        for name in [ANN, BOB] {
            sandbox.authorise(name, &first_refresh_token(name), false);
        }
        Self(sandbox)
    }
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
        let order = NewOrder {
            shop: wanted.seller.to_owned(),
            id,
            items,
            paid: wanted.state != State::Unpaid,
            theirs: wanted.state == State::Theirs,
            buyer: CANARY.to_owned(),
        };
        self.0.add_order(now, order);
        Some(placed)
    }

    fn happen(&mut self, now: Timestamp, placed: &Placed, what: Happening) -> bool {
        let change = match what {
            Happening::CancelAsked => Change::CancelAsked,
            Happening::Cancelled => Change::Cancelled,
        };
        self.0.change_order(now, placed.id.as_str(), change).unwrap();
        true
    }

    fn packages(&self, placed: &Placed) -> Vec<Package> {
        let packages = self.0.packages(placed.id.as_str()).into_iter();
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
            Grant::Revoked => self.0.revoke(seller),
            Grant::Restored => self.0.authorise(seller, &first_refresh_token(seller), false),
            Grant::Narrow => self.0.authorise(seller, &first_refresh_token(seller), true),
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
        let headers = headers
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::try_from(value).unwrap()));
        Post { headers: headers.collect(), body }
    }

    fn challenge(&self) -> Option<String> {
        None
    }
}
