//! A backend that is a store in this process, as one worker sees it.
//!
//! Requests are queued while a turn lasts, and executed at its end: all of them, then one commit for what they wrote, then
//! their replies. What takes long is executed on another thread. In front of the queue stands the replica's
//! [`Condition`], through which a replica can be stopped, paused or cut off as a machine can.

mod breaker;
mod condition;
mod guard;
mod message;
mod replica;
mod trace;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quorate_protocol::frame::{Encoder, Envelope, Version};
use slab::Slab;
use tokio::sync::watch;
use tokio::time::Instant;

pub use condition::{Action, Mode, Unfit};

pub(crate) use condition::Condition;
pub(crate) use replica::Replica;

use self::breaker::Breaker;
use self::guard::guarded;
use self::message::Work;
use super::{
    Backend, BackendError, Credentials, Deliver, LoginRefused, MovingAverage, Outbound, Reply, ReplyTo, SendError,
    Unencodable,
};
use crate::turn::{Flush, Turn};

/// Requests that are executed before other connections get their turn.
const REQUESTS_PER_TURN: usize = 256;

/// How soon a store that writers would have to wait for is looked at again.
const PAUSE: Duration = Duration::from_millis(1);

/// One embedded replica, as one worker sees it.
pub(crate) struct EmbeddedBackend {
    me: Weak<Self>,
    replica: Arc<Replica>,
    turn: Rc<Turn>,
    deliver: Rc<dyn Deliver>,
    /// What this worker knows of the replica's condition.
    condition: Cell<Condition>,
    breaker: Breaker,
    queue: RefCell<VecDeque<Queued>>,
    waiting: RefCell<Slab<Waiting>>,
    /// Replies of a replica that is silent: they go out when it goes on, to those who still wait.
    held: RefCell<Vec<(Ticket, Reply)>>,
    /// Grows when all that wait are lost: tickets of before name nobody.
    epoch: Cell<u64>,
    latency: MovingAverage,
    dirty: Cell<bool>,
}

/// What an embedded backend is made of.
pub(crate) struct EmbeddedParts {
    pub(crate) replica: Arc<Replica>,
}

/// A request that is not executed yet.
struct Queued {
    ticket: Ticket,
    request: Envelope,
    session: Session,
}

/// What a request is executed on behalf of.
#[derive(Clone, Debug, Default)]
struct Session {
    keyspace: Option<Arc<str>>,
    user: Option<Arc<str>>,
}

/// Somebody who waits for a reply.
struct Waiting {
    reply_to: ReplyTo,
    since: Instant,
    /// Of what is executed on another thread: set when nobody waits any more.
    abandoned: Option<Arc<AtomicBool>>,
}

/// Names somebody who waits.
#[derive(Clone, Copy, Debug)]
struct Ticket {
    slot: usize,
    epoch: u64,
}

impl EmbeddedBackend {
    /// Call it within a `LocalRuntime`.
    pub(crate) fn start(parts: EmbeddedParts, turn: Rc<Turn>, deliver: Rc<dyn Deliver>) -> Rc<Self> {
        let conditions = parts.replica.conditions();
        let backend = Rc::new_cyclic(|me| Self {
            me: me.clone(),
            condition: Cell::new(*conditions.borrow()),
            replica: parts.replica,
            turn,
            deliver,
            breaker: Breaker::default(),
            queue: RefCell::default(),
            waiting: RefCell::default(),
            held: RefCell::default(),
            epoch: Cell::new(0),
            latency: MovingAverage::default(),
            dirty: Cell::new(false),
        });
        tokio::task::spawn_local(follow(backend.me.clone(), conditions));
        backend
    }

    /// Called every now and then: gives up on a replica that has been silent for long, and on work that nobody waits for.
    pub(crate) fn check(&self, now: Instant) {
        for (_, waiting) in &*self.waiting.borrow() {
            let is_awaited = || match &waiting.reply_to {
                ReplyTo::Key(key, _) => self.deliver.is_awaited(*key),
                ReplyTo::Caller(caller) => !caller.is_closed(),
            };
            if let Some(abandoned) = &waiting.abandoned {
                abandoned.store(!is_awaited(), Ordering::Relaxed);
            }
        }
        if self.condition.get().mode.is_silent() && self.breaker.opens(now) {
            self.lose_all();
        }
    }

    /// Whether its roles know these credentials.
    pub(crate) async fn verify(&self, credentials: &Credentials) -> Result<(), LoginRefused> {
        if self.condition.get().mode != Mode::Running {
            return Err(LoginRefused::Unreachable);
        }
        let (replica, credentials) = (self.replica.clone(), credentials.clone());
        // Digests of passwords are slow by design.
        let verified = tokio::task::spawn_blocking(move || replica.verify(&credentials)).await;
        verified.unwrap_or(Err(LoginRefused::Unreachable))
    }

    /// The replica is in another condition from now on.
    fn become_like(&self, condition: Condition) {
        let before = self.condition.replace(condition);
        if before.mode == condition.mode && condition.mode != Mode::Stopped {
            return;
        }
        match condition.mode {
            Mode::Stopped => {
                self.queue.borrow_mut().clear();
                self.lose_all();
            }
            Mode::Paused | Mode::Partitioned => {
                let now = Instant::now();
                self.breaker.falls_silent(now, !self.waiting.borrow().is_empty());
            }
            Mode::Running => {
                // What a paused process had received it executes when it goes on, whoever still waits. What was on a
                // cut line is sent again when the line is whole, unless the connection was given up.
                if before.mode == Mode::Partitioned && self.breaker.is_open() {
                    self.queue.borrow_mut().clear();
                }
                self.breaker.close();
                for (ticket, reply) in self.held.take() {
                    self.finish(ticket, reply);
                }
                self.mark_dirty();
            }
        }
    }

    /// Tells everybody who waits that no reply will come.
    fn lose_all(&self) {
        self.epoch.set(self.epoch.get() + 1);
        self.held.borrow_mut().clear();
        let waiting = self.waiting.take();
        for (_, one) in waiting {
            if let Some(abandoned) = &one.abandoned {
                abandoned.store(true, Ordering::Relaxed);
            }
            self.hand_over(one.reply_to, Err(BackendError::Lost));
        }
    }

    /// The next request, if the replica takes one now.
    fn next(&self) -> Option<Queued> {
        (self.condition.get().mode == Mode::Running).then(|| self.queue.borrow_mut().pop_front()).flatten()
    }

    /// Executes a request that takes long on another thread.
    fn detach(&self, ticket: Ticket, work: Work) {
        let (me, replica) = (self.me.clone(), self.replica.clone());
        let version = work.version();
        let abandoned = Arc::new(AtomicBool::new(false));
        if let Some(waiting) = self.waiting.borrow_mut().get_mut(ticket.slot) {
            waiting.abandoned = Some(abandoned.clone());
        }
        let job = tokio::task::spawn_blocking(move || {
            let reply = guarded(version, || work.execute(&replica, Some(&abandoned)));
            replica.committed(reply.unwrap_or_else(|refusal| refusal))
        });
        tokio::task::spawn_local(async move {
            let reply = job.await;
            let Some(me) = me.upgrade() else { return };
            match reply {
                Ok(reply) => me.answer(ticket, reply),
                // The thread ended by a panic: nobody knows what was done.
                Err(_) => me.finish(ticket, Err(BackendError::Lost)),
            }
        });
    }

    /// Answers, as late as the condition demands.
    fn answer(&self, ticket: Ticket, reply: Reply) {
        let delay = self.condition.get().delay;
        if delay.is_zero() {
            return self.finish(ticket, reply);
        }
        let me = self.me.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(delay).await;
            if let Some(me) = me.upgrade() {
                me.finish(ticket, reply);
            }
        });
    }

    fn finish(&self, ticket: Ticket, reply: Reply) {
        if ticket.epoch != self.epoch.get() {
            return;
        }
        if self.condition.get().mode.is_silent() {
            self.held.borrow_mut().push((ticket, reply));
            return;
        }
        let Some(waiting) = self.waiting.borrow_mut().try_remove(ticket.slot) else { return };
        let micros = waiting.since.elapsed().as_micros();
        self.latency.record(u32::try_from(micros).unwrap_or(u32::MAX));
        self.hand_over(waiting.reply_to, reply);
    }

    fn hand_over(&self, reply_to: ReplyTo, reply: Reply) {
        match reply_to {
            ReplyTo::Key(key, backend) => self.deliver.deliver(key, backend, reply),
            ReplyTo::Caller(caller) => {
                // The caller may have stopped waiting.
                let _ = caller.send(reply);
            }
        }
    }

    /// Leaves the queue for a moment, so that nobody else on this thread waits for the store.
    fn pause(&self) {
        self.dirty.set(true);
        let me = self.me.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(PAUSE).await;
            if let Some(me) = me.upgrade() {
                me.turn.mark(me.clone());
            }
        });
    }

    fn mark_dirty(&self) {
        if !self.dirty.replace(true)
            && let Some(me) = self.me.upgrade()
        {
            self.turn.mark(me);
        }
    }
}

impl Backend for EmbeddedBackend {
    fn is_live(&self) -> bool {
        // Whoever stopped or started it finds it so at once. What this worker does not know yet, its queue waits for.
        !self.replica.is_stopped() && !self.breaker.is_open() && !self.replica.database().has_failed()
    }

    fn is_live_in(&self, _version: Version) -> bool {
        self.is_live()
    }

    fn newest_version(&self) -> Option<Version> {
        Version::ALL.last().copied()
    }

    fn latency_micros(&self) -> u32 {
        self.latency.micros()
    }

    fn in_flight(&self) -> usize {
        self.waiting.borrow().len()
    }

    fn send(&self, request: Outbound<'_>, reply_to: ReplyTo) -> Result<(), SendError> {
        if !self.is_live() {
            return Err(SendError::Down);
        }
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= self.replica.in_flight_max() {
            return Err(SendError::Full);
        }
        let mut encoder = Encoder::new();
        (request.encode)(&mut encoder, 0)?;
        let envelope = Envelope::parse(encoder.into_bytes().into()).map_err(|_| Unencodable)?;
        let now = Instant::now();
        if waiting.is_empty() {
            self.breaker.waits_from(now);
        }
        let slot = waiting.insert(Waiting { reply_to, since: now, abandoned: None });
        let ticket = Ticket { slot, epoch: self.epoch.get() };
        let session = Session { keyspace: request.lane.keyspace.clone(), user: request.user.cloned() };
        self.queue.borrow_mut().push_back(Queued { ticket, request: envelope, session });
        drop(waiting);
        self.mark_dirty();
        Ok(())
    }
}

impl Flush for EmbeddedBackend {
    fn flush(&self) {
        self.dirty.set(false);
        if self.replica.database().is_behind() {
            return self.pause();
        }
        let mut replies = Vec::new();
        for _ in 0..REQUESTS_PER_TURN {
            let Some(Queued { ticket, request, session }) = self.next() else { break };
            let version = request.version();
            match guarded(version, || Work::prepare(&self.replica, request, session)).flatten() {
                Ok(work) if work.is_heavy() => self.detach(ticket, work),
                Ok(work) => {
                    let reply = guarded(version, || work.execute(&self.replica, None));
                    replies.push((ticket, reply.unwrap_or_else(|refusal| refusal)));
                }
                Err(reply) => replies.push((ticket, reply)),
            }
        }
        let committed = self.replica.commit();
        for (ticket, reply) in replies {
            self.answer(ticket, committed.judge(reply));
        }
        if !self.queue.borrow().is_empty() && self.condition.get().mode == Mode::Running {
            self.mark_dirty();
        }
    }
}

/// Passes each change of the replica's condition on to one worker's view of it.
async fn follow(backend: Weak<EmbeddedBackend>, mut conditions: watch::Receiver<Condition>) {
    while conditions.changed().await.is_ok() {
        let Some(backend) = backend.upgrade() else { return };
        backend.become_like(*conditions.borrow_and_update());
    }
}

#[cfg(test)]
mod tests;
