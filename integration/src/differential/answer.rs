//! What a client sees of a reply, as text.

use std::fmt::Write;

use bytes::Bytes;
use quorate_protocol::message::response::{Columns, ResultColumns, ResultMetadata, Rows, SchemaTarget};
use quorate_protocol::message::{Response, ResponseMessage};
use quorate_protocol::value::{CqlType, Value};

/// The answer to a step: the replies to its PREPARE and to each page of it.
#[derive(Debug, Default)]
pub(super) struct Answer {
    text: String,
    columns: Option<String>,
}

impl Answer {
    /// Adds a reply.
    pub(super) fn add(&mut self, message: &ResponseMessage) {
        for warning in &message.warnings {
            self.note(&format!("warning {warning}"));
        }
        match &message.response {
            Response::Error(error) => {
                let code = error.details.code().code();
                self.note(&format!("error {code:#06x} {}", error.message));
            }
            Response::Void => self.note("void"),
            Response::SetKeyspace(keyspace) => self.note(&format!("keyspace {keyspace}")),
            Response::SchemaChange(change) => {
                let target = match &change.target {
                    SchemaTarget::Table(name) => format!("table {name}"),
                    SchemaTarget::Type(name) => format!("type {name}"),
                    other => format!("{other:?}").to_lowercase(),
                };
                self.note(&format!("schema {:?} {} {target}", change.kind, change.keyspace));
            }
            Response::Prepared(prepared) => {
                let (markers, result) = (columns(&prepared.markers), metadata(&prepared.result));
                self.note(&format!("prepared {markers} key {:?} gives {result}", prepared.partition_key_indexes));
            }
            Response::Rows(rows) => self.rows(rows),
            other => self.note(&format!("{other:?}")),
        }
    }

    /// Adds a line.
    pub(super) fn note(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn rows(&mut self, rows: &Rows) {
        let described = metadata(&rows.metadata);
        let is_known = self.columns.as_ref() == Some(&described);
        self.note(&if is_known { "page".to_owned() } else { format!("rows {described}") });
        self.columns = Some(described);
        let types: Vec<&CqlType> = match &rows.metadata.columns {
            ResultColumns::Described(columns) => columns.specs.iter().map(|spec| &spec.cql_type).collect(),
            ResultColumns::Omitted { .. } => Vec::new(),
        };
        for row in &rows.rows {
            let cells = row.iter().enumerate().map(|(index, value)| cell(types.get(index).copied(), value.as_ref()));
            self.note(&format!("| {}", cells.collect::<Vec<_>>().join(" | ")));
        }
    }
}

/// Whether an answer says the same as Cassandra's, which is `left`.
pub(super) fn is_same(left: &str, right: &str) -> bool {
    // An exception of the Java machine is a defect; to answer anything else is no mistake.
    left == right || left.contains("error 0x0000 java.lang.") || normal(left) == normal(right)
}

/// An answer without what means nothing.
fn normal(answer: &str) -> String {
    let mut lines: Vec<String> = answer.lines().map(normal_line).collect();
    // Where a page is full Cassandra cannot tell that nothing follows, and gives an empty one.
    while lines.last().is_some_and(|line| line == "page") {
        lines.pop();
    }
    lines.join("\n")
}

fn normal_line(line: &str) -> String {
    // Until here two lines of an error say the same.
    const ENDS: [&str; 3] = [
        // overloads are listed in the order of a hash table
        " signatures",
        // and so are these columns
        "More than one restriction was found for the ",
        // the words of a JSON library
        "Error decoding JSON string: ",
    ];
    let end = ENDS.iter().filter_map(|end| Some(line.find(*end)? + end.len())).min();
    let mut line = line.get(..end.unwrap_or(line.len())).unwrap_or(line).to_owned();
    // The part of a statement that an error of the grammar shows begins at the rule in some cases, at the token in others.
    if line.starts_with("error 0x2000") {
        line.truncate(line.rfind(" (").unwrap_or(line.len()));
    }
    // Of two names of one function a node shows the one that it was first called by.
    line.replace("system.tojson(", "system.to_json(")
}

fn metadata(metadata: &ResultMetadata) -> String {
    match &metadata.columns {
        ResultColumns::Described(described) => columns(described),
        ResultColumns::Omitted { count, global_flag } => format!("{count} columns, global {global_flag}"),
    }
}

fn columns(columns: &Columns) -> String {
    let mut text = String::new();
    if let Some(table) = &columns.global_table {
        let _ = write!(text, "{}.{} ", table.keyspace, table.table);
    }
    let specs = columns.specs.iter().map(|spec| {
        let own = match &columns.global_table {
            None => format!("{}.{} ", spec.table.keyspace, spec.table.table),
            Some(_) => String::new(),
        };
        format!("{own}{} {}", spec.name, spec.cql_type)
    });
    let _ = write!(text, "({})", specs.collect::<Vec<_>>().join(", "));
    text
}

/// A cell as a literal, or its bytes where that would not tell all.
fn cell(ty: Option<&CqlType>, value: Option<&Bytes>) -> String {
    let Some(bytes) = value else { return "null".to_owned() };
    let decoded = ty.and_then(|ty| Some((ty, Value::decode(ty, bytes).ok()?)));
    match decoded {
        Some((ty, value)) if value != Value::Empty && value.to_bytes() == *bytes => value.to_literal(ty),
        _ => format!("bytes {}", super::step::hex(bytes)),
    }
}
