//! What the threads of the proxy share. On the way of a request it is only read.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use quorate_protocol::frame::Version;
use quorate_protocol::message::Consistency;
use tokio::sync::{Mutex, broadcast};

use crate::backend::Parts;
use crate::backend::cassandra::handshake::Dial;
use crate::backend::cassandra::topology::Topology;
use crate::backend::cassandra::{CassandraParts, ConnectionLimits, Reconnect};
use crate::backend::embedded::{EmbeddedParts, Replica};
use crate::catalog::Catalog;
use crate::clock::HybridClock;
use crate::engine::schema::Schema;
use crate::frontend::authentication::Authentication;
use crate::frontend::client::ClientLimits;
use crate::frontend::events::Event;
use crate::prepared::PreparedStatements;
use crate::quorum::{Access, Electorate, Requirements};
use crate::system::Tables;

/// Everything that workers have in common.
pub(crate) struct Shared {
    pub(crate) cluster: Cluster,
    pub(crate) timeouts: Timeouts,
    pub(crate) limits: Limits,
    pub(crate) client_limits: ClientLimits,
    pub(crate) clock: HybridClock,
    pub(crate) prepared: PreparedStatements,
    pub(crate) authentication: Authentication,
    pub(crate) events: broadcast::Sender<Arc<Event>>,
    /// The proxy's own tables.
    pub(crate) system: Tables,
    /// One schema change at a time.
    pub(crate) ddl_turn: Mutex<()>,
    pub(crate) catalog: SharedCatalog,
}

#[derive(Default)]
/// The schema as the first voter shows it, made anew when that changes.
pub(crate) struct SharedCatalog {
    made: ArcSwap<(Option<SchemaSource>, Arc<Catalog>)>,
    /// Since the last schema change nobody has read it again.
    stale: AtomicBool,
}

/// What a catalog was made from.
enum SchemaSource {
    /// What the driver read.
    Driver(Arc<Topology>),
    /// An embedded replica's own, which is never out of date.
    Embedded(Arc<Schema>),
}

/// The backends and how they decide.
pub(crate) struct Cluster {
    pub(crate) electorate: Electorate,
    pub(crate) requirements: Requirements,
    /// Voters first, in the order of the configuration, then observers.
    pub(crate) members: Vec<Member>,
    pub(crate) speculates: bool,
    /// How far ahead of the clock a client's write time may be, in microseconds.
    pub(crate) clock_skew_max_micros: Option<i64>,
}

/// One backend, as all workers know it.
pub(crate) struct Member {
    pub(crate) name: Arc<str>,
    pub(crate) address: IpAddr,
    pub(crate) read_level: Consistency,
    pub(crate) write_level: Consistency,
    pub(crate) replication: Option<String>,
    /// The number of the newest protocol version it was seen to speak; zero before.
    pub(crate) newest_version: AtomicU8,
    pub(crate) kind: MemberKind,
}

/// How a backend is reached.
pub(crate) enum MemberKind {
    /// Over the network.
    Cassandra(Box<CassandraMember>),
    /// In this process.
    Embedded(Arc<Replica>),
}

/// A cluster of Cassandra or ScyllaDB.
pub(crate) struct CassandraMember {
    /// The datacenter whose nodes are asked, where one is configured.
    pub(crate) datacenter: Option<Arc<str>>,
    pub(crate) dial: Dial,
    pub(crate) limits: ConnectionLimits,
    pub(crate) reconnect: Reconnect,
    pub(crate) topology: Arc<ArcSwap<Topology>>,
}

/// How long a client's request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) read: Duration,
    pub(crate) range: Duration,
    pub(crate) write: Duration,
    pub(crate) ddl: Duration,
    pub(crate) truncate: Duration,
    pub(crate) prepare: Duration,
    /// Where one backend answers: longer than any timeout of its own, whose error says more.
    pub(crate) relay: Duration,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) clients_max: usize,
    pub(crate) statements_max: usize,
}

impl Cluster {
    /// One voter and no observer: everything is passed on as it is.
    pub(crate) fn is_native(&self) -> bool {
        self.members.len() == 1
    }

    /// One voter decides alone, whatever observers there are: what needs a decision can be left to it.
    pub(crate) fn has_one_voter(&self) -> bool {
        self.electorate.len() == 1
    }

    /// Whether any backend has several nodes, between which a partition's owner is chosen.
    pub(crate) fn routes_by_token(&self) -> bool {
        self.members.iter().any(|member| match &member.kind {
            MemberKind::Cassandra(cluster) => cluster.topology.load().addresses().nth(1).is_some(),
            MemberKind::Embedded(_) => false,
        })
    }

    /// The level inside a backend; absent where the client's own is passed on.
    pub(crate) fn backend_level(&self, backend: u8, access: Access) -> Option<Consistency> {
        if self.is_native() {
            return None;
        }
        let member = self.members.get(usize::from(backend))?;
        Some(match access {
            Access::Read => member.read_level,
            Access::Write => member.write_level,
        })
    }

    pub(crate) fn is_embedded(&self, backend: u8) -> bool {
        self.members.get(usize::from(backend)).is_some_and(|member| matches!(member.kind, MemberKind::Embedded(_)))
    }

    pub(crate) fn backend_name(&self, backend: u8) -> &str {
        self.members.get(usize::from(backend)).map_or("?", |member| &member.name)
    }

    /// The replication that a backend gets in place of the client's.
    pub(crate) fn replication(&self, backend: u8) -> Option<&str> {
        self.members.get(usize::from(backend))?.replication.as_deref()
    }

    pub(crate) fn rewrites_replication(&self) -> bool {
        self.members.iter().any(|member| member.replication.is_some())
    }
}

impl Timeouts {
    /// A write's, to one backend alone or to several.
    pub(crate) fn write(&self, native: bool) -> Duration {
        if native { self.relay } else { self.write }
    }
}

impl Shared {
    /// What each worker makes its backends of.
    pub(crate) fn backend_parts(&self) -> Vec<Parts> {
        self.cluster.members.iter().map(Member::parts).collect()
    }

    /// A worker saw which version a backend speaks.
    pub(crate) fn saw_version(&self, backend: usize, version: Version) {
        if let Some(member) = self.cluster.members.get(backend) {
            member.newest_version.store(version.number(), Ordering::Relaxed);
        }
    }

    /// The newest version that all backends speak, as far as they were seen: clients get their bytes as they came, so what
    /// one backend does not understand no client may speak. A beta is spoken once all of them were seen to.
    pub(crate) fn newest_version(&self) -> Version {
        let seen = self.cluster.members.iter().map(|member| member.newest_version.load(Ordering::Relaxed));
        seen.map(|number| Version::from_number(number).unwrap_or(Version::NEWEST)).min().unwrap_or(Version::NEWEST)
    }

    /// The tables of the backends; none right after a schema change, until [`Shared::refresh_catalog`].
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        let Some(source) = self.cluster.members.iter().find_map(Member::schema_source) else {
            return Arc::default();
        };
        if matches!(source, SchemaSource::Driver(_)) && self.catalog.stale.load(Ordering::Acquire) {
            return Arc::default();
        }
        let made = self.catalog.made.load();
        if made.0.as_ref().is_some_and(|of| of.is(&source)) {
            return made.1.clone();
        }
        let catalog = Arc::new(source.catalog());
        self.catalog.made.store(Arc::new((Some(source), catalog.clone())));
        catalog
    }

    /// The schema changed: what the catalog says may be wrong.
    pub(crate) fn forget_catalog(&self) {
        self.catalog.stale.store(true, Ordering::Release);
    }

    /// Reads the schema again; false where no backend could be asked.
    pub(crate) async fn refresh_catalog(&self) -> bool {
        let was_stale = self.catalog.stale.swap(false, Ordering::AcqRel);
        for member in &self.cluster.members {
            match &member.kind {
                MemberKind::Embedded(_) => return true,
                MemberKind::Cassandra(cluster) => {
                    if let Some(topology) = cluster.topology.load_full().reread().await {
                        cluster.topology.store(Arc::new(topology));
                        return true;
                    }
                }
            }
        }
        if was_stale {
            self.forget_catalog();
        }
        false
    }

    /// The embedded replicas, by name.
    pub(crate) fn replicas(&self) -> Vec<Arc<Replica>> {
        let embedded = |member: &Member| match &member.kind {
            MemberKind::Embedded(replica) => Some(replica.clone()),
            MemberKind::Cassandra(_) => None,
        };
        self.cluster.members.iter().filter_map(embedded).collect()
    }
}

impl Member {
    fn parts(&self) -> Parts {
        match &self.kind {
            MemberKind::Embedded(replica) => Parts::Embedded(EmbeddedParts { replica: replica.clone() }),
            MemberKind::Cassandra(cluster) => Parts::Cassandra(CassandraParts {
                name: Rc::from(&*self.name),
                dial: Rc::new(cluster.dial.clone()),
                limits: cluster.limits,
                reconnect: cluster.reconnect,
                topology: cluster.topology.clone(),
            }),
        }
    }

    /// The schema as this backend shows it, where it is known.
    fn schema_source(&self) -> Option<SchemaSource> {
        match &self.kind {
            MemberKind::Embedded(replica) => Some(SchemaSource::Embedded(replica.schema())),
            MemberKind::Cassandra(cluster) => {
                let topology = cluster.topology.load();
                topology.cluster().is_some().then(|| SchemaSource::Driver(topology.clone()))
            }
        }
    }
}

impl SchemaSource {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Driver(one), Self::Driver(other)) => Arc::ptr_eq(one, other),
            (Self::Embedded(one), Self::Embedded(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    fn catalog(&self) -> Catalog {
        match self {
            Self::Driver(topology) => topology.cluster().map(|state| Catalog::of_cluster(state)).unwrap_or_default(),
            Self::Embedded(schema) => Catalog::of_schema(schema),
        }
    }
}
