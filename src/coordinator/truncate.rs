//! TRUNCATE: it has no write time, so a backend that missed it would bring the rows back. All truncate, or none is asked.

use std::rc::Rc;

use futures_util::future::join_all;

use super::error::CqlError;
use super::operation::Failure;
use super::start::{Begin, settle, start_relay};
use super::{ask, ddl, failure};
use crate::worker::Worker;

/// Truncates a table on every backend.
pub(crate) fn start(worker: &Rc<Worker>, begin: Begin) {
    if worker.shared.cluster.is_native() {
        return start_relay(worker, begin);
    }
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        let started = tokio::time::Instant::now();
        settle(&worker, &begin, started, &everywhere(&worker, &begin).await);
    });
}

async fn everywhere(worker: &Worker, begin: &Begin) -> Result<quorate_protocol::frame::Envelope, CqlError> {
    let all = ddl::all_live(worker, begin)?;
    let answers = join_all(
        all.iter()
            .map(|backend| async { (*backend, ask::forward(worker, *backend, &begin.forward, begin.timeout).await) }),
    )
    .await;
    let failures: Vec<_> = answers.iter().filter_map(|(_, answer)| answer.as_ref().err()).collect();
    match (answers.iter().find_map(|(_, answer)| answer.as_ref().ok()), failures.first()) {
        (Some(envelope), None) => Ok(envelope.clone()),
        (None, Some(Failure::Answer(envelope))) => Ok(envelope.clone()),
        (_, Some(first)) => Err(CqlError::Truncate(format!(
            "Error during truncate: {} of {} backends did not truncate ({}); truncate again",
            failures.len(),
            all.len(),
            failure::message(first)
        ))),
        (None, None) => Err(CqlError::Truncate("Error during truncate: there is no backend".to_owned())),
    }
}
