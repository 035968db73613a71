//! Indexes as the schema shows them (`IndexTarget`, `IndexMetadata`).

use quorate_protocol::value::quote_identifier;

use crate::engine::schema::{Index, IndexKind, IndexTarget, TableDefinition};

/// The class of storage-attached indexes as it is written by default.
const SAI_CLASS: &str = "StorageAttachedIndex";
const SASI_CLASS: &str = "org.apache.cassandra.index.sasi.SASIIndex";

/// What of the column is indexed: the column's name, inside `values(…)`, `keys(…)`, `entries(…)` or `full(…)` where it is a
/// collection.
pub(in crate::engine) fn index_target(relation: &TableDefinition, index: &Index) -> String {
    let column = quote_identifier(&index.column);
    let is_collection = relation.table.column(&index.column).is_some_and(|(_, column)| column.cql_type.is_collection());
    match index.target {
        IndexTarget::Values if !is_collection => column,
        IndexTarget::Values => format!("values({column})"),
        IndexTarget::Keys => format!("keys({column})"),
        IndexTarget::Entries => format!("entries({column})"),
        IndexTarget::Full => format!("full({column})"),
    }
}

/// The class that a custom index was made with; none of an index of Cassandra's own kind.
pub(in crate::engine) fn index_class(index: &Index) -> Option<&str> {
    let named = index.options.get("class_name").map(String::as_str);
    match index.kind {
        IndexKind::Secondary => None,
        IndexKind::StorageAttached => Some(named.unwrap_or(SAI_CLASS)),
        IndexKind::Sasi => Some(named.unwrap_or(SASI_CLASS)),
    }
}
