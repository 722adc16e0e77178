//! From fulfillments to parcels: one parcel per tracking number, units dealt to numbers in order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::facts::{FoldedFulfillment, FulfillmentStatus};
use crate::ids::{Sku, StoreLineId, StoreOrderRef};
use crate::package::{Origin, StoreUnits};
use crate::tracking::TrackingNumber;

/// A parcel that the stores say has left, before its lines are matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The fulfillments it is made of.
    pub origins: BTreeSet<Origin>,
    /// Its number, if the store has one.
    pub number: Option<TrackingNumber>,
    /// The carrier as somebody wrote it.
    pub carrier: Option<String>,
    /// The service as somebody wrote it.
    pub service: Option<String>,
    /// When it left.
    pub shipped_at: Timestamp,
    /// The country it left from, where a store says.
    pub country: Option<String>,
    /// Units per store line.
    pub units: StoreUnits,
    /// A number of a fulfillment with fewer units than numbers: shown, never sent.
    pub surplus: bool,
}

/// A fulfillment of a store order, with what is needed to match its lines.
#[derive(Clone, Copy, Debug)]
pub struct Shipped<'a> {
    /// The order.
    pub store_order: &'a StoreOrderRef,
    /// The fulfillment.
    pub fulfillment: &'a FoldedFulfillment,
}

/// The SKU of each store line, as fulfillments or the order name it.
pub type LineSkus = BTreeMap<StoreLineId, Option<Sku>>;

/// All live parcels of one marketplace order, in order of dispatch.
///
/// The same number in several fulfillments of one store connection is one parcel with the units of all; the
/// same number from two connections is the same parcel told twice, and the first connection's telling counts.
#[must_use]
pub fn parcels<'a>(fulfillments: impl IntoIterator<Item = Shipped<'a>>) -> Vec<Parcel> {
    let mut live: Vec<Shipped<'_>> =
        fulfillments.into_iter().filter(|s| s.fulfillment.fact.status == FulfillmentStatus::Live).collect();
    live.sort_by(|a, b| {
        let rank = |s: &Shipped<'_>| (s.fulfillment.fact.shipped_at, s.fulfillment.fact.id.clone());
        (rank(a), a.store_order).cmp(&(rank(b), b.store_order))
    });
    let mut all: Vec<Parcel> = Vec::new();
    for shipped in live {
        for parcel in deal(shipped) {
            let same = |known: &&mut Parcel| match (&known.number, &parcel.number) {
                (Some(a), Some(b)) => a.folded() == b.folded(),
                _ => false,
            };
            match all.iter_mut().find(same) {
                None => all.push(parcel),
                Some(known) => merge(known, parcel),
            }
        }
    }
    all
}

fn merge(known: &mut Parcel, other: Parcel) {
    let accounts =
        |p: &Parcel| -> BTreeSet<_> { p.origins.iter().map(|o| o.store_order.account.clone()).collect() };
    if accounts(known).is_superset(&accounts(&other)) {
        for (line, units) in other.units {
            *known.units.entry(line).or_default() += units;
        }
    }
    known.surplus &= other.surplus;
    known.origins.extend(other.origins);
    known.carrier = known.carrier.take().or(other.carrier);
    known.service = known.service.take().or(other.service);
    known.country = known.country.take().or(other.country);
}

/// Deals a fulfillment's units to its numbers, in order, as evenly as whole units allow.
fn deal(shipped: Shipped<'_>) -> Vec<Parcel> {
    let fact = &shipped.fulfillment.fact;
    let (numbers, _) = TrackingNumber::split_all(fact.tracking.iter().map(String::as_str));
    let origin = Origin { store_order: shipped.store_order.clone(), fulfillment: fact.id.clone() };
    let parcel = |number: Option<TrackingNumber>, units: StoreUnits, surplus: bool| Parcel {
        origins: BTreeSet::from([origin.clone()]),
        number,
        carrier: fact.carrier.clone(),
        service: fact.service.clone(),
        shipped_at: fact.shipped_at,
        country: fact.country.clone(),
        units,
        surplus,
    };
    let mut all_units = StoreUnits::new();
    for line in &fact.lines {
        *all_units.entry(line.line.as_str().to_owned()).or_default() += line.quantity;
    }
    all_units.retain(|_, units| *units > 0);
    if numbers.len() <= 1 {
        return vec![parcel(numbers.into_iter().next(), all_units, false)];
    }
    let total: u64 = all_units.values().map(|u| u64::from(*u)).sum();
    let count = numbers.len() as u64;
    let mut left = all_units.into_iter().peekable();
    let mut dealt = Vec::new();
    for (index, number) in (0_u64..).zip(numbers) {
        // The first `total % count` numbers get one more: every unit is dealt, in order.
        let mut share = total / count + u64::from(index < total % count);
        let surplus = share == 0;
        let mut units = StoreUnits::new();
        while share > 0 {
            let Some((line, available)) = left.peek_mut() else { break };
            let take = u32::try_from(share).unwrap_or(u32::MAX).min(*available);
            *units.entry(line.clone()).or_default() += take;
            *available -= take;
            share -= u64::from(take);
            if *available == 0 {
                left.next();
            }
        }
        dealt.push(parcel(Some(number), units, surplus));
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{FulfilledLine, Fulfillment, Source};
    use crate::ids::{Account, FulfillmentId};
    use proptest::prelude::*;

    fn store_order(connection: &str) -> StoreOrderRef {
        StoreOrderRef {
            account: Account::new("m".try_into().unwrap(), connection.try_into().unwrap()),
            order: "1".try_into().unwrap(),
        }
    }

    fn fulfillment(id: &str, tracking: &[&str], lines: &[(&str, u32)]) -> FoldedFulfillment {
        FoldedFulfillment::new(Fulfillment {
            id: FulfillmentId::try_from(id).unwrap(),
            updated_at: Timestamp::UNIX_EPOCH,
            source: Source::Webhook,
            status: FulfillmentStatus::Live,
            shipped_at: Timestamp::UNIX_EPOCH,
            carrier: Some("UPS".into()),
            service: None,
            tracking: tracking.iter().map(|t| (*t).to_owned()).collect(),
            lines: lines
                .iter()
                .map(|(l, q)| FulfilledLine { line: (*l).try_into().unwrap(), sku: None, quantity: *q })
                .collect(),
            location: None,
            country: None,
        })
    }

    fn told(parcels: &[Parcel]) -> Vec<(String, Vec<u32>)> {
        parcels
            .iter()
            .map(|p| {
                (
                    p.number.as_ref().map_or("-".into(), TrackingNumber::folded),
                    p.units.values().copied().collect(),
                )
            })
            .collect()
    }

    #[test]
    fn units_are_dealt_to_numbers_in_order() {
        let order = store_order("shop");
        let cases = [
            ("one number", fulfillment("1", &["A"], &[("x", 2), ("y", 1)]), vec![("A", vec![2, 1])]),
            ("none", fulfillment("1", &[], &[("x", 2)]), vec![("-", vec![2])]),
            (
                "two",
                fulfillment("1", &["A", "B"], &[("x", 2), ("y", 1)]),
                vec![("A", vec![2]), ("B", vec![1])],
            ),
            (
                "across lines",
                fulfillment("1", &["A,B"], &[("x", 1), ("y", 3)]),
                vec![("A", vec![1, 1]), ("B", vec![2])],
            ),
            (
                "more numbers than units",
                fulfillment("1", &["A", "B", "C"], &[("x", 2)]),
                vec![("A", vec![1]), ("B", vec![1]), ("C", vec![])],
            ),
        ];
        for (name, fulfillment, want) in cases {
            let parcels = parcels([Shipped { store_order: &order, fulfillment: &fulfillment }]);
            let want: Vec<_> = want.into_iter().map(|(n, u)| (n.to_owned(), u)).collect();
            assert_eq!(told(&parcels), want, "{name}");
            assert_eq!(
                parcels.iter().filter(|p| p.surplus).count(),
                usize::from(name.starts_with("more")),
                "{name}"
            );
        }
    }

    #[test]
    fn one_number_told_by_two_connections_is_one_parcel() {
        let (shop, station) = (store_order("shop"), store_order("station"));
        let (a, b) = (fulfillment("1", &["1z 1"], &[("x", 2)]), fulfillment("9", &["1Z1"], &[("77", 2)]));
        let all = parcels([
            Shipped { store_order: &shop, fulfillment: &a },
            Shipped { store_order: &station, fulfillment: &b },
        ]);
        assert_eq!(told(&all), [("1Z1".to_owned(), vec![2])]);
        assert_eq!(all[0].origins.len(), 2);
    }

    #[test]
    fn one_number_in_two_fulfillments_of_a_shop_holds_both() {
        let shop = store_order("shop");
        let (a, b) = (fulfillment("1", &["A"], &[("x", 2)]), fulfillment("2", &["A"], &[("x", 1)]));
        let all = parcels([
            Shipped { store_order: &shop, fulfillment: &a },
            Shipped { store_order: &shop, fulfillment: &b },
        ]);
        assert_eq!(told(&all), [("A".to_owned(), vec![3])]);
    }

    proptest! {
        #[test]
        fn every_unit_is_dealt_exactly_once(quantities in prop::collection::vec(1u32..50, 1..6), numbers in 0usize..8) {
            let order = store_order("shop");
            let names: Vec<String> = (0..numbers).map(|n| format!("N{n}")).collect();
            let lines: Vec<String> = (0..quantities.len()).map(|n| format!("l{n}")).collect();
            let f = fulfillment(
                "1",
                &names.iter().map(String::as_str).collect::<Vec<_>>(),
                &lines.iter().map(String::as_str).zip(quantities.iter().copied()).collect::<Vec<_>>(),
            );
            let all = parcels([Shipped { store_order: &order, fulfillment: &f }]);
            for (line, quantity) in lines.iter().zip(&quantities) {
                let dealt: u32 = all.iter().filter_map(|p| p.units.get(line)).sum();
                prop_assert_eq!(dealt, *quantity);
            }
            prop_assert_eq!(all.len(), numbers.max(1));
        }
    }
}
