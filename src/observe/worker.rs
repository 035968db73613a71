use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::quorum::{Consistency, VoterSet};

use super::drift::DriftAlarm;
use super::{Counter, Gauge, Histogram, Outcome, RequestKind};

const LEVELS: usize = Consistency::ALL.len();
const OUTCOMES: usize = Outcome::ALL.len();
const KINDS: usize = RequestKind::ALL.len();

/// What one worker counts. Only that worker may write it.
#[derive(Debug)]
pub struct WorkerMetrics {
    /// By kind, level and outcome: see [`Self::requests`].
    requests: Box<[Counter]>,
    latencies: [Histogram; KINDS],
    backends: Box<[BackendMetrics]>,
    /// Counts for a backend that does not exist, so that counting cannot fail.
    no_backend: BackendMetrics,
    live: AtomicU16,
    pub(super) clients: ClientMetrics,
    pub(super) speculative_reads: Counter,
    pub(super) mismatched_reads: Counter,
    pub(super) votes_decided: Counter,
    pub(super) votes_undecided: Counter,
}

/// What a worker counts of its clients.
#[derive(Debug, Default)]
pub(super) struct ClientMetrics {
    pub(super) open: Gauge,
    pub(super) connected: Counter,
    pub(super) bytes_received: Counter,
    pub(super) bytes_sent: Counter,
    pub(super) protocol_errors: Counter,
}

/// What one worker counts of one backend.
#[derive(Debug, Default)]
pub struct BackendMetrics {
    pub(super) live: Gauge,
    pub(super) latency_us: Gauge,
    pub(super) in_flight: Gauge,
    pub(super) replies: Counter,
    pub(super) lost: Counter,
    pub(super) refused_down: Counter,
    pub(super) refused_full: Counter,
    pub(super) missed_writes: Counter,
    pub(super) reprepared: Counter,
    pub(super) drift: DriftAlarm,
    /// The number of the newest protocol version it speaks; 0 before it was seen.
    pub(super) protocol_version: Gauge,
    /// Clients that speak a newer one: they go on without it.
    pub(super) newer_clients: Gauge,
}

/// Why a request was not even sent to a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No connection is up, or the breaker is open.
    Down,
    /// As much is in flight to it as may be.
    Full,
}

impl WorkerMetrics {
    /// Nothing counted yet; room for `backends` backends.
    pub(super) fn new(backends: usize) -> Self {
        Self {
            requests: std::iter::repeat_with(Counter::default).take(KINDS * LEVELS * OUTCOMES).collect(),
            latencies: Default::default(),
            backends: std::iter::repeat_with(BackendMetrics::default).take(backends).collect(),
            no_backend: BackendMetrics::default(),
            live: AtomicU16::new(0),
            clients: ClientMetrics::default(),
            speculative_reads: Counter::default(),
            mismatched_reads: Counter::default(),
            votes_decided: Counter::default(),
            votes_undecided: Counter::default(),
        }
    }

    /// A request was answered.
    pub fn request(&self, kind: RequestKind, level: Consistency, outcome: Outcome, elapsed: Duration) {
        if let Some(counter) = self.requests.get(place(kind, level, outcome)) {
            counter.increment();
        }
        self.latency(kind).record(elapsed);
    }

    /// How many requests of this kind, level and outcome were answered.
    pub fn requests(&self, kind: RequestKind, level: Consistency, outcome: Outcome) -> u64 {
        self.requests.get(place(kind, level, outcome)).map_or(0, Counter::value)
    }

    /// How long requests of this kind took.
    pub(super) fn latency(&self, kind: RequestKind) -> &Histogram {
        &self.latencies[kind as usize]
    }

    /// The counts of the backend at `index` of the configuration.
    pub fn backend(&self, index: usize) -> &BackendMetrics {
        self.backends.get(index).unwrap_or(&self.no_backend)
    }

    /// These voters can be asked now.
    pub fn show_live(&self, voters: VoterSet) {
        self.live.store(voters.bits(), Relaxed);
    }

    /// The voters that could be asked when [`Self::show_live`] was last called.
    pub fn live(&self) -> VoterSet {
        VoterSet::from_bits(self.live.load(Relaxed))
    }

    /// A client connected.
    pub fn client_connected(&self) {
        self.clients.connected.increment();
        self.clients.open.increment();
    }

    /// A client left.
    pub fn client_disconnected(&self) {
        self.clients.open.decrement();
    }

    /// So many bytes came from clients.
    pub fn bytes_received(&self, count: usize) {
        self.clients.bytes_received.add(count as u64);
    }

    /// So many bytes went to clients.
    pub fn bytes_sent(&self, count: usize) {
        self.clients.bytes_sent.add(count as u64);
    }

    /// A client broke the protocol.
    pub fn protocol_error(&self) {
        self.clients.protocol_errors.increment();
    }

    /// A slow read was asked of another voter as well.
    pub fn speculated(&self) {
        self.speculative_reads.increment();
    }

    /// The voters of a read answered differently.
    pub fn mismatched(&self) {
        self.mismatched_reads.increment();
    }

    /// A vote was held, and had a majority or not.
    pub fn voted(&self, decided: bool) {
        if decided { &self.votes_decided } else { &self.votes_undecided }.increment();
    }
}

impl BackendMetrics {
    /// What the backend looks like now: whether it is asked, its moving average of latency (0: unknown), and what is in flight to it.
    pub fn show(&self, live: bool, latency_us: u32, in_flight: usize) {
        self.live.set(u64::from(live));
        self.latency_us.set(u64::from(latency_us));
        self.in_flight.set(in_flight as u64);
    }

    /// A request got a reply, or lost its connection.
    pub fn replied(&self, reply: bool) {
        if reply { &self.replies } else { &self.lost }.increment();
    }

    /// A request was not sent.
    pub fn refused(&self, why: impl Into<Refusal>) {
        match why.into() {
            Refusal::Down => self.refused_down.increment(),
            Refusal::Full => self.refused_full.increment(),
        }
    }

    /// A write that others got was not sent to it.
    pub fn missed_write(&self) {
        self.missed_writes.increment();
    }

    /// The newest protocol version that it speaks, and how many clients speak a newer one.
    pub fn speaks(&self, version: u8, newer_clients: u64) {
        self.protocol_version.set(u64::from(version));
        self.newer_clients.set(newer_clients);
    }

    /// How many clients spoke a newer version when that was last looked at.
    pub fn newer_clients(&self) -> u64 {
        self.newer_clients.value()
    }

    /// It rejected a statement (`subject`) that other backends did: its schema is not theirs.
    pub fn drifted(&self, backend: &str, subject: &str, error: &str) {
        self.drift.raise(Instant::now(), backend, subject, error);
    }

    /// A statement it had forgotten was prepared again.
    pub fn reprepared(&self) {
        self.reprepared.increment();
    }
}

fn place(kind: RequestKind, level: Consistency, outcome: Outcome) -> usize {
    (kind as usize * LEVELS + usize::from(level.code())) * OUTCOMES + outcome as usize
}
