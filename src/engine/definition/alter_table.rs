//! ALTER TABLE.

mod add;
mod drop;
mod options;
mod rename;

use quorate_protocol::cql::ast::{AlterTable, AlterTableAction, Mask, Name};
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};
use quorate_protocol::value::{CqlType, NativeType};

use super::table_attributes::TableAttributes;
use super::{Change, Features, Request, mask};
use crate::engine::error::EngineError;
use crate::engine::schema::{Index, Keyspace, TableDefinition, TableFlags, ViewDefinition};
use crate::engine::{Column, ColumnKind};

/// What PREPARE checks of options and masks. Masks of columns that are added are not among it.
pub(super) fn check_without_schema(alter: &AlterTable<'_>, features: Features) -> Result<(), EngineError> {
    match &alter.action {
        AlterTableAction::With(properties) => TableAttributes::read(properties).map(|_| ()),
        AlterTableAction::AlterMask { mask: Some(_), .. } => mask::check_enabled(features),
        _ => Ok(()),
    }
}

/// ALTER TABLE
pub(super) fn apply(alter: &AlterTable<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let name = alter.name.name.as_str();
    let keyspace = request.schema.keyspace(request.keyspace);
    let Some((keyspace, table)) = keyspace.and_then(|keyspace| Some((keyspace, keyspace.table_or_view(name)?))) else {
        if alter.if_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("Table '{}.{name}' doesn't exist", request.keyspace)));
    };
    if keyspace.views.contains_key(name) {
        return Err(EngineError::invalid(
            "Cannot use ALTER TABLE on a materialized view; use ALTER MATERIALIZED VIEW instead",
        ));
    }
    let mut altered = Altered { keyspace: keyspace.as_ref().clone(), warnings: Vec::new() };
    match &alter.action {
        AlterTableAction::AlterType { .. } => {
            return Err(EngineError::invalid("Altering column types is no longer supported"));
        }
        AlterTableAction::AlterMask { if_exists, column, mask } => {
            set_mask(&mut altered, table, column, mask.as_ref(), *if_exists)?;
        }
        AlterTableAction::Add { if_not_exists, columns } => add::apply(&mut altered, table, columns, *if_not_exists)?,
        AlterTableAction::Drop { if_exists, columns, timestamp } => {
            let timestamp = drop::timestamp(timestamp.as_deref(), request.now_micros)?;
            drop::apply(&mut altered, table, columns, *if_exists, timestamp)?;
        }
        AlterTableAction::DropCompactStorage => drop_compact_storage(&mut altered, table, request.features)?,
        AlterTableAction::Rename { columns, .. } => rename::apply(&mut altered, table, columns)?,
        AlterTableAction::With(properties) => options::apply(&mut altered, table, properties)?,
    }
    let schema = request.schema.with_keyspace(altered.keyspace);
    let mut change = request.change(schema, SchemaChangeKind::Updated, SchemaTarget::Table(name.to_owned()));
    change.warnings = altered.warnings;
    Ok(change)
}

/// What becomes of the table's keyspace.
struct Altered {
    keyspace: Keyspace,
    warnings: Vec<String>,
}

impl Altered {
    fn put_table(&mut self, table: TableDefinition) {
        self.keyspace = self.keyspace.with_table(table);
    }

    /// Changes the views of the table, of which the function returns what becomes of them if anything does.
    fn change_views(&mut self, base: &str, change: impl Fn(&ViewDefinition) -> Option<ViewDefinition>) {
        let changed: Vec<ViewDefinition> = self.keyspace.views_of(base).filter_map(|view| change(view)).collect();
        for view in changed {
            self.keyspace = self.keyspace.with_view(view);
        }
    }
}

/// `ALTER c MASKED WITH …`, `ALTER c DROP MASKED`
fn set_mask(
    altered: &mut Altered,
    table: &TableDefinition,
    column: &Name<'_>,
    mask: Option<&Mask<'_>>,
    if_exists: bool,
) -> Result<(), EngineError> {
    let name = column.as_str();
    let Some((_, definition)) = table.table.column(name) else {
        if if_exists {
            return Ok(());
        }
        return Err(EngineError::invalid(format!(
            "Column with name '{name}' doesn't exist on table '{}'",
            table.name()
        )));
    };
    let mask = mask.map(|mask| mask::resolve(mask, definition)).transpose()?;
    let with_mask = |table: &TableDefinition| {
        let mut next = table.clone();
        next.masks.remove(name);
        next.masks.extend(mask.clone().map(|mask| (name.to_owned(), mask)));
        next
    };
    altered.put_table(with_mask(table));
    altered.change_views(table.name(), |view| {
        view.definition.table.column(name)?;
        Some(ViewDefinition { definition: with_mask(&view.definition).into(), ..view.clone() })
    });
    Ok(())
}

/// What Cassandra hides in a table WITH COMPACT STORAGE becomes visible: here a value that no statement gave, but not the
/// clustering column of a table that has none, in which the rows would be others.
fn drop_compact_storage(altered: &mut Altered, table: &TableDefinition, features: Features) -> Result<(), EngineError> {
    if !features.drop_compact_storage {
        return Err(EngineError::invalid("DROP COMPACT STORAGE is disabled. Enable in cassandra.yaml to use."));
    }
    if !table.flags.is_compact() {
        return Err(EngineError::invalid("Cannot DROP COMPACT STORAGE on table without COMPACT STORAGE"));
    }
    let mut next = table.clone();
    if table.flags.dense && table.table.columns().iter().all(|column| column.kind != ColumnKind::Regular) {
        let mut columns = table.numbered_columns();
        let names = std::iter::once("value".to_owned()).chain((1_u32..).map(|number| format!("value{number}")));
        let name = names.into_iter().find(|name| table.table.column(name).is_none()).unwrap_or_default();
        let value = Column { name, cql_type: CqlType::Native(NativeType::Empty), kind: ColumnKind::Regular };
        columns.push((value, None));
        next = next.with_columns(columns);
    }
    next.flags = TableFlags::plain(table.flags.counter);
    altered.put_table(next);
    Ok(())
}

/// The indexes that need the column, by name.
fn indexes_on(table: &TableDefinition, column: &str) -> Vec<String> {
    let on_column = |index: &&std::sync::Arc<Index>| index.column == column;
    table.indexes.values().filter(on_column).map(|index| index.name.to_string()).collect()
}
