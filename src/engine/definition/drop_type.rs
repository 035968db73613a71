//! DROP TYPE.

use quorate_protocol::cql::ast::DropType;
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};

use super::data_type::references_user_type;
use super::{Change, Request};
use crate::engine::error::EngineError;

/// DROP TYPE
pub(super) fn apply(drop: &DropType<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let name = drop.name.name.as_str();
    let keyspace = request.schema.keyspace(request.keyspace).filter(|keyspace| keyspace.types.contains_key(name));
    let Some(keyspace) = keyspace else {
        if drop.if_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("Type '{}.{name}' doesn't exist", request.keyspace)));
    };
    let refuse = |what: &str, users: &[&str]| {
        Err(EngineError::invalid(format!(
            "Cannot drop user type '{}.{name}' as it is still used by {what} {}",
            request.keyspace,
            users.join(", ")
        )))
    };
    let types = keyspace
        .types
        .values()
        .filter(|other| other.name != name && other.fields.iter().any(|(_, field)| references_user_type(field, name)));
    let types: Vec<&str> = types.map(|other| other.name.as_str()).collect();
    if !types.is_empty() {
        return refuse("user types", &types);
    }
    let tables = keyspace
        .tables
        .values()
        .filter(|table| table.table.columns().iter().any(|column| references_user_type(&column.cql_type, name)));
    let tables: Vec<&str> = tables.map(|table| table.name()).collect();
    if !tables.is_empty() {
        return refuse("tables", &tables);
    }
    let mut next = keyspace.as_ref().clone();
    next.types.remove(name);
    let target = SchemaTarget::Type(name.to_owned());
    Ok(request.change(request.schema.with_keyspace(next), SchemaChangeKind::Dropped, target))
}
