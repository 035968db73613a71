//! What can be described, and in which order (`SchemaElement`).

use std::cmp::Ordering;
use std::sync::Arc;

use quorate_protocol::value::{CqlType, UserType, quote_identifier};

use super::{keyspace, table, user_type, view};
use crate::engine::schema::{Index, Keyspace, Schema, TableDefinition, ViewDefinition};

/// One thing that a DESCRIBE tells of.
#[derive(Clone, Copy)]
pub(super) enum Element<'a> {
    Keyspace(&'a Keyspace),
    Type(&'a UserType),
    Table(&'a TableDefinition),
    Index(&'a TableDefinition, &'a Index),
    View(&'a ViewDefinition),
}

impl Element<'_> {
    /// The name of its keyspace, quoted where need be.
    pub(super) fn keyspace(&self) -> String {
        quote_identifier(match self {
            Element::Keyspace(keyspace) => &keyspace.name,
            Element::Type(user_type) => &user_type.keyspace,
            Element::Table(table) | Element::Index(table, _) => &table.table.spec().keyspace,
            Element::View(view) => &view.definition.table.spec().keyspace,
        })
    }

    /// What it is.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Element::Keyspace(_) => "keyspace",
            Element::Type(_) => "type",
            Element::Table(_) => "table",
            Element::Index(..) => "index",
            Element::View(_) => "materialized_view",
        }
    }

    /// Its name, quoted where need be.
    pub(super) fn name(&self) -> String {
        quote_identifier(match self {
            Element::Keyspace(keyspace) => &keyspace.name,
            Element::Type(user_type) => &user_type.name,
            Element::Table(table) => &table.table.spec().table,
            Element::Index(_, index) => &index.name,
            Element::View(view) => &view.definition.table.spec().table,
        })
    }

    /// The statement that makes it; with what is internal (ids, dropped columns) if so asked.
    pub(super) fn create_statement(&self, with_internals: bool) -> String {
        match self {
            Element::Keyspace(keyspace) => keyspace::create_statement(keyspace),
            Element::Type(user_type) => user_type::create_statement(user_type),
            Element::Table(definition) => table::create_statement(definition, with_internals),
            Element::Index(table, index) => table::create_index_statement(table, index),
            Element::View(definition) => view::create_statement(definition, with_internals),
        }
    }
}

/// All keyspaces, by name.
pub(super) fn keyspaces(schema: &Schema) -> impl Iterator<Item = &Arc<Keyspace>> {
    in_order(schema.keyspaces.values(), |keyspace| &keyspace.name)
}

/// A keyspace and all that it contains: types, and each table with its indexes and views.
pub(super) fn of_keyspace(keyspace: &Arc<Keyspace>) -> Vec<Element<'_>> {
    let mut elements = vec![Element::Keyspace(keyspace)];
    elements.extend(types_by_need(keyspace).into_iter().map(Element::Type));
    for (_, table) in in_order(&keyspace.tables, |(name, _)| name) {
        elements.extend(of_table(keyspace, table));
    }
    elements
}

/// A table, its indexes and its views.
pub(super) fn of_table<'a>(keyspace: &'a Keyspace, table: &'a TableDefinition) -> Vec<Element<'a>> {
    let indexes = in_order(&table.indexes, |(name, _)| name).map(|(_, index)| Element::Index(table, index));
    let views = keyspace.views.values().filter(|view| *view.base == table.table.spec().table);
    let views = in_order(views, |view| &view.definition.table.spec().table).map(|view| Element::View(view));
    [Element::Table(table)].into_iter().chain(indexes).chain(views).collect()
}

/// The tables of a keyspace, by name.
pub(super) fn tables(keyspace: &Arc<Keyspace>) -> Vec<Element<'_>> {
    in_order(&keyspace.tables, |(name, _)| name).map(|(_, table)| Element::Table(table)).collect()
}

/// The user-defined types of a keyspace, by name.
pub(super) fn types(keyspace: &Arc<Keyspace>) -> Vec<Element<'_>> {
    in_order(&keyspace.types, |(name, _)| name).map(|(_, user_type)| Element::Type(user_type)).collect()
}

/// The index of that name.
pub(super) fn index<'a>(keyspace: &'a Keyspace, name: &str) -> Option<Element<'a>> {
    keyspace.tables.values().find_map(|table| Some(Element::Index(table, table.indexes.get(name)?)))
}

/// In the order of names, in which case does not count.
fn in_order<'a, T>(items: impl IntoIterator<Item = T>, name: impl Fn(&T) -> &'a str) -> impl Iterator<Item = T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort_by(|left, right| compare_ignoring_case(name(left), name(right)));
    items.into_iter()
}

fn compare_ignoring_case(left: &str, right: &str) -> Ordering {
    let folded = |text: &str| text.chars().map(|it| it.to_ascii_lowercase()).collect::<Vec<char>>();
    folded(left).cmp(&folded(right))
}

/// The types of a keyspace, each behind those that it is made of.
fn types_by_need(keyspace: &Keyspace) -> Vec<&UserType> {
    let mut names = Vec::new();
    for user_type in keyspace.types.values() {
        add_with_needed(user_type, &mut names);
    }
    names.iter().filter_map(|name| keyspace.types.get(name.as_str()).map(Arc::as_ref)).collect()
}

fn add_with_needed(user_type: &UserType, names: &mut Vec<String>) {
    for (_, field) in &user_type.fields {
        add_needed(field, names);
    }
    if !names.contains(&user_type.name) {
        names.push(user_type.name.clone());
    }
}

fn add_needed(cql_type: &CqlType, names: &mut Vec<String>) {
    match cql_type {
        CqlType::Native(_) | CqlType::Custom(_) => {}
        CqlType::List { element, .. } | CqlType::Set { element, .. } | CqlType::Vector { element, .. } => {
            add_needed(element, names);
        }
        CqlType::Map { key, value, .. } => {
            add_needed(key, names);
            add_needed(value, names);
        }
        CqlType::Tuple(elements) => elements.iter().for_each(|element| add_needed(element, names)),
        CqlType::Udt { definition, .. } => add_with_needed(definition, names),
    }
}
