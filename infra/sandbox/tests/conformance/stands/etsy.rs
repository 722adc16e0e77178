//! Etsy.

use connector_api::{Failure, MerchantAction};
use domain::confirmation::CarrierCode;
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId};
use http::{Method, Request};
use jiff::Timestamp;
use sandbox::etsy::{EtsySandbox, NewLine, NewReceipt, ReceiptChange, Shop};
use sandbox::{Outcome, Standin as _};
use secrecy::SecretString;

use crate::stand::{
    ANN, BOB, BulkStand, Call, Grant, Happening, NotifyStand, Opposite, Package, Placed, Post, PushStand,
    Stand, State, Wanted,
};
use crate::world::start;

const WEBHOOK_SECRET: &str = "whsec_Y29uZm9ybWFuY2Utc3VpdGUtY29uZm9ybWFuY2Utc3VpdGU=";

/// Etsy's stand-in. Its receipts name their buyer in every field that has one.
pub(crate) struct Etsy(EtsySandbox);

impl Etsy {
    pub(crate) fn new() -> Self {
        let mut sandbox = EtsySandbox::new();
        for name in [ANN, BOB] {
            sandbox.add_shop(start(), shop(name, &["transactions_r", "transactions_w"]));
        }
        Self(sandbox)
    }
}

fn number(name: &str) -> u64 {
    if name == ANN { 4_200_001 } else { 4_200_002 }
}

fn shop(name: &str, scopes: &[&str]) -> Shop {
    Shop {
        shop: number(name),
        user: 77_000_000 + number(name),
        country: "US".to_owned(),
        keystring: "keystring-of-the-app".to_owned(),
        shared_secret: "shared-secret-of-the-app".to_owned(),
        refresh_token: format!("{}.refresh-of-{name}", 77_000_000 + number(name)),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        closed: false,
        webhook_secrets: vec![WEBHOOK_SECRET.to_owned()],
    }
}

fn receipt(placed: &Placed) -> u64 {
    placed.id.as_str().parse().unwrap()
}

impl Opposite for Etsy {
    fn kind(&self) -> &'static str {
        "etsy"
    }

    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome {
        self.0.handle(now, request)
    }

    fn call(&self, request: &Request<Vec<u8>>) -> Call {
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        match (request.method(), path.as_slice()) {
            (_, ["v3", "public", ..]) => Call::Token,
            (&Method::GET, ["v3", "application", "shops", _, "receipts"]) => Call::Poll,
            (&Method::GET, ["v3", "application", "shops", _, "receipts", _]) => Call::Read,
            (_, ["v3", "application", "shops", _, "receipts", _, "tracking"]) => Call::Confirm,
            _ => Call::Other,
        }
    }
}

impl Stand for Etsy {
    fn options(&self, name: &str) -> Vec<(&'static str, String)> {
        vec![("shop_id", number(name).to_string()), ("country", "us".to_owned())]
    }

    fn secrets(&self, name: &str) -> Vec<(&'static str, String)> {
        let shop = shop(name, &[]);
        vec![
            ("keystring", shop.keystring),
            ("shared_secret", shop.shared_secret),
            ("refresh_token", shop.refresh_token),
        ]
    }

    fn place(&mut self, now: Timestamp, wanted: &Wanted) -> Option<Placed> {
        // Etsy ships nothing itself.
        if wanted.state == State::Theirs {
            return None;
        }
        let receipt_id = 3_000_000_000 + u64::from(wanted.number);
        let lines: Vec<NewLine> = (1..)
            .zip(&wanted.lines)
            .map(|(n, units)| NewLine {
                transaction_id: Some(receipt_id * 10_000 + n),
                sku: Some(format!("SKU-{n}")),
                quantity: *units,
                digital: false,
            })
            .collect();
        let line = |line: &NewLine| {
            let id = line.transaction_id.unwrap().to_string();
            (OrderLineId::try_from(id).unwrap(), line.quantity)
        };
        let placed = Placed {
            seller: wanted.seller,
            id: MarketplaceOrderId::try_from(receipt_id.to_string()).unwrap(),
            marketplace: MarketplaceId::try_from("us").unwrap(),
            country: "us",
            lines: lines.iter().map(line).collect(),
        };
        let paid = wanted.state != State::Unpaid;
        let described = NewReceipt {
            shop: number(wanted.seller),
            receipt_id,
            lines,
            status: if paid { "paid" } else { "open" }.to_owned(),
            is_paid: paid,
            country_iso: "GB".to_owned(),
            cents: 2_400,
            created: None,
            ship_by: None,
            rows: Vec::new(),
        };
        self.0.add_receipt(now, described).unwrap();
        Some(placed)
    }

    fn happen(&mut self, now: Timestamp, placed: &Placed, what: Happening) -> bool {
        match what {
            // A buyer asks by message: nothing of the receipt says so.
            Happening::CancelAsked => return false,
            Happening::Cancelled => {
                let change =
                    ReceiptChange { status: Some("canceled".to_owned()), ..ReceiptChange::default() };
                self.0.change_receipt(now, receipt(placed), change).unwrap();
            }
        }
        true
    }

    fn packages(&self, placed: &Placed) -> Vec<Package> {
        let effects = self.0.record().effects.into_iter().filter(|effect| effect.receipt == receipt(placed));
        effects.map(|effect| Package { number: effect.tracking_code }).collect()
    }

    fn carrier(&self) -> CarrierCode {
        CarrierCode { code: "usps".to_owned(), name: None }
    }

    fn grant(&mut self, now: Timestamp, name: &str, grant: Grant) {
        match grant {
            Grant::Expired => self.0.expire(number(name)),
            Grant::Revoked => self.0.revoke(number(name)).unwrap(),
            Grant::Restored => self.0.add_shop(now, shop(name, &["transactions_r", "transactions_w"])),
            Grant::Narrow => self.0.add_shop(now, shop(name, &["transactions_r"])),
        }
    }

    fn narrow(&self) -> Failure {
        // Orders are still read: only telling of parcels is refused.
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
        // Set up by hand, in Etsy's developer portal.
        None
    }
}

impl NotifyStand for Etsy {
    fn secret(&self) -> SecretString {
        SecretString::from(WEBHOOK_SECRET)
    }

    fn app_secrets(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn post(&mut self, now: Timestamp, placed: &Placed) -> Post {
        let post = self.0.webhook(now, number(placed.seller), "order.paid", receipt(placed)).unwrap();
        let (parts, body) = post.request("http://receiver.invalid/").unwrap().into_parts();
        Post { headers: parts.headers, body }
    }

    fn challenge(&self) -> Option<String> {
        None
    }
}
