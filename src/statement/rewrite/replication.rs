//! CREATE and ALTER KEYSPACE with a store's own replication.

use quorate_protocol::cql;
use quorate_protocol::cql::ast::{Name, Property, PropertyValue, Statement};
use thiserror::Error;

const REPLICATION: &str = "replication";

/// Why the replication of a keyspace could not be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplicationError {
    /// The statement does not create or alter a keyspace.
    #[error("the statement neither creates nor alters a keyspace")]
    Statement,
    /// The replication is no map of CQL.
    #[error("the replication is no map such as {{'class': 'SimpleStrategy', 'replication_factor': 1}}")]
    Map,
}

/// The statement, a CREATE or ALTER KEYSPACE, with another replication, which is written as a map of CQL. An ALTER that
/// does not change the replication stays as it is.
///
/// # Errors
/// If it is another statement, or the replication no map.
pub fn with_replication(text: &str, replication: &str) -> Result<String, ReplicationError> {
    let alteration = format!("ALTER KEYSPACE k WITH {REPLICATION} = {replication}");
    let map = match cql::parse(&alteration) {
        Ok(Statement::AlterKeyspace(parsed)) => match <[Property<'_>; 1]>::try_from(parsed.properties) {
            Ok([Property { value: PropertyValue::Map(map), .. }]) => PropertyValue::Map(map),
            _ => return Err(ReplicationError::Map),
        },
        _ => return Err(ReplicationError::Map),
    };
    let mut tree = cql::parse(text).map_err(|_| ReplicationError::Statement)?;
    let (properties, creates) = match &mut tree {
        Statement::CreateKeyspace(create) => (&mut create.properties, true),
        Statement::AlterKeyspace(alter) => (&mut alter.properties, false),
        _ => return Err(ReplicationError::Statement),
    };
    match properties.iter_mut().find(|property| property.name == REPLICATION) {
        Some(property) => property.value = map,
        None if creates => properties.push(Property { name: Name::new(REPLICATION), value: map }),
        None => {}
    }
    Ok(tree.to_string())
}
