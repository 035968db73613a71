//! `ALTER TABLE … WITH`

use quorate_protocol::cql::ast::Property;

use super::Altered;
use crate::engine::definition::table_attributes::TableAttributes;
use crate::engine::error::EngineError;
use crate::engine::schema::TableDefinition;

pub(super) fn apply(
    altered: &mut Altered,
    table: &TableDefinition,
    properties: &[Property<'_>],
) -> Result<(), EngineError> {
    let attributes = TableAttributes::read(properties)?;
    attributes.check()?;
    if attributes.id()?.is_some() {
        return Err(EngineError::configuration("Cannot alter table id."));
    }
    let options = attributes.apply_to(&table.options);
    if table.flags.counter && options.default_time_to_live_seconds > 0 {
        return Err(EngineError::invalid("Cannot set default_time_to_live on a table with counters"));
    }
    if options.gc_grace_seconds == 0 && altered.keyspace.views_of(table.name()).next().is_some() {
        return Err(EngineError::invalid(
            "Cannot alter gc_grace_seconds of the base table of a materialized view to 0, since this value is used to \
             TTL undelivered updates. Setting gc_grace_seconds too low might cause undelivered updates to expire \
             before being replayed.",
        ));
    }
    altered.put_table(table.with_options(options));
    Ok(())
}
