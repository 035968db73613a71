//! CREATE MATERIALIZED VIEW.

use std::collections::BTreeSet;

use quorate_protocol::cql::ast::{CreateView, Name, Relation, Selection, Selector};
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};
use quorate_protocol::value::{CqlType, NativeType};

use super::data_type::references_duration;
use super::scope::check_table_name;
use super::table_attributes::{TableAttributes, clustering_order, properties};
use super::{Build, Change, Request};
use crate::engine::compile::Compiler;
use crate::engine::error::EngineError;
use crate::engine::name::selector_name;
use crate::engine::restriction::{self, Rules, Surroundings};
use crate::engine::schema::{Keyspace, Schema, TableDefinition, TableFlags, ViewDefinition};
use crate::engine::{Column, ColumnKind};

const USAGE_WARNING: &str = "Materialized views are experimental and are not recommended for production use.";

/// CREATE MATERIALIZED VIEW
pub(super) fn apply(create: &CreateView<'_>, request: &mut Request<'_>) -> Result<Change, EngineError> {
    let mut change = match base(create, request)? {
        None => request.unchanged(),
        Some((keyspace, base)) => {
            let (table, schema) = definition(create, &keyspace, &base, request)?;
            let view = create.name.name.as_str().to_owned();
            let schema = schema.with_keyspace(keyspace.with_view(ViewDefinition {
                definition: table.into(),
                base: base.name().into(),
                includes_all_columns: create.selection == Selection::All,
                where_clause: create.relations.iter().map(Relation::to_string).collect::<Vec<_>>().join(" AND "),
            }));
            let mut change = request.change(schema, SchemaChangeKind::Created, SchemaTarget::Table(view.clone()));
            change.build.push(Build::View { keyspace: request.keyspace.to_owned(), view });
            change
        }
    };
    change.warnings.push(USAGE_WARNING.to_owned());
    Ok(change)
}

/// The keyspace and the base table; nothing if the view exists and need not be made.
fn base(create: &CreateView<'_>, request: &Request<'_>) -> Result<Option<(Keyspace, TableDefinition)>, EngineError> {
    let (view, table) = (create.name.name.as_str(), create.from.name.as_str());
    let Some(keyspace) = request.schema.keyspace(request.keyspace) else {
        return Err(EngineError::invalid(format!("Keyspace '{}' doesn't exist", request.keyspace)));
    };
    let Some(base) = keyspace.tables.get(table) else {
        return Err(EngineError::invalid(format!("Base table '{table}' doesn't exist")));
    };
    if keyspace.tables.contains_key(view) {
        return Err(EngineError::invalid(format!(
            "Cannot create materialized view '{view}' - a table with the same name already exists"
        )));
    }
    if keyspace.views.contains_key(view) {
        if create.if_not_exists {
            return Ok(None);
        }
        return Err(EngineError::AlreadyExists { keyspace: request.keyspace.to_owned(), table: view.to_owned() });
    }
    if base.flags.counter {
        return Err(EngineError::invalid("Materialized views are not supported on counter tables"));
    }
    if base.options.gc_grace_seconds == 0 {
        return Err(EngineError::invalid(format!(
            "Cannot create materialized view '{view}' for base table '{table}' with gc_grace_seconds of 0, since this \
             value is used to TTL undelivered updates. Setting gc_grace_seconds too low might cause undelivered \
             updates to expire before being replayed."
        )));
    }
    Ok(Some((keyspace.as_ref().clone(), base.as_ref().clone())))
}

/// The view as a table, and the schema in which it has its number.
fn definition(
    create: &CreateView<'_>,
    keyspace: &Keyspace,
    base: &TableDefinition,
    request: &mut Request<'_>,
) -> Result<(TableDefinition, Schema), EngineError> {
    let view = create.name.name.as_str();
    let selected = selected(create, base)?;
    check_key(create, base, &selected)?;
    check_where(create, keyspace, base)?;
    let attributes = TableAttributes::read(properties(&create.options))?;
    attributes.check()?;
    if attributes.default_time_to_live_seconds().is_some_and(|ttl| ttl != 0) {
        return Err(EngineError::invalid(
            "Cannot set default_time_to_live for a materialized view. Data in a materialized view always expire at \
             the same time than the corresponding data in the parent table.",
        ));
    }
    let id = attributes.id()?.unwrap_or_else(|| request.table_id());
    if keyspace.tables_and_views().any(|table| table.id == id) {
        return Err(EngineError::configuration(format!("Table id {id} is in use")));
    }
    check_table_name(request.keyspace, view)?;
    let columns = columns(create, base, &selected);
    let mut schema = request.schema.clone();
    let storage = schema.take_storage();
    let name = (request.keyspace, view);
    let mut table =
        TableDefinition::new(name, id, storage, columns, TableFlags::plain(false), attributes.into_options());
    let is_selected = |column: &&String| selected.contains(column.as_str());
    table.masks =
        base.masks.iter().filter(|(column, _)| is_selected(column)).map(|(a, b)| (a.clone(), b.clone())).collect();
    Ok((table, schema))
}

/// The names of the columns that are selected.
fn selected<'t>(create: &CreateView<'_>, base: &'t TableDefinition) -> Result<BTreeSet<&'t str>, EngineError> {
    let mut names = BTreeSet::new();
    match &create.selection {
        Selection::All => names.extend(base.table.columns().iter().map(|column| column.name.as_str())),
        Selection::Some(selected) => {
            for one in selected {
                if let Some(alias) = &one.alias {
                    return Err(EngineError::invalid(format!(
                        "Cannot use aliases when defining a materialized view (got {} AS {})",
                        selector_name(&one.selector),
                        alias.as_str()
                    )));
                }
                let Selector::Column(name) = &one.selector else {
                    return Err(EngineError::invalid(format!(
                        "Can only select columns by name when defining a materialized view (got {})",
                        selector_name(&one.selector)
                    )));
                };
                names.insert(column_of(base, name)?.name.as_str());
            }
        }
    }
    let is_static = |column: &&Column| column.kind == ColumnKind::Static && names.contains(column.name.as_str());
    match base.table.columns().iter().find(is_static) {
        Some(column) => Err(EngineError::invalid(format!(
            "Cannot include static column '{}' in materialized view '{}'",
            column.name,
            create.name.name.as_str()
        ))),
        None => Ok(names),
    }
}

fn column_of<'t>(base: &'t TableDefinition, name: &Name<'_>) -> Result<&'t Column, EngineError> {
    base.table.column(name.as_str()).map(|(_, column)| column).ok_or_else(|| {
        EngineError::invalid(format!("Undefined column name {} in table {}", name.as_str(), base.display_name()))
    })
}

/// What the primary key of a view must be like.
fn check_key(create: &CreateView<'_>, base: &TableDefinition, selected: &BTreeSet<&str>) -> Result<(), EngineError> {
    let view = create.name.name.as_str();
    let mut names = BTreeSet::new();
    for name in create.primary_key.partition.iter().chain(&create.primary_key.clustering) {
        let column = base.table.column(name.as_str()).filter(|(_, column)| selected.contains(column.name.as_str()));
        let Some((_, column)) = column else {
            return Err(EngineError::invalid(format!(
                "Unknown column '{}' referenced in PRIMARY KEY for materialized view '{view}'",
                name.as_str()
            )));
        };
        if !names.insert(column.name.as_str()) {
            return Err(EngineError::invalid(format!(
                "Duplicate column '{}' in PRIMARY KEY clause for materialized view '{view}'",
                column.name
            )));
        }
        check_key_type(column)?;
    }
    let order = clustering_order(&create.options);
    let ordered: Vec<&Name<'_>> = order.iter().map(|(column, _)| *column).collect();
    if !order.is_empty() && !ordered.iter().copied().eq(&create.primary_key.clustering) {
        return Err(EngineError::invalid(
            "Clustering key columns must exactly match columns in CLUSTERING ORDER BY directive",
        ));
    }
    let base_key =
        || base.table.partition_key().iter().chain(base.table.clustering()).map(|column| column.name.as_str());
    let missing: Vec<&str> = base_key().filter(|name| !names.contains(name)).collect();
    if !missing.is_empty() {
        return Err(EngineError::invalid(format!(
            "Cannot create materialized view '{view}' without primary key columns {} from base table '{}'",
            missing.join(", "),
            base.name()
        )));
    }
    let added: Vec<&str> = names.iter().copied().filter(|name| !base_key().any(|key| key == *name)).collect();
    if added.len() > 1 {
        return Err(EngineError::invalid(format!(
            "Cannot include more than one non-primary key column in materialized view primary key (got {})",
            added.join(", ")
        )));
    }
    Ok(())
}

fn check_key_type(column: &Column) -> Result<(), EngineError> {
    let (name, cql_type) = (&column.name, &column.cql_type);
    let refuse = |message: String| Err(EngineError::invalid(message));
    if cql_type.is_multi_cell() {
        let what = if cql_type.is_collection() { "collection" } else { "user-defined" };
        return refuse(format!(
            "Invalid non-frozen {what} type '{}' for PRIMARY KEY column '{name}'",
            cql_type.class_name()
        ));
    }
    if *cql_type == CqlType::Native(NativeType::Counter) {
        return refuse(format!("counter type is not supported for PRIMARY KEY column '{name}'"));
    }
    if references_duration(cql_type) {
        return refuse(format!("duration type is not supported for PRIMARY KEY column '{name}'"));
    }
    Ok(())
}

/// The columns of the key must be restricted, others only by IS NOT NULL.
fn check_where(create: &CreateView<'_>, keyspace: &Keyspace, base: &TableDefinition) -> Result<(), EngineError> {
    if create.relations.iter().any(|relation| matches!(relation, Relation::Token { .. })) {
        return Err(EngineError::invalid("Cannot use token relation when defining a materialized view"));
    }
    if create.relations.iter().any(|relation| matches!(relation, Relation::Expression { .. })) {
        return Err(EngineError::invalid(format!(
            "WHERE clause for materialized view '{}' cannot contain custom index expressions",
            create.name.name.as_str()
        )));
    }
    let user_types = |of: Option<&str>, name: &str| {
        keyspace.types.get(name).filter(|_| of.is_none_or(|of| of == keyspace.name.as_ref())).cloned()
    };
    let mut compiler = Compiler::new(Some(&base.table), &user_types);
    let mut restricted = BTreeSet::new();
    let mut filters = Vec::new();
    let mut rules = Rules::new(&base.table, &[], true);
    for relation in &create.relations {
        if let Relation::IsNotNull(name) = relation {
            restricted.insert(column_of(base, name)?.name.as_str());
            continue;
        }
        let filter = restriction::compile(relation, &base.table, &mut compiler)?;
        let columns = filter.columns().iter().filter_map(|index| base.table.columns().get(*index));
        restricted.extend(columns.map(|column| column.name.as_str()));
        rules.add(filter.clone())?;
        filters.push(filter);
    }
    rules.finish(Surroundings { nearest: None, selects_static_only: false, is_virtual: false })?;
    let key: BTreeSet<&str> =
        create.primary_key.partition.iter().chain(&create.primary_key.clustering).map(Name::as_str).collect();
    let unrestricted: Vec<&str> = key.iter().copied().filter(|name| !restricted.contains(name)).collect();
    if !unrestricted.is_empty() {
        return Err(EngineError::invalid(format!(
            "Primary key columns {} must be restricted with 'IS NOT NULL' or otherwise",
            unrestricted.join(", ")
        )));
    }
    let filtered =
        filters.iter().flat_map(|filter| filter.columns()).filter_map(|index| base.table.columns().get(*index));
    let is_other = |column: &&Column| matches!(column.kind, ColumnKind::Regular | ColumnKind::Static);
    let illegal: BTreeSet<&str> = filtered.filter(is_other).map(|column| column.name.as_str()).collect();
    if !illegal.is_empty() {
        return Err(EngineError::invalid(format!(
            "Non-primary key columns can only be restricted with 'IS NOT NULL' (got: {} restricted illegally)",
            illegal.into_iter().collect::<Vec<_>>().join(",")
        )));
    }
    Ok(())
}

/// The columns of the view. A clustering column without an order keeps that of the base table.
fn columns(create: &CreateView<'_>, base: &TableDefinition, selected: &BTreeSet<&str>) -> Vec<Column> {
    let order = clustering_order(&create.options);
    let mut columns = Vec::with_capacity(selected.len());
    let mut push = |name: &str, kind_of: &dyn Fn(&Column) -> ColumnKind| {
        if let Some((_, column)) = base.table.column(name) {
            columns.push(Column { kind: kind_of(column), ..column.clone() });
        }
    };
    for name in &create.primary_key.partition {
        push(name.as_str(), &|_| ColumnKind::PartitionKey);
    }
    for name in &create.primary_key.clustering {
        let ordered = order.iter().find(|(column, _)| *column == name).map(|(_, descending)| *descending);
        push(name.as_str(), &|column| ColumnKind::Clustering {
            descending: ordered.unwrap_or(column.kind == ColumnKind::Clustering { descending: true }),
        });
    }
    let key = &create.primary_key;
    let is_key = |name: &str| key.partition.iter().chain(&key.clustering).any(|column| column.as_str() == name);
    for name in selected.iter().filter(|name| !is_key(name)) {
        push(name, &|_| ColumnKind::Regular);
    }
    columns
}
