//! Statements with what Cassandra answered to each, one after the other, in the files of `testdata`. The first is of a node
//! in its default configuration but for views, functions and SASI, which were on; the second of one with more [`Features`].

use quorate_protocol::cql::ast::Statement;
use quorate_protocol::message::response::{CqlError, ErrorDetails, SchemaChange, SchemaChangeKind, SchemaTarget};

use super::*;
use crate::engine::recognition::check_name;

/// Statements whose answer differs, and why that is accepted.
const DIFFERENT: &[(&str, &str)] = &[
    ("replication = {}", "Cassandra fails with a server error"),
    ("read_repair = 'x'", "Cassandra fails with a server error"),
    ("byid2 (a int PRIMARY KEY) WITH id = 5", "Cassandra fails with a server error"),
    ("'nowhere': 2", "the datacenters of production are not known to a store"),
    ("AS SELECT a, b, c AS d", "Cassandra shows the address of an object"),
    ("AS SELECT a, b, c, writetime(d)", "Cassandra shows the address of an object"),
    ("AS SELECT a, b, c, count(*)", "Cassandra shows the address of an object"),
    ("CREATE FUNCTION \"f g\"", "functions in Java cannot be run"),
    ("ALTER KEYSPACE nts", "Cassandra warns of more replicas than it has nodes"),
    ("CREATE KEYSPACE \"\"", "the parser takes the name, and it is refused afterwards"),
];

#[test]
fn definitions_are_answered_as_by_cassandra() {
    compare(include_str!("../testdata/cassandra-5.0.6.txt"), Features::default());
}

#[test]
fn definitions_are_answered_as_by_a_cassandra_with_more_features() {
    let features = Features { dynamic_data_masking: true, drop_compact_storage: true };
    compare(include_str!("../testdata/cassandra-5.0.6-features.txt"), features);
}

fn compare(recorded: &str, features: Features) {
    let mut session = Session::new(features);
    let mut wrong = Vec::new();
    let mut lines = recorded.lines().peekable();
    let mut count = 0;
    while let Some(text) = lines.next() {
        let mut theirs = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("  ")) {
            theirs.push(line.trim_start().to_owned());
        }
        let before = session.schema.clone();
        let mut ours = answer(&mut session, text);
        count += 1;
        if theirs.first().is_some_and(|first| first.starts_with("ERROR")) {
            // what is taken here alone must not stand in the way of what follows
            session.schema = before;
            // warnings before an error are of use to nobody
            theirs.truncate(1);
            ours.truncate(1);
        }
        if ours != theirs && !DIFFERENT.iter().any(|(part, _)| text.contains(part)) {
            wrong.push(format!("{text}\n  ours:   {}\n  theirs: {}", ours.join(" | "), theirs.join(" | ")));
        }
    }
    assert!(count > 30);
    assert!(wrong.is_empty(), "{} of {count} answers differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the session answers, in the form of the files.
fn answer(session: &mut Session, text: &str) -> Vec<String> {
    if let Ok(Statement::Use(keyspace)) = parse(text) {
        let checked = check_name(&keyspace, "keyspace").and_then(|()| check_use(&session.schema, keyspace.as_str()));
        return match checked {
            Ok(()) => {
                session.keyspace = Some(keyspace.as_str().to_owned());
                vec![format!("KEYSPACE {}", keyspace.as_str())]
            }
            Err(error) => vec![error_text(&error.into())],
        };
    }
    match session.execute(text) {
        Ok(change) => {
            let mut answer = vec![change.event.as_ref().map_or_else(|| "VOID".to_owned(), event_text)];
            answer.extend(change.warnings.iter().map(|warning| format!("WARNING {}", warning.replace('\n', "\\n"))));
            answer
        }
        Err(error) => vec![error_text(&error)],
    }
}

fn error_text(error: &CqlError) -> String {
    let (code, name) = match &error.details {
        ErrorDetails::Syntax => (0x2000, String::new()),
        ErrorDetails::Unauthorized => (0x2100, String::new()),
        ErrorDetails::Invalid => (0x2200, String::new()),
        ErrorDetails::Config => (0x2300, String::new()),
        ErrorDetails::AlreadyExists { keyspace, table } => (0x2400, format!("{keyspace}.{table} ")),
        other => panic!("{other:?}"),
    };
    format!("ERROR {code:04x} {name}{}", error.message)
}

fn event_text(event: &SchemaChange) -> String {
    let kind = match event.kind {
        SchemaChangeKind::Created => "CREATED",
        SchemaChangeKind::Updated => "UPDATED",
        SchemaChangeKind::Dropped => "DROPPED",
    };
    let keyspace = &event.keyspace;
    match &event.target {
        SchemaTarget::Keyspace => format!("{kind} KEYSPACE {keyspace}"),
        SchemaTarget::Table(name) => format!("{kind} TABLE {keyspace} {name}"),
        SchemaTarget::Type(name) => format!("{kind} TYPE {keyspace} {name}"),
        other => panic!("{other:?}"),
    }
}
