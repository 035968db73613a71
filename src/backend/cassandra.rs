//! A backend that is a Cassandra or ScyllaDB cluster: raw connections to each of its nodes, routed by token.

mod connection;
pub(crate) mod dialogue;
pub(crate) mod handshake;
mod node;
mod streams;
pub(crate) mod topology;
pub(crate) mod watch;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;
use quorate_protocol::frame::Version;
use tokio::time::Instant;

pub(crate) use connection::ConnectionLimits;
pub(crate) use node::Reconnect;

use self::handshake::Dial;
use self::node::{Node, NodeContext};
use self::topology::Topology;
use super::{Backend, Credentials, Deliver, LoginRefused, Outbound, Partition, ReplyTo, SendError};
use crate::turn::Turn;

/// One cluster, as one worker sees it.
pub(crate) struct CassandraBackend {
    context: Rc<NodeContext>,
    topology: Arc<ArcSwap<Topology>>,
    seen: RefCell<Seen>,
}

/// The topology that the nodes were last made from.
struct Seen {
    topology: Arc<Topology>,
    nodes: Vec<Rc<Node>>,
    next: usize,
}

/// What a backend is made of.
pub(crate) struct CassandraParts {
    pub(crate) name: Rc<str>,
    pub(crate) dial: Rc<Dial>,
    pub(crate) limits: ConnectionLimits,
    pub(crate) reconnect: Reconnect,
    pub(crate) topology: Arc<ArcSwap<Topology>>,
}

impl CassandraBackend {
    /// Starts to connect to every node of the topology, now and as it changes.
    pub(crate) fn start(parts: CassandraParts, turn: Rc<Turn>, deliver: Rc<dyn Deliver>) -> Self {
        let CassandraParts { name, dial, limits, reconnect, topology } = parts;
        let context = Rc::new(NodeContext { backend: name, dial, limits, reconnect, turn, deliver });
        let current = topology.load_full();
        let nodes = current.addresses().map(|address| Node::start(address, context.clone())).collect();
        let seen = RefCell::new(Seen { topology: current, nodes, next: 0 });
        Self { context, topology, seen }
    }

    /// Called every now and then: follows the topology, and looks after silent nodes.
    pub(crate) fn check(&self, now: Instant) {
        self.follow_topology();
        let nodes = self.seen.borrow().nodes.clone();
        for node in nodes {
            node.check(now);
        }
    }

    fn follow_topology(&self) {
        let newest = self.topology.load();
        if Arc::ptr_eq(&newest, &self.seen.borrow().topology) {
            return;
        }
        let newest = newest.clone();
        let wanted: Vec<SocketAddr> = newest.addresses().collect();
        let mut seen = self.seen.borrow_mut();
        seen.topology = newest;
        let (kept, gone): (Vec<_>, Vec<_>) = seen.nodes.drain(..).partition(|node| wanted.contains(&node.address));
        seen.nodes = kept;
        for address in wanted {
            if !seen.nodes.iter().any(|node| node.address == address) {
                seen.nodes.push(Node::start(address, self.context.clone()));
            }
        }
        drop(seen);
        for node in gone {
            node.stop();
        }
    }

    /// Asks one of its nodes whether these credentials are right.
    pub(crate) async fn verify(&self, credentials: &Credentials) -> Result<(), LoginRefused> {
        let node = self.choose(Version::V3, None, None).ok_or(LoginRefused::Unreachable)?;
        let version = node.newest_version().ok_or(LoginRefused::Unreachable)?.min(Version::NEWEST);
        let dial = Dial { credentials: Some(credentials.clone()), ..(*self.context.dial).clone() };
        match handshake::verify(&dial, node.address, version).await {
            Ok(()) => Ok(()),
            Err(error) if error.is_bad_credentials() => Err(LoginRefused::BadCredentials(error.server_message())),
            Err(_) => Err(LoginRefused::Unreachable),
        }
    }

    /// Waits until its nodes agree on the schema, as long as they take.
    pub(crate) async fn await_schema_agreement(&self) {
        self.topology.load_full().await_schema_agreement().await;
    }

    /// The node to ask: of those that are up and speak `version`, a replica of the partition, else any in turn.
    fn choose(&self, version: Version, partition: Option<Partition<'_>>, skip: Option<SocketAddr>) -> Option<Rc<Node>> {
        let mut seen = self.seen.borrow_mut();
        if let [only] = seen.nodes.as_slice() {
            return (only.is_up() && only.speaks(version) && Some(only.address) != skip).then(|| only.clone());
        }
        let usable = |node: &&Rc<Node>| node.is_up() && node.speaks(version) && Some(node.address) != skip;
        if let Some(partition) = partition {
            let replicas = seen.topology.replicas(partition);
            let least = seen
                .nodes
                .iter()
                .filter(usable)
                .filter(|node| replicas.contains(&node.address))
                .min_by_key(|node| node.in_flight());
            if let Some(node) = least {
                return Some(node.clone());
            }
        }
        seen.next = seen.next.wrapping_add(1);
        let first = seen.next;
        let count = seen.nodes.len();
        (0..count).filter_map(|step| seen.nodes.get((first + step) % count)).find(|node| usable(node)).cloned()
    }
}

impl Backend for CassandraBackend {
    fn is_live(&self) -> bool {
        self.seen.borrow().nodes.iter().any(|node| node.is_up())
    }

    fn is_live_in(&self, version: Version) -> bool {
        self.seen.borrow().nodes.iter().any(|node| node.is_up() && node.speaks(version))
    }

    fn newest_version(&self) -> Option<Version> {
        self.seen.borrow().nodes.iter().filter_map(|node| node.newest_version()).min()
    }

    fn latency_micros(&self) -> u32 {
        let seen = self.seen.borrow();
        let known = seen.nodes.iter().filter(|node| node.is_up()).map(|node| node.latency_micros());
        known.filter(|&micros| micros > 0).min().unwrap_or(0)
    }

    fn in_flight(&self) -> usize {
        self.seen.borrow().nodes.iter().map(|node| node.in_flight()).sum()
    }

    fn send(&self, request: Outbound<'_>, reply_to: ReplyTo) -> Result<(), SendError> {
        let first = self.choose(request.lane.version, request.partition, None).ok_or(SendError::Down)?;
        let connection = first.connection(request.lane)?;
        let Err((error, reply_to)) = connection.send(request.encode, reply_to) else { return Ok(()) };
        let Some(second) = self.choose(request.lane.version, None, Some(first.address)) else { return Err(error) };
        let connection = second.connection(request.lane)?;
        connection.send(request.encode, reply_to).map_err(|(error, _)| error)
    }
}
