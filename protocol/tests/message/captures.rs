//! What real drivers and a real Cassandra said to each other (see `captures/README.md`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use quorate_protocol::frame::{
    Compression, Decoder, Direction, Encoder, Envelope, FrameError, Limits, Opcode, Value, Version, unsupported_version,
};
use quorate_protocol::message::patch::{Patch, ResponsePatch};
use quorate_protocol::message::request::{BindValue, BindValues};
use quorate_protocol::message::response::{Event, SchemaTarget};
use quorate_protocol::message::view::{BatchView, ErrorView, ExecuteView, PrepareView, QueryView, ResultView};
use quorate_protocol::message::{Request, RequestMessage, Response, ResponseMessage};

/// One captured connection.
struct Connection {
    name: String,
    requests: Vec<Envelope>,
    responses: Vec<Envelope>,
}

fn connections() -> Vec<Connection> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|ext| ext == "request")).collect();
    paths.retain(|path| !path.to_string_lossy().ends_with("refused.request"));
    paths.sort();
    paths.iter().map(|path| connection(path)).collect()
}

/// Decodes both sides of a connection as its two ends did.
fn connection(path: &Path) -> Connection {
    let mut compression = None;
    let requests = decode(path, Decoder::new(Direction::Request, Limits::default()), |envelope, decoder| {
        if envelope.opcode() != Opcode::Startup {
            return false;
        }
        compression = startup_compression(envelope);
        if let Some(compression) = compression {
            decoder.set_compression(compression);
        }
        envelope.version().features().segments
    });
    let mut decoder = Decoder::new(Direction::Response, Limits::default());
    if let Some(compression) = compression {
        decoder.set_compression(compression);
    }
    let responses = decode(&path.with_extension("response"), decoder, |envelope, _| {
        let answers_startup = matches!(envelope.opcode(), Opcode::Ready | Opcode::Authenticate);
        answers_startup && envelope.version().features().segments
    });
    Connection { name: path.file_stem().unwrap().to_string_lossy().into_owned(), requests, responses }
}

/// Decodes a file; `after` sees each envelope and says whether segments follow it.
fn decode(path: &Path, mut decoder: Decoder, mut after: impl FnMut(&Envelope, &mut Decoder) -> bool) -> Vec<Envelope> {
    let mut input = BytesMut::from(&fs::read(path).unwrap()[..]);
    let mut envelopes = Vec::new();
    while let Some(envelope) = decoder.decode(&mut input).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    {
        if after(&envelope, &mut decoder) {
            decoder.use_segments();
        }
        envelopes.push(envelope);
    }
    envelopes
}

fn startup_compression(envelope: &Envelope) -> Option<Compression> {
    let Request::Startup(startup) = RequestMessage::decode(envelope).unwrap().request else { return None };
    startup.compression().map(|name| Compression::from_name(name).unwrap())
}

#[test]
fn every_captured_message_is_decoded_and_encoded_to_the_same_bytes() {
    for Connection { name, requests, responses } in connections() {
        for envelope in &requests {
            let message =
                RequestMessage::decode(envelope).unwrap_or_else(|error| panic!("{name}: {envelope:?}: {error}"));
            let again = message.encode(envelope.version(), envelope.stream()).unwrap();
            assert_eq!(again.raw(), envelope.raw(), "{name}: {message:?}");
        }
        for envelope in &responses {
            let message =
                ResponseMessage::decode(envelope).unwrap_or_else(|error| panic!("{name}: {envelope:?}: {error}"));
            let again = message.encode(envelope.version(), envelope.stream()).unwrap();
            assert_eq!(again.body(), known_part(envelope, &message.response), "{name}: {message:?}");
            assert_eq!(again.flags(), envelope.flags(), "{name}: {message:?}");
        }
    }
}

/// The body without what Cassandra adds to it for no reason: where v3 is told of a keyspace instead of a function,
/// the name that a keyspace does not have follows as an empty string.
fn known_part<'a>(envelope: &'a Envelope, response: &Response) -> &'a [u8] {
    let change = match response {
        Response::SchemaChange(change) | Response::Event(Event::Schema(change)) => change,
        _ => return envelope.body(),
    };
    let instead_of_function =
        change.target == SchemaTarget::Keyspace && !envelope.version().features().function_schema_changes;
    let without = envelope.body().strip_suffix(&[0, 0]).filter(|_| instead_of_function);
    without.unwrap_or(envelope.body())
}

#[test]
fn views_of_captured_messages_agree_with_the_whole_messages() {
    for Connection { name, requests, responses } in connections() {
        for envelope in &requests {
            check_request(&name, envelope);
        }
        for envelope in &responses {
            check_response(&name, envelope);
        }
    }
}

fn check_request(name: &str, envelope: &Envelope) {
    let mut encoder = Encoder::new();
    let patch = Patch::default();
    match RequestMessage::decode(envelope).unwrap().request {
        Request::Query { query, parameters } => {
            let view = QueryView::parse(envelope).unwrap();
            assert_eq!((view.query, view.parameters.consistency), (query.as_str(), parameters.consistency), "{name}");
            view.patch_into(&patch, &mut encoder).unwrap();
        }
        Request::Prepare { query, .. } => {
            let view = PrepareView::parse(envelope).unwrap();
            assert_eq!(view.query, query, "{name}");
            view.patch_into(&patch, &mut encoder).unwrap();
        }
        Request::Execute { id, parameters, .. } => {
            let view = ExecuteView::parse(envelope).unwrap();
            assert_eq!(view.id, id, "{name}");
            assert_eq!(view.parameters.default_timestamp_micros, parameters.default_timestamp_micros, "{name}");
            let unset = view.parameters.values.iter().filter(|(_, value)| *value == Value::Unset).count();
            let is_unset = |value: &&BindValue| **value == BindValue::Unset;
            let expected = match parameters.values {
                Some(BindValues::Positional(values)) => values.iter().filter(is_unset).count(),
                _ => 0,
            };
            assert_eq!(unset, expected, "{name}");
            view.patch_into(&patch, &mut encoder).unwrap();
        }
        Request::Batch(batch) => {
            let view = BatchView::parse(envelope).unwrap();
            assert_eq!(view.children().count(), batch.statements.len(), "{name}");
            view.patch_into(&patch, &mut encoder).unwrap();
        }
        _ => return,
    }
    assert_eq!(encoder.pending(), envelope.raw(), "{name}");
}

fn check_response(name: &str, envelope: &Envelope) {
    let message = ResponseMessage::decode(envelope).unwrap();
    if let Response::Error(error) = &message.response {
        let view = ErrorView::parse(envelope).unwrap();
        assert_eq!((view.code, view.message), (error.code(), error.message.as_str()), "{name}");
    }
    if envelope.opcode() != Opcode::Result {
        return;
    }
    let view = ResultView::parse(envelope).unwrap();
    assert_eq!(view.extras.tracing_id, message.tracing_id, "{name}");
    assert!(view.extras.warnings().eq(message.warnings.iter().map(String::as_str)), "{name}");
    if let (Response::Rows(rows), Some(seen)) = (&message.response, view.rows()) {
        let cells: Vec<_> = seen.cells().collect::<Result<_, _>>().unwrap();
        assert!(cells.iter().copied().eq(rows.rows.iter().flatten().map(Option::as_deref)), "{name}");
    }
    let mut encoder = Encoder::new();
    view.patch_into(&ResponsePatch::default(), &mut encoder).unwrap();
    assert_eq!(encoder.pending(), envelope.raw(), "{name}");
}

#[test]
fn the_captures_show_every_kind_of_message_but_authentication() {
    let connections = connections();
    let opcodes = connections.iter().flat_map(|connection| connection.requests.iter().chain(&connection.responses));
    let seen: BTreeSet<_> = opcodes.map(|envelope| envelope.opcode().code()).collect();
    let authentication =
        [Opcode::Authenticate, Opcode::AuthChallenge, Opcode::AuthResponse, Opcode::AuthSuccess].map(Opcode::code);
    let expected = Opcode::ALL.map(Opcode::code).into_iter().filter(|code| !authentication.contains(code));
    assert_eq!(seen, expected.collect());
    assert!(connections.iter().all(|connection| connection.requests.len() > 3), "no capture is empty");
}

#[test]
fn a_version_of_another_vendor_is_refused_as_cassandra_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let mut asked = BytesMut::from(&fs::read(folder.join("java-v66-none-refused.request")).unwrap()[..]);
    let error = Decoder::new(Direction::Request, Limits::default()).decode(&mut asked).unwrap_err();
    assert_eq!(error, FrameError::UnsupportedVersion { version: 66, stream: 0 });

    let answered = fs::read(folder.join("java-v66-none-refused.response")).unwrap();
    assert_eq!(unsupported_version(66, Version::V6), answered);
}
