//! The definitions of the system's tables, read from CQL texts that are part of the program.

use std::collections::BTreeMap;
use std::sync::Arc;

use md5::{Digest, Md5};
use quorate_protocol::cql::ast::{
    AlterTable, AlterTableAction, CreateKeyspace, CreateTable, Direction, PropertyValue, Statement, TableItem,
    TableOption,
};
use quorate_protocol::cql::parse;
use quorate_protocol::value::{CqlType, NativeType};
use uuid::{Builder, Uuid};

use crate::engine::schema::{DroppedColumn, Keyspace, Schema, TableDefinition, TableFlags, TableOptions};
use crate::engine::table::{Column, ColumnKind, Table};
use crate::store::mutation::StorageId;
use crate::store::row::ColumnId;
use crate::store::table::TableShape;

/// A keyspace each: CREATE KEYSPACE, then CREATE TABLE with those options that are not the defaults, then ALTER TABLE for
/// the columns of earlier versions.
const DEFINITIONS: [&str; 7] = [
    include_str!("definitions/system.cql"),
    include_str!("definitions/system_auth.cql"),
    include_str!("definitions/system_distributed.cql"),
    include_str!("definitions/system_schema.cql"),
    include_str!("definitions/system_traces.cql"),
    include_str!("definitions/system_views.cql"),
    include_str!("definitions/system_virtual_schema.cql"),
];

/// Adds the system's keyspaces and tables that the schema does not have. Those that it has stay as they are, so that a
/// schema of an earlier version of this program gains what is new and keeps where its rows are.
pub fn define(schema: &mut Schema) {
    for text in DEFINITIONS {
        for statement in text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
            // a test parses all of them
            match parse(statement) {
                Ok(Statement::CreateKeyspace(created)) => add_keyspace(schema, &created),
                Ok(Statement::CreateTable(created)) => add_table(schema, &created),
                Ok(Statement::AlterTable(altered)) => drop_columns(schema, &altered),
                other => debug_assert!(false, "{statement}: {other:?}"),
            }
        }
    }
}

/// The id that Cassandra gives a table of the system (`TableId.forSystemTable`).
fn id(keyspace: &str, table: &str) -> Uuid {
    let digest: [u8; 16] = Md5::digest([keyspace, table].concat()).into();
    Builder::from_md5_bytes(digest).into_uuid()
}

fn add_keyspace(schema: &mut Schema, created: &CreateKeyspace<'_>) {
    let name: Arc<str> = created.name.as_str().into();
    if schema.keyspaces.contains_key(&name) {
        return;
    }
    let replication = created.properties.iter().find_map(|property| match &property.value {
        PropertyValue::Map(entries) if property.name == "replication" => Some(entries),
        _ => None,
    });
    let text = |constant: &quorate_protocol::cql::ast::Constant<'_>| constant.raw_text().to_owned();
    let replication: BTreeMap<String, String> =
        replication.into_iter().flatten().map(|(key, value)| (text(key), text(value))).collect();
    let keyspace = Keyspace {
        name: Arc::clone(&name),
        is_virtual: replication.is_empty(),
        replication,
        durable_writes: true,
        tables: BTreeMap::new(),
        views: BTreeMap::new(),
        types: BTreeMap::new(),
    };
    schema.keyspaces.insert(name, Arc::new(keyspace));
}

fn add_table(schema: &mut Schema, created: &CreateTable<'_>) {
    let Some(keyspace) = created.name.keyspace.as_ref().and_then(|name| schema.keyspaces.get_mut(name.as_str())) else {
        return;
    };
    let name: Arc<str> = created.name.name.as_str().into();
    if keyspace.tables.contains_key(&name) {
        return;
    }
    let storage = StorageId(schema.next_storage);
    schema.next_storage += 1;
    let table = Table::new(keyspace.name.to_string(), name.to_string(), columns(created));
    let options = options(created);
    let shape = TableShape {
        storage,
        clustering: table.clustering().iter().map(|column| (column.cql_type.clone(), is_descending(column))).collect(),
        gc_grace_seconds: options.gc_grace_seconds,
    };
    let definition = TableDefinition {
        id: id(&keyspace.name, &name),
        column_ids: (0..).take(table.columns().len()).map(ColumnId).collect(),
        next_column: u32::try_from(table.columns().len()).unwrap_or(u32::MAX),
        table: Arc::new(table),
        shape: Arc::new(shape),
        flags: TableFlags { counter: false, dense: false, compound: true },
        options,
        indexes: BTreeMap::new(),
        dropped: BTreeMap::new(),
        masks: BTreeMap::new(),
        triggers: BTreeMap::new(),
    };
    Arc::make_mut(keyspace).tables.insert(name, Arc::new(definition));
}

fn is_descending(column: &Column) -> bool {
    column.kind == ColumnKind::Clustering { descending: true }
}

fn columns(created: &CreateTable<'_>) -> Vec<Column> {
    let (mut partition, mut clustering): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut columns = Vec::new();
    for item in &created.items {
        match item {
            TableItem::PrimaryKey(key) => {
                partition.extend(key.partition.iter().map(AsRef::<str>::as_ref));
                clustering.extend(key.clustering.iter().map(AsRef::<str>::as_ref));
            }
            TableItem::Column { definition, primary_key } => {
                if *primary_key {
                    partition.push(definition.name.as_str());
                }
                columns.push(definition);
            }
        }
    }
    let position = |keys: &[&str], name: &str| keys.iter().position(|key| *key == name);
    columns.sort_by_key(|column| {
        let name = column.name.as_str();
        position(&partition, name)
            .or_else(|| Some(partition.len() + position(&clustering, name)?))
            .unwrap_or(usize::MAX)
    });
    let column = |definition: &&quorate_protocol::cql::ast::ColumnDefinition<'_>| {
        let name = definition.name.as_str();
        let kind = if partition.contains(&name) {
            ColumnKind::PartitionKey
        } else if clustering.contains(&name) {
            ColumnKind::Clustering { descending: is_ordered_descending(created, name) }
        } else if definition.is_static {
            ColumnKind::Static
        } else {
            ColumnKind::Regular
        };
        let cql_type = CqlType::resolve(&definition.data_type, &|_, _| None).unwrap_or(NativeType::Blob.into());
        Column { name: name.to_owned(), cql_type, kind }
    };
    columns.iter().map(column).collect()
}

fn is_ordered_descending(created: &CreateTable<'_>, column: &str) -> bool {
    created.options.iter().any(|option| match option {
        TableOption::ClusteringOrder(order) => {
            order.iter().any(|(name, direction)| name == column && *direction == Direction::Descending)
        }
        _ => false,
    })
}

fn options(created: &CreateTable<'_>) -> TableOptions {
    let mut options = TableOptions {
        comment: String::new(),
        default_time_to_live_seconds: 0,
        gc_grace_seconds: 864_000,
        others: BTreeMap::new(),
    };
    for option in &created.options {
        let TableOption::Property(property) = option else { continue };
        let literal = property.value.to_string();
        match (property.name.as_str(), &property.value) {
            ("comment", PropertyValue::Constant(text)) => options.comment = text.raw_text().to_owned(),
            ("gc_grace_seconds", _) => options.gc_grace_seconds = literal.parse().unwrap_or_default(),
            ("default_time_to_live", _) => options.default_time_to_live_seconds = literal.parse().unwrap_or_default(),
            (name, _) => {
                options.others.insert(name.to_owned(), literal);
            }
        }
    }
    options
}

fn drop_columns(schema: &mut Schema, altered: &AlterTable<'_>) {
    let AlterTableAction::Drop { columns, timestamp, .. } = &altered.action else { return };
    let keyspace = altered.name.keyspace.as_ref().and_then(|name| schema.keyspaces.get_mut(name.as_str()));
    let Some(keyspace) = keyspace.map(Arc::make_mut) else { return };
    let Some(definition) = keyspace.tables.get_mut(altered.name.name.as_str()).map(Arc::make_mut) else { return };
    let dropped_at_micros = timestamp.as_deref().and_then(|micros| micros.parse().ok()).unwrap_or_default();
    for name in columns {
        let Some((index, column)) = definition.table.column(name.as_str()) else { continue };
        let dropped = DroppedColumn {
            cql_type: column.cql_type.clone(),
            is_static: column.kind == ColumnKind::Static,
            dropped_at_micros,
        };
        definition.dropped.insert(column.name.clone(), dropped);
        let spec = definition.table.spec();
        let others = definition.table.columns().iter().filter(|other| other.name != name.as_str()).cloned().collect();
        definition.table = Arc::new(Table::new(spec.keyspace.clone(), spec.table.clone(), others));
        definition.column_ids.remove(index);
    }
}
