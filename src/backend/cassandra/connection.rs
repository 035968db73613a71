//! One raw connection to one node of a backend.
//!
//! Requests may be queued before the handshake is done; they leave, or fail, with it. One task reads; anybody on the
//! thread writes, once per turn.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use quorate_protocol::frame::{Decoder, Encoder, Envelope, FrameError, Header, HeaderFlags, Opcode};
use thiserror::Error;
use tokio::time::Instant;

use super::dialogue::Dialogue;
use super::handshake::{self, HandshakeError};
use super::streams::{Streams, Waiting};
use crate::backend::{BackendError, Deliver, Encode, Lane, MovingAverage, ReplyTo, SendError};
use crate::turn::{Flush, Turn};
use crate::wire::Wire;

/// Rounds of reading before other tasks get their turn.
const READ_ROUNDS: usize = 16;

/// What bounds one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// Requests without a reply.
    pub(crate) in_flight_max: usize,
    /// Bytes that wait for the socket.
    pub(crate) queued_bytes_max: usize,
    /// Silence, with requests in flight, after which the node is asked whether it lives.
    pub(crate) probe_after: Duration,
    /// Silence after that question that proves the connection dead.
    pub(crate) dead_after: Duration,
    /// Silence without requests after which the node is asked whether it lives.
    pub(crate) idle_probe_after: Duration,
}

/// What a connection tells its node, shared by all connections to it.
#[derive(Debug, Default)]
pub(crate) struct NodeLoad {
    pub(crate) in_flight: Cell<usize>,
    pub(crate) latency: MovingAverage,
}

/// A connection in one lane.
pub(crate) struct Connection {
    me: Weak<Connection>,
    lane: Lane,
    wire: RefCell<Option<Rc<Wire>>>,
    encoder: RefCell<Encoder>,
    streams: RefCell<Streams>,
    limits: ConnectionLimits,
    load: Rc<NodeLoad>,
    turn: Rc<Turn>,
    deliver: Rc<dyn Deliver>,
    dirty: Cell<bool>,
    blocked: Cell<bool>,
    state: Cell<State>,
    last_read: Cell<Instant>,
    last_used: Cell<Instant>,
    probed_at: Cell<Option<Instant>>,
    driver: RefCell<Option<Waker>>,
    /// Why it was ended from outside.
    shut: RefCell<Option<Closed>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    Open,
    Closed,
}

/// How a connection ended.
#[derive(Clone, Debug, Error)]
pub(crate) enum Closed {
    #[error(transparent)]
    Handshake(#[from] Arc<HandshakeError>),
    #[error("the node closed the connection")]
    ByNode,
    #[error("the socket failed: {0}")]
    Socket(Arc<std::io::Error>),
    #[error("the node broke the protocol: {0}")]
    Protocol(Arc<FrameError>),
    #[error("the node is silent")]
    Silent,
    #[error("nothing uses it any more")]
    Unused,
}

impl Connection {
    /// A connection that is not yet open: it takes requests, and [`Connection::run`] opens it.
    pub(super) fn new(
        lane: Lane,
        limits: ConnectionLimits,
        load: Rc<NodeLoad>,
        turn: Rc<Turn>,
        deliver: Rc<dyn Deliver>,
    ) -> Rc<Self> {
        let now = Instant::now();
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            encoder: RefCell::new(handshake::encoder(&lane)),
            lane,
            wire: RefCell::new(None),
            streams: RefCell::new(Streams::new(limits.in_flight_max)),
            limits,
            load,
            turn,
            deliver,
            dirty: Cell::new(false),
            blocked: Cell::new(false),
            state: Cell::new(State::Connecting),
            last_read: Cell::new(now),
            last_used: Cell::new(now),
            probed_at: Cell::new(None),
            driver: RefCell::new(None),
            shut: RefCell::new(None),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.get() == State::Open
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.get() == State::Closed
    }

    pub(super) fn idle_since(&self) -> Option<Instant> {
        (self.streams.borrow().in_flight() == 0).then(|| self.last_used.get())
    }

    /// Queues one request; `encode` appends it under the stream id it gets.
    pub(super) fn send(&self, encode: &Encode<'_>, reply_to: ReplyTo) -> Result<(), (SendError, ReplyTo)> {
        if self.is_closed() {
            return Err((SendError::Down, reply_to));
        }
        if self.encoder.borrow().len() > self.limits.queued_bytes_max {
            return Err((SendError::Full, reply_to));
        }
        let now = Instant::now();
        let stream = match self.streams.borrow_mut().insert(Waiting { reply_to, since: now }) {
            Ok(stream) => stream,
            Err(waiting) => return Err((SendError::Full, waiting.reply_to)),
        };
        if self.streams.borrow().in_flight() == 1 {
            // The silence that counts begins with the first request that waits.
            self.last_read.set(now);
        }
        if let Err(error) = encode(&mut self.encoder.borrow_mut(), stream) {
            return match self.streams.borrow_mut().remove(stream) {
                Some(waiting) => Err((error.into(), waiting.reply_to)),
                None => Ok(()),
            };
        }
        self.last_used.set(now);
        self.load.in_flight.set(self.load.in_flight.get() + 1);
        self.mark_dirty();
        Ok(())
    }

    /// Serves the connection from when `opening` has opened it until it ends; then everybody who waits learns of it.
    pub(super) async fn run(
        self: Rc<Self>,
        opening: impl Future<Output = Result<Dialogue, HandshakeError>>,
        opened: impl FnOnce(),
    ) -> Closed {
        let closed = match opening.await {
            Ok(dialogue) => {
                let (wire, decoder) = dialogue.into_parts();
                self.wire.replace(Some(Rc::new(wire)));
                self.state.set(State::Open);
                self.last_read.set(Instant::now());
                opened();
                self.flush();
                self.serve(decoder).await
            }
            Err(error) => Closed::Handshake(Arc::new(error)),
        };
        self.close(&closed);
        closed
    }

    /// Ends the connection from outside.
    pub(super) fn shut(&self, why: &Closed) {
        self.shut.replace(Some(why.clone()));
        self.close(why);
        if let Some(driver) = self.driver.borrow_mut().take() {
            driver.wake();
        }
    }

    /// Called every now and then: asks a silent node whether it lives, and gives up on one that does not say.
    pub(super) fn check(&self, now: Instant) {
        if !self.is_open() {
            return;
        }
        let silent_for = now.saturating_duration_since(self.last_read.get());
        if let Some(probed_at) = self.probed_at.get() {
            if self.last_read.get() > probed_at {
                self.probed_at.set(None);
            } else if now.saturating_duration_since(probed_at) > self.limits.dead_after {
                self.shut(&Closed::Silent);
            }
            return;
        }
        let waiting = self.streams.borrow().in_flight() > 0;
        let patience = if waiting { self.limits.probe_after } else { self.limits.idle_probe_after };
        if silent_for > patience {
            self.probe(now);
        }
    }

    fn probe(&self, now: Instant) {
        // The answer is not awaited by anybody: that bytes arrive is all it says.
        let (nobody, _) = tokio::sync::oneshot::channel();
        let header = Header::new(self.lane.version, HeaderFlags::NONE, 0, Opcode::Options);
        let options = |encoder: &mut Encoder, stream: i16| {
            encoder.push_with(Header { stream, ..header }, |_| Ok(())).map_err(Into::into)
        };
        let last_read = self.last_read.get();
        // Where it cannot be sent, since all streams wait, the silence itself is judged.
        let _ = self.send(&options, ReplyTo::Caller(nobody));
        self.last_read.set(last_read);
        self.probed_at.set(Some(now));
    }

    async fn serve(&self, mut decoder: Decoder) -> Closed {
        let Some(wire) = self.wire.borrow().clone() else { return Closed::ByNode };
        let mut buffer = BytesMut::new();
        std::future::poll_fn(|cx| self.drive(cx, &wire, &mut decoder, &mut buffer)).await
    }

    fn drive(&self, cx: &mut Context<'_>, wire: &Wire, decoder: &mut Decoder, buffer: &mut BytesMut) -> Poll<Closed> {
        self.remember(cx);
        if self.is_closed() {
            return Poll::Ready(self.shut.borrow().clone().unwrap_or(Closed::Unused));
        }
        if self.blocked.get() {
            match wire.poll_writable(cx) {
                Poll::Ready(Ok(())) => {
                    self.blocked.set(false);
                    self.flush();
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Closed::Socket(Arc::new(error))),
                Poll::Pending => {}
            }
        }
        for _ in 0..READ_ROUNDS {
            match wire.poll_fill(cx, buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(Closed::ByNode),
                Poll::Ready(Err(error)) => return Poll::Ready(Closed::Socket(Arc::new(error))),
                Poll::Ready(Ok(_)) => {}
            }
            let now = Instant::now();
            self.last_read.set(now);
            loop {
                match decoder.decode(buffer) {
                    Ok(Some(envelope)) => self.on_envelope(envelope, now),
                    Ok(None) => break,
                    Err(error) => return Poll::Ready(Closed::Protocol(Arc::new(error))),
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn on_envelope(&self, envelope: Envelope, now: Instant) {
        let Some(waiting) = self.streams.borrow_mut().remove(envelope.stream()) else {
            // Events have stream -1; we never register for them here. Anything else is nobody's.
            return;
        };
        self.load.in_flight.set(self.load.in_flight.get().saturating_sub(1));
        let micros = now.saturating_duration_since(waiting.since).as_micros();
        self.load.latency.record(u32::try_from(micros).unwrap_or(u32::MAX));
        self.answer(waiting.reply_to, Ok(envelope));
    }

    fn answer(&self, reply_to: ReplyTo, reply: Result<Envelope, BackendError>) {
        match reply_to {
            ReplyTo::Key(key, backend) => self.deliver.deliver(key, backend, reply),
            ReplyTo::Caller(caller) => {
                // The caller may have stopped waiting.
                let _ = caller.send(reply);
            }
        }
    }

    fn close(&self, why: &Closed) {
        let before = self.state.replace(State::Closed);
        if before == State::Closed {
            return;
        }
        self.wire.replace(None);
        let waiting = self.streams.borrow_mut().drain();
        self.load.in_flight.set(self.load.in_flight.get().saturating_sub(waiting.len()));
        for Waiting { reply_to, .. } in waiting {
            self.answer(reply_to, Err(error_of(why, before)));
        }
    }

    fn mark_dirty(&self) {
        if self.is_open()
            && !self.blocked.get()
            && !self.dirty.replace(true)
            && let Some(me) = self.me.upgrade()
        {
            self.turn.mark(me);
        }
    }

    fn remember(&self, cx: &Context<'_>) {
        let mut driver = self.driver.borrow_mut();
        if !driver.as_ref().is_some_and(|driver| driver.will_wake(cx.waker())) {
            *driver = Some(cx.waker().clone());
        }
    }
}

impl Flush for Connection {
    fn flush(&self) {
        self.dirty.set(false);
        let Some(wire) = self.wire.borrow().clone() else { return };
        let mut encoder = self.encoder.borrow_mut();
        encoder.seal();
        while !encoder.is_empty() || wire.holds_bytes() {
            match wire.try_write(encoder.pending()) {
                Ok(0) => {
                    self.blocked.set(true);
                    break;
                }
                Ok(written) => encoder.advance(written),
                // The reader meets the same error, and closes.
                Err(_) => break,
            }
        }
        if self.blocked.get()
            && let Some(driver) = &*self.driver.borrow()
        {
            driver.wake_by_ref();
        }
    }
}

fn error_of(why: &Closed, before: State) -> BackendError {
    match (why, before) {
        (Closed::Handshake(error), _) => match error.refusal() {
            Some(envelope) => BackendError::Refused(envelope),
            None => BackendError::NotSent(error.to_string().into()),
        },
        (_, State::Connecting) => BackendError::NotSent(why.to_string().into()),
        (_, State::Open | State::Closed) => BackendError::Lost,
    }
}
