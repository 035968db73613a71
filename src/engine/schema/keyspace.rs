//! A keyspace.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_protocol::value::UserType;

use super::{TableDefinition, ViewDefinition};

/// A keyspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyspace {
    /// Its name.
    pub name: Arc<str>,
    /// What replication was asked for, `class` included: it is kept and shown, and means nothing to one store.
    pub replication: BTreeMap<String, String>,
    /// Kept and shown.
    pub durable_writes: bool,
    /// By name.
    pub tables: BTreeMap<Arc<str>, Arc<TableDefinition>>,
    /// By name. A view is a table too, but not in `tables`.
    pub views: BTreeMap<Arc<str>, Arc<ViewDefinition>>,
    /// By name.
    pub types: BTreeMap<Arc<str>, Arc<UserType>>,
    /// Whether its rows are computed when they are read (`system_views`, `system_virtual_schema`).
    pub is_virtual: bool,
}

impl Keyspace {
    /// The table or view of that name, as a table.
    pub fn table_or_view(&self, name: &str) -> Option<&Arc<TableDefinition>> {
        self.tables.get(name).or_else(|| self.views.get(name).map(|view| &view.definition))
    }

    /// Its tables, and its views as tables.
    pub fn tables_and_views(&self) -> impl Iterator<Item = &Arc<TableDefinition>> {
        self.tables.values().chain(self.views.values().map(|view| &view.definition))
    }

    /// The views of that table.
    pub fn views_of<'a>(&'a self, base: &'a str) -> impl Iterator<Item = &'a Arc<ViewDefinition>> {
        self.views.values().filter(move |view| view.base.as_ref() == base)
    }

    /// The table with the index of that name.
    pub fn indexed_table(&self, index: &str) -> Option<&Arc<TableDefinition>> {
        self.tables.values().find(|table| table.indexes.contains_key(index))
    }

    /// The keyspace with this table in place of the one of its name, or added.
    pub fn with_table(&self, table: TableDefinition) -> Self {
        let mut next = self.clone();
        next.tables.insert(Arc::from(table.name()), Arc::new(table));
        next
    }

    /// The keyspace with this view in place of the one of its name, or added.
    pub fn with_view(&self, view: ViewDefinition) -> Self {
        let mut next = self.clone();
        next.views.insert(Arc::from(view.definition.name()), Arc::new(view));
        next
    }
}
