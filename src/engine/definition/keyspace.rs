//! CREATE, ALTER and DROP KEYSPACE.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_protocol::cql::ast::{AlterKeyspace, CreateKeyspace, DropKeyspace, Property};
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};

use super::attributes::Attributes;
use super::replication;
use super::{Change, Request};
use crate::engine::error::EngineError;
use crate::engine::schema::Keyspace;

/// CREATE KEYSPACE
pub(super) fn create(create: &CreateKeyspace<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let name = request.keyspace;
    let (attributes, replication) = read(&create.properties)?;
    if !attributes.has("replication") {
        return Err(EngineError::invalid("Missing mandatory option 'replication'"));
    }
    if request.schema.keyspace(name).is_some() {
        if create.if_not_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::AlreadyExists { keyspace: name.to_owned(), table: String::new() });
    }
    let durable_writes = attributes.boolean("durable_writes")?.unwrap_or(true);
    let replication = replication::resolve(name, replication.unwrap_or_default(), &BTreeMap::new())?;
    let keyspace = Keyspace {
        name: Arc::from(name),
        replication,
        durable_writes,
        tables: BTreeMap::new(),
        views: BTreeMap::new(),
        types: BTreeMap::new(),
        is_virtual: false,
    };
    let schema = request.schema.with_keyspace(keyspace);
    Ok(request.change(schema, SchemaChangeKind::Created, SchemaTarget::Keyspace))
}

/// ALTER KEYSPACE
pub(super) fn alter(alter: &AlterKeyspace<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let name = request.keyspace;
    let (attributes, replication) = read(&alter.properties)?;
    let Some(keyspace) = request.schema.keyspace(name) else {
        if alter.if_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("Keyspace '{name}' doesn't exist")));
    };
    let mut next = keyspace.as_ref().clone();
    next.durable_writes = attributes.boolean("durable_writes")?.unwrap_or(next.durable_writes);
    if let Some(replication) = replication.filter(|replication| !replication.is_empty()) {
        next.replication = replication::resolve(name, replication, &keyspace.replication)?;
    }
    let grows = replication::replicas(&next.replication) > replication::replicas(&keyspace.replication);
    let mut change =
        request.change(request.schema.with_keyspace(next), SchemaChangeKind::Updated, SchemaTarget::Keyspace);
    if grows {
        let warning =
            "When increasing replication factor you need to run a full (-full) repair to distribute the data.";
        change.warnings.push(warning.to_owned());
    }
    Ok(change)
}

/// DROP KEYSPACE
pub(super) fn drop(drop: &DropKeyspace<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let mut schema = request.schema.clone();
    let Some(keyspace) = schema.keyspaces.remove(request.keyspace) else {
        if drop.if_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("Keyspace '{}' doesn't exist", request.keyspace)));
    };
    let mut change = request.change(schema, SchemaChangeKind::Dropped, SchemaTarget::Keyspace);
    change.removed = keyspace.tables_and_views().flat_map(|table| table.storages()).collect();
    Ok(change)
}

/// The attributes, and the replication among them (`KeyspaceAttributes.validate`).
fn read<'a>(properties: &'a [Property<'a>]) -> Result<(Attributes<'a>, Option<BTreeMap<String, String>>), EngineError> {
    let attributes = Attributes::new(properties);
    attributes.check_names(&["durable_writes", "replication"])?;
    let replication = attributes.map("replication")?;
    if replication.as_ref().is_some_and(|options| !options.is_empty() && !options.contains_key("class")) {
        return Err(EngineError::configuration("Missing replication strategy class"));
    }
    Ok((attributes, replication))
}
