//! When the selectors of a SELECT are judged.
//!
//! Cassandra prepares a selector when it first looks at it (`RawSelector.toSelectables` is lazy): before the restrictions of a
//! table with static columns, as far as it takes to learn which are selected, and else after them.

use quorate_protocol::cql::ast::{Selection, Selector};

use crate::engine::compile::{Compiler, columns_of};
use crate::engine::error::EngineError;
use crate::engine::table::{ColumnKind, Table};

/// Whether only static columns are selected, or with them the partition key (`SelectStatement.selectOnlyStaticColumns`).
///
/// # Errors
/// Of the selectors that it has to look at.
pub(super) fn selects_static_only(
    selection: &Selection<'_>,
    table: &Table,
    compiler: &Compiler<'_>,
) -> Result<bool, EngineError> {
    let has_static = table.columns().iter().any(|column| column.kind == ColumnKind::Static);
    let Selection::Some(selected) = selection else { return Ok(false) };
    let is_any = |wanted: fn(ColumnKind) -> bool| -> Result<bool, EngineError> {
        for selected in selected {
            let columns = judge(&selected.selector, table, compiler)?;
            if columns.iter().filter_map(|column| table.columns().get(*column)).any(|column| wanted(column.kind)) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let is_of_rows = |kind| !matches!(kind, ColumnKind::Static | ColumnKind::PartitionKey);
    Ok(has_static && is_any(|kind| kind == ColumnKind::Static)? && !is_any(is_of_rows)?)
}

/// The columns that a selector names.
///
/// # Errors
/// For names that are no columns, then for calls and operators that there is no function for.
pub(super) fn judge(
    selector: &Selector<'_>,
    table: &Table,
    compiler: &Compiler<'_>,
) -> Result<Vec<usize>, EngineError> {
    let columns = columns_of(selector, table)?;
    compiler.check_calls(selector)?;
    Ok(columns)
}
