//! How an operation begins.

use std::rc::Rc;
use std::time::Duration;

use quorate_protocol::frame::Envelope;
use tokio::time::Instant;

use super::drift::Opinions;
use super::error::CqlError;
use super::forward::Forward;
use super::operation::{Failures, Operation, Plan, ReadPlan, RelayPlan, WritePlan};
use super::{backend_of, end_of, respond, send};
use crate::frontend::client::Client;
use crate::observe::{Outcome, RequestKind};
use crate::quorum::{Access, Consistency, LevelRefused, Tally, Unavailable, VoterSet};
use crate::worker::Worker;

/// How often a relay is sent again when connections are lost.
const RELAY_ATTEMPTS: u8 = 3;

/// A request, before it is under way.
pub(crate) struct Begin {
    pub(crate) client: Rc<Client>,
    pub(crate) stream: i16,
    pub(crate) forward: Forward,
    pub(crate) kind: RequestKind,
    pub(crate) level: Consistency,
    pub(crate) timeout: Duration,
    /// Whether it may be sent again after it may have been executed.
    pub(crate) repeatable: bool,
}

/// One backend answers: the one voter there is, or any that is live.
pub(crate) fn start_relay(worker: &Worker, begin: Begin) {
    let live = worker.live_voters(begin.forward.lane.version);
    let first = match live.len() {
        1 => live.iter().next(),
        _ => worker.preference.borrow().order(worker).into_iter().find(|voter| live.contains(*voter)),
    };
    let Some(first) = first else {
        let error = CqlError::Unavailable { level: begin.level, required: 1, alive: 0 };
        return refuse(worker, &begin, &error);
    };
    relay_to(worker, begin, backend_of(first), false);
}

/// The first live backend answers: always the same one, while it is up.
pub(crate) fn start_one(worker: &Worker, begin: Begin) {
    match worker.the_one(begin.forward.lane.version) {
        Some(backend) => relay_to(worker, begin, backend, true),
        None => {
            let error = CqlError::Unavailable { level: begin.level, required: 1, alive: 0 };
            refuse(worker, &begin, &error);
        }
    }
}

fn relay_to(worker: &Worker, begin: Begin, backend: u8, anyone: bool) {
    let plan = Plan::Relay(RelayPlan { anyone, repeatable: begin.repeatable, attempts_left: RELAY_ATTEMPTS });
    let key = insert(worker, begin, plan);
    send(worker, key, backend);
}

/// All backends are asked, and enough voters must acknowledge.
pub(crate) fn start_write(worker: &Worker, begin: Begin) {
    let live = worker.live_voters(begin.forward.lane.version);
    let cluster = &worker.shared.cluster;
    let checked = match cluster.requirements.of(begin.level, Access::Write) {
        Ok(requirement) => requirement.check_live(live).map_err(|unavailable| unavailable_error(&begin, &unavailable)),
        Err(refused) => Err(level_error(refused)),
    };
    if let Err(error) = checked {
        return refuse(worker, &begin, &error);
    }
    let traced = begin.forward.wants_trace().then(|| live.iter().next().map(backend_of)).flatten();
    let plan = WritePlan { tally: Tally::new(cluster.electorate.all()), acknowledgement: None, traced };
    let mut begin = begin;
    begin.forward.trace_on(traced);
    let key = insert(worker, begin, Plan::Write(plan));
    for backend in 0..u8::try_from(worker.backends().len()).unwrap_or(u8::MAX) {
        send(worker, key, backend);
    }
}

/// As many voters are asked as must agree.
pub(crate) fn start_read(worker: &Worker, begin: Begin) {
    let contacts = match contacts(worker, &begin) {
        Ok(contacts) => contacts,
        Err(error) => return refuse(worker, &begin, &error),
    };
    let traced = begin.forward.wants_trace().then(|| contacts.iter().next().map(backend_of)).flatten();
    let plan = ReadPlan {
        tally: Tally::new(worker.shared.cluster.electorate.all()),
        asked: contacts,
        replies: smallvec::SmallVec::new(),
        traced,
        speculated: None,
    };
    let mut begin = begin;
    begin.forward.trace_on(traced);
    let key = insert(worker, begin, Plan::Read(plan));
    for voter in contacts.iter() {
        send(worker, key, backend_of(voter));
    }
}

/// The voters to ask first: the preferred, and no more than must agree.
pub(super) fn contacts(worker: &Worker, begin: &Begin) -> Result<VoterSet, CqlError> {
    let live = worker.live_voters(begin.forward.lane.version);
    let requirement = worker.shared.cluster.requirements.of(begin.level, Access::Read).map_err(level_error)?;
    requirement.check_live(live).map_err(|unavailable| unavailable_error(begin, &unavailable))?;
    let order = worker.preference.borrow().order(worker);
    Ok(requirement.contacts(&order, live, VoterSet::EMPTY).unwrap_or(VoterSet::EMPTY))
}

fn insert(worker: &Worker, begin: Begin, plan: Plan) -> super::OperationKey {
    let Begin { client, stream, forward, kind, level, timeout, repeatable: _ } = begin;
    let started = Instant::now();
    let key = worker.operations.borrow_mut().insert(Operation {
        client,
        stream,
        forward,
        kind,
        level,
        plan,
        started,
        deadline: started + timeout,
        outstanding: 0,
        answered: false,
        reprepared: 0,
        failures: Failures::new(),
        opinions: Opinions::default(),
    });
    worker.wake_ticker();
    key
}

/// Answers with what a task got, once it is known.
pub(super) fn settle(worker: &Worker, begin: &Begin, started: Instant, answer: &Result<Envelope, CqlError>) {
    let outcome = match answer {
        Ok(envelope) => {
            begin.client.reply(envelope.raw(), begin.stream);
            Outcome::of(envelope)
        }
        Err(error) => {
            respond::error(&begin.client, begin.stream, error);
            Outcome::of_code(error.code())
        }
    };
    end_of(begin.kind, &begin.client);
    worker.metrics.request(begin.kind, begin.level, outcome, started.elapsed());
}

/// Answers at once, before anything was sent.
pub(crate) fn refuse(worker: &Worker, begin: &Begin, error: &CqlError) {
    respond::error(&begin.client, begin.stream, error);
    end_of(begin.kind, &begin.client);
    worker.metrics.request(begin.kind, begin.level, Outcome::of_code(error.code()), Duration::ZERO);
}

fn unavailable_error(begin: &Begin, unavailable: &Unavailable) -> CqlError {
    CqlError::Unavailable {
        level: begin.level,
        required: i32::try_from(unavailable.required).unwrap_or(i32::MAX),
        alive: i32::try_from(unavailable.alive).unwrap_or(i32::MAX),
    }
}

fn level_error(refused: LevelRefused) -> CqlError {
    CqlError::Invalid(refused.to_string())
}
