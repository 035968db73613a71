//! `serve`: from a configuration to a running proxy, and to its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::{mpsc, watch};
use tokio_rustls::rustls::ServerConfig;
use tracing::{error, info, warn};

use crate::assemble::{AssembleError, assemble};
use crate::config::{Configuration, Listen};
use crate::control;
use crate::frontend::events::Event;
use crate::frontend::listener;
use crate::observe::{self, Registry};
use crate::replicas::{Announcement, Replicas};
use crate::shared::Shared;
use crate::wire::server_config;
use crate::worker::Worker;

/// How long clients have, after they were told that this proxy goes, before their connections are drained.
const NOTICE: Duration = Duration::from_millis(100);

/// Threads that each worker may have beside its own, for what takes long in an embedded store.
const BLOCKING_THREADS_MAX: usize = 8;

/// How long what those threads do is waited for at the end. What it has not committed nobody was told of.
const BLOCKING_PATIENCE: Duration = Duration::from_secs(5);

/// Why a proxy does not run.
#[derive(Debug, Error)]
pub enum ServeError {
    /// It cannot listen.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The certificate of the listener cannot be used.
    #[error("cannot use the listener's certificate: {0}")]
    Tls(io::Error),
    /// A backend cannot be set up.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// A worker could not start.
    #[error("a worker could not start: {0}")]
    Worker(io::Error),
    /// The operating system refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A proxy that accepts clients.
#[derive(Clone, Debug)]
pub struct Listening {
    /// Where it listens for CQL.
    pub address: SocketAddr,
    /// Where its admin server listens.
    pub admin: Option<SocketAddr>,
    /// Its embedded replicas.
    pub replicas: Replicas,
}

/// Runs a proxy until SIGINT or SIGTERM; returns when its clients are drained. `listening` is called once it accepts
/// clients.
///
/// # Errors
/// [`ServeError`] when it cannot start. What fails later is retried and logged.
pub fn serve(configuration: Configuration, listening: impl FnOnce(&Listening)) -> Result<(), ServeError> {
    run(configuration, listening, until_told_to_stop, NOTICE)
}

/// Runs a proxy until what `stop` gives completes; clients then have `notice` to leave by themselves. It is called within the
/// runtime, before anybody is told that the proxy listens.
pub(crate) fn run<Stop: Future<Output = ()>>(
    mut configuration: Configuration,
    listening: impl FnOnce(&Listening),
    stop: impl FnOnce() -> Stop,
    notice: Duration,
) -> Result<(), ServeError> {
    let runtime = single_threaded()?;
    let sockets = bind(&mut configuration.listen)?;
    let configuration = &configuration;
    let registry = Arc::new(Registry::new(configuration, std::time::Instant::now()));
    let shared = Arc::new(runtime.block_on(assemble(configuration))?);
    let tls = match &configuration.listen.tls {
        Some(tls) => {
            Some(server_config(&tls.certificate, &tls.key, tls.client_ca.as_deref()).map_err(ServeError::Tls)?)
        }
        None => None,
    };
    let (ended, stopping) = watch::channel(false);
    let open = Arc::new(AtomicUsize::new(0));
    let mut workers = Vec::new();
    let (failed, mut failures) = mpsc::unbounded_channel();
    for (index, socket) in sockets.into_iter().enumerate() {
        let seat = Seat {
            shared: shared.clone(),
            registry: registry.clone(),
            tls: tls.clone(),
            open: open.clone(),
            stopping: stopping.clone(),
            drain_max: configuration.listen.drain_timeout,
        };
        let name = format!("worker-{index}");
        let failed = failed.clone();
        let run = move || {
            if let Err(error) = seat.run(socket) {
                error!("a worker could not start: {error}");
                // The proxy ends by it, unless it is ending already.
                let _ = failed.send(error);
            }
        };
        workers.push(thread::Builder::new().name(name).spawn(run)?);
    }
    drop(failed);
    let outcome = runtime.block_on(async {
        let stop = stop();
        info!(address = %configuration.listen.address, workers = workers.len(), "listening");
        tokio::task::spawn_local(control::watch(shared.clone(), registry.clone(), configuration.listen.peers.clone()));
        let replicas = Replicas::new(shared.replicas());
        let admin = match &configuration.admin {
            Some(admin) => Some(open_admin(admin.address, registry.clone(), &replicas).await?),
            None => None,
        };
        let _announced = admin.and_then(|address| Announcement::of(address, &replicas));
        listening(&Listening { address: configuration.listen.address, admin, replicas });
        let outcome = tokio::select! {
            () = stop => Ok(()),
            Some(error) = failures.recv() => Err(ServeError::Worker(error)),
        };
        let _ = shared.events.send(Arc::new(Event::Down(configuration.listen.advertise)));
        tokio::time::sleep(notice).await;
        Ok::<_, ServeError>(outcome)
    })?;
    // The workers see it, or are gone already.
    let _ = ended.send(true);
    for worker in workers {
        if worker.join().is_err() {
            warn!("a worker ended by a panic");
        }
    }
    // Whatever still renews the mark has ended with the runtime.
    runtime.shutdown_timeout(BLOCKING_PATIENCE);
    if let Err(error) = shared.clock.settle() {
        warn!("the clock's mark could not be stored: {error}");
    }
    info!("stopped");
    outcome
}

/// One socket for each worker, on the same address. Port 0 becomes the port that the system chose.
fn bind(listen: &mut Listen) -> Result<Vec<std::net::TcpListener>, ServeError> {
    let address = listen.address;
    let refused = |error| ServeError::Listen { address, error };
    // Sockets that share an address would share it with another proxy's too: this one finds out whether there is one.
    drop(std::net::TcpListener::bind(address).map_err(refused)?);
    let first = listener::bind(address).map_err(refused)?;
    listen.address = first.local_addr()?;
    if listen.advertise.port() == 0 {
        listen.advertise.set_port(listen.address.port());
    }
    let mut sockets = vec![first];
    while sockets.len() < listen.workers {
        sockets.push(listener::bind(listen.address).map_err(refused)?);
    }
    Ok(sockets)
}

async fn open_admin(
    address: SocketAddr,
    registry: Arc<Registry>,
    replicas: &Replicas,
) -> Result<SocketAddr, ServeError> {
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener = listener.map_err(|error| ServeError::Listen { address, error })?;
    let address = listener.local_addr()?;
    // It serves until the process ends: draining can be watched.
    let serving = observe::admin::serve(listener, registry, replicas.router(), std::future::pending());
    tokio::task::spawn_local(serving);
    Ok(address)
}

/// What one worker thread is given.
struct Seat {
    shared: Arc<Shared>,
    registry: Arc<Registry>,
    tls: Option<Arc<ServerConfig>>,
    open: Arc<AtomicUsize>,
    stopping: watch::Receiver<bool>,
    drain_max: Duration,
}

impl Seat {
    fn run(mut self, socket: std::net::TcpListener) -> io::Result<()> {
        let runtime = single_threaded()?;
        let outcome: io::Result<()> = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(socket)?;
            let worker = Worker::start(self.shared.clone(), self.registry.add_worker(), fastrand::u64(..));
            tokio::task::spawn_local(worker.clone().run());
            let accepting = tokio::task::spawn_local(listener::accept(worker.clone(), listener, self.tls, self.open));
            // The sender lives until all workers have ended.
            let _ = self.stopping.wait_for(|stopping| *stopping).await;
            accepting.abort();
            if tokio::time::timeout(self.drain_max, worker.drain()).await.is_err() {
                warn!("clients were cut off: their requests took longer than {:?}", self.drain_max);
            }
            Ok(())
        });
        // A statement that takes long must not hold up the end.
        runtime.shutdown_timeout(BLOCKING_PATIENCE);
        outcome
    }
}

/// Not a `LocalSet`: waking one of its tasks from the event loop costs a system call.
fn single_threaded() -> io::Result<LocalRuntime> {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(BLOCKING_THREADS_MAX).build_local(LocalOptions::default())
}

/// From the call on, signals do not end the process at once.
fn until_told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = signal(SignalKind::interrupt()).and_then(|first| Ok((first, signal(SignalKind::terminate())?)));
    async move {
        let Ok((mut interrupt, mut terminate)) = signals else {
            warn!("signals cannot be received; end the process by SIGKILL");
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => info!("SIGINT: draining"),
            _ = terminate.recv() => info!("SIGTERM: draining"),
        }
    }
}
