use std::fmt::{Display, Formatter, Result};

use super::super::name::quoted;
use super::super::{bracketed, clause, when};
use super::{if_exists, if_not_exists};
use crate::cql::ast::{CreateIndex, CreateTrigger, DropIndex, DropTrigger, IndexTarget};

impl Display for CreateIndex<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(if self.custom { "CREATE CUSTOM INDEX" } else { "CREATE INDEX" })?;
        when(f, self.if_not_exists, " IF NOT EXISTS")?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        write!(f, " ON {} ", self.table)?;
        bracketed(f, "(", &self.targets, ")")?;
        if let Some(class) = &self.class {
            f.write_str(" USING ")?;
            quoted(f, class, '\'')?;
        }
        clause(f, " WITH ", &self.properties)
    }
}

impl Display for IndexTarget<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Column(column) => column.fmt(f),
            Self::Values(column) => write!(f, "VALUES({column})"),
            Self::Keys(column) => write!(f, "KEYS({column})"),
            Self::Entries(column) => write!(f, "ENTRIES({column})"),
            Self::Full(column) => write!(f, "FULL({column})"),
        }
    }
}

impl Display for DropIndex<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "DROP INDEX", self.if_exists, &self.name)
    }
}

impl Display for CreateTrigger<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_not_exists(f, "CREATE TRIGGER", self.if_not_exists, &self.name)?;
        write!(f, " ON {} USING ", self.table)?;
        quoted(f, &self.class, '\'')
    }
}

impl Display for DropTrigger<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "DROP TRIGGER", self.if_exists, &self.name)?;
        write!(f, " ON {}", self.table)
    }
}
