//! What a store on disk consists of at a moment, newest first: a memtable that is written, those that become files, the tree.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use smallvec::SmallVec;

use super::core::Core;
use super::memtable::{Memtable, Sequence, Value};
use super::tree::Moment;
use super::{KEY_LENGTH_MAX, bounded};
use crate::store::StoreError;
use crate::store::storage::chunks::{Range, chunks};
use crate::store::storage::{Entry, Read, Scan};

/// The memtables.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) active: Arc<Memtable>,
    /// Those that nobody writes to any more, oldest first.
    pub(super) frozen: Vec<Arc<Frozen>>,
}

/// A memtable that is complete.
#[derive(Debug)]
pub(super) struct Frozen {
    pub(super) memtable: Arc<Memtable>,
    /// The files of the journal that hold the same, once nothing more is written to them.
    pub(super) journal: OnceLock<Vec<PathBuf>>,
}

impl Layers {
    /// What the memtables know of a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<Value> {
        let of_frozen = || self.frozen.iter().rev().find_map(|frozen| frozen.memtable.get(key, Sequence::MAX));
        self.active.get(key, Sequence::MAX).or_else(of_frozen)
    }

    fn memtables(&self) -> SmallVec<[Arc<Memtable>; 3]> {
        let frozen = self.frozen.iter().rev().map(|frozen| frozen.memtable.clone());
        std::iter::once(self.active.clone()).chain(frozen).collect()
    }
}

/// Who reads what: how many see the state after the write of that number.
pub(super) type Readers = BTreeMap<Sequence, usize>;

/// A store as it was at one moment. What it shows is kept until it is dropped.
pub(super) struct Snapshot {
    core: Arc<Core>,
    memtables: SmallVec<[Arc<Memtable>; 3]>,
    at: Sequence,
    moment: Moment,
}

impl Snapshot {
    pub(super) fn open(core: &Arc<Core>) -> Arc<Self> {
        // Nobody writes meanwhile.
        let mut writing = core.writing.lock();
        // The memtables first: what becomes part of the tree in between is seen in both.
        let memtables = core.layers.read().memtables();
        let (at, moment) = (writing.sequence, core.tree.now());
        *writing.readers.entry(at).or_default() += 1;
        *writing.moments.entry(moment).or_default() += 1;
        Arc::new(Snapshot { core: core.clone(), memtables, at, moment })
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let mut writing = self.core.writing.lock();
        leave(&mut writing.readers, self.at);
        leave(&mut writing.moments, self.moment);
    }
}

fn leave(readers: &mut BTreeMap<u64, usize>, at: u64) {
    if let Some(count) = readers.get_mut(&at) {
        *count -= 1;
        if *count == 0 {
            readers.remove(&at);
        }
    }
}

impl Read for Arc<Snapshot> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        if key.len() > KEY_LENGTH_MAX {
            return Ok(None);
        }
        match self.memtables.iter().find_map(|memtable| memtable.get(key, self.at)) {
            Some(value) => Ok(value),
            None => self.core.tree.get(key, self.moment),
        }
    }

    fn scan(&self, start: &[u8], end: &[u8], reversed: bool) -> Scan {
        let (start, end) = (bounded(start), bounded(end));
        if start >= end {
            return Box::new(std::iter::empty());
        }
        let of_memtable = |memtable: &Arc<Memtable>| {
            let (memtable, at) = (memtable.clone(), self.at);
            let take = move |left: Range<'_>, count: usize| memtable.chunk(left, at, count);
            Source::of(Box::new(chunks(start, end, reversed, take).map(Ok)))
        };
        let mut sources: SmallVec<[Source; 4]> = self.memtables.iter().map(of_memtable).collect();
        sources.push(Source::of(Box::new(self.core.tree.scan(start, end, self.moment, reversed))));
        sources.retain(|source| source.ahead.is_some());
        Box::new(LayeredScan { sources, reversed, _snapshot: self.clone() })
    }
}

type Entries = dyn Iterator<Item = Result<(Bytes, Value), StoreError>> + Send;

/// The entries of one layer, the next of which is known.
struct Source {
    ahead: Option<Result<(Bytes, Value), StoreError>>,
    rest: Box<Entries>,
}

impl Source {
    fn of(mut rest: Box<Entries>) -> Self {
        Source { ahead: rest.next(), rest }
    }

    fn take(&mut self) -> Option<Result<(Bytes, Value), StoreError>> {
        std::mem::replace(&mut self.ahead, self.rest.next())
    }
}

/// The entries of several layers, of which the first one that knows a key is right.
struct LayeredScan {
    sources: SmallVec<[Source; 4]>,
    reversed: bool,
    _snapshot: Arc<Snapshot>,
}

impl Iterator for LayeredScan {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = match self.sources.as_mut_slice() {
                [] => return None,
                [only] => only.take()?,
                _ => self.merge()?,
            };
            match next {
                Ok((key, Some(value))) => return Some(Ok((key, value))),
                Ok((_, None)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl LayeredScan {
    fn merge(&mut self) -> Option<Result<(Bytes, Value), StoreError>> {
        let mut first: Option<(usize, &Bytes)> = None;
        for (index, source) in self.sources.iter().enumerate() {
            let key = match &source.ahead {
                Some(Ok((key, _))) => key,
                Some(Err(_)) => return self.sources.get_mut(index)?.take(),
                None => continue,
            };
            let is_first = first.is_none_or(|(_, least)| if self.reversed { key > least } else { key < least });
            if is_first {
                first = Some((index, key));
            }
        }
        let index = first?.0;
        let entry = self.sources.get_mut(index)?.take()?;
        if let Ok((key, _)) = &entry {
            for older in self.sources.iter_mut().skip(index + 1) {
                if matches!(&older.ahead, Some(Ok((other, _))) if other == key) {
                    older.take();
                }
            }
        }
        self.sources.retain(|source| source.ahead.is_some());
        Some(entry)
    }
}
