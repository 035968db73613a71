//! A row: cells by column, the marker of an INSERT, the row's deletion. A write is a row too, with what it says only.

use bytes::Bytes;

use super::cell::{Cell, Deletion, Liveness};

/// Names a column for ever: a column that is dropped and added again gets another number, a renamed one keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u32);

/// A row, or what one write says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The marker of an INSERT.
    pub liveness: Option<Liveness>,
    /// The deletion of the whole row.
    pub deletion: Option<Deletion>,
    /// The columns that are said something of, ascending.
    pub columns: Vec<(ColumnId, ColumnData)>,
}

/// What a row holds of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnData {
    /// One cell: every frozen or native type.
    Simple(Cell),
    /// A cell for each element: collections and user types that are not frozen.
    Complex(ComplexData),
    /// A counter: what each replica counted.
    Counter(CounterData),
}

/// A collection or user type of several cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComplexData {
    /// The deletion of all its elements.
    pub deletion: Option<Deletion>,
    /// The elements by cell path: a set's element (its cell holds no bytes), a map's key, a list's timeuuid, a user type's
    /// field number (two bytes, big-endian). In ascending order of the path **by the type of the path**: the unsigned
    /// bytes for user types and as timeuuids for lists; for sets and maps the order is the reader's matter and here it is
    /// that of the bytes.
    pub cells: Vec<(Bytes, Cell)>,
}

/// A counter as a replicated value: each replica's own count, of which the newest clock wins; the sum is the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CounterData {
    /// The newest deletion: what was counted up to it is gone.
    pub deletion: Option<Deletion>,
    /// By replica, ascending.
    pub shards: Vec<CounterShard>,
}

/// What one replica counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterShard {
    /// The replica.
    pub replica: u64,
    /// Grows with each update of this replica.
    pub clock: i64,
    /// The sum of its updates.
    pub count: i64,
    /// The write time of its last update.
    pub timestamp: i64,
}
