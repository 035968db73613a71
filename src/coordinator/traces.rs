//! Reads of `system_traces`: the trace is where the traced request ran, so all are asked, and one that has it answers.

use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use quorate_protocol::frame::Envelope;
use quorate_protocol::message::view::ResultView;

use super::error::CqlError;
use super::operation::Failure;
use super::start::{Begin, settle, start_relay};
use super::{ask, backend_of};
use crate::worker::Worker;

/// Asks every live voter, and answers with the first rows that come.
pub(crate) fn start(worker: &Rc<Worker>, begin: Begin) {
    if worker.shared.cluster.is_native() {
        return start_relay(worker, begin);
    }
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        let started = tokio::time::Instant::now();
        let asked = worker.live_voters(begin.forward.lane.version).iter().map(backend_of).collect::<Vec<_>>();
        let mut answers: FuturesUnordered<_> =
            asked.iter().map(|backend| ask::forward(&worker, *backend, &begin.forward, begin.timeout)).collect();
        let (mut empty, mut refusal) = (None, None);
        let found = loop {
            match answers.next().await {
                // One backend alone has the trace: a slow one is not waited for.
                Some(Ok(envelope)) if has_rows(&envelope) => break Some(envelope),
                Some(Ok(envelope)) => empty = Some(envelope),
                Some(Err(Failure::Answer(envelope))) => refusal = Some(envelope),
                Some(Err(_)) => {}
                None => break None,
            }
        };
        let unavailable = CqlError::Unavailable { level: begin.level, required: 1, alive: 0 };
        settle(&worker, &begin, started, &found.or(empty).or(refusal).ok_or(unavailable));
    });
}

fn has_rows(envelope: &Envelope) -> bool {
    ResultView::parse(envelope).is_ok_and(|view| view.rows().is_some_and(|rows| rows.row_count > 0))
}
