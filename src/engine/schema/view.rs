//! A materialized view.

use std::sync::Arc;

use super::TableDefinition;

/// A materialized view: a table whose rows follow from those of its base table.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewDefinition {
    /// The view as a table.
    pub definition: Arc<TableDefinition>,
    /// The name of the base table, in the same keyspace.
    pub base: Arc<str>,
    /// Whether all columns were selected with `*`.
    pub includes_all_columns: bool,
    /// The WHERE clause in CQL.
    pub where_clause: String,
}
