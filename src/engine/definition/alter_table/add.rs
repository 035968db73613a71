//! `ALTER TABLE … ADD`

use quorate_protocol::cql::ast::ColumnDefinition;
use quorate_protocol::value::{CqlType, NativeType};

use super::Altered;
use crate::engine::definition::create_index;
use crate::engine::definition::create_table::STATIC_WITHOUT_CLUSTERING;
use crate::engine::definition::data_type::{Written, has_nested_cells};
use crate::engine::definition::mask;
use crate::engine::error::EngineError;
use crate::engine::schema::{ColumnMask, TableDefinition, ViewDefinition};
use crate::engine::{Column, ColumnKind};

pub(super) fn apply(
    altered: &mut Altered,
    table: &TableDefinition,
    definitions: &[ColumnDefinition<'_>],
    if_not_exists: bool,
) -> Result<(), EngineError> {
    let mut next = table.clone();
    for definition in definitions {
        let name = definition.name.as_str();
        let resolved = Written::new(&definition.data_type).resolve(&altered.keyspace)?;
        let kind = if definition.is_static { ColumnKind::Static } else { ColumnKind::Regular };
        let column = Column { name: name.to_owned(), cql_type: resolved, kind };
        let mask = definition.mask.as_ref();
        let mask = mask.map(|mask| mask::resolve(mask, &column)).transpose()?;
        if next.table.column(name).is_some() {
            if if_not_exists {
                continue;
            }
            return Err(EngineError::invalid(format!("Column with name '{name}' already exists")));
        }
        check(table, &column)?;
        if kind == ColumnKind::Regular {
            altered.change_views(table.name(), |view| view_with(view, &column, mask.as_ref()));
        }
        next = with(&next, column, mask);
    }
    check_counters(&next)?;
    create_index::check_all(&next, &mut altered.warnings)?;
    altered.put_table(next);
    Ok(())
}

fn check(table: &TableDefinition, column: &Column) -> Result<(), EngineError> {
    let name = &column.name;
    let is_static = column.kind == ColumnKind::Static;
    if table.flags.is_compact() {
        return Err(EngineError::invalid("Cannot add new column to a COMPACT STORAGE table"));
    }
    if is_static && table.table.clustering().is_empty() {
        return Err(EngineError::invalid(STATIC_WITHOUT_CLUSTERING));
    }
    if has_nested_cells(&column.cql_type) {
        return Err(EngineError::invalid(format!(
            "Non-frozen UDTs with nested non-frozen collections are not supported for column {name}"
        )));
    }
    let Some(dropped) = table.dropped.get(name) else { return Ok(()) };
    if !is_readable_as(&dropped.cql_type, &column.cql_type) {
        return Err(EngineError::invalid(format!(
            "Cannot re-add previously dropped column '{name}' of type {}, incompatible with previous type {}",
            column.cql_type, dropped.cql_type
        )));
    }
    if dropped.is_static != is_static {
        let kind = |is_static| if is_static { "STATIC" } else { "REGULAR" };
        return Err(EngineError::invalid(format!(
            "Cannot re-add previously dropped column '{name}' of kind {}, incompatible with previous kind {}",
            kind(is_static),
            kind(dropped.is_static)
        )));
    }
    if table.flags.counter {
        return Err(EngineError::invalid(format!("Cannot re-add previously dropped counter column {name}")));
    }
    Ok(())
}

/// `TableMetadata.validate`
fn check_counters(table: &TableDefinition) -> Result<(), EngineError> {
    let others =
        table.table.columns().iter().filter(|column| matches!(column.kind, ColumnKind::Regular | ColumnKind::Static));
    for column in others {
        let is_counter = column.cql_type == CqlType::Native(NativeType::Counter);
        let (article, where_from) = match (table.flags.counter, is_counter) {
            (true, false) => ("a non counter", "a counter"),
            (false, true) => ("a counter", "a non counter"),
            _ => continue,
        };
        let spec = table.table.spec();
        return Err(EngineError::configuration(format!(
            "{}.{}: Cannot have {article} column (\"{}\") in {where_from} table",
            spec.keyspace, spec.table, column.name
        )));
    }
    Ok(())
}

/// Whether cells of the old type can be read as the new one (`AbstractType.isSerializationCompatibleWith`).
fn is_readable_as(old: &CqlType, new: &CqlType) -> bool {
    use NativeType::{BigInt, Blob, TimeUuid, Timestamp, Uuid};
    if old == new {
        return true;
    }
    let is_value = match (old, new) {
        (CqlType::List { element: a, frozen: true }, CqlType::List { element: b, frozen: true }) => {
            is_readable_as(a, b)
        }
        (CqlType::List { element: a, frozen: false }, CqlType::List { element: b, frozen: false }) => {
            is_readable_as(a, b)
        }
        (CqlType::Map { key: k1, value: v1, frozen: a }, CqlType::Map { key: k2, value: v2, frozen: b }) => {
            a == b && k1 == k2 && is_readable_as(v1, v2)
        }
        (_, CqlType::Native(Blob)) => true,
        (CqlType::Native(Timestamp), CqlType::Native(BigInt))
        | (CqlType::Native(BigInt), CqlType::Native(Timestamp)) => true,
        (CqlType::Native(TimeUuid), CqlType::Native(Uuid)) => true,
        (CqlType::Native(NativeType::Ascii), CqlType::Native(NativeType::Text)) => true,
        _ => false,
    };
    is_value && old.fixed_length() == new.fixed_length() && old.is_multi_cell() == new.is_multi_cell()
}

fn with(table: &TableDefinition, column: Column, mask: Option<ColumnMask>) -> TableDefinition {
    let mut columns = table.numbered_columns();
    let name = column.name.clone();
    columns.push((column, None));
    let mut next = table.with_columns(columns);
    next.masks.extend(mask.map(|mask| (name, mask)));
    next
}

/// A view of all columns gets new ones too.
fn view_with(view: &ViewDefinition, column: &Column, mask: Option<&ColumnMask>) -> Option<ViewDefinition> {
    if !view.includes_all_columns || view.definition.table.column(&column.name).is_some() {
        return None;
    }
    let definition = with(&view.definition, column.clone(), mask.cloned());
    Some(ViewDefinition { definition: definition.into(), ..view.clone() })
}
