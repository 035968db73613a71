//! From an embedded store's schema to a catalog.

use super::{Catalog, Column, ColumnKind, Table};
use crate::engine;
use crate::engine::schema::{Schema, TableDefinition};

impl Catalog {
    /// The tables and views of an embedded store.
    pub fn of_schema(schema: &Schema) -> Self {
        Self::of_tables(schema.keyspaces.iter().flat_map(|(keyspace, known)| {
            let tables = known.tables.iter();
            let views = known.views.iter().map(|(name, view)| (name, &view.definition));
            tables.chain(views).map(move |(name, table)| (&**keyspace, &**name, table_of(table)))
        }))
    }
}

fn table_of(definition: &TableDefinition) -> Table {
    let key_length = definition.table.partition_key().len();
    Table::new(definition.table.columns().iter().enumerate().map(|(index, column)| Column {
        name: column.name.as_str().into(),
        kind: match column.kind {
            engine::ColumnKind::PartitionKey => ColumnKind::PartitionKey(index),
            engine::ColumnKind::Clustering { .. } => ColumnKind::Clustering(index.saturating_sub(key_length)),
            engine::ColumnKind::Static => ColumnKind::Static,
            engine::ColumnKind::Regular => ColumnKind::Regular,
        },
        data_type: column.cql_type.clone(),
    }))
}
