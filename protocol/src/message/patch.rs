//! Forwarding a message with some of its fields changed.
//!
//! `patch_into` of a view copies the envelope into an [`Encoder`](crate::frame::Encoder). Where no field changes its
//! length the fields are overwritten in the copy; else the message is written anew from the view, without an
//! intermediate buffer.

mod batch;
mod execute;
mod parameters;
mod prepare;
mod query;
mod response;

pub(crate) use prepare::write_prepare;
pub use response::ResponsePatch;

use super::view::Statement;
use super::{Consistency, SerialConsistency};
use crate::frame::{Value, Version};

/// What becomes of an optional field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It gets this value, whether it was there or not.
    Set(T),
    /// It goes.
    Remove,
}

impl<T> Change<T> {
    /// The field after the change.
    pub fn apply(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Keep => old,
            Self::Set(new) => Some(new),
            Self::Remove => None,
        }
    }
}

/// Changes to a QUERY, PREPARE, EXECUTE or BATCH; by default there are none. What a message does not have is ignored.
#[derive(Debug, Clone, Copy, Default)]
pub struct Patch<'a> {
    /// The stream id.
    pub stream: Option<i16>,
    /// The version to write it in. What that version cannot express is an error, unless it is removed; an EXECUTE
    /// without a result metadata id gets an empty one where the version needs one; a custom payload is dropped where
    /// it has none.
    pub version: Option<Version>,
    /// Whether to trace the request.
    pub tracing: Option<bool>,
    /// The text of a QUERY or PREPARE.
    pub query: Option<&'a str>,
    /// The id of an EXECUTE.
    pub statement_id: Option<&'a [u8]>,
    /// The id of the result metadata of an EXECUTE (v5).
    pub result_metadata_id: Option<&'a [u8]>,
    /// The level.
    pub consistency: Option<Consistency>,
    /// The level of the Paxos rounds.
    pub serial_consistency: Change<SerialConsistency>,
    /// Microseconds since the epoch.
    pub default_timestamp_micros: Change<i64>,
    /// Seconds since the epoch (v5).
    pub now_in_seconds: Change<i32>,
    /// The keyspace of unqualified names (v5).
    pub keyspace: Change<&'a str>,
    /// Rows of a page.
    pub page_size: Change<i32>,
    /// Where to go on.
    pub paging_state: Change<&'a [u8]>,
    /// Whether the result may come without metadata.
    pub skip_metadata: Option<bool>,
    /// Bind values to add to a QUERY or EXECUTE, by ascending position.
    pub extra_values: &'a [ExtraValue<'a>],
    /// Changes to statements of a BATCH, by ascending index.
    pub children: &'a [ChildPatch<'a>],
}

/// A bind value to add.
#[derive(Debug, Clone, Copy)]
pub struct ExtraValue<'a> {
    /// Its place among all values, those added included. A place beyond their end is the end.
    pub position: u16,
    /// Its name, where values have names; there a value without one is given an empty name.
    pub name: Option<&'a str>,
    /// The value.
    pub value: Value<'a>,
}

/// Changes to one statement of a BATCH.
#[derive(Debug, Clone, Copy)]
pub struct ChildPatch<'a> {
    /// Which statement.
    pub index: u16,
    /// The text or id to put in its place.
    pub statement: Option<Statement<'a>>,
    /// Bind values to add, by ascending position.
    pub extra_values: &'a [ExtraValue<'a>],
}
