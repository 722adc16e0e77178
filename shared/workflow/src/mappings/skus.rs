//! SKU maps: what the merchant calls a product at the store, and what at a marketplace account.

use std::collections::BTreeMap;

use domain::ids::{Account, Sku};
use domain::keys::{ItemKey, Table, sku_mappings_of};
use jiff::Timestamp;
use ports::{Ledger, LedgerError, Write};
use serde::{Deserialize, Serialize};

use super::{CHUNK, Imported, MappingError, TRIES};
use crate::records::{self, Loaded, Record, Stored};

/// The largest file of SKUs that is read, bytes.
const MOST_BYTES: usize = 10_000_000;
/// The columns of a file of SKUs.
const COLUMNS: [&str; 2] = ["store_sku", "marketplace_sku"];

/// One product under both names. A removed one stays, so that versions go on counting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuMapping {
    /// Layout of this record.
    pub schema: u16,
    /// The marketplace account.
    pub account: Account,
    /// At the store, exact.
    pub store_sku: Sku,
    /// At the marketplace, exact.
    pub marketplace_sku: Sku,
    /// When it was set.
    pub set_at: Timestamp,
    /// Who set it.
    pub set_by: String,
    /// Counts up with every change.
    pub version: u32,
    /// Not in force any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

impl Record for SkuMapping {
    const SCHEMA: u16 = 1;

    fn key(&self) -> ItemKey {
        ItemKey::sku_mapping(&self.account, self.store_sku.as_str())
    }
}

/// A line of a file of SKUs that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct BadSkuLine {
    /// Counted from 1, as an editor shows it.
    pub line: u64,
    /// What is wrong with it.
    pub wrong: String,
}

/// The SKU map of a marketplace account: store SKU → marketplace SKU.
///
/// # Errors
/// The ledger does not answer.
pub async fn sku_map(ledger: &dyn Ledger, account: &Account) -> Result<BTreeMap<Sku, Sku>, LedgerError> {
    let all = sku_list(ledger, account).await?;
    Ok(all.into_iter().map(|row| (row.store_sku, row.marketplace_sku)).collect())
}

/// The same with who and when, by store SKU.
///
/// # Errors
/// The ledger does not answer.
pub async fn sku_list(ledger: &dyn Ledger, account: &Account) -> Result<Vec<SkuMapping>, LedgerError> {
    let items = ledger.query(Table::CarrierMappings, &sku_mappings_of(account)).await?;
    let mut all: Vec<SkuMapping> = items
        .iter()
        // What cannot be read maps nothing: the line is held and asked about, never guessed.
        .filter_map(|item| serde_json::from_str::<SkuMapping>(&item.body).ok())
        .filter(|row| !row.removed)
        .collect();
    all.sort_by(|a, b| a.store_sku.cmp(&b.store_sku));
    Ok(all)
}

/// Maps a store SKU to the account's own, in the next version. The same again changes nothing.
///
/// # Errors
/// The ledger does not answer, or a newer version of this code wrote what stands there.
pub async fn sku_set(
    ledger: &dyn Ledger,
    account: &Account,
    store_sku: &Sku,
    marketplace_sku: &Sku,
    by: &str,
    now: Timestamp,
) -> Result<SkuMapping, MappingError> {
    for _ in 0..TRIES {
        let (write, stored) = write_of(ledger, account, store_sku, marketplace_sku, by, now).await?;
        let Some(write) = write else { return Ok(stored) };
        match ledger.commit(vec![write]).await {
            Ok(()) => return Ok(stored),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

async fn write_of(
    ledger: &dyn Ledger,
    account: &Account,
    store_sku: &Sku,
    marketplace_sku: &Sku,
    by: &str,
    now: Timestamp,
) -> Result<(Option<Write>, SkuMapping), MappingError> {
    let fresh = SkuMapping {
        schema: SkuMapping::SCHEMA,
        account: account.clone(),
        store_sku: store_sku.clone(),
        marketplace_sku: marketplace_sku.clone(),
        set_at: now,
        set_by: by.to_owned(),
        version: 1,
        removed: false,
    };
    let stored = match records::load::<SkuMapping>(ledger, &fresh.key()).await? {
        Loaded::Foreign => return Err(MappingError::Newer(store_sku.to_string())),
        Loaded::Absent => Stored::new(fresh),
        Loaded::Known(stored)
            if !stored.value.removed && stored.value.marketplace_sku == *marketplace_sku =>
        {
            return Ok((None, stored.value));
        }
        Loaded::Known(mut stored) => {
            stored.value = SkuMapping { version: stored.value.version + 1, ..fresh };
            *stored
        }
    };
    let value = stored.value.clone();
    Ok((Some(stored.into_write(now)), value))
}

/// Takes a SKU out of the map; `None` if it was not in it.
///
/// # Errors
/// The ledger does not answer, or a newer version of this code wrote it.
pub async fn sku_remove(
    ledger: &dyn Ledger,
    account: &Account,
    store_sku: &Sku,
    by: &str,
    now: Timestamp,
) -> Result<Option<SkuMapping>, MappingError> {
    let key = ItemKey::sku_mapping(account, store_sku.as_str());
    for _ in 0..TRIES {
        let mut stored = match records::load::<SkuMapping>(ledger, &key).await? {
            Loaded::Absent => return Ok(None),
            Loaded::Foreign => return Err(MappingError::Newer(store_sku.to_string())),
            Loaded::Known(stored) => *stored,
        };
        let row = &mut stored.value;
        if row.removed {
            return Ok(None);
        }
        (row.removed, row.version, row.set_at, row.set_by) = (true, row.version + 1, now, by.to_owned());
        let removed = row.clone();
        match ledger.commit(vec![stored.into_write(now)]).await {
            Ok(()) => return Ok(Some(removed)),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// Takes a CSV file (`store_sku,marketplace_sku`) over as a whole: one wrong line, and nothing is stored.
///
/// Stored in steps of a hundred: after a failure in between, the same import again completes it.
///
/// # Errors
/// [`MappingError::BadSkuLines`] with every wrong line; or the ledger.
pub async fn sku_import(
    ledger: &dyn Ledger,
    account: &Account,
    file: &[u8],
    by: &str,
    now: Timestamp,
) -> Result<Imported, MappingError> {
    let rows = read_file(file).map_err(MappingError::BadSkuLines)?;
    let mut done = Imported::default();
    for part in rows.chunks(CHUNK) {
        let changed = import_part(ledger, account, part, by, now).await?;
        done.changed += changed;
        done.unchanged += part.len() - changed;
    }
    Ok(done)
}

/// Stores one step of an import; returns how many rows it changed.
async fn import_part(
    ledger: &dyn Ledger,
    account: &Account,
    part: &[(Sku, Sku)],
    by: &str,
    now: Timestamp,
) -> Result<usize, MappingError> {
    for _ in 0..TRIES {
        let mut writes: Vec<Write> = Vec::with_capacity(part.len());
        for (store, marketplace) in part {
            writes.extend(write_of(ledger, account, store, marketplace, by, now).await?.0);
        }
        let changed = writes.len();
        if changed == 0 {
            return Ok(0);
        }
        match ledger.commit(writes).await {
            Ok(()) => return Ok(changed),
            Err(LedgerError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LedgerError::Conflict.into())
}

/// Reads the rows of a file, or every line that is wrong.
fn read_file(file: &[u8]) -> Result<Vec<(Sku, Sku)>, Vec<BadSkuLine>> {
    let whole = |wrong: &str| Err(vec![BadSkuLine { line: 1, wrong: wrong.to_owned() }]);
    if file.len() > MOST_BYTES {
        return whole("the file has more than 10 MB: split it");
    }
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    if std::str::from_utf8(file).is_err() {
        return whole("the file is not UTF-8 text: save it as CSV UTF-8");
    }
    let first = file.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // Spreadsheets of many countries write semicolons; a column named here holds none of the three.
    let delimiter = [b',', b';', b'\t'].into_iter().find(|d| first.contains(d)).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(file);
    let header: Vec<String> =
        reader.headers().map(|h| h.iter().map(str::to_lowercase).collect()).unwrap_or_default();
    let at = |name: &str| header.iter().position(|h| h == name);
    let (Some(store_at), Some(marketplace_at)) = (at("store_sku"), at("marketplace_sku")) else {
        return whole(&format!("the first line must name the columns {}", COLUMNS.join(",")));
    };
    let mut rows = Vec::new();
    let mut bad = Vec::new();
    let mut seen: BTreeMap<Sku, u64> = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                bad.push(BadSkuLine { line, wrong: error.to_string() });
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let mut wrong = |wrong: String| bad.push(BadSkuLine { line, wrong });
        if record.len() != header.len() {
            let (found, wanted) = (record.len(), header.len());
            wrong(format!("the line has {found} cells where the first line has {wanted}"));
            continue;
        }
        let sku = |at: usize| Sku::try_from(unescape(record.get(at).unwrap_or_default()));
        match (sku(store_at), sku(marketplace_at)) {
            (Ok(store), Ok(marketplace)) => {
                if let Some(first) = seen.get(&store) {
                    wrong(format!("the store SKU {store} stands on line {first} already"));
                } else {
                    seen.insert(store.clone(), line);
                    rows.push((store, marketplace));
                }
            }
            (store, marketplace) => {
                for (column, result) in COLUMNS.iter().zip([store, marketplace]) {
                    if let Err(error) = result {
                        wrong(format!("{column}: {error}"));
                    }
                }
            }
        }
    }
    if bad.is_empty() { Ok(rows) } else { Err(bad) }
}

/// Drops the `'` that protects a cell from being run as a formula.
fn unescape(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(cell)
}
