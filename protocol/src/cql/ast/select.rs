//! SELECT.

use super::{Arithmetic, FunctionCall, Name, NativeType, QualifiedName, Relation, Term, Type};

/// `SELECT … FROM …`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Select<'a> {
    /// `SELECT JSON`
    pub json: bool,
    /// `SELECT DISTINCT`
    pub distinct: bool,
    /// What is selected.
    pub selection: Selection<'a>,
    /// The table or view.
    pub from: QualifiedName<'a>,
    /// The relations of WHERE, all of which must hold.
    pub relations: Vec<Relation<'a>>,
    /// GROUP BY
    pub group_by: Vec<Selector<'a>>,
    /// ORDER BY
    pub order_by: Vec<Ordering<'a>>,
    /// PER PARTITION LIMIT: an integer or a marker.
    pub per_partition_limit: Option<Term<'a>>,
    /// LIMIT: an integer or a marker.
    pub limit: Option<Term<'a>>,
    /// ALLOW FILTERING
    pub allow_filtering: bool,
}

/// What a SELECT selects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selection<'a> {
    /// `*`
    All,
    /// A list of at least one.
    Some(Vec<Selected<'a>>),
}

/// `selector AS alias`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selected<'a> {
    /// What is computed.
    pub selector: Selector<'a>,
    /// What it is called.
    pub alias: Option<Name<'a>>,
}

/// An expression over columns, in a selection or GROUP BY.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector<'a> {
    /// A column (or, before a colon in `{…}`, a field of a user-defined type).
    Column(Name<'a>),
    /// A constant, NULL or marker; no other kind of term.
    Term(Term<'a>),
    /// `count(*)`
    CountRows,
    /// `WRITETIME(c)`, `MAXWRITETIME(c)`, `TTL(c)`, where `c` is a column with fields, elements and slices of it.
    Writetime(WritetimeKind, Box<Selector<'a>>),
    /// `CAST(c AS text)`
    Cast(Box<Selector<'a>>, NativeType),
    /// `f(c, 1)`
    Call(Box<FunctionCall<'a, Selector<'a>>>),
    /// `c.field`
    Field(Box<Selector<'a>>, Name<'a>),
    /// `c[key]`
    Element(Box<(Selector<'a>, Term<'a>)>),
    /// `c[from..to]`, of which at least one is given
    Slice(Box<(Selector<'a>, Option<Term<'a>>, Option<Term<'a>>)>),
    /// `(int) c`: a type hint.
    Hint(Box<(Type<'a>, Selector<'a>)>),
    /// `[a, b]`: a list or a vector.
    List(Vec<Selector<'a>>),
    /// `{a, b}`; when empty, it may be meant as a map.
    Set(Vec<Selector<'a>>),
    /// `{a: b}`: a map or a value of a user-defined type.
    Map(Vec<(Selector<'a>, Selector<'a>)>),
    /// `(a, b)`: a tuple, or with one component a pair of parentheses.
    Tuple(Vec<Selector<'a>>),
    /// `- c`
    Negation(Box<Selector<'a>>),
    /// `a + b - 1`
    Arithmetic(Box<Arithmetic<Selector<'a>>>),
}

/// Which metadata of a cell is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WritetimeKind {
    /// `WRITETIME`
    Writetime,
    /// `MAXWRITETIME`
    MaxWritetime,
    /// `TTL`
    Ttl,
}

/// One element of ORDER BY.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ordering<'a> {
    /// What is ordered by.
    pub key: OrderingKey<'a>,
    /// In which direction; absent where none was written, which means ascending.
    pub direction: Option<Direction>,
}

/// What rows are ordered by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OrderingKey<'a> {
    /// A column.
    Column(Name<'a>),
    /// `column ANN OF vector`: nearest neighbours.
    Ann(Name<'a>, Term<'a>),
}

/// Ascending or descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `ASC`
    Ascending,
    /// `DESC`
    Descending,
}
