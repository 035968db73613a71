use std::time::Duration;

use serde::Serialize;

use super::registry::role_name;
use super::{Registry, RequestKind, VERSION};

/// Whether requests can be served at QUORUM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Every worker reaches a quorum of voters.
    pub ready: bool,
    /// The voters that every worker reaches.
    pub reachable: Vec<String>,
    /// The other voters.
    pub unreachable: Vec<String>,
}

/// The proxy at one moment, for people and scripts: `/status`.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The version of the proxy.
    pub version: &'static str,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// The cluster's name.
    pub cluster: String,
    /// The proxy's own zone.
    pub local_zone: String,
    /// Where clients connect.
    pub address: String,
    /// Whether a quorum is reachable.
    #[serde(flatten)]
    pub readiness: Readiness,
    /// Open client connections.
    pub client_connections: u64,
    /// How long requests took since the start, by kind; only kinds that occurred.
    pub latencies: Vec<LatencyStatus>,
    /// Every backend, in the order of the configuration.
    pub backends: Vec<BackendStatus>,
}

/// How long requests of one kind took since the start.
#[derive(Clone, Debug, Serialize)]
pub struct LatencyStatus {
    /// The kind of request.
    pub kind: &'static str,
    /// How many there were.
    pub count: u64,
    /// Half of them took at most so long, in milliseconds.
    pub p50_ms: f64,
    /// 99 % of them took at most so long, in milliseconds.
    pub p99_ms: f64,
}

/// One backend at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct BackendStatus {
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// "voter" or "observer".
    pub role: &'static str,
    /// "up" if every worker reaches it, "down" if none does, else "partly".
    pub state: &'static str,
    /// The moving average of its latency in milliseconds, of the worker that sees the longest.
    pub latency_ms: f64,
    /// Requests in flight to it.
    pub in_flight: u64,
    /// Replies that came from it since the start.
    pub replies: u64,
    /// Requests that were lost with a connection, or never sent, since the start.
    pub errors: u64,
    /// Writes it was not sent since the start.
    pub missed_writes: u64,
    /// The newest protocol version that it speaks, as the workers saw it last; 0 before.
    pub protocol_version: u64,
    /// Clients that speak a newer one: they go on without this backend.
    pub newer_clients: u64,
    /// The statement that it called wrong last while others executed it; its schema is then not theirs.
    pub schema_drift: Option<DriftStatus>,
}

/// A schema drift that was seen.
#[derive(Clone, Debug, Serialize)]
pub struct DriftStatus {
    /// How many statements showed it since the start.
    pub count: u64,
    /// How long ago the last of them came, in seconds.
    pub seconds_ago: u64,
    /// What it was: its kind and tables.
    pub statement: String,
    /// What the backend said.
    pub error: String,
}

impl Registry {
    /// The proxy now.
    pub fn status(&self) -> Status {
        let workers = self.workers();
        Status {
            version: VERSION,
            uptime_seconds: self.started.elapsed().as_secs(),
            cluster: self.configuration.cluster.name.clone(),
            local_zone: self.configuration.cluster.local_zone.clone(),
            address: self.configuration.listen.advertise.to_string(),
            readiness: self.readiness(),
            client_connections: workers.iter().map(|worker| worker.clients.open.value()).sum(),
            latencies: RequestKind::ALL.into_iter().filter_map(|kind| latency_status(kind, &workers)).collect(),
            backends: self
                .backends()
                .map(|(index, backend)| {
                    let views: Vec<_> = workers.iter().map(|worker| worker.backend(index)).collect();
                    let sum = |of: fn(&super::BackendMetrics) -> u64| views.iter().map(|view| of(view)).sum();
                    let live = views.iter().filter(|view| view.live.value() > 0).count();
                    let latency_us = views.iter().map(|view| view.latency_us.value()).max().unwrap_or(0);
                    BackendStatus {
                        name: backend.name.clone(),
                        zone: backend.zone.clone(),
                        role: role_name(backend.role),
                        state: if live == 0 {
                            "down"
                        } else if live == views.len() {
                            "up"
                        } else {
                            "partly"
                        },
                        latency_ms: milliseconds(Duration::from_micros(latency_us)),
                        in_flight: sum(|view| view.in_flight.value()),
                        replies: sum(|view| view.replies.value()),
                        errors: sum(|view| view.lost.value() + view.refused_down.value() + view.refused_full.value()),
                        missed_writes: sum(|view| view.missed_writes.value()),
                        protocol_version: views.iter().map(|view| view.protocol_version.value()).min().unwrap_or(0),
                        newer_clients: sum(|view| view.newer_clients.value()),
                        schema_drift: drift_status(&views),
                    }
                })
                .collect(),
        }
    }
}

/// The newest of what the workers saw.
fn drift_status(views: &[&super::BackendMetrics]) -> Option<DriftStatus> {
    let newest = views.iter().filter_map(|view| view.drift.last()).max_by_key(|drift| drift.at)?;
    Some(DriftStatus {
        count: views.iter().map(|view| view.drift.count()).sum(),
        seconds_ago: newest.at.elapsed().as_secs(),
        statement: newest.subject,
        error: newest.error,
    })
}

fn latency_status(kind: RequestKind, workers: &[std::sync::Arc<super::WorkerMetrics>]) -> Option<LatencyStatus> {
    let snapshot = Registry::latency(workers, kind);
    let count = snapshot.count();
    let at = |quantile| milliseconds(snapshot.quantile(quantile));
    (count > 0).then(|| LatencyStatus { kind: kind.name(), count, p50_ms: at(0.5), p99_ms: at(0.99) })
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
