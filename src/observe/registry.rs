use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::WorkerMetrics;
use super::histogram::Snapshot;
use super::{Counter, Histogram, Readiness, RequestKind};
use crate::config::{Backend, Configuration, Role};
use crate::quorum::{Access, Consistency, VoterSet};

/// The metrics of all workers, and what is needed to name them.
#[derive(Debug)]
pub struct Registry {
    pub(super) configuration: Configuration,
    pub(super) started: Instant,
    workers: Mutex<Vec<Arc<WorkerMetrics>>>,
    /// How often the clock's mark could not be stored; the control thread counts.
    pub(crate) clock_mark_failures: Counter,
}

impl Registry {
    /// No worker yet. The configuration gives backends their names; `started` is when the proxy started.
    pub fn new(configuration: &Configuration, started: Instant) -> Self {
        Self {
            configuration: configuration.clone(),
            started,
            workers: Mutex::default(),
            clock_mark_failures: Counter::default(),
        }
    }

    /// The counters of one more worker, which alone may write them.
    pub fn add_worker(&self) -> Arc<WorkerMetrics> {
        let worker = Arc::new(WorkerMetrics::new(self.configuration.backends.len()));
        self.workers.lock().push(worker.clone());
        worker
    }

    /// The counters of all workers.
    pub fn workers(&self) -> Vec<Arc<WorkerMetrics>> {
        self.workers.lock().clone()
    }

    /// Whether every worker reaches a quorum of voters, for reads and for writes.
    pub fn readiness(&self) -> Readiness {
        let requirements = &self.configuration.requirements;
        let suffices = |live: VoterSet| {
            [Access::Read, Access::Write].into_iter().all(|access| {
                requirements.of(Consistency::Quorum, access).is_ok_and(|requirement| requirement.possible(live))
            })
        };
        let live: Vec<VoterSet> = self.workers.lock().iter().map(|worker| worker.live()).collect();
        let electorate = &self.configuration.electorate;
        let reachable_by_all = live.iter().copied().fold(electorate.all(), |all, live| all & live);
        let everywhere = if live.is_empty() { VoterSet::EMPTY } else { reachable_by_all };
        Readiness {
            ready: !live.is_empty() && live.into_iter().all(suffices),
            reachable: electorate.names(everywhere),
            unreachable: electorate.names(electorate.all() - everywhere),
        }
    }

    /// Every backend with its position.
    pub(super) fn backends(&self) -> impl Iterator<Item = (usize, &Backend)> {
        self.configuration.backends.iter().enumerate()
    }

    /// How long requests of a kind took, over all workers.
    pub(super) fn latency(workers: &[Arc<WorkerMetrics>], kind: RequestKind) -> Snapshot {
        merge(workers.iter().map(|worker| worker.latency(kind)))
    }
}

/// "voter" or "observer".
pub(super) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Voter => "voter",
        Role::Observer => "observer",
    }
}

fn merge<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    histograms.for_each(|histogram| histogram.add_to(&mut snapshot));
    snapshot
}
