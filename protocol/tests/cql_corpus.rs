//! Statements that a real Cassandra 5.0 has judged when it was asked to prepare them: ours must accept and refuse the same.
//!
//! `syntax_ok` says whether its grammar accepts a statement, `err` what its parser says. (Its parser has rules beyond the
//! grammar, such as no property given twice: what breaks only those is accepted here and left to the backends to refuse.)
//! `QUORATE_CQL_CORPUS` names another file of that form.

use std::fs;

use quorate_protocol::cql;
use serde::Deserialize;

/// A statement and its verdict.
#[derive(Deserialize)]
struct Judged {
    q: String,
    syntax_ok: bool,
    #[serde(default)]
    err: String,
}

#[test]
fn the_verdict_is_cassandras() {
    judge(include_str!("cql_corpus/statements.jsonl"));
}

#[test]
fn the_verdict_on_a_foreign_corpus_is_cassandras() {
    match std::env::var("QUORATE_CQL_CORPUS") {
        Ok(path) => judge(&fs::read_to_string(path).expect("the corpus is readable")),
        Err(_) => eprintln!("skipped: QUORATE_CQL_CORPUS names no corpus"),
    }
}

fn judge(corpus: &str) {
    let (mut accepted, mut refused, mut exact) = (0, 0, 0);
    let mut wrong = Vec::new();
    for line in corpus.lines() {
        let Ok(judged) = serde_json::from_str::<Judged>(line) else {
            wrong.push(format!("no line of a corpus: {line}"));
            continue;
        };
        match cql::parse(&judged.q) {
            Ok(statement) if judged.syntax_ok => {
                accepted += 1;
                let printed = statement.to_string();
                match cql::parse(&printed) {
                    Ok(again) if again == statement => {}
                    Ok(_) => wrong.push(format!("prints another statement: {}\n  {printed}", judged.q)),
                    Err(error) => wrong.push(format!("prints no statement: {}\n  {printed}\n  {error}", judged.q)),
                }
            }
            Err(error) if !judged.syntax_ok || error.kind() == cql::SyntaxErrorKind::Rule && !judged.err.is_empty() => {
                refused += 1;
                exact += usize::from(error.to_string() == judged.err);
            }
            Ok(_) => wrong.push(format!("accepted: {}\n  {}", judged.q, judged.err)),
            Err(error) => wrong.push(format!("refused: {}\n  {error}", judged.q)),
        }
    }
    eprintln!("{accepted} accepted, {refused} refused, {exact} of them with Cassandra's very words");
    assert!(wrong.is_empty(), "{} wrong verdicts:\n{}", wrong.len(), wrong.join("\n"));
}
