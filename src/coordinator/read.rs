//! Reads from several backends: as many are asked as the level needs, and their rows compared.

use quorate_protocol::frame::Envelope;
use quorate_protocol::message::view::ResultView;
use tokio::time::Instant;

use super::failure;
use super::operation::{Failure, Operation, Plan, ReadPlan, Step};
use super::preference::Order;
use super::verdict::{Verdict, verdict};
use crate::backend::Reply;
use crate::quorum::{Decision, Requirement, Voter, VoterSet};

/// Judges one reply. `candidates` gives the voters that may be asked, the preferred first, if that is needed.
pub(crate) fn on_reply(
    operation: &mut Operation,
    requirement: &Requirement,
    candidates: impl FnOnce() -> Order,
    backend: u8,
    reply: Reply,
) -> Step {
    match reply {
        Ok(envelope) => match verdict(&envelope) {
            Verdict::Done => on_rows(operation, requirement, backend, envelope),
            Verdict::Unprepared if operation.may_reprepare(backend) => Step::Reprepare(backend),
            _ => on_failure(operation, requirement, &candidates(), backend, Failure::Answer(envelope)),
        },
        Err(error) => on_failure(operation, requirement, &candidates(), backend, Failure::Lost(error)),
    }
}

/// One backend has no rows for us: another is asked, while there is one.
pub(crate) fn on_failure(
    operation: &mut Operation,
    requirement: &Requirement,
    candidates: &[Voter],
    backend: u8,
    failure: Failure,
) -> Step {
    operation.failures.push((backend, failure));
    let Plan::Read(plan) = &mut operation.plan else { return Step::Wait };
    if let Some(voter) = Voter::new(usize::from(backend)) {
        plan.tally.fail(requirement, voter);
    }
    match further(plan, requirement, candidates, VoterSet::EMPTY) {
        Some(further) if further.is_empty() => decide(operation, requirement),
        Some(further) => Step::Ask(further),
        None => decide(operation, requirement),
    }
}

/// Some backends are slow: others are asked in their place, if there are any.
pub(crate) fn speculate(
    operation: &mut Operation,
    requirement: &Requirement,
    candidates: &[Voter],
    now: Instant,
) -> Step {
    let Plan::Read(plan) = &mut operation.plan else { return Step::Wait };
    plan.speculated = Some(now);
    let slow = plan.pending();
    // Where there are too few to take the place of all that are slow, they take that of some.
    let others = further(plan, requirement, candidates, slow).unwrap_or_else(|| unasked(plan, candidates));
    if others.is_empty() { Step::Wait } else { Step::Ask(others) }
}

/// What the client is told when the time is up.
pub(crate) fn on_timeout(operation: &Operation, requirement: &Requirement) -> Step {
    Step::Fail(failure::conclude_late(operation, requirement))
}

/// Whether two answers carry the same rows, whatever their metadata and paging states.
pub(crate) fn same_rows(one: &Envelope, other: &Envelope) -> bool {
    match (ResultView::parse(one), ResultView::parse(other)) {
        (Ok(one_view), Ok(other_view)) => match (one_view.rows(), other_view.rows()) {
            (Some(one_rows), Some(other_rows)) => {
                one_rows.row_count == other_rows.row_count
                    && one_rows.content == other_rows.content
                    && one_rows.paging_state.is_some() == other_rows.paging_state.is_some()
            }
            (None, None) => true,
            _ => false,
        },
        _ => false,
    }
}

fn on_rows(operation: &mut Operation, requirement: &Requirement, backend: u8, envelope: Envelope) -> Step {
    let Plan::Read(plan) = &mut operation.plan else { return Step::Wait };
    if let Some(voter) = Voter::new(usize::from(backend)) {
        plan.tally.ack(requirement, voter);
    }
    if plan.traced == Some(backend) {
        // The answer that carries the trace is the one to pass on.
        plan.replies.insert(0, (backend, envelope));
    } else {
        plan.replies.push((backend, envelope));
    }
    decide(operation, requirement)
}

fn decide(operation: &Operation, requirement: &Requirement) -> Step {
    let Plan::Read(plan) = &operation.plan else { return Step::Wait };
    match plan.tally.decision(requirement) {
        Decision::Satisfied => {}
        Decision::Pending => return Step::Wait,
        // While a minority alone calls the statement wrong, the others that were asked have the last word.
        Decision::Impossible if failure::is_rejected_by_few(operation) && !plan.pending().is_empty() => {
            return Step::Wait;
        }
        Decision::Impossible => return failure::conclude(operation, requirement),
    }
    let Some(((_, first), others)) = plan.replies.split_first() else { return Step::Wait };
    if others.iter().all(|(_, other)| same_rows(first, other)) { Step::Answer(first.clone()) } else { Step::Mismatch }
}

/// Whom to ask so that, with those that answered or may still, it is enough; nothing if all that are left would not do.
fn further(plan: &ReadPlan, requirement: &Requirement, candidates: &[Voter], slow: VoterSet) -> Option<VoterSet> {
    let expected = plan.asked - plan.tally.failed() - slow;
    requirement.contacts(candidates, unasked(plan, candidates), expected)
}

fn unasked(plan: &ReadPlan, candidates: &[Voter]) -> VoterSet {
    candidates.iter().copied().filter(|voter| !plan.asked.contains(*voter)).collect()
}
