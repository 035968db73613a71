//! Locks of partitions, for those who read, decide and write.

use std::hash::BuildHasher;

use parking_lot::{Mutex, MutexGuard};
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

use super::mutation::{PartitionKey, StorageId};

pub(super) const STRIPES: usize = 256;

/// A fixed number of locks, of which each partition has one that it shares with others.
#[derive(Debug)]
pub(crate) struct Stripes(Box<[Mutex<()>]>);

/// Holds the locks of some partitions until dropped.
#[must_use = "the partitions are locked only while this lives"]
#[derive(Debug)]
pub struct PartitionLocks<'a> {
    _guards: SmallVec<[MutexGuard<'a, ()>; 4]>,
}

impl Stripes {
    pub(crate) fn new() -> Self {
        Stripes((0..STRIPES).map(|_| Mutex::new(())).collect())
    }

    /// Waits for the locks of all these partitions. Always in the same order, so that nobody waits in a circle; whoever
    /// holds some must not ask for more.
    pub(crate) fn lock<'k>(
        &self,
        partitions: impl Iterator<Item = (StorageId, &'k PartitionKey)>,
    ) -> PartitionLocks<'_> {
        let mut stripes: SmallVec<[usize; 4]> = partitions.map(stripe).collect();
        stripes.sort_unstable();
        stripes.dedup();
        PartitionLocks {
            _guards: stripes.into_iter().filter_map(|stripe| self.0.get(stripe)).map(Mutex::lock).collect(),
        }
    }
}

/// Which lock, of [`STRIPES`], is that of a partition.
pub(super) fn stripe(partition: (StorageId, &PartitionKey)) -> usize {
    // the high bits, since those are the well-mixed ones of this hash
    (FxBuildHasher.hash_one(partition) >> 56) as usize % STRIPES
}
