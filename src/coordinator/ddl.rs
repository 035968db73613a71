//! Schema changes and roles: on every backend, one after the other in this proxy, answered when all have them.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use quorate_protocol::frame::Envelope;
use tracing::warn;

use super::ask::{self, Answer};
use super::drift;
use super::error::CqlError;
use super::failure;
use super::forward::{Forward, What};
use super::operation::Failure;
use super::start::{Begin, settle, start_relay};
use crate::statement::{DdlAction, DdlKind, DdlObject, rewrite};
use crate::worker::Worker;

/// Executes a schema change, or a change of roles where `kind` is absent.
pub(crate) fn start(worker: &Rc<Worker>, begin: Begin, kind: Option<DdlKind>, text: &str) {
    let rewrites = kind.is_some_and(names_replication) && worker.shared.cluster.rewrites_replication();
    if worker.shared.cluster.is_native() && !rewrites {
        return start_relay(worker, begin);
    }
    let (worker, text) = (worker.clone(), rewrites.then(|| text.to_owned()));
    tokio::task::spawn_local(async move {
        let started = tokio::time::Instant::now();
        // One schema change after the other: they need not commute.
        let shared = worker.shared.clone();
        let turn = shared.ddl_turn.lock().await;
        let outcome = everywhere(&worker, &begin, text.as_deref()).await;
        if outcome.is_ok() {
            agree(&worker, begin.timeout).await;
        }
        drop(turn);
        shared.forget_catalog();
        settle(&worker, &begin, started, &outcome);
    });
}

/// All backends must be up: one that misses a schema change cannot take writes that need it.
pub(super) fn all_live(worker: &Worker, begin: &Begin) -> Result<Vec<u8>, CqlError> {
    let all: Vec<u8> = (0..u8::try_from(worker.backends().len()).unwrap_or(u8::MAX)).collect();
    let version = begin.forward.lane.version;
    let alive =
        all.iter().filter(|backend| worker.backend(**backend).is_some_and(|one| one.is_live_in(version))).count();
    if alive == all.len() {
        return Ok(all);
    }
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    Err(CqlError::Unavailable { level: begin.level, required: count(all.len()), alive: count(alive) })
}

async fn everywhere(worker: &Worker, begin: &Begin, text: Option<&str>) -> Result<Envelope, CqlError> {
    let all = all_live(worker, begin)?;
    let mut requests = Vec::with_capacity(all.len());
    for backend in &all {
        requests.push((*backend, for_backend(worker, *backend, &begin.forward, text)?));
    }
    let answers = join_all(requests.iter().map(|(backend, request)| async {
        let request = request.as_ref().unwrap_or(&begin.forward);
        (*backend, ask::forward(worker, *backend, request, begin.timeout).await)
    }))
    .await;
    conclude(worker, &answers)
}

/// What all backends said, as one answer: what all of them say, or that they differ.
pub(super) fn conclude(worker: &Worker, answers: &[(u8, Answer)]) -> Result<Envelope, CqlError> {
    let failed: Vec<_> = answers
        .iter()
        .filter_map(|(backend, answer)| answer.as_ref().err().map(|failure| (*backend, failure)))
        .collect();
    let first = answers.iter().find_map(|(_, answer)| answer.as_ref().ok());
    match (first, failed.first()) {
        (Some(envelope), None) => Ok(envelope.clone()),
        (None, Some((_, Failure::Answer(envelope)))) => Ok(envelope.clone()),
        (_, _) => {
            let each: Vec<String> = failed
                .iter()
                .map(|(backend, failure)| {
                    format!("{}: {}", worker.shared.cluster.backend_name(*backend), failure::message(failure))
                })
                .collect();
            for (backend, failure) in &failed {
                drift::alarm(worker, *backend, "a schema change", &failure::message(failure));
            }
            let text = format!("The backends' schemas differ now: it failed on {}", each.join("; "));
            warn!("{text}");
            Err(CqlError::Server(text))
        }
    }
}

/// The statement with the replication that this backend is configured to get, where it is.
fn for_backend(
    worker: &Worker,
    backend: u8,
    forward: &Forward,
    text: Option<&str>,
) -> Result<Option<Forward>, CqlError> {
    let Some(replication) = worker.shared.cluster.replication(backend) else { return Ok(None) };
    let Some(text) = text else { return Ok(None) };
    let changed = rewrite::with_replication(text, replication)
        .map_err(|error| CqlError::Invalid(format!("the replication configured for a backend: {error}")))?;
    let opaque = Forward::opaque(forward.envelope.clone(), forward.lane.clone(), forward.access);
    let (what, user) = (What::Query { text: Some(Rc::from(changed)) }, forward.user.clone());
    Ok(Some(Forward { what, user, native: false, schema_micros: forward.schema_micros, ..opaque }))
}

fn names_replication(kind: DdlKind) -> bool {
    kind.object == DdlObject::Keyspace && matches!(kind.action, DdlAction::Create | DdlAction::Alter)
}

/// Each backend's nodes must agree on the new schema among themselves: clients see proxies, and cannot wait for that.
async fn agree(worker: &Worker, patience: Duration) {
    let all = join_all(worker.backends().iter().map(|backend| backend.await_schema_agreement()));
    if tokio::time::timeout(patience, all).await.is_err() {
        warn!("a backend's nodes do not agree on the schema yet");
    }
}
