//! Answers of the proxy's own.

use quorate_protocol::frame::{Answer, FrameError, Version, unsupported_version as refusal};
use quorate_protocol::message::{Response, ResponseMessage};

use super::error::CqlError;
use crate::frontend::client::Client;

/// Queues a response in the version of the connection.
pub(crate) fn response(client: &Client, stream: i16, response: impl Into<ResponseMessage>) {
    let version = client.session.borrow().version().unwrap_or(Version::NEWEST);
    response_in(client, version, stream, response);
}

/// Queues a response in this version.
pub(crate) fn response_in(client: &Client, version: Version, stream: i16, response: impl Into<ResponseMessage>) {
    let message = response.into();
    client.write(|encoder| {
        if let Err(error) = message.push(version, stream, encoder) {
            let error = CqlError::Server(format!("the answer cannot be expressed: {error}"));
            // An ERROR of a short text can.
            let _ = ResponseMessage::from(Response::Error(error.into())).push(version, stream, encoder);
        }
    });
}

/// Queues an ERROR in the version of the connection.
pub(crate) fn error(client: &Client, stream: i16, error: &CqlError) {
    response(client, stream, Response::Error(error.clone().into()));
}

/// Queues an ERROR in this version.
pub(crate) fn error_in(client: &Client, version: Version, stream: i16, error: &CqlError) {
    response_in(client, version, stream, Response::Error(error.clone().into()));
}

/// Queues what Cassandra says to a client that speaks a version it does not, before STARTUP was answered.
pub(crate) fn unsupported_version(client: &Client, version: u8) {
    let bytes = refusal(version, client.worker().shared.newest_version());
    client.write(|encoder| encoder.push_bytes(&bytes));
}

/// Says what was wrong with a client's bytes, where Cassandra does; then the connection is to be closed gently.
pub(crate) fn frame_error(client: &Client, error: &FrameError) -> bool {
    let is_new = client.session.borrow().version().is_none();
    match error.answer() {
        Answer::Close => false,
        Answer::UnsupportedVersion { version } if is_new => {
            unsupported_version(client, version);
            true
        }
        Answer::UnsupportedVersion { .. } => {
            self::error(client, 0, &CqlError::Protocol(error.to_string()));
            true
        }
        // A beta that no backend speaks is as unknown as any version, whether the client knows that it is one or not.
        Answer::ErrorThenClose { version, .. } if is_new && version > client.worker().shared.newest_version() => {
            unsupported_version(client, version.number());
            true
        }
        Answer::ErrorThenClose { version, stream, code } => {
            const INVALID: i32 = 0x2200;
            let text = error.to_string();
            let error = if code == INVALID { CqlError::Invalid(text) } else { CqlError::Protocol(text) };
            error_in(client, version, stream, &error);
            true
        }
    }
}
