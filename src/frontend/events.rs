//! REGISTER, and what registered clients are told: schema changes, and proxies that come and go.

use std::net::SocketAddr;

use quorate_protocol::frame::Envelope;
use quorate_protocol::message::response::{Event as EventMessage, EventType, SchemaChange, StatusChange};
use quorate_protocol::message::{Request, RequestMessage, Response};

use super::client::Client;
use crate::coordinator::error::CqlError;
use crate::coordinator::respond;

/// The stream id of events.
const EVENT_STREAM: i16 = -1;

/// Something that clients may want to know.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The schema changed.
    Schema(SchemaChange),
    /// A proxy can be reached.
    Up(SocketAddr),
    /// A proxy cannot be reached.
    Down(SocketAddr),
}

/// REGISTER.
pub(super) fn register(client: &Client, envelope: &Envelope) {
    let stream = envelope.stream();
    match RequestMessage::decode(envelope) {
        Ok(RequestMessage { request: Request::Register(events), .. }) => {
            let mut session = client.session.borrow_mut();
            for event in events {
                match event {
                    EventType::TopologyChange => session.registered.topology = true,
                    EventType::StatusChange => session.registered.status = true,
                    EventType::SchemaChange => session.registered.schema = true,
                }
            }
            drop(session);
            respond::response(client, stream, Response::Ready);
        }
        Ok(_) => {}
        Err(error) => respond::error(client, stream, &CqlError::Protocol(error.to_string())),
    }
}

/// Tells a client, if it registered for this kind of event.
pub(crate) fn tell(client: &Client, event: &Event) {
    let registered = client.session.borrow().registered;
    let message = match event {
        Event::Schema(change) if registered.schema => EventMessage::Schema(change.clone()),
        Event::Up(address) if registered.status => EventMessage::Status(StatusChange::Up, *address),
        Event::Down(address) if registered.status => EventMessage::Status(StatusChange::Down, *address),
        Event::Schema(_) | Event::Up(_) | Event::Down(_) => return,
    };
    respond::response(client, EVENT_STREAM, Response::Event(message));
}
