//! Clients whose protocol version a backend no longer speaks: it came back older than it was.
//!
//! For their lanes that backend is not live, so a quorum goes on without it. Where the others are no quorum, the clients are
//! closed once their requests have ended: a driver that connects again is told the version to step down to.

use std::rc::Rc;

use quorate_protocol::frame::Version;
use tracing::{info, warn};

use super::Worker;
use crate::backend::Backend;
use crate::frontend::client::Client;
use crate::quorum::{Access, Consistency};

/// Looks at all clients of the worker, raises the alarm where it begins, and closes those that nobody can serve.
pub(super) fn check(worker: &Worker, clients: &[Rc<Client>]) {
    for (index, backend) in worker.backends().iter().enumerate() {
        let Some(newest) = backend.newest_version() else { continue };
        let newer = clients.iter().filter(|client| client.version().is_some_and(|version| version > newest)).count();
        let metrics = worker.metrics.backend(index);
        if newer > 0 && metrics.newer_clients() == 0 {
            let backend = u8::try_from(index).map_or("?", |index| worker.shared.cluster.backend_name(index));
            warn!(
                backend,
                version = newest.number(),
                clients = newer,
                "it speaks an older protocol version than clients that are connected: they go on without it until they \
                 connect again"
            );
        }
        metrics.speaks(newest.number(), newer as u64);
    }
    for client in clients {
        if let Some(version) = client.version()
            && is_stranded(worker, version)
        {
            info!(client = %client.peer, version = version.number(), "closed: too few backends speak its version now");
            client.close();
        }
    }
}

/// Whether an older version would reach a quorum, and this one does not.
fn is_stranded(worker: &Worker, version: Version) -> bool {
    let suffices = |version| {
        let live = worker.live_voters(version);
        [Access::Read, Access::Write].into_iter().all(|access| {
            let requirement = worker.shared.cluster.requirements.of(Consistency::Quorum, access);
            requirement.is_ok_and(|requirement| requirement.possible(live))
        })
    };
    !suffices(version) && suffices(worker.shared.newest_version())
}
