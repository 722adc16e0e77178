//! A merchant whose stores write all sorts of carriers, and who changes their mind about them.

use std::collections::BTreeMap;
use std::time::Duration;

use carriers::How;
use domain::carrier_policy::{CarrierPolicy, OnContradiction, OnUnknown};
use domain::connection::{Connection, MailSettings};
use domain::package::Package;
use domain::state::StateName;
use futures::executor::block_on;
use jiff::SignedDuration;
use ports::memory::SeededRng;
use ports::{Clock as _, Rng as _};
use workflow::admin::MapTarget;

use crate::harness::{System, amazon_connection, shopify_connection};
use crate::template::load::Template;

/// Marketplaces and their countries.
const PLACES: [(&str, &str); 5] = [
    ("ATVPDKIKX0DER", "us"),
    ("A39IBJ37TRP1C6", "au"),
    ("A21TJRUUN4KGV", "in"),
    ("A19VAU5U5O7RUS", "sg"),
    ("A1PA6795UKMFR9", "de"),
];

pub(super) const ACCOUNTS: [&str; 2] = ["amazon-us", "amazon-two"];

/// What a store writes: known and unknown, with services, in other spellings, of several carriers, of none.
const TEXTS: [&str; 18] = [
    "UPS",
    "ups  GROUND",
    "UPS / FedEx",
    "USPS Priority Mail",
    "DHL Paket",
    "dhl-paket",
    "Yanwen",
    "YANWEN",
    "Australia Post",
    "Blue Dart",
    "Zephyr Pigeon",
    "zephyr   pigeon",
    "Zephyr Pigeon Express",
    "Zephyr Gull",
    "Snail & Sons",
    "Evri",
    "Other",
    "",
];

/// What a merchant writes into a file: the same, and patterns over them.
const PATTERNS: [&str; 6] = ["Zephyr *", "*pigeon*", "zephyr*express", "DHL*", "* & sons", "u*s *"];

/// Codes: of all countries, of one, of none, of our own making.
const CODES: [&str; 10] = [
    "UPS",
    "USPS",
    "DHL",
    "Yanwen",
    "YANWEN",
    "BlueDart",
    "Australia Post-ArticleId",
    "Other",
    "Zephyr Direct",
    "4PX",
];

/// Numbers of UPS and USPS with right check digits, and of nobody.
const NUMBERS: [&str; 3] = ["1Z999AA10123456784", "9400111899562537866361", "ZP"];

/// A change of mappings.
#[derive(Debug)]
pub(super) enum Change {
    File(String),
    Remove(String, How),
}

/// Chance.
pub(super) struct Dice(SeededRng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(SeededRng::new(seed))
    }

    pub(super) fn below(&self, n: usize) -> usize {
        usize::try_from(self.0.next_u64() % u64::try_from(n).unwrap()).unwrap()
    }

    pub(super) fn one<T: Copy>(&self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(super) fn in_ten(&self, n: usize) -> bool {
        self.below(10) < n
    }
}

/// A system with two accounts of any policy, one of them with a profile at least, and orders of all countries.
pub(super) struct Merchant {
    pub(super) seed: u64,
    pub(super) system: System,
    pub(super) dice: Dice,
    /// Orders that nothing was shipped for yet.
    orders: Vec<String>,
    /// The country of each order there is.
    countries: BTreeMap<String, &'static str>,
    /// Mappings that were put in force, by target.
    set: Vec<(MapTarget, String, How)>,
}

impl Merchant {
    pub(super) fn new(seed: u64, orders: usize, template: &Template) -> Self {
        let (system, dice) = (System::deployed(seed, template), Dice::new(seed));
        let policy = |profile: Option<&str>| CarrierPolicy {
            profile: profile.map(str::to_owned),
            contradiction: dice.one(&[OnContradiction::Hold, OnContradiction::Warn]),
            unknown: dice.one(&[OnUnknown::Hold, OnUnknown::Hold, OnUnknown::Other]),
            last_resort_unknown: dice.one(&[OnUnknown::Hold, OnUnknown::Other]),
            last_resort_contradiction: dice.one(&[OnContradiction::Hold, OnContradiction::Ignore]),
            ..CarrierPolicy::default()
        };
        // Nobody is mailed: this is not about mails, and they cost more than all the rest.
        let mail = MailSettings::default();
        let account = |id: &str, profile| {
            let carriers = policy(profile);
            Connection { carriers, mail: mail.clone(), ..amazon_connection(id) }
        };
        let profile = dice.one(&[None, Some("east")]);
        system.apply_all(&[
            shopify_connection(),
            account("amazon-us", profile),
            account("amazon-two", Some("east")),
        ]);
        let mut merchant =
            Self { seed, system, dice, orders: Vec::new(), countries: BTreeMap::new(), set: Vec::new() };
        for n in 0..orders {
            merchant.order(n);
        }
        // Both accounts are polled, so that orders are known before anything is shipped.
        let system = &merchant.system;
        system.clock.advance(Duration::from_secs(300));
        system.grants.as_function("poll-channels", || block_on(workflow::poll::poll(&system.world))).unwrap();
        system.settle();
        merchant
    }

    fn order(&mut self, n: usize) {
        let (id, account) = (format!("111-2222222-{n:07}"), self.dice.one(&ACCOUNTS));
        // Near its deadline already, or never in this story: the policy does not change on the way.
        let hours = self.dice.one(&[1, 24 * 90]);
        let ship_by = self.system.clock.now().checked_add(SignedDuration::from_hours(hours)).unwrap();
        let (place, country) = self.dice.one(&PLACES);
        self.system.amazon_order(account, &id, &[("LAMP", 1)], |order| {
            order.ship_by = Some(ship_by);
            order.marketplace_id = place.to_owned();
        });
        self.system.shop_order(&id, account, &[("LAMP", 1)]);
        self.countries.insert(id.clone(), country);
        self.orders.push(id);
    }

    pub(super) fn country(&self, order: &str) -> &'static str {
        self.countries[order]
    }

    /// The shop ships one more order, in any words.
    pub(super) fn ship(&mut self) {
        let Some(id) = self.orders.pop() else { return };
        let number = match self.dice.one(&NUMBERS) {
            "ZP" => format!("ZP{:06}", self.orders.len()),
            known => known.to_owned(),
        };
        let (_, delivery) = self.system.ship(&id, self.dice.one(&TEXTS), &[&number], &[("LAMP", 1)]);
        assert_eq!(self.system.post(&delivery), 200);
        self.system.settle();
    }

    /// A change of mappings, of which one in ten or so is a mistake.
    pub(super) fn change(&self, open: &BTreeMap<String, Package>) -> (MapTarget, Change) {
        if self.dice.in_ten(2) && !self.set.is_empty() {
            let (target, text, how) = &self.set[self.dice.below(self.set.len())];
            return (target.clone(), Change::Remove(text.clone(), *how));
        }
        // Mostly about a parcel that waits, half of the time about one that nothing stops so far.
        let planned = self.dice.in_ten(5);
        let waits = |package: &&Package| !planned || package.state.name() == StateName::Planned;
        let waiting: Vec<&Package> = open.values().filter(waits).collect();
        let about = (!waiting.is_empty()).then(|| self.dice.one(&waiting));
        let account = about.map_or_else(|| self.dice.one(&ACCOUNTS), |p| p.order.account.connection.as_str());
        let kind = || Some("amazon".to_owned());
        let target = match self.dice.below(5) {
            0 => MapTarget { marketplace: kind(), ..MapTarget::default() },
            1 => MapTarget { marketplace: kind(), profile: Some("east".into()), ..MapTarget::default() },
            _ => MapTarget { connection: Some(account.into()), ..MapTarget::default() },
        };
        let mut file = "text,code,name,unlisted,match\n".to_owned();
        let mut about = about.and_then(|p| p.wanted()?.content.carrier.as_deref());
        for _ in 0..=self.dice.below(2) {
            let (text, how) = match self.dice.in_ten(2) {
                true => (self.dice.one(&PATTERNS), How::Pattern),
                false => {
                    let text = about.take().unwrap_or_else(|| self.dice.one(&TEXTS));
                    (text, self.dice.one(&[How::Exact, How::Folded, How::Folded]))
                }
            };
            let code = self.dice.one(&CODES);
            let name = if code == "Other" { "Zephyr Pigeon" } else { "" };
            let unlisted = if code == "Zephyr Direct" { "yes" } else { "" };
            file.push_str(&format!("{text},{code},{name},{unlisted},{}\n", how.as_str()));
        }
        (target, Change::File(file))
    }

    /// Notes what was put in force, so that it may be taken out of it.
    pub(super) fn remember(&mut self, target: &MapTarget, change: &Change) {
        let Change::File(file) = change else { return };
        for line in file.lines().skip(1) {
            let text = line.split(',').next().unwrap().to_owned();
            let how = How::parse(line.rsplit(',').next().unwrap()).unwrap();
            self.set.push((target.clone(), text, how));
        }
    }
}
