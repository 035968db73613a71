//! What can go wrong with a store.

use std::borrow::Cow;
use std::io;

use thiserror::Error;

/// What can go wrong with a store. After any of these the store can still be read; what was committed before stays.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The disk, or the file system, refused.
    #[error("the store's files: {0}")]
    Io(#[source] io::Error),
    /// The disk is full: writes fail until there is room again.
    #[error("no space is left for the store's files")]
    Full,
    /// The directory belongs to a process that runs.
    #[error("the store's directory is in use by another process")]
    Locked,
    /// Bytes that this program did not write, or that the disk has changed.
    #[error("the store is damaged: {0}")]
    Corrupt(Cow<'static, str>),
    /// The directory was written by another version of the format.
    #[error("the store has format version {found}, and this program reads {supported}")]
    Version {
        /// What the directory says.
        found: u32,
        /// What this program reads.
        supported: u32,
    },
    /// The key of a partition or of a row that is larger than Cassandra allows: 65,535 bytes.
    #[error("a key has a part of more than 65535 bytes, or none")]
    Key,
    /// The key of what is written, with all that places it, is larger than the storage takes.
    #[error("Key length of {length} is longer than maximum of {max}")]
    KeyLength {
        /// How many bytes it has.
        length: usize,
        /// How many it may have.
        max: usize,
    },
    /// An earlier write did not reach the disk, so that no further one is accepted until the store is opened again.
    #[error("the store takes no writes since one has failed")]
    ReadOnly,
}

impl StoreError {
    /// Bytes that this program did not write.
    pub(super) const fn corrupt(what: &'static str) -> Self {
        StoreError::Corrupt(Cow::Borrowed(what))
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
            _ => StoreError::Io(error),
        }
    }
}
