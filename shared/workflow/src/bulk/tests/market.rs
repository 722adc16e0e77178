//! A marketplace that counts what it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use connector_api::{
    Answer, Bulk, BulkContent, BulkListed, BulkPage, BulkProgress, BulkReport, BulkSpends, BuyerNotice,
    ChannelError, Check, Confirmed, Connectors, Cursor, Explained, Failure, Limit, LimitHint, Marketplace,
    MarketplaceTraits, Notifies, OrderPage, Pushes, Reach, Spends, Store, Subscribes, Told,
};
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::ids::{MarketplaceId, MarketplaceOrderId};
use domain::marketplace_order::OrderFacts;
use domain::marketplace_rules::{Edits, KnownBy, MarketplaceRules, Parts, Untracked};
use futures::future::BoxFuture;
use jiff::Timestamp;

pub(super) const LIMITS: &[Limit] = &[
    Limit::rate("confirm", 0.01, 1),
    Limit::rate("read", 1.0, 1),
    Limit::rate("upload", 1.0, 1),
    Limit::rate("submit", 1.0, 1),
    Limit::rate("progress", 1.0, 1),
    Limit::rate("report", 1.0, 1),
    Limit::rate("listed", 0.1, 3),
];
const SLOW_READS: &[Limit] = &[Limit::rate("confirm", 0.01, 1), Limit::rate("read", 0.005, 1)];

/// What the marketplace was asked, and what it answers.
#[derive(Default)]
pub(super) struct Market {
    pub(super) uploads: Mutex<Vec<BulkContent>>,
    /// Documents it was asked to work on, with the time: what it did is counted here.
    pub(super) submits: Mutex<Vec<(String, Timestamp)>>,
    /// Answers of submitting: `None` answers well; the second part says whether it was done all the same.
    pub(super) refuses: Mutex<Vec<(Failure, bool)>>,
    pub(super) progress: Mutex<Option<BulkProgress>>,
    pub(super) report: Mutex<BulkReport>,
    pub(super) confirms: Mutex<u32>,
    /// Orders whose parcels cannot stand in a bulk.
    pub(super) unfit: Mutex<BTreeSet<String>>,
    /// Messages that one document may hold, where it is not the usual number.
    pub(super) most: Mutex<Option<usize>>,
    /// The report cannot be had, for this reason.
    pub(super) no_report: Mutex<Option<Failure>>,
    /// No document can be laid down, for this reason.
    pub(super) no_upload: Mutex<Option<Failure>>,
    /// The marketplace can never be asked, for this reason.
    pub(super) no_submit: Mutex<Option<Failure>>,
    /// What happens while it is asked.
    pub(super) meanwhile: Mutex<Option<BoxFuture<'static, ()>>>,
    /// Bulks of another program.
    pub(super) others: Mutex<Vec<BulkListed>>,
    /// Where single bulks stand, if not where all do.
    pub(super) stand: Mutex<BTreeMap<String, BulkProgress>>,
    /// Empty pages in front of the list's last.
    pub(super) pages: Mutex<u32>,
    /// Pages that were asked for.
    pub(super) listings: Mutex<u32>,
    /// Whether calls about bulks spend limits, each its own.
    pub(super) limited: Mutex<bool>,
    /// The rate that every answer tells of its own limit.
    pub(super) told_rate: Mutex<Option<f64>>,
    /// Whether reads are scarcer than confirmations.
    pub(super) slow_reads: Mutex<bool>,
}

impl Market {
    /// A good answer of the call with this limit.
    fn good<T>(&self, operation: &'static str, value: T) -> Result<Answer<T>, ChannelError> {
        let told = self.told_rate.lock().unwrap().map(Told::Rate);
        let limits = told.map(|told| LimitHint { operation, told }).into_iter().collect();
        Ok(Answer { value, request_id: None, limits })
    }
}

fn fails<T>(operation: &'static str, failure: Failure) -> Result<T, ChannelError> {
    Err(ChannelError::new("amazon", operation, failure, "as scripted"))
}

fn answer<T>(value: T) -> Result<Answer<T>, ChannelError> {
    Ok(Answer { value, request_id: None, limits: vec![] })
}

#[async_trait]
impl Bulk for Market {
    fn most_messages(&self) -> usize {
        self.most.lock().unwrap().unwrap_or(5_000)
    }
    fn spends(&self) -> BulkSpends {
        if !*self.limited.lock().unwrap() {
            return BulkSpends { upload: &[], submit: &[], progress: &[], report: &[], listed: &[] };
        }
        BulkSpends {
            upload: &["upload"],
            submit: &["submit"],
            progress: &["progress"],
            report: &["report"],
            listed: &["listed"],
        }
    }
    fn serves(&self, _: &Connection) -> Result<(), String> {
        Ok(())
    }
    fn unfit(&self, _: &Connection, confirmation: &Confirmation) -> Option<String> {
        let bad = self.unfit.lock().unwrap();
        bad.contains(confirmation.order.as_str()).then(|| "it has a comma in it".to_owned())
    }
    async fn upload(
        &self,
        _: Reach<'_>,
        _: &Connection,
        content: &BulkContent,
    ) -> Result<Answer<String>, ChannelError> {
        if let Some(failure) = self.no_upload.lock().unwrap().clone() {
            return fails("createFeedDocument", failure);
        }
        let mut uploads = self.uploads.lock().unwrap();
        uploads.push(content.clone());
        self.good("upload", format!("doc-{}", uploads.len()))
    }
    async fn submit(
        &self,
        reach: Reach<'_>,
        _: &Connection,
        _: &BulkContent,
        document: &str,
    ) -> Result<Answer<String>, ChannelError> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        if let Some(failure) = self.no_submit.lock().unwrap().clone() {
            return fails("createFeed", failure);
        }
        let refusal = self.refuses.lock().unwrap().pop();
        if refusal.as_ref().is_none_or(|(_, done)| *done) {
            self.submits.lock().unwrap().push((document.to_owned(), reach.clock.now()));
        }
        match refusal {
            Some((failure, _)) => fails("createFeed", failure),
            None => self.good("submit", format!("feed-{}", self.submits.lock().unwrap().len())),
        }
    }
    async fn progress(
        &self,
        _: Reach<'_>,
        _: &Connection,
        bulk: &str,
    ) -> Result<Answer<BulkProgress>, ChannelError> {
        let single = self.stand.lock().unwrap().get(bulk).cloned();
        let stands = single.or_else(|| self.progress.lock().unwrap().clone());
        self.good("progress", stands.unwrap_or(BulkProgress::Underway))
    }
    async fn report(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &str,
    ) -> Result<Answer<BulkReport>, ChannelError> {
        if let Some(failure) = self.no_report.lock().unwrap().clone() {
            return fails("getFeedDocument", failure);
        }
        self.good("report", self.report.lock().unwrap().clone())
    }
    async fn listed_page(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &BulkContent,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Answer<BulkPage>, ChannelError> {
        *self.listings.lock().unwrap() += 1;
        let nth: u32 = page.map_or(0, |page| page.parse().unwrap());
        if nth < *self.pages.lock().unwrap() {
            return self.good("listed", BulkPage { bulks: vec![], next: Some((nth + 1).to_string()) });
        }
        let submits = self.submits.lock().unwrap();
        let all = submits
            .iter()
            .enumerate()
            .map(|(n, (_, at))| BulkListed { id: format!("feed-{}", n + 1), created_at: *at });
        let all = all.chain(self.others.lock().unwrap().clone());
        let bulks = all.filter(|listed| listed.created_at >= since).collect();
        self.good("listed", BulkPage { bulks, next: None })
    }
}

#[async_trait]
impl Marketplace for Market {
    fn kind(&self) -> &'static str {
        "amazon"
    }
    fn title(&self) -> &'static str {
        "Amazon"
    }
    fn traits(&self) -> MarketplaceTraits {
        MarketplaceTraits {
            rules: MarketplaceRules {
                edits: Edits::SameReference,
                known_by: KnownBy::Reference,
                parts: Parts::Units,
                untracked: Untracked::InBulk,
                cancels_after: None,
                one_origin: &[],
            },
            limits: if *self.slow_reads.lock().unwrap() { SLOW_READS } else { LIMITS },
            spends: Spends { confirm: &["confirm"], read: &["read"], poll: &[] },
            poll_every: Duration::from_secs(60),
            buyer_notice: BuyerNotice::MarketplaceDecides("it decides"),
            authorisation_ends: None,
        }
    }
    fn check_options(&self, _: &Connection) -> Vec<String> {
        vec![]
    }
    fn secret_names(&self) -> &'static [&'static str] {
        &[]
    }
    fn order_id(&self, text: &str) -> Option<MarketplaceOrderId> {
        MarketplaceOrderId::try_from(text).ok()
    }
    fn country(&self, _: &MarketplaceId) -> Option<&'static str> {
        Some("us")
    }
    async fn read_order(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &MarketplaceOrderId,
    ) -> Result<Answer<OrderFacts>, ChannelError> {
        Err(ChannelError::new("amazon", "getOrder", Failure::Throttled { after: None }, "not in this test"))
    }
    async fn changed_orders(
        &self,
        _: Reach<'_>,
        _: &Connection,
        cursor: &Cursor,
    ) -> Result<Answer<OrderPage>, ChannelError> {
        answer(OrderPage { orders: vec![], next: cursor.clone() })
    }
    async fn confirm(
        &self,
        _: Reach<'_>,
        _: &Connection,
        _: &Confirmation,
    ) -> Result<Answer<Confirmed>, ChannelError> {
        *self.confirms.lock().unwrap() += 1;
        answer(Confirmed::default())
    }
    fn bulk(&self) -> Option<&dyn Bulk> {
        Some(self)
    }
    fn notifies(&self) -> Option<&dyn Notifies> {
        None
    }
    fn pushes(&self) -> Option<&dyn Pushes> {
        None
    }
    fn subscribes(&self) -> Option<&dyn Subscribes> {
        None
    }
    fn catalogue(&self) -> &'static [Explained] {
        &[]
    }
    async fn check_up(&self, _: Reach<'_>, _: &Connection) -> Vec<Check> {
        vec![]
    }
}

pub(super) struct Only(pub(super) Arc<Market>);

impl Connectors for Only {
    fn store(&self, _: &str) -> Option<&dyn Store> {
        None
    }
    fn marketplace(&self, kind: &str) -> Option<&dyn Marketplace> {
        (kind == "amazon").then_some(self.0.as_ref())
    }
}
