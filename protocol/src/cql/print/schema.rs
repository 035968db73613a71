mod function;
mod index;
mod table;

use std::fmt::{Display, Formatter, Result};

use super::name::user_type;
use super::{bracketed, clause, pairs, when};
use crate::cql::ast::{
    AlterKeyspace, AlterType, AlterTypeAction, AlterView, CreateKeyspace, CreateType, CreateView, DropKeyspace,
    DropType, DropView,
};

/// `VERB IF EXISTS name`
fn if_exists(f: &mut Formatter<'_>, verb: &str, if_exists: bool, name: &dyn Display) -> Result {
    f.write_str(verb)?;
    when(f, if_exists, " IF EXISTS")?;
    write!(f, " {name}")
}

/// `VERB IF NOT EXISTS name`
fn if_not_exists(f: &mut Formatter<'_>, verb: &str, if_not_exists: bool, name: &dyn Display) -> Result {
    f.write_str(verb)?;
    when(f, if_not_exists, " IF NOT EXISTS")?;
    write!(f, " {name}")
}

impl Display for CreateKeyspace<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_not_exists(f, "CREATE KEYSPACE", self.if_not_exists, &self.name)?;
        clause(f, " WITH ", &self.properties)
    }
}

impl Display for AlterKeyspace<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "ALTER KEYSPACE", self.if_exists, &self.name)?;
        clause(f, " WITH ", &self.properties)
    }
}

impl Display for DropKeyspace<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "DROP KEYSPACE", self.if_exists, &self.name)
    }
}

impl Display for CreateType<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_not_exists(f, "CREATE TYPE", self.if_not_exists, &user_type(&self.name))?;
        pairs(f, [" (", " ", ", ", ")"], &self.fields)
    }
}

impl Display for AlterType<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "ALTER TYPE", self.if_exists, &user_type(&self.name))?;
        match &self.action {
            AlterTypeAction::Alter { field, data_type } => write!(f, " ALTER {field} TYPE {data_type}"),
            AlterTypeAction::Add { if_not_exists, field, data_type } => {
                f.write_str(" ADD ")?;
                when(f, *if_not_exists, "IF NOT EXISTS ")?;
                write!(f, "{field} {data_type}")
            }
            AlterTypeAction::Rename { if_exists, fields } => {
                f.write_str(" RENAME ")?;
                when(f, *if_exists, "IF EXISTS ")?;
                pairs(f, ["", " TO ", " AND ", ""], fields)
            }
        }
    }
}

impl Display for DropType<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "DROP TYPE", self.if_exists, &user_type(&self.name))
    }
}

impl Display for CreateView<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_not_exists(f, "CREATE MATERIALIZED VIEW", self.if_not_exists, &self.name)?;
        write!(f, " AS SELECT {} FROM {}", self.selection, self.from)?;
        clause(f, " WHERE ", &self.relations)?;
        write!(f, " {}", self.primary_key)?;
        clause(f, " WITH ", &self.options)
    }
}

impl Display for AlterView<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "ALTER MATERIALIZED VIEW", self.if_exists, &self.name)?;
        clause(f, " WITH ", &self.properties)
    }
}

impl Display for DropView<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "DROP MATERIALIZED VIEW", self.if_exists, &self.name)
    }
}

/// `(a, b)`, or `a` alone
fn one_or_parenthesized<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> Result {
    match items {
        [item] => item.fmt(f),
        items => bracketed(f, "(", items, ")"),
    }
}
