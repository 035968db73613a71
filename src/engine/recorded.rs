//! What a Cassandra 5.0.6 answered, as `testdata` has it, and the schema that it told of.
//!
//! Cells of text are strings, others are `0x` and their bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use quorate_protocol::message::response::{ResultColumns, Rows};
use quorate_protocol::value::{CqlType, NativeType, UserType, Value};
use serde::Deserialize;
use uuid::Uuid;

use super::schema::{
    ColumnMask, DroppedColumn, Index, IndexKind, IndexTarget, Keyspace, Schema, TableDefinition, TableFlags,
    TableOptions, ViewDefinition,
};
use super::system_tables::define;
use super::table::{Column, ColumnKind, Table};
use crate::store::mutation::StorageId;
use crate::store::row::ColumnId;
use crate::store::table::TableShape;

/// The rows of `system_schema` and `system_virtual_schema`: for each table its name, then a row a line.
const SCHEMA: &str = include_str!("testdata/system_schema-5.0.6.jsonl");

pub(super) type Shown = Vec<Option<String>>;

/// One statement and its answer.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) query: String,
    /// The keyspace of the session.
    pub(super) keyspace: Option<String>,
    /// The role that asked.
    pub(super) user: Option<String>,
    pub(super) columns: Option<Vec<(String, String)>>,
    pub(super) rows: Option<Vec<Shown>>,
    pub(super) error: Option<(i32, String)>,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

/// A line of answers each.
pub(super) fn answers(text: &str) -> Vec<Answer> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The columns and cells of a result as they are recorded.
pub(super) fn shown(rows: &Rows) -> (Vec<(String, String)>, Vec<Shown>) {
    let ResultColumns::Described(columns) = &rows.metadata.columns else { panic!("no columns") };
    let types: Vec<&CqlType> = columns.specs.iter().map(|spec| &spec.cql_type).collect();
    let columns = columns.specs.iter().map(|spec| (spec.name.clone(), spec.cql_type.to_string())).collect();
    (columns, rows.rows.iter().map(|row| shown_row(row, &types)).collect())
}

pub(super) fn shown_row(row: &[Option<Bytes>], types: &[&CqlType]) -> Shown {
    row.iter().zip(types).map(|(cell, ty)| cell.as_ref().map(|cell| shown_cell(cell, ty))).collect()
}

fn shown_cell(cell: &Bytes, ty: &CqlType) -> String {
    match ty {
        CqlType::Native(NativeType::Text | NativeType::Ascii) => String::from_utf8(cell.to_vec()).unwrap(),
        _ => Value::Blob(cell.to_vec()).to_text().unwrap(),
    }
}

/// The recorded rows of each table of the schema.
pub(super) fn schema_rows() -> BTreeMap<String, Vec<Shown>> {
    #[derive(Deserialize)]
    struct Header {
        table: String,
    }
    let mut tables: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
    let mut name = String::new();
    for line in SCHEMA.lines() {
        if line.starts_with('{') {
            name = serde_json::from_str::<Header>(line).unwrap().table;
        } else {
            tables.entry(name.clone()).or_default().push(serde_json::from_str(line).unwrap());
        }
        tables.entry(name.clone()).or_default();
    }
    tables
}

/// The schema that the recorded rows tell of, with the system's tables as they are defined here.
pub(super) fn schema() -> Schema {
    let mut schema = Schema::default();
    define(&mut schema);
    Reader { rows: schema_rows(), schema }.read()
}

struct Reader {
    rows: BTreeMap<String, Vec<Shown>>,
    schema: Schema,
}

/// A recorded row: its cells by the name of the column, decoded.
type Cells = BTreeMap<String, Value>;

impl Reader {
    fn read(mut self) -> Schema {
        for row in self.table("keyspaces") {
            let name = text(&row, "keyspace_name");
            if !super::system_tables::is_system(&name) {
                let name: Arc<str> = name.into();
                let keyspace = Keyspace {
                    name: Arc::clone(&name),
                    replication: text_map(&row["replication"]),
                    durable_writes: row["durable_writes"] == Value::Boolean(true),
                    tables: BTreeMap::new(),
                    views: BTreeMap::new(),
                    types: BTreeMap::new(),
                    is_virtual: false,
                };
                self.schema.keyspaces.insert(name, Arc::new(keyspace));
            }
        }
        self.read_types();
        for row in self.table("tables") {
            let name = text(&row, "table_name");
            let definition = Arc::new(self.definition(&row, &name));
            if let Some(keyspace) = self.keyspace(&row) {
                keyspace.tables.insert(name.into(), definition);
            }
        }
        for row in self.table("views") {
            let name = text(&row, "view_name");
            let view = ViewDefinition {
                definition: Arc::new(self.definition(&row, &name)),
                base: text(&row, "base_table_name").into(),
                includes_all_columns: row["include_all_columns"] == Value::Boolean(true),
                where_clause: text(&row, "where_clause"),
            };
            if let Some(keyspace) = self.keyspace(&row) {
                keyspace.views.insert(name.into(), Arc::new(view));
            }
        }
        self.schema
    }

    /// The keyspace of a row, unless it is one of the system.
    fn keyspace(&mut self, row: &Cells) -> Option<&mut Keyspace> {
        let name = text(row, "keyspace_name");
        let keyspace = self.schema.keyspaces.get_mut(name.as_str()).unwrap();
        (!super::system_tables::is_system(&name)).then(|| Arc::make_mut(keyspace))
    }

    fn table(&self, name: &str) -> Vec<Cells> {
        let columns = self.schema.table("system_schema", name).unwrap().table.columns().to_vec();
        let cell = |(shown, column): (&Option<String>, &Column)| {
            let shown = shown.as_ref()?;
            let native = match column.cql_type {
                CqlType::Native(NativeType::Text) => return Some((column.name.clone(), Value::Text(shown.clone()))),
                _ => NativeType::Blob,
            };
            let Ok(Value::Blob(bytes)) = Value::parse(native, shown) else { panic!("{shown}") };
            Some((column.name.clone(), Value::decode(&column.cql_type, &bytes).unwrap()))
        };
        let rows = &self.rows[&format!("system_schema.{name}")];
        rows.iter().map(|row| row.iter().zip(&columns).filter_map(cell).collect()).collect()
    }

    /// Types are made of others: each is read as soon as those are known.
    fn read_types(&mut self) {
        let mut open = self.table("types");
        while !open.is_empty() {
            let (row, name) = (open.remove(0), |row: &Cells| text(row, "type_name"));
            let keyspace = text(&row, "keyspace_name");
            let fields = texts(&row["field_names"]).into_iter().zip(texts(&row["field_types"]));
            let fields: Option<Vec<(String, CqlType)>> =
                fields.map(|(name, ty)| Some((name, self.cql_type(&keyspace, &ty)?))).collect();
            match fields {
                Some(fields) => {
                    let user_type = Arc::new(UserType { keyspace, name: name(&row), fields });
                    self.keyspace(&row).unwrap().types.insert(name(&row).into(), user_type);
                }
                None => open.push(row),
            }
        }
    }

    fn cql_type(&self, keyspace: &str, written: &str) -> Option<CqlType> {
        let keyspace = self.schema.keyspace(keyspace).unwrap();
        CqlType::parse(written, &|_, name| keyspace.types.get(name).cloned()).ok()
    }

    fn definition(&self, row: &Cells, name: &str) -> TableDefinition {
        let keyspace = text(row, "keyspace_name");
        let of_table = |table: &str| -> Vec<Cells> {
            let rows = self.table(table).into_iter();
            rows.filter(|it| text(it, "keyspace_name") == keyspace && text(it, "table_name") == name).collect()
        };
        let flags = row.get("flags").map(texts).unwrap_or_else(|| vec!["compound".to_owned()]);
        let has = |flag: &str| flags.iter().any(|it| it == flag);
        let flags = TableFlags { counter: has("counter"), dense: has("dense"), compound: has("compound") };
        let table = Table::new(keyspace.as_str(), name, self.columns(&keyspace, flags, &of_table("columns")));
        let indexes = of_table("indexes").into_iter().map(|row| {
            let index = index(&row);
            (Arc::clone(&index.name), Arc::new(index))
        });
        let dropped = of_table("dropped_columns").into_iter().map(|row| {
            let Value::Timestamp(millis) = row["dropped_time"] else { panic!("{row:?}") };
            let dropped = DroppedColumn {
                cql_type: self.cql_type(&keyspace, &text(&row, "type")).unwrap(),
                is_static: text(&row, "kind") == "static",
                dropped_at_micros: millis * 1000,
            };
            (text(&row, "column_name"), dropped)
        });
        let masks = of_table("column_masks").into_iter().map(|row| (text(&row, "column_name"), self.mask(&row)));
        let Value::Uuid(id) = row["id"] else { panic!("{row:?}") };
        let shape = TableShape { storage: StorageId(0), clustering: Vec::new(), gc_grace_seconds: 0 };
        TableDefinition {
            id,
            column_ids: (0..).take(table.columns().len()).map(ColumnId).collect(),
            next_column: 0,
            table: Arc::new(table),
            shape: Arc::new(shape),
            flags,
            options: options(row),
            indexes: indexes.collect(),
            dropped: dropped.collect(),
            masks: masks.collect(),
            triggers: BTreeMap::new(),
        }
    }

    /// Columns that Cassandra hides in tables WITH COMPACT STORAGE are left out.
    fn columns(&self, keyspace: &str, flags: TableFlags, rows: &[Cells]) -> Vec<Column> {
        let is_compact_static = !flags.dense && !flags.compound;
        let mut columns: Vec<(i32, Column)> = Vec::new();
        for row in rows {
            let cql_type = self.cql_type(keyspace, &text(row, "type"));
            let Value::Int(position) = row["position"] else { panic!("{row:?}") };
            let kind = match text(row, "kind").as_str() {
                "partition_key" => ColumnKind::PartitionKey,
                "clustering" | "regular" if is_compact_static => continue,
                "clustering" => ColumnKind::Clustering { descending: text(row, "clustering_order") == "desc" },
                "static" if !is_compact_static => ColumnKind::Static,
                _ => ColumnKind::Regular,
            };
            let Some(cql_type) = cql_type.filter(|ty| *ty != NativeType::Empty.into()) else { continue };
            columns.push((position, Column { name: text(row, "column_name"), cql_type, kind }));
        }
        columns.sort_by_key(|(position, _)| *position);
        columns.into_iter().map(|(_, column)| column).collect()
    }

    fn mask(&self, row: &Cells) -> ColumnMask {
        let keyspace = text(row, "keyspace_name");
        let types = texts(&row["function_argument_types"]);
        let values = texts(&row["function_argument_values"]);
        let Value::List(nulls) = &row["function_argument_nulls"] else { panic!("{row:?}") };
        let argument = |((ty, value), is_null): ((&String, &String), &Option<Value>)| {
            let ty = self.cql_type(&keyspace, ty).unwrap();
            let CqlType::Native(native) = ty else { panic!("{ty}") };
            let value = Value::parse(native, value).map(|value| value.to_bytes()).ok();
            (ty, value.filter(|_| *is_null != Some(Value::Boolean(true))))
        };
        let arguments = types.iter().zip(&values).zip(nulls).map(argument).collect();
        ColumnMask { function: text(row, "function_name"), arguments }
    }
}

fn text(row: &Cells, column: &str) -> String {
    match row.get(column) {
        Some(Value::Text(text)) => text.clone(),
        other => panic!("{column}: {other:?}"),
    }
}

fn texts(value: &Value) -> Vec<String> {
    let (Value::List(elements) | Value::Set(elements)) = value else { panic!("{value:?}") };
    elements.iter().map(|it| it.as_ref().and_then(Value::to_text).unwrap()).collect()
}

fn text_map(value: &Value) -> BTreeMap<String, String> {
    let Value::Map(entries) = value else { panic!("{value:?}") };
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::to_text).unwrap();
    entries.iter().map(|(key, value)| (text(key), text(value))).collect()
}

fn options(row: &Cells) -> TableOptions {
    let seconds = |name: &str| match row[name] {
        Value::Int(seconds) => u32::try_from(seconds).unwrap(),
        ref other => panic!("{other:?}"),
    };
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let literal = |value: &Value| match value {
        Value::Text(text) => quoted(text),
        Value::Map(_) => {
            let entries = text_map(value);
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), quoted(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_text().unwrap(),
    };
    let is_option = |name: &str| {
        [
            "policy",
            "snapshot",
            "chance",
            "caching",
            "cdc",
            "compaction",
            "compression",
            "extensions",
            "backups",
            "retry",
        ]
        .iter()
        .any(|part| name.ends_with(part))
            || name.contains("index_interval")
            || name.starts_with("memtable")
            || name == "read_repair"
    };
    let others = row.iter().filter(|(name, _)| is_option(name));
    TableOptions {
        comment: text(row, "comment"),
        default_time_to_live_seconds: seconds("default_time_to_live"),
        gc_grace_seconds: seconds("gc_grace_seconds"),
        others: others.map(|(name, value)| (name.clone(), literal(value))).collect(),
    }
}

fn index(row: &Cells) -> Index {
    let mut options = text_map(&row["options"]);
    let target = options.remove("target").unwrap();
    let parts = target.split_once('(').map(|(kind, rest)| (kind, rest.trim_end_matches(')')));
    let (target, column) = match parts {
        None => (IndexTarget::Values, target.as_str()),
        Some(("values", column)) => (IndexTarget::Values, column),
        Some(("keys", column)) => (IndexTarget::Keys, column),
        Some(("entries", column)) => (IndexTarget::Entries, column),
        Some(("full", column)) => (IndexTarget::Full, column),
        Some(other) => panic!("{other:?}"),
    };
    let kind = match options.get("class_name") {
        None => IndexKind::Secondary,
        Some(class) if class.ends_with("SASIIndex") => IndexKind::Sasi,
        Some(_) => IndexKind::StorageAttached,
    };
    let column = column.trim_matches('"').replace("\"\"", "\"");
    let storage = crate::store::mutation::StorageId(0);
    Index { name: text(row, "index_name").into(), kind, column, target, storage, options }
}

/// Nodes as the recorded one was: alone.
pub(super) fn topology() -> crate::system::Topology {
    crate::system::Topology {
        cluster_name: "recorded".to_owned(),
        local: crate::system::Proxy {
            address: std::net::SocketAddr::from(([127, 0, 0, 33], 9042)),
            data_center: "datacenter1".to_owned(),
            rack: "rack1".to_owned(),
        },
        peers: Vec::new(),
        schema_version: Uuid::from_u128(7),
        release_version: "5.0.6".to_owned(),
        native_protocol_version: 5,
        started_seconds: 0,
    }
}
