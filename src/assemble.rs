//! From the configuration to what the threads share.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwap;
use quorate_protocol::frame::Version;
use thiserror::Error;
use tokio::sync::{Mutex, broadcast};
use tracing::{debug, warn};
use uuid::Uuid;

use crate::backend::Credentials;
use crate::backend::cassandra::handshake::{Dial, Tls};
use crate::backend::cassandra::topology::Topology;
use crate::backend::cassandra::{ConnectionLimits, Reconnect};
use crate::backend::embedded::Replica;
use crate::clock::{ClockFile, HybridClock, SystemClock};
use crate::config::{
    Authentication as ConfiguredAuthentication, Backend, Configuration, Files, HostPort, Kind, Role, Speculative,
};
use crate::engine::database::{OpenError, Setup};
use crate::engine::role::Rules;
use crate::frontend::authentication::Authentication;
use crate::frontend::client::ClientLimits;
use crate::prepared::PreparedStatements;
use crate::shared::{CassandraMember, Cluster, Limits, Member, MemberKind, Shared, SharedCatalog, Timeouts};
use crate::store::StoreOptions;
use crate::system::{self, Tables};
use crate::wire::client_config;

/// The Cassandra whose system tables and grammar the proxy shows.
const RELEASE_VERSION: &str = "5.0.6";
/// The datacenter that drivers see, without zones, before a backend was seen: Cassandra's default.
const DATACENTER: &str = "datacenter1";
/// Events that a worker may be behind.
const EVENTS_MAX: usize = 1024;
/// The longest answer of a backend (Cassandra: the bound of a frame before it was configurable).
const RESPONSE_BYTES_MAX: u32 = 256 << 20;
/// How much longer than any timeout of its own one backend is waited for.
const RELAY_GRACE: Duration = Duration::from_secs(2);

/// Why a backend cannot be set up.
#[derive(Debug, Error)]
pub enum AssembleError {
    /// None of its contact points is an address.
    #[error("backend {backend:?}: none of its contact points can be resolved: {error}")]
    Unresolved {
        /// Its name.
        backend: String,
        /// Why the last one cannot.
        error: io::Error,
    },
    /// Its store cannot be opened.
    #[error("backend {backend:?}: {error}")]
    Store {
        /// Its name.
        backend: String,
        /// Why.
        error: OpenError,
    },
    /// The clock's high-water mark cannot be read or written.
    #[error("the clock's mark in data_directory {directory:?}: {error}")]
    Clock {
        /// The directory.
        directory: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Its certificates cannot be used.
    #[error("backend {backend:?}: {error}")]
    Tls {
        /// Its name.
        backend: String,
        /// Why.
        error: io::Error,
    },
}

/// Makes what the threads share.
pub(crate) async fn assemble(configuration: &Configuration) -> Result<Shared, AssembleError> {
    let voters = configuration.backends.iter().filter(|backend| backend.role == Role::Voter);
    let observers = configuration.backends.iter().filter(|backend| backend.role == Role::Observer);
    // Embedded stores are opened side by side: each may have a journal to read.
    let opening: Vec<_> =
        voters.chain(observers).map(|backend| (backend, Opening::begin(configuration, backend))).collect();
    let mut members = Vec::with_capacity(opening.len());
    for (backend, opening) in opening {
        members.push(member(configuration, backend, opening).await?);
    }
    let cluster = Cluster {
        electorate: configuration.electorate.clone(),
        requirements: configuration.requirements.clone(),
        members,
        clock_skew_max_micros: configuration
            .cluster
            .max_clock_skew
            .map(|skew| i64::try_from(skew.as_micros()).unwrap_or(i64::MAX)),
        speculates: configuration.backends.iter().all(|backend| backend.speculative != Speculative::Off),
    };
    let limits = &configuration.limits;
    let timeouts = &configuration.timeouts;
    let longest = timeouts.range.max(timeouts.write).max(timeouts.read).max(timeouts.other);
    let clock = reserved_clock(configuration)?;
    let mut salt = [0; 32];
    fastrand::Rng::new().fill(&mut salt);
    Ok(Shared {
        cluster,
        timeouts: Timeouts {
            read: timeouts.read,
            range: timeouts.range,
            write: timeouts.write,
            ddl: timeouts.ddl,
            truncate: timeouts.truncate,
            prepare: timeouts.other,
            relay: longest + RELAY_GRACE,
        },
        limits: Limits { clients_max: configuration.listen.max_connections, statements_max: limits.cached_statements },
        client_limits: ClientLimits {
            in_flight_max: limits.requests_per_connection,
            pause_bytes: limits.queue_per_connection_bytes / 4,
            reply_bytes_max: limits.queue_per_connection_bytes,
            stalled_max: Duration::from_secs(30),
            handshake_max: configuration.listen.handshake_timeout,
            body_bytes_max: u32::try_from(configuration.listen.max_frame_size_bytes).unwrap_or(u32::MAX),
        },
        clock,
        prepared: PreparedStatements::new(limits.prepared_statements),
        authentication: Authentication::new(
            configuration.cluster.authentication == ConfiguredAuthentication::Backend,
            salt,
        ),
        events: broadcast::Sender::new(EVENTS_MAX),
        ddl_turn: Mutex::new(()),
        catalog: SharedCatalog::default(),
        system: Tables::new(topology(configuration)),
    })
}

/// A clock that goes on where the last process may have been, if there is a place that remembers it.
fn reserved_clock(configuration: &Configuration) -> Result<HybridClock, AssembleError> {
    let Some(directory) = &configuration.cluster.data_directory else {
        debug!("no data_directory: write times start at the wall clock, whatever an earlier process gave out");
        return Ok(HybridClock::unreserved(Box::new(SystemClock)));
    };
    let wanted = |error| AssembleError::Clock { directory: directory.clone(), error };
    HybridClock::reserved(Box::new(SystemClock), Box::new(ClockFile::in_directory(directory))).map_err(wanted)
}

/// The proxies, as drivers see them.
fn topology(configuration: &Configuration) -> system::Topology {
    let zone = Some(configuration.cluster.local_zone.as_str()).filter(|zone| !zone.is_empty());
    let datacenter = zone.or_else(|| configuration.backends.first()?.datacenter.as_deref()).unwrap_or(DATACENTER);
    let proxy = |address: SocketAddr| system::Proxy {
        address,
        data_center: datacenter.to_owned(),
        rack: configuration.cluster.rack.clone(),
    };
    let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    system::Topology {
        cluster_name: configuration.cluster.name.clone(),
        local: proxy(configuration.listen.advertise),
        peers: configuration.listen.peers.iter().copied().map(proxy).collect(),
        schema_version: Uuid::nil(),
        release_version: RELEASE_VERSION.to_owned(),
        native_protocol_version: Version::NEWEST.number(),
        started_seconds: i32::try_from(started.as_secs()).unwrap_or(i32::MAX),
    }
}

/// A backend that is being set up.
enum Opening<'a> {
    Cassandra(&'a [HostPort]),
    Embedded(JoinHandle<Result<Replica, OpenError>>),
}

impl<'a> Opening<'a> {
    fn begin(configuration: &Configuration, backend: &'a Backend) -> Self {
        let files = match &backend.kind {
            Kind::Cassandra { contact_points } => return Self::Cassandra(contact_points),
            Kind::Embedded { files } => files.clone(),
        };
        let files = files.map(|Files { directory, sync, cache_bytes }| {
            (directory, StoreOptions { sync, cache_bytes, ..StoreOptions::default() })
        });
        let rules = match configuration.cluster.authentication {
            ConfiguredAuthentication::Open => Rules::Open,
            ConfiguredAuthentication::Backend => Rules::Enforced,
        };
        let setup = Setup { name: backend.name.clone(), topology: topology(configuration), rules };
        let in_flight_max = backend.max_in_flight;
        Self::Embedded(thread::spawn(move || Replica::open(setup, files, in_flight_max)))
    }
}

async fn member(
    configuration: &Configuration,
    backend: &Backend,
    opening: Opening<'_>,
) -> Result<Member, AssembleError> {
    let (address, kind) = match opening {
        Opening::Cassandra(contact_points) => {
            let addresses = resolve(backend, contact_points).await?;
            let address = addresses.first().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), SocketAddr::ip);
            (address, MemberKind::Cassandra(Box::new(cassandra(configuration, backend, addresses)?)))
        }
        Opening::Embedded(opening) => {
            let opened = opening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let replica = opened.map_err(|error| AssembleError::Store { backend: backend.name.clone(), error })?;
            (IpAddr::V4(Ipv4Addr::LOCALHOST), MemberKind::Embedded(Arc::new(replica)))
        }
    };
    Ok(Member {
        name: backend.name.as_str().into(),
        address,
        read_level: backend.read_consistency,
        write_level: backend.write_consistency,
        replication: backend.replication.clone(),
        newest_version: AtomicU8::new(0),
        kind,
    })
}

fn cassandra(
    configuration: &Configuration,
    backend: &Backend,
    contact_points: Vec<SocketAddr>,
) -> Result<CassandraMember, AssembleError> {
    let tls = match &backend.tls {
        None => None,
        Some(tls) => {
            let identity = tls.identity.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()));
            let config = client_config(&tls.ca, identity)
                .map_err(|error| AssembleError::Tls { backend: backend.name.clone(), error })?;
            Some(Tls { config, server_name: tls.server_name.clone() })
        }
    };
    let credentials = backend.credentials.as_ref().map(|credentials| Credentials {
        username: credentials.username.clone(),
        password: credentials.password.expose().to_owned(),
    });
    Ok(CassandraMember {
        datacenter: backend.datacenter.as_deref().map(Arc::from),
        dial: Dial { credentials, tls, timeout: backend.connect_timeout, body_bytes_max: RESPONSE_BYTES_MAX },
        limits: ConnectionLimits {
            in_flight_max: backend.max_in_flight,
            queued_bytes_max: configuration.limits.queue_per_connection_bytes,
            probe_after: backend.heartbeat.min(Duration::from_secs(1)),
            dead_after: Duration::from_secs(3),
            idle_probe_after: backend.heartbeat,
        },
        reconnect: Reconnect { min: backend.reconnect_min, max: backend.reconnect_max },
        topology: Arc::new(ArcSwap::from_pointee(Topology::of_contact_points(contact_points))),
    })
}

async fn resolve(backend: &Backend, contact_points: &[HostPort]) -> Result<Vec<SocketAddr>, AssembleError> {
    let mut addresses = Vec::new();
    let mut failed = None;
    for HostPort { host, port } in contact_points {
        match tokio::net::lookup_host((host.as_str(), *port)).await {
            Ok(found) => addresses.extend(found),
            Err(error) => {
                warn!(backend = %backend.name, host = %host, "cannot be resolved: {error}");
                failed = Some(error);
            }
        }
    }
    if addresses.is_empty() {
        let error = failed.unwrap_or_else(|| io::Error::from(io::ErrorKind::NotFound));
        return Err(AssembleError::Unresolved { backend: backend.name.clone(), error });
    }
    Ok(addresses)
}
