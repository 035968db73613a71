//! The tables that the proxy and the driver in it read to learn of a node, its cluster and its schema.

use bytes::{BufMut, Bytes};
use quorate_protocol::message::response::{
    ColumnSpec, Columns, CqlError, ErrorDetails, Prepared, ResultColumns, ResultMetadata, Rows, TableSpec,
};
use quorate_protocol::message::{Request, Response};
use quorate_protocol::value::{CqlType, NativeType};

use super::{Core, State};

/// The tables of keyspace `ks`: name, column, kind, type.
const COLUMNS: [(&str, &str, &str, &str); 7] = [
    ("kv", "k", "partition_key", "int"),
    ("kv", "v", "regular", "text"),
    ("lists", "k", "partition_key", "int"),
    ("lists", "l", "regular", "list<text>"),
    ("lists", "s", "regular", "set<text>"),
    ("counters", "k", "partition_key", "int"),
    ("counters", "c", "regular", "counter"),
];

/// Rows of a system table, where `text` reads one.
pub(super) fn answer(core: &Core, state: &mut State, text: &str, request: &Request) -> Option<Response> {
    let words = text.strip_prefix("SELECT ")?;
    let (columns, from) = words.split_once(" FROM ")?;
    let table = from.split_whitespace().next()?;
    let rows = match table {
        "system.local" => vec![local(core, state)],
        "system.peers" | "system_schema.types" | "system_schema.views" => Vec::new(),
        "system_schema.keyspaces" => vec![keyspace("ks"), keyspace("other")],
        "system_schema.tables" => tables(),
        "system_schema.columns" => COLUMNS.iter().map(column_row).collect(),
        _ if table.starts_with("system_schema.scylla") => {
            let error = CqlError::new(ErrorDetails::Invalid, "unconfigured table");
            return Some(Response::Error(error));
        }
        _ => return None,
    };
    let names: Vec<&str> = columns.split(',').map(str::trim).collect();
    let metadata = metadata(table, &names);
    if matches!(request, Request::Prepare { .. }) {
        let id = Bytes::from(text.to_owned());
        state.prepared.insert(id.clone(), text.to_owned());
        return Some(Response::Prepared(Prepared {
            id,
            result_metadata_id: Some(Bytes::from_static(&[1; 16])),
            markers: Columns::default(),
            partition_key_indexes: Vec::new(),
            result: metadata,
        }));
    }
    let cell = |row: &Row, name: &str| row.iter().find(|(known, _)| *known == name).map(|(_, cell)| cell.clone());
    let rows = rows.iter().map(|row| names.iter().map(|name| cell(row, name)).collect()).collect();
    Some(Response::Rows(Rows { metadata, rows }))
}

type Row = Vec<(&'static str, Bytes)>;

fn local(core: &Core, state: &State) -> Row {
    let std::net::IpAddr::V4(address) = core.address.ip() else { return Vec::new() };
    vec![
        ("key", "local".into()),
        ("host_id", Bytes::copy_from_slice(core.host_id.as_bytes())),
        ("rpc_address", Bytes::copy_from_slice(&address.octets())),
        ("data_center", "dc1".into()),
        ("rack", "rack1".into()),
        ("tokens", collection(&["0"])),
        ("cluster_name", "fake".into()),
        ("schema_version", Bytes::copy_from_slice(&state.schema_version.to_be_bytes())),
    ]
}

fn keyspace(name: &'static str) -> Row {
    let replication = map(&[("class", "org.apache.cassandra.locator.SimpleStrategy"), ("replication_factor", "1")]);
    vec![("keyspace_name", name.into()), ("replication", replication), ("durable_writes", Bytes::from_static(&[1]))]
}

fn tables() -> Vec<Row> {
    let of = |table: &'static str| vec![("keyspace_name", "ks".into()), ("table_name", table.into())];
    vec![of("kv"), of("lists"), of("counters")]
}

fn column_row(&(table, column, kind, cql_type): &(&'static str, &'static str, &'static str, &'static str)) -> Row {
    let position: i32 = if kind == "regular" { -1 } else { 0 };
    vec![
        ("keyspace_name", "ks".into()),
        ("table_name", table.into()),
        ("column_name", column.into()),
        ("kind", kind.into()),
        ("position", Bytes::copy_from_slice(&position.to_be_bytes())),
        ("type", cql_type.into()),
    ]
}

fn metadata(table: &str, names: &[&str]) -> ResultMetadata {
    let (keyspace, table) = table.split_once('.').unwrap_or_default();
    let table = std::sync::Arc::new(TableSpec { keyspace: keyspace.to_owned(), table: table.to_owned() });
    let spec = |name: &&str| ColumnSpec { table: table.clone(), name: (*name).to_owned(), cql_type: type_of(name) };
    let columns = ResultColumns::Described(Columns::new(names.iter().map(spec).collect()));
    ResultMetadata { paging_state: None, new_metadata_id: None, columns }
}

fn type_of(column: &str) -> CqlType {
    let text = || CqlType::Native(NativeType::Text);
    match column {
        "host_id" | "schema_version" => CqlType::Native(NativeType::Uuid),
        "rpc_address" => CqlType::Native(NativeType::Inet),
        "tokens" => CqlType::set(text()),
        "replication" => CqlType::map(text(), text()),
        "durable_writes" => CqlType::Native(NativeType::Boolean),
        "position" => CqlType::Native(NativeType::Int),
        "field_names" | "field_types" => CqlType::list(text()),
        _ => text(),
    }
}

fn collection(items: &[&str]) -> Bytes {
    let mut bytes = Vec::new();
    bytes.put_i32(items.len() as i32);
    for item in items {
        bytes.put_i32(item.len() as i32);
        bytes.put_slice(item.as_bytes());
    }
    bytes.into()
}

fn map(entries: &[(&str, &str)]) -> Bytes {
    let flat: Vec<&str> = entries.iter().flat_map(|(key, value)| [*key, *value]).collect();
    let mut bytes = collection(&flat).to_vec();
    bytes[..4].copy_from_slice(&(entries.len() as i32).to_be_bytes());
    bytes.into()
}
