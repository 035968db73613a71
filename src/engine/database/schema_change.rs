//! From one schema to the next: on disk first, then for everybody, then what follows from it.

use std::sync::Arc;

use md5::{Digest, Md5};
use quorate_protocol::cql::ast;

use super::open::SCHEMA;
use super::{Database, Executed, Outcome, Schema, Uuid, Versioned, builds};
use crate::engine::EngineError;
use crate::engine::definition;
use crate::engine::schema::{Index, TableDefinition, ViewDefinition};
use crate::store::mutation::StorageId;

impl Database {
    /// Executes CREATE, ALTER or DROP. `stamp_micros` is the request's own time, the same on all replicas that get it.
    pub(super) fn change_schema(
        &self,
        statement: &ast::Statement<'_>,
        text: &str,
        keyspace: Option<&str>,
        stamp_micros: i64,
        user: Option<&str>,
    ) -> Result<Executed, EngineError> {
        let _turn = self.turn_to_change()?;
        let current = self.schema();
        let mut bits = Bits::of(text, stamp_micros);
        let change = definition::apply(&current, statement, keyspace, stamp_micros, &mut || bits.next())?;
        let outcome = match change.event {
            None => Outcome::Void,
            Some(event) => {
                builds::note(&self.store, &change.build)?;
                self.adopt(change.schema, &change.removed)?;
                self.permissions_follow(&event, user)?;
                self.finish_builds(&change.build)?;
                Outcome::SchemaChange(event)
            }
        };
        Ok(Executed { outcome, warnings: change.warnings })
    }

    /// TRUNCATE: the table goes on with rows elsewhere.
    pub(super) fn truncate(&self, keyspace: &str, table: &str) -> Result<Outcome, EngineError> {
        let _turn = self.turn_to_change()?;
        let mut next = (*self.schema()).clone();
        let Some(known) = next.keyspace(keyspace).cloned() else { return Err(no_keyspace(keyspace)) };
        if known.views.contains_key(table) {
            let refused = "Cannot TRUNCATE materialized view directly; must truncate base table instead";
            return Err(EngineError::invalid(refused));
        }
        let Some(definition) = known.tables.get(table) else { return Err(no_table(table)) };
        let mut removed = Vec::new();
        let mut keyspace = known.with_table(emptied(definition, &mut next, &mut removed));
        for view in known.views_of(table) {
            let definition = Arc::new(emptied(&view.definition, &mut next, &mut removed));
            keyspace = keyspace.with_view(ViewDefinition { definition, ..(**view).clone() });
        }
        self.adopt(next.with_keyspace(keyspace), &removed)?;
        Ok(Outcome::Void)
    }

    /// Lets `schema` take the place of the current one; `removed` are the rows that nothing names any longer.
    pub(super) fn adopt(&self, schema: Schema, removed: &[StorageId]) -> Result<(), EngineError> {
        let record = schema.to_record().map_err(|error| EngineError::Storage(error.to_string()))?;
        self.store.put_record(SCHEMA, &record)?;
        self.store.commit()?;
        let next = Arc::new(Versioned { version: version_of(&record), schema: Arc::new(schema) });
        {
            let _alone = self.gate.write();
            self.schema.store(next);
        }
        for storage in removed {
            self.store.remove(*storage)?;
        }
        self.store.commit()?;
        Ok(())
    }
}

/// Gives a table's rows, and its indexes' entries, new places; the old ones are added to `removed`.
fn emptied(definition: &TableDefinition, schema: &mut Schema, removed: &mut Vec<StorageId>) -> TableDefinition {
    removed.push(definition.storage());
    let mut next = definition.with_storage(schema.take_storage());
    for index in next.indexes.values_mut() {
        removed.push(index.storage);
        let storage = schema.take_storage();
        *index = Arc::new(Index { storage, ..(**index).clone() });
    }
    next
}

impl Versioned {
    pub(super) fn of(schema: Schema) -> Self {
        let version = schema.to_record().map(|record| version_of(&record)).unwrap_or_default();
        Self { schema: Arc::new(schema), version }
    }
}

/// Bits that are the same for the same statement at the same time: tables get the same ids on all replicas.
struct Bits {
    digest: Md5,
    count: u64,
}

impl Bits {
    fn of(text: &str, stamp_micros: i64) -> Self {
        Self { digest: Md5::new().chain_update(text).chain_update(stamp_micros.to_be_bytes()), count: 0 }
    }

    fn next(&mut self) -> u128 {
        self.count += 1;
        u128::from_be_bytes(self.digest.clone().chain_update(self.count.to_be_bytes()).finalize().into())
    }
}

fn version_of(record: &[u8]) -> Uuid {
    uuid::Builder::from_md5_bytes(Md5::digest(record).into()).into_uuid()
}

pub(super) fn no_keyspace(name: &str) -> EngineError {
    EngineError::Invalid(format!("keyspace {name} does not exist"))
}

pub(super) fn no_table(name: &str) -> EngineError {
    EngineError::Invalid(format!("table {name} does not exist"))
}
