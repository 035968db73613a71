//! Statements on a whole database beside Apache Cassandra 5.0.6: `testdata/statements-5.0.6.jsonl` holds them in the order in
//! which they were executed, with the values they were executed with (`null` is null, `unset` unset, others are hexadecimal)
//! and what Cassandra answered.

use serde::Deserialize;

use super::*;
use quorate_protocol::message::request::BindValue;
use quorate_protocol::message::response::CqlError;

const ANSWERS: &str = include_str!("../../testdata/statements-5.0.6.jsonl");

/// Parts of statements whose answer differs, and why that is accepted.
const DIFFERENT: &[(&str, &str)] = &[];

/// A statement and its answer.
#[derive(Debug, Deserialize)]
struct Entry {
    query: String,
    #[serde(default)]
    values: Vec<Option<String>>,
    rows: Option<Vec<Vec<Option<String>>>>,
    error: Option<(i32, String)>,
}

#[test]
fn answers_are_those_of_cassandra() {
    let database = database(&[]);
    let entries: Vec<Entry> = ANSWERS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let differing = entries.iter().filter_map(|entry| {
        let ours = answer(&database, entry);
        let is_accepted = DIFFERENT.iter().any(|(part, _)| entry.query.contains(part));
        (!is_accepted && ours != expected(entry)).then(|| format!("{entry:?}\n  ours: {ours:?}"))
    });
    let wrong: Vec<String> = differing.collect();
    assert!(entries.len() > 100);
    assert!(wrong.is_empty(), "{} of {} answers differ:\n{}", wrong.len(), entries.len(), wrong.join("\n"));
}

type Answer = Result<Vec<Vec<Option<String>>>, (i32, String)>;

fn expected(entry: &Entry) -> Answer {
    match &entry.error {
        Some(error) => Err(error.clone()),
        None => Ok(entry.rows.clone().unwrap_or_default()),
    }
}

fn answer(database: &Database, entry: &Entry) -> Answer {
    let values = entry.values.iter().map(|value| match value.as_deref() {
        None => BindValue::Null,
        Some("unset") => BindValue::Unset,
        Some(digits) => BindValue::Bytes(from_hex(digits).into()),
    });
    let values = (!entry.values.is_empty()).then(|| BindValues::Positional(values.collect()));
    let outcome = execute_with(database, &entry.query, values, None);
    let outcome = outcome.map_err(|error| {
        let error = CqlError::from(error);
        (error.details.code().code(), error.message)
    })?;
    let Outcome::Rows(rows) = outcome.outcome else { return Ok(Vec::new()) };
    let shown = |cell: &Option<Bytes>| cell.as_ref().map(|cell| to_hex(cell));
    Ok(rows.rows.iter().map(|row| row.iter().map(shown).collect()).collect())
}

fn from_hex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
