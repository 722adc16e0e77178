//! Mappings as a file: taken over as a whole, and given out again.

use carriers::Mapping;
use carriers::csv::Target;
use jiff::Timestamp;
use ports::{Ledger, LedgerError};

use super::{CHUNK, MappingError, Place, TRIES, commit, head, list, write_of};

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lines that changed something.
    pub changed: usize,
    /// Lines that said what was known.
    pub unchanged: usize,
}

/// Reads a CSV file of mappings ([`carriers::csv`]) as an import would take it.
///
/// # Errors
/// [`MappingError::BadLines`] with every wrong line, or [`MappingError::TooManyPatterns`]; or the ledger.
pub async fn read_file(
    ledger: &dyn Ledger,
    place: &Place,
    file: &[u8],
    by: &str,
    now: Timestamp,
) -> Result<Vec<Mapping>, MappingError> {
    let target = Target { marketplace: &place.kind, country: place.country, by, at: now };
    let read = carriers::csv::import(file, target);
    if !read.bad.is_empty() {
        return Err(MappingError::BadLines(read.bad));
    }
    let head = head::load(ledger, &place.merchant).await?;
    head.value.has_room_for(&place.reach.to_string(), &read.mappings)?;
    Ok(read.mappings)
}

/// What an import of these mappings would do; nothing is stored.
///
/// # Errors
/// [`MappingError::Newer`], as the import would meet it; or the ledger.
pub async fn changes_of(
    ledger: &dyn Ledger,
    place: &Place,
    mappings: &[Mapping],
    now: Timestamp,
) -> Result<Imported, MappingError> {
    let mut done = Imported::default();
    for mapping in mappings {
        match write_of(ledger, place, mapping.clone(), now).await? {
            (Some(_), _) => done.changed += 1,
            (None, _) => done.unchanged += 1,
        }
    }
    Ok(done)
}

/// Takes a CSV file of mappings ([`carriers::csv`]) over as a whole: one wrong line, and nothing is stored.
///
/// Stored in steps of a hundred: after a failure in between, the same import again completes it.
///
/// # Errors
/// As [`read_file`]; or the ledger.
pub async fn import(
    ledger: &dyn Ledger,
    place: &Place,
    file: &[u8],
    by: &str,
    now: Timestamp,
) -> Result<Imported, MappingError> {
    let mappings = read_file(ledger, place, file, by, now).await?;
    store(ledger, place, &mappings, now).await
}

/// Stores what [`read_file`] read.
///
/// # Errors
/// [`MappingError::Newer`]; or the ledger.
pub async fn store(
    ledger: &dyn Ledger,
    place: &Place,
    mappings: &[Mapping],
    now: Timestamp,
) -> Result<Imported, MappingError> {
    let mut done = Imported::default();
    for part in mappings.chunks(CHUNK) {
        let changed = import_part(ledger, place, part, now).await?;
        done.changed += changed;
        done.unchanged += part.len() - changed;
    }
    Ok(done)
}

/// Stores one step of an import; returns how many mappings it changed.
async fn import_part(
    ledger: &dyn Ledger,
    place: &Place,
    part: &[Mapping],
    now: Timestamp,
) -> Result<usize, MappingError> {
    for _ in 0..TRIES {
        let mut rows = Vec::with_capacity(part.len());
        for mapping in part {
            if let (Some(write), row) = write_of(ledger, place, mapping.clone(), now).await? {
                rows.push((write, row));
            }
        }
        let changed = rows.len();
        if changed == 0 {
            return Ok(0);
        }
        let mappings: Vec<Mapping> = rows.iter().map(|(_, row)| row.mapping.clone()).collect();
        let changes = rows.into_iter().zip(&mappings).map(|((write, _), mapping)| (write, mapping, false));
        match commit(ledger, place, changes.collect(), now).await {
            Ok(()) => return Ok(changed),
            Err(MappingError::Ledger(LedgerError::Conflict)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// Every mapping of one reach as CSV, to be edited and imported again.
///
/// # Errors
/// The ledger does not answer.
pub async fn export(ledger: &dyn Ledger, place: &Place) -> Result<String, LedgerError> {
    let all = list(ledger, &place.merchant, Some(&place.reach)).await?;
    Ok(carriers::csv::export(all.iter().map(|row| &row.mapping)))
}
