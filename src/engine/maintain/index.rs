//! Entries of secondary indexes: a hidden table for each index, of one partition, whose rows say which row holds which value.
//!
//! An entry's clustering is the value, the token and the partition key of the row, and its clustering: so that those of one
//! value come in the order in which a table is read. Of a column that a partition has once, a part of its key or a static one,
//! the entries are of partitions and end with their keys. Writes only add entries. One whose row has another value by
//! now is *stale*: who reads looks at the row, and judges by it; a pass in the background removes it.

mod entry;
mod read;
mod stale;

use std::sync::Arc;

use quorate_protocol::value::{CqlType, NativeType};

use super::{BUILD_ROWS, flush};
use crate::engine::error::EngineError;
use crate::engine::schema::{Index, IndexTarget, TableDefinition};
use crate::engine::table::ColumnKind;
use crate::store::Store;
use crate::store::mutation::{Mutation, StorageId};
use crate::store::row::ColumnId;
use crate::store::table::{TableShape, TokenRange};

pub(super) use entry::Oversized;
pub use read::{Candidates, IndexRange};

/// An index of a table, compiled.
#[derive(Clone, Debug)]
pub struct IndexPlan {
    name: Arc<str>,
    table: String,
    /// How its entries are kept.
    shape: Arc<TableShape>,
    source: Source,
    column_name: String,
    partition_key_count: usize,
    /// The table's own shape, for filling the index.
    base: Arc<TableShape>,
}

/// Where the indexed values are.
#[derive(Clone, Debug)]
enum Source {
    /// The part of the partition key of this number.
    PartitionKey(usize),
    /// The clustering column of this number.
    Clustering(usize),
    /// A column.
    Column { id: ColumnId, is_static: bool, part: Part, cql_type: CqlType },
}

/// What of a column is indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The value as a whole.
    Whole,
    /// The elements of a set or list, the values of a map.
    Values,
    /// The keys of a map.
    Keys,
    /// The keys of a map, each with its value.
    Entries,
}

impl IndexPlan {
    /// Compiles an index of the table; `None` if it names no column of it.
    pub fn new(definition: &TableDefinition, index: &Index) -> Option<Self> {
        let table = &definition.table;
        let (place, column) = table.column(&index.column)?;
        let (value_type, part) = indexed(&column.cql_type, index.target);
        let is_static = column.kind == ColumnKind::Static;
        let source = match column.kind {
            ColumnKind::PartitionKey => Source::PartitionKey(place),
            ColumnKind::Clustering { .. } => Source::Clustering(place - table.partition_key_count()),
            ColumnKind::Static | ColumnKind::Regular => {
                Source::Column { id: definition.column_id(place)?, is_static, part, cql_type: column.cql_type.clone() }
            }
        };
        let mut clustering =
            vec![(value_type, false), (NativeType::BigInt.into(), false), (NativeType::Blob.into(), false)];
        let is_of_partitions = is_static || column.kind == ColumnKind::PartitionKey;
        let of_rows: &[(CqlType, bool)] = if is_of_partitions { &[] } else { &definition.shape.clustering };
        clustering.extend_from_slice(of_rows);
        let gc_grace_seconds = definition.shape.gc_grace_seconds;
        Some(IndexPlan {
            name: Arc::clone(&index.name),
            table: format!("{}.{}", table.spec().keyspace, table.spec().table),
            shape: Arc::new(TableShape { storage: index.storage, clustering, gc_grace_seconds }),
            source,
            column_name: column.name.clone(),
            partition_key_count: table.partition_key_count(),
            base: Arc::clone(&definition.shape),
        })
    }

    /// The index's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Where its entries are.
    pub fn storage(&self) -> StorageId {
        self.shape.storage
    }

    /// Adds entries for every row that is stored, in bounded memory, but for values that are too large. Rows that are written
    /// meanwhile get theirs by themselves.
    ///
    /// # Errors
    /// Of the store.
    pub fn build(&self, store: &Store, now_seconds: i64) -> Result<(), EngineError> {
        let mut table = store.scan(&self.base, TokenRange::ALL, None)?;
        let mut derived = Vec::new();
        while let Some((_, key, mut partition)) = table.next_partition()? {
            let mut mutation = Mutation::empty(self.base.storage, key.clone());
            mutation.static_row = partition.static_row()?;
            self.entries_of(&mutation, Oversized::Skip, &mut derived)?;
            mutation.static_row = Default::default();
            while let Some((clustering, row)) = partition.next()? {
                mutation.rows.push((clustering, row));
                self.entries_of(&mutation, Oversized::Skip, &mut derived)?;
                mutation.rows.clear();
                if derived.len() >= BUILD_ROWS {
                    flush(store, &mut derived, now_seconds)?;
                }
            }
        }
        Ok(flush(store, &mut derived, now_seconds)?)
    }
}

/// The type of the indexed values, and what of the column they are.
fn indexed(cql_type: &CqlType, target: IndexTarget) -> (CqlType, Part) {
    match (cql_type, target) {
        (_, IndexTarget::Full) => (cql_type.clone(), Part::Whole),
        (CqlType::Map { key, .. }, IndexTarget::Keys) => (CqlType::clone(key), Part::Keys),
        (CqlType::Map { .. }, IndexTarget::Entries) => (NativeType::Blob.into(), Part::Entries),
        (CqlType::Map { value: element, .. }, _) => (CqlType::clone(element), Part::Values),
        (CqlType::List { element, .. } | CqlType::Set { element, .. }, _) => (CqlType::clone(element), Part::Values),
        _ => (cql_type.clone(), Part::Whole),
    }
}
