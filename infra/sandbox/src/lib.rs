//! Stand-in stores and marketplaces: stateful, true to the wire contracts, with faults on demand.
//!
//! Each stand-in is a plain state machine ([`Standin`]): the same one answers over HTTP (`server`) for the demo
//! and the tests, and without a socket in the simulation.

pub mod amazon;
pub mod ebay;
pub mod etsy;
pub mod faults;
pub mod recorded;
pub mod server;
pub mod shopify;
pub mod template;

use std::time::Duration;

use jiff::Timestamp;

/// A stand-in for one outside system. Time is given, so that a simulation owns it.
pub trait Standin: Send {
    /// Answers one request of the real wire contract, or one of the control requests below `/_sandbox/`.
    fn handle(&mut self, now: Timestamp, request: &http::Request<Vec<u8>>) -> Outcome;
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Outcome {
    /// It is answered.
    Answer(http::Response<Vec<u8>>),
    /// The connection is cut without an answer; whatever the request did stays done.
    CutOff,
    /// It is answered, but only after this time.
    Late(Duration, http::Response<Vec<u8>>),
}
