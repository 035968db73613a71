//! OPTIONS, STARTUP and AUTH_RESPONSE.

use std::rc::Rc;

use quorate_protocol::frame::{Compression, Envelope, Version};
use quorate_protocol::message::request::Startup;
use quorate_protocol::message::{Request, RequestMessage, Response};

use super::authentication::{self, LoginError};
use super::client::Client;
use crate::backend::Credentials;
use crate::coordinator::error::CqlError;
use crate::coordinator::respond;
use crate::worker::Worker;

/// The CQL version that clients are told.
pub(crate) const CQL_VERSION: &str = "3.4.7";
/// The name under which drivers know how to send a user name and a password.
const AUTHENTICATOR: &str = "org.apache.cassandra.auth.PasswordAuthenticator";

/// OPTIONS: what this proxy supports, whatever its backends do.
pub(super) fn options(worker: &Worker, client: &Client, envelope: &Envelope) {
    let versions = Version::ALL
        .into_iter()
        .filter(|version| *version <= worker.shared.newest_version())
        .map(|version| version.description().to_owned())
        .collect();
    let supported = vec![
        ("COMPRESSION".to_owned(), vec!["snappy".to_owned(), "lz4".to_owned()]),
        ("CQL_VERSION".to_owned(), vec![CQL_VERSION.to_owned()]),
        ("PROTOCOL_VERSIONS".to_owned(), versions),
    ];
    respond::response_in(client, envelope.version(), envelope.stream(), Response::Supported(supported));
}

/// STARTUP: fixes version and compression, and opens the connection or asks for credentials.
pub(super) fn startup(worker: &Worker, client: &Client, envelope: &Envelope) {
    let (version, stream) = (envelope.version(), envelope.stream());
    let startup = match RequestMessage::decode(envelope) {
        Ok(RequestMessage { request: Request::Startup(startup), .. }) => startup,
        Ok(_) => return,
        Err(error) => {
            respond::error_in(client, version, stream, &CqlError::Protocol(error.to_string()));
            return client.close();
        }
    };
    let compression = match compression(startup.option(Startup::COMPRESSION), version) {
        Ok(compression) => compression,
        Err(text) => return respond::error_in(client, version, stream, &CqlError::Protocol(text)),
    };
    if startup.option(Startup::CQL_VERSION).is_none() {
        let text = "Missing value CQL_VERSION in STARTUP message".to_owned();
        return respond::error_in(client, version, stream, &CqlError::Protocol(text));
    }
    client.session.borrow_mut().start(version);
    let authenticates = worker.shared.authentication.is_required();
    let answer = if authenticates {
        Response::Authenticate(AUTHENTICATOR.to_owned())
    } else {
        client.session.borrow_mut().open(None);
        Response::Ready
    };
    respond::response_in(client, version, stream, answer);
    // The answer itself still travels as the handshake began.
    client.switch(version, compression);
}

/// AUTH_RESPONSE: a backend says whether the credentials are right.
pub(super) fn auth_response(worker: &Rc<Worker>, client: &Rc<Client>, envelope: &Envelope) {
    let stream = envelope.stream();
    let credentials = match RequestMessage::decode(envelope) {
        Ok(RequestMessage { request: Request::AuthResponse(Some(token)), .. }) => sasl_plain(&token),
        _ => None,
    };
    let Some(credentials) = credentials else {
        let text = "SASL PLAIN with a user name and a password is expected".to_owned();
        return respond::error(client, stream, &CqlError::Protocol(text));
    };
    client.session.borrow_mut().verify();
    let (worker, client) = (worker.clone(), client.clone());
    tokio::task::spawn_local(async move {
        match authentication::log_in(&worker, credentials).await {
            Ok(user) => {
                client.session.borrow_mut().open(Some(user));
                respond::response(&client, stream, Response::AuthSuccess(None));
            }
            Err(error) => {
                client.session.borrow_mut().reject();
                let error = match error {
                    LoginError::Refused(text) => CqlError::BadCredentials(text),
                    LoginError::Unreachable => {
                        CqlError::Unavailable { level: crate::quorum::Consistency::One, required: 1, alive: 0 }
                    }
                    LoginError::TooMany => CqlError::Overloaded("Too many failed logins; try again later".to_owned()),
                };
                respond::error(&client, stream, &error);
            }
        }
    });
}

/// `[authorization id] NUL user NUL password` (RFC 4616).
fn sasl_plain(token: &[u8]) -> Option<Credentials> {
    let mut parts = token.split(|byte| *byte == 0);
    let (_authorization, username, password) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    Some(Credentials { username: text(username)?, password: text(password)? })
}

fn compression(name: Option<&str>, version: Version) -> Result<Option<Compression>, String> {
    let Some(name) = name else { return Ok(None) };
    match Compression::from_name(name) {
        Some(Compression::Snappy) if !version.features().snappy => {
            Err("Snappy compression is not supported in protocol V5".to_owned())
        }
        Some(compression) => Ok(Some(compression)),
        None => Err(format!("Unknown compression algorithm: {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sasl_plain_has_three_parts() {
        let credentials = sasl_plain(b"\0ann\0secret").unwrap();
        assert_eq!((credentials.username.as_str(), credentials.password.as_str()), ("ann", "secret"));
        assert!(sasl_plain(b"ann\0secret").is_none());
        assert!(sasl_plain(b"\0ann\0secret\0more").is_none());
        assert!(sasl_plain(b"\0\xff\0secret").is_none());
    }
}
