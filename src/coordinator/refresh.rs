//! A table that is not in the catalog yet: the schema is read, again if need be, before a write to it is judged.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::start::{Begin, refuse, start_write};
use crate::coordinator::error::CqlError;
use crate::statement::Statement;
use crate::worker::Worker;

/// How long a write waits for the schema.
const PATIENCE: Duration = Duration::from_secs(2);

/// The pause before the schema is asked for again, where no backend could be asked.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// A statement that may change a list, and the keyspace of its session.
pub(crate) struct Unjudged {
    pub(crate) statement: Statement,
    pub(crate) keyspace: Option<Arc<str>>,
}

/// Reads the schema again, then writes, or refuses what lists cannot take.
pub(crate) fn then_write(worker: &Rc<Worker>, begin: Begin, unjudged: Vec<Unjudged>, refusal: CqlError) {
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        // Whatever comes of it, the backends have the last word on a table that nobody knows.
        let _ = tokio::time::timeout(PATIENCE, async {
            while !worker.shared.refresh_catalog().await {
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        })
        .await;
        let catalog = worker.shared.catalog();
        let changes_list = |one: &Unjudged| one.statement.changes_list(&catalog, one.keyspace.as_deref()) == Some(true);
        if unjudged.iter().any(changes_list) {
            refuse(&worker, &begin, &refusal);
        } else {
            start_write(&worker, begin);
        }
    });
}
