//! USE: the session's affair, once a backend has said that the keyspace exists.

use std::rc::Rc;
use std::sync::Arc;

use quorate_protocol::frame::Envelope;

use super::ask;
use super::error::CqlError;
use super::forward::Forward;
use super::operation::Failure;
use super::request::reject;
use crate::backend::{BackendError, Lane};
use crate::frontend::client::Client;
use crate::observe::{Outcome, RequestKind};
use crate::quorum::{Access, Consistency};
use crate::worker::Worker;

/// Changes the session's keyspace. The statement itself is executed in the lane of that keyspace, where it changes
/// nothing, and the backend's answer is the client's.
pub(crate) fn start(worker: &Rc<Worker>, client: &Rc<Client>, envelope: Envelope, keyspace: Arc<str>) {
    let (worker, client) = (worker.clone(), client.clone());
    tokio::task::spawn_local(async move {
        let started = tokio::time::Instant::now();
        let stream = envelope.stream();
        let version = envelope.version();
        let lane = Rc::new(Lane { version, keyspace: Some(keyspace.clone()) });
        let request = Forward::opaque(envelope, lane, Access::Read);
        let error = CqlError::Unavailable { level: Consistency::One, required: 1, alive: 0 };
        let answer = match worker.the_one(version) {
            Some(backend) => ask::forward(&worker, backend, &request, worker.shared.timeouts.relay).await,
            None => Err(Failure::Refused(crate::backend::SendError::Down)),
        };
        let outcome = match answer {
            Ok(answer) => {
                client.session.borrow_mut().use_keyspace(keyspace);
                client.reply(answer.raw(), stream);
                client.end_request();
                Outcome::Ok
            }
            Err(Failure::Answer(answer) | Failure::Lost(BackendError::Refused(answer))) => {
                client.reply(answer.raw(), stream);
                client.end_request();
                Outcome::of(&answer)
            }
            Err(_) => {
                reject(&client, stream, &error);
                Outcome::of_code(error.code())
            }
        };
        worker.metrics.request(RequestKind::Other, Consistency::One, outcome, started.elapsed());
    });
}
