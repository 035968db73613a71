//! Tables and their rows.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use quorate_protocol::message::response::TableSpec;
use quorate_protocol::value::token::Token;
use quorate_protocol::value::{CqlType, compare};

/// The cells of one row, serialized, in the order of [`Table::columns`]; absent where the cell is null. A partition that has
/// only static columns is a row without clustering columns.
pub type Row = Vec<Option<Bytes>>;

/// What a table is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    spec: Arc<TableSpec>,
    columns: Vec<Column>,
    partition_key_count: usize,
    clustering_count: usize,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, unquoted.
    pub name: String,
    /// The type of its values.
    pub cql_type: CqlType,
    /// Its part in the table.
    pub kind: ColumnKind,
}

/// A column's part in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Part of the partition key.
    PartitionKey,
    /// Part of what orders the rows of a partition.
    Clustering {
        /// Whether larger values come first.
        descending: bool,
    },
    /// One cell for the whole partition.
    Static,
    /// One cell a row.
    Regular,
}

impl Table {
    /// A table. Columns of the key are given in their order; the other columns are put in the
    /// order of `SELECT *`: static ones first, each kind by name.
    pub fn new(keyspace: impl Into<String>, name: impl Into<String>, mut columns: Vec<Column>) -> Self {
        let rank = |column: &Column| match column.kind {
            ColumnKind::PartitionKey => 0,
            ColumnKind::Clustering { .. } => 1,
            ColumnKind::Static => 2,
            ColumnKind::Regular => 3,
        };
        columns.sort_by(|a, b| {
            let by_name = if rank(a) >= 2 { a.name.cmp(&b.name) } else { Ordering::Equal };
            rank(a).cmp(&rank(b)).then(by_name)
        });
        Table {
            spec: Arc::new(TableSpec { keyspace: keyspace.into(), table: name.into() }),
            partition_key_count: columns.iter().filter(|column| rank(column) == 0).count(),
            clustering_count: columns.iter().filter(|column| rank(column) == 1).count(),
            columns,
        }
    }

    /// Keyspace and name.
    pub fn spec(&self) -> &Arc<TableSpec> {
        &self.spec
    }

    /// Partition key, clustering columns, static columns by name, and the others by name.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of this name, and its index.
    pub fn column(&self, name: &str) -> Option<(usize, &Column)> {
        self.columns.iter().enumerate().find(|(_, column)| column.name == name)
    }

    /// The columns of the partition key.
    pub fn partition_key(&self) -> &[Column] {
        &self.columns[..self.partition_key_count]
    }

    /// The clustering columns.
    pub fn clustering(&self) -> &[Column] {
        &self.columns[self.partition_key_count..self.key_count()]
    }

    /// Whether the column of this index is part of the primary key.
    pub(super) fn is_key(&self, index: usize) -> bool {
        index < self.key_count()
    }

    pub(super) fn partition_key_count(&self) -> usize {
        self.partition_key_count
    }

    pub(super) fn key_count(&self) -> usize {
        self.partition_key_count + self.clustering_count
    }

    /// The row's position in the ring. `None` if its partition key is not one.
    pub(super) fn token(&self, row: &Row) -> Option<Token> {
        let key = row.get(..self.partition_key_count)?;
        let parts: Vec<&[u8]> = key.iter().map(|part| part.as_deref().unwrap_or_default()).collect();
        Token::of_key(parts).ok()
    }

    pub(super) fn is_same_partition(&self, left: &Row, right: &Row) -> bool {
        left.get(..self.partition_key_count) == right.get(..self.partition_key_count)
    }

    /// The order of two rows of one partition.
    pub(super) fn compare_clustering(&self, left: &Row, right: &Row) -> Ordering {
        self.compare_clustering_prefix(left, right, self.clustering_count)
    }

    /// The order of two rows by their first clustering columns alone.
    pub(super) fn compare_clustering_prefix(&self, left: &Row, right: &Row, count: usize) -> Ordering {
        let cell = |row: &Row, index: usize| row.get(index).cloned().flatten();
        (self.partition_key_count..self.partition_key_count + count)
            .map(|index| {
                let order = match (cell(left, index), cell(right, index)) {
                    (Some(left), Some(right)) => compare(&self.columns[index].cql_type, &left, &right),
                    (left, right) => left.is_some().cmp(&right.is_some()),
                };
                let is_descending = self.columns[index].kind == ColumnKind::Clustering { descending: true };
                if is_descending { order.reverse() } else { order }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// Puts rows in the order in which Cassandra returns them: by token, partition key, clustering.
pub fn sort_rows(table: &Table, rows: &mut [Row]) {
    rows.sort_by(|left, right| {
        let key = |row: &Row| row.get(..table.partition_key_count).map(<[_]>::to_vec);
        table
            .token(left)
            .cmp(&table.token(right))
            .then_with(|| key(left).cmp(&key(right)))
            .then_with(|| table.compare_clustering(left, right))
    });
}
