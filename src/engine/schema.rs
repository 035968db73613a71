//! Keyspaces and what is in them: whole definitions, as CREATE and ALTER make them and as `system_schema` shows them.
//!
//! A [`Schema`] is a snapshot that never changes; a schema change makes the next one. Names are in internal form (unquoted,
//! case as stored). It is what is kept on disk (through serde), so what is added here must be optional when read.

mod index;
mod keyspace;
mod options;
mod record;
mod table;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::store::mutation::StorageId;

pub use index::{Index, IndexKind, IndexTarget};
pub use keyspace::Keyspace;
pub use options::{OPTION_DEFAULTS, TableOptions, map_literal, text_literal};
pub use record::RecordError;
pub use table::{ColumnMask, DroppedColumn, TableDefinition, TableFlags, Trigger};
pub use view::ViewDefinition;

/// Every keyspace of one store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// By name; those of the system too.
    pub keyspaces: BTreeMap<Arc<str>, Arc<Keyspace>>,
    /// The number that the next table's rows get (`StorageId`): numbers are never used twice.
    pub next_storage: u32,
}

impl Schema {
    /// The keyspace of that name.
    pub fn keyspace(&self, name: &str) -> Option<&Arc<Keyspace>> {
        self.keyspaces.get(name)
    }

    /// The table of that name; a view is none.
    pub fn table(&self, keyspace: &str, name: &str) -> Option<&Arc<TableDefinition>> {
        self.keyspace(keyspace)?.tables.get(name)
    }

    /// The view of that name.
    pub fn view(&self, keyspace: &str, name: &str) -> Option<&Arc<ViewDefinition>> {
        self.keyspace(keyspace)?.views.get(name)
    }

    /// The schema with this keyspace in place of the one of its name, or added.
    pub fn with_keyspace(&self, keyspace: Keyspace) -> Self {
        let mut next = self.clone();
        next.keyspaces.insert(Arc::clone(&keyspace.name), Arc::new(keyspace));
        next
    }

    /// A number for the rows of a table, never given before.
    pub fn take_storage(&mut self) -> StorageId {
        self.next_storage += 1;
        StorageId(self.next_storage - 1)
    }
}
