//! The stores behind the proxy, as one worker thread sees them.
//!
//! A backend is one whole store. It takes requests and gives replies, in any order; it never waits for another backend.

mod any;
pub(crate) mod cassandra;
pub(crate) mod embedded;

use std::cell::Cell;
use std::sync::Arc;

use quorate_protocol::frame::{DecodeError, EncodeError, Encoder, Envelope, Version};
use quorate_protocol::message::response::SchemaChange;
use thiserror::Error;
use tokio::sync::oneshot;
use uuid::Uuid;

pub(crate) use any::{AnyBackend, Parts};

use crate::observe::Refusal;

/// One whole store, which holds a full copy of the data.
pub(crate) trait Backend {
    /// Whether it can be asked now: a connection is up and the circuit breaker is closed.
    fn is_live(&self) -> bool;

    /// Whether it can be asked in this version now.
    fn is_live_in(&self, version: Version) -> bool;

    /// The newest protocol version it speaks; nothing before the first connection.
    fn newest_version(&self) -> Option<Version>;

    /// Moving average of the time to a reply, in microseconds.
    fn latency_micros(&self) -> u32;

    /// Requests without a reply yet.
    fn in_flight(&self) -> usize;

    /// Sends one request. The reply, or the reason why there is none, always comes to `reply_to` when this returns `Ok`,
    /// and never before it returns.
    fn send(&self, request: Outbound<'_>, reply_to: ReplyTo) -> Result<(), SendError>;
}

/// One request on its way to a backend.
pub(crate) struct Outbound<'a> {
    /// The connections it may take.
    pub(crate) lane: &'a Lane,
    /// Who asks, where clients log in: an embedded store knows what they may do. Nobody: the proxy itself.
    pub(crate) user: Option<&'a Arc<str>>,
    /// Where its partition lives, if that is known.
    pub(crate) partition: Option<Partition<'a>>,
    /// Appends the whole message under the stream id given; nothing is appended when it fails.
    pub(crate) encode: &'a Encode<'a>,
}

/// See [`Outbound::encode`].
pub(crate) type Encode<'a> = dyn Fn(&mut Encoder, i16) -> Result<(), Unencodable> + 'a;

/// A message that cannot be sent: with what was changed in it, it is larger than the protocol can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the message cannot be encoded")]
pub(crate) struct Unencodable;

impl From<EncodeError> for Unencodable {
    fn from(_: EncodeError) -> Self {
        Unencodable
    }
}

impl From<DecodeError> for Unencodable {
    fn from(_: DecodeError) -> Self {
        Unencodable
    }
}

/// Connections to a backend come in lanes: one protocol version and one current keyspace each. A client's bytes are
/// understood by a backend as the client meant them because they travel in the lane of its session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) version: Version,
    pub(crate) keyspace: Option<Arc<str>>,
}

/// A partition that a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Partition<'a> {
    pub(crate) keyspace: &'a str,
    pub(crate) table: &'a str,
    pub(crate) token: i64,
}

/// What comes back.
pub(crate) type Reply = Result<Envelope, BackendError>;

/// Who waits for a reply.
#[derive(Debug)]
pub(crate) enum ReplyTo {
    /// Whoever takes replies by key: its key, and which backend this is to it.
    Key(RequestKey, u8),
    /// A task that awaits it.
    Caller(oneshot::Sender<Reply>),
}

/// Names a request to whoever takes replies by key; it means nothing to a backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RequestKey(pub(crate) u64);

/// Takes the replies that come by key.
pub(crate) trait Deliver {
    /// One reply; called outside every borrow of the backend's own state.
    fn deliver(&self, key: RequestKey, backend: u8, reply: Reply);

    /// Whether anybody still wants the reply of that key.
    fn is_awaited(&self, key: RequestKey) -> bool;
}

/// Why a request was not even queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum SendError {
    /// No connection is up.
    #[error("the backend is down")]
    Down,
    /// As many requests, or bytes, are on their way as the backend may have.
    #[error("the backend lags: its queue is full")]
    Full,
    /// It cannot be put into bytes.
    #[error(transparent)]
    Unencodable(#[from] Unencodable),
}

impl From<SendError> for Refusal {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Down => Refusal::Down,
            SendError::Full | SendError::Unencodable(_) => Refusal::Full,
        }
    }
}

/// Why a request that was queued has no reply.
#[derive(Clone, Debug, Error)]
pub(crate) enum BackendError {
    /// The connection was lost before a byte of the request was sent.
    #[error("no connection to the backend could be made: {0}")]
    NotSent(Arc<str>),
    /// The connection was lost; the request may have been executed.
    #[error("the connection to the backend was lost")]
    Lost,
    /// The backend's own refusal of the lane: it does not know the keyspace, or the version.
    #[error("the backend refused the connection")]
    Refused(Envelope),
}

/// A user name and a password. Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Why a backend does not let somebody in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum LoginRefused {
    /// It says that the credentials are wrong, in these words.
    #[error("{0}")]
    BadCredentials(String),
    /// It does not say.
    #[error("the backend cannot be asked")]
    Unreachable,
}

/// What is seen of a backend's schema, and where it is.
#[derive(Clone, Debug)]
pub(crate) enum Observation {
    /// The datacenter of the node that is looked at.
    Datacenter(String),
    /// The version of its schema.
    Version(Uuid),
    /// Its schema changed.
    Change(SchemaChange),
    /// It is out of sight: events may be missed.
    Lost,
}

/// An exponentially weighted moving average of latencies.
#[derive(Debug, Default)]
pub(crate) struct MovingAverage(Cell<u32>);

impl MovingAverage {
    /// Weighs one sample at an eighth.
    pub(crate) fn record(&self, micros: u32) {
        let old = self.0.get();
        let new = if old == 0 { micros } else { old - old / 8 + micros / 8 };
        self.0.set(new.max(1));
    }

    /// Zero before the first sample.
    pub(crate) fn micros(&self) -> u32 {
        self.0.get()
    }
}
