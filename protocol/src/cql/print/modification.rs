use std::fmt::{Display, Formatter, Result};

use super::{bracketed, clause, list, when};
use crate::cql::ast::{
    Assignment, Batch, BatchKind, ColumnAssignment, Condition, ConditionTest, Delete, Deletion, If, Insert,
    InsertSource, JsonDefault, Modification, Subscript, Update, Using,
};

impl Display for Insert<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "INSERT INTO {} ", self.table)?;
        match &self.source {
            InsertSource::Values { columns, values } => {
                bracketed(f, "(", columns, ")")?;
                bracketed(f, " VALUES (", values, ")")?;
            }
            InsertSource::Json { value, default } => {
                write!(f, "JSON {value}")?;
                f.write_str(match default {
                    None => "",
                    Some(JsonDefault::Null) => " DEFAULT NULL",
                    Some(JsonDefault::Unset) => " DEFAULT UNSET",
                })?;
            }
        }
        when(f, self.if_not_exists, " IF NOT EXISTS")?;
        clause(f, " USING ", &self.using)
    }
}

impl Display for Using<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Timestamp(value) => write!(f, "TIMESTAMP {value}"),
            Self::Ttl(value) => write!(f, "TTL {value}"),
        }
    }
}

impl Display for Update<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "UPDATE {}", self.table)?;
        clause(f, " USING ", &self.using)?;
        bracketed(f, " SET ", &self.assignments, "")?;
        clause(f, " WHERE ", &self.relations)?;
        condition(f, self.condition.as_ref())
    }
}

impl Display for ColumnAssignment<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let column = &self.column;
        match &self.assignment {
            Assignment::Set(value) => write!(f, "{column} = {value}"),
            Assignment::Add(value) => write!(f, "{column} = {column} + {value}"),
            Assignment::Subtract(value) => write!(f, "{column} = {column} - {value}"),
            Assignment::Prepend(value) => write!(f, "{column} = {value} + {column}"),
            Assignment::SetElement { key, value } => write!(f, "{column}[{key}] = {value}"),
            Assignment::SetField { field, value } => write!(f, "{column}.{field} = {value}"),
        }
    }
}

impl Display for Delete<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("DELETE ")?;
        list(f, &self.deletions)?;
        when(f, !self.deletions.is_empty(), " ")?;
        write!(f, "FROM {}", self.table)?;
        if let Some(timestamp) = &self.timestamp {
            write!(f, " USING TIMESTAMP {timestamp}")?;
        }
        clause(f, " WHERE ", &self.relations)?;
        condition(f, self.condition.as_ref())
    }
}

impl Display for Deletion<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}{}", self.column, self.subscript)
    }
}

impl Display for Subscript<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::None => Ok(()),
            Self::Element(key) => write!(f, "[{key}]"),
            Self::Field(field) => write!(f, ".{field}"),
        }
    }
}

fn condition(f: &mut Formatter<'_>, condition: Option<&If<'_>>) -> Result {
    match condition {
        None => Ok(()),
        Some(If::Exists) => f.write_str(" IF EXISTS"),
        Some(If::Conditions(conditions)) => clause(f, " IF ", conditions),
    }
}

impl Display for Condition<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}{} ", self.column, self.subscript)?;
        match &self.test {
            ConditionTest::Compare(operator, value) => write!(f, "{operator} {value}"),
            ConditionTest::In(values) => write!(f, "IN {values}"),
        }
    }
}

impl Display for Batch<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self.kind {
            BatchKind::Logged => "BEGIN BATCH",
            BatchKind::Unlogged => "BEGIN UNLOGGED BATCH",
            BatchKind::Counter => "BEGIN COUNTER BATCH",
        })?;
        clause(f, " USING ", &self.using)?;
        for statement in &self.statements {
            write!(f, " {statement};")?;
        }
        f.write_str(" APPLY BATCH")
    }
}

impl Display for Modification<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Insert(insert) => insert.fmt(f),
            Self::Update(update) => update.fmt(f),
            Self::Delete(delete) => delete.fmt(f),
        }
    }
}
