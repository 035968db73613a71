//! How a store on disk behaves.

use std::time::Duration;

/// How a store on disk behaves.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// When committed writes are forced to the medium.
    pub sync: SyncMode,
    /// How much memory blocks read from disk may take, in bytes.
    pub cache_bytes: u64,
    /// Whose counts this store's counters are. Kept with the store: later openings use the first one's.
    pub replica: u64,
}

/// When committed writes are forced to the medium (`commitlog_sync`). They survive the death of the process either way;
/// this is about power loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncMode {
    /// In the background, so often: a power loss may take that long's writes.
    Periodic(Duration),
    /// Before a commit returns.
    Batch,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions { sync: SyncMode::Periodic(Duration::from_secs(10)), cache_bytes: 8 << 20, replica: 1 }
    }
}
