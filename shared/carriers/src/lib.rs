//! Who carries a parcel, and what a marketplace calls them.
//!
//! Pure. A text that a store wrote goes through [`resolve()`]: the merchant's own mappings first, then the
//! built-in names. Whatever neither knows is said to be unknown, with near codes to choose from; nothing is
//! guessed and nothing becomes *Other* by itself. What a tracking number says about its carrier is [`number`]. How to
//! add a carrier or a list: `docs/carriers.md`.

mod accepted;
mod aliases;
mod carrier;
mod codes;
pub mod csv;
mod fold;
mod house;
mod how;
mod mapping;
mod nothing;
pub mod number;
mod recognise;
#[cfg(test)]
mod resolution;
mod resolve;
mod services;
mod suggest;

pub use accepted::{AcceptedCodes, accepted, countries, is_other};
pub use carrier::Carrier;
pub use codes::{ServiceField, code, service_field};
pub use fold::fold;
pub use how::{How, is_exact_key, key};
pub use mapping::{Mapping, MappingProblem};
pub use nothing::says_nothing;
pub use recognise::{Named, lookup_keys, matching, recognise};
pub use resolve::{Because, Decision, Question, Scope, other, resolve};
pub use suggest::carriers_in;
