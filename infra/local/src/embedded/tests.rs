//! The embedded adapters: the ports' contracts, crashes, two processes, bad disks.

mod contracts;
mod crash;
mod directory;
mod kms;
mod mailbox;
mod queue;
mod shared;
mod tokens;
mod trouble;

use std::sync::Arc;

use jiff::Timestamp;
use ports::memory::ManualClock;
use ports::{Item, ItemKey, Table};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_second(1_780_000_000).unwrap()))
}

fn item(pk: &str, sk: &str, body: &str) -> Item {
    let key = ItemKey { table: Table::Orders, pk: pk.into(), sk: sk.into() };
    Item { key, version: 0, body: body.into(), due: None, attention: None, expires_at: None }
}
