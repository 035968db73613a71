//! One message of a client: what may come when, and who takes it.

use std::rc::Rc;

use quorate_protocol::frame::{Envelope, Opcode};

use super::client::Client;
use super::session::Phase;
use super::{events, handshake};
use crate::coordinator::error::CqlError;
use crate::coordinator::{prepare, request, respond};
use crate::worker::Worker;

/// Takes one message (Cassandra: `ServerConnection.validateNewMessage`).
pub(super) fn dispatch(worker: &Rc<Worker>, client: &Rc<Client>, envelope: Envelope) {
    let (phase, opcode, stream) = {
        let session = client.session.borrow();
        (session.phase(), envelope.opcode(), envelope.stream())
    };
    match (phase, opcode) {
        (Phase::New, _) if envelope.version() > worker.shared.newest_version() => {
            respond::unsupported_version(client, envelope.version().number());
            client.close();
        }
        (_, Opcode::Options) => handshake::options(worker, client, &envelope),
        (Phase::New, Opcode::Startup) => handshake::startup(worker, client, &envelope),
        (Phase::New, _) => misplaced(client, &envelope, "expecting STARTUP or OPTIONS"),
        (Phase::Authenticating, Opcode::AuthResponse) => handshake::auth_response(worker, client, &envelope),
        (Phase::Authenticating, _) => misplaced(client, &envelope, "expecting SASL_RESPONSE"),
        (Phase::Verifying, _) => misplaced(client, &envelope, "expecting nothing before the answer to AUTH_RESPONSE"),
        (Phase::Ready, Opcode::Register) => events::register(client, &envelope),
        (Phase::Ready, Opcode::Query | Opcode::Prepare | Opcode::Execute | Opcode::Batch) => {
            if client.begin_request() {
                submit(worker, client, envelope);
            } else {
                let text = "Too many requests of this connection are in flight".to_owned();
                respond::error(client, stream, &CqlError::Overloaded(text));
            }
        }
        (Phase::Ready, Opcode::Startup) => {
            misplaced(client, &envelope, "the connection is already initialized");
        }
        (Phase::Ready, _) => misplaced(client, &envelope, "expecting a request"),
    }
}

fn submit(worker: &Rc<Worker>, client: &Rc<Client>, envelope: Envelope) {
    let lane = client.session.borrow().lane();
    let Some(lane) = lane else { return client.end_request() };
    match envelope.opcode() {
        Opcode::Query => request::query(worker, client, lane, &envelope),
        Opcode::Execute => request::execute(worker, client, &lane, &envelope),
        Opcode::Batch => request::batch(worker, client, lane, &envelope),
        _ => prepare::prepare(worker, client, lane, envelope),
    }
}

fn misplaced(client: &Client, envelope: &Envelope, expected: &str) {
    let text = format!("Unexpected message {}, {expected}", envelope.opcode().name());
    respond::error_in(client, envelope.version(), envelope.stream(), &CqlError::Protocol(text));
}
