//! What becomes of a request: which backends are asked, when it is answered, and with what.
//!
//! The common ways (relay, write, read) are state machines in a slab and cost no task; the rare ones (prepare, schema
//! changes, votes) are tasks.

mod ask;
mod base_rows;
mod client_select;
mod clock_skew;
pub(crate) mod ddl;
mod drift;
pub(crate) mod error;
mod failure;
pub(crate) mod forward;
mod local;
pub(crate) mod operation;
pub(crate) mod preference;
pub(crate) mod prepare;
mod read;
mod refresh;
mod relay;
pub(crate) mod request;
pub(crate) mod respond;
pub(crate) mod route;
mod start;
mod traces;
mod truncate;
mod use_keyspace;
mod verdict;
mod vote;
mod write;

use tokio::time::Instant;

pub(crate) use operation::OperationKey;
pub(crate) use preference::Preference;
pub(crate) use start::{start_one, start_read, start_relay, start_write};

use self::error::CqlError;
use self::operation::{Failure, Operation, Plan, Step};
use self::verdict::{Verdict, verdict};
use crate::backend::{Reply, SendError};
use crate::frontend::client::Client;
use crate::observe::{Outcome, RequestKind};
use crate::quorum::{Requirement, Voter, VoterSet};
use crate::worker::Worker;

/// A reply, or the reason why there is none, came from a backend.
pub(crate) fn on_reply(worker: &Worker, key: OperationKey, backend: u8, reply: Reply) {
    worker.metrics.backend(usize::from(backend)).replied(reply.is_ok());
    let step = {
        let mut operations = worker.operations.borrow_mut();
        let Some(operation) = operations.find(key) else { return };
        operation.outstanding = operation.outstanding.saturating_sub(1);
        note_drift(worker, operation, backend, &reply);
        if operation.answered {
            after_the_answer(operation, backend, &reply)
        } else {
            judge(worker, operation, backend, Ok(reply))
        }
    };
    act(worker, key, step);
}

/// Looks at every request under way: its time may be up, or a backend slow.
pub(crate) fn on_tick(worker: &Worker, now: Instant) {
    let late = worker.operations.borrow().select(|operation| operation.deadline <= now);
    for key in late {
        let step = {
            let mut operations = worker.operations.borrow_mut();
            let Some(operation) = operations.find(key) else { continue };
            operation.outstanding = 0;
            if operation.answered { Step::Wait } else { out_of_time(worker, operation) }
        };
        act(worker, key, step);
    }
    let Some(patience) = worker.preference.borrow().patience() else { return };
    let voters = worker.shared.cluster.electorate.all();
    let slow = worker.operations.borrow().select(|operation| match &operation.plan {
        Plan::Read(plan) => {
            // One more at a time: the one that was asked last may be slow too.
            let since = plan.speculated.unwrap_or(operation.started);
            !operation.answered && since + patience <= now && !(voters - plan.asked).is_empty()
        }
        Plan::Relay(_) | Plan::Write(_) => false,
    });
    for key in slow {
        let candidates = worker.preference.borrow().order(worker);
        let step = {
            let mut operations = worker.operations.borrow_mut();
            let Some(operation) = operations.find(key) else { continue };
            let Some(requirement) = requirement(worker, operation) else { continue };
            read::speculate(operation, requirement, &candidates, now)
        };
        if matches!(step, Step::Ask(_)) {
            worker.metrics.speculated();
        }
        act(worker, key, step);
    }
}

/// Sends an operation to one backend; a refusal is judged like a reply.
pub(crate) fn send(worker: &Worker, key: OperationKey, backend: u8) {
    let refused = {
        let mut operations = worker.operations.borrow_mut();
        let Some(operation) = operations.find(key) else { return };
        match operation.forward.send(worker, backend, key) {
            Ok(()) => {
                operation.outstanding += 1;
                return;
            }
            Err(error) => error,
        }
    };
    let metrics = worker.metrics.backend(usize::from(backend));
    metrics.refused(refused);
    let step = {
        let mut operations = worker.operations.borrow_mut();
        let Some(operation) = operations.find(key) else { return };
        if matches!(operation.plan, Plan::Write(_)) {
            metrics.missed_write();
        }
        if operation.answered { Step::Wait } else { judge(worker, operation, backend, Err(refused)) }
    };
    act(worker, key, step);
}

/// A task that worked for an operation on one backend could not do it.
pub(crate) fn on_failure(worker: &Worker, key: OperationKey, backend: u8, failure: Failure) {
    let step = {
        let mut operations = worker.operations.borrow_mut();
        let Some(operation) = operations.find(key) else { return };
        match &failure {
            Failure::Answer(envelope) => note_drift(worker, operation, backend, &Ok(envelope.clone())),
            Failure::Lost(error) => note_drift(worker, operation, backend, &Err(error.clone())),
            Failure::Outdated(_) | Failure::Refused(_) => {}
        }
        match (operation.answered, failure) {
            (true, _) => Step::Wait,
            (false, Failure::Outdated(id)) => Step::Fail(CqlError::Unprepared(id.to_vec())),
            (false, Failure::Answer(envelope)) => judge(worker, operation, backend, Ok(Ok(envelope))),
            (false, Failure::Lost(error)) => judge(worker, operation, backend, Ok(Err(error))),
            (false, Failure::Refused(error)) => judge(worker, operation, backend, Err(error)),
        }
    };
    act(worker, key, step);
}

/// Where one backend alone is asked, there is nothing to compare.
fn note_drift(worker: &Worker, operation: &mut Operation, backend: u8, reply: &Reply) {
    if matches!(operation.plan, Plan::Relay(_)) {
        return;
    }
    for (drifted, error) in operation.opinions.hear(backend, reply) {
        drift::alarm(worker, drifted, &drift::subject(&operation.forward), &error);
    }
}

fn judge(worker: &Worker, operation: &mut Operation, backend: u8, reply: Result<Reply, SendError>) -> Step {
    let requirement = match &operation.plan {
        Plan::Relay(plan) => {
            let other = if plan.anyone { worker.the_one(operation.forward.lane.version) } else { None };
            return match reply {
                Ok(reply) => relay::on_reply(operation, backend, other.unwrap_or(backend), reply),
                Err(error) => Step::Fail(relay::refused(operation, error)),
            };
        }
        Plan::Write(_) | Plan::Read(_) => requirement(worker, operation),
    };
    let Some(requirement) = requirement else { return Step::Wait };
    match (&operation.plan, reply) {
        (Plan::Write(_), Ok(reply)) => write::on_reply(operation, requirement, backend, reply),
        (Plan::Write(_), Err(error)) => write::on_failure(operation, requirement, backend, Failure::Refused(error)),
        (_, reply) => {
            let candidates = || worker.preference.borrow().order(worker);
            match reply {
                Ok(reply) => read::on_reply(operation, requirement, candidates, backend, reply),
                Err(error) => read::on_failure(operation, requirement, &candidates(), backend, Failure::Refused(error)),
            }
        }
    }
}

/// A write is for every backend, and for one whose word the client did not wait for too.
fn after_the_answer(operation: &Operation, backend: u8, reply: &Reply) -> Step {
    match reply {
        Ok(envelope)
            if matches!(operation.plan, Plan::Write(_))
                && verdict(envelope) == Verdict::Unprepared
                && operation.may_reprepare(backend) =>
        {
            Step::Reprepare(backend)
        }
        _ => Step::Wait,
    }
}

fn out_of_time(worker: &Worker, operation: &mut Operation) -> Step {
    match (&operation.plan, requirement(worker, operation)) {
        (Plan::Write(_), Some(requirement)) => write::on_timeout(operation, requirement),
        (Plan::Read(_), Some(requirement)) => read::on_timeout(operation, requirement),
        _ => Step::Fail(relay::timeout(operation)),
    }
}

fn requirement<'a>(worker: &'a Worker, operation: &Operation) -> Option<&'a Requirement> {
    worker.shared.cluster.requirements.of(operation.level, operation.access()).ok()
}

fn act(worker: &Worker, key: OperationKey, step: Step) {
    match step {
        Step::Wait => forget_if_over(worker, key),
        Step::Answer(envelope) => finish(worker, key, |operation| {
            let outcome = Outcome::of(&envelope);
            operation.client.reply(envelope.raw(), operation.stream);
            outcome
        }),
        Step::Fail(error) => finish(worker, key, |operation| {
            respond::error(&operation.client, operation.stream, &error);
            Outcome::of_code(error.code())
        }),
        Step::Ask(voters) => ask(worker, key, voters),
        Step::Reprepare(backend) => {
            let client = worker.operations.borrow_mut().find(key).map(|operation| operation.client.clone());
            if let Some(client) = client {
                prepare::again(client.worker(), key, backend);
            }
        }
        Step::Again(backend) => send(worker, key, backend),
        Step::Mismatch => {
            let operation = worker.operations.borrow_mut().remove(key);
            if let Some(operation) = operation {
                worker.metrics.mismatched();
                let worker = operation.client.worker().clone();
                tokio::task::spawn_local(vote::hold(worker, operation));
            }
        }
    }
}

fn ask(worker: &Worker, key: OperationKey, voters: VoterSet) {
    if let Some(operation) = worker.operations.borrow_mut().find(key)
        && let Plan::Read(plan) = &mut operation.plan
    {
        plan.asked = plan.asked | voters;
    }
    for voter in voters.iter() {
        send(worker, key, backend_of(voter));
    }
}

/// Answers the client once, and keeps the slot for the replies that are still owed.
fn finish(worker: &Worker, key: OperationKey, answer: impl FnOnce(&Operation) -> Outcome) {
    let mut operations = worker.operations.borrow_mut();
    let Some(operation) = operations.find(key) else { return };
    if !operation.answered {
        operation.answered = true;
        let outcome = answer(operation);
        end_of(operation.kind, &operation.client);
        worker.metrics.request(operation.kind, operation.level, outcome, operation.started.elapsed());
    }
    if operation.outstanding == 0 {
        operations.remove(key);
    }
}

/// Rows were expected for every read, and for nothing else.
pub(crate) fn end_of(kind: RequestKind, client: &Client) {
    if kind == RequestKind::Read { client.end_rows() } else { client.end_request() }
}

fn forget_if_over(worker: &Worker, key: OperationKey) {
    let mut operations = worker.operations.borrow_mut();
    if operations.find(key).is_some_and(|operation| operation.answered && operation.outstanding == 0) {
        operations.remove(key);
    }
}

/// Voters are the first backends, in the same order.
pub(crate) fn backend_of(voter: Voter) -> u8 {
    u8::try_from(voter.index()).unwrap_or(u8::MAX)
}
