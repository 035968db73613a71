use super::{Electorate, Voter, VoterSet};

/// What one consistency level needs for reads, or for writes, in this cluster.
///
/// Inside is a table over all sets of voters (2^N bytes): how many voters more, at the fewest, such a set needs. So each question is
/// one look-up, whatever the rule.
#[derive(Clone, Debug)]
pub struct Requirement {
    missing: Box<[u8]>,
    counted: VoterSet,
    required: usize,
    zones: Box<[ZoneQuorum]>,
}

/// Too few voters are live: the fields of Cassandra's UNAVAILABLE error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// How many voters the level needs (`blockFor`); at EACH_QUORUM, how many in `zone`.
    pub required: usize,
    /// How many live voters count towards that; below `required`.
    pub alive: usize,
    /// The zone that lacks voters, at EACH_QUORUM.
    pub zone: Option<String>,
}

/// EACH_QUORUM's part in one zone, of which Cassandra reports the first that falls short.
#[derive(Clone, Debug)]
struct ZoneQuorum {
    zone: String,
    part: Requirement,
}

/// No further voters can make up for what is missing.
const NEVER: u8 = u8::MAX;

impl Requirement {
    /// Tabulates `satisfied`, asked for every subset of `counted`; it must be monotone. `nominal` is the required number to report
    /// where even all voters do not satisfy it.
    pub(super) fn tabulate(
        electorate: &Electorate,
        counted: VoterSet,
        nominal: usize,
        satisfied: impl Fn(VoterSet) -> bool,
    ) -> Self {
        let mut missing = vec![NEVER; 1 << electorate.len()].into_boxed_slice();
        for set in VoterSet::subsets_of_first(electorate.len()).rev() {
            let fewest = if satisfied(set & counted) {
                0
            } else {
                let next = counted - set;
                next.iter().map(|voter| at(&missing, set.with(voter))).min().unwrap_or(NEVER).saturating_add(1)
            };
            if let Some(slot) = missing.get_mut(usize::from(set.bits())) {
                *slot = fewest;
            }
        }
        let required = match at(&missing, VoterSet::EMPTY) {
            NEVER => nominal,
            fewest => usize::from(fewest),
        };
        Self { missing, counted, required, zones: Box::default() }
    }

    /// All of `parts`, each a zone's.
    pub(super) fn of_every_zone(electorate: &Electorate, parts: Vec<(String, Self)>) -> Self {
        let nominal = parts.iter().map(|(_, part)| part.required).sum();
        let counted = parts.iter().fold(VoterSet::EMPTY, |all, (_, part)| all | part.counted);
        let whole =
            Self::tabulate(electorate, counted, nominal, |acks| parts.iter().all(|(_, part)| part.satisfied(acks)));
        Self { zones: parts.into_iter().map(|(zone, part)| ZoneQuorum { zone, part }).collect(), ..whole }
    }

    /// Whether these acknowledgements are enough.
    pub fn satisfied(&self, acks: VoterSet) -> bool {
        at(&self.missing, acks) == 0
    }

    /// Whether voters of `live` could still be enough.
    pub fn possible(&self, live: VoterSet) -> bool {
        self.satisfied(live)
    }

    /// How many voters it takes at the fewest: Cassandra's `blockFor`.
    pub fn required(&self) -> usize {
        self.required
    }

    /// The voters whose answers count: at LOCAL_* levels those of the local zone.
    pub fn counted(&self) -> VoterSet {
        self.counted
    }

    /// How far `acks` got towards [`Self::required`]: below it unless they are enough. For rules that count heads it is the number of
    /// acknowledgements that count; under others an acknowledgement that brings no quorum nearer adds nothing.
    pub fn received(&self, acks: VoterSet) -> usize {
        match at(&self.missing, acks) {
            NEVER => (acks & self.counted).len().min(self.required.saturating_sub(1)),
            0 => self.required.max((acks & self.counted).len()),
            missing => self.required.saturating_sub(usize::from(missing)),
        }
    }

    /// Refuses to start with fewer live voters than needed.
    ///
    /// # Errors
    /// [`Unavailable`], with the numbers that Cassandra reports.
    pub fn check_live(&self, live: VoterSet) -> Result<(), Unavailable> {
        if self.possible(live) {
            return Ok(());
        }
        let short = self.zones.iter().find(|zone| !zone.part.possible(live));
        let part = short.map_or(self, |zone| &zone.part);
        Err(Unavailable {
            required: part.required,
            alive: part.received(live),
            zone: short.map(|zone| zone.zone.clone()),
        })
    }

    /// Whom to contact so that, with the answers of `asked`, it is enough: voters of `usable` only, the first of `preference` rather than
    /// the last, and none that could be left out. `None` if all of `usable` and `asked` would not do.
    ///
    /// - To begin a read: `asked` is empty, `usable` are the live voters.
    /// - When a voter failed: `usable` without it, `asked` those that have answered or may still.
    /// - When a voter is slow: the same, the slow one in neither.
    pub fn contacts(&self, preference: &[Voter], usable: VoterSet, asked: VoterSet) -> Option<VoterSet> {
        let mut chosen = (usable & self.counted) | asked;
        if !self.satisfied(chosen) {
            return None;
        }
        let preferred: VoterSet = preference.iter().copied().collect();
        let unlisted = chosen - preferred;
        for voter in unlisted.iter().chain(preference.iter().rev().copied()) {
            if !asked.contains(voter) && self.satisfied(chosen.without(voter)) {
                chosen.remove(voter);
            }
        }
        Some(chosen - asked)
    }
}

fn at(missing: &[u8], set: VoterSet) -> u8 {
    missing.get(usize::from(set.bits()) & (missing.len() - 1)).copied().unwrap_or(NEVER)
}

#[cfg(test)]
mod tests {
    use super::super::{Access, Consistency, Majority, Requirements, VoterEntry, Weighted};
    use super::*;

    fn electorate(zones: &[&str]) -> Electorate {
        let entry = |(index, zone): (usize, &&str)| VoterEntry { name: format!("b{index}"), zone: (*zone).to_owned() };
        Electorate::new(zones.iter().enumerate().map(entry).collect(), "eu").unwrap()
    }

    fn set(voters: &[usize]) -> VoterSet {
        voters.iter().filter_map(|index| Voter::new(*index)).collect()
    }

    fn unavailable(requirements: &Requirements, level: Consistency, live: &[usize]) -> Unavailable {
        requirements.of(level, Access::Write).unwrap().check_live(set(live)).unwrap_err()
    }

    #[test]
    fn three_of_five_dead_leave_two_alive_of_three_required() {
        let requirements = Requirements::new(&electorate(&["eu"; 5]), &Majority).unwrap();
        let expected = Unavailable { required: 3, alive: 2, zone: None };
        assert_eq!(unavailable(&requirements, Consistency::Quorum, &[1, 4]), expected);
        assert!(requirements.of(Consistency::One, Access::Read).unwrap().check_live(set(&[1, 4])).is_ok());
    }

    #[test]
    fn local_levels_count_the_local_zone_only() {
        let requirements = Requirements::new(&electorate(&["eu", "us", "eu", "us", "eu"]), &Majority).unwrap();
        let expected = Unavailable { required: 2, alive: 1, zone: None };
        assert_eq!(unavailable(&requirements, Consistency::LocalQuorum, &[0, 1, 3]), expected);
    }

    #[test]
    fn each_quorum_reports_the_first_zone_that_falls_short() {
        let requirements = Requirements::new(&electorate(&["eu", "us", "eu", "us", "eu"]), &Majority).unwrap();
        let each = requirements.of(Consistency::EachQuorum, Access::Read).unwrap();
        assert_eq!(each.required(), 4);
        let expected = Unavailable { required: 2, alive: 1, zone: Some("us".to_owned()) };
        assert_eq!(each.check_live(set(&[0, 1, 2, 4])), Err(expected));
        // All of eu and one of us: three count, as the third of eu is not needed.
        assert_eq!(each.received(set(&[0, 1, 2, 4])), 3);
    }

    #[test]
    fn a_level_beyond_the_voters_is_unavailable() {
        let requirements = Requirements::new(&electorate(&["eu"]), &Majority).unwrap();
        let expected = Unavailable { required: 2, alive: 1, zone: None };
        assert_eq!(unavailable(&requirements, Consistency::Two, &[0]), expected);
    }

    #[test]
    fn the_preferred_are_contacted_and_a_heavy_voter_alone_if_that_is_enough() {
        let electorate = electorate(&["eu"; 4]);
        let order: Vec<Voter> = [3, 1, 0, 2].into_iter().filter_map(Voter::new).collect();
        let majority = Requirements::new(&electorate, &Majority).unwrap();
        let read = majority.of(Consistency::Quorum, Access::Read).unwrap();
        assert_eq!(read.contacts(&order, electorate.all(), VoterSet::EMPTY), Some(set(&[3, 1, 0])));
        let weighted = Requirements::new(&electorate, &Weighted::new(&[1, 4, 1, 1], None, None)).unwrap();
        let read = weighted.of(Consistency::Quorum, Access::Read).unwrap();
        assert_eq!(read.contacts(&order, electorate.all(), VoterSet::EMPTY), Some(set(&[1])));
    }
}
