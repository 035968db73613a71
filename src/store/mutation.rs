//! What one write says of one partition.

use bytes::Bytes;
use smallvec::SmallVec;

use super::cell::Deletion;
use super::clustering::{Clustering, Slice};
use super::row::{ColumnId, Row};

/// Names a table's rows in the store. TRUNCATE gives the table another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorageId(pub u32);

/// The values of all columns of a partition key, serialized.
pub type PartitionKey = SmallVec<[Bytes; 1]>;

/// What one write says of one partition. Applied whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The table.
    pub table: StorageId,
    /// The partition.
    pub key: PartitionKey,
    /// The deletion of the whole partition.
    pub deletion: Option<Deletion>,
    /// Deletions of ranges of rows.
    pub ranges: Vec<(Slice, Deletion)>,
    /// The static columns.
    pub static_row: Row,
    /// Rows, by their clustering; one may be named more than once.
    pub rows: Vec<(Clustering, Row)>,
    /// Updates of counters, which the store adds to what its own replica counted: not idempotent, as the client's
    /// statement is not. No clustering: a static counter.
    pub counters: Vec<CounterUpdate>,
}

impl Mutation {
    /// A mutation that says nothing yet.
    pub fn empty(table: StorageId, key: PartitionKey) -> Self {
        Mutation {
            table,
            key,
            deletion: None,
            ranges: Vec::new(),
            static_row: Row::default(),
            rows: Vec::new(),
            counters: Vec::new(),
        }
    }
}

/// See [`Mutation::counters`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterUpdate {
    /// The row; absent for a static column.
    pub clustering: Option<Clustering>,
    /// The column.
    pub column: ColumnId,
    /// What is added.
    pub delta: i64,
    /// The write time.
    pub timestamp: i64,
}
