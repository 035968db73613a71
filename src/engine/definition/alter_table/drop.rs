//! `ALTER TABLE … DROP`

use quorate_protocol::cql::ast::Name;
use quorate_protocol::value::CqlType;

use super::{Altered, indexes_on};
use crate::engine::ColumnKind;
use crate::engine::definition::data_type::without_user_types;
use crate::engine::error::EngineError;
use crate::engine::schema::{DroppedColumn, TableDefinition};

/// When the columns were dropped: USING TIMESTAMP, or now. In microseconds.
pub(super) fn timestamp(written: Option<&str>, now_micros: i64) -> Result<i64, EngineError> {
    match written {
        None => Ok(now_micros),
        Some(text) => text.parse().map_err(|_| EngineError::syntax(format!("Invalid timestamp value: {text}"))),
    }
}

pub(super) fn apply(
    altered: &mut Altered,
    table: &TableDefinition,
    names: &[Name<'_>],
    if_exists: bool,
    dropped_at_micros: i64,
) -> Result<(), EngineError> {
    let mut next = table.clone();
    for name in names {
        let name = name.as_str();
        let Some((_, column)) = table.table.column(name) else {
            if if_exists {
                continue;
            }
            return Err(EngineError::invalid(format!(
                "Column {name} was not found in table '{}'",
                table.display_name()
            )));
        };
        if matches!(column.kind, ColumnKind::PartitionKey | ColumnKind::Clustering { .. }) {
            return Err(EngineError::invalid(format!("Cannot drop PRIMARY KEY column {name}")));
        }
        if matches!(column.cql_type, CqlType::Udt { frozen: false, .. }) {
            return Err(EngineError::invalid(format!(
                "Cannot drop non-frozen column {name} of user type {}",
                column.cql_type
            )));
        }
        let indexes = indexes_on(table, name);
        if !indexes.is_empty() {
            return Err(EngineError::invalid(format!(
                "Cannot drop column {name} because it has dependent secondary indexes ({})",
                indexes.join(", ")
            )));
        }
        if altered.keyspace.views_of(table.name()).next().is_some() {
            return Err(EngineError::invalid(format!(
                "Cannot drop column {name} on base table {} with materialized views",
                table.name()
            )));
        }
        let columns = next.numbered_columns().into_iter().filter(|(column, _)| column.name != name).collect();
        next = next.with_columns(columns);
        next.masks.remove(name);
        let dropped = DroppedColumn {
            cql_type: without_user_types(&column.cql_type),
            is_static: column.kind == ColumnKind::Static,
            dropped_at_micros,
        };
        next.dropped.insert(name.to_owned(), dropped);
    }
    altered.put_table(next);
    Ok(())
}
