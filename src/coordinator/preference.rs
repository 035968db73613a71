//! Which voters a read asks first: those of the local zone, the fastest of them, by chance among equals.

use std::time::Duration;

use smallvec::SmallVec;

use crate::backend::{AnyBackend, Backend};
use crate::quorum::{Voter, VoterSet};
use crate::shared::Cluster;
use crate::worker::Worker;

/// Two latencies within this factor are equal.
const EQUAL_WITHIN: u32 = 2;
/// Latencies below this, in microseconds, are equal.
const EQUAL_BELOW_MICROS: u32 = 1_000;
/// A read is asked elsewhere after so many times the usual latency.
const PATIENCE_FACTOR: u32 = 8;
/// And not before this.
const PATIENCE_MIN: Duration = Duration::from_millis(10);
/// Nor later than this.
const PATIENCE_MAX: Duration = Duration::from_millis(500);

/// Voters in order of preference.
pub(crate) type Order = SmallVec<[Voter; 12]>;

/// The order, made anew every now and then.
pub(crate) struct Preference {
    local: VoterSet,
    ranks: SmallVec<[(u32, Voter); 12]>,
    patience: Option<Duration>,
    speculates: bool,
}

impl Preference {
    pub(crate) fn new(cluster: &Cluster) -> Self {
        let ranks = cluster.electorate.all().iter().map(|voter| (0, voter)).collect();
        Self { local: cluster.electorate.local(), ranks, patience: None, speculates: cluster.speculates }
    }

    /// The voters, the preferred first.
    pub(crate) fn order(&self, worker: &Worker) -> Order {
        let mut random = worker.random.borrow_mut();
        let mut ranked: SmallVec<[(u32, u8, Voter); 12]> =
            self.ranks.iter().map(|(rank, voter)| (*rank, random.u8(..), *voter)).collect();
        ranked.sort_unstable_by_key(|(rank, chance, _)| (*rank, *chance));
        ranked.into_iter().map(|(_, _, voter)| voter).collect()
    }

    /// How long a read waits for a backend before it asks another too.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// Looks at the latencies again.
    pub(crate) fn refresh(&mut self, backends: &[AnyBackend]) {
        let micros = |voter: Voter| backends.get(voter.index()).map_or(0, Backend::latency_micros);
        let fastest =
            self.ranks.iter().map(|(_, voter)| micros(*voter)).filter(|micros| *micros > 0).min().unwrap_or(0);
        let equal = (fastest.saturating_mul(EQUAL_WITHIN)).max(EQUAL_BELOW_MICROS);
        for (rank, voter) in &mut self.ranks {
            let micros = backends.get(voter.index()).map_or(0, Backend::latency_micros);
            let far = u32::from(!self.local.contains(*voter)) << 31;
            *rank = far | if micros <= equal { 0 } else { micros.min(u32::MAX >> 1) };
        }
        self.ranks.sort_unstable_by_key(|(rank, _)| *rank);
        let usual = Duration::from_micros(u64::from(fastest) * u64::from(PATIENCE_FACTOR));
        self.patience = self.speculates.then(|| usual.clamp(PATIENCE_MIN, PATIENCE_MAX));
    }
}
