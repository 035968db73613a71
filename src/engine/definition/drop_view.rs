//! DROP MATERIALIZED VIEW.

use quorate_protocol::cql::ast::DropView;
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};

use super::{Change, Request};
use crate::engine::error::EngineError;

/// DROP MATERIALIZED VIEW
pub(super) fn apply(drop: &DropView<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let name = drop.name.name.as_str();
    let keyspace = request.schema.keyspace(request.keyspace);
    let Some((keyspace, view)) = keyspace.and_then(|keyspace| Some((keyspace, keyspace.views.get(name)?))) else {
        if drop.if_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("Materialized view '{}.{name}' doesn't exist", request.keyspace)));
    };
    let mut next = keyspace.as_ref().clone();
    next.views.remove(name);
    let target = SchemaTarget::Table(name.to_owned());
    let mut change = request.change(request.schema.with_keyspace(next), SchemaChangeKind::Dropped, target);
    change.removed.extend(view.definition.storages());
    Ok(change)
}
