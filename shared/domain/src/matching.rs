//! Store lines to marketplace lines. Never by position.

use std::collections::BTreeMap;

use crate::ids::{OrderLineId, Sku, StoreLineId};
use crate::marketplace_order::OrderLine;
use crate::package::StoreUnits;
use crate::shipments::LineSkus;

/// What is known for matching one order's parcels.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The marketplace's lines.
    pub lines: &'a [OrderLine],
    /// SKUs of the store's lines.
    pub skus: &'a LineSkus,
    /// The account's SKU map: store SKU → marketplace SKU.
    pub sku_map: &'a BTreeMap<Sku, Sku>,
    /// The store says that nothing of its order is left to fulfil.
    pub closes_the_order: bool,
    /// How many lines the store order has, if that is known.
    pub store_lines: Option<usize>,
}

/// A parcel to be matched.
#[derive(Clone, Copy, Debug)]
pub struct ToMatch<'a> {
    /// Its units in the store's words.
    pub units: &'a StoreUnits,
    /// Its lines as they were matched before for these very units: kept, so that nothing confirmed moves.
    pub before: Option<&'a BTreeMap<OrderLineId, u32>>,
}

/// Matched lines, or the store lines that match nothing.
pub type Matched = Result<BTreeMap<OrderLineId, u32>, Vec<String>>;

/// Matches all parcels of an order together, in order of dispatch: first what was matched before, then by
/// exact SKU, then by the account's SKU map, then all that remains where that leaves no choice.
#[must_use]
pub fn match_lines(parcels: &[ToMatch<'_>], known: Known<'_>) -> Vec<Matched> {
    let mut left: BTreeMap<&OrderLineId, u32> =
        known.lines.iter().map(|line| (&line.id, line.confirmable())).collect();
    for before in parcels.iter().filter_map(|p| p.before) {
        for (line, units) in before {
            if let Some(left) = left.get_mut(line) {
                *left = left.saturating_sub(*units);
            }
        }
    }
    let mut results: Vec<Matched> = Vec::with_capacity(parcels.len());
    let mut open: Vec<(usize, StoreUnits)> = Vec::new();
    for (index, parcel) in parcels.iter().enumerate() {
        if let Some(before) = parcel.before {
            results.push(Ok(before.clone()));
            continue;
        }
        let mut matched = BTreeMap::new();
        let mut unmatched = StoreUnits::new();
        for (line, units) in parcel.units {
            let candidates = candidates(line, known);
            if candidates.is_empty() {
                unmatched.insert(line.clone(), *units);
            } else {
                allot(&candidates, *units, &mut left, &mut matched);
            }
        }
        if !unmatched.is_empty() {
            open.push((index, unmatched));
        }
        results.push(Ok(matched));
    }
    if let [(index, unmatched)] = open.as_slice()
        && let Some(rest) = all_that_remains(unmatched, &left, known)
        && let Some(Ok(matched)) = results.get_mut(*index)
    {
        for (line, units) in rest {
            *matched.entry(line).or_default() += units;
        }
        return results;
    }
    for (index, unmatched) in open {
        let names = unmatched.into_keys().map(|line| name_of(&line, known.skus)).collect();
        if let Some(result) = results.get_mut(index) {
            *result = Err(names);
        }
    }
    results
}

fn sku_of<'a>(line: &str, skus: &'a LineSkus) -> Option<&'a Sku> {
    skus.get(&StoreLineId::try_from(line).ok()?)?.as_ref()
}

fn name_of(line: &str, skus: &LineSkus) -> String {
    sku_of(line, skus).map_or_else(|| format!("line {line} (no SKU)"), |sku| format!("SKU {sku}"))
}

/// Marketplace lines that a store line may be: those of its own SKU, else those of the mapped SKU.
fn candidates<'a>(line: &str, known: Known<'a>) -> Vec<&'a OrderLineId> {
    let Some(sku) = sku_of(line, known.skus) else { return Vec::new() };
    let of = |wanted: &Sku| -> Vec<&'a OrderLineId> {
        known.lines.iter().filter(|l| l.sku.as_ref() == Some(wanted)).map(|l| &l.id).collect()
    };
    let exact = of(sku);
    if exact.is_empty() { known.sku_map.get(sku).map(of).unwrap_or_default() } else { exact }
}

/// Spreads units over lines of one SKU, each up to what it has left; what is too much goes on the last, where
/// the count of the order is checked and says so.
fn allot(
    candidates: &[&OrderLineId],
    mut units: u32,
    left: &mut BTreeMap<&OrderLineId, u32>,
    matched: &mut BTreeMap<OrderLineId, u32>,
) {
    for line in candidates {
        let available = left.get(*line).copied().unwrap_or(0);
        let take = units.min(available);
        if take > 0 {
            *matched.entry((*line).clone()).or_default() += take;
            if let Some(left) = left.get_mut(*line) {
                *left -= take;
            }
            units -= take;
        }
    }
    if units > 0
        && let Some(last) = candidates.last()
    {
        *matched.entry((*last).clone()).or_default() += units;
    }
}

/// Everything not yet spoken for, if these unmatched units can be nothing else: the units are as many, and
/// either both orders have one line or the store says that its order is closed.
fn all_that_remains(
    unmatched: &StoreUnits,
    left: &BTreeMap<&OrderLineId, u32>,
    known: Known<'_>,
) -> Option<BTreeMap<OrderLineId, u32>> {
    let wanted: u64 = unmatched.values().map(|u| u64::from(*u)).sum();
    let remaining: u64 = left.values().map(|u| u64::from(*u)).sum();
    let one_line = known.lines.len() == 1 && unmatched.len() == 1 && known.store_lines.is_none_or(|n| n == 1);
    let fits = if one_line { wanted <= remaining } else { known.closes_the_order && wanted == remaining };
    if !fits || wanted == 0 {
        return None;
    }
    if one_line {
        let (line, _) = left.first_key_value()?;
        return Some(BTreeMap::from([((*line).clone(), u32::try_from(wanted).ok()?)]));
    }
    Some(left.iter().filter(|(_, u)| **u > 0).map(|(line, u)| ((*line).clone(), *u)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, sku: &str, ordered: u32) -> OrderLine {
        OrderLine {
            id: id.try_into().unwrap(),
            sku: Sku::try_from(sku).ok(),
            ordered,
            cancelled: 0,
            shipped: None,
            paid: None,
            ship_by: None,
        }
    }

    fn skus(lines: &[(&str, &str)]) -> LineSkus {
        lines.iter().map(|(l, s)| ((*l).try_into().unwrap(), Sku::try_from(*s).ok())).collect()
    }

    fn units(lines: &[(&str, u32)]) -> StoreUnits {
        lines.iter().map(|(l, u)| ((*l).to_owned(), *u)).collect()
    }

    type Rows = Result<Vec<(String, u32)>, Vec<String>>;

    fn run(
        lines: &[OrderLine],
        s: &LineSkus,
        map: &[(&str, &str)],
        closes: bool,
        parcels: &[StoreUnits],
    ) -> Vec<Rows> {
        let sku_map = map.iter().map(|(a, b)| ((*a).try_into().unwrap(), (*b).try_into().unwrap())).collect();
        let known =
            Known { lines, skus: s, sku_map: &sku_map, closes_the_order: closes, store_lines: Some(s.len()) };
        let to_match: Vec<_> = parcels.iter().map(|units| ToMatch { units, before: None }).collect();
        match_lines(&to_match, known)
            .into_iter()
            .map(|m| m.map(|m| m.into_iter().map(|(l, u)| (l.to_string(), u)).collect()))
            .collect()
    }

    #[test]
    fn lines_match_by_sku_then_by_map_then_by_what_remains() {
        let two = [line("A", "red", 2), line("B", "blue", 1)];
        let ok =
            |rows: &[(&str, u32)]| Ok(rows.iter().map(|(l, u)| ((*l).to_owned(), *u)).collect::<Vec<_>>());
        assert_eq!(
            run(&two, &skus(&[("1", "blue"), ("2", "red")]), &[], false, &[units(&[("1", 1), ("2", 2)])]),
            [ok(&[("A", 2), ("B", 1)])],
            "exact, never by position"
        );
        assert_eq!(
            run(&two, &skus(&[("1", "rot"), ("2", "blue")]), &[("rot", "red")], false, &[units(&[("1", 1)])]),
            [ok(&[("A", 1)])],
            "by map"
        );
        assert_eq!(
            run(&two, &skus(&[("1", "rot"), ("2", "blue")]), &[], false, &[units(&[("1", 1), ("2", 1)])]),
            [Err(vec!["SKU rot".to_owned()])],
            "unclear"
        );
        assert_eq!(
            run(&two, &skus(&[("1", "rot"), ("2", "blue")]), &[], true, &[units(&[("1", 2), ("2", 1)])]),
            [ok(&[("A", 2), ("B", 1)])],
            "closes the order"
        );
        assert_eq!(
            run(&two, &skus(&[("1", "rot"), ("2", "blue")]), &[], true, &[units(&[("1", 1), ("2", 1)])]),
            [Err(vec!["SKU rot".to_owned()])],
            "closes, but the count differs"
        );
        assert_eq!(
            run(&[line("A", "red", 2)], &skus(&[("1", "")]), &[], false, &[units(&[("1", 1)])]),
            [ok(&[("A", 1)])],
            "one line"
        );
        assert_eq!(
            run(&[line("A", "red", 2)], &skus(&[("1", ""), ("2", "x")]), &[], false, &[units(&[("1", 1)])]),
            [Err(vec!["line 1 (no SKU)".to_owned()])],
            "one line there, two here"
        );
    }

    #[test]
    fn one_sku_on_two_lines_fills_them_in_turn() {
        let lines = [line("A", "red", 1), line("B", "red", 2)];
        let got = run(&lines, &skus(&[("1", "red")]), &[], false, &[units(&[("1", 1)]), units(&[("1", 2)])]);
        assert_eq!(got, [Ok(vec![("A".to_owned(), 1)]), Ok(vec![("B".to_owned(), 2)])]);
    }

    #[test]
    fn what_was_matched_before_stays() {
        let lines = [line("A", "red", 1), line("B", "red", 1)];
        let s = skus(&[("1", "red")]);
        let before = BTreeMap::from([(OrderLineId::try_from("A").unwrap(), 1)]);
        let first = units(&[("1", 1)]);
        let sku_map = BTreeMap::new();
        let known =
            Known { lines: &lines, skus: &s, sku_map: &sku_map, closes_the_order: false, store_lines: None };
        let got = match_lines(
            &[ToMatch { units: &first, before: None }, ToMatch { units: &first, before: Some(&before) }],
            known,
        );
        assert_eq!(got[0].as_ref().unwrap().keys().next().unwrap().as_str(), "B");
        assert_eq!(got[1].as_ref().unwrap(), &before);
    }
}
