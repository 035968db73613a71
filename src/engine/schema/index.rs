//! A secondary index.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::store::mutation::StorageId;

/// A secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: Arc<str>,
    /// What it was made with.
    pub kind: IndexKind,
    /// The column that is indexed.
    pub column: String,
    /// What of the column is.
    pub target: IndexTarget,
    /// Where its entries are; see `engine::maintain`.
    pub storage: StorageId,
    /// Options, `class_name` of custom indexes among them, as `system_schema.indexes` shows them but for `target`.
    pub options: BTreeMap<String, String>,
}

/// How an index works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// CREATE INDEX.
    Secondary,
    /// `USING 'StorageAttachedIndex'` (or 'sai').
    StorageAttached,
    /// `USING '...SASIIndex'`.
    Sasi,
}

/// What of a column is indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexTarget {
    /// The value, or a set's or list's elements or a map's values (`values(m)`).
    Values,
    /// A map's keys.
    Keys,
    /// A map's entries.
    Entries,
    /// A frozen collection as one value.
    Full,
}
