//! CREATE TYPE.

use std::collections::BTreeSet;
use std::sync::Arc;

use quorate_protocol::cql::ast::CreateType;
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};
use quorate_protocol::value::{CqlType, UserType};

use super::data_type::{Written, check_size};
use super::{Change, Request};
use crate::engine::error::EngineError;

/// CREATE TYPE
pub(super) fn apply(create: &CreateType<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let name = create.name.name.as_str();
    let Some(keyspace) = request.schema.keyspace(request.keyspace) else {
        return Err(EngineError::invalid(format!("Keyspace '{}' doesn't exist", request.keyspace)));
    };
    if keyspace.types.contains_key(name) {
        if create.if_not_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("A user type with name '{name}' already exists")));
    }
    let mut names = BTreeSet::new();
    if let Some((field, _)) = create.fields.iter().find(|(field, _)| !names.insert(field)) {
        return Err(EngineError::invalid(format!("Duplicate field name '{}' in type '{name}'", field.as_str())));
    }
    let written: Vec<Written<'_>> = create.fields.iter().map(|(_, data_type)| Written::new(data_type)).collect();
    written.iter().try_for_each(check_field)?;
    let mut fields = Vec::with_capacity(written.len());
    for ((field, _), data_type) in create.fields.iter().zip(&written) {
        fields.push((field.as_str().to_owned(), data_type.resolve(keyspace)?));
    }
    let definition = Arc::new(UserType { keyspace: request.keyspace.to_owned(), name: name.to_owned(), fields });
    check_size(&CqlType::Udt { definition: Arc::clone(&definition), frozen: true })?;
    let mut next = keyspace.as_ref().clone();
    next.types.insert(Arc::from(name), definition);
    let target = SchemaTarget::Type(name.to_owned());
    Ok(request.change(request.schema.with_keyspace(next), SchemaChangeKind::Created, target))
}

/// What no field can be.
pub(super) fn check_field(written: &Written<'_>) -> Result<(), EngineError> {
    if written.is_counter() {
        return Err(EngineError::invalid("A user type cannot contain counters"));
    }
    if written.is_unfrozen_user_type() {
        return Err(EngineError::invalid("A user type cannot contain non-frozen UDTs"));
    }
    Ok(())
}
