//! Reads of `system_traces`: the trace is where the traced request ran, so all are asked, and one that has it answers.

use std::rc::Rc;

use futures_util::future::join_all;
use quorate_protocol::message::view::ResultView;

use super::error::CqlError;
use super::operation::Failure;
use super::start::{Begin, settle, start_relay};
use super::{ask, backend_of};
use crate::worker::Worker;

/// Asks every live voter, and answers with the most rows.
pub(crate) fn start(worker: &Rc<Worker>, begin: Begin) {
    if worker.shared.cluster.is_native() {
        return start_relay(worker, begin);
    }
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        let started = tokio::time::Instant::now();
        let asked = worker.live_voters().iter().map(backend_of).collect::<Vec<_>>();
        let answers =
            join_all(asked.iter().map(|backend| ask::forward(&worker, *backend, &begin.forward, begin.timeout))).await;
        let rows = |envelope: &quorate_protocol::frame::Envelope| {
            ResultView::parse(envelope).ok().and_then(|view| view.rows().map(|rows| rows.row_count)).unwrap_or(0)
        };
        let best = answers.iter().filter_map(|answer| answer.as_ref().ok()).max_by_key(|envelope| rows(envelope));
        let refusal = answers.iter().find_map(|answer| match answer {
            Err(Failure::Answer(envelope)) => Some(envelope),
            _ => None,
        });
        let unavailable = CqlError::Unavailable { level: begin.level, required: 1, alive: 0 };
        settle(&worker, &begin, started, &best.or(refusal).cloned().ok_or(unavailable));
    });
}
