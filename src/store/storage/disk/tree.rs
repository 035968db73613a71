//! The files that rows lie in: a log-structured tree of the `lsm-tree` crate, which is given whole memtables.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use lsm_tree::compaction::Leveled;
use lsm_tree::config::{BlockSizePolicy, HashRatioPolicy, PinningPolicy, RestartIntervalPolicy};
use lsm_tree::{
    AbstractTree, AnyTree, Cache, Config, Guard, InternalValue, IterGuardImpl, SeqNo, SequenceNumberCounter, ValueType,
};

use super::memtable::{Memtable, Value};
use crate::store::StoreError;

/// Levels that the crate knows.
const LEVELS: usize = 7;

/// Larger blocks take less memory for the index, and more time to read.
const BLOCK_BYTES: u32 = 2 << 10;

/// Of so many keys of a block, one is whole, and can be gone to at once.
const KEYS_PER_WHOLE_ONE: u8 = 8;

/// Bytes, for each key of a block, of a table that tells where it is in it.
const HASH_BYTES_PER_KEY: f32 = 1.0;

/// Every state of the tree has a number; whoever reads later reads from that one.
pub(super) type Moment = SeqNo;

/// An opened tree.
pub(super) struct Tree {
    tree: AnyTree,
    next: SequenceNumberCounter,
    visible: SequenceNumberCounter,
    strategy: Arc<Leveled>,
}

impl Tree {
    /// Opens the tree in this directory, or makes one there.
    ///
    /// # Errors
    /// Of the disk; `Corrupt` where what is found is not what this wrote.
    pub(super) fn open(directory: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let (next, visible) = (SequenceNumberCounter::default(), SequenceNumberCounter::default());
        let mut config = Config::new(directory, next.clone(), visible.clone())
            .use_cache(Arc::new(Cache::with_capacity_bytes(cache_bytes)))
            // Its files are few, and stay open.
            .use_descriptor_table(None)
            .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
            .data_block_restart_interval_policy(RestartIntervalPolicy::all(KEYS_PER_WHOLE_ONE))
            .data_block_hash_ratio_policy(HashRatioPolicy::all(HASH_BYTES_PER_KEY));
        // Where a key is, and whether it is anywhere, is always known from memory: three bytes or so for each row. Read from
        // the disk for each look, it would push all else out of the cache.
        config.filter_block_pinning_policy = PinningPolicy::all(true);
        config.index_block_pinning_policy = PinningPolicy::all(true);
        config.filter_block_partitioning_policy = PinningPolicy::all(false);
        config.index_block_partitioning_policy = PinningPolicy::all(false);
        let tree = config.open()?;
        let first = tree.get_highest_persisted_seqno().map_or(1, |last| last + 1);
        next.fetch_max(first);
        visible.fetch_max(first);
        Ok(Tree { tree, next, visible, strategy: Arc::new(Leveled::default()) })
    }

    /// The state of now.
    pub(super) fn now(&self) -> Moment {
        self.visible.get()
    }

    pub(super) fn get(&self, key: &[u8], at: Moment) -> Result<Option<Bytes>, StoreError> {
        Ok(self.tree.get(key, at)?.map(Bytes::from))
    }

    /// The entries from `start` up to but without `end`, which is not before it.
    pub(super) fn scan(&self, start: &[u8], end: &[u8], at: Moment, reversed: bool) -> TreeScan {
        let entries = self.tree.range(start..end, at, None);
        if reversed { TreeScan(Box::new(entries.rev())) } else { TreeScan(Box::new(entries)) }
    }

    /// Writes a memtable to a file, and makes it part of the tree. `needed` is the oldest state that is still read.
    pub(super) fn add(&self, memtable: &Memtable, needed: Moment) -> Result<(), StoreError> {
        let number = self.next.next();
        let newest = memtable.read();
        let entries = newest.iter().map(|(key, value)| {
            Ok(match value {
                Some(value) => InternalValue::from_components(key.clone(), value.clone(), number, ValueType::Value),
                None => InternalValue::from_components(key.clone(), Bytes::new(), number, ValueType::Tombstone),
            })
        });
        if let Some((tables, _)) = self.tree.flush_to_tables(entries)? {
            self.tree.register_tables(&tables, None, None, &[], needed)?;
        }
        Ok(())
    }

    /// Merges some files, if that is due. False: it was not.
    pub(super) fn merge(&self, needed: Moment) -> Result<bool, StoreError> {
        let before = self.shape();
        self.tree.compact(self.strategy.clone(), needed)?;
        Ok(self.shape() != before)
    }

    /// How many files a key may be looked for in before those that are merged.
    pub(super) fn unmerged(&self) -> usize {
        self.tree.l0_run_count()
    }

    fn shape(&self) -> [usize; LEVELS] {
        std::array::from_fn(|level| self.tree.level_table_count(level).unwrap_or(0))
    }
}

/// Entries of the tree.
pub(super) struct TreeScan(Box<dyn Iterator<Item = IterGuardImpl> + Send>);

impl Iterator for TreeScan {
    type Item = Result<(Bytes, Value), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.0.next()?.into_inner();
        Some(entry.map(|(key, value)| (key.into(), Some(value.into()))).map_err(StoreError::from))
    }
}

impl From<lsm_tree::Error> for StoreError {
    fn from(error: lsm_tree::Error) -> Self {
        match error {
            lsm_tree::Error::Io(error) => error.into(),
            other => StoreError::Corrupt(other.to_string().into()),
        }
    }
}
