//! What one statement touches, whether it may be repeated, and what must be rewritten in it before several stores get it.
//!
//! Everything here is pure: a text goes in, facts or another text come out. [`Statement::analyse`] finds the facts,
//! without a syntax tree where the statement is of the plain kind that applications send all day (`plain`).

mod analysis;
mod by_schema;
mod cache;
mod evaluate;
mod functions;
mod list_change;
mod plain;
#[cfg(test)]
mod properties;
pub mod rewrite;
mod selection;
mod write_time;

pub use cache::Statements;
pub use evaluate::Evaluator;
pub use list_change::{ColumnOf, ListChange};
pub use quorate_protocol::cql::ast::BatchKind;
pub use selection::{Cells, Select, Selection};
pub use write_time::WriteTime;

/// What is to be known of one statement to route it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it does.
    pub kind: Kind,
    /// The keyspace that it names, in internal form; absent where that of the session is meant. Of a batch, that of its
    /// first statement.
    pub keyspace: Option<Box<str>>,
    /// The table or view that it reads, writes, creates, alters or drops, in internal form; for an index or trigger, the
    /// table it belongs to. Of a batch, that of its first statement.
    pub table: Option<Box<str>>,
    /// The other tables that a batch writes.
    pub further_tables: Box<[TableName]>,
    /// Of a batch, what it promises.
    pub batch_kind: Option<BatchKind>,
    /// A lightweight transaction: `IF …` on it or, in a batch, on one of its statements.
    pub conditional: bool,
    /// What `USING TIMESTAMP` on it or, in a batch, anywhere in it says.
    pub write_times: Box<[WriteTime]>,
    /// Whether it may be executed once more after it may have been executed. Nothing that is nondeterministic may, until
    /// its functions have been evaluated.
    pub repeatable: bool,
    /// Whether it calls a function whose value differs from call to call: `now()`, `uuid()`, `current_timestamp()`, ….
    pub nondeterministic: bool,
    /// Whether it calls a function that is none of Cassandra's own.
    pub user_functions: bool,
    /// Whether it changes lists in a way that depends on what is in them.
    pub list_change: ListChange,
    /// Of a SELECT, what its rows depend on.
    pub select: Option<Box<Select>>,
}

/// A table as a statement names it, in internal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The keyspace; absent where that of the session is meant.
    pub keyspace: Option<Box<str>>,
    /// The table.
    pub table: Box<str>,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// SELECT
    Select,
    /// INSERT
    Insert,
    /// UPDATE
    Update,
    /// DELETE
    Delete,
    /// BEGIN BATCH … APPLY BATCH
    Batch,
    /// USE, with the keyspace in internal form
    Use(Box<str>),
    /// TRUNCATE
    Truncate,
    /// CREATE, ALTER or DROP of a part of the schema
    Ddl(DdlKind),
    /// CREATE, ALTER or DROP of roles, users and identities; GRANT and REVOKE
    Role,
    /// LIST
    List,
    /// DESCRIBE
    Describe,
    /// What the grammar refuses
    Unknown,
}

/// A change of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DdlKind {
    /// What is done.
    pub action: DdlAction,
    /// To what.
    pub object: DdlObject,
}

/// What is done to a part of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is the keyword of that name")]
pub enum DdlAction {
    Create,
    Alter,
    Drop,
}

/// A part of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is the keyword of that name; View is MATERIALIZED VIEW")]
pub enum DdlObject {
    Keyspace,
    Table,
    Type,
    Index,
    View,
    Trigger,
    Function,
    Aggregate,
}

impl Kind {
    /// INSERT, UPDATE, DELETE and BATCH.
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Insert | Self::Update | Self::Delete | Self::Batch)
    }
}

impl Statement {
    /// The facts of a statement. What the grammar refuses is of the kind [`Kind::Unknown`].
    pub fn analyse(text: &str) -> Self {
        plain::statement(text).unwrap_or_else(|| analysis::statement(text))
    }

    /// `BEGIN COUNTER BATCH`.
    pub fn is_counter_batch(&self) -> bool {
        self.batch_kind == Some(BatchKind::Counter)
    }

    /// The tables or views that it names: keyspace, absent where that of the session is meant, and table.
    pub fn tables(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let first = self.table.as_deref().map(|table| (self.keyspace.as_deref(), table));
        let further = self.further_tables.iter().map(|further| (further.keyspace.as_deref(), &*further.table));
        first.into_iter().chain(further)
    }

    /// A statement of the kind with no feature, that may be repeated.
    fn of_kind(kind: Kind) -> Self {
        Self {
            kind,
            keyspace: None,
            table: None,
            further_tables: Box::default(),
            batch_kind: None,
            conditional: false,
            write_times: Box::default(),
            repeatable: true,
            nondeterministic: false,
            user_functions: false,
            list_change: ListChange::No,
            select: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analysed(text: &str) -> Statement {
        Statement::analyse(text)
    }

    #[test]
    fn a_plain_insert_names_its_table() {
        let statement = analysed("INSERT INTO Ks.\"T\" (a, b) VALUES (1, 'x') USING TTL 5 AND TIMESTAMP 7;");
        assert_eq!(statement.kind, Kind::Insert);
        assert_eq!((statement.keyspace.as_deref(), statement.table.as_deref()), (Some("ks"), Some("T")));
        assert_eq!(*statement.write_times, [WriteTime::Literal(7)]);
        assert!(statement.repeatable && !statement.conditional);
    }

    #[test]
    fn a_plain_select_depends_on_the_columns_it_compares() {
        let select = |text| analysed(text).select.expect("a SELECT").cells;
        assert_eq!(select("SELECT * FROM t WHERE k = ?"), Cells::AtMostOne);
        let restricted = ["k".into(), "c".into()].into();
        assert_eq!(
            select("SELECT v FROM t WHERE k = 1 AND c = 2 AND c IN (3)"),
            Cells::ByColumns { computed: Box::default(), restricted }
        );
    }

    #[test]
    fn conditions_and_calls_are_seen() {
        assert!(analysed("INSERT INTO t (a) VALUES (1) IF NOT EXISTS").conditional);
        let now = analysed("INSERT INTO t (a) VALUES (now())");
        assert!(now.nondeterministic && !now.repeatable);
        assert_eq!(analysed("SELEC 1").kind, Kind::Unknown);
    }
}
