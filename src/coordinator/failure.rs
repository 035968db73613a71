//! From the reasons why backends failed to the one error that the client gets.

use std::net::IpAddr;

use quorate_protocol::frame::Envelope;
use quorate_protocol::message::ErrorCode;

use super::error::{BackendFailure, CqlError};
use super::operation::{Failure, Operation, Plan, Step};
use super::verdict::{Verdict, verdict};
use crate::backend::{BackendError, SendError};
use crate::frontend::client::Client;
use crate::quorum::{Requirement, VoterSet};

/// Reasons of the failure map (native protocol v5, section 9).
const REASON_UNKNOWN: u16 = 0x0000;
const REASON_TIMEOUT: u16 = 0x0006;

/// Enough will never come: what the client gets.
///
/// A statement that every backend rejects is wrong, and the client gets the rejection as it came. One that some reject
/// and others do not shows that their schemas differ: that is a failure.
pub(crate) fn conclude(operation: &Operation, requirement: &Requirement) -> Step {
    let acked = acked(operation);
    let rejection = operation.failures.iter().find_map(|(_, failure)| rejection(failure));
    if let Some(rejection) = rejection
        && acked.is_empty()
        && operation.failures.iter().all(|(_, failure)| is_rejection_or_absence(failure))
    {
        return Step::Answer(rejection);
    }
    let all = |wanted: fn(&Failure) -> bool| operation.failures.iter().all(|(_, failure)| wanted(failure));
    if all(|failure| matches!(failure, Failure::Refused(SendError::Full))) {
        return Step::Fail(CqlError::Overloaded("Too many requests wait for the backends".to_owned()));
    }
    if acked.is_empty() && all(was_never_sent) {
        return Step::Fail(unavailable(operation, requirement));
    }
    if all(is_timeout) {
        return Step::Fail(timeout(operation, requirement));
    }
    Step::Fail(failed(operation, requirement))
}

/// The time is up, and some backends have not answered: what the client gets when too few can have done it.
pub(crate) fn conclude_late(operation: &Operation, requirement: &Requirement) -> CqlError {
    // Others may have done what one calls wrong: that is no timeout, and asking again does not help.
    let rejected = operation.failures.iter().any(|(_, failure)| rejection(failure).is_some());
    if rejected { failed(operation, requirement) } else { timeout(operation, requirement) }
}

fn failed(operation: &Operation, requirement: &Requirement) -> CqlError {
    let acked = acked(operation);
    let level = operation.level;
    let (received, required) = (count(requirement.received(acked)), count(requirement.required()));
    let failures = operation.failures.iter().map(|(backend, failure)| describe(operation, *backend, failure)).collect();
    match &operation.plan {
        Plan::Write(_) => {
            CqlError::WriteFailure { level, received, required, failures, write_type: operation.forward.write_type() }
        }
        Plan::Read(_) | Plan::Relay(_) => {
            CqlError::ReadFailure { level, received, required, failures, data_present: !acked.is_empty() }
        }
    }
}

/// Whether all that failed so far reject the statement, and are no majority of the voters.
pub(crate) fn is_rejected_by_few(operation: &Operation) -> bool {
    let tally = match &operation.plan {
        Plan::Write(plan) => &plan.tally,
        Plan::Read(plan) => &plan.tally,
        Plan::Relay(_) => return false,
    };
    let voters = (tally.pending() | tally.acked() | tally.failed()).len();
    let rejections = operation.failures.iter().filter(|(_, failure)| rejection(failure).is_some()).count();
    rejections > 0 && rejections * 2 <= voters && rejections == operation.failures.len()
}

/// The time is up before enough came.
pub(crate) fn timeout(operation: &Operation, requirement: &Requirement) -> CqlError {
    let acked = acked(operation);
    let level = operation.level;
    let (received, required) = (count(requirement.received(acked)), count(requirement.required()));
    match &operation.plan {
        Plan::Write(_) => {
            CqlError::WriteTimeout { level, received, required, write_type: operation.forward.write_type() }
        }
        Plan::Read(_) | Plan::Relay(_) => {
            CqlError::ReadTimeout { level, received, required, data_present: !acked.is_empty() }
        }
    }
}

fn unavailable(operation: &Operation, requirement: &Requirement) -> CqlError {
    CqlError::Unavailable { level: operation.level, required: count(requirement.required()), alive: 0 }
}

fn acked(operation: &Operation) -> VoterSet {
    match &operation.plan {
        Plan::Write(plan) => plan.tally.acked(),
        Plan::Read(plan) => plan.tally.acked(),
        Plan::Relay(_) => VoterSet::EMPTY,
    }
}

fn rejection(failure: &Failure) -> Option<Envelope> {
    match failure {
        Failure::Answer(envelope) if verdict(envelope) == Verdict::Rejected => Some(envelope.clone()),
        Failure::Lost(BackendError::Refused(envelope)) => Some(envelope.clone()),
        _ => None,
    }
}

fn is_rejection_or_absence(failure: &Failure) -> bool {
    rejection(failure).is_some() || was_never_sent(failure)
}

fn was_never_sent(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(SendError::Down) | Failure::Lost(BackendError::NotSent(_)))
}

fn is_timeout(failure: &Failure) -> bool {
    match failure {
        Failure::Answer(envelope) => matches!(
            verdict(envelope),
            Verdict::Failed(ErrorCode::WriteTimeout | ErrorCode::ReadTimeout | ErrorCode::CasWriteUnknown)
        ),
        // A connection that the backend itself refused is an answer.
        Failure::Lost(error) => !matches!(error, BackendError::Refused(_)),
        Failure::Refused(SendError::Down) => true,
        Failure::Refused(SendError::Full | SendError::Unencodable(_)) | Failure::Outdated(_) => false,
    }
}

fn describe(operation: &Operation, backend: u8, failure: &Failure) -> BackendFailure {
    let (name, address): (String, IpAddr) = operation.client.backend_identity(backend);
    let reason = if is_timeout(failure) { REASON_TIMEOUT } else { REASON_UNKNOWN };
    BackendFailure { backend: name, address, reason, message: message(failure) }
}

/// Why a backend failed, for a log line or an error's text.
pub(crate) fn message(failure: &Failure) -> String {
    match failure {
        Failure::Answer(envelope) => super::verdict::message(envelope),
        Failure::Lost(BackendError::Refused(envelope)) => super::verdict::message(envelope),
        Failure::Lost(error) => error.to_string(),
        Failure::Refused(error) => error.to_string(),
        Failure::Outdated(_) => "the prepared statement is outdated".to_owned(),
    }
}

/// The reasons of a vote that nobody won.
pub(crate) fn of_vote(client: &Client, ballots: &[(u8, Envelope)], refusal: Option<&Envelope>) -> Vec<BackendFailure> {
    let differing = ballots.iter().map(|(backend, _)| {
        let (name, address) = client.backend_identity(*backend);
        BackendFailure { backend: name, address, reason: REASON_UNKNOWN, message: "its rows differ".to_owned() }
    });
    let refused = refusal.map(|envelope| BackendFailure {
        backend: "another".to_owned(),
        address: IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        reason: REASON_UNKNOWN,
        message: super::verdict::message(envelope),
    });
    differing.chain(refused).collect()
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
