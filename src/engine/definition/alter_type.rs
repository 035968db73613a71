//! ALTER TYPE.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_protocol::cql::ast::{AlterType, AlterTypeAction, Name, Type};
use quorate_protocol::message::response::{SchemaChangeKind, SchemaTarget};
use quorate_protocol::value::{CqlType, UserType};

use super::create_type::check_field;
use super::data_type::{Written, check_size, references_user_type};
use super::{Change, Request};
use crate::engine::error::EngineError;
use crate::engine::schema::{Keyspace, TableDefinition, ViewDefinition};

/// ALTER TYPE
pub(super) fn apply(alter: &AlterType<'_>, request: &Request<'_>) -> Result<Change, EngineError> {
    let name = alter.name.name.as_str();
    let keyspace = request.schema.keyspace(request.keyspace);
    let found = keyspace.and_then(|keyspace| Some((keyspace, keyspace.types.get(name)?)));
    let Some((keyspace, user_type)) = found else {
        if alter.if_exists {
            return Ok(request.unchanged());
        }
        return Err(EngineError::invalid(format!("Type {}.{name} doesn't exist", request.keyspace)));
    };
    let changed = match &alter.action {
        AlterTypeAction::Alter { .. } => {
            return Err(EngineError::invalid("Altering field types is no longer supported"));
        }
        AlterTypeAction::Add { if_not_exists, field, data_type } => {
            add(keyspace, user_type, field, data_type, *if_not_exists)?
        }
        AlterTypeAction::Rename { if_exists, fields } => rename(request.keyspace, user_type, fields, *if_exists)?,
    };
    let next = with_user_type(keyspace, changed)?;
    let target = SchemaTarget::Type(name.to_owned());
    Ok(request.change(request.schema.with_keyspace(next), SchemaChangeKind::Updated, target))
}

fn add(
    keyspace: &Keyspace,
    user_type: &UserType,
    field: &Name<'_>,
    data_type: &Type<'_>,
    if_not_exists: bool,
) -> Result<UserType, EngineError> {
    let written = Written::new(data_type);
    check_field(&written)?;
    let (field, type_name) = (field.as_str(), format!("{}.{}", keyspace.name, user_type.name));
    if user_type.fields.iter().any(|(name, _)| name == field) {
        if if_not_exists {
            return Ok(user_type.clone());
        }
        return Err(EngineError::invalid(format!(
            "Cannot add field {field} to type {type_name}: a field with name {field} already exists"
        )));
    }
    let resolved = written.resolve(keyspace)?;
    let shown = written.qualified(&keyspace.name);
    if references_user_type(&resolved, &user_type.name) {
        return Err(EngineError::invalid(format!(
            "Cannot add new field {field} of type {shown} to user type {type_name} as it would create a circular \
             reference"
        )));
    }
    let in_key = |table: &&Arc<TableDefinition>| {
        table.table.partition_key().iter().any(|column| references_user_type(&column.cql_type, &user_type.name))
    };
    let tables: Vec<String> = keyspace.tables_and_views().filter(in_key).map(|table| table.display_name()).collect();
    if !tables.is_empty() {
        return Err(EngineError::invalid(format!(
            "Cannot add new field {field} of type {shown} to user type {type_name} as the type is being used in \
             partition key by the following tables: {}",
            tables.join(", ")
        )));
    }
    let mut changed = user_type.clone();
    changed.fields.push((field.to_owned(), resolved));
    Ok(changed)
}

fn rename(
    keyspace: &str,
    user_type: &UserType,
    renamed: &[(Name<'_>, Name<'_>)],
    if_exists: bool,
) -> Result<UserType, EngineError> {
    let mut changed = user_type.clone();
    for (from, to) in renamed {
        let index = user_type.fields.iter().position(|(name, _)| name == from.as_str());
        match index.and_then(|index| changed.fields.get_mut(index)) {
            Some((name, _)) => to.as_str().clone_into(name),
            None if if_exists => {}
            None => {
                return Err(EngineError::invalid(format!(
                    "Unkown field {} in user type {keyspace}.{}",
                    from.as_str(),
                    user_type.name
                )));
            }
        }
    }
    let is_twice = |name: &str| changed.fields.iter().filter(|(other, _)| other == name).count() > 1;
    if let Some((name, _)) = changed.fields.iter().find(|(name, _)| is_twice(name)) {
        // where the message means to name the type, Cassandra names the keyspace
        return Err(EngineError::invalid(format!("Duplicate field name {name} in type {keyspace}")));
    }
    Ok(changed)
}

/// The keyspace with the type changed, and all types and columns in which it is.
fn with_user_type(keyspace: &Keyspace, changed: UserType) -> Result<Keyspace, EngineError> {
    let mut next = keyspace.clone();
    let mut types = Redefinition { old: &keyspace.types, new: BTreeMap::new() };
    types.new.insert(changed.name.clone(), Arc::new(changed));
    for name in keyspace.types.keys() {
        if let Some(definition) = types.definition(name) {
            check_size(&CqlType::Udt { definition: Arc::clone(&definition), frozen: true })?;
            next.types.insert(Arc::clone(name), definition);
        }
    }
    for (name, table) in &keyspace.tables {
        let table = types.table(table);
        table.table.columns().iter().try_for_each(|column| check_size(&column.cql_type))?;
        next.tables.insert(Arc::clone(name), Arc::new(table));
    }
    for (name, view) in &keyspace.views {
        let definition = Arc::new(types.table(&view.definition));
        next.views.insert(Arc::clone(name), Arc::new(ViewDefinition { definition, ..view.as_ref().clone() }));
    }
    Ok(next)
}

/// Types as they become when one is redefined.
struct Redefinition<'a> {
    old: &'a BTreeMap<Arc<str>, Arc<UserType>>,
    new: BTreeMap<String, Arc<UserType>>,
}

impl Redefinition<'_> {
    fn definition(&mut self, name: &str) -> Option<Arc<UserType>> {
        if let Some(definition) = self.new.get(name) {
            return Some(Arc::clone(definition));
        }
        let old = Arc::clone(self.old.get(name)?);
        let fields = old.fields.iter().map(|(field, cql_type)| (field.clone(), self.cql_type(cql_type)));
        let definition = UserType { keyspace: old.keyspace.clone(), name: old.name.clone(), fields: fields.collect() };
        let definition = if definition == *old { old } else { Arc::new(definition) };
        self.new.insert(name.to_owned(), Arc::clone(&definition));
        Some(definition)
    }

    fn cql_type(&mut self, cql_type: &CqlType) -> CqlType {
        match cql_type {
            CqlType::Native(_) | CqlType::Custom(_) => cql_type.clone(),
            CqlType::List { element, frozen } => {
                CqlType::List { element: Arc::new(self.cql_type(element)), frozen: *frozen }
            }
            CqlType::Set { element, frozen } => {
                CqlType::Set { element: Arc::new(self.cql_type(element)), frozen: *frozen }
            }
            CqlType::Map { key, value, frozen } => CqlType::Map {
                key: Arc::new(self.cql_type(key)),
                value: Arc::new(self.cql_type(value)),
                frozen: *frozen,
            },
            CqlType::Tuple(types) => CqlType::tuple(types.iter().map(|part| self.cql_type(part)).collect::<Vec<_>>()),
            CqlType::Vector { element, dimension } => {
                CqlType::Vector { element: Arc::new(self.cql_type(element)), dimension: *dimension }
            }
            CqlType::Udt { definition, frozen } => {
                let definition = self.definition(&definition.name).unwrap_or_else(|| Arc::clone(definition));
                let redefined = CqlType::Udt { definition, frozen: false };
                if *frozen { redefined.freeze() } else { redefined }
            }
        }
    }

    fn table(&mut self, table: &TableDefinition) -> TableDefinition {
        let mut columns = table.numbered_columns();
        for (column, _) in &mut columns {
            column.cql_type = self.cql_type(&column.cql_type);
        }
        table.with_columns(columns)
    }
}
