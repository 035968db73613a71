//! What WHERE may say in UPDATE and DELETE, and which parts of the primary key must be there.

use quorate_protocol::cql::ast::{Operator, Relation};

use super::pairs::check_pairs;
use crate::engine::compile::Compiler;
use crate::engine::error::EngineError;
use crate::engine::modification::StatementKind;
use crate::engine::restriction::{self, Filter};
use crate::engine::schema::TableDefinition;
use crate::engine::table::{Column, Table};

/// Compiles the relations of an UPDATE or DELETE.
pub(in crate::engine::modification) fn compile_relations(
    relations: &[Relation<'_>],
    table: &Table,
    kind: StatementKind,
    compiler: &mut Compiler<'_>,
) -> Result<Vec<Filter>, EngineError> {
    if relations.iter().any(|relation| matches!(relation, Relation::Expression { .. })) {
        return Err(EngineError::invalid(
            "Custom index expressions cannot be used in WHERE clauses for UPDATE or DELETE statements",
        ));
    }
    let compile = |relation: &Relation<'_>| {
        if let Relation::Column { operator: operator @ (Operator::Contains | Operator::ContainsKey), .. } = relation {
            let message = format!("Cannot use {} with {}", kind.name(), restriction::operator_text(*operator));
            return Err(EngineError::invalid(message));
        }
        restriction::compile(relation, table, compiler)
    };
    relations.iter().map(compile).collect()
}

/// Refuses filters that exclude each other, or that do not name what the statement must name.
pub(super) fn check(
    filters: &[Filter],
    definition: &TableDefinition,
    kind: StatementKind,
    is_static_only: bool,
) -> Result<(), EngineError> {
    let table = definition.table.as_ref();
    check_pairs(filters, table)?;
    check_order(filters, table)?;
    check_partition_key(filters, table, kind)?;
    check_clustering(filters, definition, kind, is_static_only)?;
    let mut others: Vec<&str> = filters
        .iter()
        .flat_map(Filter::columns)
        .filter(|column| !table.is_key(**column))
        .map(|c| name(table, *c))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    others.sort_unstable();
    others.dedup();
    // with the space that Cassandra leaves at the end
    Err(EngineError::invalid(format!("Non PRIMARY KEY columns found in where clause: {} ", others.join(", "))))
}

/// Behind a clustering column that is bounded only, none may be restricted.
fn check_order(filters: &[Filter], table: &Table) -> Result<(), EngineError> {
    let mut last: Option<(usize, bool)> = None;
    for filter in filters {
        let Some(column) = filter.columns().first().copied() else { continue };
        if column < table.partition_key_count() || !table.is_key(column) {
            continue;
        }
        let is_bounded = is_slice(filter);
        let is_crossed = |other: &Filter| {
            is_slice(other) && other.columns().first() != Some(&column) && other.columns().contains(&column)
        };
        if is_bounded && filters.iter().any(is_crossed) {
            return Err(EngineError::invalid(format!(
                "Column \"{}\" cannot be restricted by two inequalities not starting with the same column",
                name(table, column)
            )));
        }
        if let Some((before, is_before_bounded)) = last {
            if is_before_bounded && column > before {
                return Err(EngineError::invalid(format!(
                    "Clustering column \"{}\" cannot be restricted (preceding column \"{}\" is restricted by a non-EQ \
                     relation)",
                    name(table, column),
                    name(table, before)
                )));
            }
            if column < before && is_bounded {
                return Err(EngineError::invalid(format!(
                    "PRIMARY KEY column \"{}\" cannot be restricted (preceding column \"{}\" is restricted by a non-EQ \
                     relation)",
                    name(table, before),
                    name(table, column)
                )));
            }
        }
        if last.is_none_or(|(before, _)| column >= before) {
            last = Some((column, is_bounded));
        }
    }
    Ok(())
}

fn check_partition_key(filters: &[Filter], table: &Table, kind: StatementKind) -> Result<(), EngineError> {
    let kind = kind.name();
    if filters.iter().any(|filter| matches!(filter, Filter::Token { .. })) {
        let message = format!("The token function cannot be used in WHERE clauses for {kind} statements");
        return Err(EngineError::invalid(message));
    }
    let missing = missing(table.partition_key(), 0, filters);
    if !missing.is_empty() {
        return Err(EngineError::invalid(format!("Some partition key parts are missing: {}", missing.join(", "))));
    }
    let is_of_key = |filter: &Filter| filter.columns().iter().any(|column| *column < table.partition_key_count());
    if filters.iter().any(|filter| is_of_key(filter) && is_slice(filter)) {
        return Err(EngineError::invalid(format!(
            "Only EQ and IN relation are supported on the partition key (unless you use the token() function) for {kind} \
             statements"
        )));
    }
    Ok(())
}

fn check_clustering(
    filters: &[Filter],
    definition: &TableDefinition,
    kind: StatementKind,
    is_static_only: bool,
) -> Result<(), EngineError> {
    let table = definition.table.as_ref();
    let is_clustering = |column: usize| column >= table.partition_key_count() && table.is_key(column);
    let of_clustering = |filter: &&Filter| filter.columns().iter().any(|column| is_clustering(*column));
    let restricted = || filters.iter().filter(of_clustering);
    if is_static_only && restricted().next().is_some() && kind != StatementKind::Insert {
        return Err(EngineError::invalid(format!(
            "Invalid restrictions on clustering columns since the {} statement modifies only static columns",
            kind.name()
        )));
    }
    if kind == StatementKind::Delete {
        return check_prefix(filters, table);
    }
    if restricted().any(is_slice) {
        return Err(EngineError::invalid(format!(
            "Slice restrictions are not supported on the clustering columns in {} statements",
            kind.name()
        )));
    }
    if definition.flags.is_compact() && restricted().next().is_some() {
        // rows of such tables may end before the last clustering column
        return check_prefix(filters, table);
    }
    let missing = missing(table.clustering(), table.partition_key_count(), filters);
    if !is_static_only && !missing.is_empty() {
        return Err(EngineError::invalid(format!("Some clustering keys are missing: {}", missing.join(", "))));
    }
    Ok(())
}

/// Clustering columns are restricted from the first on.
fn check_prefix(filters: &[Filter], table: &Table) -> Result<(), EngineError> {
    let is_restricted = |column: usize| filters.iter().any(|filter| filter.columns().contains(&column));
    let columns = table.partition_key_count()..table.key_count();
    let Some(gap) = columns.clone().find(|column| !is_restricted(*column)) else { return Ok(()) };
    match (gap..columns.end).find(|column| is_restricted(*column)) {
        Some(behind) => Err(EngineError::invalid(format!(
            "PRIMARY KEY column \"{}\" cannot be restricted as preceding column \"{}\" is not restricted",
            name(table, behind),
            name(table, gap)
        ))),
        None => Ok(()),
    }
}

fn missing<'t>(columns: &'t [Column], first: usize, filters: &[Filter]) -> Vec<&'t str> {
    let is_restricted = |column: usize| filters.iter().any(|filter| filter.columns().contains(&column));
    let missing = columns.iter().enumerate().filter(|(index, _)| !is_restricted(first + index));
    missing.map(|(_, column)| column.name.as_str()).collect()
}

fn is_slice(filter: &Filter) -> bool {
    match filter {
        Filter::Compare { operator, .. } | Filter::Tuple { operator, .. } => *operator != Operator::Equal,
        _ => false,
    }
}

fn name(table: &Table, column: usize) -> &str {
    table.columns().get(column).map_or("", |column| column.name.as_str())
}
