//! Values as they are written: constants, literals of collections, calls, markers, arithmetic.

use std::borrow::Cow;

use super::{Name, NativeType, QualifiedName, Type};

/// A value in a statement. It contains no column (in the selection of a SELECT, [`super::Selector`] does).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Term<'a> {
    /// `1`, `'text'`, `0xcafe`, …
    Constant(Constant<'a>),
    /// `NULL`
    Null,
    /// `?` or `:name`
    Marker(Marker<'a>),
    /// `[1, 2]`: a list or a vector.
    List(Vec<Term<'a>>),
    /// `{1, 2}`. When empty, it may be meant as a map.
    Set(Vec<Term<'a>>),
    /// `{'a': 1}`
    Map(Vec<(Term<'a>, Term<'a>)>),
    /// `{street: 'x', number: 1}`: a value of a user-defined type.
    UserType(Vec<(Name<'a>, Term<'a>)>),
    /// `(1, 'a')`. With one component, it is also what parentheses around a term look like.
    Tuple(Vec<Term<'a>>),
    /// `now()`, `ks.f(1, ?)`
    Call(Box<FunctionCall<'a, Term<'a>>>),
    /// `(int) ?`: a type hint.
    Hint(Box<(Type<'a>, Term<'a>)>),
    /// `CAST(1 AS text)`
    Cast(Box<Term<'a>>, NativeType),
    /// `- term`
    Negation(Box<Term<'a>>),
    /// `1 + ? - 2`
    Arithmetic(Box<Arithmetic<Term<'a>>>),
}

impl<'a> From<Constant<'a>> for Term<'a> {
    fn from(constant: Constant<'a>) -> Self {
        Self::Constant(constant)
    }
}

/// A constant. Numbers, uuids, durations and blobs keep the text they were written in, sign included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Constant<'a> {
    /// The content of a string, quotes removed.
    String(Cow<'a, str>),
    /// `-12`
    Integer(Cow<'a, str>),
    /// `1.5e-3`, `1.`
    Float(Cow<'a, str>),
    /// `true`
    Boolean(bool),
    /// `1y2mo`, `P1Y`, `-PT1S`
    Duration(Cow<'a, str>),
    /// `123e4567-e89b-12d3-a456-426614174000`, in the case it was written
    Uuid(Cow<'a, str>),
    /// `0xcafe`, prefix included
    Blob(Cow<'a, str>),
    /// `NaN`, also when written `-NaN`
    NaN,
    /// `Infinity`
    Infinity,
    /// `-Infinity`
    NegativeInfinity,
}

impl Constant<'_> {
    /// The text that Cassandra takes the constant for where it wants a string, as in properties.
    pub fn raw_text(&self) -> &str {
        match self {
            Self::String(text)
            | Self::Integer(text)
            | Self::Float(text)
            | Self::Duration(text)
            | Self::Uuid(text)
            | Self::Blob(text) => text,
            Self::Boolean(true) => "true",
            Self::Boolean(false) => "false",
            Self::NaN => "NaN",
            Self::Infinity => "Infinity",
            Self::NegativeInfinity => "-Infinity",
        }
    }
}

/// A place for a bound value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Marker<'a> {
    /// The name in `:name`; absent in `?`.
    pub name: Option<Name<'a>>,
    /// How many markers stand before it in the statement.
    pub position: u16,
}

/// A call of a function: of terms, or of selectors.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionCall<'a, T> {
    /// The function.
    pub name: QualifiedName<'a>,
    /// Its arguments.
    pub arguments: Vec<T>,
}

/// Operations of one precedence, from left to right: on terms, or on selectors. It is flat so that a long one is not deep.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arithmetic<T> {
    /// The first operand.
    pub first: T,
    /// The others, at least one, each with the operator before it. Either all are `+` and `-`, or all are `*`, `/` and `%`,
    /// and then no operand is itself arithmetic.
    pub rest: Vec<(ArithmeticOperator, T)>,
}

/// An operator between two terms or selectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArithmeticOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}
