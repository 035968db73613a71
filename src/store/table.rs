//! What the store must know of a table to keep its rows in order.

use quorate_protocol::value::CqlType;

use super::mutation::StorageId;

/// The part of a table's definition that the store uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// Names its rows.
    pub storage: StorageId,
    /// The types of the clustering columns, and whether larger values come first.
    pub clustering: Vec<(CqlType, bool)>,
    /// How long tombstones are kept, in seconds.
    pub gc_grace_seconds: u32,
}
