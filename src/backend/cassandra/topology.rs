//! Which nodes a cluster has, who owns which token, and its schema: watched through the `scylla` driver.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::cluster::ClusterState;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::routing::Token;
use smallvec::SmallVec;
use tracing::{debug, info};

use super::handshake::Dial;
use crate::backend::Partition;

/// How often the driver's view is looked at; the driver itself learns of changes from events.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The pause before the driver tries to reach a cluster again that it could not.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How often nodes are asked whether they agree on the schema.
const AGREEMENT_EVERY: Duration = Duration::from_millis(50);

/// A cluster at one time.
#[derive(Clone)]
pub(crate) struct Topology {
    nodes: Vec<SocketAddr>,
    datacenter: Option<Arc<str>>,
    state: Option<Arc<ClusterState>>,
    session: Option<Arc<Session>>,
}

impl Topology {
    /// What is known before the cluster was reached: its contact points.
    pub(crate) fn of_contact_points(nodes: Vec<SocketAddr>) -> Self {
        Self { nodes, datacenter: None, state: None, session: None }
    }

    fn of_cluster(session: &Arc<Session>, datacenter: Option<&Arc<str>>) -> Self {
        let state = session.get_cluster_state();
        let nodes = state
            .get_nodes_info()
            .iter()
            .filter(|node| datacenter.is_none_or(|wanted| node.datacenter.as_deref() == Some(&**wanted)))
            .map(|node| SocketAddr::new(node.address.ip(), node.address.port()))
            .collect();
        Self { nodes, datacenter: datacenter.cloned(), state: Some(state), session: Some(session.clone()) }
    }

    /// The address of each node that requests may go to.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.nodes.iter().copied()
    }

    /// The nodes that own a partition; none where that is not known.
    pub(crate) fn replicas(&self, partition: Partition<'_>) -> SmallVec<[SocketAddr; 8]> {
        let Some(state) = &self.state else { return SmallVec::new() };
        let Some(keyspace) = state.get_keyspace(partition.keyspace) else { return SmallVec::new() };
        let table = scylla::frame::response::result::TableSpec::borrowed(partition.keyspace, partition.table);
        state
            .replica_locator()
            .replicas_for_token(Token::new(partition.token), &keyspace.strategy, self.datacenter.as_deref(), &table)
            .into_iter()
            .map(|(node, _)| SocketAddr::new(node.address.ip(), node.address.port()))
            .collect()
    }

    /// The schema and the ring, once the cluster was reached.
    pub(crate) fn cluster(&self) -> Option<&Arc<ClusterState>> {
        self.state.as_ref()
    }

    /// The same cluster with its schema read again.
    pub(crate) async fn reread(&self) -> Option<Self> {
        let session = self.session.as_ref()?;
        session.refresh_metadata().await.ok()?;
        Some(Self::of_cluster(session, self.datacenter.as_ref()))
    }

    /// Waits until the nodes agree on the schema, as long as they take.
    pub(crate) async fn await_schema_agreement(&self) {
        let Some(session) = self.session.as_ref().filter(|_| self.nodes.len() > 1) else { return };
        while !matches!(session.check_schema_agreement().await, Ok(Some(_))) {
            tokio::time::sleep(AGREEMENT_EVERY).await;
        }
    }
}

/// Follows one cluster for ever, and publishes each change.
pub(crate) async fn follow(
    backend: Arc<str>,
    contact_points: Vec<SocketAddr>,
    dial: Dial,
    datacenter: Option<Arc<str>>,
    published: Arc<ArcSwap<Topology>>,
) {
    loop {
        match session(&contact_points, &dial).await {
            Ok(session) => {
                info!(backend = %backend, nodes = session.get_cluster_state().get_nodes_info().len(), "topology known");
                publish_changes(&Arc::new(session), datacenter.as_ref(), &published).await;
            }
            Err(error) => debug!(backend = %backend, "the topology cannot be read yet: {error}"),
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

async fn publish_changes(session: &Arc<Session>, datacenter: Option<&Arc<str>>, published: &ArcSwap<Topology>) {
    let mut seen: Option<Arc<ClusterState>> = None;
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        look.tick().await;
        let newest = session.get_cluster_state();
        if seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &newest)) {
            continue;
        }
        let topology = Topology::of_cluster(session, datacenter);
        seen = Some(newest);
        if topology.nodes.is_empty() {
            // Contact points are better than no node at all.
            continue;
        }
        published.store(Arc::new(topology));
    }
}

async fn session(contact_points: &[SocketAddr], dial: &Dial) -> Result<Session, scylla::errors::NewSessionError> {
    let profile = ExecutionProfile::builder().retry_policy(Arc::new(FallthroughRetryPolicy)).build();
    let mut builder = SessionBuilder::new()
        .known_nodes_addr(contact_points)
        .default_execution_profile_handle(profile.into_handle())
        .auto_await_schema_agreement(false)
        .pool_size(PoolSize::PerHost(std::num::NonZeroUsize::MIN))
        .disallow_shard_aware_port(true)
        .fetch_full_schema_metadata(true)
        .connection_timeout(dial.timeout);
    if let Some(credentials) = &dial.credentials {
        builder = builder.user(&credentials.username, &credentials.password);
    }
    if let Some(tls) = &dial.tls {
        builder = builder.tls_context(Some(tls.config.clone()));
    }
    builder.build().await
}
