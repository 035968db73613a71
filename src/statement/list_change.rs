//! Changes of non-frozen lists whose outcome depends on what is in the list.
//!
//! Such a change has no value of its own that a store could be brought to later: an append makes a new cell wherever it is
//! executed, and an index means another element on a store that missed a write.

use quorate_protocol::cql::ast::{
    Assignment, Constant, Delete, Modification, Name, QualifiedName, Subscript, Term, Type, Update,
};

use super::functions::Nondeterministic;

/// Whether a statement changes lists in such a way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListChange {
    /// It does not.
    #[default]
    No,
    /// It does, whatever the schema says: what is added, taken or compared is written as a list.
    Certainly,
    /// It does if one of these columns is a list.
    IfList(Box<[ColumnOf]>),
}

/// A column as a statement names it, in internal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnOf {
    /// The keyspace; absent where that of the session is meant.
    pub keyspace: Option<Box<str>>,
    /// The table.
    pub table: Box<str>,
    /// The column.
    pub column: Box<str>,
}

impl ListChange {
    /// That of several statements together.
    pub(super) fn of<'s, 'a: 's>(statements: impl IntoIterator<Item = &'s Modification<'a>>) -> Self {
        let mut columns = Vec::new();
        for statement in statements {
            let certain = match statement {
                Modification::Insert(_) => false,
                Modification::Update(update) => collect_updated(update, &mut columns),
                Modification::Delete(delete) => collect_deleted(delete, &mut columns),
            };
            if certain {
                return Self::Certainly;
            }
        }
        if columns.is_empty() { Self::No } else { Self::IfList(columns.into()) }
    }

    pub(super) fn of_update(update: &Update<'_>) -> Self {
        let mut columns = Vec::new();
        Self::from_collected(collect_updated(update, &mut columns), columns)
    }

    pub(super) fn of_delete(delete: &Delete<'_>) -> Self {
        let mut columns = Vec::new();
        Self::from_collected(collect_deleted(delete, &mut columns), columns)
    }

    fn from_collected(certain: bool, columns: Vec<ColumnOf>) -> Self {
        match (certain, columns.is_empty()) {
            (true, _) => Self::Certainly,
            (false, true) => Self::No,
            (false, false) => Self::IfList(columns.into()),
        }
    }
}

/// Adds the columns that may be lists; true if one must be.
fn collect_updated(update: &Update<'_>, columns: &mut Vec<ColumnOf>) -> bool {
    for assignment in &update.assignments {
        let shape = match &assignment.assignment {
            Assignment::Set(_) | Assignment::SetField { .. } => Shape::Other,
            // Only lists can be put something before.
            Assignment::Prepend(term) => Shape::of(term).or_list(),
            Assignment::Add(term) | Assignment::Subtract(term) => Shape::of(term),
            Assignment::SetElement { key, .. } => Shape::of_index(key),
        };
        match shape {
            Shape::List => return true,
            Shape::Unknown => columns.push(column_of(&update.table, &assignment.column)),
            Shape::Other => {}
        }
    }
    false
}

fn collect_deleted(delete: &Delete<'_>, columns: &mut Vec<ColumnOf>) -> bool {
    for deletion in &delete.deletions {
        if let Subscript::Element(key) = &deletion.subscript
            && Shape::of_index(key) != Shape::Other
        {
            columns.push(column_of(&delete.table, &deletion.column));
        }
    }
    false
}

fn column_of(table: &QualifiedName<'_>, column: &Name<'_>) -> ColumnOf {
    ColumnOf {
        keyspace: table.keyspace.as_ref().map(|keyspace| keyspace.as_str().into()),
        table: table.name.as_str().into(),
        column: column.as_str().into(),
    }
}

/// What the text tells of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A list.
    List,
    /// No list.
    Other,
    /// It depends on the column.
    Unknown,
}

impl Shape {
    /// The shape of an operand that is added to a column or taken from it.
    fn of(term: &Term<'_>) -> Self {
        match term {
            Term::List(_) => Self::List,
            Term::Set(_) | Term::Map(_) | Term::UserType(_) | Term::Constant(_) | Term::Negation(_) => Self::Other,
            Term::Hint(hint) => Self::of_type(&hint.0),
            Term::Call(call) if Nondeterministic::of(&call.name).is_some() => Self::Other,
            // Without a cast it may be anything; parentheses look like a tuple.
            _ => Self::Unknown,
        }
    }

    fn of_type(data_type: &Type<'_>) -> Self {
        match data_type {
            Type::List(_) => Self::List,
            Type::Frozen(inner) => Self::of_type(inner),
            Type::Custom(_) => Self::Unknown,
            _ => Self::Other,
        }
    }

    /// The shape of a column of which the element under this key is set or deleted: a list is indexed by a number.
    fn of_index(key: &Term<'_>) -> Self {
        match key {
            Term::Constant(Constant::Integer(_)) => Self::Unknown,
            Term::Constant(_) | Term::List(_) | Term::Set(_) | Term::Map(_) | Term::UserType(_) => Self::Other,
            _ => Self::Unknown,
        }
    }

    fn or_list(self) -> Self {
        if self == Self::Unknown { Self::List } else { self }
    }
}
