//! EXECUTE (section 4.1.6).

use super::{Parameters, RequestExtras};
use crate::frame::{DecodeError, Envelope, Header, Opcode};

/// A prepared statement, with its parameters.
#[derive(Debug, Clone, Copy)]
pub struct ExecuteView<'a> {
    pub(crate) envelope: &'a Envelope,
    /// What stands in front.
    pub extras: RequestExtras<'a>,
    /// The id that PREPARED gave.
    pub id: &'a [u8],
    /// The id of the result metadata that the client knows (v5).
    pub result_metadata_id: Option<&'a [u8]>,
    /// The parameters.
    pub parameters: Parameters<'a>,
    /// Where the bytes of the id are in the envelope; those of the metadata id follow after two more.
    pub(crate) id_at: usize,
}

impl<'a> ExecuteView<'a> {
    /// Reads an EXECUTE.
    ///
    /// # Errors
    /// When it is not one, or malformed.
    pub fn parse(envelope: &'a Envelope) -> Result<Self, DecodeError> {
        let features = envelope.version().features();
        let (extras, mut reader) = RequestExtras::read(envelope, Opcode::Execute)?;
        let id_at = Header::LEN + reader.position() + 2;
        let id = reader.short_bytes("statement id")?;
        let result_metadata_id =
            features.result_metadata_id.then(|| reader.short_bytes("result metadata id")).transpose()?;
        let parameters = Parameters::read(&mut reader, features)?;
        Ok(Self { envelope, extras, id, result_metadata_id, parameters, id_at })
    }
}
