//! What a backend's answer says about its request, before anybody looks into the rows.

use quorate_protocol::frame::{Envelope, Opcode};
use quorate_protocol::message::ErrorCode;
use quorate_protocol::message::view::ErrorView;

/// Whether a backend did what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It did.
    Done,
    /// It lost the prepared statement, and did nothing.
    Unprepared,
    /// The statement itself is wrong, whoever is asked: syntax, invalid, unauthorized, already exists.
    Rejected,
    /// It is in no state to do it, or only part of it knows what became of it.
    Failed(ErrorCode),
}

/// Reads the verdict off an answer.
pub(crate) fn verdict(envelope: &Envelope) -> Verdict {
    if envelope.opcode() != Opcode::Error {
        return Verdict::Done;
    }
    match ErrorView::parse(envelope) {
        Ok(error) => match error.code {
            ErrorCode::Unprepared => Verdict::Unprepared,
            ErrorCode::Syntax
            | ErrorCode::Unauthorized
            | ErrorCode::Invalid
            | ErrorCode::Config
            | ErrorCode::AlreadyExists
            | ErrorCode::FunctionFailure => Verdict::Rejected,
            code => Verdict::Failed(code),
        },
        Err(_) => Verdict::Failed(ErrorCode::Server),
    }
}

/// The text of an ERROR.
pub(crate) fn message(envelope: &Envelope) -> String {
    ErrorView::parse(envelope).map(|error| error.message.to_owned()).unwrap_or_default()
}
