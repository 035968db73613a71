//! Rows of stamped cells, as Cassandra keeps them: what an embedded backend stores, and how two versions of it merge.
//!
//! A value is never overwritten in place: every write is a partial row with write times, and what a reader sees is the
//! *merge* of all of them. Merging is commutative, associative and idempotent (`merge`), so writes may arrive in any order
//! and any number of times. The store knows nothing of CQL and of the network, and runs on whatever thread calls it.
//!
//! Rows lie in an ordered map of bytes (`storage`), in memory or on disk, under keys that sort as the rows do (`key`), one
//! entry each (`codec`). `docs/storage.md` specifies both.

#[cfg(test)]
mod arbitrary;
pub mod cell;
pub mod clustering;
mod codec;
mod commit;
mod error;
mod key;
mod live;
mod lock;
pub mod merge;
mod meta;
pub mod mutation;
mod options;
mod purge;
mod ranges;
mod reader;
#[cfg(test)]
mod reference;
mod remove;
pub mod row;
mod slices;
mod storage;
pub mod table;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use quorate_protocol::value::token::Token;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

pub use error::StoreError;
pub use lock::PartitionLocks;
pub use options::{StoreOptions, SyncMode};
pub use purge::PurgeProgress;
pub use reader::{PartitionReader, TableReader};

use clustering::Slice;
use codec::Header;
use commit::Commits;
use key::PartitionPrefix;
use lock::{STRIPES, Stripes, stripe};
use meta::Meta;
use mutation::{Mutation, PartitionKey, StorageId};
use purge::PurgeCursor;
use reader::View;
use storage::disk::DiskStorage;
use storage::memory::MemoryStorage;
use storage::{Change, Read, Storage};
use table::{TableShape, TokenRange};
use write::{Changes, PartitionWrite};

/// One replica's rows. Shared by threads.
#[derive(Debug)]
pub struct Store {
    storage: Box<dyn Storage>,
    commits: Commits,
    sync: SyncMode,
    /// Whose counts those of counters are.
    replica: u64,
    /// Of those who read, decide and write.
    locks: Stripes,
    /// Held while a write is merged with what is stored; taken after `locks`, and never while calling out.
    merges: Stripes,
    /// How many deletions of partitions and ranges were written, by stripe.
    deletions: Box<[AtomicU64]>,
    /// Tables of which a partition may have a header, and whether that is noted in the storage already. Headers of other
    /// tables need not be looked for.
    with_headers: RwLock<FxHashMap<StorageId, bool>>,
    /// Tables that were removed, and of which there may be something left.
    removed: Mutex<BTreeSet<StorageId>>,
    /// Where passes that purge go on.
    purges: Mutex<FxHashMap<StorageId, PurgeCursor>>,
}

impl Store {
    /// An empty store that dies with the process.
    pub fn in_memory() -> Self {
        let meta =
            Meta { replica: StoreOptions::default().replica, with_headers: Vec::new(), removed: BTreeSet::new() };
        Store::new(Box::new(MemoryStorage::default()), meta, StoreOptions::default().sync)
    }

    /// Opens the store in that directory, or makes one there.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it open; of the disk; of what is found there.
    pub fn open(directory: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        Store::over(Box::new(DiskStorage::open(directory, options)?), options)
    }

    fn over(storage: Box<dyn Storage>, options: &StoreOptions) -> Result<Self, StoreError> {
        let meta = Meta::open(&*storage, options.replica)?;
        Ok(Store::new(storage, meta, options.sync))
    }

    fn new(storage: Box<dyn Storage>, meta: Meta, sync: SyncMode) -> Self {
        Store {
            storage,
            commits: Commits::default(),
            sync,
            replica: meta.replica,
            locks: Stripes::new(),
            merges: Stripes::new(),
            deletions: (0..STRIPES).map(|_| AtomicU64::new(0)).collect(),
            with_headers: RwLock::new(meta.with_headers.into_iter().map(|storage| (storage, true)).collect()),
            removed: Mutex::new(meta.removed),
            purges: Mutex::default(),
        }
    }

    /// Merges the writes into what is stored, all or none. They are seen by whoever reads from now on, and durable after
    /// the next [`commit`](Self::commit). `now_seconds` decides which old tombstones are forgotten on this occasion.
    ///
    /// # Errors
    /// [`StoreError::Key`] and [`StoreError::KeyLength`] if a key is too large; of the disk, after which further writes may be
    /// refused.
    pub fn apply(&self, writes: &[(&TableShape, &Mutation)], now_seconds: i64) -> Result<(), StoreError> {
        let mut partitions: SmallVec<[(PartitionPrefix, (&TableShape, &Mutation)); 1]> = SmallVec::new();
        for (shape, mutation) in writes {
            partitions.push((PartitionPrefix::new(shape.storage, &mutation.key)?, (shape, mutation)));
        }
        partitions.sort_by(|(left, _), (right, _)| left.cmp(right));
        let _merging = self.merges.lock(writes.iter().map(|(shape, mutation)| (shape.storage, &mutation.key)));
        let mut changes = Changes::default();
        for of_partition in partitions.chunk_by(|(left, _), (right, _)| left == right) {
            let mutations: SmallVec<[_; 1]> = of_partition.iter().map(|(_, write)| *write).collect();
            if let Some((prefix, (shape, mutation))) = of_partition.first() {
                self.note_deletions(shape, mutation, &mutations);
                let may_have_header = self.may_have_header(shape.storage);
                let write = PartitionWrite { view: self.storage(), prefix, replica: self.replica, may_have_header };
                write.write(&mutations, now_seconds, &mut changes)?;
            }
        }
        self.write_with_headers(changes)
    }

    /// Locks these partitions against others who lock them, to read, decide and write ([`apply_locked`](Self::apply_locked)).
    /// Plain writes do not wait. Whoever holds locks must not ask for more.
    pub fn lock(&self, partitions: &[(StorageId, &PartitionKey)]) -> PartitionLocks<'_> {
        self.locks.lock(partitions.iter().copied())
    }

    /// As [`apply`](Self::apply), by whoever holds locks. The writes may be to other partitions too, as those of views are.
    pub fn apply_locked(
        &self,
        _locks: &PartitionLocks<'_>,
        writes: &[(&TableShape, &Mutation)],
        now_seconds: i64,
    ) -> Result<(), StoreError> {
        self.apply(writes, now_seconds)
    }

    /// Makes what was applied before survive the death of the process, and a loss of power as [`SyncMode`] says. Called once
    /// in a turn, before replies go out: those of reads too, since they may show what others have not committed yet.
    /// Costs next to nothing when there is nothing to do.
    ///
    /// # Errors
    /// Of the disk. From then on nothing is written, and whoever saw what could not be committed is told so each time
    /// ([`StoreError::ReadOnly`]).
    pub fn commit(&self) -> Result<(), StoreError> {
        self.commits.commit(|| {
            self.storage.flush()?;
            if self.sync == SyncMode::Batch { self.storage.sync() } else { Ok(()) }
        })
    }

    /// Whether the background is so far behind that whoever writes now waits for it, up to a second. Who must not wait asks first.
    pub fn is_behind(&self) -> bool {
        self.storage.is_behind()
    }

    /// Whether a write to the disk has failed, so that none is taken until the store is opened again.
    pub fn has_failed(&self) -> bool {
        self.storage.has_failed()
    }

    /// Reads a partition: the rows of these slices, in whatever order they are given, or all if there are none.
    pub fn partition(
        &self,
        shape: &TableShape,
        key: &PartitionKey,
        slices: &[Slice],
        reversed: bool,
    ) -> Result<PartitionReader<'_>, StoreError> {
        let prefix = PartitionPrefix::new(shape.storage, key)?;
        let parts = slices::parts(shape, &prefix, slices, reversed)?;
        let looks_once = matches!(parts.as_slice(), [] | [_]) && !self.may_have_header(shape.storage);
        let view = if looks_once { View::Latest(self.storage()) } else { View::AtOnce(self.storage.view()) };
        let header = self.header_in(&view, shape, &prefix)?;
        Ok(PartitionReader::new(view, prefix, header, Vec::new(), parts, reversed))
    }

    /// Reads the partitions of a range of tokens in the order of tokens; only those behind `after`, if given.
    pub fn scan(
        &self,
        shape: &TableShape,
        range: TokenRange,
        after: Option<(Token, &PartitionKey)>,
    ) -> Result<TableReader<'_>, StoreError> {
        let first = key::token(shape.storage, range.first);
        let start = match after {
            Some((_, key)) => PartitionPrefix::new(shape.storage, key)?.row_at(None).max(first),
            None => first,
        };
        let end = match range.last.0.checked_add(1) {
            Some(behind) => key::token(shape.storage, Token(behind)),
            None => key::table(shape.storage).1,
        };
        Ok(TableReader::new(self.storage.view().into(), &start, end))
    }

    /// The record of that name: something small beside the tables, such as the schema.
    pub fn record(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.storage.get(&meta::named(name))
    }

    /// Replaces the record of that name. Durable after the next [`commit`](Self::commit).
    pub fn put_record(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.write(vec![Change { key: meta::named(name), value: Some(value.to_vec()) }])
    }

    fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        changes.iter().try_for_each(|change| key::check_length(&change.key))?;
        self.commits.write(|| self.storage.write(changes))
    }

    /// Notes which tables have headers, along with the first of them.
    fn write_with_headers(&self, mut changes: Changes) -> Result<(), StoreError> {
        let noted = |storage: &StorageId| self.with_headers.read().get(storage).copied();
        changes.headers_of.retain(|storage| noted(storage) != Some(true));
        for storage in &changes.headers_of {
            // before anyone can see the header, so that nobody who sees its rows misses it
            self.with_headers.write().entry(*storage).or_insert(false);
            changes.list.push(meta::has_headers(*storage));
        }
        if changes.list.is_empty() {
            return Ok(());
        }
        self.write(changes.list)?;
        for storage in changes.headers_of {
            self.with_headers.write().insert(storage, true);
        }
        Ok(())
    }

    fn may_have_header(&self, storage: StorageId) -> bool {
        self.with_headers.read().contains_key(&storage)
    }

    fn header_in(&self, view: &View<'_>, shape: &TableShape, prefix: &PartitionPrefix) -> Result<Header, StoreError> {
        if !self.may_have_header(shape.storage) {
            return Ok(Header::default());
        }
        view.get(&prefix.header())?.map_or(Ok(Header::default()), |bytes| Header::decode(&bytes))
    }

    fn note_deletions(&self, shape: &TableShape, mutation: &Mutation, mutations: &[(&TableShape, &Mutation)]) {
        if mutations.iter().any(|(_, mutation)| mutation.deletion.is_some() || !mutation.ranges.is_empty())
            && let Some(count) = self.deletions.get(stripe((shape.storage, &mutation.key)))
        {
            count.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn deletions_seen(&self, stripe: usize) -> u64 {
        self.deletions.get(stripe).map_or(0, |count| count.load(Ordering::Acquire))
    }
}
