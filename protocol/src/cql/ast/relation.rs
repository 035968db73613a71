//! The relations of a WHERE clause.

use super::{Name, Term};

/// One relation of a WHERE clause.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Relation<'a> {
    /// `column = term`; every operator.
    Column {
        /// The column.
        column: Name<'a>,
        /// How it relates.
        operator: Operator,
        /// To what.
        value: Term<'a>,
    },
    /// `column IN …`
    In {
        /// The column.
        column: Name<'a>,
        /// The values.
        values: InValues<'a>,
    },
    /// `column IS NOT NULL`
    IsNotNull(Name<'a>),
    /// `column[key] = term`; a comparison.
    Element {
        /// The map or list.
        column: Name<'a>,
        /// The key or index.
        key: Term<'a>,
        /// How the element relates: a comparison.
        operator: Operator,
        /// To what.
        value: Term<'a>,
    },
    /// `token(a, b) > term`; a comparison.
    Token {
        /// The columns of the partition key.
        columns: Vec<Name<'a>>,
        /// How their token relates: a comparison.
        operator: Operator,
        /// To what.
        value: Term<'a>,
    },
    /// `(a, b) > (1, 2)`; a comparison with a tuple literal or a marker.
    Tuple {
        /// The columns.
        columns: Vec<Name<'a>>,
        /// How they relate: a comparison.
        operator: Operator,
        /// To what: a [`Term::Tuple`] or [`Term::Marker`].
        value: Term<'a>,
    },
    /// `(a, b) IN ((1, 2), (3, 4))`; the listed values are all tuple literals or all markers.
    TupleIn {
        /// The columns.
        columns: Vec<Name<'a>>,
        /// The tuples.
        values: InValues<'a>,
    },
    /// `expr(index, term)`: a custom index's own language.
    Expression {
        /// The index.
        index: Name<'a>,
        /// What it is given.
        value: Term<'a>,
    },
}

/// What stands after IN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum InValues<'a> {
    /// `(1, 2)`, possibly empty.
    List(Vec<Term<'a>>),
    /// `?`: one marker for the whole list; a [`Term::Marker`].
    Marker(Term<'a>),
}

/// How a column relates to a value. The first six are *comparisons*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `LIKE` (not in conditions)
    Like,
    /// `CONTAINS`
    Contains,
    /// `CONTAINS KEY`
    ContainsKey,
}
