//! A pass over rows that follow from others, which removes those that no longer do.

use super::{PurgeCursor, PurgeProgress};
use crate::store::clustering::Clustering;
use crate::store::codec::decode_row;
use crate::store::key::PartitionPrefix;
use crate::store::mutation::PartitionKey;
use crate::store::storage::{Change, Entry};
use crate::store::table::TableShape;
use crate::store::{Store, StoreError};

/// How many entries are read together.
const ENTRIES_AT_ONCE: usize = 64;

impl Store {
    /// Goes on with a pass over the rows of one partition that removes, without a trace, those that are not needed: about
    /// `budget` rows at most. `is_needed` may read, and must not write; its last word is asked for while nobody writes to the
    /// partition. Calls for one table must not overlap, nor with [`Store::purge_some`]; each goes on where the last one ended.
    ///
    /// # Errors
    /// Those of `is_needed`; of the disk.
    pub fn forget_rows<E: From<StoreError>>(
        &self,
        shape: &TableShape,
        key: &PartitionKey,
        budget: usize,
        mut is_needed: impl FnMut(&Clustering) -> Result<bool, E>,
    ) -> Result<PurgeProgress, E> {
        let prefix = PartitionPrefix::new(shape.storage, key)?;
        let begin = || PurgeCursor::at(prefix.row_at(Some(&[])));
        let mut cursor = self.purges.lock().remove(&shape.storage).unwrap_or_else(begin);
        let end = prefix.row_at(None);
        let mut visited = 0;
        while visited < budget {
            let limit = ENTRIES_AT_ONCE.min(budget - visited);
            let entries = self.storage().scan(&cursor.next_key, &end, false).take(limit);
            let entries = entries.collect::<Result<Vec<Entry>, StoreError>>()?;
            visited += entries.len();
            for (place, row) in &entries {
                cursor.next_key = [place, &[0][..]].concat();
                let (clustering, _) = decode_row(row)?;
                if is_needed(&clustering)? {
                    continue;
                }
                let _merging = self.merges.lock(std::iter::once((shape.storage, key)));
                if !is_needed(&clustering)? {
                    self.write(vec![Change { key: place.to_vec(), value: None }])?;
                }
            }
            if entries.len() < limit {
                return Ok(PurgeProgress { visited, finished: true });
            }
        }
        self.purges.lock().insert(shape.storage, cursor);
        Ok(PurgeProgress { visited, finished: false })
    }
}
