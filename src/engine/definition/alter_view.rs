//! ALTER MATERIALIZED VIEW.

use quorate_protocol::cql::ast::AlterView;
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};

use super::table_attributes::TableAttributes;
use super::{Change, Request};
use crate::engine::error::EngineError;
use crate::engine::schema::ViewDefinition;

/// ALTER MATERIALIZED VIEW
pub(super) fn apply(alter: &AlterView<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let name = alter.name.name.as_str();
    let keyspace = request.schema.keyspace(request.keyspace);
    let Some((keyspace, view)) = keyspace.and_then(|keyspace| Some((keyspace, keyspace.views.get(name)?))) else {
        if alter.if_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("Materialized view '{}.{name}' doesn't exist", request.keyspace)));
    };
    let attributes = TableAttributes::read(&alter.properties)?;
    attributes.check()?;
    if attributes.id()?.is_some() {
        return Err(EngineError::configuration("Cannot alter table id."));
    }
    let options = attributes.apply_to(&view.definition.options);
    if options.gc_grace_seconds == 0 {
        return Err(EngineError::invalid(
            "Cannot alter gc_grace_seconds of a materialized view to 0, since this value is used to TTL undelivered \
             updates. Setting gc_grace_seconds too low might cause undelivered updates to expire before being replayed.",
        ));
    }
    if options.default_time_to_live_seconds > 0 {
        return Err(EngineError::invalid(
            "Forbidden default_time_to_live detected for a materialized view. Data in a materialized view always \
             expire at the same time than the corresponding data in the parent table. default_time_to_live must be \
             set to zero, see CASSANDRA-12868 for more information",
        ));
    }
    let definition = view.definition.with_options(options).into();
    let next = keyspace.with_view(ViewDefinition { definition, ..view.as_ref().clone() });
    let target = SchemaTarget::Table(name.to_owned());
    Ok(request.change(request.schema.with_keyspace(next), SchemaChangeKind::Updated, target))
}
