//! What the store must know of a table to keep its rows in order.

use quorate_protocol::value::CqlType;
use quorate_protocol::value::token::Token;

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

/// Partitions by token: from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRange {
    /// The smallest.
    pub first: Token,
    /// The largest.
    pub last: Token,
}

impl TokenRange {
    /// Every partition.
    pub const ALL: TokenRange = TokenRange { first: Token(i64::MIN), last: Token(i64::MAX) };

    /// Whether it has this token.
    pub fn contains(&self, token: Token) -> bool {
        (self.first..=self.last).contains(&token)
    }
}
