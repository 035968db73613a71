//! The rows of `system_virtual_schema` (`VirtualSchemaKeyspace`): what is virtual, itself included.

use super::row::RowBuilder;
use super::schema_tables::column_rows;
use crate::engine::schema::Schema;
use crate::engine::table::{Row, Table};

/// The rows of the table of that name.
pub(super) fn rows(name: &str, table: &Table, schema: &Schema) -> Vec<Row> {
    let keyspaces = schema.keyspaces.values().filter(|keyspace| keyspace.is_virtual);
    if name == "keyspaces" {
        return keyspaces.map(|it| RowBuilder::new(table).set("keyspace_name", &*it.name).build()).collect();
    }
    let relations = keyspaces.flat_map(|keyspace| keyspace.tables.values());
    match name {
        "tables" => {
            let row = |relation: &std::sync::Arc<crate::engine::schema::TableDefinition>| {
                let spec = relation.table.spec();
                RowBuilder::new(table)
                    .set("keyspace_name", spec.keyspace.as_str())
                    .set("table_name", spec.table.as_str())
                    .set("comment", relation.options.comment.as_str())
                    .build()
            };
            relations.map(row).collect()
        }
        "columns" => relations.flat_map(|relation| column_rows(table, relation)).collect(),
        _ => Vec::new(),
    }
}
