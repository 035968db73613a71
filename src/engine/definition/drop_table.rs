//! DROP TABLE.

use quorate_protocol::cql::ast::DropTable;
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};

use super::{Change, Request};
use crate::engine::error::EngineError;

/// DROP TABLE
pub(super) fn apply(drop: &DropTable<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let name = drop.name.name.as_str();
    let keyspace = request.schema.keyspace(request.keyspace);
    let Some((keyspace, table)) = keyspace.and_then(|keyspace| Some((keyspace, keyspace.table_or_view(name)?))) else {
        if drop.if_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("Table '{}.{name}' doesn't exist", request.keyspace)));
    };
    if keyspace.views.contains_key(name) {
        return Err(EngineError::invalid(
            "Cannot use DROP TABLE on a materialized view. Please use DROP MATERIALIZED VIEW instead.",
        ));
    }
    if keyspace.views_of(name).next().is_some() {
        // where the message means to name the views, Cassandra names the keyspace
        return Err(EngineError::invalid(format!(
            "Cannot drop a table when materialized views still depend on it ({})",
            request.keyspace
        )));
    }
    let mut next = keyspace.as_ref().clone();
    next.tables.remove(name);
    let target = SchemaTarget::Table(name.to_owned());
    let mut change = request.change(request.schema.with_keyspace(next), SchemaChangeKind::Dropped, target);
    change.removed.extend(table.storages());
    Ok(change)
}
