//! One replica, as all workers share it: its database, its condition, and who watches its schema.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use quorate_protocol::message::response::SchemaChange;
use tokio::sync::{mpsc, watch};

use super::condition::{Action, Condition, Mode, Unfit};
use super::guard::guarded_commit;
use super::message;
use crate::backend::{Credentials, LoginRefused, Observation, Reply};
use crate::engine::EngineError;
use crate::engine::database::{Database, OpenError, Setup};
use crate::engine::schema::Schema;
use crate::store::StoreOptions;

/// One embedded store.
pub(crate) struct Replica {
    name: Arc<str>,
    directory: Option<PathBuf>,
    database: Database,
    /// Requests without a reply that each worker may have.
    in_flight_max: usize,
    condition: watch::Sender<Condition>,
    /// As the condition says, for those who must not be a moment behind.
    is_stopped: AtomicBool,
    observer: Mutex<Option<Observer>>,
}

/// Who is told of the schema, and by which number this backend is known there.
struct Observer {
    backend: usize,
    seen: mpsc::UnboundedSender<(usize, Observation)>,
}

/// Whether what was applied so far survives.
pub(crate) struct Committed(Result<(), EngineError>);

impl Replica {
    /// Opens the store in this directory, or one in memory.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn open(
        setup: Setup,
        files: Option<(PathBuf, StoreOptions)>,
        in_flight_max: usize,
    ) -> Result<Self, OpenError> {
        let name = setup.name.as_str().into();
        let (database, directory) = match files {
            Some((directory, options)) => (Database::open(&directory, &options, setup)?, Some(directory)),
            None => (Database::in_memory(setup)?, None),
        };
        Ok(Self {
            name,
            directory,
            database,
            in_flight_max,
            condition: watch::Sender::new(Condition::default()),
            is_stopped: AtomicBool::new(false),
            observer: Mutex::default(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where its files are, unless it is in memory.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The schema as it is now.
    pub(crate) fn schema(&self) -> Arc<Schema> {
        self.database.schema()
    }

    pub(crate) fn in_flight_max(&self) -> usize {
        self.in_flight_max
    }

    pub(crate) fn condition(&self) -> Condition {
        *self.condition.borrow()
    }

    /// Whether it is down for whoever asks from now on, whether or not its workers have heard of it.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// The condition, now and as it changes.
    pub(super) fn conditions(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }

    /// Does something to it.
    ///
    /// # Errors
    /// Where that makes no sense now.
    pub(crate) fn act(&self, action: Action) -> Result<Condition, Unfit> {
        let mut outcome = Ok(self.condition());
        self.condition.send_modify(|condition| {
            outcome = condition.after(action);
            if let Ok(next) = outcome {
                *condition = next;
            }
        });
        let condition = outcome?;
        self.is_stopped.store(condition.mode == Mode::Stopped, Ordering::Release);
        self.show_schema(condition.mode);
        Ok(condition)
    }

    /// Tells of the schema from now on; the backend is known by `number` there.
    pub(crate) fn observe(&self, number: usize, seen: mpsc::UnboundedSender<(usize, Observation)>) {
        *self.observer.lock() = Some(Observer { backend: number, seen });
        self.show_schema(self.condition().mode);
    }

    /// The schema changed.
    pub(super) fn schema_changed(&self, change: &SchemaChange) {
        self.tell(Observation::Version(self.database.schema_version()));
        self.tell(Observation::Change(change.clone()));
    }

    /// Makes what was applied survive.
    pub(super) fn commit(&self) -> Committed {
        Committed(guarded_commit(|| self.database.commit()))
    }

    /// The reply, once what it says survives.
    pub(super) fn committed(&self, reply: Reply) -> Reply {
        self.commit().judge(reply)
    }

    /// Whether its roles know these credentials.
    pub(super) fn verify(&self, credentials: &Credentials) -> Result<(), LoginRefused> {
        let verified = self.database.log_in(&credentials.username, &credentials.password);
        verified.map_err(|error| LoginRefused::BadCredentials(error.to_string()))
    }

    fn show_schema(&self, mode: Mode) {
        self.tell(match mode {
            Mode::Running => Observation::Version(self.database.schema_version()),
            Mode::Stopped | Mode::Paused | Mode::Partitioned => Observation::Lost,
        });
    }

    fn tell(&self, observation: Observation) {
        if let Some(observer) = &*self.observer.lock() {
            // At shutdown nobody listens any more.
            let _ = observer.seen.send((observer.backend, observation));
        }
    }
}

impl Committed {
    /// The reply, or an error in its place where what it acknowledges may not survive.
    pub(super) fn judge(&self, reply: Reply) -> Reply {
        match (&self.0, reply) {
            (Err(error), Ok(reply)) => message::error(reply.version(), error.clone().into()),
            (_, reply) => reply,
        }
    }
}
