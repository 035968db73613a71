//! A backend of whatever kind: which one is known without a pointer to follow.

use std::rc::Rc;

use quorate_protocol::frame::Version;
use tokio::time::Instant;

use super::cassandra::{CassandraBackend, CassandraParts};
use super::embedded::{EmbeddedBackend, EmbeddedParts};
use super::{Backend, Credentials, Deliver, LoginRefused, Outbound, ReplyTo, SendError};
use crate::turn::Turn;

/// One backend, as one worker sees it.
pub(crate) enum AnyBackend {
    /// A cluster of Cassandra or ScyllaDB.
    Cassandra(CassandraBackend),
    /// A store in this process.
    Embedded(Rc<EmbeddedBackend>),
}

/// What a backend is made of.
pub(crate) enum Parts {
    /// A cluster of Cassandra or ScyllaDB.
    Cassandra(CassandraParts),
    /// A store in this process.
    Embedded(EmbeddedParts),
}

impl AnyBackend {
    /// Call it within a `LocalRuntime`.
    pub(crate) fn start(parts: Parts, turn: Rc<Turn>, deliver: Rc<dyn Deliver>) -> Self {
        match parts {
            Parts::Cassandra(parts) => Self::Cassandra(CassandraBackend::start(parts, turn, deliver)),
            Parts::Embedded(parts) => Self::Embedded(EmbeddedBackend::start(parts, turn, deliver)),
        }
    }

    /// Called every now and then: looks after silence, and whatever else changes without a request.
    pub(crate) fn check(&self, now: Instant) {
        match self {
            Self::Cassandra(cluster) => cluster.check(now),
            Self::Embedded(replica) => replica.check(now),
        }
    }

    /// Whether these credentials are right there.
    pub(crate) async fn verify(&self, credentials: &Credentials) -> Result<(), LoginRefused> {
        match self {
            Self::Cassandra(cluster) => cluster.verify(credentials).await,
            Self::Embedded(replica) => replica.verify(credentials).await,
        }
    }

    /// Waits until its nodes agree on the schema, as long as they take.
    pub(crate) async fn await_schema_agreement(&self) {
        match self {
            Self::Cassandra(cluster) => cluster.await_schema_agreement().await,
            Self::Embedded(_) => {}
        }
    }
}

impl Backend for AnyBackend {
    fn is_live(&self) -> bool {
        match self {
            Self::Cassandra(cluster) => cluster.is_live(),
            Self::Embedded(replica) => replica.is_live(),
        }
    }

    fn is_live_in(&self, version: Version) -> bool {
        match self {
            Self::Cassandra(cluster) => cluster.is_live_in(version),
            Self::Embedded(replica) => replica.is_live_in(version),
        }
    }

    fn newest_version(&self) -> Option<Version> {
        match self {
            Self::Cassandra(cluster) => cluster.newest_version(),
            Self::Embedded(replica) => replica.newest_version(),
        }
    }

    fn latency_micros(&self) -> u32 {
        match self {
            Self::Cassandra(cluster) => cluster.latency_micros(),
            Self::Embedded(replica) => replica.latency_micros(),
        }
    }

    fn in_flight(&self) -> usize {
        match self {
            Self::Cassandra(cluster) => cluster.in_flight(),
            Self::Embedded(replica) => replica.in_flight(),
        }
    }

    fn send(&self, request: Outbound<'_>, reply_to: ReplyTo) -> Result<(), SendError> {
        match self {
            Self::Cassandra(cluster) => cluster.send(request, reply_to),
            Self::Embedded(replica) => replica.send(request, reply_to),
        }
    }
}
