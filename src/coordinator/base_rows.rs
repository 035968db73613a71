//! Reads whose answers can be equal on backends whose rows differ: aggregates, groups, expressions over several columns,
//! several conditions.
//!
//! Counted alike is not stored alike: two backends that each miss another row count the same. So the rows that the answer
//! depends on are compared first, and then a backend whose rows are those of the others computes the answer. Rows are not
//! kept: each backend's are read page by page and only their digest is compared.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use md5::{Digest, Md5};
use quorate_protocol::frame::{Encoder, Envelope};
use quorate_protocol::message::RequestMessage;
use quorate_protocol::message::request::{QueryParameters, Request};
use quorate_protocol::message::view::ResultView;
use tokio::time::Instant;

use super::client_select::ClientSelect;
use super::error::{BackendFailure, CqlError};
use super::operation::Failure;
use super::start::{Begin, contacts, refuse, start_read};
use super::verdict::{Verdict, verdict};
use super::{ask, backend_of, end_of};
use crate::backend::BackendError;
use crate::observe::Outcome;
use crate::quorum::{Access, Voter, VoterSet};
use crate::worker::Worker;

/// How often rows that differ are read again: those of a write under way differ for a moment.
const ROUNDS_MAX: usize = 3;
/// Rows of a page: they are read to be compared, and dropped.
const PAGE_ROWS: i32 = 1000;

/// Compares the base rows of a SELECT, and has one backend answer it.
pub(crate) fn start(worker: &Rc<Worker>, begin: Begin) {
    let first = match contacts(worker, &begin) {
        Ok(first) if first.len() > 1 => first,
        // There is nothing to compare.
        Ok(_) => return start_read(worker, begin),
        Err(error) => return refuse(worker, &begin, &error),
    };
    let select = ClientSelect::of(&begin.forward).filter(|select| !select.reads_counters(worker));
    let Some((select, parameters)) = select.and_then(|select| select.base_rows(worker)) else {
        return start_read(worker, begin);
    };
    let comparison = Comparison {
        worker: worker.clone(),
        deadline: Instant::now() + begin.timeout,
        begin,
        text: select.text,
        parameters,
        digests: Vec::new(),
        failed: VoterSet::EMPTY,
    };
    tokio::task::spawn_local(comparison.run(first));
}

/// What is known of a backend's base rows.
type RowsDigest = [u8; 16];

/// One comparison under way.
struct Comparison {
    worker: Rc<Worker>,
    deadline: Instant,
    begin: Begin,
    text: String,
    parameters: QueryParameters,
    digests: Vec<(Voter, RowsDigest)>,
    failed: VoterSet,
}

/// How a comparison ends.
enum End {
    Answer(Envelope),
    Fail(CqlError),
    /// As any other read: a backend refuses the statement, the client must prepare it again, or the rows do not hold still.
    Plainly,
}

impl Comparison {
    async fn run(mut self, first: VoterSet) {
        let started = Instant::now();
        let end = self.conclude(first).await;
        // Whoever goes on with it has what is left of its time.
        let timeout = self.time_left();
        let Self { worker, begin, .. } = self;
        let outcome = match &end {
            End::Answer(envelope) => {
                begin.client.reply(envelope.raw(), begin.stream);
                end_of(begin.kind, &begin.client);
                Outcome::of(envelope)
            }
            End::Fail(error) => return refuse(&worker, &begin, error),
            End::Plainly => return start_read(&worker, Begin { timeout, ..begin }),
        };
        worker.metrics.request(begin.kind, begin.level, outcome, started.elapsed());
    }

    async fn conclude(&mut self, first: VoterSet) -> End {
        if let Err(end) = self.read_enough(first).await {
            return end;
        }
        if let [(_, first), others @ ..] = self.digests.as_slice()
            && others.iter().all(|(_, other)| other == first)
        {
            let agreeing = self.digests.iter().map(|(voter, _)| *voter).collect();
            return self.answer_from(agreeing).await;
        }
        self.worker.metrics.mismatched();
        for _ in 0..ROUNDS_MAX {
            let before = std::mem::take(&mut self.digests);
            if let Err(end) = self.read(self.live() - self.failed).await {
                return end;
            }
            if let Some(majority) = self.majority() {
                self.worker.metrics.voted(true);
                return self.answer_from(majority).await;
            }
            if before.iter().all(|of_voter| self.digests.contains(of_voter)) {
                self.worker.metrics.voted(false);
                return End::Fail(self.undecided());
            }
        }
        // The rows change faster than they can be compared.
        End::Plainly
    }

    /// Reads from as many voters as the level needs, and from others where some fail.
    async fn read_enough(&mut self, first: VoterSet) -> Result<(), End> {
        let mut next = first;
        while !next.is_empty() {
            self.read(next).await?;
            let read: VoterSet = self.digests.iter().map(|(voter, _)| *voter).collect();
            let usable = self.live() - self.failed - read;
            let order = self.worker.preference.borrow().order(&self.worker);
            let requirements = &self.worker.shared.cluster.requirements;
            let further = requirements.of(self.begin.level, Access::Read).ok();
            match further.and_then(|requirement| requirement.contacts(&order, usable, read)) {
                Some(further) => next = further,
                None => return Err(End::Fail(self.too_few())),
            }
        }
        Ok(())
    }

    async fn read(&mut self, voters: VoterSet) -> Result<(), End> {
        let each: Vec<Voter> = voters.iter().collect();
        let digests = join_all(each.iter().map(|voter| self.digest(backend_of(*voter)))).await;
        for (voter, digest) in each.into_iter().zip(digests) {
            match digest {
                Ok(digest) => self.digests.push((voter, digest)),
                Err(Failure::Answer(envelope)) if verdict(&envelope) == Verdict::Rejected => return Err(End::Plainly),
                Err(_) => self.failed = self.failed | [voter].into_iter().collect(),
            }
        }
        Ok(())
    }

    /// The digest of all base rows that a backend has.
    async fn digest(&self, backend: u8) -> Result<RowsDigest, Failure> {
        let lane = &self.begin.forward.lane;
        let mut digest = Md5::new();
        let mut parameters = QueryParameters { page_size: Some(PAGE_ROWS), ..self.parameters.clone() };
        loop {
            let request = Request::Query { query: self.text.clone(), parameters: parameters.clone() };
            let request = RequestMessage::from(request);
            let encode = |encoder: &mut Encoder, stream: i16| request.push(lane.version, stream, encoder);
            let answer = ask::message(&self.worker, backend, lane, &encode, self.time_left()).await?;
            let view = ResultView::parse(&answer).map_err(|_| Failure::Lost(BackendError::Lost))?;
            let Some(rows) = view.rows() else { return Err(Failure::Lost(BackendError::Lost)) };
            digest.update(rows.content);
            match rows.paging_state {
                Some(state) => parameters.paging_state = Some(answer.raw().slice_ref(state)),
                None => return Ok(digest.finalize().into()),
            }
        }
    }

    /// The voters that more than half of all agree with.
    fn majority(&self) -> Option<VoterSet> {
        let of_digest = |wanted: &RowsDigest| {
            self.digests.iter().filter(|(_, digest)| digest == wanted).map(|(voter, _)| *voter).collect::<VoterSet>()
        };
        let needed = self.worker.shared.cluster.electorate.len() / 2 + 1;
        self.digests.iter().map(|(_, digest)| of_digest(digest)).find(|voters| voters.len() >= needed)
    }

    /// One of these backends computes the answer.
    async fn answer_from(&mut self, voters: VoterSet) -> End {
        let wants_trace = self.begin.forward.wants_trace();
        for voter in voters.iter() {
            let backend = backend_of(voter);
            self.begin.forward.trace_on(wants_trace.then_some(backend));
            match ask::forward(&self.worker, backend, &self.begin.forward, self.time_left()).await {
                Ok(envelope) => return End::Answer(envelope),
                Err(Failure::Answer(envelope)) if verdict(&envelope) == Verdict::Rejected => return End::Plainly,
                Err(Failure::Outdated(_)) => return End::Plainly,
                Err(_) => {}
            }
        }
        End::Fail(self.too_few())
    }

    fn live(&self) -> VoterSet {
        self.worker.live_voters(self.begin.forward.lane.version)
    }

    fn too_few(&self) -> CqlError {
        let (level, received, required) = (self.begin.level, self.received(), self.required());
        if self.time_left().is_zero() {
            return CqlError::ReadTimeout { level, received, required, data_present: received > 0 };
        }
        let failures = self.failed.iter().map(|voter| self.blame(voter, "it did not answer")).collect();
        CqlError::ReadFailure { level, received, required, failures, data_present: received > 0 }
    }

    fn undecided(&self) -> CqlError {
        let differing = self.digests.iter().map(|(voter, _)| self.blame(*voter, "its rows differ"));
        let failures = differing.collect();
        let (level, received, required) = (self.begin.level, self.received(), self.required());
        CqlError::ReadFailure { level, received, required, failures, data_present: true }
    }

    fn blame(&self, voter: Voter, message: &str) -> BackendFailure {
        let (backend, address) = self.begin.client.backend_identity(backend_of(voter));
        BackendFailure { backend, address, reason: 0, message: message.to_owned() }
    }

    fn received(&self) -> i32 {
        i32::try_from(self.digests.len()).unwrap_or(i32::MAX)
    }

    fn required(&self) -> i32 {
        let requirement = self.worker.shared.cluster.requirements.of(self.begin.level, Access::Read);
        requirement.map_or(0, |requirement| i32::try_from(requirement.required()).unwrap_or(i32::MAX))
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
