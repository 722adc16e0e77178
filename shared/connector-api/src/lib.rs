//! What a store or a marketplace connector is.
//!
//! A connector turns one outside system's contract into the domain's words. It sees this crate and the
//! pure crates, never AWS and never another connector. It does not sleep and does not retry: it says what
//! happened ([`ChannelError`]), and the workflow decides.

mod check_up;
mod connectors;
mod error;
mod http_transport;
mod marketplace;
mod reach;
mod store;

pub use check_up::unanswered;
pub use connectors::Connectors;
pub use error::{ChannelError, Failure, MerchantAction, Reached, base_failure};
pub use http_transport::HttpTransport;
pub use marketplace::{Answer, Cursor, Limit, LimitHint, Marketplace, MarketplaceTraits, OrderPage};
/// What an examination found; declared by `ports`, since adapters are examined too.
pub use ports::{Check, Outcome};
pub use reach::Reach;
pub use store::{
    Allowed, Delivery, DeliveryBody, FulfillmentPage, PrivacyRequest, Store, StoreEvent, Subscription,
    SubscriptionChange, reduce_json, reduce_to_ids,
};
