//! A table that is not in the catalog yet: the schema is read again before a write to it is judged.

use std::rc::Rc;
use std::time::Duration;

use super::start::{Begin, refuse, start_write};
use crate::coordinator::error::CqlError;
use crate::statement::Statement;
use crate::worker::Worker;

/// How long a write waits for the schema.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads the schema again, then writes, or refuses what lists cannot take.
pub(crate) fn then_write(
    worker: &Rc<Worker>,
    begin: Begin,
    statement: &Statement,
    keyspace: Option<&str>,
    refusal: CqlError,
) {
    let (worker, statement, keyspace) = (worker.clone(), statement.clone(), keyspace.map(str::to_owned));
    tokio::task::spawn_local(async move {
        // Whatever comes of it, the backends have the last word on a table that nobody knows.
        let _ = tokio::time::timeout(PATIENCE, worker.shared.refresh_catalog()).await;
        match statement.changes_list(&worker.shared.catalog(), keyspace.as_deref()) {
            Some(true) => refuse(&worker, &begin, &refusal),
            Some(false) | None => start_write(&worker, begin),
        }
    });
}
