//! The rows of those tables of `system` and `system_distributed` that tell of nodes and of what they have built.

use quorate_protocol::value::Value;

use super::row::RowBuilder;
use crate::engine::schema::Schema;
use crate::engine::table::{Row, Table};
use crate::system::{Proxy, Topology, rows_of};

/// The rows of the table of that name. Indexes and views are complete as soon as they are in the schema.
pub(super) fn rows(name: &str, table: &Table, schema: &Schema, topology: &Topology) -> Vec<Row> {
    let keyspaces = schema.keyspaces.values();
    match name {
        "built_views" => {
            let views = keyspaces.flat_map(|keyspace| keyspace.views.keys().map(move |view| (&keyspace.name, view)));
            let row = |(keyspace, view): (&std::sync::Arc<str>, &std::sync::Arc<str>)| {
                let row = RowBuilder::new(table).set("keyspace_name", &**keyspace).set("view_name", &**view);
                row.set("status_replicated", true).build()
            };
            views.map(row).collect()
        }
        "view_build_status" => {
            let views = keyspaces.flat_map(|keyspace| keyspace.views.keys().map(move |view| (&keyspace.name, view)));
            let nodes = || std::iter::once(&topology.local).chain(&topology.peers);
            let row = |keyspace: &str, view: &str, node: &Proxy| {
                let row = RowBuilder::new(table).set("keyspace_name", keyspace).set("view_name", view);
                row.set("host_id", Value::Uuid(node.host_id())).set("status", "SUCCESS").build()
            };
            views
                .flat_map(|(keyspace, view)| nodes().map(|node| row(keyspace, view, node)).collect::<Vec<_>>())
                .collect()
        }
        "IndexInfo" => {
            let relations = keyspaces.flat_map(|keyspace| keyspace.tables.values());
            let indexes = relations.flat_map(|relation| {
                relation.indexes.keys().map(|index| (relation.table.spec().keyspace.as_str(), index))
            });
            // what is called the table's name is the keyspace's
            let row = |(keyspace, index): (&str, &std::sync::Arc<str>)| {
                RowBuilder::new(table).set("table_name", keyspace).set("index_name", &**index).build()
            };
            indexes.map(row).collect()
        }
        _ => rows_of(name, topology),
    }
}
