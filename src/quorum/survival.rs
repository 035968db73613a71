use super::{Electorate, Requirement, VoterSet};

/// Which failures a requirement survives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survival {
    /// Any so many voters may fail at once; `None` where not even all voters suffice.
    pub any: Option<usize>,
    /// The largest sets of voters that may fail together.
    pub largest: Vec<VoterSet>,
}

impl Survival {
    /// Tries all sets of failures.
    pub fn of(requirement: &Requirement, electorate: &Electorate) -> Self {
        let all = electorate.all();
        let survived = |failed: VoterSet| requirement.possible(all - failed);
        let sets = || VoterSet::subsets_of_first(electorate.len());
        let fatal_min = sets().filter(|failed| !survived(*failed)).map(VoterSet::len).min();
        let largest = sets()
            .filter(|failed| survived(*failed) && (all - *failed).iter().all(|voter| !survived(failed.with(voter))))
            .collect();
        // The failure of all voters is always fatal, and that of none only where the level is out of reach.
        Self { any: fatal_min.and_then(|fatal| fatal.checked_sub(1)), largest }
    }
}
