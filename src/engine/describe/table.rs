//! Tables and indexes as CQL (`TableMetadata.toCqlString`, `TableParams`, `IndexMetadata`).

use quorate_protocol::value::{CqlType, Value, quote_identifier};

use crate::engine::schema::{ColumnMask, DroppedColumn, Index, TableDefinition};
use crate::engine::system_tables::{ShownOptions, index_class, index_target, is_virtual};
use crate::engine::table::{Column, ColumnKind};

/// CREATE TABLE, and with internals the id and the dropped columns; of a table that cannot be made so, a comment.
pub(super) fn create_statement(definition: &TableDefinition, with_internals: bool) -> String {
    let name = qualified_name(definition);
    let columns = column_lines(definition, with_internals);
    let options = options(definition, with_internals, false);
    let body = format!("TABLE {name} (\n{columns}) WITH {options}");
    if is_virtual(&definition.table.spec().keyspace) {
        return format!(
            "/*\nWarning: Table {name} is a virtual table and cannot be recreated with CQL.\nStructure, for \
             reference:\nVIRTUAL {body}\n*/"
        );
    }
    if is_compact(definition) {
        return format!(
            "/*\nWarning: Table {name} omitted because it has constructs not compatible with CQL (was created via \
             legacy API).\nApproximate structure, for reference:\n(this should not be used to reproduce this \
             schema)\n\nCREATE {body}\n*/"
        );
    }
    let mut text = format!("CREATE {body}");
    if with_internals {
        for (column, dropped) in in_drop_order(definition) {
            text.push_str(&drop_lines(definition, &name, column, dropped));
        }
    }
    text
}

/// CREATE INDEX or CREATE CUSTOM INDEX.
pub(super) fn create_index_statement(table: &TableDefinition, index: &Index) -> String {
    let (name, on, target) = (quote_identifier(&index.name), qualified_name(table), index_target(table, index));
    let Some(class) = index_class(index) else { return format!("CREATE INDEX {name} ON {on} ({target});") };
    let options = index.options.iter().filter(|(key, _)| *key != "class_name");
    let options = map_literal(options.map(|(key, value)| (key.as_str(), string_literal(value))));
    let with = if options == "{}" { String::new() } else { format!(" WITH OPTIONS = {options}") };
    format!("CREATE CUSTOM INDEX {name} ON {on} ({target}) USING {}{with};", string_literal(class))
}

/// `keyspace.table`
pub(super) fn qualified_name(definition: &TableDefinition) -> String {
    let spec = definition.table.spec();
    format!("{}.{}", quote_identifier(&spec.keyspace), quote_identifier(&spec.table))
}

/// The columns and the primary key, a line each.
fn column_lines(definition: &TableDefinition, with_dropped: bool) -> String {
    let is_readded = |column: &&Column| with_dropped && definition.dropped.contains_key(&column.name);
    let columns = in_create_order(definition);
    let keys = (definition.table.partition_key().len(), definition.table.clustering().len());
    let has_single_key = keys == (1, 0) && !is_compact(definition);
    let line = |column: &&Column| {
        let key = if has_single_key && column.kind == ColumnKind::PartitionKey { " PRIMARY KEY" } else { "" };
        let mask = definition.masks.get(&column.name).map(mask).unwrap_or_default();
        let is_static = column.kind == ColumnKind::Static;
        format!("    {}{mask}{key}", column_definition(&column.name, &column.cql_type, is_static))
    };
    // a column that was dropped and added again is shown as it was dropped; the end adds it again
    let mut lines: Vec<String> = columns.iter().filter(|column| !is_readded(column)).map(line).collect();
    if with_dropped {
        let dropped = in_drop_order(definition).into_iter();
        lines.extend(dropped.map(|(name, it)| format!("    {}", column_definition(name, &it.cql_type, it.is_static))));
    }
    if !has_single_key {
        lines.push(format!("    {}", primary_key(definition)));
    }
    lines.join(",\n") + "\n"
}

/// WITH COMPACT STORAGE.
fn is_compact(definition: &TableDefinition) -> bool {
    definition.flags.dense || !definition.flags.compound
}

/// The dropped columns, the first one first.
fn in_drop_order(definition: &TableDefinition) -> Vec<(&String, &DroppedColumn)> {
    let mut dropped: Vec<_> = definition.dropped.iter().collect();
    dropped.sort_by_key(|(_, dropped)| dropped.dropped_at_micros);
    dropped
}

fn column_definition(name: &str, cql_type: &CqlType, is_static: bool) -> String {
    format!("{} {cql_type}{}", quote_identifier(name), if is_static { " static" } else { "" })
}

fn mask(mask: &ColumnMask) -> String {
    let argument = |(ty, value): &(CqlType, Option<Vec<u8>>)| {
        let decoded = value.as_ref().and_then(|bytes| Value::decode(ty, bytes).ok());
        decoded.map_or_else(|| "null".to_owned(), |value| value.to_literal(ty))
    };
    let arguments: Vec<String> = mask.arguments.iter().map(argument).collect();
    format!(" MASKED WITH system.{}({})", mask.function, arguments.join(", "))
}

/// Keys, static columns and the others; each of these with its collections and user types last (`ColumnMetadata.compareTo`).
fn in_create_order(definition: &TableDefinition) -> Vec<&Column> {
    let keys = definition.table.partition_key().iter().chain(definition.table.clustering());
    let mut others: Vec<&Column> = definition.table.columns().iter().skip(keys.clone().count()).collect();
    others.sort_by_key(|column| (column.kind != ColumnKind::Static, column.cql_type.is_multi_cell()));
    keys.chain(others).collect()
}

/// `PRIMARY KEY ((a, b), c)`
pub(super) fn primary_key(definition: &TableDefinition) -> String {
    let names = |columns: &[Column]| columns.iter().map(|it| quote_identifier(&it.name)).collect::<Vec<_>>().join(", ");
    let partition = names(definition.table.partition_key());
    let partition = if definition.table.partition_key().len() > 1 { format!("({partition})") } else { partition };
    let clustering = names(definition.table.clustering());
    let comma = if clustering.is_empty() { "" } else { ", " };
    format!("PRIMARY KEY ({partition}{comma}{clustering})")
}

/// What stands behind WITH, in the order of the alphabet but for `memtable`, with the semicolon.
pub(super) fn options(definition: &TableDefinition, with_internals: bool, is_view: bool) -> String {
    let mut lines = Vec::new();
    if is_compact(definition) {
        lines.push("COMPACT STORAGE".to_owned());
    }
    if with_internals {
        lines.push(format!("ID = {}", definition.id));
    }
    if !definition.flags.dense && !definition.flags.compound {
        // a clustering column that Cassandra hides
        lines.push("CLUSTERING ORDER BY (column1 ASC)".to_owned());
    }
    if !definition.table.clustering().is_empty() {
        let order = |column: &Column| {
            let is_descending = column.kind == ColumnKind::Clustering { descending: true };
            format!("{} {}", quote_identifier(&column.name), if is_descending { "DESC" } else { "ASC" })
        };
        let order: Vec<String> = definition.table.clustering().iter().map(order).collect();
        lines.push(format!("CLUSTERING ORDER BY ({})", order.join(", ")));
    }
    if is_virtual(&definition.table.spec().keyspace) {
        lines.push(format!("comment = {}", string_literal(&definition.options.comment)));
    } else {
        lines.extend(parameters(definition, is_view));
    }
    lines.join("\n    AND ") + ";"
}

fn parameters(definition: &TableDefinition, is_view: bool) -> Vec<String> {
    let shown = ShownOptions(&definition.options);
    let string = |name: &str| format!("{name} = {}", string_literal(&shown.text(name)));
    let number = |name: &str| format!("{name} = {}", shown.int(name));
    let boolean = |name: &str| format!("{name} = {}", shown.boolean(name));
    let double = |name: &str| format!("{name} = {}", shown.double_text(name));
    let map = |name: &str| {
        let entries = shown.map(name);
        format!("{name} = {}", map_literal(entries.iter().map(|(key, value)| (key.as_str(), string_literal(value)))))
    };
    let extensions = shown.map("extensions");
    let extensions = map_literal(extensions.iter().map(|(key, value)| (key.as_str(), value.clone())));
    let mut lines = vec![
        string("additional_write_policy"),
        boolean("allow_auto_snapshot"),
        double("bloom_filter_fp_chance"),
        map("caching"),
        boolean("cdc"),
        format!("comment = {}", string_literal(&definition.options.comment)),
        map("compaction"),
        map("compression"),
        string("memtable"),
        double("crc_check_chance"),
    ];
    if !is_view {
        lines.push(format!("default_time_to_live = {}", definition.options.default_time_to_live_seconds));
    }
    lines.extend([
        format!("extensions = {extensions}"),
        format!("gc_grace_seconds = {}", definition.options.gc_grace_seconds),
        boolean("incremental_backups"),
        number("max_index_interval"),
        number("memtable_flush_period_in_ms"),
        number("min_index_interval"),
        string("read_repair"),
        string("speculative_retry"),
    ]);
    lines
}

/// The statements that drop a column, and add it again if it was.
fn drop_lines(definition: &TableDefinition, table: &str, name: &str, dropped: &DroppedColumn) -> String {
    let quoted = quote_identifier(name);
    let mut lines = format!("\nALTER TABLE {table} DROP {quoted} USING TIMESTAMP {};", dropped.dropped_at_micros);
    if let Some((_, column)) = definition.table.column(name) {
        let column = column_definition(name, &column.cql_type, column.kind == ColumnKind::Static);
        lines.push_str(&format!("\nALTER TABLE {table} ADD {column};"));
    }
    lines
}

/// `'text'`, with quotes in it doubled.
pub(super) fn string_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `{'key': value, …}`
pub(super) fn map_literal<'t>(entries: impl Iterator<Item = (&'t str, String)>) -> String {
    let entries: Vec<String> = entries.map(|(key, value)| format!("{}: {value}", string_literal(key))).collect();
    format!("{{{}}}", entries.join(", "))
}
