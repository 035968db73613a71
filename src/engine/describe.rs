//! DESCRIBE (`DescribeStatement`): what there is, and the statements that make it again.

mod cluster;
mod element;
mod keyspace;
mod paging;
mod table;
mod user_type;
mod view;

use std::sync::Arc;

use bytes::Bytes;
use quorate_protocol::cql::ast::{Describe, DescribeTarget, QualifiedName};
use quorate_protocol::message::response::{ColumnSpec, ResultMetadata, Rows, TableSpec};
use quorate_protocol::value::{CqlType, NativeType};

use super::error::EngineError;
use super::recognition::check_name;
use super::schema::{Keyspace, Schema};
use super::system_tables::is_system;
use crate::system::Topology;
use element::Element;
use paging::{rows_before, state_after};

/// What a DESCRIBE is answered from.
#[derive(Clone, Copy, Debug)]
pub struct DescribeContext<'a> {
    /// What is described.
    pub schema: &'a Schema,
    /// The nodes, and the version of the schema: a page of another version is refused.
    pub topology: &'a Topology,
    /// The keyspace of the session.
    pub keyspace: Option<&'a str>,
}

/// Runs a DESCRIBE: the page behind `paging_state`, of `page_size` rows if that is not zero.
///
/// # Errors
/// If what is asked for does not exist, no keyspace is known, or the paging state is not one of this schema.
pub fn execute(
    statement: &Describe<'_>,
    context: &DescribeContext<'_>,
    page_size: usize,
    paging_state: Option<&[u8]>,
) -> Result<Rows, EngineError> {
    refuse_markers(&statement.target)?;
    let version = context.topology.schema_version;
    let skipped = rows_before(paging_state, version)?;
    if statement.target == DescribeTarget::Cluster {
        let rows = if skipped == 0 { vec![cluster::row(context)] } else { Vec::new() };
        return Ok(Rows { metadata: metadata(cluster::columns(context)), rows });
    }
    let (elements, shows_statements) = elements(&statement.target, context)?;
    let columns: &[&str] = &["keyspace_name", "type", "name", "create_statement"];
    let columns = if shows_statements { columns } else { &columns[..3] };
    let taken = if page_size == 0 { usize::MAX } else { page_size };
    let row = |element: &Element<'_>| {
        let mut row = vec![text(element.keyspace()), text(element.kind().to_owned()), text(element.name())];
        if shows_statements {
            row.push(text(element.create_statement(statement.with_internals)));
        }
        row
    };
    let rows: Vec<Vec<Option<Bytes>>> = elements.iter().skip(skipped).take(taken).map(row).collect();
    let text_column = |name: &&str| (String::from(*name), CqlType::from(NativeType::Text));
    let mut metadata = metadata(columns.iter().map(text_column).collect());
    if rows.len() == taken {
        metadata.paging_state = Some(state_after(skipped.saturating_add(taken), version));
    }
    Ok(Rows { metadata, rows })
}

/// Bind markers cannot stand for names, though the grammar takes them.
fn refuse_markers(target: &DescribeTarget<'_>) -> Result<(), EngineError> {
    let (keyspace, name) = match target {
        DescribeTarget::Keyspace { name, .. } => (name.as_ref(), None),
        DescribeTarget::Table(name) | DescribeTarget::Index(name) | DescribeTarget::View(name) => {
            (name.keyspace.as_ref(), Some(&name.name))
        }
        _ => return Ok(()),
    };
    keyspace.map_or(Ok(()), |name| check_name(name, "keyspace"))?;
    name.map_or(Ok(()), |name| check_name(name, "table"))
}

/// What is described, in order, and whether with its CREATE statement.
fn elements<'a>(
    target: &DescribeTarget<'_>,
    context: &DescribeContext<'a>,
) -> Result<(Vec<Element<'a>>, bool), EngineError> {
    let schema = context.schema;
    Ok(match target {
        // it has rows of its own
        DescribeTarget::Cluster => (Vec::new(), false),
        DescribeTarget::Keyspaces => (element::keyspaces(schema).map(|it| Element::Keyspace(it)).collect(), false),
        DescribeTarget::Tables => (listed(context, element::tables)?, false),
        DescribeTarget::Types => (listed(context, element::types)?, false),
        // there are none, but the keyspace of the session must exist
        DescribeTarget::Functions | DescribeTarget::Aggregates => (listed(context, |_| Vec::new())?, false),
        DescribeTarget::Schema { full } => {
            let keyspaces = element::keyspaces(schema).filter(|keyspace| *full || !is_system(&keyspace.name));
            (keyspaces.flat_map(element::of_keyspace).collect(), true)
        }
        DescribeTarget::Keyspace { name, only } => {
            let keyspace = keyspace(name.as_ref().map(AsRef::as_ref), context)?;
            (if *only { vec![Element::Keyspace(keyspace)] } else { element::of_keyspace(keyspace) }, true)
        }
        DescribeTarget::Table(name) => (found(name, context, table_of)?, true),
        DescribeTarget::Index(name) => (found(name, context, index_of)?, true),
        DescribeTarget::View(name) => (found(name, context, view_of)?, true),
        DescribeTarget::Type(name) => (found(name, context, type_of)?, true),
        DescribeTarget::Function(name) => {
            (found(name, context, |of, name| Err(no_function("function", name, of)))?, true)
        }
        DescribeTarget::Aggregate(name) => {
            (found(name, context, |of, name| Err(no_function("aggregate", name, of)))?, true)
        }
        DescribeTarget::Any(name) => (any(name, context)?, true),
    })
}

/// Of the session's keyspace, or else of all.
fn listed<'a>(
    context: &DescribeContext<'a>,
    of: impl Fn(&'a Arc<Keyspace>) -> Vec<Element<'a>>,
) -> Result<Vec<Element<'a>>, EngineError> {
    match context.keyspace {
        Some(name) => Ok(of(known(name, context.schema)?)),
        None => Ok(element::keyspaces(context.schema).flat_map(of).collect()),
    }
}

fn found<'a>(
    name: &QualifiedName<'_>,
    context: &DescribeContext<'a>,
    find: impl Fn(&'a Arc<Keyspace>, &str) -> Result<Vec<Element<'a>>, EngineError>,
) -> Result<Vec<Element<'a>>, EngineError> {
    let keyspace = keyspace(name.keyspace.as_ref().map(AsRef::as_ref), context)?;
    find(keyspace, name.name.as_str())
}

/// The keyspace that is named, or else the session's.
fn keyspace<'a>(name: Option<&str>, context: &DescribeContext<'a>) -> Result<&'a Arc<Keyspace>, EngineError> {
    let unknown = || EngineError::invalid("No keyspace specified and no current keyspace");
    known(name.or(context.keyspace).ok_or_else(unknown)?, context.schema)
}

fn known<'a>(name: &str, schema: &'a Schema) -> Result<&'a Arc<Keyspace>, EngineError> {
    schema.keyspace(name).ok_or_else(|| EngineError::invalid(format!("'{name}' not found in keyspaces")))
}

fn table_of<'a>(keyspace: &'a Arc<Keyspace>, name: &str) -> Result<Vec<Element<'a>>, EngineError> {
    let table = keyspace
        .tables
        .get(name)
        .ok_or_else(|| EngineError::invalid(format!("Table '{name}' not found in keyspace '{}'", keyspace.name)))?;
    Ok(element::of_table(keyspace, table))
}

fn index_of<'a>(keyspace: &'a Arc<Keyspace>, name: &str) -> Result<Vec<Element<'a>>, EngineError> {
    element::index(keyspace, name).map(|index| vec![index]).ok_or_else(|| {
        EngineError::invalid(format!("Table for existing index '{name}' not found in '{}'", keyspace.name))
    })
}

fn view_of<'a>(keyspace: &'a Arc<Keyspace>, name: &str) -> Result<Vec<Element<'a>>, EngineError> {
    let view = keyspace
        .views
        .get(name)
        .ok_or_else(|| EngineError::invalid(format!("Materialized view '{name}' not found in '{}'", keyspace.name)))?;
    Ok(vec![Element::View(view)])
}

fn type_of<'a>(keyspace: &'a Arc<Keyspace>, name: &str) -> Result<Vec<Element<'a>>, EngineError> {
    let user_type = keyspace
        .types
        .get(name)
        .ok_or_else(|| EngineError::invalid(format!("User defined type '{name}' not found in '{}'", keyspace.name)))?;
    Ok(vec![Element::Type(user_type)])
}

fn no_function(kind: &str, name: &str, keyspace: &Keyspace) -> EngineError {
    EngineError::invalid(format!("User defined {kind} '{name}' not found in '{}'", keyspace.name))
}

/// A name alone: a keyspace, table, index or view, in this order.
fn any<'a>(name: &QualifiedName<'_>, context: &DescribeContext<'a>) -> Result<Vec<Element<'a>>, EngineError> {
    let (name, named) = (name.name.as_str(), name.keyspace.as_ref().map(AsRef::as_ref));
    if named.is_none()
        && let Some(keyspace) = context.schema.keyspace(name)
    {
        return Ok(element::of_keyspace(keyspace));
    }
    let keyspace = known(named.or(context.keyspace).unwrap_or(name), context.schema)?;
    if keyspace.tables.contains_key(name) {
        return table_of(keyspace, name);
    }
    if let Some(index) = element::index(keyspace, name) {
        return Ok(vec![index]);
    }
    if keyspace.views.contains_key(name) {
        return view_of(keyspace, name);
    }
    Err(EngineError::invalid(format!("'{name}' not found in keyspace '{}'", keyspace.name)))
}

fn metadata(columns: Vec<(String, CqlType)>) -> ResultMetadata {
    let table = Arc::new(TableSpec { keyspace: "system".to_owned(), table: "describe".to_owned() });
    let column = |(name, cql_type)| ColumnSpec { table: Arc::clone(&table), name, cql_type };
    ResultMetadata::new(columns.into_iter().map(column).collect())
}

fn text(text: String) -> Option<Bytes> {
    Some(text.into())
}

#[cfg(test)]
mod tests;
