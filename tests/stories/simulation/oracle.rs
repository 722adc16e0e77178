//! The judge: the stand-ins' own record and the shop's final truth, against the ledger and the mailbox.

use std::collections::{BTreeMap, BTreeSet};

use domain::alert::{Alert, AlertStage};
use domain::package::Package;
use domain::state::{Cause, NotOurs, State, StateName};
use jiff::Timestamp;
use ports::QueueName;
use sandbox::amazon::{By, PackageRecord, Record};
use sandbox::shopify::{Fulfillment, Order as ShopOrder, Status};
use serde_json::Value;

use super::run::Run;
use super::workload::{KNOWN, Kind, Order};
use crate::harness::SHOP;

/// Everything that is wrong with a finished run; empty if nothing is.
pub(super) fn judge(run: &Run, orders: &[Order]) -> Vec<String> {
    let record = run.system.wire.amazon.lock().unwrap().record();
    let mut wrong = Vec::new();
    effects(run, orders, &record, &mut wrong);
    for order in orders {
        let shop_order = run
            .system
            .wire
            .shopify
            .lock()
            .unwrap()
            .order(SHOP, run.system.shop_id(&order.id))
            .unwrap()
            .clone();
        let judge =
            Judge { run, order, shop_order, record: &record, packages: run.system.packages(&order.id) };
        let mut found = Vec::new();
        judge.all(&mut found);
        wrong.extend(found.into_iter().map(|what| format!("{} ({:?}): {what}", order.id, order.kind)));
    }
    let missing = orders.iter().flat_map(|o| run.system.packages(&o.id));
    let missing = missing.filter(|p| p.state.name() == StateName::Missing).count() as u64;
    if missing > record.forgotten {
        wrong.push(format!("{missing} packages are missing, the marketplace forgot {}", record.forgotten));
    }
    mails(run, &mut wrong);
    leftovers(run, &mut wrong);
    wrong
}

/// What was applied at the marketplace, call by call: holds whatever happened.
fn effects(run: &Run, orders: &[Order], record: &Record, wrong: &mut Vec<String>) {
    let mut contents: BTreeSet<(String, String, String)> = BTreeSet::new();
    let mut references: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut dates = BTreeMap::new();
    for effect in &record.effects {
        let what = format!("order {} package {}", effect.order, effect.reference);
        let Some(order) = orders.iter().find(|o| o.id == effect.order) else {
            wrong.push(format!("{what}: nobody ordered it"));
            continue;
        };
        let number = effect.content.tracking_number.as_str();
        if !order.parcels.iter().any(|p| p.numbers.iter().any(|n| n == number)) {
            wrong.push(format!("{what}: the shop never shipped {number}"));
        }
        // Reads show at once, or within the stated lag, what was applied: telling the same again, or an older
        // content after a newer one, is a call that was repeated blindly.
        let content = format!("{:?}", effect.content);
        if !contents.insert((effect.order.clone(), effect.reference.clone(), content)) {
            wrong.push(format!("{what}: {number} was told twice"));
        }
        let key = (effect.order.as_str(), number);
        if *references.entry(key).or_insert(&effect.reference) != effect.reference {
            wrong.push(format!("{what}: {number} was told under two references"));
        }
        let date = *dates.entry((&effect.order, &effect.reference)).or_insert(effect.content.ship_date);
        if date != effect.content.ship_date {
            wrong.push(format!("{what}: the ship date moved from {date} to {}", effect.content.ship_date));
        }
    }
    if record.buyer_reads > 0 {
        wrong.push(format!("{} reads asked for buyer data", record.buyer_reads));
    }
    if run.system.wire.shopify.lock().unwrap().calls().iter().any(|call| call.asked_for_buyer) {
        wrong.push("the shop was asked for buyer data".into());
    }
}

fn is_open(alert: &Alert) -> bool {
    matches!(alert.stage, AlertStage::Due | AlertStage::Mailed { .. })
}

struct Judge<'a> {
    run: &'a Run,
    order: &'a Order,
    shop_order: ShopOrder,
    record: &'a Record,
    packages: Vec<Package>,
}

impl Judge<'_> {
    fn at_amazon(&self) -> Vec<&PackageRecord> {
        self.record.packages.iter().filter(|p| p.order == self.order.id).collect()
    }

    fn live(&self) -> Vec<&Fulfillment> {
        self.shop_order.fulfillments.iter().filter(|f| f.status == Status::Success).collect()
    }

    fn all(&self, wrong: &mut Vec<String>) {
        self.counts(wrong);
        self.states(wrong);
        let state = |name: StateName| {
            self.packages.iter().all(|p| p.state.name() == name) && !self.packages.is_empty()
        };
        let untouched = self.at_amazon().iter().all(|p| p.by == By::AnotherTool && p.confirm_calls == 0);
        let held = |is: fn(&Cause) -> bool| {
            !self.packages.is_empty() && self.packages.iter().all(|p| p.held_for().is_some_and(is))
        };
        let not_ours = |why: NotOurs| {
            !self.packages.is_empty()
                && self.packages.iter().all(|p| p.state == State::NotOurs { why: why.clone() })
        };
        let right = match self.order.kind {
            Kind::Plain | Kind::MappedLater | Kind::SkuLater | Kind::Pending => return self.confirmed(wrong),
            Kind::NeverMapped => untouched && held(|cause| matches!(cause, Cause::CarrierUnmapped { .. })),
            Kind::SkuNever => untouched && held(|cause| matches!(cause, Cause::LineUnclear { .. })),
            Kind::Fba => untouched && not_ours(NotOurs::FulfilledByMarketplace),
            Kind::HandSame => untouched && not_ours(NotOurs::AlreadyShown),
            Kind::HandOther => untouched && state(StateName::Conflict),
            Kind::CancelledThere => {
                untouched
                    && not_ours(NotOurs::CancelledThere)
                    && self.packages.iter().all(|p| p.alerts.open())
            }
            Kind::StoreOnly => self.packages.is_empty() && self.link() == "not_ours",
        };
        if !right {
            let states: Vec<&State> = self.packages.iter().map(|p| &p.state).collect();
            wrong.push(format!("ended as {states:?}, link {}, untouched {untouched}", self.link()));
        }
    }

    fn link(&self) -> String {
        let id = self.shop_order.id.to_string();
        let items = self.run.system.ledger.items();
        let item = items.iter().find(|i| i.key.pk.starts_with("S#") && i.key.pk.ends_with(&format!("#{id}")));
        let body: Option<Value> = item.and_then(|item| serde_json::from_str(&item.body).ok());
        body.and_then(|body| Some(body["link"]["is"].as_str()?.to_owned()))
            .unwrap_or_else(|| "nothing known".into())
    }

    /// No number twice, no more units than ordered.
    fn counts(&self, wrong: &mut Vec<String>) {
        let mut numbers = BTreeSet::new();
        let mut units: BTreeMap<&str, u32> = BTreeMap::new();
        for package in self.at_amazon() {
            if !numbers.insert(&package.content.tracking_number) {
                wrong.push(format!("{} is shown twice", package.content.tracking_number));
            }
            for (line, n) in &package.content.lines {
                *units.entry(line.as_str()).or_default() += n;
            }
        }
        for (id, _, _, ordered) in &self.order.lines {
            let shown = units.get(id.as_str()).copied().unwrap_or(0);
            if shown > *ordered {
                wrong.push(format!("{shown} units of line {id} confirmed, {ordered} ordered"));
            }
        }
    }

    /// Everything is settled, and where a person is needed, the person was asked.
    fn states(&self, wrong: &mut Vec<String>) {
        for package in &self.packages {
            let state = &package.state;
            let quiet = package.held_for() == Some(&Cause::NoTrackingNumber);
            if !state.settled() || state.name() == StateName::Accepted {
                wrong.push(format!("package {} is not settled: {state:?}", package.key));
            }
            if state.needs_a_person() && !quiet && !package.alerts.open() {
                wrong.push(format!("package {}: nobody was told of {state:?}", package.key));
            }
            if !state.needs_a_person() && package.alerts.all().iter().any(is_open) {
                let legitimate = matches!(state, State::NotOurs { why: NotOurs::CancelledThere });
                if !legitimate {
                    wrong.push(format!("package {}: an alert stays open in {state:?}", package.key));
                }
            }
        }
    }

    /// Every live parcel is shown as the store last said, and nothing else is.
    fn confirmed(&self, wrong: &mut Vec<String>) {
        let mut accounted = BTreeSet::new();
        let at_amazon = self.at_amazon();
        for fulfillment in self.live() {
            for number in &fulfillment.numbers {
                let current = |p: &&Package| p.state.name() != StateName::Superseded;
                let known = self.packages.iter().filter(current).find(|p| {
                    p.wanted()
                        .and_then(|v| v.content.number.as_ref())
                        .is_some_and(|n| n.to_string() == *number)
                });
                let Some(known) = known else {
                    wrong.push(format!("parcel {number} is not known"));
                    continue;
                };
                accounted.insert(known.reference.to_string());
                if self.may_ask(known) {
                    continue;
                }
                let shown: Vec<&&PackageRecord> =
                    at_amazon.iter().filter(|p| p.content.tracking_number == *number).collect();
                let [shown] = shown.as_slice() else {
                    wrong.push(format!("parcel {number} is not shown, the ledger says {:?}", known.state));
                    continue;
                };
                if shown.reference != known.reference.to_string() {
                    wrong.push(format!("parcel {number} is shown as package {}", shown.reference));
                }
                if known.state.name() != StateName::Visible {
                    wrong.push(format!("parcel {number} is shown, the ledger says {:?}", known.state));
                }
                self.same_content(fulfillment, number, shown, wrong);
            }
        }
        for package in at_amazon.iter().filter(|p| !accounted.contains(&p.reference)) {
            // A parcel that was voided after it was confirmed cannot be taken back: a person was told.
            let told = self.packages.iter().any(|p| {
                p.reference.to_string() == package.reference
                    && p.state.name() == StateName::Conflict
                    && p.alerts.open()
            });
            if !(told && self.order.has_voids()) {
                wrong.push(format!(
                    "the marketplace shows {}, the shop does not",
                    package.content.tracking_number
                ));
            }
        }
    }

    /// Whether this package may end with a question instead of a confirmation.
    fn may_ask(&self, package: &Package) -> bool {
        let asks = package.state.needs_a_person() && package.alerts.open();
        let forgotten = self.record.forgotten > 0 && matches!(package.state, State::Missing { .. });
        asks && (self.order.has_voids() || forgotten)
    }

    fn same_content(
        &self,
        fulfillment: &Fulfillment,
        number: &str,
        shown: &PackageRecord,
        wrong: &mut Vec<String>,
    ) {
        let text = fulfillment.company.as_deref().unwrap_or_default();
        let code = KNOWN.iter().find(|(known, _)| *known == text).map_or("UPS", |(_, code)| code);
        if shown.content.carrier_code != code {
            wrong.push(format!("parcel {number} is shown with {}, not {code}", shown.content.carrier_code));
        }
        // The shop's line → the marketplace's line.
        let line_of = |line: u64| {
            let sku = self.shop_order.lines.iter().find(|l| l.id == line).and_then(|l| l.sku.clone())?;
            self.order.lines.iter().find(|(_, _, at_shop, _)| *at_shop == sku).map(|(id, ..)| id.clone())
        };
        let wanted: BTreeMap<String, u32> =
            fulfillment.lines.iter().filter_map(|(line, units)| Some((line_of(*line)?, *units))).collect();
        let right = if fulfillment.numbers.len() == 1 {
            shown.content.lines == wanted
        } else {
            shown.content.lines.iter().all(|(line, units)| wanted.get(line).is_some_and(|all| units <= all))
        };
        if !right {
            wrong.push(format!("parcel {number} is shown with {:?}, not {wanted:?}", shown.content.lines));
        }
    }
}

/// Whether a connection's history says that it was parked, and for ten minutes at least.
fn parked_for_long(state: &str) -> bool {
    let state: Value = serde_json::from_str(state).unwrap();
    let events: Vec<(Timestamp, String)> = state["history"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| (event["t"].as_str().unwrap().parse().unwrap(), event["w"].as_str().unwrap().to_owned()))
        .collect();
    events.iter().enumerate().any(|(n, (at, what))| {
        let mended = events[n + 1..].iter().find(|(_, what)| what.contains("new credentials"));
        let long = jiff::SignedDuration::from_mins(10);
        what.starts_with("parked: ") && mended.is_none_or(|(then, _)| then.duration_since(*at) >= long)
    })
}

/// Every alert that the ledger calls mailed is in a mail, and no mail comes over and over.
fn mails(run: &Run, wrong: &mut Vec<String>) {
    let mails = run.ports.mails.lock().unwrap();
    let mut copies: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for sent in mails.iter() {
        let (quiet, faulty) = copies.entry(sent.mail.id.as_str()).or_default();
        *(if sent.under_faults { faulty } else { quiet }) += 1;
    }
    for (id, (quiet, faulty)) in copies {
        // While answers are lost a mail may go twice, and a third time if that answer is lost too.
        if quiet > 1 || faulty > 4 || (quiet > 0 && faulty > 3) {
            wrong.push(format!("mail {id} was sent {quiet} times without and {faulty} times under faults"));
        }
    }
    for item in run.system.ledger.items() {
        let Ok(body) = serde_json::from_str::<Value>(&item.body) else { continue };
        let Some(order) = body["order"]["order"].as_str().filter(|_| item.key.pk.starts_with("M#")) else {
            continue;
        };
        let alerts: Vec<Alert> = serde_json::from_value(body["alerts"].clone()).unwrap_or_default();
        let told = mails.iter().filter(|sent| sent.mail.text.contains(order)).count();
        if alerts.iter().any(|a| matches!(a.stage, AlertStage::Mailed { .. })) && told == 0 {
            wrong.push(format!("{order}: alert {alerts:?} is in no mail"));
        }
        if alerts.iter().any(|a| matches!(a.stage, AlertStage::Due | AlertStage::ResolvedDue)) {
            wrong.push(format!("{order}: a mail is still due: {alerts:?}"));
        }
    }
    for mail in mails.iter() {
        for secret in ["Canary", "refresh-", "client-secret", "shop-secret", "shop-token"] {
            if mail.mail.text.contains(secret)
                || mail.mail.html.contains(secret)
                || mail.mail.subject.contains(secret)
            {
                wrong.push(format!("a mail says {secret}"));
            }
        }
    }
    // The account whose authorisation was taken away, if any call noticed that and there was time to say so
    // before it was mended: who was not mailed by then has nothing to hear.
    let parked = run.system.ledger.items().iter().any(|item| {
        item.key.sk == "state" && item.key.pk.ends_with("amazon-two") && parked_for_long(&item.body)
    });
    if parked && !run.sim.scripted() && !mails.iter().any(|sent| sent.mail.text.contains("amazon-two")) {
        wrong.push("nobody was told that amazon-two must be connected again".into());
    }
}

/// Nothing is left in queues or dead letters, and every sender was answered as it deserved.
fn leftovers(run: &Run, wrong: &mut Vec<String>) {
    for queue in QueueName::ALL {
        let left = run.system.queue.len(queue);
        if left > 0 {
            wrong.push(format!("{left} messages left in {}", queue.as_str()));
        }
    }
    for (queue, dead) in run.dead() {
        if !run.poison.contains(&dead) {
            wrong.push(format!("dead letter in {}: {dead}", queue.as_str()));
        }
    }
    let kept: Vec<_> = run.system.ledger.items().into_iter().filter(|i| i.key.pk.starts_with("D#")).collect();
    for (index, posted) in run.posted.iter().enumerate() {
        let webhook = posted.delivery.headers.iter().find(|(name, _)| name == "X-Shopify-Webhook-Id");
        let (_, webhook) = webhook.unwrap();
        if !posted.forged
            && posted.status == Some(200)
            && !kept.iter().any(|item| item.body.contains(webhook))
        {
            wrong.push(format!("delivery {index} was accepted and is kept nowhere"));
        }
        let right = if posted.forged { posted.status == Some(401) } else { posted.status == Some(200) };
        if !right {
            wrong.push(format!(
                "delivery {index} (forged: {}) was answered {:?}",
                posted.forged, posted.status
            ));
        }
    }
    for item in run.system.ledger.items() {
        if item.body.contains("Canary") || item.body.contains("FORGED") {
            wrong.push(format!("{} holds what it must not", item.key.pk));
        }
    }
}
