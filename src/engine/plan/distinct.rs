//! SELECT DISTINCT is of partitions (`SelectStatement.RawStatement.validateDistinctSelection`).

use quorate_protocol::cql::ast::Select;

use super::Output;
use crate::engine::aggregate::Aggregate;
use crate::engine::error::EngineError;
use crate::engine::restriction::Restrictions;
use crate::engine::table::{ColumnKind, Table};

pub(super) fn check_distinct(
    select: &Select<'_>,
    outputs: &[Output],
    aggregates: &[Aggregate],
    restrictions: &Restrictions,
    table: &Table,
) -> Result<(), EngineError> {
    if select.per_partition_limit.is_some() {
        return Err(EngineError::invalid("PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries"));
    }
    let restricts_rows =
        restrictions.restricts_clustering || (restrictions.restricts_others && !restrictions.others_are_static);
    if restricts_rows {
        return Err(EngineError::invalid(
            "SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns.",
        ));
    }
    let mut selected = Vec::new();
    let aggregated = aggregates.iter().filter_map(|aggregate| aggregate.argument.as_ref());
    for expression in outputs.iter().map(|output| &output.value.expression).chain(aggregated) {
        expression.for_each_column(&mut |column| selected.push(column));
    }
    for column in selected.iter().filter_map(|index| table.columns().get(*index)) {
        if !matches!(column.kind, ColumnKind::PartitionKey | ColumnKind::Static) {
            return Err(EngineError::invalid(format!(
                "SELECT DISTINCT queries must only request partition key columns and/or static columns (not {})",
                column.name
            )));
        }
    }
    if !restrictions.is_key_range {
        return Ok(());
    }
    match table.partition_key().iter().enumerate().find(|(index, _)| !selected.contains(index)) {
        Some((_, missing)) => Err(EngineError::invalid(format!(
            "SELECT DISTINCT queries must request all the partition key columns (missing {})",
            missing.name
        ))),
        None => Ok(()),
    }
}
