//! DESCRIBE.

use super::{Name, QualifiedName};

/// `DESCRIBE …` (or `DESC …`), answered by the server since Cassandra 4.0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Describe<'a> {
    /// What is described.
    pub target: DescribeTarget<'a>,
    /// `WITH INTERNALS`
    pub with_internals: bool,
}

/// What is described.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DescribeTarget<'a> {
    /// `CLUSTER`
    Cluster,
    /// `SCHEMA`, or `FULL SCHEMA` with system keyspaces
    Schema {
        /// Whether FULL was written.
        full: bool,
    },
    /// `KEYSPACES`
    Keyspaces,
    /// `KEYSPACE name`, or the current one; with ONLY, without what it contains
    Keyspace {
        /// Which.
        name: Option<Name<'a>>,
        /// Whether ONLY was written.
        only: bool,
    },
    /// `TABLES`
    Tables,
    /// `TABLE name`
    Table(QualifiedName<'a>),
    /// `INDEX name`
    Index(QualifiedName<'a>),
    /// `MATERIALIZED VIEW name`
    View(QualifiedName<'a>),
    /// `TYPES`
    Types,
    /// `TYPE name`
    Type(QualifiedName<'a>),
    /// `FUNCTIONS`
    Functions,
    /// `FUNCTION name`
    Function(QualifiedName<'a>),
    /// `AGGREGATES`
    Aggregates,
    /// `AGGREGATE name`
    Aggregate(QualifiedName<'a>),
    /// A name alone: a keyspace, table, view or index.
    Any(QualifiedName<'a>),
}
