//! DROP INDEX.

use quorate_protocol::cql::ast::DropIndex;
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};

use super::{Change, Request};
use crate::engine::error::EngineError;

/// DROP INDEX
pub(super) fn apply(drop: &DropIndex<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let name = drop.name.name.as_str();
    let keyspace = request.schema.keyspace(request.keyspace);
    let found = keyspace.and_then(|keyspace| Some((keyspace, keyspace.indexed_table(name)?)));
    let Some((keyspace, table)) = found else {
        if drop.if_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("Index '{}.{name}' doesn't exist'", request.keyspace)));
    };
    let mut next = table.as_ref().clone();
    let removed = next.indexes.remove(name);
    let target = SchemaTarget::Table(table.name().to_owned());
    let schema = request.schema.with_keyspace(keyspace.with_table(next));
    let mut change = request.change(schema, SchemaChangeKind::Updated, target);
    change.removed.extend(removed.map(|index| index.storage));
    Ok(change)
}
