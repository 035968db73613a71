//! From an address to an open connection in a lane: TCP, TLS, STARTUP, authentication, USE.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quorate_protocol::frame::{DecodeError, EncodeError, Encoder, Envelope, FrameError, Version};
use quorate_protocol::message::request::{QueryParameters, Startup};
use quorate_protocol::message::response::CqlError;
use quorate_protocol::message::{Consistency, ErrorCode, Request, Response};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::rustls::ClientConfig;

use super::dialogue::Dialogue;
use crate::backend::{Credentials, Lane};
use crate::wire::{TlsWire, Wire, server_name};

/// How to reach the nodes of one backend.
#[derive(Clone)]
pub(crate) struct Dial {
    pub(crate) credentials: Option<Credentials>,
    pub(crate) tls: Option<Tls>,
    pub(crate) timeout: Duration,
    pub(crate) body_bytes_max: u32,
}

/// TLS towards a backend, and the name its certificates carry; without one, each node's address.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) server_name: Option<String>,
}

/// Why a connection did not open.
#[derive(Debug, Error)]
pub(crate) enum HandshakeError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("{0}")]
    Decode(#[from] DecodeError),
    #[error("{0}")]
    Encode(#[from] EncodeError),
    #[error("the node wants credentials, and none are configured")]
    CredentialsWanted,
    #[error("the node refused: {error}")]
    Refused { error: CqlError, envelope: Envelope },
    #[error("the node refused to use the keyspace: {error}")]
    Keyspace { error: CqlError, envelope: Envelope },
    #[error("the node gave an answer that was not expected")]
    Unexpected,
}

impl HandshakeError {
    /// What the node said, or what went wrong instead.
    pub(crate) fn server_message(&self) -> String {
        match self {
            HandshakeError::Refused { error, .. } | HandshakeError::Keyspace { error, .. } => error.message.clone(),
            other => other.to_string(),
        }
    }

    /// What a client may be shown as the backend's own answer.
    pub(crate) fn refusal(&self) -> Option<Envelope> {
        match self {
            HandshakeError::Keyspace { envelope, .. } => Some(envelope.clone()),
            _ => None,
        }
    }

    /// Whether the node does not speak the protocol version that was tried.
    pub(crate) fn is_version_refusal(&self) -> bool {
        match self {
            HandshakeError::Refused { error, .. } => error.code() == ErrorCode::Protocol,
            HandshakeError::Frame(FrameError::UnsupportedVersion { .. } | FrameError::VersionChanged { .. }) => true,
            _ => false,
        }
    }

    /// Whether the node refused the credentials.
    pub(crate) fn is_bad_credentials(&self) -> bool {
        matches!(self, HandshakeError::Refused { error, .. } if error.code() == ErrorCode::BadCredentials)
    }
}

/// The encoder of a connection past its handshake.
pub(super) fn encoder(lane: &Lane) -> Encoder {
    let mut encoder = Encoder::new();
    if lane.version.features().segments {
        encoder.use_segments();
    }
    encoder
}

/// Opens a connection in `lane` within the time that `dial` allows.
pub(super) async fn open(dial: &Dial, address: SocketAddr, lane: &Lane) -> Result<Dialogue, HandshakeError> {
    tokio::time::timeout(dial.timeout, async {
        let mut dialogue = Dialogue::new(connect(dial, address).await?, lane.version, dial.body_bytes_max);
        log_in(&mut dialogue, dial.credentials.as_ref()).await?;
        if let Some(keyspace) = &lane.keyspace {
            use_keyspace(&mut dialogue, keyspace).await?;
        }
        Ok(dialogue)
    })
    .await
    .map_err(|_| HandshakeError::Timeout(dial.timeout))?
}

/// The newest version that a node speaks, which accepted `version`: betas are not tried, but asked for in OPTIONS.
pub(super) async fn newest_version(
    dial: &Dial,
    dialogue: &mut Dialogue,
    version: Version,
) -> Result<Version, HandshakeError> {
    if version < Version::NEWEST {
        return Ok(version);
    }
    let answer = tokio::time::timeout(dial.timeout, dialogue.ask(Request::Options)).await;
    match answer.map_err(|_| HandshakeError::Timeout(dial.timeout))? {
        Ok(Response::Supported(options)) => Ok(newest_of(&options).unwrap_or(version).max(version)),
        Ok(_) | Err(HandshakeError::Refused { .. }) => Ok(version),
        Err(error) => Err(error),
    }
}

/// The newest version that SUPPORTED names.
fn newest_of(options: &[(String, Vec<String>)]) -> Option<Version> {
    let (_, named) = options.iter().find(|(name, _)| name == "PROTOCOL_VERSIONS")?;
    Version::ALL.into_iter().rev().find(|version| named.iter().any(|name| name == version.description()))
}

/// Logs in with a client's credentials, and closes again: the backend says whether they are right.
pub(crate) async fn verify(dial: &Dial, address: SocketAddr, version: Version) -> Result<(), HandshakeError> {
    open(dial, address, &Lane { version, keyspace: None }).await.map(drop)
}

async fn connect(dial: &Dial, address: SocketAddr) -> Result<Wire, HandshakeError> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    match &dial.tls {
        None => Ok(Wire::plain(socket)),
        Some(tls) => {
            let name = match &tls.server_name {
                Some(name) => server_name(name)?,
                None => server_name(&address.ip().to_string())?,
            };
            Ok(Wire::Tls(Box::new(TlsWire::connect(socket, tls.config.clone(), name).await?)))
        }
    }
}

async fn log_in(dialogue: &mut Dialogue, credentials: Option<&Credentials>) -> Result<(), HandshakeError> {
    let answer = dialogue.ask(startup()).await?;
    dialogue.use_segments();
    match answer {
        Response::Ready => Ok(()),
        Response::Authenticate(_) => {
            let credentials = credentials.ok_or(HandshakeError::CredentialsWanted)?;
            let token = format!("\0{}\0{}", credentials.username, credentials.password).into_bytes();
            match dialogue.ask(Request::AuthResponse(Some(token.into()))).await? {
                Response::AuthSuccess(_) => Ok(()),
                _ => Err(HandshakeError::Unexpected),
            }
        }
        _ => Err(HandshakeError::Unexpected),
    }
}

async fn use_keyspace(dialogue: &mut Dialogue, keyspace: &str) -> Result<(), HandshakeError> {
    let query = format!("USE \"{}\"", keyspace.replace('"', "\"\""));
    match dialogue.ask(query_of(query)).await {
        Ok(Response::SetKeyspace(_)) => Ok(()),
        Ok(_) => Err(HandshakeError::Unexpected),
        Err(HandshakeError::Refused { error, envelope }) => Err(HandshakeError::Keyspace { error, envelope }),
        Err(other) => Err(other),
    }
}

fn startup() -> Request {
    let option = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request::Startup(Startup {
        options: vec![
            option(Startup::CQL_VERSION, "3.0.0"),
            option(Startup::DRIVER_NAME, "Quorate"),
            option(Startup::DRIVER_VERSION, env!("CARGO_PKG_VERSION")),
        ],
    })
}

/// A QUERY of the proxy's own.
pub(super) fn query_of(query: String) -> Request {
    Request::Query { query, parameters: QueryParameters::new(Consistency::One) }
}
