//! One value with its write time, and the order of two of them (`org.apache.cassandra.db.rows.Cells`).

use bytes::Bytes;

/// When a value was written, in microseconds since the epoch by convention; the larger one wins.
pub type Timestamp = i64;

/// One cell: a value or its deletion.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The write time.
    pub timestamp: Timestamp,
    /// What was written.
    pub content: Content,
}

/// What a cell says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// A value, in the native protocol's serialization; for ever, or until it expires.
    Value {
        /// The bytes.
        bytes: Bytes,
        /// When it ends; absent where it does not.
        expiry: Option<Expiry>,
    },
    /// A deletion.
    Tombstone {
        /// When it was made, in seconds since the epoch: `gc_grace` counts from here.
        deleted_at_seconds: i64,
    },
}

/// The end of a value that was written with a TTL. From then on it is a tombstone made at `at_seconds - ttl_seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Expiry {
    /// The TTL that the client gave.
    pub ttl_seconds: u32,
    /// The first second, since the epoch, in which it is gone.
    pub at_seconds: i64,
}

/// The TTL of a marker that says that a row is gone (`LivenessInfo.EXPIRED_LIVENESS_TTL`): no client can give it.
pub const GONE_TTL_SECONDS: u32 = i32::MAX as u32;

/// The deletion of a row, a range, a partition, or all elements of a collection: it covers what is not newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deletion {
    /// What was written up to and at this time is gone.
    pub timestamp: Timestamp,
    /// When it was made, in seconds since the epoch.
    pub deleted_at_seconds: i64,
}

/// The marker of an INSERT: the row exists even if all its regular columns are null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Liveness {
    /// The write time.
    pub timestamp: Timestamp,
    /// When it ends; absent where it does not.
    pub expiry: Option<Expiry>,
}
