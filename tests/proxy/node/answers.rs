//! What a node answers: what a test told it to, else what a Cassandra with one keyspace would, roughly.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use quorate_protocol::frame::{Envelope, Opcode, Version};
use quorate_protocol::message::request::OwnedStatement;
use quorate_protocol::message::response::{
    ColumnSpec, Columns, CqlError, ErrorDetails, Event, Prepared, ResultColumns, ResultMetadata, Rows, SchemaChange,
    SchemaChangeKind, SchemaTarget, TableSpec,
};
use quorate_protocol::message::{Request, RequestMessage, Response, ResponseMessage};
use quorate_protocol::value::{CqlType, NativeType};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Core, Outgoing, Reaction, Received, State, system};

/// The keyspaces that there are.
const KEYSPACES: [&str; 2] = ["ks", "other"];

/// A request, and where it came from.
pub(super) struct Asked<'a> {
    pub(super) message: &'a RequestMessage,
    pub(super) envelope: &'a Envelope,
    pub(super) keyspace: Option<String>,
    pub(super) is_recorded: bool,
    pub(super) outgoing: &'a mpsc::UnboundedSender<Outgoing>,
}

/// What becomes of it.
pub(super) enum Outcome {
    Now(Box<ResponseMessage>),
    Later,
    Close,
}

pub(super) fn answer(core: &Core, asked: &Asked<'_>) -> Outcome {
    let mut state = core.state.lock();
    let text = text(&state, asked.message);
    let tracing_id = asked.message.tracing.then(|| Uuid::from_u128(core.host_id.as_u128() ^ 1));
    if let Some(rows) = system::answer(core, &mut state, &text, &asked.message.request) {
        return Outcome::Now(Box::new(ResponseMessage { tracing_id, ..rows.into() }));
    }
    if asked.is_recorded {
        state.received.push(Received {
            message: asked.message.clone(),
            envelope: asked.envelope.clone(),
            text: text.clone(),
            keyspace: asked.keyspace.clone(),
        });
        core.count.send_modify(|count| *count += 1);
    }
    let reaction = reaction(&mut state, asked.envelope.opcode(), &text);
    if let Some(Reaction::Answer(answer)) = reaction {
        return Outcome::Now(answer);
    }
    let response = respond(core, &mut state, asked, &text);
    let message = ResponseMessage { tracing_id, ..response.into() };
    match reaction {
        None | Some(Reaction::Answer(_)) => Outcome::Now(Box::new(message)),
        Some(Reaction::Silence) => Outcome::Later,
        Some(Reaction::Vanish) => Outcome::Close,
        Some(Reaction::Hold) => {
            let held = Outgoing { stream: asked.envelope.stream(), message };
            state.held.push((asked.outgoing.clone(), held));
            Outcome::Later
        }
    }
}

pub(super) fn supported(newest: Version) -> Response {
    let versions = Version::ALL.into_iter().filter(|version| *version <= newest);
    Response::Supported(vec![
        ("COMPRESSION".to_owned(), vec!["snappy".to_owned(), "lz4".to_owned()]),
        ("CQL_VERSION".to_owned(), vec!["3.4.7".to_owned()]),
        ("PROTOCOL_VERSIONS".to_owned(), versions.map(|version| version.description().to_owned()).collect()),
    ])
}

fn text(state: &State, message: &RequestMessage) -> String {
    let of_id = |id: &Bytes| state.prepared.get(id).cloned().unwrap_or_default();
    match &message.request {
        Request::Query { query, .. } | Request::Prepare { query, .. } => query.clone(),
        Request::Execute { id, .. } => of_id(id),
        Request::Batch(batch) => {
            let each = batch.statements.iter().map(|child| match &child.statement {
                OwnedStatement::Text(text) => text.clone(),
                OwnedStatement::Id(id) => of_id(id),
            });
            each.collect::<Vec<_>>().join("; ")
        }
        _ => String::new(),
    }
}

fn reaction(state: &mut State, opcode: Opcode, text: &str) -> Option<Reaction> {
    let fits = |rule: &super::Rule| rule.opcodes.contains(&opcode) && text.contains(&rule.needle);
    let at = state.rules.iter().position(fits)?;
    let rule = &mut state.rules[at];
    rule.times -= 1;
    let reaction = rule.reaction.clone();
    if rule.times == 0 {
        state.rules.remove(at);
    }
    Some(reaction)
}

fn respond(core: &Core, state: &mut State, asked: &Asked<'_>, text: &str) -> Response {
    match &asked.message.request {
        Request::Prepare { .. } => prepare(core, state, asked.keyspace.as_deref(), text),
        Request::Execute { id, .. } if !state.prepared.contains_key(id) => unprepared(id),
        Request::Batch(batch) => {
            let ids = batch.statements.iter().filter_map(|child| match &child.statement {
                OwnedStatement::Id(id) => Some(id),
                OwnedStatement::Text(_) => None,
            });
            let unknown = ids.into_iter().find(|id| !state.prepared.contains_key(*id));
            unknown.map_or(Response::Void, unprepared)
        }
        _ => execute(state, asked, text),
    }
}

fn execute(state: &mut State, asked: &Asked<'_>, text: &str) -> Response {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.first().map(|word| word.to_ascii_uppercase()).as_deref() {
        Some("SELECT") => Response::Rows(select(state, asked)),
        Some("USE") => use_keyspace(words.get(1).copied().unwrap_or_default()),
        Some("CREATE" | "ALTER" | "DROP") => {
            state.schema_version += 1;
            let keyspace = "ks".to_owned();
            let change = SchemaChange {
                kind: SchemaChangeKind::Created,
                keyspace,
                target: SchemaTarget::Table("new".to_owned()),
            };
            for connection in &state.registered {
                let message = Response::Event(Event::Schema(change.clone())).into();
                let _ = connection.send(Outgoing { stream: -1, message });
            }
            Response::SchemaChange(change)
        }
        Some("INSERT") => {
            store(state, asked);
            Response::Void
        }
        _ => Response::Void,
    }
}

fn use_keyspace(name: &str) -> Response {
    let name = name.trim_matches(['"', ';']);
    if KEYSPACES.contains(&name) {
        Response::SetKeyspace(name.to_owned())
    } else {
        Response::Error(CqlError::new(ErrorDetails::Invalid, format!("Keyspace '{name}' does not exist")))
    }
}

fn store(state: &mut State, asked: &Asked<'_>) {
    let received = received(asked);
    let (values, stamp) = (received.values(), received.stamp().unwrap_or(0));
    if let [key, value, ..] = values.as_slice() {
        let newer = state.stored.get(key).is_none_or(|(old, _)| *old < stamp);
        if newer {
            state.stored.insert(key.clone(), (stamp, value.clone()));
        }
    }
}

fn select(state: &State, asked: &Asked<'_>) -> Rows {
    let stored = received(asked).values().first().and_then(|key| state.stored.get(key).cloned());
    let rows = match stored {
        Some((_, value)) => vec![vec![Some(value)]],
        None => state.rows.iter().map(|row| vec![Some(Bytes::from(row.clone()))]).collect(),
    };
    Rows { metadata: result_metadata(), rows }
}

fn received(asked: &Asked<'_>) -> Received {
    Received {
        message: asked.message.clone(),
        envelope: asked.envelope.clone(),
        text: String::new(),
        keyspace: asked.keyspace.clone(),
    }
}

/// Ids are of this node alone: no two nodes give the same one to a text.
fn prepare(core: &Core, state: &mut State, keyspace: Option<&str>, text: &str) -> Response {
    let mut hasher = DefaultHasher::new();
    (core.address, keyspace, text).hash(&mut hasher);
    let id = Bytes::copy_from_slice(&[hasher.finish().to_be_bytes(), hasher.finish().to_le_bytes()].concat());
    state.prepared.insert(id.clone(), text.to_owned());
    let is_select = text.trim_start().to_ascii_uppercase().starts_with("SELECT");
    let columns = if is_select { result_metadata().columns } else { ResultColumns::Described(Columns::default()) };
    Response::Prepared(Prepared {
        id,
        result_metadata_id: Some(Bytes::from_static(&[7; 16])),
        markers: Columns::new(markers(text)),
        partition_key_indexes: Vec::new(),
        result: ResultMetadata { paging_state: None, new_metadata_id: None, columns },
    })
}

/// One for each `?` and `:name`.
fn markers(text: &str) -> Vec<ColumnSpec> {
    let named = text.match_indices([':', '?']).map(|(at, _)| {
        let rest = &text[at + 1..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end == 0 { "marker" } else { &rest[..end] }
    });
    named.map(|name| column(name, NativeType::Blob)).collect()
}

fn result_metadata() -> ResultMetadata {
    let columns = ResultColumns::Described(Columns::new(vec![column("v", NativeType::Text)]));
    ResultMetadata { paging_state: None, new_metadata_id: None, columns }
}

fn column(name: &str, native: NativeType) -> ColumnSpec {
    let table = TableSpec { keyspace: "ks".to_owned(), table: "kv".to_owned() };
    ColumnSpec { table: table.into(), name: name.to_owned(), cql_type: CqlType::Native(native) }
}

fn unprepared(id: &Bytes) -> Response {
    Response::Error(CqlError::new(ErrorDetails::Unprepared { id: id.clone() }, "it was not prepared here"))
}
