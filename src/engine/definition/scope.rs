//! Which keyspace a statement is about, whether it may be changed, and which names can be given.

use quorate_protocol::cql::ast::{
    AlterTableAction, AlterTypeAction, CreateView, Name, QualifiedName, Statement, TableItem, Type,
};

use super::create_table;
use super::data_type::Written;
use crate::engine::error::EngineError;
use crate::engine::recognition::check_name;
use crate::engine::schema::Schema;

pub(super) const NO_DEFINITION: &str = "The statement defines nothing";

const NO_KEYSPACE: &str = "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename";

/// Keyspaces of one node alone, and virtual ones (`SchemaConstants`).
const LOCAL_SYSTEM_KEYSPACES: [&str; 4] = ["system", "system_schema", "system_views", "system_virtual_schema"];

/// System keyspaces that all nodes share.
const SHARED_SYSTEM_KEYSPACES: [&str; 3] = ["system_traces", "system_auth", "system_distributed"];

/// Whether it is a keyspace of one node alone, or virtual.
pub(super) fn is_local_system_keyspace(keyspace: &str) -> bool {
    LOCAL_SYSTEM_KEYSPACES.contains(&keyspace.to_lowercase().as_str())
}

/// Whether it is a system keyspace that all nodes share.
pub(super) fn is_shared_system_keyspace(keyspace: &str) -> bool {
    SHARED_SYSTEM_KEYSPACES.contains(&keyspace.to_lowercase().as_str())
}

/// The keyspace that the statement is about, after what Cassandra's parser checks beyond the grammar and what the statement
/// alone shows to be wrong.
pub(super) fn keyspace_of<'a>(
    statement: &'a Statement<'_>,
    session_keyspace: Option<&'a str>,
) -> Result<&'a str, EngineError> {
    check_markers(statement)?;
    types(statement).into_iter().try_for_each(Written::check)?;
    if let Statement::CreateTable(create) = statement {
        create_table::check_declarations(create)?;
    }
    if let Statement::CreateView(create) = statement {
        create_table::check_clustering_order(&create.options, &create.name, "view")?;
    }
    let named = match statement {
        Statement::CreateKeyspace(_) | Statement::AlterKeyspace(_) | Statement::DropKeyspace(_) => statement.keyspace(),
        _ => statement.table().or_else(|| statement.schema_object()).and_then(|name| name.keyspace.as_ref()),
    };
    let keyspace = named.map(Name::as_str).or(session_keyspace).ok_or_else(|| EngineError::invalid(NO_KEYSPACE))?;
    match statement {
        Statement::CreateTable(create) => create_table::check_has_primary_key(create)?,
        Statement::CreateView(create) => check_view(create, !statement.markers().is_empty(), keyspace)?,
        _ => {}
    }
    Ok(keyspace)
}

/// Refuses the keyspaces of the system, and names that no keyspace can have (`AlterSchemaStatement.execute`).
pub(super) fn check_modifiable(schema: &Schema, keyspace: &str) -> Result<(), EngineError> {
    if is_local_system_keyspace(keyspace) {
        return Err(EngineError::invalid(format!("System keyspace '{keyspace}' is not user-modifiable")));
    }
    if schema.keyspace(keyspace).is_some_and(|keyspace| keyspace.is_virtual) {
        return Err(EngineError::invalid(format!("Virtual keyspace '{keyspace}' is not user-modifiable")));
    }
    const LENGTH_MAX: usize = 48;
    if !is_word(keyspace) {
        return Err(EngineError::invalid(format!(
            "Keyspace name must not be empty and must contain alphanumeric or underscore characters only \
             (got \"{keyspace}\")"
        )));
    }
    if keyspace.len() > LENGTH_MAX {
        return Err(EngineError::invalid(format!(
            "Keyspace name must not be more than {LENGTH_MAX} characters long (got {} characters for \"{keyspace}\")",
            keyspace.len()
        )));
    }
    Ok(())
}

/// Refuses names that no table or view can have (`TableMetadata.validate`).
pub(super) fn check_table_name(keyspace: &str, table: &str) -> Result<(), EngineError> {
    const LENGTH_MAX: usize = 222;
    if !is_word(table) {
        return Err(EngineError::configuration(format!(
            "{keyspace}.{table}: Table name must not be empty or not contain non-alphanumeric-underscore characters \
             (got \"{table}\")"
        )));
    }
    if table.len() > LENGTH_MAX {
        return Err(EngineError::configuration(format!(
            "{keyspace}.{table}: Table name must not be more than {LENGTH_MAX} characters long \
             (got {} characters for \"{table}\")",
            table.len()
        )));
    }
    Ok(())
}

/// Whether the text is of letters of the alphabet, digits and underscores, and not empty (`\w+`).
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `name`, or `keyspace.name` if it was written so, without quotes.
pub(super) fn written(name: &QualifiedName<'_>) -> String {
    match &name.keyspace {
        Some(keyspace) => format!("{}.{}", keyspace.as_str(), name.name.as_str()),
        None => name.name.as_str().to_owned(),
    }
}

/// Every type that the statement writes.
fn types<'s, 'a>(statement: &'s Statement<'a>) -> Vec<&'s Type<'a>> {
    match statement {
        Statement::CreateTable(create) => {
            let columns = create.items.iter().filter_map(|item| match item {
                TableItem::Column { definition, .. } => Some(&definition.data_type),
                TableItem::PrimaryKey(_) => None,
            });
            columns.collect()
        }
        Statement::AlterTable(alter) => match &alter.action {
            AlterTableAction::AlterType { data_type, .. } => vec![data_type],
            AlterTableAction::Add { columns, .. } => columns.iter().map(|column| &column.data_type).collect(),
            _ => Vec::new(),
        },
        Statement::CreateType(create) => create.fields.iter().map(|(_, data_type)| data_type).collect(),
        Statement::AlterType(alter) => match &alter.action {
            AlterTypeAction::Alter { data_type, .. } | AlterTypeAction::Add { data_type, .. } => vec![data_type],
            AlterTypeAction::Rename { .. } => Vec::new(),
        },
        Statement::CreateFunction(create) => {
            create.arguments.iter().map(|(_, data_type)| data_type).chain([&create.returns]).collect()
        }
        Statement::CreateAggregate(create) => create.arguments.iter().chain([&create.state_type]).collect(),
        Statement::DropFunction(drop) => drop.arguments.iter().flatten().collect(),
        Statement::DropAggregate(drop) => drop.arguments.iter().flatten().collect(),
        _ => Vec::new(),
    }
}

/// The grammar takes a marker for a name only to refuse it with a message.
fn check_markers(statement: &Statement<'_>) -> Result<(), EngineError> {
    let index = match statement {
        Statement::CreateIndex(create) => create.name.as_ref(),
        Statement::DropIndex(drop) => Some(&drop.name.name),
        _ => None,
    };
    let view_base = match statement {
        Statement::CreateView(create) => Some(&create.from),
        _ => None,
    };
    index.map_or(Ok(()), |name| check_name(name, "index"))?;
    let keyspaces = [statement.keyspace(), view_base.and_then(|base| base.keyspace.as_ref())];
    keyspaces.into_iter().flatten().try_for_each(|name| check_name(name, "keyspace"))?;
    let tables = [statement.table(), view_base];
    tables.into_iter().flatten().try_for_each(|table| check_name(&table.name, "table"))
}

fn check_view(create: &CreateView<'_>, has_markers: bool, keyspace: &str) -> Result<(), EngineError> {
    if create.from.keyspace.as_ref().is_some_and(|from| from.as_str() != keyspace) {
        return Err(EngineError::invalid("Cannot create a materialized view on a table in a different keyspace"));
    }
    if has_markers {
        return Err(EngineError::invalid("Bind variables are not allowed in CREATE MATERIALIZED VIEW statements"));
    }
    Ok(())
}
