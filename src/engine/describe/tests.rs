//! DESCRIBE beside a Cassandra 5.0.6 that had the schema of `testdata/system_schema.cql`.

use quorate_protocol::cql::ast::Statement;
use quorate_protocol::cql::parse;
use quorate_protocol::message::response::CqlError;

use super::*;
use crate::engine::recorded::{Answer, Shown, answers, schema, shown, topology};

const ANSWERS: &str = include_str!("../testdata/describe-5.0.6.jsonl");

/// What differs and is accepted.
fn is_different(answer: &Answer, row: &Shown) -> bool {
    let is_paxos = row.iter().flatten().any(|cell| cell.contains("PaxosUncommittedIndex"));
    // the index of Cassandra's own Paxos tables; who owns which tokens
    is_paxos || answer.query.starts_with("DESCRIBE CLUSTER")
}

fn described(
    text: &str,
    context: &DescribeContext<'_>,
    page: usize,
    state: Option<&[u8]>,
) -> Result<Rows, EngineError> {
    let Ok(Statement::Describe(statement)) = parse(text) else { panic!("{text}") };
    execute(&statement, context, page, state)
}

#[test]
fn answers_are_those_of_cassandra() {
    let (schema, topology) = (schema(), topology());
    let mut wrong = Vec::new();
    let recorded = answers(ANSWERS);
    for answer in &recorded {
        let context = DescribeContext { schema: &schema, topology: &topology, keyspace: answer.keyspace.as_deref() };
        match described(&answer.query, &context, 0, None) {
            Ok(rows) => {
                let (columns, ours) = shown(&rows);
                if answer.columns.as_ref() != Some(&columns) {
                    wrong.push(format!("{}: columns {columns:?}", answer.query));
                    continue;
                }
                let theirs = answer.rows.iter().flatten().filter(|row| !is_different(answer, row));
                let ours: Vec<Shown> = ours.into_iter().filter(|row| !is_different(answer, row)).collect();
                wrong.extend(differences(&answer.query, &ours, &theirs.cloned().collect::<Vec<_>>()));
            }
            Err(error) => {
                let error = CqlError::from(error);
                let ours = Some((error.details.code().code(), error.message));
                if ours != answer.error {
                    wrong.push(format!("{} ({:?}): {ours:?}, not {:?}", answer.query, answer.keyspace, answer.error));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert!(recorded.len() > 60);
}

fn differences(query: &str, ours: &[Shown], theirs: &[Shown]) -> Vec<String> {
    let line = |row: &Shown| row.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" | ");
    let pairs = ours.iter().zip(theirs).filter(|(ours, theirs)| ours != theirs);
    let mut found: Vec<String> =
        pairs.map(|(ours, theirs)| format!("{query}\n  ours:   {}\n  theirs: {}", line(ours), line(theirs))).collect();
    if ours.len() != theirs.len() {
        found.push(format!("{query}: {} rows, not {}", ours.len(), theirs.len()));
    }
    found
}

#[test]
fn pages_are_parts_of_the_whole() {
    let (schema, topology) = (schema(), topology());
    let context = DescribeContext { schema: &schema, topology: &topology, keyspace: Some("shop") };
    let whole = described("DESCRIBE FULL SCHEMA", &context, 0, None).unwrap();
    assert_eq!(whole.metadata.paging_state, None);
    let (mut rows, mut state) = (Vec::new(), None);
    loop {
        let page = described("DESCRIBE FULL SCHEMA", &context, 7, state.as_deref()).unwrap();
        assert!(page.rows.len() == 7 || page.metadata.paging_state.is_none());
        rows.extend(page.rows);
        state = page.metadata.paging_state;
        if state.is_none() {
            break;
        }
    }
    assert_eq!(rows, whole.rows);
}

#[test]
fn a_changed_schema_ends_the_pages() {
    let (schema, mut topology) = (schema(), topology());
    let context = DescribeContext { schema: &schema, topology: &topology, keyspace: None };
    let state = described("DESCRIBE TABLES", &context, 2, None).unwrap().metadata.paging_state;
    topology.schema_version = uuid::Uuid::from_u128(8);
    let context = DescribeContext { schema: &schema, topology: &topology, keyspace: None };
    let error = described("DESCRIBE TABLES", &context, 2, state.as_deref()).unwrap_err();
    assert!(error.to_string().starts_with("The schema has changed since the previous page"), "{error}");
}

#[test]
fn every_node_owns_the_ranges_of_its_tokens() {
    let (schema, topology) = (schema(), topology());
    let context = DescribeContext { schema: &schema, topology: &topology, keyspace: Some("shop") };
    let rows = described("DESCRIBE CLUSTER", &context, 0, None).unwrap();
    let (columns, _) = shown(&rows);
    let cell = rows.rows[0][3].clone().unwrap();
    let ty = CqlType::map(NativeType::Text, CqlType::list(NativeType::Text));
    let quorate_protocol::value::Value::Map(ranges) = quorate_protocol::value::Value::decode(&ty, &cell).unwrap()
    else {
        panic!("{columns:?}")
    };
    assert_eq!(ranges.len(), topology.local.tokens().len());
}
