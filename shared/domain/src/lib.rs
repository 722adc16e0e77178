//! Orders, shipments, packages, the ledger's states and the plan.
//!
//! Pure: no AWS, no HTTP, no runtime, no clock. What is decided about a parcel is decided here.

pub mod alert;
pub mod bulk;
pub mod carrier_policy;
pub mod confirmation;
pub mod connection;
pub mod connection_state;
pub mod facts;
pub mod history;
pub mod ids;
pub mod keys;
pub mod marketplace_order;
pub mod marketplace_rules;
pub mod matching;
pub mod money;
pub mod order;
pub mod outcome;
pub mod package;
pub mod plan;
pub mod recognise;
pub mod reversal;
pub mod secret_sets;
pub mod shipment_policy;
pub mod shipments;
pub mod state;
pub mod tracking;
