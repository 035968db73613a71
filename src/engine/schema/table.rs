//! A table: its columns, its options, and what was made on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_protocol::value::{CqlType, quote_identifier};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Index, TableOptions};
use crate::engine::{Column, ColumnKind, Table};
use crate::store::mutation::StorageId;
use crate::store::row::ColumnId;
use crate::store::table::TableShape;

/// A table.
#[derive(Clone, Debug, PartialEq)]
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
    /// A new table in the keyspace, nothing made on it. Columns are numbered in the order they are given; the columns of the
    /// key are in their order.
    pub fn new(
        (keyspace, name): (&str, &str),
        id: Uuid,
        storage: StorageId,
        columns: Vec<Column>,
        flags: TableFlags,
        options: TableOptions,
    ) -> Self {
        let shape = TableShape { storage, clustering: Vec::new(), gc_grace_seconds: options.gc_grace_seconds };
        let empty = TableDefinition {
            id,
            table: Arc::new(Table::new(keyspace, name, Vec::new())),
            column_ids: Vec::new(),
            next_column: 0,
            shape: Arc::new(shape),
            flags,
            options,
            indexes: BTreeMap::new(),
            dropped: BTreeMap::new(),
            masks: BTreeMap::new(),
            triggers: BTreeMap::new(),
        };
        empty.with_columns(columns.into_iter().map(|column| (column, None)).collect())
    }

    /// The table with these columns in place of its own, each with its number, or with none if it is new. The columns of the
    /// key are in their order.
    pub fn with_columns(&self, columns: Vec<(Column, Option<ColumnId>)>) -> Self {
        let mut next_column = self.next_column;
        let mut numbers = BTreeMap::new();
        let mut only_columns = Vec::with_capacity(columns.len());
        for (column, number) in columns {
            let number = number.unwrap_or_else(|| {
                next_column += 1;
                ColumnId(next_column - 1)
            });
            numbers.insert(column.name.clone(), number);
            only_columns.push(column);
        }
        let spec = self.table.spec();
        let table = Table::new(spec.keyspace.as_str(), spec.table.as_str(), only_columns);
        let column_ids = table.columns().iter().filter_map(|column| numbers.get(&column.name).copied()).collect();
        let clustering = table
            .clustering()
            .iter()
            .map(|column| (column.cql_type.clone(), column.kind == ColumnKind::Clustering { descending: true }));
        let shape = TableShape { clustering: clustering.collect(), ..self.shape.as_ref().clone() };
        TableDefinition { table: Arc::new(table), column_ids, next_column, shape: Arc::new(shape), ..self.clone() }
    }

    /// Its columns with their numbers, as [`TableDefinition::with_columns`] takes them.
    pub fn numbered_columns(&self) -> Vec<(Column, Option<ColumnId>)> {
        self.table.columns().iter().cloned().zip(self.column_ids.iter().copied().map(Some)).collect()
    }

    /// The table with these options.
    pub fn with_options(&self, options: TableOptions) -> Self {
        let shape = TableShape { gc_grace_seconds: options.gc_grace_seconds, ..self.shape.as_ref().clone() };
        TableDefinition { shape: Arc::new(shape), options, ..self.clone() }
    }

    /// The table with its rows elsewhere: TRUNCATE.
    pub fn with_storage(&self, storage: StorageId) -> Self {
        let shape = TableShape { storage, ..self.shape.as_ref().clone() };
        TableDefinition { shape: Arc::new(shape), ..self.clone() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.table.spec().table
    }

    /// `keyspace.table`, each quoted where it must be, as messages name it.
    pub fn display_name(&self) -> String {
        let spec = self.table.spec();
        format!("{}.{}", quote_identifier(&spec.keyspace), quote_identifier(&spec.table))
    }

    /// Where its rows and the entries of its indexes are.
    pub fn storages(&self) -> impl Iterator<Item = StorageId> {
        std::iter::once(self.storage()).chain(self.indexes.values().map(|index| index.storage))
    }

    /// Where its rows are.
    pub fn storage(&self) -> StorageId {
        self.shape.storage
    }

    /// What the store calls its columns, where rows may still have cells of others, which were dropped.
    pub fn known_columns(&self) -> Option<&[ColumnId]> {
        (self.next_column as usize != self.column_ids.len()).then_some(self.column_ids.as_slice())
    }

    /// What the store calls the column at this place of `table.columns()`.
    pub fn column_id(&self, index: usize) -> Option<ColumnId> {
        self.column_ids.get(index).copied()
    }
}

/// How a table was declared (`TableMetadata.Flag`). A table WITH COMPACT STORAGE that has no clustering columns is neither
/// dense nor compound; the clustering column and value that Cassandra hides in it are no columns here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFlags {
    /// Its regular columns are counters.
    pub counter: bool,
    /// WITH COMPACT STORAGE, and with clustering columns.
    pub dense: bool,
    /// Not WITH COMPACT STORAGE, or with several clustering columns.
    pub compound: bool,
}

impl TableFlags {
    /// Those of a table without COMPACT STORAGE.
    pub fn plain(counter: bool) -> Self {
        TableFlags { counter, dense: false, compound: true }
    }

    /// Whether the table was made WITH COMPACT STORAGE.
    pub fn is_compact(self) -> bool {
        self.dense || !self.compound
    }
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The Java class.
    pub class: String,
}
