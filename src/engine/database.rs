//! One store and all CQL on it: a schema, statements compiled against it, and their execution.
//!
//! A [`Database`] is shared by threads. Statements are compiled against a snapshot of the schema and executed against
//! whatever the schema is then: one whose table was altered meanwhile is compiled again. Writes are seen at once, and
//! survive after the next [`Database::commit`].

mod builds;
mod execute;
mod modify;
mod open;
mod outcome;
mod schema_change;
mod security;
mod statement;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard, RwLock};
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::environment::now_uuid;
use super::modification::ListIds;
use super::role::{Roles, Rules};
use super::schema::Schema;
use super::{EngineError, Environment, SystemEnvironment};
use crate::store::Store;
use crate::system::Topology;

pub use execute::Execution;
pub use open::{OpenError, Setup};
pub use outcome::{BatchChild, Executed, Outcome};
pub use statement::{Statement, metadata_id};

/// Prepared statements that one database remembers.
const PREPARED_MAX: usize = 10_000;

/// The longest that a change of the schema or of roles waits for another.
const TURN_PATIENCE: Duration = Duration::from_secs(10);

/// One replica's data, and what it takes to use it.
pub struct Database {
    name: Arc<str>,
    topology: Topology,
    rules: Rules,
    store: Store,
    schema: ArcSwap<Versioned>,
    roles: ArcSwap<Roles>,
    /// One change of the schema or of roles at a time.
    changing: Mutex<()>,
    /// Writes hold it to read, and a schema that takes another's place holds it alone: no write of before comes after.
    gate: RwLock<()>,
    prepared: Cache<Bytes, Arc<Statement>>,
    list_ids: ListIds,
    environment: Box<MakeEnvironment>,
}

/// Gives the clock and the randomness of one execution.
type MakeEnvironment = dyn Fn() -> Box<dyn Environment> + Send + Sync;

/// A schema and its version.
struct Versioned {
    schema: Arc<Schema>,
    version: Uuid,
}

impl Database {
    /// The name of the replica.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The schema as it is now.
    pub fn schema(&self) -> Arc<Schema> {
        self.schema.load().schema.clone()
    }

    /// A digest of the schema as it is now: replicas with the same history have the same.
    pub fn schema_version(&self) -> Uuid {
        self.schema.load().version
    }

    /// Makes what was applied so far survive the process.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn commit(&self) -> Result<(), EngineError> {
        self.store.commit().map_err(EngineError::from)
    }

    /// Whether whoever writes now waits, up to a second, until the store has room.
    pub fn is_behind(&self) -> bool {
        self.store.is_behind()
    }

    /// Whether the store takes no more writes, since one has failed.
    pub fn has_failed(&self) -> bool {
        self.store.has_failed()
    }

    /// A version 1 UUID of this moment.
    pub fn time_uuid(&self) -> Uuid {
        now_uuid(&mut *self.environment())
    }

    /// Microseconds since the epoch.
    pub fn now_micros(&self) -> i64 {
        i64::try_from(self.environment().unix_micros()).unwrap_or(i64::MAX)
    }

    /// Waits for the end of changes of the schema and of roles that are under way: not for ever, because whoever waits holds
    /// one of a bounded number of threads, and is answered that it took too long by then.
    fn turn_to_change(&self) -> Result<MutexGuard<'_, ()>, EngineError> {
        self.changing.try_lock_for(TURN_PATIENCE).ok_or_else(|| {
            EngineError::Storage("Another change of the schema or of roles is still under way".to_owned())
        })
    }

    fn now_seconds(&self) -> i64 {
        self.now_micros().div_euclid(1_000_000)
    }

    fn environment(&self) -> Box<dyn Environment> {
        (self.environment)()
    }
}

/// Random bits.
fn bits(environment: &mut dyn Environment) -> u128 {
    u128::from(environment.random_bits()) << 64 | u128::from(environment.random_bits())
}

#[cfg(test)]
mod tests;
