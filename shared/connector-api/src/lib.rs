//! What a store or a marketplace connector is.
//!
//! A connector turns one outside system's contract into the domain's words. It sees this crate and the
//! pure crates, never AWS and never another connector. It does not sleep and does not retry: it says what
//! happened ([`ChannelError`]), and the workflow decides.

mod bulk;
mod catalogue;
mod check_up;
mod connectors;
mod error;
pub mod hosts;
mod http_transport;
mod limits;
pub mod loose;
mod marketplace;
mod notifications;
mod reach;
mod store;
pub mod tokens;

pub use bulk::{
    Bulk, BulkContent, BulkListed, BulkPage, BulkProgress, BulkReport, BulkSpends, Cancellation, Refund,
    RefundLine,
};
pub use catalogue::{Explained, explain};
pub use check_up::unanswered;
pub use connectors::Connectors;
pub use error::{ChannelError, Failure, MerchantAction, PortError, Reached, base_failure};
pub use http_transport::HttpTransport;
pub use limits::{Allows, Answer, Limit, LimitHint, Shared, Told};
pub use marketplace::{
    BuyerNotice, Confirmed, Cursor, Kept, Marketplace, MarketplaceTraits, OrderPage, Spends,
};
pub use notifications::{
    About, ClosedAccount, MarketplaceEvent, Notifies, OrderNews, Pushes, Subscribes, Unverified,
    VERIFICATION_TOKEN,
};
/// What an examination found; declared by `ports`, since adapters are examined too.
pub use ports::{Check, Outcome};
pub use reach::Reach;
pub use store::{
    Allowed, Delivery, DeliveryBody, FulfillmentPage, PrivacyRequest, Store, StoreEvent, Subscription,
    SubscriptionChange, reduce_json, reduce_to_ids,
};
