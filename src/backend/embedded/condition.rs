//! What can be done to a replica, as it can happen to a machine.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The condition of a replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) mode: Mode,
    /// How much later than it could it answers.
    pub(crate) delay: Duration,
}

/// Whether a replica works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It answers.
    #[default]
    Running,
    /// As a killed process: it cannot be reached, and what was under way is lost.
    Stopped,
    /// As a process at SIGSTOP: it accepts requests, and executes them when it goes on.
    Paused,
    /// As behind a cut line: requests leave, and neither they nor answers arrive.
    Partitioned,
}

/// What is done to a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum Action {
    /// Kill it.
    Stop,
    /// Start it again after [`Action::Stop`].
    Start,
    /// SIGSTOP.
    Pause,
    /// SIGCONT, after [`Action::Pause`].
    Resume,
    /// Cut the line to it.
    Partition,
    /// Mend the line, after [`Action::Partition`].
    Heal,
    /// Let it answer later.
    Delay {
        /// So much, in milliseconds; zero is no delay.
        delay_ms: u64,
    },
}

/// An action that does not fit the replica's condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is {}: {} it first", .mode.name(), .mode.way_back())]
pub struct Unfit {
    mode: Mode,
}

impl Condition {
    /// The condition after an action.
    pub(crate) fn after(self, action: Action) -> Result<Self, Unfit> {
        let into = |mode: Mode, from: &[Mode]| {
            if from.contains(&self.mode) || self.mode == mode {
                Ok(Self { mode, ..self })
            } else {
                Err(Unfit { mode: self.mode })
            }
        };
        match action {
            // Whatever state a machine is in, it can be switched off.
            Action::Stop => Ok(Self { mode: Mode::Stopped, ..self }),
            Action::Start => into(Mode::Running, &[Mode::Stopped]),
            Action::Pause => into(Mode::Paused, &[Mode::Running]),
            Action::Resume => into(Mode::Running, &[Mode::Paused]),
            Action::Partition => into(Mode::Partitioned, &[Mode::Running]),
            Action::Heal => into(Mode::Running, &[Mode::Partitioned]),
            Action::Delay { delay_ms } => Ok(Self { delay: Duration::from_millis(delay_ms), ..self }),
        }
    }
}

impl Mode {
    /// Whether requests are accepted and not answered.
    pub(crate) const fn is_silent(self) -> bool {
        matches!(self, Self::Paused | Self::Partitioned)
    }

    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Partitioned => "partitioned",
        }
    }

    const fn way_back(self) -> &'static str {
        match self {
            Self::Running => "stop",
            Self::Stopped => "start",
            Self::Paused => "resume",
            Self::Partitioned => "heal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_own_way_back() {
        let running = Condition::default();
        for (fail, recover, others) in [
            (Action::Stop, Action::Start, [Action::Resume, Action::Heal]),
            (Action::Pause, Action::Resume, [Action::Start, Action::Heal]),
            (Action::Partition, Action::Heal, [Action::Start, Action::Resume]),
        ] {
            let failed = running.after(fail).unwrap();
            assert_ne!(failed.mode, Mode::Running);
            assert_eq!(failed.after(recover), Ok(running));
            for other in others {
                assert_eq!(failed.after(other), Err(Unfit { mode: failed.mode }));
            }
            assert_eq!(failed.after(Action::Stop).unwrap().mode, Mode::Stopped);
        }
        let stopped = running.after(Action::Stop).unwrap();
        assert_eq!(stopped.after(Action::Pause).unwrap_err().to_string(), "it is stopped: start it first");
    }

    #[test]
    fn a_delay_stays_whatever_else_happens() {
        let slow = Condition::default().after(Action::Delay { delay_ms: 20 }).unwrap();
        let back = slow.after(Action::Stop).and_then(|stopped| stopped.after(Action::Start)).unwrap();
        assert_eq!(back, slow);
    }
}
