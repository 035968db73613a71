//! What else is written when rows are: entries of indexes, and rows of materialized views.

mod index;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::EngineError;
use super::schema::{Schema, TableDefinition};
use crate::store::mutation::{Mutation, PartitionKey, StorageId};
use crate::store::table::TableShape;
use crate::store::{PartitionLocks, Store, StoreError};

use index::Oversized;
pub use index::{Candidates, IndexPlan, IndexRange};
pub use view::{ViewPlan, has_strict_liveness};

/// The seconds, since the epoch, that a write goes by.
#[derive(Clone, Copy, Debug)]
pub struct WriteClock {
    /// What has expired by then is gone.
    pub now_seconds: i64,
    /// What was deleted long enough before that is forgotten; no client has a say in it.
    pub wall_seconds: i64,
}

/// How many rows are read between two writes of what is made of them, when an index or view is filled.
const BUILD_ROWS: usize = 1_000;

/// The indexes and views of a table, compiled for one snapshot of the schema.
#[derive(Clone, Debug)]
pub struct Maintenance {
    shape: Arc<TableShape>,
    indexes: Vec<IndexPlan>,
    views: Vec<ViewPlan>,
}

impl Maintenance {
    /// Compiles what must be maintained when the table is written.
    ///
    /// # Errors
    /// If a view's WHERE clause does not fit its table.
    pub fn new(schema: &Schema, definition: &TableDefinition) -> Result<Self, EngineError> {
        let spec = definition.table.spec();
        let indexes = definition.indexes.values().filter_map(|index| IndexPlan::new(definition, index)).collect();
        let views = schema.keyspace(&spec.keyspace).map(|keyspace| &keyspace.views);
        let of_table = views.into_iter().flat_map(BTreeMap::values).filter(|view| view.base.as_ref() == spec.table);
        let views = of_table.map(|view| ViewPlan::new(schema, definition, view)).collect::<Result<_, _>>()?;
        Ok(Maintenance { shape: Arc::clone(&definition.shape), indexes, views })
    }

    /// Whether what is to be written depends on what is there, so that partitions must be locked.
    pub fn needs_lock(&self) -> bool {
        !self.views.is_empty()
    }

    /// The indexes.
    pub fn indexes(&self) -> &[IndexPlan] {
        &self.indexes
    }
}

/// Applies mutations of tables, and what their indexes and views need, all or none. The partitions of tables with views
/// must be locked by `locks`; if these are absent, they are locked here.
///
/// # Errors
/// For values that are too large for an index; of the store.
pub fn apply<'s>(
    store: &'s Store,
    writes: &[(&Maintenance, &Mutation)],
    locks: Option<&PartitionLocks<'s>>,
    clock: WriteClock,
) -> Result<(), EngineError> {
    if let [(maintenance, mutation)] = writes
        && maintenance.indexes.is_empty()
        && maintenance.views.is_empty()
    {
        let write = [(maintenance.shape.as_ref(), *mutation)];
        match locks {
            Some(locks) => store.apply_locked(locks, &write, clock.wall_seconds)?,
            None => store.apply(&write, clock.wall_seconds)?,
        }
        return Ok(());
    }
    let needing = writes.iter().filter(|(maintenance, _)| maintenance.needs_lock());
    let needing: Vec<(StorageId, &PartitionKey)> =
        needing.map(|(_, mutation)| (mutation.table, &mutation.key)).collect();
    let own_locks = (locks.is_none() && !needing.is_empty()).then(|| store.lock(&needing));
    let mut derived: Vec<(Arc<TableShape>, Mutation)> = Vec::new();
    for (maintenance, mutation) in writes {
        for index in &maintenance.indexes {
            index.entries_of(mutation, Oversized::Refuse, &mut derived)?;
        }
        if !maintenance.views.is_empty() {
            view::changes(store, maintenance, mutation, clock.now_seconds, &mut derived)?;
        }
    }
    let of_tables = writes.iter().map(|(maintenance, mutation)| (maintenance.shape.as_ref(), *mutation));
    let all: Vec<(&TableShape, &Mutation)> =
        of_tables.chain(derived.iter().map(|(shape, mutation)| (shape.as_ref(), mutation))).collect();
    match locks.or(own_locks.as_ref()) {
        Some(locks) => store.apply_locked(locks, &all, clock.wall_seconds)?,
        None => store.apply(&all, clock.wall_seconds)?,
    }
    Ok(())
}

/// Applies what was made so far.
fn flush(store: &Store, derived: &mut Vec<(Arc<TableShape>, Mutation)>, now_seconds: i64) -> Result<(), StoreError> {
    let writes: Vec<(&TableShape, &Mutation)> =
        derived.iter().map(|(shape, mutation)| (shape.as_ref(), mutation)).collect();
    store.apply(&writes, now_seconds)?;
    derived.clear();
    Ok(())
}
