//! Requests under way: one slot each, reused.

use std::rc::Rc;

use bytes::Bytes;
use quorate_protocol::frame::Envelope;
use slab::Slab;
use smallvec::SmallVec;
use tokio::time::Instant;

use super::drift::Opinions;
use super::error::CqlError;
use super::forward::Forward;
use crate::backend::{BackendError, RequestKey};
use crate::frontend::client::Client;
use crate::observe::RequestKind;
use crate::quorum::{Access, Consistency, Tally, VoterSet};

/// Names a request under way. A key outlives its request: it then names nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct OperationKey {
    slot: u32,
    generation: u32,
}

impl From<OperationKey> for RequestKey {
    fn from(key: OperationKey) -> Self {
        RequestKey(u64::from(key.slot) << 32 | u64::from(key.generation))
    }
}

impl From<RequestKey> for OperationKey {
    fn from(RequestKey(bits): RequestKey) -> Self {
        // Each half is one number.
        Self { slot: (bits >> 32) as u32, generation: bits as u32 }
    }
}

/// One request of a client that backends are working on.
pub(crate) struct Operation {
    pub(crate) client: Rc<Client>,
    /// The stream that the client's answer goes to.
    pub(crate) stream: i16,
    pub(crate) forward: Forward,
    pub(crate) kind: RequestKind,
    pub(crate) level: Consistency,
    pub(crate) plan: Plan,
    pub(crate) started: Instant,
    pub(crate) deadline: Instant,
    /// Backends that owe a reply.
    pub(crate) outstanding: u32,
    pub(crate) answered: bool,
    /// Backends that were given a forgotten statement again, by bit: once is enough.
    pub(crate) reprepared: u32,
    pub(crate) failures: Failures,
    pub(crate) opinions: Opinions,
}

/// How an operation's replies are judged.
pub(crate) enum Plan {
    /// One backend's answer is the answer.
    Relay(RelayPlan),
    /// Enough acknowledgements are the answer.
    Write(WritePlan),
    /// Enough equal rows are the answer.
    Read(ReadPlan),
}

/// See [`Plan::Relay`].
pub(crate) struct RelayPlan {
    /// Any backend may answer: where one is lost, the next that is live is asked.
    pub(crate) anyone: bool,
    /// Whether it may be sent again after it may have been executed.
    pub(crate) repeatable: bool,
    /// How often it may still be sent again.
    pub(crate) attempts_left: u8,
}

/// See [`Plan::Write`].
pub(crate) struct WritePlan {
    pub(crate) tally: Tally,
    /// The first acknowledgement: it is what the client gets.
    pub(crate) acknowledgement: Option<Envelope>,
    /// The backend that traces this request: its acknowledgement is preferred.
    pub(crate) traced: Option<u8>,
}

/// See [`Plan::Read`].
pub(crate) struct ReadPlan {
    pub(crate) tally: Tally,
    pub(crate) asked: VoterSet,
    pub(crate) replies: SmallVec<[(u8, Envelope); 3]>,
    pub(crate) traced: Option<u8>,
    /// When slow backends were last given up on.
    pub(crate) speculated: Option<Instant>,
}

impl ReadPlan {
    /// Those that were asked and have not answered.
    pub(crate) fn pending(&self) -> VoterSet {
        self.asked - self.tally.acked() - self.tally.failed()
    }
}

/// Why backends did not do what they were asked.
pub(crate) type Failures = SmallVec<[(u8, Failure); 1]>;

/// Why one backend did not do what it was asked.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// It answered with an error.
    Answer(Envelope),
    /// It did not answer.
    Lost(BackendError),
    /// The prepared statement of this id no longer means what the client was told.
    Outdated(Bytes),
    /// It could not be asked, or is too far behind.
    Refused(crate::backend::SendError),
}

/// What follows from a reply.
#[derive(Debug)]
pub(crate) enum Step {
    /// More replies are needed.
    Wait,
    /// The client gets this frame.
    Answer(Envelope),
    /// The client gets this error.
    Fail(CqlError),
    /// These voters are asked too.
    Ask(VoterSet),
    /// This backend lost the prepared statement: it is prepared there again, and the request is sent again.
    Reprepare(u8),
    /// It is sent to this backend once more, on another connection.
    Again(u8),
    /// The replies differ.
    Mismatch,
}

impl Operation {
    /// Whether a backend that lost a prepared statement is to be given it again.
    pub(crate) fn may_reprepare(&self, backend: u8) -> bool {
        self.reprepared & (1 << backend) == 0 && self.forward.can_reprepare()
    }

    /// Whether a relay may be sent again though it may have been executed.
    pub(crate) fn is_repeatable(&self) -> bool {
        matches!(&self.plan, Plan::Relay(plan) if plan.repeatable)
    }

    /// What the level counts for this operation.
    pub(crate) fn access(&self) -> Access {
        match self.plan {
            Plan::Write(_) => Access::Write,
            Plan::Read(_) | Plan::Relay(_) => Access::Read,
        }
    }
}

/// All requests under way on one worker.
#[derive(Default)]
pub(crate) struct Operations {
    slots: Slab<(u32, Operation)>,
    generation: u32,
}

impl Operations {
    pub(crate) fn insert(&mut self, operation: Operation) -> OperationKey {
        self.generation = self.generation.wrapping_add(1);
        let slot = self.slots.insert((self.generation, operation));
        // A slot costs hundreds of bytes: 2^32 of them do not fit into memory.
        OperationKey { slot: u32::try_from(slot).unwrap_or(u32::MAX), generation: self.generation }
    }

    pub(crate) fn find(&mut self, key: OperationKey) -> Option<&mut Operation> {
        match self.slots.get_mut(key.slot as usize) {
            Some((generation, operation)) if *generation == key.generation => Some(operation),
            _ => None,
        }
    }

    pub(crate) fn remove(&mut self, key: OperationKey) -> Option<Operation> {
        self.find(key)?;
        self.slots.try_remove(key.slot as usize).map(|(_, operation)| operation)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The keys of the operations that `wanted` picks.
    pub(crate) fn select(&self, mut wanted: impl FnMut(&Operation) -> bool) -> Vec<OperationKey> {
        self.slots
            .iter()
            .filter(|(_, (_, operation))| wanted(operation))
            .map(|(slot, (generation, _))| OperationKey {
                slot: u32::try_from(slot).unwrap_or(u32::MAX),
                generation: *generation,
            })
            .collect()
    }
}
