//! A schema as bytes: what is kept on disk.
//!
//! JSON, with a version in front. Types are in CQL, and user types in them go by name: they are listed before they are used.

mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_protocol::value::{CqlType, TypeError, UserType};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use table::TableRecord;

use super::{Keyspace, Schema, ViewDefinition};

/// Larger than this is from a later release. A record may have fields more than its version had, if they can be absent.
const VERSION: u32 = 1;

/// Why bytes are no schema.
#[derive(Debug, Error)]
pub enum RecordError {
    /// No JSON of the form that was written.
    #[error("the schema's record cannot be read")]
    Json(#[from] serde_json::Error),
    /// From a later release.
    #[error("the schema's record is of version {0}, and this release knows {VERSION} at most")]
    Version(u32),
    /// A type that cannot be read, or a user type that is missing.
    #[error("the schema's record has the type {text}")]
    Type {
        /// The type.
        text: String,
        /// What is wrong with it.
        source: TypeError,
    },
    /// The id of a table that is none.
    #[error("the schema's record has the table id {0}")]
    TableId(String),
    /// A user type that is part of itself.
    #[error("the user type {0} is part of itself")]
    CircularType(String),
}

impl Schema {
    /// The bytes to keep.
    ///
    /// # Errors
    /// Where user types contain each other in a circle, which no statement can make.
    pub fn to_record(&self) -> Result<Vec<u8>, RecordError> {
        let keyspaces = self.keyspaces.values().map(|keyspace| KeyspaceRecord::new(keyspace));
        let record = SchemaRecord {
            version: VERSION,
            next_storage: self.next_storage,
            keyspaces: keyspaces.collect::<Result<_, _>>()?,
        };
        Ok(serde_json::to_vec(&record)?)
    }

    /// The schema of which these bytes were kept.
    ///
    /// # Errors
    /// Where the bytes are not what [`Schema::to_record`] writes, or are of a later release.
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let Version { version } = serde_json::from_slice(bytes)?;
        if version > VERSION {
            return Err(RecordError::Version(version));
        }
        let record: SchemaRecord = serde_json::from_slice(bytes)?;
        let mut keyspaces = BTreeMap::new();
        for keyspace in record.keyspaces {
            let keyspace = keyspace.into_keyspace()?;
            keyspaces.insert(Arc::clone(&keyspace.name), Arc::new(keyspace));
        }
        Ok(Schema { keyspaces, next_storage: record.next_storage })
    }
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct SchemaRecord {
    version: u32,
    next_storage: u32,
    keyspaces: Vec<KeyspaceRecord>,
}

#[derive(Serialize, Deserialize)]
struct KeyspaceRecord {
    name: String,
    replication: BTreeMap<String, String>,
    durable_writes: bool,
    is_virtual: bool,
    types: Vec<TypeRecord>,
    tables: Vec<TableRecord>,
    views: Vec<ViewRecord>,
}

#[derive(Serialize, Deserialize)]
struct TypeRecord {
    name: String,
    fields: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct ViewRecord {
    base: String,
    includes_all_columns: bool,
    where_clause: String,
    table: TableRecord,
}

impl KeyspaceRecord {
    fn new(keyspace: &Keyspace) -> Result<Self, RecordError> {
        let views = keyspace.views.values().map(|view| ViewRecord {
            base: view.base.to_string(),
            includes_all_columns: view.includes_all_columns,
            where_clause: view.where_clause.clone(),
            table: TableRecord::new(&view.definition),
        });
        Ok(KeyspaceRecord {
            name: keyspace.name.to_string(),
            replication: keyspace.replication.clone(),
            durable_writes: keyspace.durable_writes,
            is_virtual: keyspace.is_virtual,
            types: types_in_order(keyspace)?,
            tables: keyspace.tables.values().map(|table| TableRecord::new(table)).collect(),
            views: views.collect(),
        })
    }

    fn into_keyspace(self) -> Result<Keyspace, RecordError> {
        let mut keyspace = Keyspace {
            name: Arc::from(self.name),
            replication: self.replication,
            durable_writes: self.durable_writes,
            tables: BTreeMap::new(),
            views: BTreeMap::new(),
            types: BTreeMap::new(),
            is_virtual: self.is_virtual,
        };
        for record in self.types {
            let fields = record.fields.into_iter().map(|(field, text)| Ok((field, read_type(&text, &keyspace)?)));
            let fields = fields.collect::<Result<_, RecordError>>()?;
            let definition = UserType { keyspace: keyspace.name.to_string(), name: record.name.clone(), fields };
            keyspace.types.insert(Arc::from(record.name), Arc::new(definition));
        }
        for record in self.tables {
            let table = record.into_table(&keyspace)?;
            keyspace = keyspace.with_table(table);
        }
        for record in self.views {
            let view = ViewDefinition {
                definition: Arc::new(record.table.into_table(&keyspace)?),
                base: Arc::from(record.base),
                includes_all_columns: record.includes_all_columns,
                where_clause: record.where_clause,
            };
            keyspace = keyspace.with_view(view);
        }
        Ok(keyspace)
    }
}

fn read_type(text: &str, keyspace: &Keyspace) -> Result<CqlType, RecordError> {
    let user_types = |_: Option<&str>, name: &str| keyspace.types.get(name).cloned();
    CqlType::parse(text, &user_types).map_err(|source| RecordError::Type { text: text.to_owned(), source })
}

/// The user types, each behind those that it is made of.
fn types_in_order(keyspace: &Keyspace) -> Result<Vec<TypeRecord>, RecordError> {
    let mut left: BTreeMap<&str, (&UserType, Vec<String>)> = BTreeMap::new();
    for (name, definition) in &keyspace.types {
        let mut needed = Vec::new();
        definition.fields.iter().for_each(|(_, field)| user_types_in(field, &mut needed));
        left.insert(name, (definition, needed));
    }
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(name) = next_type(&left)? {
        if let Some((definition, _)) = left.remove(name) {
            let fields = definition.fields.iter().map(|(field, cql_type)| (field.clone(), cql_type.to_string()));
            ordered.push(TypeRecord { name: definition.name.clone(), fields: fields.collect() });
        }
    }
    Ok(ordered)
}

/// One that needs none of those that are left.
fn next_type<'a>(left: &BTreeMap<&'a str, (&UserType, Vec<String>)>) -> Result<Option<&'a str>, RecordError> {
    let is_ready = |needed: &[String]| needed.iter().all(|name| !left.contains_key(name.as_str()));
    match left.iter().find(|(_, (_, needed))| is_ready(needed)) {
        Some((name, _)) => Ok(Some(name)),
        None => match left.keys().next() {
            Some(name) => Err(RecordError::CircularType((*name).to_owned())),
            None => Ok(None),
        },
    }
}

/// The names of the user types that a type is made of directly.
fn user_types_in(cql_type: &CqlType, names: &mut Vec<String>) {
    match cql_type {
        CqlType::Native(_) | CqlType::Custom(_) => {}
        CqlType::List { element, .. } | CqlType::Set { element, .. } | CqlType::Vector { element, .. } => {
            user_types_in(element, names);
        }
        CqlType::Map { key, value, .. } => {
            user_types_in(key, names);
            user_types_in(value, names);
        }
        CqlType::Tuple(types) => types.iter().for_each(|part| user_types_in(part, names)),
        CqlType::Udt { definition, .. } => names.push(definition.name.clone()),
    }
}
