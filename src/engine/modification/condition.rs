//! IF (`org.apache.cassandra.cql3.conditions`).

mod compile;
mod evaluate;

use quorate_protocol::cql::ast::Operator;

use crate::engine::expression::Expression;
use crate::engine::restriction::Alternatives;
use crate::store::row::ColumnId;

pub(super) use compile::compile;
pub(super) use evaluate::BoundCondition;

/// What must hold for a modification to apply.
#[derive(Clone, Debug, Default)]
pub(super) enum Conditions {
    #[default]
    None,
    Exists,
    NotExists,
    /// Conditions on columns, in the order in which a failed statement shows them: regular ones first.
    Columns(Vec<Condition>),
}

/// A condition on a column.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// Its place among the table's columns.
    pub(super) column: usize,
    pub(super) id: ColumnId,
    pub(super) is_static: bool,
    pub(super) subject: Subject,
    pub(super) test: Test,
}

/// What of the column is looked at.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    Whole,
    /// The value of a map's key, or at a list's index.
    Element(Expression),
    /// The field of this number.
    Field(usize),
}

/// What must hold.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Compare(Operator, Expression),
    In(Alternatives),
}

impl Conditions {
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Conditions::None)
    }

    pub(super) fn columns(&self) -> &[Condition] {
        match self {
            Conditions::Columns(conditions) => conditions,
            _ => &[],
        }
    }
}
