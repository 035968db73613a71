use thiserror::Error;

use super::rule::majority_of;
use super::{Access, Consistency, Electorate, Majority, Requirement, Rule, VoterSet};

/// The requirement of every consistency level, for reads and for writes.
#[derive(Clone, Debug)]
pub struct Requirements {
    read: Box<[Requirement]>,
    write: Box<[Requirement]>,
    voters: usize,
}

/// Why a rule cannot serve these voters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuorumError {
    /// Not even all voters make a quorum.
    #[error("all {voters} voters together are not a {} quorum", verb(*.access))]
    Unreachable {
        /// Of which operation.
        access: Access,
        /// N.
        voters: usize,
    },
    /// A read quorum that shares no voter with a write quorum: such a read would miss such a write.
    #[error(
        "a read answered by {{{}}} would miss a write acknowledged by {{{}}}: both are quorums, and they share no voter",
        .read.join(", "), .write.join(", ")
    )]
    Disjoint {
        /// The names of the read quorum.
        read: Vec<String>,
        /// The names of the write quorum.
        write: Vec<String>,
    },
}

/// A level that the operation cannot have; the text is Cassandra's where Cassandra refuses it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LevelRefused {
    /// A read at ANY (Cassandra: `ConsistencyLevel.validateForRead`).
    #[error("ANY ConsistencyLevel is only supported for writes")]
    AnyRead,
    /// A write without a condition at a serial level (`ConsistencyLevel.validateForWrite`).
    #[error("You must use conditional updates for serializable writes")]
    SerialWrite,
    /// A read at a serial level needs consensus among the voters.
    #[error("{0} reads are not supported with several voters")]
    SerialRead(Consistency),
}

impl Requirements {
    /// Tabulates every level, and proves that each QUORUM read shares a voter with each QUORUM write.
    ///
    /// # Errors
    /// [`QuorumError`] if the rule has no quorums among these voters, or has disjoint ones.
    pub fn new(electorate: &Electorate, rule: &dyn Rule) -> Result<Self, QuorumError> {
        let table = |access| Consistency::ALL.map(|level| tabulate(electorate, rule, level, access)).into();
        let requirements = Self { read: table(Access::Read), write: table(Access::Write), voters: electorate.len() };
        for access in [Access::Read, Access::Write] {
            if !requirements.tabulated(Consistency::Quorum, access).possible(electorate.all()) {
                return Err(QuorumError::Unreachable { access, voters: electorate.len() });
            }
        }
        match requirements.disjoint_quorums(electorate) {
            None => Ok(requirements),
            Some((read, write)) => {
                Err(QuorumError::Disjoint { read: electorate.names(read), write: electorate.names(write) })
            }
        }
    }

    /// What `level` needs.
    ///
    /// # Errors
    /// [`LevelRefused`] for a level that such an operation cannot have. SERIAL reads are let through where there is one voter, which
    /// decides alone.
    pub fn of(&self, level: Consistency, access: Access) -> Result<&Requirement, LevelRefused> {
        let serial = matches!(level, Consistency::Serial | Consistency::LocalSerial);
        match access {
            Access::Read if level == Consistency::Any => Err(LevelRefused::AnyRead),
            Access::Read if serial && self.voters > 1 => Err(LevelRefused::SerialRead(level)),
            Access::Write if serial => Err(LevelRefused::SerialWrite),
            _ => Ok(self.tabulated(level, access)),
        }
    }

    fn tabulated(&self, level: Consistency, access: Access) -> &Requirement {
        let table = match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
        };
        &table[usize::from(level.code())]
    }

    fn disjoint_quorums(&self, electorate: &Electorate) -> Option<(VoterSet, VoterSet)> {
        let read = self.tabulated(Consistency::Quorum, Access::Read);
        let write = self.tabulated(Consistency::Quorum, Access::Write);
        VoterSet::subsets_of_first(electorate.len())
            .map(|set| (set, electorate.all() - set))
            .find(|(set, rest)| read.satisfied(*set) && write.satisfied(*rest))
            .and_then(|(set, rest)| {
                Some((read.contacts(&[], set, VoterSet::EMPTY)?, write.contacts(&[], rest, VoterSet::EMPTY)?))
            })
    }
}

fn tabulate(electorate: &Electorate, rule: &dyn Rule, level: Consistency, access: Access) -> Requirement {
    let (all, local) = (electorate.all(), electorate.local());
    let count =
        |among: VoterSet, needed: usize| Requirement::tabulate(electorate, among, needed, |acks| acks.len() >= needed);
    let quorum = |rule: &dyn Rule, among: VoterSet| {
        Requirement::tabulate(electorate, among, majority_of(among.len()), |acks| rule.satisfied(access, among, acks))
    };
    match level {
        Consistency::Any | Consistency::One => count(all, 1),
        Consistency::Two => count(all, 2),
        Consistency::Three => count(all, 3),
        Consistency::Quorum => quorum(rule, all),
        Consistency::All => count(all, all.len()),
        Consistency::LocalOne => count(local, 1),
        Consistency::LocalQuorum => quorum(rule, local),
        Consistency::EachQuorum => {
            let zones = electorate.zones().iter();
            let parts = zones.map(|(zone, members)| (zone.clone(), quorum(rule, *members))).collect();
            Requirement::of_every_zone(electorate, parts)
        }
        Consistency::Serial => quorum(&Majority, all),
        Consistency::LocalSerial => quorum(&Majority, local),
    }
}

fn verb(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
    }
}
