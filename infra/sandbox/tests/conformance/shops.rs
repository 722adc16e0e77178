//! The suite of stores.
