//! CREATE TRIGGER and DROP TRIGGER. A trigger is a class in Java, so none can be loaded here.

use quorate_protocol::cql::ast::{CreateTrigger, DropTrigger};
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};

use super::{Change, Request};
use crate::engine::error::EngineError;

/// CREATE TRIGGER
pub(super) fn create(create: &CreateTrigger<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let table_name = create.table.name.as_str();
    let Some(keyspace) = request.schema.keyspace(request.keyspace) else {
        return Err(EngineError::invalid(format!("Keyspace '{}' doesn't exist", request.keyspace)));
    };
    let Some(table) = keyspace.table_or_view(table_name) else {
        return Err(EngineError::invalid(format!("Table '{table_name}' doesn't exist")));
    };
    if keyspace.views.contains_key(table_name) {
        return Err(EngineError::invalid("Cannot CREATE TRIGGER for a materialized view"));
    }
    if table.triggers.contains_key(create.name.as_str()) {
        if create.if_not_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("Trigger '{}' already exists", create.name.as_str())));
    }
    Err(EngineError::invalid(format!("Trigger class '{}' couldn't be loaded", create.class)))
}

/// DROP TRIGGER
pub(super) fn drop(drop: &DropTrigger<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let (name, table_name) = (drop.name.as_str(), drop.table.name.as_str());
    let keyspace = request.schema.keyspace(request.keyspace);
    let found = keyspace.and_then(|keyspace| Some((keyspace, keyspace.tables.get(table_name)?)));
    let Some((keyspace, table)) = found.filter(|(_, table)| table.triggers.contains_key(name)) else {
        if drop.if_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!(
            "Trigger '{name}' on '{}.{table_name}' doesn't exist",
            request.keyspace
        )));
    };
    let mut next = table.as_ref().clone();
    next.triggers.remove(name);
    let target = SchemaTarget::Table(table_name.to_owned());
    let schema = request.schema.with_keyspace(keyspace.with_table(next));
    Ok(request.change(schema, SchemaChangeKind::Updated, target))
}
