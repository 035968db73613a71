//! What nobody may do, whoever it is: to change the keyspaces of the system
//! (`ClientState.preventSystemKSSchemaModification`).

use quorate_protocol::cql::ast::Statement;

use super::scope::{is_local_system_keyspace, is_shared_system_keyspace};
use crate::engine::error::EngineError;
use crate::engine::schema::Schema;

/// Refuses statements about keyspaces of the system as Cassandra's check of permissions does. Some kinds of statements pass
/// it there, and are refused afterwards.
pub(super) fn check(schema: &Schema, statement: &Statement<'_>, keyspace: &str) -> Result<(), EngineError> {
    let Some((permission, resource)) = needed(schema, statement, keyspace) else { return Ok(()) };
    if is_local_system_keyspace(keyspace) {
        return Err(EngineError::Unauthorized(format!("{keyspace} keyspace is not user-modifiable.")));
    }
    let is_replication = permission == "ALTER" && matches!(resource, Resource::Keyspace);
    if is_shared_system_keyspace(keyspace) && !is_replication {
        let resource = match resource {
            Resource::Keyspace => format!("<keyspace {keyspace}>"),
            Resource::AllTables => format!("<all tables in {keyspace}>"),
            Resource::Table(table) => format!("<table {keyspace}.{table}>"),
        };
        return Err(EngineError::Unauthorized(format!("Cannot {permission} {resource}")));
    }
    Ok(())
}

/// What a permission is on, within the keyspace.
enum Resource<'a> {
    Keyspace,
    AllTables,
    Table(&'a str),
}

/// The permission that the statement needs, where it is one on data.
fn needed<'a>(
    schema: &'a Schema,
    statement: &'a Statement<'_>,
    keyspace: &str,
) -> Option<(&'static str, Resource<'a>)> {
    let base_of_view = |view: &str| schema.view(keyspace, view).map(|view| Resource::Table(view.base.as_ref()));
    Some(match statement {
        Statement::AlterKeyspace(_) => ("ALTER", Resource::Keyspace),
        Statement::DropKeyspace(_) => ("DROP", Resource::Keyspace),
        Statement::CreateTable(_) | Statement::CreateType(_) => ("CREATE", Resource::AllTables),
        Statement::AlterType(_) => ("ALTER", Resource::AllTables),
        Statement::DropType(_) => ("DROP", Resource::AllTables),
        Statement::AlterTable(alter) => ("ALTER", Resource::Table(alter.name.name.as_str())),
        Statement::DropTable(drop) => ("DROP", Resource::Table(drop.name.name.as_str())),
        Statement::CreateIndex(create) => ("ALTER", Resource::Table(create.table.name.as_str())),
        Statement::CreateView(create) => ("ALTER", Resource::Table(create.from.name.as_str())),
        Statement::DropIndex(drop) => {
            let table = schema.keyspace(keyspace)?.indexed_table(drop.name.name.as_str())?;
            ("ALTER", Resource::Table(table.name()))
        }
        Statement::AlterView(alter) => ("ALTER", base_of_view(alter.name.name.as_str())?),
        Statement::DropView(drop) => ("ALTER", base_of_view(drop.name.name.as_str())?),
        _ => return None,
    })
}
