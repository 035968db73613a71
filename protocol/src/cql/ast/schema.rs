//! CREATE, ALTER and DROP of everything but roles.

use std::borrow::Cow;

use super::{Direction, Name, Properties, Property, QualifiedName, Relation, Selection, Term, Type};

/// `CREATE KEYSPACE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateKeyspace<'a> {
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its name.
    pub name: Name<'a>,
    /// `WITH …`
    pub properties: Properties<'a>,
}

/// `ALTER KEYSPACE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterKeyspace<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: Name<'a>,
    /// `WITH …`
    pub properties: Properties<'a>,
}

/// `DROP KEYSPACE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropKeyspace<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: Name<'a>,
}

/// `CREATE TABLE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateTable<'a> {
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
    /// Columns and primary keys in their order. Whether there is exactly one primary key, the parser does not ask.
    pub items: Vec<TableItem<'a>>,
    /// `WITH …`
    pub options: Vec<TableOption<'a>>,
}

/// What stands between the parentheses of CREATE TABLE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TableItem<'a> {
    /// `name type STATIC MASKED WITH f() PRIMARY KEY`
    Column {
        /// The column.
        definition: ColumnDefinition<'a>,
        /// `PRIMARY KEY` behind it.
        primary_key: bool,
    },
    /// `PRIMARY KEY ((a, b), c)`
    PrimaryKey(PrimaryKey<'a>),
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnDefinition<'a> {
    /// Its name.
    pub name: Name<'a>,
    /// Its type.
    pub data_type: Type<'a>,
    /// `STATIC`
    pub is_static: bool,
    /// `MASKED WITH …`
    pub mask: Option<Mask<'a>>,
}

/// What a masked column shows to those who may not see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mask<'a> {
    /// `DEFAULT`
    Default,
    /// A function of the column's value and these arguments.
    Function(QualifiedName<'a>, Vec<Term<'a>>),
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrimaryKey<'a> {
    /// The columns of the partition key, at least one.
    pub partition: Vec<Name<'a>>,
    /// The clustering columns.
    pub clustering: Vec<Name<'a>>,
}

/// What stands after WITH of a table or view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TableOption<'a> {
    /// `name = value`
    Property(Property<'a>),
    /// `COMPACT STORAGE`
    CompactStorage,
    /// `CLUSTERING ORDER BY (a DESC)`
    ClusteringOrder(Vec<(Name<'a>, Direction)>),
}

/// `ALTER TABLE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterTable<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
    /// What changes.
    pub action: AlterTableAction<'a>,
}

/// What ALTER TABLE changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AlterTableAction<'a> {
    /// `ALTER c TYPE t` (which Cassandra parses and refuses)
    AlterType {
        /// The column.
        column: Name<'a>,
        /// Its new type.
        data_type: Type<'a>,
    },
    /// `ALTER IF EXISTS c MASKED WITH …`, or `DROP MASKED`
    AlterMask {
        /// `IF EXISTS`
        if_exists: bool,
        /// The column.
        column: Name<'a>,
        /// Its new mask; absent to drop it.
        mask: Option<Mask<'a>>,
    },
    /// `ADD IF NOT EXISTS (c int, d text)`, at least one.
    Add {
        /// `IF NOT EXISTS`
        if_not_exists: bool,
        /// The columns.
        columns: Vec<ColumnDefinition<'a>>,
    },
    /// `DROP IF EXISTS (c, d) USING TIMESTAMP 1`, at least one.
    Drop {
        /// `IF EXISTS`
        if_exists: bool,
        /// The columns.
        columns: Vec<Name<'a>>,
        /// Microseconds: an integer.
        timestamp: Option<Cow<'a, str>>,
    },
    /// `DROP COMPACT STORAGE`
    DropCompactStorage,
    /// `RENAME IF EXISTS a TO b AND c TO d`
    Rename {
        /// `IF EXISTS`
        if_exists: bool,
        /// From, to; at least one.
        columns: Vec<(Name<'a>, Name<'a>)>,
    },
    /// `WITH …`
    With(Properties<'a>),
}

/// `DROP TABLE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropTable<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
}

/// `CREATE TYPE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateType<'a> {
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
    /// Its fields, at least one.
    pub fields: Vec<(Name<'a>, Type<'a>)>,
}

/// `ALTER TYPE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterType<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
    /// What changes.
    pub action: AlterTypeAction<'a>,
}

/// What ALTER TYPE changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AlterTypeAction<'a> {
    /// `ALTER f TYPE t` (which Cassandra parses and refuses)
    Alter {
        /// The field.
        field: Name<'a>,
        /// Its new type.
        data_type: Type<'a>,
    },
    /// `ADD IF NOT EXISTS f int`
    Add {
        /// `IF NOT EXISTS`
        if_not_exists: bool,
        /// The field.
        field: Name<'a>,
        /// Its type.
        data_type: Type<'a>,
    },
    /// `RENAME IF EXISTS f TO g AND h TO i`
    Rename {
        /// `IF EXISTS`
        if_exists: bool,
        /// From, to; at least one.
        fields: Vec<(Name<'a>, Name<'a>)>,
    },
}

/// `DROP TYPE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropType<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
}

/// `CREATE INDEX`, `CREATE CUSTOM INDEX`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateIndex<'a> {
    /// `CUSTOM`
    pub custom: bool,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its name; the server makes one up where there is none.
    pub name: Option<Name<'a>>,
    /// The table.
    pub table: QualifiedName<'a>,
    /// What is indexed; a custom index may have no target.
    pub targets: Vec<IndexTarget<'a>>,
    /// `USING '…'`
    pub class: Option<Cow<'a, str>>,
    /// `WITH …`
    pub properties: Properties<'a>,
}

/// What of a column is indexed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IndexTarget<'a> {
    /// `c`
    Column(Name<'a>),
    /// `VALUES(c)`
    Values(Name<'a>),
    /// `KEYS(c)`
    Keys(Name<'a>),
    /// `ENTRIES(c)`
    Entries(Name<'a>),
    /// `FULL(c)`
    Full(Name<'a>),
}

/// `DROP INDEX`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropIndex<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
}

/// `CREATE MATERIALIZED VIEW`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateView<'a> {
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
    /// What is selected.
    pub selection: Selection<'a>,
    /// The table it is made of.
    pub from: QualifiedName<'a>,
    /// WHERE
    pub relations: Vec<Relation<'a>>,
    /// Its primary key.
    pub primary_key: PrimaryKey<'a>,
    /// `WITH …`
    pub options: Vec<TableOption<'a>>,
}

/// `ALTER MATERIALIZED VIEW`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterView<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
    /// `WITH …`
    pub properties: Properties<'a>,
}

/// `DROP MATERIALIZED VIEW`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropView<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
}

/// `CREATE TRIGGER`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateTrigger<'a> {
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its name.
    pub name: Name<'a>,
    /// The table it watches.
    pub table: QualifiedName<'a>,
    /// The class on the server.
    pub class: Cow<'a, str>,
}

/// `DROP TRIGGER`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropTrigger<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: Name<'a>,
    /// The table it watches.
    pub table: QualifiedName<'a>,
}

/// `CREATE FUNCTION`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateFunction<'a> {
    /// `OR REPLACE`
    pub or_replace: bool,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
    /// Its arguments.
    pub arguments: Vec<(Name<'a>, Type<'a>)>,
    /// `CALLED ON NULL INPUT`; else `RETURNS NULL ON NULL INPUT`
    pub called_on_null_input: bool,
    /// The type it returns.
    pub returns: Type<'a>,
    /// The language of its body, in lower case.
    pub language: Name<'a>,
    /// Its body.
    pub body: Cow<'a, str>,
}

/// `DROP FUNCTION`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropFunction<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
    /// The types of its arguments, if given.
    pub arguments: Option<Vec<Type<'a>>>,
}

/// `CREATE AGGREGATE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateAggregate<'a> {
    /// `OR REPLACE`
    pub or_replace: bool,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
    /// The types of its arguments.
    pub arguments: Vec<Type<'a>>,
    /// SFUNC: state and arguments → state.
    pub state_function: Name<'a>,
    /// STYPE
    pub state_type: Type<'a>,
    /// FINALFUNC: state → result.
    pub final_function: Option<Name<'a>>,
    /// INITCOND: the first state.
    pub initial_condition: Option<Term<'a>>,
}

/// `DROP AGGREGATE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropAggregate<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: QualifiedName<'a>,
    /// The types of its arguments, if given.
    pub arguments: Option<Vec<Type<'a>>>,
}
