//! What the store keeps about itself, beside the tables.

use std::collections::BTreeSet;

use super::StoreError;
use super::key;
use super::mutation::StorageId;
use super::storage::{Change, Storage};

/// The version of the format on disk that this program reads and writes.
pub(super) const FORMAT: u32 = 2;

/// Keeps the store's own records apart from named ones.
const OWN: u8 = 0;
const NAMED: u8 = 1;

const FORMAT_NAME: &[u8] = b"format";
const REPLICA_NAME: &[u8] = b"replica";
const HEADERS_NAME: &[u8] = b"headers/";
const REMOVED_NAME: &[u8] = b"removed/";

/// What the store knew about itself when it was last open.
#[derive(Debug)]
pub(super) struct Meta {
    /// Whose counts those of its counters are.
    pub(super) replica: u64,
    /// Tables of which a partition has a header, or had.
    pub(super) with_headers: Vec<StorageId>,
    /// Tables that were removed, and of which there may still be something.
    pub(super) removed: BTreeSet<StorageId>,
}

impl Meta {
    /// Reads it; a new store gets one, with `replica`.
    pub(super) fn open(storage: &dyn Storage, replica: u64) -> Result<Self, StoreError> {
        match storage.get(&key::record(OWN, FORMAT_NAME))? {
            None => create(storage, replica)?,
            Some(bytes) => check_format(&bytes)?,
        }
        let replica = storage.get(&key::record(OWN, REPLICA_NAME))?;
        let replica = replica.as_deref().and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        Ok(Meta {
            replica: replica.ok_or(StoreError::corrupt("the replica's number is not there"))?,
            with_headers: tables(storage, HEADERS_NAME)?,
            removed: tables(storage, REMOVED_NAME)?.into_iter().collect(),
        })
    }
}

fn create(storage: &dyn Storage, replica: u64) -> Result<(), StoreError> {
    storage.write(vec![
        put(key::record(OWN, FORMAT_NAME), FORMAT.to_be_bytes().to_vec()),
        put(key::record(OWN, REPLICA_NAME), replica.to_be_bytes().to_vec()),
    ])?;
    storage.flush()
}

fn check_format(bytes: &[u8]) -> Result<(), StoreError> {
    let found = bytes.try_into().map(u32::from_be_bytes);
    match found.map_err(|_| StoreError::corrupt("the version of the format is no number"))? {
        FORMAT => Ok(()),
        found => Err(StoreError::Version { found, supported: FORMAT }),
    }
}

fn tables(storage: &dyn Storage, name: &[u8]) -> Result<Vec<StorageId>, StoreError> {
    let start = key::record(OWN, name);
    let Some(end) = key::after_prefix(start.clone()) else { return Ok(Vec::new()) };
    let table = |entry: Result<_, _>| {
        let (key, _): (bytes::Bytes, bytes::Bytes) = entry?;
        let number = key.get(start.len()..).and_then(|number| number.try_into().ok()).map(u32::from_be_bytes);
        number.map(StorageId).ok_or(StoreError::corrupt("a table's number is no number"))
    };
    storage.scan(&start, &end, false).map(table).collect()
}

/// Notes that a table has headers.
pub(super) fn has_headers(storage: StorageId) -> Change {
    put(of_table(HEADERS_NAME, storage), Vec::new())
}

/// Notes that a table is removed.
pub(super) fn is_removed(storage: StorageId) -> Change {
    put(of_table(REMOVED_NAME, storage), Vec::new())
}

/// Forgets a table of which nothing is left.
pub(super) fn is_gone(storage: StorageId) -> Vec<Change> {
    [HEADERS_NAME, REMOVED_NAME].map(|name| Change { key: of_table(name, storage), value: None }).into()
}

/// The key of a named record.
pub(super) fn named(name: &str) -> Vec<u8> {
    key::record(NAMED, name.as_bytes())
}

fn of_table(name: &[u8], storage: StorageId) -> Vec<u8> {
    key::record(OWN, &[name, &storage.0.to_be_bytes()].concat())
}

fn put(key: Vec<u8>, value: Vec<u8>) -> Change {
    Change { key, value: Some(value) }
}
