//! Materialized views as CQL (`ViewMetadata.toCqlString`).

use quorate_protocol::value::quote_identifier;

use super::table::{options, primary_key, qualified_name};
use crate::engine::schema::ViewDefinition;

/// CREATE MATERIALIZED VIEW.
pub(super) fn create_statement(view: &ViewDefinition, with_internals: bool) -> String {
    let definition = view.definition.as_ref();
    let columns = definition.table.columns().iter().map(|column| quote_identifier(&column.name));
    let selected = if view.includes_all_columns { "*".to_owned() } else { columns.collect::<Vec<_>>().join(", ") };
    format!(
        "CREATE MATERIALIZED VIEW {} AS\n    SELECT {selected}\n    FROM {}.{}\n    WHERE {}\n    {}\n WITH {}",
        qualified_name(definition),
        quote_identifier(&definition.table.spec().keyspace),
        quote_identifier(&view.base),
        view.where_clause,
        primary_key(definition),
        options(definition, with_internals, true)
    )
}
