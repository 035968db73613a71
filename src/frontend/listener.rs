//! The listening sockets: one per worker on the same address, between which the kernel spreads connections.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::ServerConfig;
use tracing::{debug, warn};

use super::client::Client;
use crate::wire::{TlsWire, Wire};
use crate::worker::Worker;

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 4096;
/// The pause after the system refused a connection, for want of file descriptors as a rule.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// Binds one of several sockets that share `address`.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts clients for ever.
pub(crate) async fn accept(
    worker: Rc<Worker>,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    open: Arc<AtomicUsize>,
) {
    loop {
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!("a client cannot be accepted: {error}");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                continue;
            }
        };
        if open.fetch_add(1, Ordering::Relaxed) >= worker.shared.limits.clients_max {
            open.fetch_sub(1, Ordering::Relaxed);
            debug!(client = %peer, "refused: too many clients");
            continue;
        }
        let (worker, tls, open) = (worker.clone(), tls.clone(), open.clone());
        tokio::task::spawn_local(async move {
            match wire(&worker, socket, tls).await {
                Ok(wire) => worker.clone().serve(Client::new(worker, wire, peer)).await,
                Err(error) => debug!(client = %peer, "no connection: {error}"),
            }
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

async fn wire(worker: &Worker, socket: TcpStream, tls: Option<Arc<ServerConfig>>) -> io::Result<Wire> {
    socket.set_nodelay(true)?;
    match tls {
        None => Ok(Wire::plain(socket)),
        Some(config) => {
            let patience = worker.shared.client_limits.handshake_max;
            let wire = tokio::time::timeout(patience, TlsWire::accept(socket, config)).await??;
            Ok(Wire::Tls(Box::new(wire)))
        }
    }
}
