use super::{MAX_VOTERS, Voter, VoterSet};

/// A voter as the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoterEntry {
    /// The backend's name.
    pub name: String,
    /// The zone it is in; a voter without a zone is in the zone named "".
    pub zone: String,
}

/// Who votes, and where. Observers are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Electorate {
    voters: Vec<VoterEntry>,
    local_zone: String,
    zones: Vec<(String, VoterSet)>,
}

impl Electorate {
    /// The given voters, seen from `local_zone`. `None` if there are no voters, or more than [`MAX_VOTERS`].
    pub fn new(voters: Vec<VoterEntry>, local_zone: impl Into<String>) -> Option<Self> {
        if voters.is_empty() || voters.len() > MAX_VOTERS {
            return None;
        }
        let mut zones: Vec<(String, VoterSet)> = Vec::new();
        for (voter, entry) in VoterSet::first(voters.len()).iter().zip(&voters) {
            match zones.iter_mut().find(|(zone, _)| *zone == entry.zone) {
                Some((_, members)) => *members = members.with(voter),
                None => zones.push((entry.zone.clone(), VoterSet::EMPTY.with(voter))),
            }
        }
        Some(Self { voters, local_zone: local_zone.into(), zones })
    }

    /// How many voters there are: N, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "an electorate has at least one voter")]
    pub fn len(&self) -> usize {
        self.voters.len()
    }

    /// All voters.
    pub fn all(&self) -> VoterSet {
        VoterSet::first(self.voters.len())
    }

    /// The voters by position.
    pub fn voters(&self) -> &[VoterEntry] {
        &self.voters
    }

    /// A voter's name; "?" for one that is not of this electorate.
    pub fn name(&self, voter: Voter) -> &str {
        self.voters.get(voter.index()).map_or("?", |entry| &entry.name)
    }

    /// The names of a set of voters.
    pub fn names(&self, voters: VoterSet) -> Vec<String> {
        voters.iter().map(|voter| self.name(voter).to_owned()).collect()
    }

    /// Each zone that has a voter, with its voters, in the order of the configuration.
    pub fn zones(&self) -> &[(String, VoterSet)] {
        &self.zones
    }

    /// The proxy's own zone.
    pub fn local_zone(&self) -> &str {
        &self.local_zone
    }

    /// The voters of the proxy's own zone; empty if it has none.
    pub fn local(&self) -> VoterSet {
        self.zones.iter().find(|(zone, _)| *zone == self.local_zone).map_or(VoterSet::EMPTY, |(_, members)| *members)
    }
}
