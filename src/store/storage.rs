//! What the store asks of whatever keeps its bytes: an ordered map with atomic writes.

mod chunks;
pub(super) mod disk;
#[cfg(test)]
pub(super) mod faulty;
pub(super) mod memory;

use std::fmt::Debug;

use bytes::Bytes;

use super::StoreError;

/// A key and its value.
pub(super) type Entry = (Bytes, Bytes);

/// Entries in order. It lives on its own, so that whoever reads may keep it beside what it came from.
pub(super) type Scan = Box<dyn Iterator<Item = Result<Entry, StoreError>> + Send>;

/// One change: the key's new value, or its removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
}

/// An ordered map of bytes, shared by threads.
pub(super) trait Storage: Read + Send + Sync + Debug {
    /// What is read together: later writes do not show, as far as the storage can tell apart.
    fn view(&self) -> Box<dyn Read + Send + Sync + '_>;

    /// Makes all changes or none; they are seen at once.
    fn write(&self, changes: Vec<Change>) -> Result<(), StoreError>;

    /// What was written before survives the death of the process.
    fn flush(&self) -> Result<(), StoreError>;

    /// What was flushed before survives a loss of power.
    fn sync(&self) -> Result<(), StoreError>;

    /// Whether whoever writes now waits until there is room for it.
    fn is_behind(&self) -> bool {
        false
    }

    /// Whether a write has failed, so that none is taken any more.
    fn has_failed(&self) -> bool {
        false
    }
}

/// What can be read.
pub(super) trait Read {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// The entries from `start` up to but without `end`, from the last to the first if `reversed`.
    fn scan(&self, start: &[u8], end: &[u8], reversed: bool) -> Scan;
}
