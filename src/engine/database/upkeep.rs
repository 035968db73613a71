//! What a database does beside its requests: it forgets what was deleted long ago and entries of
//! indexes that mean nothing any more, and gives back what was dropped.

use super::Database;
use crate::engine::EngineError;
use crate::engine::maintain::IndexPlan;

/// Entries of each table that one step looks at, or removes.
const ENTRIES_AT_ONCE: usize = 4_096;

/// Entries of each index that one step looks at: for each a row of the table is read.
const INDEX_ENTRIES_AT_ONCE: usize = 512;

impl Database {
    /// Goes on a little with what is to be done in the background. Call it every now and then, on a thread that nobody
    /// waits for, and never twice at once.
    ///
    /// # Errors
    /// Of the disk.
    pub fn upkeep(&self) -> Result<(), EngineError> {
        self.store.reclaim(ENTRIES_AT_ONCE)?;
        let (schema, now_seconds) = (self.schema(), self.now_seconds());
        for definition in schema.keyspaces.values().flat_map(|keyspace| keyspace.tables_and_views()) {
            self.store.purge_some(&definition.shape, now_seconds, ENTRIES_AT_ONCE)?;
            for index in definition.indexes.values().filter_map(|index| IndexPlan::new(definition, index)) {
                index.forget_stale(&self.store, INDEX_ENTRIES_AT_ONCE)?;
            }
        }
        self.commit()
    }
}
