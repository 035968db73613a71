//! Storage that dies with the process.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use super::chunks::{Range, chunks};
use super::{Change, Entry, Read, Scan, Storage};
use crate::store::StoreError;

/// An ordered map. Scans take some entries at a time and hold no lock in between: what they have not reached yet may change.
#[derive(Debug, Default)]
pub(in crate::store) struct MemoryStorage(Arc<RwLock<BTreeMap<Bytes, Bytes>>>);

impl Storage for MemoryStorage {
    fn view(&self) -> Box<dyn Read + Send + Sync + '_> {
        Box::new(self)
    }

    fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut map = self.0.write();
        for Change { key, value } in changes {
            match value {
                Some(value) => map.insert(key.into(), value.into()),
                None => map.remove(key.as_slice()),
            };
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Read for MemoryStorage {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.0.read().get(key).cloned())
    }

    fn scan(&self, start: &[u8], end: &[u8], reversed: bool) -> Scan {
        let map = self.0.clone();
        let take = move |Range { start, end, reversed }: Range<'_>, count: usize| -> Vec<Entry> {
            let map = map.read();
            let range = map.range::<[u8], _>((start, Bound::Excluded(end)));
            let entry = |(key, value): (&Bytes, &Bytes)| (key.clone(), value.clone());
            if reversed { range.rev().take(count).map(entry).collect() } else { range.take(count).map(entry).collect() }
        };
        Box::new(chunks(start, end, reversed, take).map(Ok))
    }
}

impl Read for &MemoryStorage {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        MemoryStorage::get(self, key)
    }

    fn scan(&self, start: &[u8], end: &[u8], reversed: bool) -> Scan {
        MemoryStorage::scan(self, start, end, reversed)
    }
}
