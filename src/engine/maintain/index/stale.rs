//! Removing entries whose row holds another value by now.

use super::entry::partition_of_entries;
use super::read::split;
use super::{IndexPlan, Oversized};
use crate::engine::error::EngineError;
use crate::store::clustering::{Clustering, Slice};
use crate::store::mutation::Mutation;
use crate::store::row::Row;
use crate::store::{PurgeProgress, Store};

impl IndexPlan {
    /// Goes on with a pass over the entries that removes stale ones: about `budget` entries at most. Calls must not overlap.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_stale(&self, store: &Store, budget: usize) -> Result<PurgeProgress, EngineError> {
        store.forget_rows(&self.shape, &partition_of_entries(), budget, |place| self.is_needed(store, place))
    }

    /// Whether the row of an entry holds its value, be it that the value has expired: then it says when both may go.
    fn is_needed(&self, store: &Store, place: &Clustering) -> Result<bool, EngineError> {
        let (key, clustering) = split(place.iter().skip(1).cloned().collect(), self.partition_key_count)?;
        let slice = Slice::of_prefix(clustering);
        let mut partition = store.partition(&self.base, &key, &[slice], false)?;
        let wanted = self.shape.sort_key(place);
        let mut stored = Mutation::empty(self.base.storage, key.clone());
        stored.static_row = partition.static_row()?;
        if self.makes(&stored, &wanted)? {
            return Ok(true);
        }
        stored.static_row = Row::default();
        // Several only where entries are of partitions: any of their rows will do.
        while let Some(row) = partition.next()? {
            stored.rows.clear();
            stored.rows.push(row);
            if self.makes(&stored, &wanted)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an entry of what is stored has this place.
    fn makes(&self, stored: &Mutation, wanted: &[u8]) -> Result<bool, EngineError> {
        let mut derived = Vec::new();
        self.entries_of(stored, Oversized::Skip, &mut derived)?;
        let mut places = derived.iter().flat_map(|(_, entries)| &entries.rows);
        Ok(places.any(|(place, _)| self.shape.sort_key(place) == wanted))
    }
}
