//! Storage that dies with the process.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use super::{Change, Entry, Read, Scan, Storage};
use crate::store::StoreError;

/// An ordered map. Scans take some entries at a time and hold no lock in between: what they have not reached yet may change.
#[derive(Debug, Default)]
pub(in crate::store) struct MemoryStorage(Arc<RwLock<BTreeMap<Bytes, Bytes>>>);

/// How many entries a scan takes at first, and at most.
const FIRST_CHUNK: usize = 16;
const LARGEST_CHUNK: usize = 1024;

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
        Box::new(MemoryScan {
            map: self.0.clone(),
            start: Bound::Included(Bytes::copy_from_slice(start)),
            end: Bytes::copy_from_slice(end),
            reversed,
            chunk: Vec::new().into_iter(),
            chunk_length: FIRST_CHUNK,
        })
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

struct MemoryScan {
    map: Arc<RwLock<BTreeMap<Bytes, Bytes>>>,
    /// What is left: each chunk moves the one or the other end.
    start: Bound<Bytes>,
    end: Bytes,
    reversed: bool,
    chunk: std::vec::IntoIter<Entry>,
    chunk_length: usize,
}

impl Iterator for MemoryScan {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.chunk.len() == 0 {
            self.chunk = self.next_chunk().into_iter();
        }
        self.chunk.next().map(Ok)
    }
}

impl MemoryScan {
    fn next_chunk(&mut self) -> Vec<Entry> {
        let first = match &self.start {
            Bound::Included(first) | Bound::Excluded(first) => first,
            Bound::Unbounded => return Vec::new(),
        };
        if *first >= self.end {
            return Vec::new();
        }
        let map = self.map.read();
        let range = map.range((self.start.clone(), Bound::Excluded(self.end.clone())));
        let entry = |(key, value): (&Bytes, &Bytes)| (key.clone(), value.clone());
        let chunk: Vec<Entry> = if self.reversed {
            range.rev().take(self.chunk_length).map(entry).collect()
        } else {
            range.take(self.chunk_length).map(entry).collect()
        };
        drop(map);
        match chunk.last() {
            // the end of the map was seen: a further look would find nothing but what is newer
            _ if chunk.len() < self.chunk_length => self.start = Bound::Unbounded,
            Some((last, _)) if self.reversed => self.end = last.clone(),
            Some((last, _)) => self.start = Bound::Excluded(last.clone()),
            None => {}
        }
        self.chunk_length = (self.chunk_length * 4).min(LARGEST_CHUNK);
        chunk
    }
}
