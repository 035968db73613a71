use std::fmt::{Display, Formatter, Result};

use super::super::name::{function, quoted, strict};
use super::super::{bracketed, pairs};
use super::{if_exists, if_not_exists};
use crate::cql::ast::{CreateAggregate, CreateFunction, DropAggregate, DropFunction, Type};
use crate::cql::keyword::Keyword;

impl Display for CreateFunction<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let verb = if self.or_replace { "CREATE OR REPLACE FUNCTION" } else { "CREATE FUNCTION" };
        if_not_exists(f, verb, self.if_not_exists, &function(&self.name))?;
        pairs(f, [" (", " ", ", ", ")"], &self.arguments)?;
        f.write_str(if self.called_on_null_input { " CALLED" } else { " RETURNS NULL" })?;
        write!(f, " ON NULL INPUT RETURNS {} LANGUAGE {} AS ", self.returns, self.language)?;
        body(f, &self.body)
    }
}

/// Between `$$` where quotes would have to be doubled.
fn body(f: &mut Formatter<'_>, body: &str) -> Result {
    let dollars = body.contains('\'') && !body.contains("$$") && !body.ends_with('$');
    if dollars { write!(f, "$${body}$$") } else { quoted(f, body, '\'') }
}

impl Display for DropFunction<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "DROP FUNCTION", self.if_exists, &function(&self.name))?;
        argument_types(f, self.arguments.as_deref())
    }
}

fn argument_types(f: &mut Formatter<'_>, types: Option<&[Type<'_>]>) -> Result {
    match types {
        Some(types) => bracketed(f, "(", types, ")"),
        None => Ok(()),
    }
}

impl Display for CreateAggregate<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let verb = if self.or_replace { "CREATE OR REPLACE AGGREGATE" } else { "CREATE AGGREGATE" };
        if_not_exists(f, verb, self.if_not_exists, &function(&self.name))?;
        bracketed(f, "(", &self.arguments, ")")?;
        f.write_str(" SFUNC ")?;
        strict(f, &self.state_function, Keyword::may_name_function)?;
        write!(f, " STYPE {}", self.state_type)?;
        if let Some(name) = &self.final_function {
            f.write_str(" FINALFUNC ")?;
            strict(f, name, Keyword::may_name_function)?;
        }
        match &self.initial_condition {
            Some(value) => write!(f, " INITCOND {value}"),
            None => Ok(()),
        }
    }
}

impl Display for DropAggregate<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if_exists(f, "DROP AGGREGATE", self.if_exists, &function(&self.name))?;
        argument_types(f, self.arguments.as_deref())
    }
}
