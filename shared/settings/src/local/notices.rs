//! What a marketplace account wishes the buyer to be mailed: `[connections.notify_buyer]`.
//!
//! Nothing of it is kept, since no marketplace leaves it to the seller: what it lets nobody choose is refused here, with
//! its reason, instead of looking as if it worked.

use super::Kinds;
use super::carriers::one_of;
use crate::toml_tree::Section;

/// What is wished for one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Whatever the marketplace does.
    Default,
    /// The buyer is mailed.
    Send,
    /// The buyer is not mailed.
    Suppress,
}

const WISHES: [(&str, Notice); 3] =
    [("default", Notice::Default), ("send", Notice::Send), ("suppress", Notice::Suppress)];

/// Checks what is wished against what the kind lets a seller choose.
pub(super) fn check(section: Section<'_>, kind: &str, kinds: &dyn Kinds) {
    for event in ["shipped", "delivered", "cancelled", "refunded"] {
        let Some(node) = section.get(event) else { continue };
        let Some(wish) = one_of(&node, &WISHES) else { continue };
        if let Some(why) = kinds.refuses_notice(kind, wish) {
            node.problem(format!("cannot be chosen: {why}"));
        }
    }
    section.finish();
}
