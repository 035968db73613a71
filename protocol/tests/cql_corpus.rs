//! Statements that a real Cassandra has judged.
//!
//! `QUORATE_CQL_CORPUS` names a file of JSON lines `{"q": statement, "syntax_ok": bool, "err": message}` with the verdicts of
//! Cassandra 5.0; without it, only the statements of this repository are judged.

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
    let Ok(path) = std::env::var("QUORATE_CQL_CORPUS") else {
        eprintln!("skipped: QUORATE_CQL_CORPUS names no corpus");
        return;
    };
    let text = fs::read_to_string(&path).expect("the corpus is readable");
    judge(&text);
}

#[allow(clippy::expect_used, reason = "a broken corpus fails the test")]
fn judge(corpus: &str) {
    let (mut accepted, mut refused, mut exact) = (0, 0, 0);
    let mut wrong = Vec::new();
    for line in corpus.lines() {
        let judged: Judged = serde_json::from_str(line).expect("a line of the corpus");
        match (cql::parse(&judged.q), judged.syntax_ok) {
            (Ok(statement), true) => {
                accepted += 1;
                let printed = statement.to_string();
                match cql::parse(&printed) {
                    Ok(again) if again == statement => {}
                    Ok(_) => wrong.push(format!("prints another statement: {}\n  {printed}", judged.q)),
                    Err(error) => wrong.push(format!("prints no statement: {}\n  {printed}\n  {error}", judged.q)),
                }
            }
            (Err(error), false) => {
                refused += 1;
                exact += usize::from(error.to_string() == judged.err);
                if error.to_string() != judged.err && std::env::var("QUORATE_CQL_MESSAGES").is_ok() {
                    eprintln!("{}\n  ours:       {error}\n  Cassandra's: {}", judged.q, judged.err);
                }
            }
            (Ok(_), false) => wrong.push(format!("accepted: {}\n  {}", judged.q, judged.err)),
            (Err(error), true) => wrong.push(format!("refused: {}\n  {error}", judged.q)),
        }
    }
    eprintln!("{accepted} accepted, {refused} refused, {exact} of them with Cassandra's very words");
    assert!(wrong.is_empty(), "{} wrong verdicts:\n{}", wrong.len(), wrong.join("\n"));
}
