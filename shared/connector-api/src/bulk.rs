//! Many confirmations, or other changes, at once: Amazon's feeds.

use async_trait::async_trait;
use domain::confirmation::Confirmation;
use domain::connection::Connection;
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId};
use domain::money::Money;
use jiff::Timestamp;

use crate::{Answer, ChannelError, Reach};

/// What stands in one message of a bulk; messages are counted from 1 in the order given.
#[derive(Clone, Debug, PartialEq)]
pub enum BulkContent {
    /// Packages that have left.
    Confirmations(Vec<Confirmation>),
    /// Orders that the merchant cancels.
    Cancellations(Vec<Cancellation>),
    /// Money that the merchant gives back.
    Refunds(Vec<Refund>),
}

/// An order that is cancelled before it was shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// The order.
    pub order: MarketplaceOrderId,
    /// The marketplace it was placed in.
    pub marketplace: MarketplaceId,
    /// The lines that are cancelled: all of the order's.
    pub lines: Vec<OrderLineId>,
    /// The buyer asked for it: else it counts as the merchant's own.
    pub buyer_asked: bool,
}

/// Money given back for an order that was shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The order.
    pub order: MarketplaceOrderId,
    /// The marketplace it was placed in.
    pub marketplace: MarketplaceId,
    /// Our own id of it: the same refund has the same.
    pub id: String,
    /// How much, by line.
    pub lines: Vec<RefundLine>,
}

/// The part of a refund that belongs to one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundLine {
    /// The line.
    pub line: OrderLineId,
    /// The price that goes back, taxes included.
    pub principal: Money,
}

/// Where a bulk stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkProgress {
    /// Not worked on, or not wholly.
    Underway,
    /// Worked on, which is not the same as accepted: this document says what became of each message.
    Done {
        /// The report; `None` where the marketplace made none: nothing is known of any message.
        report: Option<String>,
    },
    /// Never worked on: nothing of it was applied.
    Cancelled,
    /// Given up by the marketplace: some of it may have been applied.
    Broken {
        /// The report, where it made one: it names what was refused, and proves nothing of the rest.
        report: Option<String>,
    },
}

/// What a report says of a bulk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkReport {
    /// Messages it says were worked on.
    pub processed: u32,
    /// Messages it says succeeded.
    pub successful: u32,
    /// Messages that were refused: number, code, words.
    pub refused: Vec<(u32, String, String)>,
    /// Messages that were taken with a warning: number, code, words.
    pub warned: Vec<(u32, String, String)>,
}

/// A bulk that the marketplace lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkListed {
    /// Its id.
    pub id: String,
    /// When it was made, by the marketplace's clock.
    pub created_at: Timestamp,
}

/// One page of a list of bulks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkPage {
    /// The bulks.
    pub bulks: Vec<BulkListed>,
    /// Asks for the next page; `None` if this is the last.
    pub next: Option<String>,
}

/// Pages that [`Bulk::listed`] reads at most.
const PAGES: usize = 5;

/// The limits that bulk calls spend, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkSpends {
    /// Of [`Bulk::upload`].
    pub upload: &'static [&'static str],
    /// Of [`Bulk::submit`].
    pub submit: &'static [&'static str],
    /// Of [`Bulk::progress`].
    pub progress: &'static [&'static str],
    /// Of [`Bulk::report`].
    pub report: &'static [&'static str],
    /// Of [`Bulk::listed_page`].
    pub listed: &'static [&'static str],
}

/// Many changes in one document.
#[async_trait]
pub trait Bulk: Send + Sync {
    /// The most messages that one document may hold.
    fn most_messages(&self) -> usize;

    /// The limits spent.
    fn spends(&self) -> BulkSpends;

    /// Whether the connection's settings allow bulks at all.
    ///
    /// # Errors
    /// What is missing, in words for the merchant.
    fn serves(&self, connection: &Connection) -> Result<(), String>;

    /// Why this confirmation cannot stand in a bulk, in words for the merchant; `None` if it can.
    ///
    /// One that cannot would have the whole document refused: it is left out, and goes by the usual call where there
    /// is one for it.
    fn unfit(&self, connection: &Connection, confirmation: &Confirmation) -> Option<String>;

    /// Lays a document down; nothing happens by that. Returns the marketplace's id of the document.
    ///
    /// # Errors
    /// As [`crate::Failure`] says; repeating is harmless.
    async fn upload(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        content: &BulkContent,
    ) -> Result<Answer<String>, ChannelError>;

    /// Has a document worked on. Returns the marketplace's id of the bulk.
    ///
    /// # Errors
    /// As [`crate::Failure`] says. `Retryable { reached: Maybe }` leaves doubt: look at [`Self::listed`] first.
    async fn submit(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        content: &BulkContent,
        document: &str,
    ) -> Result<Answer<String>, ChannelError>;

    /// Reads where a bulk stands.
    ///
    /// # Errors
    /// As [`crate::Failure`] says.
    async fn progress(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        bulk: &str,
    ) -> Result<Answer<BulkProgress>, ChannelError>;

    /// Reads what became of each message.
    ///
    /// # Errors
    /// As [`crate::Failure`] says; a report that cannot be read is `Retryable`.
    async fn report(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        document: &str,
    ) -> Result<Answer<BulkReport>, ChannelError>;

    /// Lists the bulks of this kind made since then, newest first, one page in one call: to find one whose answer was
    /// lost. `page` is what the page before said of the next.
    ///
    /// # Errors
    /// As [`crate::Failure`] says.
    async fn listed_page(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        content: &BulkContent,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Answer<BulkPage>, ChannelError>;

    /// Lists them with as many calls as it takes, five at most.
    ///
    /// # Errors
    /// As [`crate::Failure`] says.
    async fn listed(
        &self,
        reach: Reach<'_>,
        connection: &Connection,
        content: &BulkContent,
        since: Timestamp,
    ) -> Result<Answer<Vec<BulkListed>>, ChannelError> {
        let mut bulks = Vec::new();
        let mut page: Option<String> = None;
        let mut last = (None, Vec::new());
        for _ in 0..PAGES {
            let answer = self.listed_page(reach, connection, content, since, page.as_deref()).await?;
            last = (answer.request_id, answer.limits);
            bulks.extend(answer.value.bulks);
            page = answer.value.next;
            if page.is_none() {
                break;
            }
        }
        let (request_id, limits) = last;
        Ok(Answer { value: bulks, request_id, limits })
    }
}
