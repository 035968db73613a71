//! The embedded replicas of a running proxy: what becomes of them, and who may see to it.

mod admin;
mod announcement;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::backend::embedded::Replica;
pub use crate::backend::embedded::{Action, Mode, Unfit};

pub use announcement::Announcement;

/// The embedded replicas of one proxy. Cheap to clone.
#[derive(Clone)]
pub struct Replicas(Arc<[Arc<Replica>]>);

/// One replica at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub state: Mode,
    /// How much later than it could it answers, in milliseconds.
    pub delay_ms: u64,
    /// Where its files are, unless it is in memory.
    pub directory: Option<PathBuf>,
}

/// Why nothing was done to a replica.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplicaError {
    /// There is none of this name.
    #[error("there is no replica {name:?}; there are {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The action does not fit its state.
    #[error("{name} cannot do that: {reason}")]
    Unfit {
        /// The replica.
        name: String,
        /// Why.
        reason: Unfit,
    },
}

impl Replicas {
    pub(crate) fn new(replicas: Vec<Arc<Replica>>) -> Self {
        Self(replicas.into())
    }

    /// Every replica, in the order of the configuration.
    pub fn list(&self) -> Vec<ReplicaStatus> {
        self.0.iter().map(|replica| status(replica)).collect()
    }

    /// Does something to a replica, and tells how it is then.
    ///
    /// # Errors
    /// There is no such replica, or the action does not fit its state.
    pub fn act(&self, name: &str, action: Action) -> Result<ReplicaStatus, ReplicaError> {
        let replica = self.0.iter().find(|replica| replica.name() == name).ok_or_else(|| self.unknown(name))?;
        replica.act(action).map_err(|reason| ReplicaError::Unfit { name: name.to_owned(), reason })?;
        Ok(status(replica))
    }

    /// Kills a replica: it cannot be reached, and what is under way is lost. What it acknowledged, it has when it is
    /// started again.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub fn stop(&self, name: &str) -> Result<ReplicaStatus, ReplicaError> {
        self.act(name, Action::Stop)
    }

    /// Starts a replica that was stopped.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub fn start(&self, name: &str) -> Result<ReplicaStatus, ReplicaError> {
        self.act(name, Action::Start)
    }

    /// Freezes a replica: it accepts requests and does not answer, until it is resumed.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub fn pause(&self, name: &str) -> Result<ReplicaStatus, ReplicaError> {
        self.act(name, Action::Pause)
    }

    /// Lets a paused replica go on.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub fn resume(&self, name: &str) -> Result<ReplicaStatus, ReplicaError> {
        self.act(name, Action::Resume)
    }

    /// Lets each answer of a replica come so much later.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub fn delay(&self, name: &str, delay: Duration) -> Result<ReplicaStatus, ReplicaError> {
        self.act(name, Action::Delay { delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX) })
    }

    fn unknown(&self, name: &str) -> ReplicaError {
        let known: Vec<&str> = self.0.iter().map(|replica| replica.name()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        ReplicaError::Unknown { name: name.to_owned(), known }
    }
}

impl std::fmt::Debug for Replicas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

fn status(replica: &Replica) -> ReplicaStatus {
    let condition = replica.condition();
    ReplicaStatus {
        name: replica.name().to_owned(),
        state: condition.mode,
        delay_ms: u64::try_from(condition.delay.as_millis()).unwrap_or(u64::MAX),
        directory: replica.directory().map(ToOwned::to_owned),
    }
}
