//! The tables of the backends: which columns they have, of which types, and which of them make the key.
//!
//! A catalog is a snapshot: it is made from what a driver read of a backend's schema, never changed, and shared by all
//! threads. What it does not know was created since, or does not exist.

mod of_cluster;
mod of_schema;

use std::collections::HashMap;

use quorate_protocol::value::CqlType;
use rustc_hash::FxHashMap;

/// Tables and views, by keyspace and name in internal form.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    keyspaces: FxHashMap<Box<str>, FxHashMap<Box<str>, Table>>,
}

/// A table or materialized view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The columns of the primary key first, in its order; the others by name.
    columns: Box<[Column]>,
    partition_key_length: usize,
    primary_key_length: usize,
    by_name: HashMap<Box<str>, usize, rustc_hash::FxBuildHasher>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in internal form.
    pub name: Box<str>,
    /// Its place in the table.
    pub kind: ColumnKind,
    /// The type of its values.
    pub data_type: CqlType,
}

/// The place of a column in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// In the partition key, at this position.
    PartitionKey(usize),
    /// In the clustering key, at this position.
    Clustering(usize),
    /// One value for all rows of a partition.
    Static,
    /// Any other.
    Regular,
}

impl Catalog {
    /// A catalog of tables: each with its keyspace and name.
    pub fn of_tables<'a>(tables: impl IntoIterator<Item = (&'a str, &'a str, Table)>) -> Self {
        let mut catalog = Self::default();
        for (keyspace, name, table) in tables {
            catalog.keyspaces.entry(keyspace.into()).or_default().insert(name.into(), table);
        }
        catalog
    }

    /// The table or view of that name.
    pub fn table(&self, keyspace: &str, table: &str) -> Option<&Table> {
        self.keyspaces.get(keyspace)?.get(table)
    }

    /// Whether it is a table of counters; `None` where the table is unknown.
    pub fn is_counter_table(&self, keyspace: &str, table: &str) -> Option<bool> {
        Some(self.table(keyspace, table)?.is_counter())
    }
}

impl Table {
    /// A table of these columns, in any order.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        let mut columns: Box<[Column]> = columns.into_iter().collect();
        columns.sort_by(|one, other| (one.kind.rank(), &one.name).cmp(&(other.kind.rank(), &other.name)));
        let count = |wanted: fn(ColumnKind) -> bool| columns.iter().filter(|column| wanted(column.kind)).count();
        Self {
            partition_key_length: count(|kind| matches!(kind, ColumnKind::PartitionKey(_))),
            primary_key_length: count(ColumnKind::is_of_primary_key),
            by_name: columns.iter().enumerate().map(|(index, column)| (column.name.clone(), index)).collect(),
            columns,
        }
    }

    /// All columns: those of the primary key first, in its order, the others by name. `SELECT *` shows them in this order,
    /// but static columns before regular ones.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns of the partition key, in its order.
    pub fn partition_key(&self) -> &[Column] {
        self.columns.get(..self.partition_key_length).unwrap_or_default()
    }

    /// The columns of the primary key, in its order.
    pub fn primary_key(&self) -> &[Column] {
        self.columns.get(..self.primary_key_length).unwrap_or_default()
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(*self.by_name.get(name)?)
    }

    /// Whether its columns outside of the primary key are counters.
    pub fn is_counter(&self) -> bool {
        self.columns
            .iter()
            .any(|column| column.data_type == CqlType::Native(quorate_protocol::value::NativeType::Counter))
    }

    /// Whether it has a list of several cells.
    pub fn has_list(&self) -> bool {
        self.columns.iter().any(Column::is_list)
    }
}

impl Column {
    /// Whether it is a list of several cells.
    pub fn is_list(&self) -> bool {
        matches!(self.data_type, CqlType::List { frozen: false, .. })
    }

    /// Whether it is a part of the primary key.
    pub fn is_of_primary_key(&self) -> bool {
        self.kind.is_of_primary_key()
    }
}

impl ColumnKind {
    fn is_of_primary_key(self) -> bool {
        matches!(self, Self::PartitionKey(_) | Self::Clustering(_))
    }

    fn rank(self) -> (u8, usize) {
        match self {
            Self::PartitionKey(position) => (0, position),
            Self::Clustering(position) => (1, position),
            Self::Static => (2, 0),
            Self::Regular => (3, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::value::NativeType;

    use super::*;

    fn column(name: &str, kind: ColumnKind, data_type: impl Into<CqlType>) -> Column {
        Column { name: name.into(), kind, data_type: data_type.into() }
    }

    #[test]
    fn the_primary_key_comes_first_in_its_own_order() {
        let table = Table::new([
            column("a", ColumnKind::Regular, CqlType::list(NativeType::Int)),
            column("b", ColumnKind::Clustering(0), NativeType::Int),
            column("c", ColumnKind::PartitionKey(1), NativeType::Int),
            column("d", ColumnKind::PartitionKey(0), NativeType::Int),
            column("e", ColumnKind::Static, NativeType::Int),
        ]);
        let names = |columns: &[Column]| columns.iter().map(|column| column.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(table.columns()), ["d", "c", "b", "e", "a"]);
        assert_eq!(names(table.partition_key()), ["d", "c"]);
        assert_eq!(names(table.primary_key()), ["d", "c", "b"]);
        assert!(table.has_list() && !table.is_counter());
        let catalog = Catalog::of_tables([("ks", "t", table)]);
        assert!(catalog.table("ks", "t").is_some() && catalog.table("ks", "u").is_none());
    }
}
