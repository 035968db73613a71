//! The rows of `system_schema` (`SchemaKeyspace`).

use std::sync::Arc;

use quorate_protocol::value::{CqlType, NativeType, UserType, Value};

use super::index::index_target;
use super::options::ShownOptions;
use super::row::{RowBuilder, text_list, text_map, text_set};
use crate::engine::schema::{
    ColumnMask, DroppedColumn, Index, IndexKind, Keyspace, Schema, TableDefinition, Trigger, ViewDefinition,
};
use crate::engine::table::{Column, ColumnKind, Row, Table};

/// The rows of the table of that name. There are no functions and aggregates.
pub(super) fn rows(name: &str, table: &Table, schema: &Schema) -> Vec<Row> {
    let stored = schema.keyspaces.values().filter(|keyspace| !keyspace.is_virtual);
    match name {
        "keyspaces" => stored.map(|keyspace| keyspace_row(table, keyspace)).collect(),
        "types" => stored.flat_map(|keyspace| keyspace.types.values()).map(|ty| type_row(table, ty)).collect(),
        "views" => stored.flat_map(|keyspace| views(table, keyspace)).collect(),
        "tables" => stored.flat_map(|keyspace| keyspace.tables.values()).map(|it| table_row(table, it)).collect(),
        _ => stored.flat_map(relations).flat_map(|relation| rows_of_relation(name, table, relation)).collect(),
    }
}

/// The tables and views of a keyspace.
fn relations(keyspace: &Arc<Keyspace>) -> impl Iterator<Item = &TableDefinition> {
    let views = keyspace.views.values().map(|view| view.definition.as_ref());
    keyspace.tables.values().map(Arc::as_ref).chain(views)
}

fn rows_of_relation(name: &str, table: &Table, relation: &TableDefinition) -> Vec<Row> {
    match name {
        "columns" => column_rows(table, relation),
        "dropped_columns" => {
            relation.dropped.iter().map(|(name, dropped)| dropped_row(table, relation, name, dropped)).collect()
        }
        "indexes" => relation.indexes.values().map(|index| index_row(table, relation, index)).collect(),
        "column_masks" => relation.masks.iter().map(|(name, mask)| mask_row(table, relation, name, mask)).collect(),
        "triggers" => {
            let row = |(name, trigger): (&String, &Trigger)| {
                let options = text_map([("class", trigger.class.as_str())]);
                of_relation(table, relation).set("trigger_name", name.as_str()).set("options", options).build()
            };
            relation.triggers.iter().map(row).collect()
        }
        _ => Vec::new(),
    }
}

/// A row whose keyspace and table are those of the relation.
fn of_relation<'t>(table: &'t Table, relation: &TableDefinition) -> RowBuilder<'t> {
    let spec = relation.table.spec();
    RowBuilder::new(table).set("keyspace_name", spec.keyspace.as_str()).set("table_name", spec.table.as_str())
}

fn keyspace_row(table: &Table, keyspace: &Keyspace) -> Row {
    RowBuilder::new(table)
        .set("keyspace_name", &*keyspace.name)
        .set("durable_writes", keyspace.durable_writes)
        .set("replication", text_map(replication(keyspace).iter().map(|(key, value)| (key.as_str(), value.as_str()))))
        .build()
}

/// The options of replication, with the strategy's full class name.
fn replication(keyspace: &Keyspace) -> Vec<(String, String)> {
    let full_name = |key: &str, value: &str| match key {
        "class" if !value.contains('.') => format!("org.apache.cassandra.locator.{value}"),
        _ => value.to_owned(),
    };
    keyspace.replication.iter().map(|(key, value)| (key.clone(), full_name(key, value))).collect()
}

fn type_row(table: &Table, ty: &Arc<UserType>) -> Row {
    RowBuilder::new(table)
        .set("keyspace_name", ty.keyspace.as_str())
        .set("type_name", ty.name.as_str())
        .set("field_names", text_list(ty.fields.iter().map(|(name, _)| name.clone())))
        .set("field_types", text_list(ty.fields.iter().map(|(_, ty)| ty.to_string())))
        .build()
}

fn table_row(table: &Table, definition: &TableDefinition) -> Row {
    let flags = definition.flags;
    let flags = [(flags.compound, "compound"), (flags.counter, "counter"), (flags.dense, "dense")];
    let flags = text_set(flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag));
    with_options(of_relation(table, definition), definition).set("flags", flags).build()
}

fn views<'a>(table: &'a Table, keyspace: &'a Keyspace) -> impl Iterator<Item = Row> + 'a {
    keyspace.views.values().map(|view| view_row(table, keyspace, view))
}

fn view_row(table: &Table, keyspace: &Keyspace, view: &ViewDefinition) -> Row {
    let definition = view.definition.as_ref();
    let row = RowBuilder::new(table)
        .set("keyspace_name", &*keyspace.name)
        .set("view_name", definition.table.spec().table.as_str())
        .set("base_table_id", keyspace.tables.get(&view.base).map(|base| base.id))
        .set("base_table_name", &*view.base)
        .set("where_clause", view.where_clause.as_str())
        .set("include_all_columns", view.includes_all_columns);
    with_options(row, definition).build()
}

/// Options that were added after Cassandra 3 are shown only where they differ from their defaults, for the sake of older
/// nodes.
fn with_options<'t>(row: RowBuilder<'t>, definition: &TableDefinition) -> RowBuilder<'t> {
    let options = ShownOptions(&definition.options);
    let seconds = |seconds: u32| i32::try_from(seconds).unwrap_or(i32::MAX);
    let unless = |value: &str, default: &str| (value != default).then(|| value.to_owned());
    let map = |name: &str| {
        let entries = options.map(name);
        text_map(entries.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    };
    row.set("id", definition.id)
        .set("additional_write_policy", options.text("additional_write_policy"))
        .set("allow_auto_snapshot", (!options.boolean("allow_auto_snapshot")).then_some(false))
        .set("bloom_filter_fp_chance", options.double("bloom_filter_fp_chance"))
        .set("caching", map("caching"))
        .set("comment", definition.options.comment.as_str())
        .set("compaction", map("compaction"))
        .set("compression", map("compression"))
        .set("crc_check_chance", options.double("crc_check_chance"))
        .set("dclocal_read_repair_chance", 0.0)
        .set("default_time_to_live", seconds(definition.options.default_time_to_live_seconds))
        .set("extensions", extensions(&options))
        .set("gc_grace_seconds", seconds(definition.options.gc_grace_seconds))
        .set("incremental_backups", (!options.boolean("incremental_backups")).then_some(false))
        .set("max_index_interval", options.int("max_index_interval"))
        .set("memtable", unless(&options.text("memtable"), "default"))
        .set("memtable_flush_period_in_ms", options.int("memtable_flush_period_in_ms"))
        .set("min_index_interval", options.int("min_index_interval"))
        .set("read_repair", options.text("read_repair"))
        .set("read_repair_chance", 0.0)
        .set("speculative_retry", options.text("speculative_retry"))
}

/// `map<text, blob>`
fn extensions(options: &ShownOptions<'_>) -> Value {
    let blob = |text: &str| Value::parse(NativeType::Blob, text).ok();
    let entry = |(key, value): (String, String)| (Some(Value::Text(key)), blob(&value));
    Value::Map(options.map("extensions").into_iter().map(entry).collect())
}

/// A row for each column, as both `system_schema.columns` and `system_virtual_schema.columns` show them.
pub(super) fn column_rows(table: &Table, relation: &TableDefinition) -> Vec<Row> {
    let position = |keys: &[Column], column: &Column| keys.iter().position(|key| key.name == column.name);
    let row = |column: &Column| {
        let (kind, position) = match column.kind {
            ColumnKind::PartitionKey => ("partition_key", position(relation.table.partition_key(), column)),
            ColumnKind::Clustering { .. } => ("clustering", position(relation.table.clustering(), column)),
            ColumnKind::Static => ("static", None),
            ColumnKind::Regular if is_compact_static(relation) => ("static", None),
            ColumnKind::Regular => ("regular", None),
        };
        let order = match column.kind {
            ColumnKind::Clustering { descending: true } => "desc",
            ColumnKind::Clustering { descending: false } => "asc",
            _ => "none",
        };
        column_row(table, relation, (&column.name, &column.cql_type), kind, position, order)
    };
    relation.table.columns().iter().map(row).chain(hidden_column_rows(table, relation)).collect()
}

/// The columns that Cassandra hides in a table WITH COMPACT STORAGE.
fn hidden_column_rows(table: &Table, relation: &TableDefinition) -> Vec<Row> {
    let value = |native: NativeType| column_row(table, relation, ("value", &native.into()), "regular", None, "none");
    let has_no_value = relation.table.columns().len() == relation.table.key_count();
    if is_compact_static(relation) {
        let name = column_row(table, relation, ("column1", &NativeType::Text.into()), "clustering", Some(0), "asc");
        vec![name, value(NativeType::Blob)]
    } else if relation.flags.dense && has_no_value {
        vec![value(NativeType::Empty)]
    } else {
        Vec::new()
    }
}

/// Whether the table was made WITH COMPACT STORAGE and without clustering columns.
fn is_compact_static(relation: &TableDefinition) -> bool {
    !relation.flags.dense && !relation.flags.compound
}

fn column_row(
    table: &Table,
    relation: &TableDefinition,
    (name, cql_type): (&str, &CqlType),
    kind: &str,
    position: Option<usize>,
    order: &str,
) -> Row {
    of_relation(table, relation)
        .set("column_name", name)
        .set("clustering_order", order)
        .set("column_name_bytes", Value::Blob(name.as_bytes().to_vec()))
        .set("kind", kind)
        .set("position", position.and_then(|position| i32::try_from(position).ok()).unwrap_or(-1))
        .set("type", cql_type.to_string())
        .build()
}

fn dropped_row(table: &Table, relation: &TableDefinition, name: &str, dropped: &DroppedColumn) -> Row {
    of_relation(table, relation)
        .set("column_name", name)
        .set("dropped_time", Value::Timestamp(dropped.dropped_at_micros.div_euclid(1000)))
        .set("kind", if dropped.is_static { "static" } else { "regular" })
        .set("type", dropped.cql_type.to_string())
        .build()
}

fn index_row(table: &Table, relation: &TableDefinition, index: &Index) -> Row {
    let target = index_target(relation, index);
    let options = index.options.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let kind = match index.kind {
        IndexKind::Secondary => "COMPOSITES",
        IndexKind::StorageAttached | IndexKind::Sasi => "CUSTOM",
    };
    of_relation(table, relation)
        .set("index_name", &*index.name)
        .set("kind", kind)
        .set("options", text_map(options.chain([("target", target.as_str())])))
        .build()
}

fn mask_row(table: &Table, relation: &TableDefinition, name: &str, mask: &ColumnMask) -> Row {
    let value = |(ty, value): &(CqlType, Option<Vec<u8>>)| {
        let decoded = value.as_ref().and_then(|bytes| Value::decode(ty, bytes).ok());
        decoded.and_then(|value| value.to_text()).unwrap_or_default()
    };
    let nulls = mask.arguments.iter().map(|(_, value)| Some(Value::Boolean(value.is_none()))).collect();
    of_relation(table, relation)
        .set("column_name", name)
        .set("function_keyspace", "system")
        .set("function_name", mask.function.as_str())
        .set("function_argument_types", text_list(mask.arguments.iter().map(|(ty, _)| ty.to_string())))
        .set("function_argument_values", text_list(mask.arguments.iter().map(value)))
        .set("function_argument_nulls", Value::List(nulls))
        .build()
}
