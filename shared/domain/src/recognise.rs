//! Which parcel is which package of the ledger.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::ids::FulfillmentId;
use crate::package::{Origin, Package};
use crate::shipments::Parcel;
use crate::state::StateName;
use crate::tracking::TrackingNumber;

/// For each parcel the index of its package, or `None` for a new one; and the packages left without a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// One per parcel, in the same order.
    pub packages: Vec<Option<usize>>,
    /// Packages that no parcel stands for any more.
    pub left_over: Vec<usize>,
    /// Packages never sent whose parcel turned out to be another package's: which, and whose.
    pub superseded: Vec<(usize, usize)>,
}

/// Recognises parcels as packages of the ledger.
///
/// Same number from any source → same fulfillment, where what is left over pairs up by count → a new
/// fulfillment covering exactly the units of a package that lost its own → otherwise new.
#[must_use]
pub fn recognise(packages: &[Package], parcels: &[Parcel]) -> Recognised {
    let mut found: Vec<Option<usize>> = vec![None; parcels.len()];
    // What another package took the place of stands for no parcel any more, or the two would take turns.
    let current = |index: &usize| !packages.get(*index).is_some_and(is_superseded);
    let mut free: BTreeSet<usize> = (0..packages.len()).filter(current).collect();
    let mut take = |found: &mut Vec<Option<usize>>, parcel: usize, package: usize| {
        if let Some(slot) = found.get_mut(parcel) {
            *slot = Some(package);
        }
        free.remove(&package);
    };

    // 1. The same number: the wanted one first, then any that the marketplace may have been told.
    for latest_only in [true, false] {
        for (at, parcel) in parcels.iter().enumerate() {
            if found.get(at).is_some_and(Option::is_some) {
                continue;
            }
            let Some(number) = &parcel.number else { continue };
            let taken: BTreeSet<usize> = found.iter().flatten().copied().collect();
            let hit = packages
                .iter()
                .enumerate()
                .filter(|(index, _)| current(index) && !taken.contains(index))
                .find(|(_, package)| has_number(package, number, latest_only));
            if let Some((index, _)) = hit {
                take(&mut found, at, index);
            }
        }
    }

    // 2. The same fulfillment, if what is left over pairs up by count; what was never sent pairs in any case.
    let fulfillments: BTreeSet<&Origin> = parcels.iter().flat_map(|p| &p.origins).collect();
    for origin in fulfillments {
        let taken: BTreeSet<usize> = found.iter().flatten().copied().collect();
        let open_parcels: Vec<usize> = parcels
            .iter()
            .enumerate()
            .filter(|(at, p)| found.get(*at).is_some_and(Option::is_none) && p.origins.contains(origin))
            .map(|(at, _)| at)
            .collect();
        let mut open_packages: Vec<usize> = packages
            .iter()
            .enumerate()
            .filter(|(index, p)| current(index) && !taken.contains(index) && p.origins.contains(origin))
            .map(|(index, _)| index)
            .collect();
        if open_packages.len() != open_parcels.len() {
            open_packages.retain(|index| packages.get(*index).is_some_and(never_sent));
        }
        for (parcel, package) in open_parcels.into_iter().zip(open_packages) {
            take(&mut found, parcel, package);
        }
    }

    // 3. A new fulfillment with exactly the units of a package whose own fulfillments are gone.
    let live: BTreeSet<&FulfillmentId> =
        parcels.iter().flat_map(|p| p.origins.iter().map(|o| &o.fulfillment)).collect();
    for (at, parcel) in parcels.iter().enumerate() {
        if found.get(at).is_some_and(Option::is_some) || parcel.units.is_empty() {
            continue;
        }
        let taken: BTreeSet<usize> = found.iter().flatten().copied().collect();
        let heir_of = packages.iter().enumerate().find(|(index, package)| {
            current(index)
                && !taken.contains(index)
                && package.origins.iter().all(|o| !live.contains(&o.fulfillment))
                && package.wanted().is_some_and(|v| v.content.units == parcel.units)
        });
        if let Some((index, _)) = heir_of {
            take(&mut found, at, index);
        }
    }
    let superseded = inherit_late(packages, parcels, &live, &mut found, &mut free);
    Recognised { packages: found, left_over: free.into_iter().collect(), superseded }
}

/// The void of a confirmed package arrived after its new label, which became a package of its own: nothing was
/// sent of that one yet, so the confirmed one inherits after all. The order of messages must not matter.
fn inherit_late(
    packages: &[Package],
    parcels: &[Parcel],
    live: &BTreeSet<&FulfillmentId>,
    found: &mut [Option<usize>],
    free: &mut BTreeSet<usize>,
) -> Vec<(usize, usize)> {
    let mut superseded = Vec::new();
    let orphans: Vec<usize> = free
        .iter()
        .copied()
        .filter(|index| {
            packages.get(*index).is_some_and(|p| {
                p.confirmed.is_some() && p.origins.iter().all(|o| !live.contains(&o.fulfillment))
            })
        })
        .collect();
    for orphan in orphans {
        let Some(units) = packages.get(orphan).and_then(Package::wanted).map(|v| &v.content.units) else {
            continue;
        };
        let heir = parcels.iter().zip(found.iter_mut()).find_map(|(parcel, slot)| {
            let young = (*slot).filter(|index| packages.get(*index).is_some_and(never_sent))?;
            (!units.is_empty() && *units == parcel.units).then_some((slot, young))
        });
        if let Some((slot, young)) = heir {
            *slot = Some(orphan);
            free.remove(&orphan);
            superseded.push((young, orphan));
        }
    }
    superseded
}

fn has_number(package: &Package, number: &TrackingNumber, latest_only: bool) -> bool {
    let is = |n: Option<&TrackingNumber>| n.is_some_and(|n| n.folded() == number.folded());
    if latest_only {
        is(package.wanted().and_then(|v| v.content.number.as_ref()))
    } else {
        package.versions.iter().any(|v| is(v.content.number.as_ref()))
    }
}

fn is_superseded(package: &Package) -> bool {
    package.state.name() == StateName::Superseded
}

fn never_sent(package: &Package) -> bool {
    package.confirmed.is_none() && package.state.doubtful_version().is_none()
}

/// The key of a new package: from its first fulfillment, and how many that one has already.
///
/// Two workers that see the same facts arrive at the same key, so the ledger lets only one of them create it.
#[must_use]
pub fn new_key(parcel: &Parcel, packages: &[Package]) -> String {
    let first = parcel.origins.iter().next();
    let mut nth = 0_u32;
    loop {
        let mut hash = Sha256::new();
        if let Some(origin) = first {
            for part in [
                origin.store_order.account.merchant.as_str(),
                origin.store_order.account.connection.as_str(),
                origin.store_order.order.as_str(),
                origin.fulfillment.as_str(),
            ] {
                hash.update(part.as_bytes());
                hash.update([0]);
            }
        }
        hash.update(nth.to_be_bytes());
        let key: String = hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect();
        if !packages.iter().any(|p| p.key == key) {
            return key;
        }
        nth += 1;
    }
}

/// The least reference: counting from 1 could overwrite a package that a person or another tool confirmed.
const FIRST_REFERENCE: u32 = 100_000_000;
/// How many references there are.
const REFERENCES: u32 = 900_000_000;

/// The reference of a package: derived from its key, and free of those that the order uses already.
///
/// Contract: Amazon `packageReferenceId`, a positive number unique in the order; the same again is an edit.
#[must_use]
pub fn new_reference(key: &str, used: impl Fn(u32) -> bool) -> u32 {
    let digest = Sha256::digest(key.as_bytes());
    let mut offset =
        digest.iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte)) % REFERENCES;
    // At most as many steps as the order has packages.
    while used(FIRST_REFERENCE + offset) {
        offset = (offset + 1) % REFERENCES;
    }
    FIRST_REFERENCE + offset
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Account, MarketplaceOrderRef, StoreOrderRef};
    use crate::package::{Content, StoreUnits, Version};
    use crate::state::{State, Waiting};
    use jiff::Timestamp;

    fn origin(fulfillment: &str) -> Origin {
        Origin {
            store_order: StoreOrderRef {
                account: Account::new("m".try_into().unwrap(), "shop".try_into().unwrap()),
                order: "1".try_into().unwrap(),
            },
            fulfillment: fulfillment.try_into().unwrap(),
        }
    }

    fn units(n: u32) -> StoreUnits {
        StoreUnits::from([("x".to_owned(), n)])
    }

    fn parcel(fulfillment: &str, number: &str, n: u32) -> Parcel {
        Parcel {
            origins: BTreeSet::from([origin(fulfillment)]),
            number: TrackingNumber::try_from(number).ok(),
            carrier: None,
            service: None,
            shipped_at: Timestamp::UNIX_EPOCH,
            units: units(n),
            country: None,
            surplus: false,
        }
    }

    fn package(fulfillment: &str, number: &str, n: u32, confirmed: bool) -> Package {
        Package {
            goes_first: false,
            cancels_at: None,
            schema: 1,
            key: format!("{fulfillment}-{number}"),
            order: MarketplaceOrderRef {
                account: Account::new("m".try_into().unwrap(), "amazon".try_into().unwrap()),
                order: "1".try_into().unwrap(),
            },
            reference: 1,
            origins: BTreeSet::from([origin(fulfillment)]),
            versions: vec![Version {
                n: 1,
                content: Content {
                    number: TrackingNumber::try_from(number).ok(),
                    carrier: None,
                    service: None,
                    units: units(n),
                    lines: None,
                    shipped_at: Timestamp::UNIX_EPOCH,
                },
                ship_date: None,
                sent_carrier: None,
                refused_carrier: None,
            }],
            confirmed: confirmed.then_some(1),
            state: State::Planned { not_before: Timestamp::UNIX_EPOCH, waiting: Waiting::Nothing },
            attempts: 0,
            failures: 0,
            ruling: None,
            ship_by: None,
            remind_before: std::time::Duration::from_secs(14400),
            decided_again_at: None,
            their_reference: None,
            in_bulk: false,
            earlier_numbers: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
            alerts: crate::alert::Alerts::default(),
            history: crate::history::History::default(),
        }
    }

    #[test]
    fn packages_are_recognised() {
        let cases = [
            (
                "same number from another source",
                vec![package("f1", "A", 1, true)],
                vec![parcel("g9", "a ", 1)],
                vec![Some(0)],
                vec![],
            ),
            (
                "number corrected",
                vec![package("f1", "A", 1, true)],
                vec![parcel("f1", "B", 1)],
                vec![Some(0)],
                vec![],
            ),
            (
                "number added",
                vec![package("f1", "", 1, false)],
                vec![parcel("f1", "B", 1)],
                vec![Some(0)],
                vec![],
            ),
            (
                "second number added",
                vec![package("f1", "A", 2, true)],
                vec![parcel("f1", "A", 1), parcel("f1", "B", 1)],
                vec![Some(0), None],
                vec![],
            ),
            (
                "one of two corrected",
                vec![package("f1", "A", 1, true), package("f1", "B", 1, true)],
                vec![parcel("f1", "C", 1), parcel("f1", "B", 1)],
                vec![Some(0), Some(1)],
                vec![],
            ),
            (
                "voided, new label with the same units",
                vec![package("f1", "A", 2, true)],
                vec![parcel("f2", "B", 2)],
                vec![Some(0)],
                vec![],
            ),
            (
                "voided, another parcel",
                vec![package("f1", "A", 2, true)],
                vec![parcel("f2", "B", 1)],
                vec![None],
                vec![0],
            ),
            (
                "two parcels of one order",
                vec![package("f1", "A", 1, true)],
                vec![parcel("f1", "A", 1), parcel("f2", "B", 1)],
                vec![Some(0), None],
                vec![],
            ),
            (
                "confirmed one replaced by two: unclear which",
                vec![package("f1", "A", 2, true)],
                vec![parcel("f1", "B", 1), parcel("f1", "C", 1)],
                vec![None, None],
                vec![0],
            ),
        ];
        for (name, packages, parcels, want, left) in cases {
            let got = recognise(&packages, &parcels);
            assert_eq!(got.packages, want, "{name}");
            assert_eq!(got.left_over, left, "{name}");
        }
    }

    #[test]
    fn a_superseded_package_takes_its_parcel_back_from_nobody() {
        // By its key the superseded one comes first.
        let mut young = package("f2", "B", 2, false);
        young.state = State::Superseded { by: "f1-A".into() };
        let mut heir = package("f1", "A", 2, true);
        let mut second = heir.versions[0].clone();
        second.n = 2;
        second.content.number = TrackingNumber::try_from("B").ok();
        heir.versions.push(second);
        heir.origins.insert(origin("f2"));
        let got = recognise(&[young, heir], &[parcel("f2", "B", 2)]);
        assert_eq!(got.packages, [Some(1)]);
        assert!(got.left_over.is_empty() && got.superseded.is_empty(), "{got:?}");
    }

    #[test]
    fn references_are_stable_free_and_in_range() {
        let first = new_reference("key", |_| false);
        assert!((100_000_000..=999_999_999).contains(&first));
        assert_eq!(first, new_reference("key", |_| false));
        assert_ne!(first, new_reference("key", |r| r == first));
    }
}
