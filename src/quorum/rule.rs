use std::fmt;

use super::{Access, MAX_VOTERS, Voter, VoterSet};

/// What makes a quorum. It decides QUORUM among all voters, and LOCAL_QUORUM and EACH_QUORUM among those of a zone; levels that name a
/// number of voters do not ask it.
///
/// It must be monotone: what satisfies it, satisfies it with more acknowledgements. So a quorum is still possible exactly while all
/// live voters together would satisfy it. [`super::Requirement`] tabulates the answers over every subset: no rule is asked while
/// requests are served.
pub trait Rule: fmt::Debug + Send + Sync {
    /// Whether `acks`, a subset of `among`, is a quorum of `among`.
    fn satisfied(&self, access: Access, among: VoterSet, acks: VoterSet) -> bool;
}

/// More than half of the voters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Majority;

impl Rule for Majority {
    fn satisfied(&self, _: Access, among: VoterSet, acks: VoterSet) -> bool {
        acks.len() >= majority_of(among.len())
    }
}

/// A majority and `extra` voters more (the N+1 and N+2 rules). In a zone too small for it: all voters of the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plus {
    /// How many voters more than a majority.
    pub extra: usize,
    /// The whole electorate: there, `extra` is never cut short.
    pub all: VoterSet,
}

impl Rule for Plus {
    fn satisfied(&self, _: Access, among: VoterSet, acks: VoterSet) -> bool {
        let wanted = majority_of(among.len()).saturating_add(self.extra);
        let needed = if among == self.all { wanted } else { wanted.min(among.len().max(1)) };
        acks.len() >= needed
    }
}

/// Voters with weights: a quorum has more than half of the weight, or the configured share of it (Gifford, "Weighted Voting for Replicated
/// Data", SOSP 1979).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighted {
    weights: [u32; MAX_VOTERS],
    all: VoterSet,
    read_min: Option<u64>,
    write_min: Option<u64>,
}

impl Weighted {
    /// Weights by voter, those beyond [`MAX_VOTERS`] ignored. `read_min` and `write_min` replace "more than half of the weight" among all
    /// voters; within a zone it is always more than half of the zone's weight.
    pub fn new(weights: &[u32], read_min: Option<u64>, write_min: Option<u64>) -> Self {
        let mut table = [0; MAX_VOTERS];
        for (slot, weight) in table.iter_mut().zip(weights) {
            *slot = *weight;
        }
        Self { weights: table, all: VoterSet::first(weights.len()), read_min, write_min }
    }

    fn weight(&self, voters: VoterSet) -> u64 {
        voters.iter().filter_map(|voter| self.weights.get(voter.index())).map(|weight| u64::from(*weight)).sum()
    }
}

impl Rule for Weighted {
    fn satisfied(&self, access: Access, among: VoterSet, acks: VoterSet) -> bool {
        let configured = match access {
            Access::Read => self.read_min,
            Access::Write => self.write_min,
        };
        let needed = configured.filter(|_| among == self.all).unwrap_or(self.weight(among) / 2 + 1);
        self.weight(acks) >= needed.max(1)
    }
}

/// Voters in a grid, row by row in the order of the configuration: a read needs one voter of every column, a write that and one whole
/// column (Cheung, Ammar and Ahamad, "The Grid Protocol", ICDE 1990). Zones are not grids: there it is a majority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    rows: usize,
    columns: usize,
}

impl Grid {
    /// A grid for exactly `rows × columns` voters; `None` where a side is 0 or there are more than [`MAX_VOTERS`].
    pub fn new(rows: usize, columns: usize) -> Option<Self> {
        let cells = rows.checked_mul(columns)?;
        (cells > 0 && cells <= MAX_VOTERS).then_some(Self { rows, columns })
    }

    fn column(self, column: usize) -> VoterSet {
        (0..self.rows).filter_map(|row| Voter::new(row * self.columns + column)).collect()
    }
}

impl Rule for Grid {
    fn satisfied(&self, access: Access, among: VoterSet, acks: VoterSet) -> bool {
        if among != VoterSet::first(self.rows * self.columns) {
            return Majority.satisfied(access, among, acks);
        }
        let covers_columns = (0..self.columns).all(|column| !(self.column(column) & acks).is_empty());
        let has_column = || (0..self.columns).any(|column| acks.is_superset(self.column(column)));
        covers_columns && (access == Access::Read || has_column())
    }
}

/// ⌊n/2⌋ + 1, as Cassandra's `quorumFor`: 1 for none, which nobody can give.
pub(super) const fn majority_of(count: usize) -> usize {
    count / 2 + 1
}
