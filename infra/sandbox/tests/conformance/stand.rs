//! What the suite must be able to do at a marketplace: its stand-in lends a hand.

use domain::confirmation::CarrierCode;
use domain::ids::{MarketplaceId, MarketplaceOrderId, OrderLineId};
use http::{HeaderMap, Request};
use jiff::Timestamp;
use sandbox::Outcome;
use secrecy::SecretString;

use connector_api::Failure;

/// The two sellers that there are everywhere.
pub(crate) const ANN: &str = "ann";
pub(crate) const BOB: &str = "bob";

/// What every buyer's data holds, in every field of theirs: nothing of it may be found anywhere.
pub(crate) const CANARY: &str = "Canary";

/// An order to be made. Its buyer is called [`CANARY`] in every field.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Whose.
    pub(crate) seller: &'static str,
    /// The how manyeth: what its id is made of; under a million.
    pub(crate) number: u32,
    /// Units of each line. The n-th line's SKU is `SKU-n`, counted from 1.
    pub(crate) lines: Vec<u32>,
    /// How it differs from an order that is paid and the merchant's to ship.
    pub(crate) state: State,
}

/// What may be peculiar about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Paid, and the merchant ships it.
    Ready,
    /// Not paid.
    Unpaid,
    /// The marketplace ships it.
    Theirs,
}

/// An order that was made.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) seller: &'static str,
    pub(crate) id: MarketplaceOrderId,
    pub(crate) marketplace: MarketplaceId,
    /// Of that marketplace: ISO 3166, lower case.
    pub(crate) country: &'static str,
    /// Its lines and their units.
    pub(crate) lines: Vec<(OrderLineId, u32)>,
}

/// What may become of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The buyer asks to cancel it.
    CancelAsked,
    /// It is cancelled.
    Cancelled,
}

/// What may become of a seller's authorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Access tokens run out, before their time.
    Expired,
    /// The seller takes it away.
    Revoked,
    /// The seller gives it again; the refresh token is the one of [`Stand::secrets`].
    Restored,
    /// It was never given for what we do: tokens are issued, and confirmations refused.
    Narrow,
}

/// A package that the marketplace has, by the stand-in's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) number: Option<String>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// Asks for a token.
    Token,
    /// Reads one order.
    Read,
    /// Lists changed orders.
    Poll,
    /// Tells of a package.
    Confirm,
    /// Anything else.
    Other,
}

/// What answers a connector's requests.
pub(crate) trait Opposite: Send {
    /// The kind of the connector that it stands opposite.
    fn kind(&self) -> &'static str;

    /// Answers a request; its path is without a prefix.
    fn handle(&mut self, now: Timestamp, request: &Request<Vec<u8>>) -> Outcome;

    /// What a request is for.
    fn call(&self, request: &Request<Vec<u8>>) -> Call;
}

/// A marketplace's stand-in with the sellers [`ANN`] and [`BOB`].
pub(crate) trait Stand: Opposite {
    /// The options of a seller's connection, all that matter.
    fn options(&self, seller: &str) -> Vec<(&'static str, String)>;

    /// The secrets of a seller's connection.
    fn secrets(&self, seller: &str) -> Vec<(&'static str, String)>;

    /// Makes an order; `None` if there is no such thing here.
    fn place(&mut self, now: Timestamp, wanted: &Wanted) -> Option<Placed>;

    /// Lets something happen to an order; `false` if there is no such thing here.
    fn happen(&mut self, now: Timestamp, placed: &Placed, what: Happening) -> bool;

    /// The packages that the marketplace has of an order.
    fn packages(&self, placed: &Placed) -> Vec<Package>;

    /// A carrier that is taken for orders made here.
    fn carrier(&self) -> CarrierCode;

    /// Lets something become of a seller's authorisation.
    fn grant(&mut self, now: Timestamp, seller: &str, grant: Grant);

    /// What confirming must fail with while the authorisation is [`Grant::Narrow`].
    fn narrow(&self) -> Failure;

    /// Its bulk way, if the connector has one.
    fn bulk(&mut self) -> Option<&mut dyn BulkStand>;

    /// Its posts to our address, if the connector takes any.
    fn notifies(&mut self) -> Option<&mut dyn NotifyStand>;

    /// Its messages in a queue of ours, if the connector takes any.
    fn pushes(&mut self) -> Option<&mut dyn PushStand>;

    /// Where its subscriptions lead to (address or queue), if the connector makes any.
    fn subscribes(&self) -> Option<String>;
}

/// A bulk way.
pub(crate) trait BulkStand {
    /// Works on everything that was submitted.
    fn work_off(&mut self, now: Timestamp);
}

/// A post to our address.
pub(crate) struct Post {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Posts to our address.
pub(crate) trait NotifyStand {
    /// A connection's secret `webhook`.
    fn secret(&self) -> SecretString;

    /// The app's own secrets, by name.
    fn app_secrets(&self) -> Vec<(&'static str, String)>;

    /// A genuine post that says that an order changed; it holds [`CANARY`] if the marketplace's posts name the buyer.
    fn post(&mut self, now: Timestamp, placed: &Placed) -> Post;

    /// The query of its question whether an address is ours, if it asks.
    fn challenge(&self) -> Option<String>;
}

/// Messages in a queue of ours.
pub(crate) trait PushStand {
    /// A message that says that an order changed.
    fn message(&mut self, now: Timestamp, placed: &Placed) -> String;
}
