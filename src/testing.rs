//! A CQL server for tests: in memory, on a free port, on threads of its own, gone when it is dropped.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = quorate::testing::Server::start()?;
//! let address = server.address(); // give this to any Cassandra driver
//! assert!(address.ip().is_loopback());
//! # Ok(()) }
//! ```
//!
//! One replica, the default, does all that one Cassandra node does, lightweight transactions included. With several, a
//! test can take replicas away and see what its application makes of it:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use quorate::testing::{Options, Server};
//!
//! let server = Server::with(Options { replicas: 3, ..Options::default() })?;
//! server.replicas().stop("r1")?; // QUORUM goes on
//! server.replicas().stop("r2")?; // and now it is unavailable
//! server.replicas().start("r1")?;
//! # Ok(()) }
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::oneshot;

use crate::config::{ConfigError, Configuration, EmbeddedCluster};
use crate::replicas::Replicas;
use crate::server::{self, Listening, ServeError};

/// What a server for tests is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; by default on a free port of 127.0.0.1.
    pub listen: SocketAddr,
    /// How many replicas it has, named `r1`, `r2`, …: one by default, twelve at most.
    pub replicas: usize,
    /// The directory of its data; by default everything is in memory.
    pub data: Option<PathBuf>,
    /// How many threads serve requests: one by default.
    pub workers: usize,
    /// Whether clients log in; by default they do not. There is the role `cassandra` with the password `cassandra`.
    pub authenticates: bool,
}

/// Why there is no server.
#[derive(Debug, Error)]
pub enum StartError {
    /// The options make no sense.
    #[error(transparent)]
    Options(#[from] ConfigError),
    /// It could not start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Its thread ended by a panic.
    #[error("the server's thread ended by a panic")]
    Panicked,
}

/// A running server. Dropping it stops it, and waits until it has ended.
#[derive(Debug)]
pub struct Server {
    listening: Listening,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            replicas: 1,
            data: None,
            workers: 1,
            authenticates: false,
        }
    }
}

impl Server {
    /// Starts a server in memory with one replica.
    ///
    /// # Errors
    /// It cannot listen.
    pub fn start() -> Result<Self, StartError> {
        Self::with(Options::default())
    }

    /// Starts a server.
    ///
    /// # Errors
    /// The options make no sense, or it cannot listen, or not open its data.
    pub fn with(options: Options) -> Result<Self, StartError> {
        let Options { listen, replicas, data, workers, authenticates } = options;
        let cluster = EmbeddedCluster { listen, replicas, data, admin: None, authenticates };
        let workers = ("QUORATE_LISTEN__WORKERS".to_owned(), workers.to_string());
        Self::of(Configuration::embedded(&cluster, vec![workers])?)
    }

    fn of(configuration: Configuration) -> Result<Self, StartError> {
        let (started, starting) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("quorate".to_owned()).spawn(move || {
            let until = async {
                // A dropped sender says the same.
                let _ = stopped.await;
            };
            let listening = |listening: &Listening| {
                // Whoever started it waits for this.
                let _ = started.send(listening.clone());
            };
            server::run(configuration, listening, || until, Duration::ZERO)
        });
        let thread = thread.map_err(ServeError::from)?;
        match starting.recv() {
            Ok(listening) => Ok(Self { listening, stop: Some(stop), thread: Some(thread) }),
            // It ended before it listened.
            Err(_) => match thread.join() {
                Ok(Err(error)) => Err(error.into()),
                Ok(Ok(())) | Err(_) => Err(StartError::Panicked),
            },
        }
    }

    /// Where CQL clients connect.
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// Its replicas, which can be stopped, paused and cut off.
    pub fn replicas(&self) -> &Replicas {
        &self.listening.replicas
    }

    /// Stops it: requests in flight are answered first.
    ///
    /// # Errors
    /// What went wrong since it was started.
    pub fn stop(mut self) -> Result<(), StartError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), StartError> {
        drop(self.stop.take());
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => Ok(ended?),
            Some(Err(_)) => Err(StartError::Panicked),
            None => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whoever wants to know how it ended calls `stop`.
        let _ = self.end();
    }
}
