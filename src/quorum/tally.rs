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

    /// Whether this voter's word counts at all.
    pub fn counts(&self, voter: Voter) -> bool {
        self.live.contains(voter)
    }

    /// Those that may still answer.
    pub fn pending(&self) -> VoterSet {
        self.live - self.acked - self.failed
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
}

#[cfg(test)]
mod tests {
    use super::super::{Access, Consistency, Electorate, Majority, Requirements, VoterEntry};
    use super::*;

    fn voter(index: usize) -> Voter {
        Voter::new(index).unwrap()
    }

    fn quorum_of_five() -> Requirements {
        let entries = (0..5).map(|index| VoterEntry { name: format!("b{index}"), zone: String::new() });
        Requirements::new(&Electorate::new(entries.collect(), "").unwrap(), &Majority).unwrap()
    }

    #[test]
    fn a_write_is_impossible_at_the_third_failure_of_five() {
        let requirements = quorum_of_five();
        let requirement = requirements.of(Consistency::Quorum, Access::Write).unwrap();
        let mut tally = Tally::new(VoterSet::first(5));
        tally.ack(requirement, voter(4));
        assert_eq!(tally.fail(requirement, voter(0)), Decision::Pending);
        assert_eq!(tally.fail(requirement, voter(1)), Decision::Pending);
        assert_eq!(tally.fail(requirement, voter(2)), Decision::Impossible);
        assert_eq!((tally.received(requirement), requirement.required(), tally.failures(requirement)), (1, 3, 3));
    }

    #[test]
    fn an_acknowledgement_that_was_counted_is_not_taken_back() {
        let requirements = quorum_of_five();
        let requirement = requirements.of(Consistency::One, Access::Write).unwrap();
        let mut tally = Tally::new(VoterSet::first(5));
        assert_eq!(tally.ack(requirement, voter(0)), Decision::Satisfied);
        assert_eq!(tally.fail(requirement, voter(0)), Decision::Satisfied);
    }
}
