//! Kinds of batches.

use crate::frame::DecodeError;

/// How a batch is executed (section 4.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum BatchType {
    /// All or eventually all.
    Logged = 0,
    /// Statements that only travel together.
    Unlogged = 1,
    /// Counter updates.
    Counter = 2,
}

impl BatchType {
    /// The code on the wire.
    pub const fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn decode(code: u8) -> Result<Self, DecodeError> {
        match code {
            0 => Ok(Self::Logged),
            1 => Ok(Self::Unlogged),
            2 => Ok(Self::Counter),
            _ => Err(DecodeError::UnknownCode { what: "batch type", code: code.into() }),
        }
    }
}
