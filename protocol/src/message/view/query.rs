//! QUERY (section 4.1.4).

use super::{Parameters, RequestExtras};
use crate::frame::{DecodeError, Envelope, Opcode};

/// A statement as text, with its parameters.
#[derive(Debug, Clone, Copy)]
pub struct QueryView<'a> {
    pub(crate) envelope: &'a Envelope,
    /// What stands in front.
    pub extras: RequestExtras<'a>,
    /// The text.
    pub query: &'a str,
    /// The parameters.
    pub parameters: Parameters<'a>,
}

impl<'a> QueryView<'a> {
    /// Reads a QUERY.
    ///
    /// # Errors
    /// When it is not one, or malformed.
    pub fn parse(envelope: &'a Envelope) -> Result<Self, DecodeError> {
        let (extras, mut reader) = RequestExtras::read(envelope, Opcode::Query)?;
        let query = reader.long_string("query")?;
        let parameters = Parameters::read(&mut reader, envelope.version().features())?;
        Ok(Self { envelope, extras, query, parameters })
    }
}
