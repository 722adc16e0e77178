//! A stand, the connector opposite, a connection of each seller's, and time in one hand.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_api::{ChannelError, Confirmed, Cursor, Failure, Marketplace, OrderPage, Reach, Reached};
use domain::confirmation::{Confirmation, Tracking};
use domain::connection::{Connection, MailSettings, Timing};
use domain::ids::{Account, ConnectionId, MarketplaceOrderId, MerchantId, OrderLineId};
use domain::marketplace_order::{OrderFacts, ShownPackage};
use domain::marketplace_rules::{KnownBy, MarketplaceRules, Parts};
use domain::tracking::TrackingNumber;
use futures::executor::block_on;
use jiff::Timestamp;
use ports::memory::{MemoryCredentials, SeededRng};
use ports::{Clock as _, Credential, Credentials as _};
use secrecy::{ExposeSecret as _, SecretString};

use crate::stand::{ANN, BOB, CANARY, Call, Grant, Happening, Package, Placed, Stand, State, Wanted};
use crate::stands;
use crate::wire::{Fault, Wire};

/// A marketplace to be tried.
pub(crate) struct Subject {
    stand: fn() -> Box<dyn Stand>,
}

impl Subject {
    pub(crate) fn kind(&self) -> &'static str {
        (self.stand)().kind()
    }

    /// A world nobody has touched.
    pub(crate) fn world(&self) -> World {
        World::new((self.stand)())
    }
}

/// Runs a test for every marketplace; tells of all that failed, not of the first.
pub(crate) fn each(test: impl AsyncFn(&Subject)) {
    let failed: Vec<&str> = stands::MARKETPLACES
        .iter()
        .map(|stand| Subject { stand: *stand })
        .filter(|subject| {
            println!("-- {}", subject.kind());
            catch_unwind(AssertUnwindSafe(|| block_on(test(subject)))).is_err()
        })
        .map(|subject| subject.kind())
        .collect();
    assert!(failed.is_empty(), "does not hold for {failed:?}: see above");
}

pub(crate) fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A stand, the connector opposite, and time in one hand.
pub(crate) struct World {
    pub(crate) connector: Arc<dyn Marketplace>,
    pub(crate) wire: Wire<dyn Stand>,
    pub(crate) credentials: MemoryCredentials,
    rng: SeededRng,
    /// Every secret that there ever was: none may show in an error.
    secrets: Mutex<BTreeSet<String>>,
}

impl World {
    fn new(stand: Box<dyn Stand>) -> Self {
        let kind = stand.kind();
        let world = Self {
            connector: stands::connector(kind),
            wire: Wire::new(stand, start()),
            credentials: MemoryCredentials::default(),
            rng: SeededRng::new(1),
            secrets: Mutex::default(),
        };
        world.connect(ANN);
        world.connect(BOB);
        world
    }

    /// Connects a seller, perhaps again.
    pub(crate) fn connect(&self, seller: &str) {
        let secrets = self.wire.stand().secrets(seller);
        let secrets: BTreeMap<String, SecretString> =
            secrets.into_iter().map(|(name, secret)| (name.to_owned(), secret.into())).collect();
        let credential = Credential { secrets, ..Credential::default() };
        self.credentials.put(account(seller), credential);
    }

    pub(crate) fn connection(&self, seller: &str) -> Connection {
        let stand = self.wire.stand();
        let options = stand.options(seller);
        connection(stand.kind(), seller, options.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    pub(crate) fn reach(&self) -> Reach<'_> {
        Reach {
            transport: &self.wire,
            credentials: &self.credentials,
            clock: &self.wire.clock,
            rng: &self.rng,
        }
    }

    pub(crate) fn rules(&self) -> MarketplaceRules {
        self.connector.traits().rules
    }

    pub(crate) fn later(&self, seconds: u64) {
        self.wire.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn fault(&self, call: Call, fault: Fault) {
        self.wire.fault(call, fault);
    }

    /// An order of Ann's, ready to be shipped, two hours old.
    pub(crate) fn order(&self, number: u32, lines: &[u32]) -> Placed {
        self.ordered(Wanted { seller: ANN, number, lines: lines.to_vec(), state: State::Ready }).unwrap()
    }

    /// An order, two hours old; `None` if there is no such thing here.
    pub(crate) fn ordered(&self, wanted: Wanted) -> Option<Placed> {
        let placed = self.placed(&wanted)?;
        self.later(2 * 3600);
        Some(placed)
    }

    /// An order of just now.
    pub(crate) fn placed(&self, wanted: &Wanted) -> Option<Placed> {
        let now = self.wire.their_now();
        self.wire.stand().place(now, wanted)
    }

    pub(crate) fn happen(&self, placed: &Placed, what: Happening) -> bool {
        let now = self.wire.their_now();
        self.wire.stand().happen(now, placed, what)
    }

    /// Lets something become of a seller's authorisation.
    pub(crate) fn grant(&self, seller: &str, grant: Grant) {
        let now = self.wire.their_now();
        self.wire.stand().grant(now, seller, grant);
    }

    /// What the marketplace has.
    pub(crate) fn packages(&self, placed: &Placed) -> Vec<Package> {
        self.wire.stand().packages(placed)
    }

    /// The n-th package of an order, with these lines.
    pub(crate) fn confirmation(&self, placed: &Placed, n: u32, lines: &[(OrderLineId, u32)]) -> Confirmation {
        let number = TrackingNumber::try_from(format!("9400100000000000{n:06}")).unwrap();
        let carrier = self.wire.stand().carrier();
        Confirmation {
            order: placed.id.clone(),
            marketplace: placed.marketplace.clone(),
            reference: (421_000_000 + n).to_string(),
            told_as: None,
            tracking: Some(Tracking { carrier, service: None, number }),
            untracked: None,
            ship_date: self.wire.clock.now().saturating_sub(Duration::from_secs(300)).unwrap(),
            lines: lines.iter().cloned().collect(),
        }
    }

    /// The whole order in one package.
    pub(crate) fn whole(&self, placed: &Placed, n: u32) -> Confirmation {
        self.confirmation(placed, n, &placed.lines)
    }

    /// An order of three units in two packages, as finely as the marketplace allows.
    pub(crate) fn in_two(&self, placed: &Placed) -> [Confirmation; 2] {
        let [one, other] = placed.lines.as_slice() else { panic!("two lines: {placed:?}") };
        let (first, second) = match self.rules().parts {
            // Of the first line's two units, one is in each.
            Parts::Units | Parts::Order => {
                (vec![(one.0.clone(), 1)], vec![(one.0.clone(), 1), other.clone()])
            }
            Parts::Lines => (vec![one.clone()], vec![other.clone()]),
        };
        [self.confirmation(placed, 1, &first), self.confirmation(placed, 2, &second)]
    }

    pub(crate) async fn confirm(&self, confirmation: &Confirmation) -> Result<Confirmed, ChannelError> {
        let connection = self.connection(ANN);
        let done = self.connector.confirm(self.reach(), &connection, confirmation).await;
        self.looked_at(done.map(|answer| answer.value)).await
    }

    pub(crate) async fn read_as(
        &self,
        seller: &str,
        order: &MarketplaceOrderId,
    ) -> Result<OrderFacts, ChannelError> {
        let connection = self.connection(seller);
        let read = self.connector.read_order(self.reach(), &connection, order).await;
        let read = self.looked_at(read.map(|answer| answer.value)).await;
        if let Ok(facts) = &read {
            without_buyer(&serde_json::to_string(facts).unwrap());
        }
        read
    }

    pub(crate) async fn try_read(&self, placed: &Placed) -> Result<OrderFacts, ChannelError> {
        self.read_as(placed.seller, &placed.id).await
    }

    pub(crate) async fn read(&self, placed: &Placed) -> OrderFacts {
        self.try_read(placed).await.unwrap()
    }

    /// The packages that reading shows.
    pub(crate) async fn shown(&self, placed: &Placed) -> Vec<ShownPackage> {
        self.read(placed).await.packages.expect("reading tells the packages")
    }

    /// One page of what changed for Ann.
    pub(crate) async fn page(&self, cursor: &Cursor) -> Result<OrderPage, ChannelError> {
        let connection = self.connection(ANN);
        let page = self.connector.changed_orders(self.reach(), &connection, cursor).await;
        let page = self.looked_at(page.map(|answer| answer.value)).await?;
        for (_, facts) in &page.orders {
            without_buyer(&serde_json::to_string(facts).unwrap());
        }
        without_buyer(&serde_json::to_string(&page.next).unwrap());
        Ok(page)
    }

    /// Polls to the end: what was seen, how many pages, where to go on.
    pub(crate) async fn poll(
        &self,
        since: Timestamp,
    ) -> (Vec<(MarketplaceOrderId, OrderFacts)>, usize, Cursor) {
        let mut cursor = Cursor { since, page: None };
        let mut seen = Vec::new();
        for pages in 1..10_000 {
            let page = self.page(&cursor).await.unwrap();
            seen.extend(page.orders);
            cursor = page.next;
            if cursor.page.is_none() {
                return (seen, pages, cursor);
            }
            assert_eq!(cursor.since, since, "advanced before the poll was complete");
        }
        panic!("the poll never ends")
    }

    /// Tells of a package as the workflow does: in doubt it reads, and repeats only what reading does not show.
    pub(crate) async fn tell(&self, placed: &Placed, confirmation: &Confirmation) {
        for _ in 0..6 {
            let Err(error) = self.confirm(confirmation).await else { return };
            match error.failure {
                Failure::Throttled { .. } | Failure::Retryable { reached: Reached::No, .. } => {}
                Failure::Retryable { reached: Reached::Maybe, .. } => {
                    let shown = self.shown(placed).await;
                    if shown.iter().any(|package| self.is_shown_as(confirmation, package)) {
                        return;
                    }
                }
                other => panic!("{other:?}: {}", error.detail),
            }
            self.later(30);
        }
        panic!("it cannot be told")
    }

    /// Whether a shown package is this one, by what the marketplace lets us know it by.
    pub(crate) fn is_shown_as(&self, confirmation: &Confirmation, shown: &ShownPackage) -> bool {
        match self.rules().known_by {
            KnownBy::Reference => shown.reference == confirmation.reference,
            KnownBy::Number => {
                let number = &confirmation.tracking.as_ref().unwrap().number;
                shown.tracking_number.as_deref().is_some_and(|theirs| number.same_as(theirs))
            }
        }
    }

    /// No secret, nothing of the buyer in an error, whatever was said.
    pub(crate) async fn looked_at<T>(&self, done: Result<T, ChannelError>) -> Result<T, ChannelError> {
        self.remember_secrets().await;
        if let Err(error) = &done {
            let said = format!("{error}\n{error:?}\n{}", error.request_id.as_deref().unwrap_or_default());
            without_buyer(&said);
            for secret in self.secrets.lock().unwrap().iter() {
                assert!(!said.contains(secret.as_str()), "a secret in {}", said.replace(secret, "[secret]"));
            }
        }
        done
    }

    async fn remember_secrets(&self) {
        let mut all = Vec::new();
        for seller in [ANN, BOB] {
            let Some(credential) = self.credentials.load(&account(seller)).await.unwrap() else { continue };
            let secret = |(name, _): &(&String, &SecretString)| *name != "client_id" && *name != "keystring";
            let kept = credential.secrets.iter().filter(secret).map(|(_, secret)| secret.clone());
            all.extend(kept.chain(credential.access.map(|access| access.token)));
        }
        let all = all.iter().map(|secret| secret.expose_secret().to_owned()).filter(|text| text.len() > 5);
        self.secrets.lock().unwrap().extend(all);
    }

    /// Every secret that there was.
    pub(crate) async fn every_secret(&self) -> Vec<String> {
        self.remember_secrets().await;
        self.secrets.lock().unwrap().iter().cloned().collect()
    }
}

/// How many calls may spend these limits so many times.
///
/// A name twice is two calls; two names are two calls, or one that counts against both.
pub(crate) fn calls(spends: &[&str], times: usize) -> RangeInclusive<usize> {
    let most = spends.iter().map(|name| spends.iter().filter(|other| *other == name).count()).max();
    times * most.unwrap_or_default()..=times * spends.len()
}

/// Nothing of the buyer is in this text.
pub(crate) fn without_buyer(text: &str) {
    assert!(!text.to_lowercase().contains(&CANARY.to_lowercase()), "the buyer in {text}");
}

pub(crate) fn account(seller: &str) -> Account {
    Account::new(MerchantId::try_from("m").unwrap(), ConnectionId::try_from(seller).unwrap())
}

pub(crate) fn connection(kind: &str, seller: &str, options: BTreeMap<String, String>) -> Connection {
    Connection {
        reversals: domain::reversal::Reversals::default(),
        shipments: domain::shipment_policy::ShipmentPolicy::default(),
        schema: Connection::SCHEMA,
        account: account(seller),
        kind: kind.to_owned(),
        sync: true,
        options,
        base_url: Some("http://stand.invalid".to_owned()),
        link: Vec::new(),
        // Some marketplaces want to know whom to alert before they post anything.
        mail: MailSettings { to: vec!["ops@example.com".to_owned()], ..MailSettings::default() },
        time_zone: "UTC".to_owned(),
        timing: Timing::default(),
        carriers: domain::carrier_policy::CarrierPolicy::default(),
    }
}
