//! A keyspace.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_protocol::value::UserType;

use super::{TableDefinition, ViewDefinition};

/// A keyspace.
#[derive(Clone, Debug)]
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
