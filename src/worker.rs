//! One thread of the proxy: its clients, its connections to every backend, its requests under way.
//!
//! A request never leaves its thread. What threads share is in [`Shared`], and is only read on the way of a request.

mod versions;

use std::cell::{Cell, OnceCell, RefCell, RefMut};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bytes::BytesMut;
use quorate_protocol::frame::Version;
use slab::Slab;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tracing::debug;

use crate::backend::{AnyBackend, Backend, Deliver, Reply, RequestKey};
use crate::coordinator::operation::Operations;
use crate::coordinator::{self, Preference};
use crate::frontend::client::Client;
use crate::frontend::events;
use crate::observe::WorkerMetrics;
use crate::quorum::{Voter, VoterSet};
use crate::shared::Shared;
use crate::statement::{Evaluator, Statements};
use crate::turn::Turn;

/// How often requests under way are looked at where a read may be asked of another voter: a fraction of the patience.
const TICK: Duration = Duration::from_millis(5);
/// How often they are looked at where only their deadlines count: each timer costs every wait of the event loop.
const DEADLINE_TICK: Duration = Duration::from_millis(50);
/// How often backends are looked at: silence, latency, topology.
const CHECK: Duration = Duration::from_millis(100);
/// How often clients are looked at: stalls, and logins that do not come.
const CHECK_CLIENTS: Duration = Duration::from_secs(1);

/// One thread of the proxy.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) metrics: Arc<WorkerMetrics>,
    pub(crate) turn: Rc<Turn>,
    pub(crate) operations: RefCell<Operations>,
    pub(crate) statements: RefCell<Statements>,
    pub(crate) preference: RefCell<Preference>,
    pub(crate) random: RefCell<fastrand::Rng>,
    /// Where bytes of clients arrive; a client keeps a buffer of its own only for a frame that is not whole yet.
    pub(crate) read_buffer: Cell<BytesMut>,
    evaluator: RefCell<Evaluator>,
    clients: RefCell<Slab<Rc<Client>>>,
    backends: OnceCell<Vec<AnyBackend>>,
    ticker: RefCell<Option<Waker>>,
    /// Whoever comes now is told to go elsewhere.
    draining: Cell<bool>,
}

impl Worker {
    /// A worker whose backends start to connect at once. Call it on the worker's own thread, within its `LocalRuntime`.
    pub(crate) fn start(shared: Arc<Shared>, metrics: Arc<WorkerMetrics>, seed: u64) -> Rc<Self> {
        let worker = Rc::new(Self {
            metrics,
            turn: Rc::default(),
            operations: RefCell::default(),
            statements: RefCell::new(Statements::new(shared.limits.statements_max)),
            preference: RefCell::new(Preference::new(&shared.cluster)),
            evaluator: RefCell::new(evaluator(&shared, seed)),
            random: RefCell::new(fastrand::Rng::with_seed(seed)),
            read_buffer: Cell::default(),
            clients: RefCell::default(),
            backends: OnceCell::new(),
            ticker: RefCell::new(None),
            draining: Cell::new(false),
            shared,
        });
        let parts = worker.shared.backend_parts();
        let deliver: Rc<dyn Deliver> = Rc::new(ToWorker(Rc::downgrade(&worker)));
        let backends =
            parts.into_iter().map(|parts| AnyBackend::start(parts, worker.turn.clone(), deliver.clone())).collect();
        // Set once, here.
        let _ = worker.backends.set(backends);
        worker
    }

    /// All backends: voters first, in the order of the configuration, then observers.
    pub(crate) fn backends(&self) -> &[AnyBackend] {
        self.backends.get().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn backend(&self, index: u8) -> Option<&dyn Backend> {
        self.backends().get(usize::from(index)).map(|backend| backend as &dyn Backend)
    }

    /// The voters that can be asked now, in this version.
    pub(crate) fn live_voters(&self, version: Version) -> VoterSet {
        let is_live = |voter: &Voter| self.backends().get(voter.index()).is_some_and(|one| one.is_live_in(version));
        self.shared.cluster.electorate.all().iter().filter(is_live).collect()
    }

    /// The backend that answers what only one can: the first live one.
    pub(crate) fn the_one(&self, version: Version) -> Option<u8> {
        let index = self.backends().iter().position(|backend| backend.is_live_in(version))?;
        u8::try_from(index).ok()
    }

    /// Evaluates functions once for all backends.
    pub(crate) fn evaluator(&self) -> RefMut<'_, Evaluator> {
        self.evaluator.borrow_mut()
    }

    /// A request was started: the deadlines are looked at while there is one.
    pub(crate) fn wake_ticker(&self) {
        if let Some(ticker) = self.ticker.borrow_mut().take() {
            ticker.wake();
        }
    }

    /// Serves one client until it leaves.
    pub(crate) async fn serve(self: Rc<Self>, client: Rc<Client>) {
        let slot = self.clients.borrow_mut().insert(client.clone());
        self.metrics.client_connected();
        if self.draining.get() {
            client.close();
        }
        let departure = client.run().await;
        debug!(client = %client.peer, "{departure}");
        client.leave();
        self.metrics.client_disconnected();
        self.clients.borrow_mut().try_remove(slot);
    }

    /// Looks after requests, connections and events, for ever.
    pub(crate) async fn run(self: Rc<Self>) {
        let turn = self.turn.clone();
        // A task of its own: it is woken in every turn, and must not look at the others then.
        tokio::task::spawn_local(async move { turn.run().await });
        let events = self.shared.events.subscribe();
        tokio::join!(self.tick(), self.check(), self.check_clients(), self.pass_on_events(events));
    }

    /// Tells clients to go elsewhere, lets their requests end, and closes them; returns when all are gone.
    pub(crate) async fn drain(&self) {
        self.draining.set(true);
        for client in self.clients() {
            client.close();
        }
        while !self.clients.borrow().is_empty() {
            tokio::time::sleep(TICK).await;
        }
    }

    async fn tick(&self) {
        let cluster = &self.shared.cluster;
        let every = if cluster.speculates && !cluster.has_one_voter() { TICK } else { DEADLINE_TICK };
        loop {
            std::future::poll_fn(|cx| {
                if self.operations.borrow().len() > 0 {
                    return std::task::Poll::Ready(());
                }
                self.ticker.replace(Some(cx.waker().clone()));
                std::task::Poll::Pending
            })
            .await;
            tokio::time::sleep(every).await;
            coordinator::on_tick(self, Instant::now());
        }
    }

    async fn check(&self) {
        let mut every = tokio::time::interval(CHECK);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let now = every.tick().await;
            for backend in self.backends() {
                backend.check(now);
            }
            self.preference.borrow_mut().refresh(self.backends());
            self.publish();
        }
    }

    async fn check_clients(&self) {
        let mut every = tokio::time::interval(CHECK_CLIENTS);
        loop {
            let now = every.tick().await;
            let clients = self.clients();
            for client in &clients {
                client.check(now);
            }
            versions::check(self, &clients);
        }
    }

    fn clients(&self) -> Vec<Rc<Client>> {
        self.clients.borrow().iter().map(|(_, client)| client.clone()).collect()
    }

    /// What other threads show of this one's backends.
    fn publish(&self) {
        for (index, backend) in self.backends().iter().enumerate() {
            // Whoever sees that a backend is live finds its version known.
            if let Some(version) = backend.newest_version() {
                self.shared.saw_version(index, version);
            }
            self.metrics.backend(index).show(backend.is_live(), backend.latency_micros(), backend.in_flight());
        }
        self.metrics.show_live(self.live_voters(Version::V3));
    }

    async fn pass_on_events(&self, mut bus: broadcast::Receiver<Arc<events::Event>>) {
        loop {
            match bus.recv().await {
                Ok(event) => {
                    for client in self.clients() {
                        events::tell(&client, &event);
                    }
                }
                // Drivers refresh what they missed at the next event.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Functions see the wall clock, and uuids are drawn from the worker's own randomness.
fn evaluator(shared: &Arc<Shared>, seed: u64) -> Evaluator {
    let (shared, mut random) = (shared.clone(), fastrand::Rng::with_seed(seed));
    Evaluator::new(move || u64::try_from(shared.clock.wall_micros()).unwrap_or(0), move || random.u128(..))
}

/// The worker as its backends know it: it owns them, not they it, so that all of it goes when its thread ends.
struct ToWorker(Weak<Worker>);

impl Deliver for ToWorker {
    fn deliver(&self, key: RequestKey, backend: u8, reply: Reply) {
        if let Some(worker) = self.0.upgrade() {
            coordinator::on_reply(&worker, key.into(), backend, reply);
        }
    }

    fn is_awaited(&self, key: RequestKey) -> bool {
        self.0.upgrade().is_some_and(|worker| {
            let mut operations = worker.operations.borrow_mut();
            operations.find(key.into()).is_some_and(|operation| !operation.answered && !operation.client.has_left())
        })
    }
}
