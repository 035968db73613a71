//! `ALTER TABLE … RENAME`

use quorate_protocol::cql::ast::{Name, Relation, Statement};
use quorate_protocol::cql::parse;

use super::{Altered, indexes_on};
use crate::engine::ColumnKind;
use crate::engine::error::EngineError;
use crate::engine::schema::{TableDefinition, ViewDefinition};

pub(super) fn apply(
    altered: &mut Altered,
    table: &TableDefinition,
    renamed: &[(Name<'_>, Name<'_>)],
) -> Result<(), EngineError> {
    let mut next = table.clone();
    for (from, to) in renamed {
        let (from, to) = (from.as_str(), to.as_str());
        check(table, &next, from, to)?;
        next = with_renamed(&next, from, to);
        altered.change_views(table.name(), |view| {
            view.definition.table.column(from)?;
            Some(ViewDefinition {
                definition: with_renamed(&view.definition, from, to).into(),
                where_clause: rename_in_where(&view.where_clause, from, to),
                ..view.clone()
            })
        });
    }
    altered.put_table(next);
    Ok(())
}

fn check(table: &TableDefinition, next: &TableDefinition, from: &str, to: &str) -> Result<(), EngineError> {
    // IF EXISTS is no help: Cassandra looks the column up before
    let Some((_, column)) = next.table.column(from).filter(|_| table.table.column(from).is_some()) else {
        return Err(EngineError::invalid(format!("Undefined column name {from} in table {}", table.display_name())));
    };
    if !matches!(column.kind, ColumnKind::PartitionKey | ColumnKind::Clustering { .. }) {
        return Err(EngineError::invalid(format!("Cannot rename non PRIMARY KEY column {from}")));
    }
    if table.table.column(to).is_some() || next.table.column(to).is_some() {
        return Err(EngineError::invalid(format!(
            "Cannot rename column {from} to {to} in table '{}'; another column with that name already exists",
            table.display_name()
        )));
    }
    let indexes = indexes_on(table, from);
    if !indexes.is_empty() {
        return Err(EngineError::invalid(format!(
            "Can't rename column {from} because it has dependent secondary indexes ({})",
            indexes.join(", ")
        )));
    }
    Ok(())
}

fn with_renamed(table: &TableDefinition, from: &str, to: &str) -> TableDefinition {
    let mut columns = table.numbered_columns();
    for (column, _) in &mut columns {
        if column.name == from {
            to.clone_into(&mut column.name);
        }
    }
    let mut next = table.with_columns(columns);
    if let Some(mask) = next.masks.remove(from) {
        next.masks.insert(to.to_owned(), mask);
    }
    next
}

/// The WHERE clause of a view with the column renamed. It is text that was printed here, so it parses.
fn rename_in_where(clause: &str, from: &str, to: &str) -> String {
    let select = format!("SELECT * FROM t WHERE {clause}");
    let Ok(Statement::Select(mut select)) = parse(&select) else { return clause.to_owned() };
    let to = Name::new(to);
    let rename = |name: &mut Name<'_>| {
        if name.as_str() == from {
            *name = to.clone().into_owned();
        }
    };
    for relation in &mut select.relations {
        match relation {
            Relation::Column { column, .. }
            | Relation::In { column, .. }
            | Relation::IsNotNull(column)
            | Relation::Element { column, .. } => rename(column),
            Relation::Token { columns, .. } | Relation::Tuple { columns, .. } | Relation::TupleIn { columns, .. } => {
                columns.iter_mut().for_each(rename)
            }
            Relation::Expression { .. } => {}
        }
    }
    let relations: Vec<String> = select.relations.iter().map(Relation::to_string).collect();
    relations.join(" AND ")
}
