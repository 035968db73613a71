//! Removing whole tables: at once as far as anyone can see, and bit by bit on the disk.

use super::mutation::StorageId;
use super::storage::Change;
use super::{Store, StoreError, key, meta};

/// How many entries one write removes.
const ENTRIES_AT_ONCE: usize = 1024;

impl Store {
    /// Removes all rows of a table that was dropped, or that goes on under another number. Small tables are gone when this
    /// returns; what is left of others goes with [`reclaim`](Self::reclaim).
    pub fn remove(&self, storage: StorageId) -> Result<(), StoreError> {
        self.write(vec![meta::is_removed(storage)])?;
        self.removed.lock().insert(storage);
        self.remove_some(storage, ENTRIES_AT_ONCE)?;
        Ok(())
    }

    /// Removes up to about `budget` entries of tables that were removed. Returns whether nothing is left to do.
    pub fn reclaim(&self, budget: usize) -> Result<bool, StoreError> {
        let mut left = budget;
        loop {
            let Some(storage) = self.removed.lock().first().copied() else { return Ok(true) };
            if left == 0 {
                return Ok(false);
            }
            left = left.saturating_sub(self.remove_some(storage, left.min(ENTRIES_AT_ONCE))?.max(1));
        }
    }

    fn remove_some(&self, storage: StorageId, limit: usize) -> Result<usize, StoreError> {
        let (start, end) = key::table(storage);
        let entries = self.storage().scan(&start, &end, false).take(limit);
        let gone = entries.map(|entry| entry.map(|(key, _)| Change { key: key.to_vec(), value: None }));
        let mut changes = gone.collect::<Result<Vec<_>, _>>()?;
        let count = changes.len();
        if count < limit {
            changes.extend(meta::is_gone(storage));
        }
        self.write(changes)?;
        if count < limit {
            self.removed.lock().remove(&storage);
            self.with_headers.write().remove(&storage);
        }
        Ok(count)
    }
}
