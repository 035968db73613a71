//! The filling of new indexes and views. What is to be filled is noted before the schema names it, and until it is filled: a
//! database whose process died meanwhile goes on with it when it is opened.

use std::fmt::Display;

use tracing::warn;

use super::Database;
use super::open::OpenError;
use crate::engine::EngineError;
use crate::engine::definition::Build;
use crate::engine::maintain::{IndexPlan, ViewPlan};
use crate::store::Store;

/// The record of what is to be filled: a list in JSON, empty if there is nothing.
const BUILDS: &str = "builds";

/// Notes what is about to be filled; durable after the next commit.
pub(super) fn note(store: &Store, builds: &[Build]) -> Result<(), EngineError> {
    if builds.is_empty() {
        return Ok(());
    }
    let record = serde_json::to_vec(builds).map_err(|error| EngineError::Storage(error.to_string()))?;
    Ok(store.put_record(BUILDS, &record)?)
}

impl Database {
    /// Fills what was noted, and forgets the note. What cannot be filled whatever one does is not tried again.
    pub(super) fn finish_builds(&self, builds: &[Build]) -> Result<(), EngineError> {
        if builds.is_empty() {
            return Ok(());
        }
        let built = builds.iter().try_for_each(|build| self.build(build));
        if !matches!(built, Err(EngineError::Storage(_))) {
            self.store.put_record(BUILDS, b"[]")?;
            self.store.commit()?;
        }
        built
    }

    /// Fills what a process that died has left to fill.
    ///
    /// # Errors
    /// Of the disk; where the note cannot be read.
    pub(super) fn resume_builds(&self) -> Result<(), OpenError> {
        let wrong = |reason: &dyn Display| OpenError::Record { name: BUILDS, reason: reason.to_string() };
        let Some(record) = self.store.record(BUILDS).map_err(|error| wrong(&error))? else { return Ok(()) };
        let builds: Vec<Build> = serde_json::from_slice(&record).map_err(|error| wrong(&error))?;
        match self.finish_builds(&builds) {
            Err(error @ EngineError::Storage(_)) => Err(wrong(&error)),
            Err(error) => {
                warn!(replica = self.name(), %error, "an index or a view cannot be filled: it lacks rows of before");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Fills what follows from rows that are there. Rows that are written meanwhile get theirs by themselves.
    fn build(&self, build: &Build) -> Result<(), EngineError> {
        let (schema, now_seconds) = (self.schema(), self.now_seconds());
        match build {
            Build::Index { keyspace, table, index } => {
                let Some(definition) = schema.table(keyspace, table) else { return Ok(()) };
                let plan = definition.indexes.get(index.as_str()).and_then(|index| IndexPlan::new(definition, index));
                plan.map_or(Ok(()), |plan| plan.build(&self.store, now_seconds))
            }
            Build::View { keyspace, view } => {
                let Some(view) = schema.view(keyspace, view) else { return Ok(()) };
                let Some(base) = schema.table(keyspace, &view.base) else { return Ok(()) };
                ViewPlan::new(&schema, base, view)?.build(&self.store, now_seconds)
            }
        }
    }
}
