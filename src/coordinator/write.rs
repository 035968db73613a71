//! Writes to several backends: sent to all, answered when enough have acknowledged.

use quorate_protocol::frame::Envelope;

use super::failure;
use super::operation::{Failure, Operation, Plan, Step, WritePlan};
use super::verdict::{Verdict, verdict};
use crate::backend::Reply;
use crate::quorum::{Decision, Requirement, Voter};

/// Judges one reply.
pub(crate) fn on_reply(operation: &mut Operation, requirement: &Requirement, backend: u8, reply: Reply) -> Step {
    match reply {
        Ok(envelope) => match verdict(&envelope) {
            Verdict::Done => on_acknowledgement(operation, requirement, backend, envelope),
            Verdict::Unprepared if operation.may_reprepare(backend) => Step::Reprepare(backend),
            _ => on_failure(operation, requirement, backend, Failure::Answer(envelope)),
        },
        Err(error) => on_failure(operation, requirement, backend, Failure::Lost(error)),
    }
}

/// One backend will not acknowledge.
pub(crate) fn on_failure(operation: &mut Operation, requirement: &Requirement, backend: u8, failure: Failure) -> Step {
    let Plan::Write(plan) = &mut operation.plan else { return Step::Wait };
    let Some(voter) = voter(plan, backend) else { return Step::Wait };
    plan.tally.fail(requirement, voter);
    operation.failures.push((backend, failure));
    decide(operation, requirement)
}

fn on_acknowledgement(operation: &mut Operation, requirement: &Requirement, backend: u8, envelope: Envelope) -> Step {
    let Plan::Write(plan) = &mut operation.plan else { return Step::Wait };
    let Some(voter) = voter(plan, backend) else { return Step::Wait };
    plan.tally.ack(requirement, voter);
    if plan.traced == Some(backend) {
        plan.traced = None;
        plan.acknowledgement = Some(envelope);
    } else if plan.acknowledgement.is_none() {
        plan.acknowledgement = Some(envelope);
    }
    decide(operation, requirement)
}

fn decide(operation: &mut Operation, requirement: &Requirement) -> Step {
    let failed = |backend: u8| operation.failures.iter().any(|(failed, _)| *failed == backend);
    let Plan::Write(plan) = &operation.plan else { return Step::Wait };
    match plan.tally.decision(requirement) {
        Decision::Pending => Step::Wait,
        // While a minority alone calls the statement wrong, the others may be executing it: they have the last word.
        Decision::Impossible if failure::is_rejected_by_few(operation) && !plan.tally.pending().is_empty() => {
            Step::Wait
        }
        Decision::Impossible => failure::conclude(operation, requirement),
        Decision::Satisfied => {
            let WritePlan { acknowledgement, traced, .. } = plan;
            match acknowledgement {
                // The client wants the trace of the backend that makes one.
                Some(_) if traced.is_some_and(|traced| !failed(traced)) => Step::Wait,
                Some(acknowledgement) => Step::Answer(acknowledgement.clone()),
                None => Step::Wait,
            }
        }
    }
}

/// The voter that a backend is; observers are none, and never count.
fn voter(plan: &WritePlan, backend: u8) -> Option<Voter> {
    Voter::new(usize::from(backend)).filter(|voter| plan.tally.counts(*voter))
}

/// What the client is told when the time is up.
pub(crate) fn on_timeout(operation: &Operation, requirement: &Requirement) -> Step {
    let Plan::Write(plan) = &operation.plan else { return Step::Wait };
    match (&plan.acknowledgement, plan.tally.decision(requirement)) {
        (Some(acknowledgement), Decision::Satisfied) => Step::Answer(acknowledgement.clone()),
        (_, Decision::Impossible) => Step::Fail(failure::conclude_late(operation, requirement)),
        _ => Step::Fail(failure::timeout(operation, requirement)),
    }
}
