//! Statements that a real Cassandra 5.0.6 has judged when it was asked to prepare them, with nothing defined but its own
//! keyspaces: a server over one embedded replica must accept the same ones, and refuse the others with the same code.
//!
//! Where it judges differently, `verdicts/misses.jsonl` says so, and why. A miss that is not listed fails, and so does one
//! that is listed and is none any more. `QUORATE_CQL_CORPUS` names another file of judged statements.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use quorate::testing::Server;
use scylla::client::session::Session;
use scylla::errors::{PrepareError, RequestAttemptError};
use serde::Deserialize;

use crate::client::session;

/// Statements that are prepared at the same time.
const CONCURRENT: usize = 32;

/// A statement and its verdict: `rc` is zero, or the code of the error.
#[derive(Deserialize)]
struct Judged {
    q: String,
    rc: i32,
    #[serde(default)]
    err: String,
}

/// A statement that is judged differently.
#[derive(Deserialize)]
struct Miss {
    q: String,
    reason: String,
}

#[tokio::test]
async fn the_verdict_on_prepare_is_cassandras() {
    judge(include_str!("verdicts/statements.jsonl")).await;
}

#[tokio::test]
async fn the_verdict_on_a_foreign_corpus_is_cassandras() {
    match std::env::var("QUORATE_CQL_CORPUS") {
        Ok(path) => judge(&fs::read_to_string(path).unwrap()).await,
        Err(_) => eprintln!("skipped: QUORATE_CQL_CORPUS names no corpus"),
    }
}

async fn judge(corpus: &str) {
    let server = Server::start().unwrap();
    let session = Arc::new(session(server.address()).await);
    let listed: BTreeMap<String, String> =
        lines::<Miss>(include_str!("verdicts/misses.jsonl")).map(|miss| (miss.q, miss.reason)).collect();
    let all: Vec<Judged> = lines(corpus).collect();
    let total = all.len();
    let mut verdicts = stream::iter(all)
        .map(|judged| {
            let session = session.clone();
            async move { (verdict(&session, &judged.q).await, judged) }
        })
        .buffered(CONCURRENT);
    let (mut wrong, mut misses) = (Vec::new(), 0);
    while let Some(((code, message), judged)) = verdicts.next().await {
        let reason = listed.get(&judged.q);
        match (code == judged.rc, reason) {
            (true, None) => {}
            (false, Some(_)) => misses += 1,
            (true, Some(_)) => wrong.push(format!("listed, and no miss any more: {}", judged.q)),
            (false, None) => wrong
                .push(format!("{}\n  {code:#06x} {message}\n  instead of {:#06x} {}", judged.q, judged.rc, judged.err)),
        }
    }
    eprintln!("{total} statements, {misses} misses");
    assert!(wrong.is_empty(), "{} wrong verdicts:\n{}", wrong.len(), wrong.join("\n"));
}

/// The code and the text of the server's error; zero if there is none.
async fn verdict(session: &Session, statement: &str) -> (i32, String) {
    match session.prepare(statement).await {
        Ok(_) => (0, String::new()),
        Err(PrepareError::AllAttemptsFailed { first_attempt: RequestAttemptError::DbError(error, message) }) => {
            (error.code(&Default::default()), message)
        }
        Err(other) => (-1, other.to_string()),
    }
}

fn lines<T: for<'a> Deserialize<'a>>(text: &str) -> impl Iterator<Item = T> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
}
