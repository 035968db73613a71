//! The thread beside the workers: it watches backends and the other proxies, and tells the workers what changed.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use md5::{Digest, Md5};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::backend::Observation;
use crate::backend::cassandra::{topology, watch};
use crate::backend::embedded::Replica;
use crate::clock::RENEW_EVERY;
use crate::frontend::events::Event;
use crate::observe::Registry;
use crate::shared::{MemberKind, Shared};

/// How often the other proxies are looked at.
const PEERS_EVERY: Duration = Duration::from_secs(2);
/// How long another proxy may take to accept a connection.
const PEER_PATIENCE: Duration = Duration::from_secs(1);

/// How often embedded stores are given time for what they do beside their requests.
const UPKEEP_EVERY: Duration = Duration::from_secs(10);

/// Watches for ever. Call it within a `LocalRuntime`.
pub(crate) async fn watch(shared: Arc<Shared>, registry: Arc<Registry>, peers: Vec<SocketAddr>) {
    if shared.clock.is_reserved() {
        tokio::task::spawn_local(renew_clock(shared.clone(), registry));
    }
    let (seen, observations) = mpsc::unbounded_channel();
    for (index, member) in shared.cluster.members.iter().enumerate() {
        let cluster = match &member.kind {
            MemberKind::Embedded(replica) => {
                replica.observe(index, seen.clone());
                tokio::task::spawn_local(keep_up(replica.clone()));
                continue;
            }
            MemberKind::Cassandra(cluster) => cluster,
        };
        let contact_points = cluster.topology.load().addresses().collect();
        let (dial, published) = (cluster.dial.clone(), cluster.topology.clone());
        let following =
            topology::follow(member.name.clone(), contact_points, dial.clone(), cluster.datacenter.clone(), published);
        tokio::task::spawn_local(following);
        let watching = watch::watch(index, cluster.topology.clone(), dial, cluster.reconnect, seen.clone());
        tokio::task::spawn_local(watching);
    }
    drop(seen);
    for peer in peers {
        tokio::task::spawn_local(watch_peer(shared.clone(), peer));
    }
    Sightings { shared, versions: HashMap::new(), datacenters: BTreeMap::new() }.run(observations).await;
}

/// What is known of the backends.
struct Sightings {
    shared: Arc<Shared>,
    /// By backend: the version of its schema; absent while it is out of sight.
    versions: HashMap<usize, Uuid>,
    /// By backend: the datacenter that it was last seen in.
    datacenters: BTreeMap<usize, String>,
}

impl Sightings {
    async fn run(mut self, mut observations: mpsc::UnboundedReceiver<(usize, Observation)>) {
        // What a backend said last stays in the digest while it is out of sight: others do not change with it.
        let mut last: HashMap<usize, Uuid> = HashMap::new();
        while let Some((backend, observation)) = observations.recv().await {
            match observation {
                Observation::Datacenter(datacenter) => self.seen_in(backend, datacenter),
                Observation::Version(version) => {
                    self.versions.insert(backend, version);
                    if last.insert(backend, version) != Some(version) {
                        self.shared.system.schema_version_is(digest(&last));
                    }
                }
                Observation::Lost => {
                    self.versions.remove(&backend);
                }
                // All backends tell of the same change: clients hear it from the first of them that is in sight.
                Observation::Change(change) if self.versions.keys().min() == Some(&backend) => {
                    // Without clients there is nobody to tell.
                    let _ = self.shared.events.send(Arc::new(Event::Schema(change)));
                }
                Observation::Change(_) => {}
            }
        }
    }

    /// Without zones drivers see the first backend's datacenter: what they read there often ends up in a CREATE KEYSPACE.
    fn seen_in(&mut self, backend: usize, datacenter: String) {
        self.datacenters.insert(backend, datacenter);
        if self.shared.cluster.electorate.local_zone().is_empty()
            && let Some(first) = self.datacenters.values().next()
        {
            self.shared.system.data_center_is(first);
        }
    }
}

/// One version for the schemas of all backends: the same on every proxy that sees the same.
fn digest(versions: &HashMap<usize, Uuid>) -> Uuid {
    let mut ordered: Vec<_> = versions.iter().collect();
    ordered.sort();
    let mut digest = Md5::new();
    for (_, version) in ordered {
        digest.update(version.as_bytes());
    }
    uuid::Builder::from_md5_bytes(digest.finalize().into()).into_uuid()
}

/// Has an embedded store do what it does beside its requests.
async fn keep_up(replica: Arc<Replica>) {
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        let kept = replica.clone();
        match tokio::task::spawn_blocking(move || kept.database().upkeep()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(replica = replica.name(), "its upkeep failed: {error}"),
            Err(error) => warn!(replica = replica.name(), "its upkeep failed: {error}"),
        }
    }
}

/// Keeps the clock's mark ahead of the clock. Failures do not stop the proxy: the mark matters to the next process only.
async fn renew_clock(shared: Arc<Shared>, registry: Arc<Registry>) {
    let mut every = tokio::time::interval(RENEW_EVERY);
    let mut was_broken = false;
    loop {
        every.tick().await;
        let renewing = shared.clone();
        let renewed = tokio::task::spawn_blocking(move || renewing.clock.renew()).await;
        let failure = match renewed {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        match &failure {
            Some(error) => {
                registry.clock_mark_failures.increment();
                if !was_broken {
                    error!("the clock's mark cannot be stored, a restart may give write times out again: {error}");
                }
            }
            None if was_broken => info!("the clock's mark is stored again"),
            None => {}
        }
        was_broken = failure.is_some();
    }
}

/// Tells clients when another proxy comes or goes.
async fn watch_peer(shared: Arc<Shared>, peer: SocketAddr) {
    let mut was_up: Option<bool> = None;
    loop {
        let up = matches!(tokio::time::timeout(PEER_PATIENCE, TcpStream::connect(peer)).await, Ok(Ok(_)));
        if was_up.is_some_and(|was_up| was_up != up) {
            let event = if up {
                info!(%peer, "another proxy is up");
                Event::Up(peer)
            } else {
                warn!(%peer, "another proxy is down");
                Event::Down(peer)
            };
            // Without clients there is nobody to tell.
            let _ = shared.events.send(Arc::new(event));
        }
        was_up = Some(up);
        tokio::time::sleep(PEERS_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_version_depends_on_the_versions_alone() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(digest(&HashMap::from([(0, one), (1, two)])), digest(&HashMap::from([(1, two), (0, one)])));
        assert_ne!(digest(&HashMap::from([(0, one), (1, two)])), digest(&HashMap::from([(0, two), (1, one)])));
    }
}
