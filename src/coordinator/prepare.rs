//! PREPARE: on every backend at once, and again on one that forgot.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use md5::{Digest, Md5};
use quorate_protocol::frame::{Encoder, Envelope};
use quorate_protocol::message::Request;
use quorate_protocol::message::patch::{Patch, ResponsePatch};
use quorate_protocol::message::view::{PrepareView, PreparedView, ResultKind, ResultView};
use smallvec::SmallVec;

use super::ask::{self, Answer};
use super::drift::{self, Opinions};
use super::error::CqlError;
use super::forward::Forward;
use super::operation::{Failure, OperationKey};
use super::request::reject;
use super::route::{Route, route};
use super::{local, send};
use crate::backend::{BackendError, Lane};
use crate::frontend::client::Client;
use crate::observe::{Outcome, RequestKind};
use crate::prepared::{PartitionKey, Prepared};
use crate::quorum::Consistency;
use crate::statement::{Statement, rewrite};
use crate::worker::Worker;

/// A client's PREPARE.
pub(crate) fn prepare(worker: &Rc<Worker>, client: &Rc<Client>, lane: Rc<Lane>, envelope: Envelope) {
    let stream = envelope.stream();
    let view = match PrepareView::parse(&envelope) {
        Ok(view) => view,
        Err(error) => return reject(client, stream, &CqlError::Protocol(error.to_string())),
    };
    let statement = Statement::analyse(view.query);
    let keyspace: Option<Arc<str>> = view.keyspace.map(Arc::from).or_else(|| lane.keyspace.clone());
    match route(&statement, keyspace.as_deref(), &worker.shared.cluster) {
        Route::Local => local::prepare(worker, client, stream, view.query, keyspace, statement),
        Route::Refuse(error) => reject(client, stream, &error),
        _ => {
            let (worker, client) = (worker.clone(), client.clone());
            tokio::task::spawn_local(async move {
                let preparation = Preparation::new(&worker, &envelope, lane, statement, keyspace);
                preparation.run(&worker, &client).await;
            });
        }
    }
}

/// A backend forgot a statement of this operation: it is given it again, and then the operation.
pub(crate) fn again(worker: &Rc<Worker>, key: OperationKey, backend: u8) {
    let (statements, lane) = {
        let mut operations = worker.operations.borrow_mut();
        let Some(operation) = operations.find(key) else { return };
        // The backend still owes its answer while the task runs.
        operation.outstanding += 1;
        (operation.forward.prepared(), operation.forward.lane.clone())
    };
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        worker.metrics.backend(usize::from(backend)).reprepared();
        let patience = worker.shared.timeouts.prepare;
        let prepared = on_backend_all(&worker, backend, &statements, &lane, patience).await;
        {
            let mut operations = worker.operations.borrow_mut();
            let Some(operation) = operations.find(key) else { return };
            operation.outstanding = operation.outstanding.saturating_sub(1);
            operation.reprepared |= 1 << backend;
        }
        match prepared {
            Ok(()) => send(&worker, key, backend),
            Err(failure) => super::on_failure(&worker, key, backend, failure),
        }
    });
}

/// Prepares the statements of `request` on one backend.
pub(crate) async fn on_backend(
    worker: &Worker,
    backend: u8,
    request: &Forward,
    patience: Duration,
) -> Result<(), Failure> {
    on_backend_all(worker, backend, &request.prepared(), &request.lane, patience).await
}

async fn on_backend_all(
    worker: &Worker,
    backend: u8,
    statements: &[Arc<Prepared>],
    lane: &Lane,
    patience: Duration,
) -> Result<(), Failure> {
    for prepared in statements {
        let lane = Lane { version: lane.version, keyspace: prepared.keyspace.clone() };
        let request = Request::Prepare { query: prepared.backend_text().to_owned(), keyspace: None };
        let version = lane.version;
        let request = quorate_protocol::message::RequestMessage::from(request);
        let encode = |encoder: &mut Encoder, stream: i16| request.push(version, stream, encoder);
        let answer = ask::message(worker, backend, &lane, &encode, patience).await?;
        match ResultView::parse(&answer).map(|view| view.kind) {
            // The table was altered since: the client must learn what the rows look like now.
            Ok(ResultKind::Prepared(view))
                if prepared.local.is_none() && *view.result_metadata != *prepared.result_metadata =>
            {
                worker.shared.prepared.forget(&prepared.id);
                return Err(Failure::Outdated(prepared.id.clone()));
            }
            Ok(ResultKind::Prepared(view)) => prepared.prepared_on(backend, view.id),
            _ => return Err(Failure::Lost(BackendError::Lost)),
        }
    }
    Ok(())
}

/// One PREPARE under way.
struct Preparation {
    envelope: Envelope,
    lane: Rc<Lane>,
    statement: Arc<Statement>,
    text: String,
    keyspace: Option<Arc<str>>,
    hidden: Option<rewrite::Hidden>,
}

impl Preparation {
    fn new(
        worker: &Worker,
        envelope: &Envelope,
        lane: Rc<Lane>,
        statement: Statement,
        keyspace: Option<Arc<str>>,
    ) -> Self {
        let text = PrepareView::parse(envelope).map(|view| view.query.to_owned()).unwrap_or_default();
        let evaluates = !worker.shared.cluster.is_native() && statement.nondeterministic;
        let hidden = if evaluates { rewrite::evaluate_as_markers(&text) } else { None };
        Self { envelope: envelope.clone(), lane, statement: Arc::new(statement), text, keyspace, hidden }
    }

    /// The first backend that prepared it answers the client; the others go on for themselves.
    async fn run(self, worker: &Rc<Worker>, client: &Rc<Client>) {
        let started = tokio::time::Instant::now();
        let stream = self.envelope.stream();
        let mut asked: FuturesUnordered<_> =
            self.targets(worker).into_iter().map(|backend| self.ask(worker, backend)).collect();
        let mut known: Option<Arc<Prepared>> = None;
        let mut answered = false;
        let mut failure: Option<Failure> = None;
        let mut opinions = Opinions::default();
        while let Some((backend, answer)) = asked.next().await {
            self.note_drift(worker, &mut opinions, backend, &answer);
            match answer {
                Ok(envelope) => match &known {
                    Some(known) => note_id(known, backend, &envelope),
                    None if answered => {}
                    None => {
                        answered = true;
                        known = self.answer(worker, client, backend, &envelope);
                        client.end_request();
                        worker.metrics.request(RequestKind::Prepare, Consistency::One, Outcome::Ok, started.elapsed());
                    }
                },
                Err(Failure::Answer(envelope)) => failure = Some(Failure::Answer(envelope)),
                Err(other) => {
                    failure.get_or_insert(other);
                }
            }
        }
        if answered {
            return;
        }
        let error = CqlError::Unavailable { level: Consistency::One, required: 1, alive: 0 };
        let outcome = match failure {
            Some(Failure::Answer(envelope) | Failure::Lost(BackendError::Refused(envelope))) => {
                client.reply(envelope.raw(), stream);
                client.end_request();
                Outcome::of(&envelope)
            }
            _ => {
                reject(client, stream, &error);
                Outcome::of_code(error.code())
            }
        };
        worker.metrics.request(RequestKind::Prepare, Consistency::One, outcome, started.elapsed());
    }

    fn note_drift(&self, worker: &Worker, opinions: &mut Opinions, backend: u8, answer: &Answer) {
        let reply = match answer {
            Ok(envelope) | Err(Failure::Answer(envelope)) => Ok(envelope.clone()),
            Err(Failure::Lost(error)) => Err(error.clone()),
            Err(Failure::Outdated(_) | Failure::Refused(_)) => return,
        };
        for (drifted, error) in opinions.hear(backend, &reply) {
            let subject = drift::of_statement(&self.statement, self.keyspace.as_deref());
            drift::alarm(worker, drifted, &subject, &error);
        }
    }

    fn targets(&self, worker: &Worker) -> Vec<u8> {
        let live = (0..u8::try_from(worker.backends().len()).unwrap_or(u8::MAX))
            .filter(|backend| worker.backend(*backend).is_some_and(|one| one.is_live_in(self.lane.version)));
        if self.wants_trace() { live.take(1).collect() } else { live.collect() }
    }

    fn wants_trace(&self) -> bool {
        self.envelope.flags().contains(quorate_protocol::frame::HeaderFlags::TRACING)
    }

    async fn ask(&self, worker: &Worker, backend: u8) -> (u8, Answer) {
        let text = self.hidden.as_ref().map(rewrite::Hidden::text);
        let encode = |encoder: &mut Encoder, stream: i16| {
            let patch = Patch { stream: Some(stream), query: text, ..Patch::default() };
            match PrepareView::parse(&self.envelope) {
                Ok(view) => view.patch_into(&patch, encoder),
                Err(_) => {
                    encoder.push(self.envelope.raw(), stream);
                    Ok(())
                }
            }
        };
        (backend, ask::message(worker, backend, &self.lane, &encode, worker.shared.timeouts.prepare).await)
    }

    /// Remembers the statement, and gives the client the backend's frame, with the id and the markers that are for it.
    fn answer(&self, worker: &Worker, client: &Client, backend: u8, envelope: &Envelope) -> Option<Arc<Prepared>> {
        let stream = self.envelope.stream();
        let Ok(view) = ResultView::parse(envelope) else {
            client.reply(envelope.raw(), stream);
            return None;
        };
        let ResultKind::Prepared(prepared_view) = &view.kind else {
            client.reply(envelope.raw(), stream);
            return None;
        };
        let id = match &self.hidden {
            // Under the backend's id another client may have prepared just this text, markers and all.
            Some(_) => self.own_id(),
            None => Bytes::copy_from_slice(prepared_view.id),
        };
        let mut prepared = Prepared::new(id.clone(), &self.text, self.keyspace.clone(), self.statement.clone())
            .for_backends(worker.backends().len());
        prepared.hidden = self.hidden.clone();
        prepared.result_metadata = Bytes::copy_from_slice(prepared_view.result_metadata);
        prepared.partition_key = self.partition_key(prepared_view);
        prepared.prepared_on(backend, prepared_view.id);
        let prepared = Arc::new(prepared);
        worker.shared.prepared.insert(prepared.clone());
        match &self.hidden {
            None => client.reply(envelope.raw(), stream),
            Some(hidden) => {
                let positions: Vec<u16> = hidden.positions().collect();
                let patch = ResponsePatch {
                    stream: Some(stream),
                    statement_id: Some(&id),
                    hidden_markers: &positions,
                    ..ResponsePatch::default()
                };
                client.write(|encoder| {
                    // What was decoded and made shorter can be encoded.
                    let _ = view.patch_into(&patch, encoder);
                });
            }
        }
        Some(prepared)
    }

    fn own_id(&self) -> Bytes {
        let mut digest = Md5::new();
        if let Some(keyspace) = &self.keyspace {
            digest.update(keyspace.as_bytes());
        }
        digest.update(self.text.as_bytes());
        digest.update(b" evaluated by the proxy");
        Bytes::copy_from_slice(&digest.finalize())
    }

    fn partition_key(&self, view: &PreparedView<'_>) -> Option<PartitionKey> {
        let shown = |at| self.hidden.as_ref().map_or(Some(at), |hidden| hidden.shown_position(at));
        let markers: Option<SmallVec<[u16; 4]>> = view.partition_key_indexes().map(shown).collect();
        let markers = markers.filter(|markers| !markers.is_empty())?;
        let keyspace = self.statement.keyspace.as_deref().map(Arc::from).or_else(|| self.keyspace.clone())?;
        let table = self.statement.table.as_deref().map(Arc::from)?;
        Some(PartitionKey { keyspace, table, markers })
    }
}

fn note_id(prepared: &Prepared, backend: u8, envelope: &Envelope) {
    if let Ok(ResultView { kind: ResultKind::Prepared(view), .. }) = ResultView::parse(envelope) {
        prepared.prepared_on(backend, view.id);
    }
}
