//! A database in memory, or in a directory.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use arc_swap::ArcSwap;
use thiserror::Error;

use super::{
    Cache, Database, MakeEnvironment, Mutex, PREPARED_MAX, Roles, Rules, RwLock, Schema, Store, SystemEnvironment,
    Versioned, bits,
};
use crate::engine::modification::ListIds;
use crate::engine::system_tables;
use crate::store::{StoreError, StoreOptions};
use crate::system::Topology;

/// The records of a database's store.
pub(super) const SCHEMA: &str = "schema";
pub(super) const ROLES: &str = "roles";

/// What a database is told of its surroundings.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The replica's name.
    pub name: String,
    /// The cluster as clients see it.
    pub topology: Topology,
    /// Whether clients log in.
    pub rules: Rules,
}

/// Why a database cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Its store cannot.
    #[error("{}: {error}", .directory.display())]
    Store {
        /// Where it is.
        directory: PathBuf,
        /// Why.
        error: StoreError,
    },
    /// What it keeps of its tables, or roles, cannot be read or written.
    #[error("the record of its {name}: {reason}")]
    Record {
        /// Which record.
        name: &'static str,
        /// Why.
        reason: String,
    },
}

impl Database {
    /// An empty database that is gone with the process.
    ///
    /// # Errors
    /// None in fact: there is nothing yet that could be wrong.
    pub fn in_memory(setup: Setup) -> Result<Self, OpenError> {
        Self::over(Store::in_memory(), setup, Box::new(|| Box::new(SystemEnvironment)))
    }

    /// The database in this directory, which is made if there is none. Whose counts its counters have is decided here.
    ///
    /// # Errors
    /// Another process has it, the disk fails, or what is there cannot be read.
    pub fn open(directory: &Path, options: &StoreOptions, setup: Setup) -> Result<Self, OpenError> {
        let options = StoreOptions { replica: replica_id(&setup.name), ..options.clone() };
        let store = Store::open(directory, &options)
            .map_err(|error| OpenError::Store { directory: directory.to_owned(), error })?;
        Self::over(store, setup, Box::new(|| Box::new(SystemEnvironment)))
    }

    fn over(store: Store, setup: Setup, environment: Box<MakeEnvironment>) -> Result<Self, OpenError> {
        let schema = read_schema(&store)?;
        let roles = read_roles(&store, setup.rules, &mut *environment())?;
        let database = Self {
            name: setup.name.into(),
            topology: setup.topology,
            rules: setup.rules,
            store,
            schema: ArcSwap::from_pointee(Versioned::of(schema)),
            roles: ArcSwap::from_pointee(roles),
            changing: Mutex::default(),
            gate: RwLock::default(),
            prepared: Cache::new(PREPARED_MAX),
            list_ids: ListIds::new(&mut *environment()),
            environment,
        };
        database.resume_builds()?;
        Ok(database)
    }
}

/// The schema as it was left, with the system's own tables.
fn read_schema(store: &Store) -> Result<Schema, OpenError> {
    let wrong = |reason: &dyn Display| OpenError::Record { name: SCHEMA, reason: reason.to_string() };
    let mut schema = match store.record(SCHEMA).map_err(|error| wrong(&error))? {
        Some(record) => Schema::from_record(&record).map_err(|error| wrong(&error))?,
        None => Schema::default(),
    };
    system_tables::define(&mut schema);
    Ok(schema)
}

/// The roles as they were left; where clients log in, there is one to begin with.
fn read_roles(
    store: &Store,
    rules: Rules,
    environment: &mut dyn crate::engine::Environment,
) -> Result<Roles, OpenError> {
    let wrong = |reason: &dyn Display| OpenError::Record { name: ROLES, reason: reason.to_string() };
    if let Some(record) = store.record(ROLES).map_err(|error| wrong(&error))? {
        return Roles::from_record(&record).map_err(|error| wrong(&error));
    }
    if rules == Rules::Open {
        return Ok(Roles::default());
    }
    let roles = Roles::with_default_superuser(&mut || bits(environment)).map_err(|error| wrong(&error))?;
    let record = roles.to_record().map_err(|error| wrong(&error))?;
    store.put_record(ROLES, &record).and_then(|()| store.commit()).map_err(|error| wrong(&error))?;
    Ok(roles)
}

/// A number for a replica's counters: replicas that merge their rows must have different ones.
fn replica_id(name: &str) -> u64 {
    use md5::{Digest, Md5};
    let digest = Md5::digest(name.as_bytes());
    digest.first_chunk().map_or(1, |first: &[u8; 8]| u64::from_be_bytes(*first))
}
