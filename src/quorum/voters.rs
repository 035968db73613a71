use std::fmt;
use std::ops::{BitAnd, BitOr, Sub};

/// The most voters a cluster may have: rules are checked, and tabulated, over all subsets.
pub const MAX_VOTERS: usize = 12;

/// One voter, by its position among the voters of the configuration.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Voter(u8);

impl Voter {
    /// The voter at `index`, or `None` from [`MAX_VOTERS`] on.
    pub const fn new(index: usize) -> Option<Self> {
        if index < MAX_VOTERS { Some(Self(index as u8)) } else { None }
    }

    /// Its position among the voters.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for Voter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A set of voters: a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct VoterSet(u16);

impl VoterSet {
    /// No voter.
    pub const EMPTY: Self = Self(0);

    /// The first `count` voters; at most [`MAX_VOTERS`].
    pub const fn first(count: usize) -> Self {
        let count = if count < MAX_VOTERS { count } else { MAX_VOTERS };
        Self(((1_u32 << count) - 1) as u16)
    }

    /// How many voters are in it.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether nobody is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `voter` is in it.
    pub const fn contains(self, voter: Voter) -> bool {
        self.0 & (1 << voter.0) != 0
    }

    /// Whether all of `other` is in it.
    pub const fn is_superset(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Adds `voter`; false if it was there already.
    pub const fn insert(&mut self, voter: Voter) -> bool {
        let new = !self.contains(voter);
        self.0 |= 1 << voter.0;
        new
    }

    /// Removes `voter`; false if it was not there.
    pub const fn remove(&mut self, voter: Voter) -> bool {
        let there = self.contains(voter);
        self.0 &= !(1 << voter.0);
        there
    }

    /// This set and `voter`.
    #[must_use]
    pub const fn with(self, voter: Voter) -> Self {
        Self(self.0 | 1 << voter.0)
    }

    /// This set except `voter`.
    #[must_use]
    pub const fn without(self, voter: Voter) -> Self {
        Self(self.0 & !(1 << voter.0))
    }

    /// Its voters by position.
    pub fn iter(self) -> impl Iterator<Item = Voter> + Clone {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let index = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (index < MAX_VOTERS as u32).then_some(Voter(index as u8))
        })
    }

    /// Every subset of the first `count` voters; a set comes after all of its own subsets.
    pub fn subsets_of_first(count: usize) -> impl DoubleEndedIterator<Item = Self> {
        (0..=Self::first(count).0).map(Self)
    }

    /// One bit for each voter, the first voter's the lowest.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set with these bits; those from [`MAX_VOTERS`] on are ignored.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & Self::first(MAX_VOTERS).0)
    }
}

impl BitOr for VoterSet {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for VoterSet {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Sub for VoterSet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl FromIterator<Voter> for VoterSet {
    fn from_iter<I: IntoIterator<Item = Voter>>(voters: I) -> Self {
        voters.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl Extend<Voter> for VoterSet {
    fn extend<I: IntoIterator<Item = Voter>>(&mut self, voters: I) {
        *self = voters.into_iter().fold(*self, Self::with);
    }
}

impl fmt::Debug for VoterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_lists_what_was_inserted_in_order() {
        let mut set = VoterSet::EMPTY;
        for index in [11, 0, 5] {
            assert!(set.insert(Voter::new(index).unwrap()));
        }
        assert!(!set.insert(Voter::new(5).unwrap()));
        assert_eq!(set.iter().map(Voter::index).collect::<Vec<_>>(), [0, 5, 11]);
        assert!(set.remove(Voter::new(0).unwrap()));
        assert_eq!(set.len(), 2);
    }

    #[test]
    fn positions_beyond_the_limit_are_no_voters() {
        assert!(Voter::new(MAX_VOTERS).is_none());
        assert_eq!(VoterSet::first(usize::MAX).len(), MAX_VOTERS);
    }
}
