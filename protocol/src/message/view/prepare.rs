//! PREPARE (section 4.1.5).

use super::RequestExtras;
use crate::frame::{DecodeError, Envelope, Opcode};

/// A statement to be given an id.
#[derive(Debug, Clone, Copy)]
pub struct PrepareView<'a> {
    pub(crate) envelope: &'a Envelope,
    /// What stands in front.
    pub extras: RequestExtras<'a>,
    /// The text.
    pub query: &'a str,
    /// The keyspace of unqualified names (v5).
    pub keyspace: Option<&'a str>,
}

impl<'a> PrepareView<'a> {
    /// Reads a PREPARE.
    ///
    /// # Errors
    /// When it is not one, or malformed.
    pub fn parse(envelope: &'a Envelope) -> Result<Self, DecodeError> {
        let (extras, mut reader) = RequestExtras::read(envelope, Opcode::Prepare)?;
        let query = reader.long_string("query")?;
        let flags = if envelope.version().features().prepare_flags { reader.int("prepare flags")? } else { 0 };
        let keyspace = (flags & WITH_KEYSPACE != 0).then(|| reader.string("keyspace")).transpose()?;
        Ok(Self { envelope, extras, query, keyspace })
    }
}

/// The flag of PREPARE that says that a keyspace follows.
pub(crate) const WITH_KEYSPACE: i32 = 0x01;
