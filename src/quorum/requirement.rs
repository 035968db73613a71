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
