//! One backend answers for all: everything where there is one voter, and what only one can answer.

use super::error::CqlError;
use super::operation::{Operation, Plan, Step};
use super::verdict::{Verdict, verdict};
use crate::backend::{BackendError, Reply, SendError};

/// Judges the only reply there is. `next` is whom to ask where that is lost: another backend, if any may answer.
pub(crate) fn on_reply(operation: &mut Operation, backend: u8, next: u8, reply: Reply) -> Step {
    match reply {
        Ok(envelope) => match verdict(&envelope) {
            Verdict::Unprepared if operation.may_reprepare(backend) => Step::Reprepare(backend),
            _ => Step::Answer(envelope),
        },
        Err(BackendError::Refused(envelope)) => Step::Answer(envelope),
        Err(BackendError::NotSent(_)) => again(operation, next).unwrap_or_else(|| Step::Fail(unavailable(operation))),
        Err(BackendError::Lost) if operation.is_repeatable() => {
            again(operation, next).unwrap_or_else(|| Step::Fail(timeout(operation)))
        }
        Err(BackendError::Lost) => Step::Fail(timeout(operation)),
    }
}

/// Another node of the backend, or another backend, may do it.
fn again(operation: &mut Operation, backend: u8) -> Option<Step> {
    let Plan::Relay(plan) = &mut operation.plan else { return None };
    plan.attempts_left = plan.attempts_left.checked_sub(1)?;
    Some(Step::Again(backend))
}

/// What the client is told when the only backend cannot be asked.
pub(crate) fn refused(operation: &Operation, error: SendError) -> CqlError {
    match error {
        SendError::Down => unavailable(operation),
        SendError::Full => CqlError::Overloaded("Too many requests wait for the backend".to_owned()),
        SendError::Unencodable(error) => CqlError::Invalid(error.to_string()),
    }
}

/// What the client is told when the only backend does not answer.
pub(crate) fn timeout(operation: &Operation) -> CqlError {
    let (level, received, required) = (operation.level, 0, 1);
    if operation.kind.is_write() {
        CqlError::WriteTimeout { level, received, required, write_type: operation.forward.write_type() }
    } else {
        CqlError::ReadTimeout { level, received, required, data_present: false }
    }
}

fn unavailable(operation: &Operation) -> CqlError {
    CqlError::Unavailable { level: operation.level, required: 1, alive: 0 }
}
