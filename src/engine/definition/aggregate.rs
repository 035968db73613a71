//! CREATE AGGREGATE and DROP AGGREGATE. An aggregate is made of functions, of which there are none.

use quorate_protocol::cql::ast::{CreateAggregate, DropAggregate};

use super::data_type::Written;
use super::function::{check_arguments, check_directives, check_not_frozen, drop_missing};
use super::{Change, Request};
use crate::engine::error::EngineError;

/// CREATE AGGREGATE: refused for the want of its state function, at the latest.
pub(super) fn create(create: &CreateAggregate<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let Some(keyspace) = request.schema.keyspace(request.keyspace) else {
        return Err(EngineError::configuration(format!("Keyspace {} doesn't exist", request.keyspace)));
    };
    check_directives(create.or_replace, create.if_not_exists)?;
    let arguments: Vec<Written<'_>> = create.arguments.iter().map(Written::new).collect();
    check_arguments(&arguments)?;
    let state = Written::new(&create.state_type);
    check_not_frozen("State type", &state)?;
    let mut shown = vec![state.qualified(request.keyspace)];
    for written in &arguments {
        written.resolve(keyspace)?;
        shown.push(written.qualified(request.keyspace));
    }
    state.resolve(keyspace)?;
    Err(EngineError::invalid(format!(
        "State function {}.{}({}) doesn't exist",
        request.keyspace,
        create.state_function.as_str(),
        shown.join(", ")
    )))
}

/// DROP AGGREGATE
pub(super) fn drop(drop: &DropAggregate<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    drop_missing("Aggregate", &drop.name, drop.arguments.as_deref(), drop.if_exists, request)
}
