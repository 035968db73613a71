use super::{Requirement, Voter, VoterSet};

/// Who has answered one request. It is `Copy` and small, to live in the request's slot; every question takes the [`Requirement`] that
/// the request was started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    live: VoterSet,
    acked: VoterSet,
    failed: VoterSet,
}

/// What is known about the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Enough voters may still answer.
    Pending,
    /// Enough have.
    Satisfied,
    /// Enough never will.
    Impossible,
}

impl Tally {
    /// Nobody has answered; `live` are the voters that can.
    pub const fn new(live: VoterSet) -> Self {
        Self { live, acked: VoterSet::EMPTY, failed: VoterSet::EMPTY }
    }

    /// `voter` acknowledged, perhaps after an earlier attempt of it failed.
    pub fn ack(&mut self, requirement: &Requirement, voter: Voter) -> Decision {
        self.acked.insert(voter);
        self.failed.remove(voter);
        self.decision(requirement)
    }

    /// `voter` failed, or its connection was lost. An acknowledgement that was counted stays.
    pub fn fail(&mut self, requirement: &Requirement, voter: Voter) -> Decision {
        if !self.acked.contains(voter) {
            self.failed.insert(voter);
        }
        self.decision(requirement)
    }

    /// What follows from the answers so far.
    pub fn decision(&self, requirement: &Requirement) -> Decision {
        if requirement.satisfied(self.acked) {
            Decision::Satisfied
        } else if requirement.possible(self.acked | (self.live - self.failed)) {
            Decision::Pending
        } else {
            Decision::Impossible
        }
    }

    /// Those that acknowledged.
    pub fn acked(&self) -> VoterSet {
        self.acked
    }

    /// Those that failed.
    pub fn failed(&self) -> VoterSet {
        self.failed
    }

    /// The `received` of a timeout or failure: see [`Requirement::received`].
    pub fn received(&self, requirement: &Requirement) -> usize {
        requirement.received(self.acked)
    }

    /// The `numfailures` of a failure: failed voters that the level counts.
    pub fn failures(&self, requirement: &Requirement) -> usize {
        (self.failed & requirement.counted()).len()
    }

    /// Whom to contact next, as [`Requirement::contacts`]: `contacted` are the voters asked so far, `slow` those among them not to be
    /// waited for any more. Empty where those asked suffice, `None` where nobody is left who would help.
    pub fn next_contacts(
        &self,
        requirement: &Requirement,
        preference: &[Voter],
        contacted: VoterSet,
        slow: VoterSet,
    ) -> Option<VoterSet> {
        let unhelpful = self.failed | (slow - self.acked);
        let asked = (contacted | self.acked) - unhelpful;
        requirement.contacts(preference, self.live - contacted - unhelpful, asked)
    }
}
