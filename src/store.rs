//! Rows of stamped cells, as Cassandra keeps them: what an embedded backend stores, and how two versions of it merge.
//!
//! A value is never overwritten in place: every write is a partial row with write times, and what a reader sees is the
//! *merge* of all of them. Merging is commutative, associative and idempotent (`merge`), so writes may arrive in any order
//! and any number of times. The store knows nothing of CQL and of the network.

pub mod cell;
pub mod clustering;
mod error;
mod live;
mod lock;
mod memory;
pub mod merge;
pub mod mutation;
mod options;
mod reader;
pub mod row;
pub mod table;

use std::marker::PhantomData;
use std::path::Path;

use bytes::Bytes;
use parking_lot::RwLock;
use quorate_protocol::value::token::Token;

pub use error::StoreError;
pub use lock::PartitionLocks;
pub use options::{StoreOptions, SyncMode};
pub use reader::{PartitionReader, TableReader};

use clustering::Slice;
use lock::Stripes;
use memory::Memory;
use mutation::{Mutation, PartitionKey, StorageId};
use table::{TableShape, TokenRange};

/// One replica's rows. Shared by threads.
#[derive(Debug)]
pub struct Store {
    memory: RwLock<Memory>,
    stripes: Stripes,
    replica: u64,
}

impl Store {
    /// An empty store that dies with the process.
    pub fn in_memory() -> Self {
        Store { memory: RwLock::default(), stripes: Stripes::new(), replica: StoreOptions::default().replica }
    }

    /// Opens the store in that directory, or makes one there.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it open; of the disk; of what is found there.
    pub fn open(_directory: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        Ok(Store { replica: options.replica, ..Store::in_memory() })
    }

    /// Merges the writes into what is stored, all or none. They are seen by whoever reads from now on, and durable after
    /// the next [`commit`](Self::commit). `now_seconds` decides which old tombstones may go on this occasion.
    pub fn apply(&self, writes: &[(&TableShape, &Mutation)], _now_seconds: i64) -> Result<(), StoreError> {
        let tokens: Vec<Token> = writes.iter().map(|(_, mutation)| token(&mutation.key)).collect::<Result<_, _>>()?;
        let mut memory = self.memory.write();
        for ((shape, mutation), token) in writes.iter().zip(tokens) {
            memory.apply(shape, token, mutation, self.replica);
        }
        Ok(())
    }

    /// Locks these partitions against others who lock them, to read, decide and write ([`apply_locked`](Self::apply_locked)).
    /// Plain writes do not wait. Whoever holds locks must not ask for more.
    pub fn lock(&self, partitions: &[(StorageId, &PartitionKey)]) -> PartitionLocks<'_> {
        self.stripes.lock(partitions.iter().copied())
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
    /// Costs nothing when there is nothing to do.
    pub fn commit(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Reads a partition: the rows of these slices, in whatever order they are given, or all if there are none.
    pub fn partition(
        &self,
        shape: &TableShape,
        key: &PartitionKey,
        slices: &[Slice],
        reversed: bool,
    ) -> Result<PartitionReader<'_>, StoreError> {
        let token = token(key)?;
        let memory = self.memory.read();
        let partition = memory.partition(shape.storage, token, key);
        let mut rows = partition.map(|partition| partition.visible_rows(shape, slices)).unwrap_or_default();
        if reversed {
            rows.reverse();
        }
        let static_row = partition.map(|partition| partition.visible_static_row()).unwrap_or_default();
        Ok(PartitionReader { static_row, rows: rows.into_iter(), store: PhantomData })
    }

    /// Reads the partitions of a range of tokens in the order of tokens, then keys; only those behind `after`, if given.
    pub fn scan(
        &self,
        shape: &TableShape,
        range: TokenRange,
        after: Option<(Token, &PartitionKey)>,
    ) -> Result<TableReader<'_>, StoreError> {
        let mut keys = self.memory.read().keys(shape.storage, range);
        if let Some((token, key)) = after {
            keys.retain(|(other_token, other)| (*other_token, other) > (token, key));
        }
        Ok(TableReader { store: self, shape: shape.clone(), keys: keys.into_iter() })
    }

    /// Removes all rows of a table that was dropped, or that goes on under another number.
    pub fn remove(&self, storage: StorageId) -> Result<(), StoreError> {
        self.memory.write().remove(storage);
        Ok(())
    }

    /// The record of that name: something small beside the tables, such as the schema.
    pub fn record(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.memory.read().records.get(name).cloned())
    }

    /// Replaces the record of that name. Durable after the next [`commit`](Self::commit).
    pub fn put_record(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.memory.write().records.insert(name.to_owned(), Bytes::copy_from_slice(value));
        Ok(())
    }
}

/// Where a partition stands.
fn token(key: &PartitionKey) -> Result<Token, StoreError> {
    Token::of_key(key.iter().map(|value| value.as_ref())).map_err(|_| StoreError::Key)
}
