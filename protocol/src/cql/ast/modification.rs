//! INSERT, UPDATE, DELETE and BATCH.

use super::{InValues, Name, Operator, QualifiedName, Relation, Term};

/// `INSERT INTO …`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Insert<'a> {
    /// The table.
    pub table: QualifiedName<'a>,
    /// What is inserted.
    pub source: InsertSource<'a>,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// `USING …`
    pub using: Vec<Using<'a>>,
}

/// What an INSERT inserts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum InsertSource<'a> {
    /// `(a, b) VALUES (1, 2)`. Cassandra's parser does not compare the numbers of the two.
    Values {
        /// The columns.
        columns: Vec<Name<'a>>,
        /// Their values.
        values: Vec<Term<'a>>,
    },
    /// `JSON '{…}'`
    Json {
        /// A [`super::Constant::String`] or a marker.
        value: Term<'a>,
        /// What becomes of the columns that it does not name.
        default: Option<JsonDefault>,
    },
}

/// What becomes of columns that an inserted JSON object does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonDefault {
    /// `DEFAULT NULL`
    Null,
    /// `DEFAULT UNSET`
    Unset,
}

/// One attribute of a USING clause; of equal ones the last counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Using<'a> {
    /// `TIMESTAMP …`, microseconds: an integer or a marker.
    Timestamp(Term<'a>),
    /// `TTL …`, seconds: an integer or a marker.
    Ttl(Term<'a>),
}

/// `UPDATE … SET …`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Update<'a> {
    /// The table.
    pub table: QualifiedName<'a>,
    /// `USING …`
    pub using: Vec<Using<'a>>,
    /// SET, at least one.
    pub assignments: Vec<ColumnAssignment<'a>>,
    /// WHERE, at least one.
    pub relations: Vec<Relation<'a>>,
    /// `IF …`
    pub condition: Option<If<'a>>,
}

/// What SET does to one column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnAssignment<'a> {
    /// The column.
    pub column: Name<'a>,
    /// What is done to it.
    pub assignment: Assignment<'a>,
}

/// What SET does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Assignment<'a> {
    /// `c = term`
    Set(Term<'a>),
    /// `c = c + term`, `c += term`
    Add(Term<'a>),
    /// `c = c - term`, `c -= term`
    Subtract(Term<'a>),
    /// `c = term + c`
    Prepend(Term<'a>),
    /// `c[key] = term`
    SetElement {
        /// The key of a map, the index of a list.
        key: Term<'a>,
        /// Its new value.
        value: Term<'a>,
    },
    /// `c.field = term`
    SetField {
        /// The field of a user-defined type.
        field: Name<'a>,
        /// Its new value.
        value: Term<'a>,
    },
}

/// `DELETE … FROM …`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delete<'a> {
    /// What is deleted; empty means whole rows.
    pub deletions: Vec<Deletion<'a>>,
    /// The table.
    pub table: QualifiedName<'a>,
    /// `USING TIMESTAMP …`: an integer or a marker.
    pub timestamp: Option<Term<'a>>,
    /// WHERE, at least one.
    pub relations: Vec<Relation<'a>>,
    /// `IF …`
    pub condition: Option<If<'a>>,
}

/// `column`, `column[key]` or `column.field` after DELETE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deletion<'a> {
    /// The column.
    pub column: Name<'a>,
    /// What of it.
    pub subscript: Subscript<'a>,
}

/// What of a column is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subscript<'a> {
    /// The whole column.
    None,
    /// `[key]`
    Element(Term<'a>),
    /// `.field`
    Field(Name<'a>),
}

/// What must hold for an UPDATE or DELETE to apply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum If<'a> {
    /// `IF EXISTS`
    Exists,
    /// `IF a = 1 AND b[0] IN (1, 2)`, at least one.
    Conditions(Vec<Condition<'a>>),
}

/// One condition after IF.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition<'a> {
    /// The column.
    pub column: Name<'a>,
    /// What of it.
    pub subscript: Subscript<'a>,
    /// What must hold.
    pub test: ConditionTest<'a>,
}

/// What must hold for a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConditionTest<'a> {
    /// `= term`: a comparison, or for a whole column also CONTAINS and CONTAINS KEY.
    Compare(Operator, Term<'a>),
    /// `IN …`
    In(InValues<'a>),
}

/// `BEGIN BATCH … APPLY BATCH`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Batch<'a> {
    /// Logged, unlogged or of counters.
    pub kind: BatchKind,
    /// `USING …`
    pub using: Vec<Using<'a>>,
    /// The statements, possibly none.
    pub statements: Vec<Modification<'a>>,
}

/// What a batch promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchKind {
    /// `BEGIN BATCH`
    Logged,
    /// `BEGIN UNLOGGED BATCH`
    Unlogged,
    /// `BEGIN COUNTER BATCH`
    Counter,
}

/// A statement that may stand in a batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Modification<'a> {
    /// INSERT
    Insert(Insert<'a>),
    /// UPDATE
    Update(Update<'a>),
    /// DELETE
    Delete(Delete<'a>),
}

impl<'a> Modification<'a> {
    /// The table it modifies.
    pub fn table(&self) -> &QualifiedName<'a> {
        match self {
            Self::Insert(insert) => &insert.table,
            Self::Update(update) => &update.table,
            Self::Delete(delete) => &delete.table,
        }
    }

    /// Whether it is a lightweight transaction.
    pub fn is_conditional(&self) -> bool {
        match self {
            Self::Insert(insert) => insert.if_not_exists,
            Self::Update(update) => update.condition.is_some(),
            Self::Delete(delete) => delete.condition.is_some(),
        }
    }
}
