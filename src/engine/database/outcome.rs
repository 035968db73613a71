//! What comes of a statement.

use quorate_protocol::message::response::{Rows, SchemaChange};
use quorate_protocol::message::view::Values;

use super::Statement;

/// What a statement gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is done.
    Void,
    /// Rows.
    Rows(Rows),
    /// The session's keyspace is this one from now on.
    SetKeyspace(String),
    /// The schema changed.
    SchemaChange(SchemaChange),
}

/// What a statement gives, and what its author should know.
#[derive(Clone, Debug, PartialEq)]
pub struct Executed {
    /// What it gives.
    pub outcome: Outcome,
    /// Warnings for the client.
    pub warnings: Vec<String>,
}

/// One statement of a BATCH message, with its values.
#[derive(Clone, Copy)]
pub struct BatchChild<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// Its bind values.
    pub values: Values<'a>,
}

impl From<Outcome> for Executed {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, warnings: Vec::new() }
    }
}
