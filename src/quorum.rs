//! How many voters, and which, an operation needs at a consistency level. Pure: replies and failures go in, decisions come out.
//!
//! [`Requirements`] is computed once, when the proxy starts, from the [`Electorate`] and a [`Rule`]; a configuration whose
//! reads could miss its writes is refused there. A request then looks its [`Requirement`] up by level and [`Access`], and keeps a
//! [`Tally`] of who has answered. Neither allocates.

mod electorate;
mod requirement;
mod requirements;
mod rule;
mod survival;
mod tally;
mod voters;

pub use electorate::{Electorate, VoterEntry};
pub use quorate_protocol::message::Consistency;
pub use requirement::{Requirement, Unavailable};
pub use requirements::{LevelRefused, QuorumError, Requirements};
pub use rule::{Grid, Majority, Plus, Rule, Weighted};
pub use survival::Survival;
pub use tally::{Decision, Tally};
pub use voters::{MAX_VOTERS, Voter, VoterSet};

/// Whether an operation reads or writes: a rule may need different voters for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// A SELECT.
    Read,
    /// Anything that changes data.
    Write,
}

#[cfg(test)]
mod properties;
