//! Generated statements, and what two servers answer to them.
//!
//! A seed makes a [`generate::history`]: the schema of a keyspace of its own, writes with explicit write times, and reads, some
//! of them wrong. A [`client::Client`] runs it, and an [`answer`] is all that a client can see of a reply: rows with their
//! columns, order and pages, warnings, error codes and messages. A [`corpus`] keeps statements with the answers of a real
//! Cassandra, so that they can be compared without one.
//!
//! Everything is the same at any time: write times and the time for TTLs are in the requests, and no statement asks for the
//! current time or for randomness.

pub mod answer;
pub mod client;
pub mod corpus;
mod dice;
mod draft;
pub mod generate;
pub mod step;

use anyhow::Result;

use answer::is_same;
use client::Client;
use corpus::Recorded;

/// An answer that was not the expected one.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The place of the statement in its history.
    pub number: usize,
    /// The statement.
    pub statement: String,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub found: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { number, statement, expected, found } = self;
        write!(f, "statement {number}: {statement}\n  Cassandra: {expected}\n  here:      {found}")
    }
}

/// Runs a history again, and lists the answers that differ from those recorded.
///
/// # Errors
/// The connection fails.
pub fn differences(client: &mut Client, history: &[Recorded]) -> Result<Vec<Difference>> {
    let mut differences = Vec::new();
    for (number, recorded) in history.iter().enumerate() {
        let found = client.answer(&recorded.step)?;
        if !is_same(&recorded.answer, &found) {
            let (statement, expected) = (recorded.step.to_string(), recorded.answer.clone());
            differences.push(Difference { number, statement, expected, found });
        }
    }
    Ok(differences)
}

/// Runs what a seed makes, and keeps the answers.
///
/// # Errors
/// The connection fails.
pub fn record(client: &mut Client, seed: u64) -> Result<Vec<Recorded>> {
    let steps = generate::history(seed).into_iter();
    steps.map(|step| Ok(Recorded { answer: client.answer(&step)?, step })).collect()
}
