//! CREATE FUNCTION and DROP FUNCTION. Functions are written in Java, which nothing here runs: none can be made.

use std::collections::BTreeSet;

use quorate_protocol::cql::ast::{CreateFunction, DropFunction, QualifiedName, Type};

use super::data_type::Written;
use super::{Change, Request};
use crate::engine::error::EngineError;

/// CREATE FUNCTION: what Cassandra refuses is refused in its words, and then the body.
pub(super) fn create(create: &CreateFunction<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    check_directives(create.or_replace, create.if_not_exists)?;
    if !create.language.as_str().eq_ignore_ascii_case("java") {
        return Err(EngineError::invalid(
            "Currently only Java UDFs are available in Cassandra. For more information - CASSANDRA-18252 and \
             CASSANDRA-17281",
        ));
    }
    let mut names = BTreeSet::new();
    if create.arguments.iter().any(|(name, _)| !names.insert(name)) {
        let names: Vec<&str> = create.arguments.iter().map(|(name, _)| name.as_str()).collect();
        return Err(EngineError::invalid(format!(
            "Duplicate argument names for given function {} with argument names [{}]",
            create.name.name.as_str(),
            names.join(", ")
        )));
    }
    let arguments: Vec<Written<'_>> = create.arguments.iter().map(|(_, written)| Written::new(written)).collect();
    check_arguments(&arguments)?;
    let returns = Written::new(&create.returns);
    check_not_frozen("Return type", &returns)?;
    let Some(keyspace) = request.schema.keyspace(request.keyspace) else {
        return Err(EngineError::invalid(format!("Keyspace '{}' doesn't exist", request.keyspace)));
    };
    for written in arguments.iter().chain([&returns]) {
        written.resolve(keyspace)?;
    }
    Err(EngineError::invalid(format!(
        "Function {}.{} cannot be created: this server does not run functions written in Java",
        request.keyspace,
        create.name.name.as_str()
    )))
}

/// DROP FUNCTION
pub(super) fn drop(drop: &DropFunction<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    drop_missing("Function", &drop.name, drop.arguments.as_deref(), drop.if_exists, request)
}

/// Drops a function or aggregate, of which there is none.
pub(super) fn drop_missing(
    what: &str,
    name: &QualifiedName<'_>,
    arguments: Option<&[Type<'_>]>,
    if_exists: bool,
    request: &Request<'_>,
) -> Result<Change, EngineError> {
    let arguments: Option<Vec<Written<'_>>> = arguments.map(|types| types.iter().map(Written::new).collect());
    if let Some(keyspace) = request.schema.keyspace(request.keyspace) {
        let arguments = arguments.as_deref().unwrap_or_default();
        check_arguments(arguments)?;
        for written in arguments {
            written.resolve(keyspace)?;
        }
    }
    if if_exists {
        return Ok(request.unchanged());
    }
    let signature = arguments.map(|types| types.iter().map(Written::to_string).collect::<Vec<_>>().join(", "));
    let signature = signature.map(|types| format!("({types})")).unwrap_or_default();
    Err(EngineError::invalid(format!("{what} '{}.{}{signature}' doesn't exist", request.keyspace, name.name.as_str())))
}

pub(super) fn check_directives(or_replace: bool, if_not_exists: bool) -> Result<(), EngineError> {
    if or_replace && if_not_exists {
        return Err(EngineError::invalid("Cannot use both 'OR REPLACE' and 'IF NOT EXISTS' directives"));
    }
    Ok(())
}

/// Arguments are never frozen: the function sees values.
pub(super) fn check_arguments(arguments: &[Written<'_>]) -> Result<(), EngineError> {
    arguments.iter().try_for_each(|argument| check_not_frozen("Argument", argument))
}

pub(super) fn check_not_frozen(what: &str, written: &Written<'_>) -> Result<(), EngineError> {
    if written.is_explicitly_frozen() {
        return Err(EngineError::invalid(format!(
            "{what} '{written}' cannot be frozen; remove frozen<> modifier from '{written}'"
        )));
    }
    Ok(())
}
