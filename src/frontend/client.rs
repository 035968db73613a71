//! One client's connection: frames in, replies out, in whatever order they come.
//!
//! One task reads; whoever has a reply writes it, once per turn. A client that does not read its replies is not read from
//! either, and is closed when it stays so.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use quorate_protocol::frame::{Compression, Decoder, Direction, Encoder, Envelope, FrameError, Limits, Version};
use thiserror::Error;
use tokio::time::Instant;

use super::expected_rows::ExpectedRows;
use super::session::Session;
use crate::coordinator::respond;
use crate::turn::Flush;
use crate::wire::Wire;
use crate::worker::Worker;

/// Rounds of reading before other tasks get their turn.
const READ_ROUNDS: usize = 4;

/// How long a client may refuse bytes while more of them wait than may.
const FLOODED_AFTER: Duration = Duration::from_secs(1);

/// What bounds one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientLimits {
    /// Requests without a reply.
    pub(crate) in_flight_max: usize,
    /// Reply bytes that wait for the client, or are expected from what is under way, above which nothing more is read from it.
    pub(crate) pause_bytes: usize,
    /// Reply bytes that wait for the client, above which it is closed if it does not read.
    pub(crate) reply_bytes_max: usize,
    /// How long the client may refuse all bytes.
    pub(crate) stalled_max: Duration,
    /// How long it may take to log in.
    pub(crate) handshake_max: Duration,
    /// The longest message, in bytes.
    pub(crate) body_bytes_max: u32,
}

/// A client's connection.
pub(crate) struct Client {
    me: Weak<Client>,
    pub(crate) peer: SocketAddr,
    pub(crate) session: RefCell<Session>,
    worker: Rc<Worker>,
    wire: Wire,
    encoder: RefCell<Encoder>,
    decoder: RefCell<Decoder>,
    in_flight: Cell<usize>,
    /// What the requests for rows that are under way will bring.
    expected: ExpectedRows,
    /// Whether requests were left unread because enough is under way or waits.
    held_back: Cell<bool>,
    dirty: Cell<bool>,
    /// When the client first refused bytes that it still refuses.
    blocked_since: Cell<Option<Instant>>,
    opened_at: Instant,
    closing: Cell<bool>,
    /// Whether the connection is over: nobody reads what still comes.
    left: Cell<bool>,
    driver: RefCell<Option<Waker>>,
}

/// How a client's connection ended.
#[derive(Debug, Error)]
pub(crate) enum Departure {
    #[error("closed by the client")]
    ByClient,
    #[error("closed by us")]
    ByUs,
    #[error("socket: {0}")]
    Socket(#[from] std::io::Error),
    #[error("protocol: {0}")]
    Protocol(#[from] FrameError),
}

impl Client {
    pub(crate) fn new(worker: Rc<Worker>, wire: Wire, peer: SocketAddr) -> Rc<Self> {
        let limits = Limits { max_body_bytes: worker.shared.client_limits.body_bytes_max };
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            peer,
            session: RefCell::default(),
            worker,
            wire,
            encoder: RefCell::new(Encoder::new()),
            decoder: RefCell::new(Decoder::new(Direction::Request, limits)),
            in_flight: Cell::new(0),
            expected: ExpectedRows::default(),
            held_back: Cell::new(false),
            dirty: Cell::new(false),
            blocked_since: Cell::new(None),
            opened_at: Instant::now(),
            closing: Cell::new(false),
            left: Cell::new(false),
            driver: RefCell::new(None),
        })
    }

    /// Serves the client until it leaves, or is made to.
    pub(crate) async fn run(self: &Rc<Self>) -> Departure {
        let mut rest = BytesMut::new();
        std::future::poll_fn(|cx| self.drive(cx, &mut rest)).await
    }

    /// Queues a reply that is whole.
    pub(crate) fn reply(&self, envelope_raw: &[u8], stream: i16) {
        self.write(|encoder| encoder.push(envelope_raw, stream));
        self.expected.replied(envelope_raw.len());
    }

    /// Queues whatever `write` appends.
    pub(crate) fn write(&self, write: impl FnOnce(&mut Encoder)) {
        if self.closing.get() && self.in_flight.get() == 0 {
            return;
        }
        if self.is_flooded() {
            return self.cut_off();
        }
        let mut encoder = self.encoder.borrow_mut();
        let before = encoder.len();
        write(&mut encoder);
        self.expected.replied(encoder.len().saturating_sub(before));
        drop(encoder);
        if self.blocked_since.get().is_none()
            && !self.dirty.replace(true)
            && let Some(me) = self.me.upgrade()
        {
            self.worker.turn.mark(me);
        }
    }

    /// More waits than may, and the client has refused bytes for a while: it does not read. One large reply, or many that
    /// came at once, are not its fault.
    fn is_flooded(&self) -> bool {
        self.encoder.borrow().len() > self.limits().reply_bytes_max
            && self.blocked_since.get().is_some_and(|since| since.elapsed() > FLOODED_AFTER)
    }

    /// Drops what waits for the client, and closes.
    fn cut_off(&self) {
        self.in_flight.set(0);
        self.encoder.replace(Encoder::new());
        self.close();
    }

    /// A request began; false when there are as many as one client may have.
    pub(crate) fn begin_request(&self) -> bool {
        let count = self.in_flight.get();
        if count >= self.limits().in_flight_max {
            return false;
        }
        self.in_flight.set(count + 1);
        true
    }

    /// A request that began is for rows, which may be many.
    pub(crate) fn begin_rows(&self) {
        self.expected.begin();
    }

    /// A request for rows was answered, with the last reply.
    pub(crate) fn end_rows(&self) {
        self.expected.end();
        self.end_request();
    }

    /// A request was answered.
    pub(crate) fn end_request(&self) {
        self.in_flight.set(self.in_flight.get().saturating_sub(1));
        if (self.closing.get() && self.in_flight.get() == 0) || (self.held_back.get() && !self.has_enough()) {
            self.wake();
        }
    }

    /// Whether so much waits for the client, or is under way to it, that no further request of it is looked at.
    fn has_enough(&self) -> bool {
        let (waiting, expected) = (self.encoder.borrow().len(), self.expected.bytes());
        waiting.saturating_add(expected) > self.limits().pause_bytes
    }

    /// From here on, frames are compressed, and for versions that have them, in segments.
    pub(crate) fn switch(&self, version: Version, compression: Option<Compression>) {
        let (mut encoder, mut decoder) = (self.encoder.borrow_mut(), self.decoder.borrow_mut());
        if let Some(compression) = compression {
            encoder.set_compression(compression);
            decoder.set_compression(compression);
        }
        if version.features().segments {
            encoder.use_segments();
            decoder.use_segments();
        }
    }

    /// Lets requests in flight be answered, reads no more, then closes.
    pub(crate) fn close(&self) {
        if !self.closing.replace(true) {
            self.wake();
        }
    }

    /// The worker that it belongs to.
    pub(crate) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// The name and an address of a backend, for errors.
    pub(crate) fn backend_identity(&self, backend: u8) -> (String, IpAddr) {
        let member = self.worker.shared.cluster.members.get(usize::from(backend));
        member.map_or_else(
            || (String::new(), IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            |member| (member.name.to_string(), member.address),
        )
    }

    /// The connection is over: what still comes for it is dropped.
    pub(crate) fn leave(&self) {
        self.left.set(true);
        self.closing.set(true);
        self.in_flight.set(0);
        self.encoder.replace(Encoder::new());
    }

    /// Whether its connection is over.
    pub(crate) fn has_left(&self) -> bool {
        self.left.get()
    }

    /// Called every now and then: closes clients that stalled, or never logged in.
    pub(crate) fn check(&self, now: Instant) {
        let limits = self.limits();
        let stalled =
            self.blocked_since.get().is_some_and(|since| now.saturating_duration_since(since) > limits.stalled_max);
        let loitering =
            !self.session.borrow().is_ready() && now.saturating_duration_since(self.opened_at) > limits.handshake_max;
        if stalled || loitering {
            self.cut_off();
        }
    }

    /// The version that it speaks, while it may ask.
    pub(crate) fn version(&self) -> Option<Version> {
        let session = self.session.borrow();
        if session.is_ready() && !self.closing.get() { session.version() } else { None }
    }

    fn limits(&self) -> &ClientLimits {
        &self.worker.shared.client_limits
    }

    fn wake(&self) {
        if let Some(driver) = &*self.driver.borrow() {
            driver.wake_by_ref();
        }
    }

    fn drive(self: &Rc<Self>, cx: &mut Context<'_>, rest: &mut BytesMut) -> Poll<Departure> {
        self.remember(cx);
        if self.blocked_since.get().is_some() {
            match self.wire.poll_writable(cx) {
                Poll::Ready(Ok(())) => {
                    self.blocked_since.set(None);
                    self.flush();
                }
                Poll::Ready(Err(error)) => return Poll::Ready(error.into()),
                Poll::Pending => {}
            }
        }
        if self.closing.get() {
            let done = self.in_flight.get() == 0 && self.encoder.borrow().is_empty() && !self.wire.holds_bytes();
            return if done { Poll::Ready(Departure::ByUs) } else { Poll::Pending };
        }
        for _ in 0..READ_ROUNDS {
            if self.has_enough() {
                // The flush that makes room, or the answer that was expected, wakes this task.
                self.held_back.set(true);
                return Poll::Pending;
            }
            let progress =
                if self.held_back.replace(false) { Poll::Ready(self.on_bytes(rest)) } else { self.read(cx, rest) };
            match progress {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(departure)) => return Poll::Ready(departure),
            }
            if self.closing.get() {
                break;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// One read from the socket, and every request in it. The buffer is the worker's; what is left of a frame that is not
    /// whole yet stays in `rest`, so an idle client holds no buffer.
    fn read(self: &Rc<Self>, cx: &mut Context<'_>, rest: &mut BytesMut) -> Poll<Result<(), Departure>> {
        let mut shared = self.worker.read_buffer.take();
        let buffer = if rest.is_empty() { &mut shared } else { &mut *rest };
        let filled = self.wire.poll_fill(cx, buffer);
        let outcome = match filled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(0)) => Poll::Ready(Err(Departure::ByClient)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            Poll::Ready(Ok(count)) => {
                self.worker.metrics.bytes_received(count);
                Poll::Ready(self.on_bytes(buffer))
            }
        };
        if rest.is_empty() {
            if !shared.is_empty() {
                rest.extend_from_slice(&shared);
                shared.clear();
            }
            if rest.is_empty() {
                *rest = BytesMut::new();
            }
        }
        self.worker.read_buffer.replace(shared);
        outcome
    }

    fn on_bytes(self: &Rc<Self>, buffer: &mut BytesMut) -> Result<(), Departure> {
        while !self.closing.get() {
            if self.has_enough() {
                self.held_back.set(true);
                return Ok(());
            }
            let decoded = self.decoder.borrow_mut().decode(buffer);
            match decoded {
                Ok(Some(envelope)) => self.on_envelope(envelope),
                Ok(None) => break,
                Err(error) => {
                    self.worker.metrics.protocol_error();
                    if respond::frame_error(self, &error) {
                        self.close();
                        return Ok(());
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    fn on_envelope(self: &Rc<Self>, envelope: Envelope) {
        super::dispatch::dispatch(&self.worker, self, envelope);
    }

    fn remember(&self, cx: &Context<'_>) {
        let mut driver = self.driver.borrow_mut();
        if !driver.as_ref().is_some_and(|driver| driver.will_wake(cx.waker())) {
            *driver = Some(cx.waker().clone());
        }
    }
}

impl Flush for Client {
    fn flush(&self) {
        self.dirty.set(false);
        let mut encoder = self.encoder.borrow_mut();
        encoder.seal();
        let mut blocked = false;
        while !encoder.is_empty() || self.wire.holds_bytes() {
            match self.wire.try_write(encoder.pending()) {
                Ok(0) => {
                    blocked = true;
                    break;
                }
                Ok(written) => {
                    self.worker.metrics.bytes_sent(written);
                    encoder.advance(written);
                }
                // The reader meets the same error, and ends.
                Err(_) => {
                    self.in_flight.set(0);
                    *encoder = Encoder::new();
                    self.closing.set(true);
                    break;
                }
            }
        }
        drop(encoder);
        if blocked && self.blocked_since.get().is_none() {
            self.blocked_since.set(Some(Instant::now()));
        }
        if blocked || self.closing.get() || (self.held_back.get() && !self.has_enough()) {
            self.wake();
        }
    }
}
