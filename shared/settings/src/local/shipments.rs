//! What is told of parcels that a marketplace takes in more than one way: `[shipments]`, at any level.

use std::time::Duration;

use domain::shipment_policy::{Corrections, SeveralParcels, ShipmentPolicy, WithoutNumber};

use super::carriers::{one_of, seconds};
use crate::toml_tree::Section;

/// What one level says; what it leaves open comes from the level above.
#[derive(Clone, Debug, Default)]
pub(super) struct ShipmentsLevel {
    several_parcels: Option<SeveralParcels>,
    corrections: Option<Corrections>,
    without_number: Option<WithoutNumber>,
    near: Option<Duration>,
}

const SEVERAL: [(&str, SeveralParcels); 3] = [
    ("first", SeveralParcels::First),
    ("each", SeveralParcels::Each),
    ("last-or-deadline", SeveralParcels::LastOrDeadline),
];
const CORRECTIONS: [(&str, Corrections); 2] =
    [("ask", Corrections::Ask), ("another-row", Corrections::AnotherRow)];
const WITHOUT: [(&str, WithoutNumber); 3] = [
    ("hold", WithoutNumber::Hold),
    ("send-near-deadline", WithoutNumber::SendNearDeadline),
    ("send", WithoutNumber::Send),
];

impl ShipmentsLevel {
    pub(super) fn read(section: Section<'_>) -> Self {
        let level = Self {
            several_parcels: section.get("several_parcels").and_then(|node| one_of(&node, &SEVERAL)),
            corrections: section.get("corrections").and_then(|node| one_of(&node, &CORRECTIONS)),
            without_number: section.get("without_number").and_then(|node| one_of(&node, &WITHOUT)),
            near: section.get("near").and_then(|node| seconds(&node)),
        };
        section.finish();
        level
    }

    /// Lays it over what farther levels say.
    pub(super) fn lay_over(&self, policy: &mut ShipmentPolicy) {
        policy.several_parcels = self.several_parcels.unwrap_or(policy.several_parcels);
        policy.corrections = self.corrections.unwrap_or(policy.corrections);
        policy.without_number = self.without_number.unwrap_or(policy.without_number);
        policy.near = self.near.unwrap_or(policy.near);
    }
}
