//! A table: its columns, its options, and what was made on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_protocol::value::CqlType;
use uuid::Uuid;

use super::Index;
use crate::engine::Table;
use crate::store::mutation::StorageId;
use crate::store::row::ColumnId;
use crate::store::table::TableShape;

/// A table.
#[derive(Clone, Debug)]
pub struct TableDefinition {
    /// Its id, as `system_schema.tables` shows it.
    pub id: Uuid,
    /// Its columns, as statements see them.
    pub table: Arc<Table>,
    /// What the store calls each of `table.columns()`, in the same order.
    pub column_ids: Vec<ColumnId>,
    /// The number that the next column gets.
    pub next_column: u32,
    /// What the store must know.
    pub shape: Arc<TableShape>,
    /// How it was declared.
    pub flags: TableFlags,
    /// Its options.
    pub options: TableOptions,
    /// Its indexes, by name.
    pub indexes: BTreeMap<Arc<str>, Arc<Index>>,
    /// Columns that were dropped, by name.
    pub dropped: BTreeMap<String, DroppedColumn>,
    /// Masked columns, by name.
    pub masks: BTreeMap<String, ColumnMask>,
    /// Triggers, by name. None is ever run: they are Java classes.
    pub triggers: BTreeMap<String, Trigger>,
}

impl TableDefinition {
    /// Where its rows are.
    pub fn storage(&self) -> StorageId {
        self.shape.storage
    }

    /// What the store calls the column at this place of `table.columns()`.
    pub fn column_id(&self, index: usize) -> Option<ColumnId> {
        self.column_ids.get(index).copied()
    }
}

/// How a table was declared (`TableMetadata.Flag`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFlags {
    /// Its regular columns are counters.
    pub counter: bool,
    /// Not declared WITH COMPACT STORAGE as a dense table.
    pub dense: bool,
    /// Not declared WITH COMPACT STORAGE.
    pub compound: bool,
}

/// Options of CREATE TABLE ... WITH, each with Cassandra's default (`TableParams`).
#[derive(Clone, Debug, PartialEq)]
pub struct TableOptions {
    /// Free text.
    pub comment: String,
    /// The TTL of writes that have none, in seconds; zero is none.
    pub default_time_to_live_seconds: u32,
    /// How long tombstones are kept, in seconds.
    pub gc_grace_seconds: u32,
    /// All other options, kept and shown by name as CQL shows them (`caching`, `compaction`, `compression`,
    /// `speculative_retry`, `bloom_filter_fp_chance`, ...), in the text of the literal.
    pub others: BTreeMap<String, String>,
}

/// A column that was dropped (`system_schema.dropped_columns`).
#[derive(Clone, Debug, PartialEq)]
pub struct DroppedColumn {
    /// Its type.
    pub cql_type: CqlType,
    /// Whether it was static.
    pub is_static: bool,
    /// When, in microseconds since the epoch.
    pub dropped_at_micros: i64,
}

/// MASKED WITH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMask {
    /// The function's name, such as `mask_inner`.
    pub function: String,
    /// The arguments behind the column itself: their types and values.
    pub arguments: Vec<(CqlType, Option<Vec<u8>>)>,
}

/// CREATE TRIGGER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The Java class.
    pub class: String,
}
