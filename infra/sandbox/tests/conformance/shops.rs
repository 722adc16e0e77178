//! The suite of stores.

mod deliveries;
mod registered;
mod shop;
mod shopify;
mod tokens;
mod trouble;
mod visits;
mod world;
