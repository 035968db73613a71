//! ERROR (section 4.2.1).

use super::ResponseExtras;
use crate::frame::{DecodeError, Envelope, Opcode};
use crate::message::ErrorCode;

/// Why a request failed, without the fields of most codes.
#[derive(Debug, Clone, Copy)]
pub struct ErrorView<'a> {
    /// What stands in front.
    pub extras: ResponseExtras<'a>,
    /// What it is about.
    pub code: ErrorCode,
    /// What it says.
    pub message: &'a str,
    /// The id that the server does not know, of an UNPREPARED.
    pub unprepared_id: Option<&'a [u8]>,
    /// The fields that the code has, as they came.
    pub fields: &'a [u8],
}

impl<'a> ErrorView<'a> {
    /// Reads an ERROR.
    ///
    /// # Errors
    /// When it is not one, or malformed.
    pub fn parse(envelope: &'a Envelope) -> Result<Self, DecodeError> {
        let (extras, mut reader) = ResponseExtras::read(envelope)?;
        if envelope.opcode() != Opcode::Error {
            return Err(DecodeError::Unexpected { what: "ERROR" });
        }
        let code = ErrorCode::from_code(reader.int("error code")?);
        let message = reader.string("error message")?;
        let mut after = reader;
        let unprepared_id = (code == ErrorCode::Unprepared).then(|| after.short_bytes("statement id")).transpose()?;
        Ok(Self { extras, code, message, unprepared_id, fields: reader.rest() })
    }
}
