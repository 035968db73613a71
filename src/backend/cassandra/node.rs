//! One node of a backend: its connections by lane, and whether it is up.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use quorate_protocol::frame::Version;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::connection::{Closed, Connection, ConnectionLimits, NodeLoad};
use super::handshake::{self, Dial};
use crate::backend::{Deliver, Lane, SendError};
use crate::turn::Turn;

/// A lane that nobody used for so long is closed.
const LANE_IDLE_MAX: Duration = Duration::from_secs(300);

/// What a node is given by its backend.
pub(super) struct NodeContext {
    pub(super) backend: Rc<str>,
    pub(super) dial: Rc<Dial>,
    pub(super) limits: ConnectionLimits,
    pub(super) reconnect: Reconnect,
    pub(super) turn: Rc<Turn>,
    pub(super) deliver: Rc<dyn Deliver>,
}

/// The pause between attempts: it doubles from `min` to `max`, and each is drawn from its upper half.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reconnect {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
}

impl Reconnect {
    /// The pause before attempt number `attempt`, counted from zero.
    pub(crate) fn pause(self, attempt: u32, random: &mut fastrand::Rng) -> Duration {
        let whole = self.min.saturating_mul(1_u32 << attempt.min(16)).min(self.max);
        whole / 2 + whole.mul_f64(random.f64() / 2.0)
    }
}

/// A node, as one worker sees it.
pub(super) struct Node {
    pub(super) address: SocketAddr,
    context: Rc<NodeContext>,
    load: Rc<NodeLoad>,
    lanes: RefCell<HashMap<Lane, Rc<Connection>, rustc_hash::FxBuildHasher>>,
    /// The connection that is kept open whatever clients do: the node is up while it is.
    base: RefCell<Option<Rc<Connection>>>,
    newest_version: Cell<Option<Version>>,
    supervisor: RefCell<Option<JoinHandle<()>>>,
}

impl Node {
    /// A node that connects, and reconnects, until it is dropped from its backend.
    pub(super) fn start(address: SocketAddr, context: Rc<NodeContext>) -> Rc<Self> {
        let node = Rc::new(Self {
            address,
            context,
            load: Rc::default(),
            lanes: RefCell::default(),
            base: RefCell::new(None),
            newest_version: Cell::new(None),
            supervisor: RefCell::new(None),
        });
        let supervisor = tokio::task::spawn_local(supervise(node.clone()));
        node.supervisor.replace(Some(supervisor));
        node
    }

    /// Ends all its connections.
    pub(super) fn stop(&self) {
        if let Some(supervisor) = self.supervisor.borrow_mut().take() {
            supervisor.abort();
        }
        self.down(&Closed::Unused);
    }

    pub(super) fn is_up(&self) -> bool {
        self.base.borrow().as_ref().is_some_and(|base| base.is_open())
    }

    pub(super) fn newest_version(&self) -> Option<Version> {
        self.newest_version.get()
    }

    /// Whether it was seen to speak this version when it connected last.
    pub(super) fn speaks(&self, version: Version) -> bool {
        self.newest_version.get().is_some_and(|newest| version <= newest)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.load.in_flight.get()
    }

    pub(super) fn latency_micros(&self) -> u32 {
        self.load.latency.micros()
    }

    /// The connection in `lane`; one is opened where there is none.
    pub(super) fn connection(self: &Rc<Self>, lane: &Lane) -> Result<Rc<Connection>, SendError> {
        if !self.is_up() {
            return Err(SendError::Down);
        }
        if let Some(connection) = self.lanes.borrow().get(lane)
            && !connection.is_closed()
        {
            return Ok(connection.clone());
        }
        let connection = self.new_connection(lane.clone());
        self.lanes.borrow_mut().insert(lane.clone(), connection.clone());
        let node = self.clone();
        let (run, lane) = (connection.clone(), lane.clone());
        tokio::task::spawn_local(async move {
            let opening = handshake::open(&node.context.dial, node.address, &lane);
            let closed = run.run(opening, || {}).await;
            debug!(backend = %node.context.backend, node = %node.address, "lane closed: {closed}");
            node.on_lane_closed(&closed);
        });
        Ok(connection)
    }

    /// Called every now and then.
    pub(super) fn check(&self, now: Instant) {
        let base = self.base.borrow().clone();
        let lanes: Vec<_> = self.lanes.borrow().values().cloned().collect();
        for connection in base.iter().chain(&lanes) {
            connection.check(now);
        }
        for connection in lanes {
            if connection.idle_since().is_some_and(|since| now.saturating_duration_since(since) > LANE_IDLE_MAX) {
                connection.shut(&Closed::Unused);
            }
        }
        self.lanes.borrow_mut().retain(|_, connection| !connection.is_closed());
    }

    fn new_connection(&self, lane: Lane) -> Rc<Connection> {
        let context = &self.context;
        Connection::new(lane, context.limits, self.load.clone(), context.turn.clone(), context.deliver.clone())
    }

    fn on_lane_closed(&self, closed: &Closed) {
        // A node that is silent on one connection is silent on all; one that was killed closes them all by itself.
        if matches!(closed, Closed::Silent) {
            self.down(closed);
        }
        self.lanes.borrow_mut().retain(|_, connection| !connection.is_closed());
    }

    fn down(&self, why: &Closed) {
        if let Some(base) = self.base.borrow_mut().take() {
            base.shut(why);
        }
        let lanes: Vec<_> = self.lanes.borrow_mut().drain().collect();
        for (_, connection) in lanes {
            connection.shut(why);
        }
    }
}

/// Keeps the base connection open, for ever.
async fn supervise(node: Rc<Node>) {
    let mut random = fastrand::Rng::new();
    let mut attempt = 0;
    let mut version = Version::NEWEST;
    loop {
        let lane = Lane { version, keyspace: None };
        let base = node.new_connection(lane.clone());
        node.base.replace(Some(base.clone()));
        let context = &node.context;
        let (was_open, newest) = (Cell::new(false), Cell::new(version));
        let opening = async {
            let mut dialogue = handshake::open(&context.dial, node.address, &lane).await?;
            newest.set(handshake::newest_version(&context.dial, &mut dialogue, version).await?);
            Ok(dialogue)
        };
        let opened = || {
            was_open.set(true);
            node.newest_version.set(Some(newest.get()));
            info!(backend = %context.backend, node = %node.address, version = version.number(), "connected");
        };
        let closed = base.run(opening, opened).await;
        node.down(&closed);
        if let Closed::Handshake(error) = &closed
            && error.is_version_refusal()
            && let Some(older) = Version::from_number(version.number() - 1)
        {
            version = older;
            continue;
        }
        if was_open.get() {
            attempt = 0;
        }
        if attempt == 0 {
            warn!(backend = %context.backend, node = %node.address, "down: {closed}");
        } else {
            debug!(backend = %context.backend, node = %node.address, attempt, "still down: {closed}");
        }
        tokio::time::sleep(context.reconnect.pause(attempt, &mut random)).await;
        attempt = attempt.saturating_add(1);
        // It may come back upgraded.
        version = Version::NEWEST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_bound_and_are_jittered() {
        let reconnect = Reconnect { min: Duration::from_millis(100), max: Duration::from_secs(2) };
        let mut random = fastrand::Rng::with_seed(7);
        for (attempt, whole_ms) in [(0, 100), (1, 200), (2, 400), (5, 2000), (40, 2000)] {
            let pause = reconnect.pause(attempt, &mut random);
            let whole = Duration::from_millis(whole_ms);
            assert!(pause >= whole / 2 && pause <= whole, "attempt {attempt}: {pause:?}");
        }
    }
}
