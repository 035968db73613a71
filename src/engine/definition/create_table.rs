//! CREATE TABLE.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::cql::ast::{
    ColumnDefinition, CreateTable, Name, PrimaryKey, QualifiedName, TableItem, TableOption,
};
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};
use quorate_protocol::value::{CqlType, NativeType};

use super::data_type::{Written, has_nested_cells, references_duration};
use super::mask;
use super::scope::{check_table_name, written};
use super::table_attributes::{TableAttributes, clustering_order, properties};
use super::{Change, Features, Request};
use crate::engine::error::EngineError;
use crate::engine::schema::{Keyspace, TableDefinition, TableFlags};
use crate::engine::{Column, ColumnKind};

/// What the parser checks beyond the grammar: nothing is declared twice.
pub(super) fn check_declarations(create: &CreateTable<'_>) -> Result<(), EngineError> {
    let table = written(&create.name);
    let mut names = BTreeSet::new();
    let mut has_key = false;
    for item in &create.items {
        let is_key = match item {
            TableItem::Column { definition, primary_key } => {
                if !names.insert(&definition.name) {
                    return Err(EngineError::invalid(format!(
                        "Duplicate column '{}' declaration for table '{table}'",
                        definition.name.as_str()
                    )));
                }
                *primary_key
            }
            TableItem::PrimaryKey(_) => true,
        };
        if is_key && has_key {
            return Err(EngineError::invalid(format!(
                "Multiple PRIMARY KEY specified for table '{table}' (exactly one required)"
            )));
        }
        has_key |= is_key;
    }
    check_clustering_order(&create.options, &create.name, "table")
}

/// Refuses an order given twice for a column.
pub(super) fn check_clustering_order(
    options: &[TableOption<'_>],
    name: &QualifiedName<'_>,
    what: &str,
) -> Result<(), EngineError> {
    let mut names = BTreeSet::new();
    match clustering_order(options).into_iter().find(|(column, _)| !names.insert(*column)) {
        Some((column, _)) => Err(EngineError::invalid(format!(
            "Duplicate column '{}' in CLUSTERING ORDER BY clause for {what} '{}'",
            column.as_str(),
            written(name)
        ))),
        None => Ok(()),
    }
}

pub(super) fn check_has_primary_key(create: &CreateTable<'_>) -> Result<(), EngineError> {
    match primary_key(create) {
        Some(_) => Ok(()),
        None => Err(EngineError::invalid(format!(
            "No PRIMARY KEY specifed for table '{}' (exactly one required)",
            written(&create.name)
        ))),
    }
}

/// What PREPARE checks of the options and masks.
pub(super) fn check_without_schema(create: &CreateTable<'_>, features: Features) -> Result<(), EngineError> {
    TableAttributes::read(properties(&create.options))?;
    if definitions(create).any(|definition| definition.mask.is_some()) { mask::check_enabled(features) } else { Ok(()) }
}

/// CREATE TABLE
pub(super) fn apply(create: &CreateTable<'_>, request: &mut Request<'_>) -> Result<Change, EngineError> {
    let name = create.name.name.as_str();
    let Some(keyspace) = request.schema.keyspace(request.keyspace).cloned() else {
        return Err(EngineError::invalid(format!("Keyspace '{}' doesn't exist", request.keyspace)));
    };
    if keyspace.table_or_view(name).is_some() {
        if create.if_not_exists && keyspace.tables.contains_key(name) {
            return Ok(request.unchanged());
        }
        return Err(EngineError::AlreadyExists { keyspace: request.keyspace.to_owned(), table: name.to_owned() });
    }
    let attributes = TableAttributes::read(properties(&create.options))?;
    attributes.check()?;
    let shape = Shape::new(create, &keyspace)?;
    let flags = shape.check(create, &attributes)?;
    let id = attributes.id()?.unwrap_or_else(|| request.table_id());
    if keyspace.tables_and_views().any(|table| table.id == id) {
        // Cassandra answers with a server error here
        return Err(EngineError::configuration(format!("Table id {id} is in use")));
    }
    check_table_name(request.keyspace, name)?;
    let mut schema = request.schema.clone();
    let storage = schema.take_storage();
    let mut table =
        TableDefinition::new((request.keyspace, name), id, storage, shape.columns, flags, attributes.into_options());
    for definition in definitions(create) {
        if let (Some(mask), Some((_, column))) = (&definition.mask, table.table.column(definition.name.as_str())) {
            let mask = mask::resolve(mask, column)?;
            table.masks.insert(definition.name.as_str().to_owned(), mask);
        }
    }
    let schema = schema.with_keyspace(keyspace.with_table(table));
    Ok(request.change(schema, SchemaChangeKind::Created, SchemaTarget::Table(name.to_owned())))
}

/// The columns that a statement declares: those of the key in its order, then the others.
struct Shape {
    columns: Vec<Column>,
}

impl Shape {
    fn new(create: &CreateTable<'_>, keyspace: &Keyspace) -> Result<Self, EngineError> {
        let table = create.name.name.as_str();
        let mut types = BTreeMap::new();
        for definition in definitions(create) {
            let resolved = Written::new(&definition.data_type).resolve(keyspace)?;
            types.insert(&definition.name, (resolved, definition.is_static, definition));
        }
        if types.values().any(|(cql_type, ..)| has_nested_cells(cql_type)) {
            return Err(EngineError::invalid("Non-frozen UDTs with nested non-frozen collections are not supported"));
        }
        let key = primary_key(create).unwrap_or(PrimaryKey { partition: Vec::new(), clustering: Vec::new() });
        let mut names = BTreeSet::new();
        for column in key.partition.iter().chain(&key.clustering) {
            let name = column.as_str();
            let Some((cql_type, is_static, definition)) = types.get(column) else {
                return Err(EngineError::invalid(format!(
                    "Unknown column '{name}' referenced in PRIMARY KEY for table '{table}'"
                )));
            };
            if !names.insert(column) {
                return Err(EngineError::invalid(format!(
                    "Duplicate column '{name}' in PRIMARY KEY clause for table '{table}'"
                )));
            }
            check_key_type(cql_type, definition, &keyspace.name)?;
            if *is_static {
                return Err(EngineError::invalid(format!("Static column '{name}' cannot be part of the PRIMARY KEY")));
            }
        }
        let order = clustering_order(&create.options);
        check_order(&key, &order)?;
        let descending = |column: &Name<'_>| order.iter().any(|(name, descending)| *name == column && *descending);
        let mut columns = Vec::with_capacity(types.len());
        let mut push = |column: &Name<'_>, cql_type: CqlType, kind| {
            columns.push(Column { name: column.as_str().to_owned(), cql_type, kind });
        };
        for column in &key.partition {
            if let Some((cql_type, ..)) = types.remove(column) {
                push(column, cql_type, ColumnKind::PartitionKey);
            }
        }
        for column in &key.clustering {
            if let Some((cql_type, ..)) = types.remove(column) {
                push(column, cql_type, ColumnKind::Clustering { descending: descending(column) });
            }
        }
        for (column, (cql_type, is_static, _)) in types {
            push(column, cql_type, if is_static { ColumnKind::Static } else { ColumnKind::Regular });
        }
        Ok(Shape { columns })
    }

    /// What the columns together must be like, and how the table is flagged.
    fn check(&self, create: &CreateTable<'_>, attributes: &TableAttributes<'_>) -> Result<TableFlags, EngineError> {
        let is_key = |column: &&Column| matches!(column.kind, ColumnKind::PartitionKey | ColumnKind::Clustering { .. });
        let others: Vec<&Column> = self.columns.iter().filter(|column| !is_key(column)).collect();
        let clustering_count =
            self.columns.iter().filter(|column| matches!(column.kind, ColumnKind::Clustering { .. })).count();
        let is_compact = create.options.contains(&TableOption::CompactStorage);
        if is_compact {
            check_compact(clustering_count, &others)?;
        } else if clustering_count == 0 && others.iter().any(|column| column.kind == ColumnKind::Static) {
            return Err(EngineError::invalid(STATIC_WITHOUT_CLUSTERING));
        }
        let counter = CqlType::Native(NativeType::Counter);
        let has_counters = others.iter().any(|column| column.cql_type == counter);
        if has_counters {
            if others.iter().any(|column| column.cql_type != counter) {
                return Err(EngineError::invalid("Cannot mix counter and non counter columns in the same table"));
            }
            if attributes.default_time_to_live_seconds().is_some_and(|ttl| ttl > 0) {
                return Err(EngineError::invalid("Cannot set default_time_to_live on a table with counters"));
            }
        }
        Ok(if is_compact {
            TableFlags { counter: has_counters, dense: clustering_count > 0, compound: clustering_count > 1 }
        } else {
            TableFlags::plain(has_counters)
        })
    }
}

pub(super) const STATIC_WITHOUT_CLUSTERING: &str =
    "Static columns are only useful (and thus allowed) if the table has at least one clustering column";

fn definitions<'a>(create: &'a CreateTable<'a>) -> impl Iterator<Item = &'a ColumnDefinition<'a>> {
    create.items.iter().filter_map(|item| match item {
        TableItem::Column { definition, .. } => Some(definition),
        TableItem::PrimaryKey(_) => None,
    })
}

/// The primary key, wherever it is declared; there is one at most.
fn primary_key<'a>(create: &'a CreateTable<'a>) -> Option<PrimaryKey<'a>> {
    create.items.iter().find_map(|item| match item {
        TableItem::Column { definition, primary_key: true } => {
            Some(PrimaryKey { partition: vec![definition.name.clone()], clustering: Vec::new() })
        }
        TableItem::PrimaryKey(key) => Some(key.clone()),
        TableItem::Column { .. } => None,
    })
}

fn check_key_type(cql_type: &CqlType, definition: &ColumnDefinition<'_>, keyspace: &str) -> Result<(), EngineError> {
    let name = definition.name.as_str();
    let refuse = |message: String| Err(EngineError::invalid(message));
    if cql_type.is_multi_cell() {
        return if cql_type.is_collection() {
            refuse(format!("Invalid non-frozen collection type {cql_type} for PRIMARY KEY column '{name}'"))
        } else {
            let shown = Written::new(&definition.data_type).qualified(keyspace);
            // Cassandra quotes the qualified name as if it were one identifier
            refuse(format!("Invalid non-frozen user-defined type \"{shown}\" for PRIMARY KEY column '{name}'"))
        };
    }
    if *cql_type == CqlType::Native(NativeType::Counter) {
        return refuse(format!("counter type is not supported for PRIMARY KEY column '{name}'"));
    }
    if references_duration(cql_type) {
        return refuse(format!("duration type is not supported for PRIMARY KEY column '{name}'"));
    }
    Ok(())
}

fn check_order(key: &PrimaryKey<'_>, order: &[(&Name<'_>, bool)]) -> Result<(), EngineError> {
    let strangers: Vec<&str> = order
        .iter()
        .filter(|(column, _)| !key.clustering.contains(column))
        .map(|(column, _)| column.as_str())
        .collect();
    if !strangers.is_empty() {
        return Err(EngineError::invalid(format!(
            "Only clustering key columns can be defined in CLUSTERING ORDER directive: [{}] are not clustering columns",
            strangers.join(", ")
        )));
    }
    for ((ordered, _), column) in order.iter().zip(&key.clustering) {
        if *ordered == column {
            continue;
        }
        let (ordered, column_name) = (ordered.as_str(), column.as_str());
        return Err(EngineError::invalid(if order.iter().any(|(other, _)| *other == column) {
            format!(
                "The order of columns in the CLUSTERING ORDER directive must match that of the clustering columns \
                 ({column_name} must appear before {ordered})"
            )
        } else {
            format!("Missing CLUSTERING ORDER for column {column_name}")
        }));
    }
    Ok(())
}

/// `validateCompactTable`
fn check_compact(clustering_count: usize, others: &[&Column]) -> Result<(), EngineError> {
    let refuse = |message: &str| Err(EngineError::invalid(message));
    if others.iter().any(|column| column.cql_type.is_multi_cell()) {
        return refuse("Non-frozen collections and UDTs are not supported with COMPACT STORAGE");
    }
    if others.iter().any(|column| column.kind == ColumnKind::Static) {
        return refuse("Static columns are not supported in COMPACT STORAGE tables");
    }
    if clustering_count == 0 && others.is_empty() {
        return refuse("No definition found that is not part of the PRIMARY KEY");
    }
    if clustering_count > 0 && others.len() > 1 {
        let names: Vec<&str> = others.iter().map(|column| column.name.as_str()).collect();
        return refuse(&format!(
            "COMPACT STORAGE with composite PRIMARY KEY allows no more than one column not part of the PRIMARY KEY \
             (got: {})",
            names.join(", ")
        ));
    }
    Ok(())
}
