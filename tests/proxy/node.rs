//! A node of a backend that a test has in its hand: it speaks the native protocol, remembers what it was asked, and
//! behaves as the test wants, which may change at any time.

mod answers;
mod connection;
mod received;
mod system;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use quorate_protocol::frame::{Opcode, Version};
use quorate_protocol::message::response::Event;
use quorate_protocol::message::{Response, ResponseMessage};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

pub use received::Received;

use crate::patience::{eventually, within_reason};

/// What a node is made with; the rest can be changed later.
#[derive(Clone)]
pub struct NodeOptions {
    /// The newest protocol version it speaks.
    pub newest: Version,
    /// User names and their passwords; without any, everybody may connect.
    pub users: Vec<(String, String)>,
    /// Where connections are TLS.
    pub tls: Option<TlsAcceptor>,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self { newest: Version::V6, users: Vec::new(), tls: None }
    }
}

/// What a node does with a request that a test picked.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// It does nothing but answer this.
    Answer(Box<ResponseMessage>),
    /// It does what it is asked, and answers when it is told to release.
    Hold,
    /// It does what it is asked, and never answers.
    Silence,
    /// It does what it is asked, and closes the connection in place of an answer.
    Vanish,
}

impl<R: Into<ResponseMessage>> From<R> for Reaction {
    fn from(answer: R) -> Self {
        Self::Answer(Box::new(answer.into()))
    }
}

/// Whether a node is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Serving,
    /// Its connections are open, but it neither reads nor writes (SIGSTOP).
    Paused,
    /// Its connections are closed, and new ones refused (SIGKILL).
    Dead,
}

/// A node that runs until it is dropped.
pub struct Node {
    pub address: SocketAddr,
    core: Arc<Core>,
}

/// What a node's connections share.
struct Core {
    address: SocketAddr,
    options: NodeOptions,
    host_id: Uuid,
    health: watch::Sender<Health>,
    state: Mutex<State>,
    /// The newest protocol version it speaks.
    newest: Mutex<Version>,
    visits: AtomicUsize,
    /// Changes with every request that was received.
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    rules: Vec<Rule>,
    prepared: HashMap<Bytes, String>,
    /// What a SELECT gives where nothing was stored under its key.
    rows: Vec<String>,
    /// What was written with bind values: by the first of them, the stamp and the second.
    stored: BTreeMap<Bytes, (i64, Bytes)>,
    held: Vec<(mpsc::UnboundedSender<Outgoing>, Outgoing)>,
    registered: Vec<mpsc::UnboundedSender<Outgoing>>,
    schema_version: u128,
}

struct Rule {
    needle: String,
    opcodes: &'static [Opcode],
    reaction: Reaction,
    times: usize,
}

/// A message on its way to whoever is connected.
#[derive(Clone, Debug)]
struct Outgoing {
    stream: i16,
    message: ResponseMessage,
}

/// The requests that do something, rather than prepare it.
const DOING: &[Opcode] = &[Opcode::Query, Opcode::Execute, Opcode::Batch];

impl Node {
    /// A node that speaks every version and lets everybody in.
    pub async fn start() -> Self {
        Self::start_with(NodeOptions::default()).await
    }

    /// Several of those.
    pub async fn start_many<const N: usize>() -> [Self; N] {
        let mut nodes = Vec::with_capacity(N);
        for _ in 0..N {
            nodes.push(Self::start().await);
        }
        nodes.try_into().unwrap_or_else(|_| unreachable!("as many were started"))
    }

    pub async fn start_with(options: NodeOptions) -> Self {
        let address = SocketAddr::new(crate::address::unused(), 9042);
        let core = Arc::new(Core {
            address,
            newest: Mutex::new(options.newest),
            options,
            host_id: Uuid::new_v4(),
            health: watch::Sender::new(Health::Serving),
            state: Mutex::default(),
            visits: AtomicUsize::new(0),
            count: watch::Sender::new(0),
        });
        let node = Self { address, core };
        node.listen();
        node
    }

    /// Stops reading and answering; what is sent to it piles up.
    pub fn pause(&self) {
        self.core.health.send_replace(Health::Paused);
    }

    /// Goes on after [`Node::pause`], with what piled up.
    pub fn resume(&self) {
        self.core.health.send_replace(Health::Serving);
    }

    /// Closes its connections, forgets its prepared statements, and refuses new connections.
    pub fn die(&self) {
        self.core.health.send_replace(Health::Dead);
        let mut state = self.core.state.lock();
        state.prepared.clear();
        state.registered.clear();
        state.held.clear();
    }

    /// From now on speaks versions up to this one.
    pub fn speak(&self, newest: Version) {
        *self.core.newest.lock() = newest;
    }

    /// Serves again after [`Node::die`].
    pub fn come_back(&self) {
        self.core.health.send_replace(Health::Serving);
        self.listen();
    }

    /// From now on reacts so to QUERY, EXECUTE and BATCH whose text contains `needle`.
    pub fn when(&self, needle: &str, reaction: impl Into<Reaction>) {
        self.rule(needle, DOING, reaction.into(), usize::MAX);
    }

    /// Reacts so to the next such request only.
    pub fn when_next(&self, needle: &str, reaction: impl Into<Reaction>) {
        self.rule(needle, DOING, reaction.into(), 1);
    }

    /// From now on reacts so to PREPARE of a text that contains `needle`.
    pub fn when_prepared(&self, needle: &str, reaction: impl Into<Reaction>) {
        self.rule(needle, &[Opcode::Prepare], reaction.into(), usize::MAX);
    }

    /// Takes back what [`Node::when`] and its kin said.
    pub fn behave(&self) {
        self.core.state.lock().rules.clear();
    }

    /// Sends the answers that were held back, the last first.
    pub fn release(&self) {
        let held = std::mem::take(&mut self.core.state.lock().held);
        for (connection, outgoing) in held.into_iter().rev() {
            // The connection may be gone.
            let _ = connection.send(outgoing);
        }
    }

    /// Sends the answer that was held back last.
    pub fn release_last(&self) {
        if let Some((connection, outgoing)) = self.core.state.lock().held.pop() {
            // The connection may be gone.
            let _ = connection.send(outgoing);
        }
    }

    /// The rows of a SELECT, each with one text, `v`.
    pub fn show(&self, rows: &[&str]) {
        self.core.state.lock().rows = rows.iter().map(|row| (*row).to_owned()).collect();
    }

    /// Forgets its prepared statements.
    pub fn forget_prepared(&self) {
        self.core.state.lock().prepared.clear();
    }

    /// Waits until somebody connected.
    pub async fn is_visited(&self) {
        let visited = async || (self.core.visits.load(Ordering::Relaxed) > 0).then_some(());
        eventually("a connection", visited).await;
    }

    /// Waits until somebody registered for its events.
    pub async fn is_watched(&self) {
        // Two do: the proxy's watch of the schema, and the driver that knows the topology.
        let watched = async || (self.core.state.lock().registered.len() >= 2).then_some(());
        eventually("registered watchers", watched).await;
    }

    /// Tells whoever registered.
    pub fn tell(&self, event: &Event) {
        let state = self.core.state.lock();
        for connection in &state.registered {
            let message = Response::Event(event.clone()).into();
            // The connection may be gone.
            let _ = connection.send(Outgoing { stream: -1, message });
        }
    }

    /// What the proxy asked on behalf of its clients, in order: QUERY, PREPARE, EXECUTE and BATCH.
    pub fn received(&self) -> Vec<Received> {
        self.core.state.lock().received.clone()
    }

    /// Of that, what a text contains `needle`, PREPARE aside.
    pub fn did(&self, needle: &str) -> Vec<Received> {
        let state = self.core.state.lock();
        state.received.iter().filter(|one| does(one, needle)).cloned().collect()
    }

    /// How many those are.
    pub fn count(&self, needle: &str) -> usize {
        self.core.state.lock().received.iter().filter(|one| does(one, needle)).count()
    }

    /// Waits until it has received `count` such requests, and gives them.
    pub async fn does(&self, needle: &str, count: usize) -> Vec<Received> {
        self.reaches(needle, count).await;
        self.did(needle)
    }

    /// Waits until it has received `count` such requests.
    pub async fn reaches(&self, needle: &str, count: usize) {
        let mut changes = self.core.count.subscribe();
        let enough = changes.wait_for(|received| *received >= count && self.count(needle) >= count);
        within_reason(&format!("{count} of {needle:?} at {}", self.address), enough).await.expect("the node lives");
    }

    fn rule(&self, needle: &str, opcodes: &'static [Opcode], reaction: Reaction, times: usize) {
        let rule = Rule { needle: needle.to_owned(), opcodes, reaction, times };
        // What was said last counts.
        self.core.state.lock().rules.insert(0, rule);
    }

    fn listen(&self) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(self.address).expect("an address of our own");
        let listener = socket.listen(1024).expect("a listener");
        tokio::spawn(accept(self.core.clone(), listener));
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.core.health.send_replace(Health::Dead);
    }
}

fn does(received: &Received, needle: &str) -> bool {
    DOING.contains(&received.opcode()) && received.text.contains(needle)
}

async fn accept(core: Arc<Core>, listener: TcpListener) {
    let mut health = core.health.subscribe();
    loop {
        tokio::select! {
            _ = health.wait_for(|health| *health == Health::Dead) => return,
            accepted = listener.accept() => {
                let Ok((socket, _)) = accepted else { return };
                core.visits.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(connection::serve(core.clone(), socket));
            }
        }
    }
}
