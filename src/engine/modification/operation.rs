//! What a modification does to one column (`org.apache.cassandra.cql3.Operation`).

mod compile;
mod execute;

use crate::engine::expression::Expression;
use crate::store::row::ColumnId;

pub(super) use compile::{compile_assignment, compile_deletion, set_value};
pub(super) use execute::{Execution, canonical};

/// What is done to one column.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// Its place among the table's columns.
    pub(super) column: usize,
    pub(super) id: ColumnId,
    pub(super) is_static: bool,
    pub(super) action: Action,
}

/// What is done. Collections and user types are not frozen but in [`Action::Put`].
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// The one cell of a native or frozen type.
    Put(Expression),
    /// A collection or user type in place of what is there.
    Replace(Expression),
    /// More elements of a collection; of a list behind the others.
    Append(Expression),
    /// More elements in front of a list.
    Prepend(Expression),
    /// All elements of a list that are equal to these, elements of a set, keys of a map.
    Remove(Expression),
    /// The value of a map's key, or at a list's index.
    PutElement { key: Expression, value: Expression },
    /// The field of this number.
    PutField { field: u16, value: Expression },
    /// The whole column.
    Delete,
    /// An element of a set, a map's key, the element at a list's index.
    DeleteElement(Expression),
    /// The field of this number.
    DeleteField(u16),
    /// Adds to a counter, or takes from it.
    Count { amount: Expression, is_subtracted: bool },
    /// Adds to the number or text that is there.
    Add(Expression),
}

impl Operation {
    /// Whether it depends on what is there.
    pub(super) fn requires_read(&self, is_list: bool) -> bool {
        match self.action {
            Action::Add(_) => true,
            Action::Remove(_) | Action::PutElement { .. } | Action::DeleteElement(_) => is_list,
            _ => false,
        }
    }
}
