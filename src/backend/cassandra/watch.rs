//! A backend's schema, watched on a connection of its own: its version, and each change.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use quorate_protocol::frame::Version;
use quorate_protocol::message::response::{Event, EventType};
use quorate_protocol::message::{Request, Response};
use tokio::sync::mpsc;
use tracing::debug;
use uuid::Uuid;

use super::dialogue::Dialogue;
use super::handshake::{self, Dial, HandshakeError};
use super::node::Reconnect;
use super::topology::Topology;
use crate::backend::{Lane, Observation};

/// How often the schema version is read though no event came: it is the heartbeat of the connection too.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// Watches one backend for ever.
pub(crate) async fn watch(
    backend: usize,
    topology: Arc<ArcSwap<Topology>>,
    dial: Dial,
    reconnect: Reconnect,
    seen: mpsc::UnboundedSender<(usize, Observation)>,
) {
    let mut random = fastrand::Rng::new();
    let mut attempt = 0;
    loop {
        let addresses: Vec<_> = topology.load().addresses().collect();
        for address in addresses {
            let lane = Lane { version: Version::V4, keyspace: None };
            let lost = match handshake::open(&dial, address, &lane).await {
                Ok(dialogue) => {
                    attempt = 0;
                    observe(dialogue, backend, dial.timeout, &seen).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = lost {
                debug!(backend, %address, "the schema is not watched: {error}");
            }
            if seen.send((backend, Observation::Lost)).is_err() {
                return;
            }
        }
        tokio::time::sleep(reconnect.pause(attempt, &mut random)).await;
        attempt = attempt.saturating_add(1);
    }
}

async fn observe(
    mut dialogue: Dialogue,
    backend: usize,
    patience: Duration,
    seen: &mpsc::UnboundedSender<(usize, Observation)>,
) -> Result<(), HandshakeError> {
    dialogue.ask(Request::Register(vec![EventType::SchemaChange])).await?;
    let in_time = |_| HandshakeError::Timeout(patience);
    let datacenter = tokio::time::timeout(patience, datacenter(&mut dialogue)).await.map_err(in_time)??;
    if seen.send((backend, Observation::Datacenter(datacenter))).is_err() {
        return Ok(());
    }
    loop {
        let version = tokio::time::timeout(patience, schema_version(&mut dialogue)).await.map_err(in_time)??;
        if seen.send((backend, Observation::Version(version))).is_err() {
            return Ok(());
        }
        match tokio::time::timeout(ASK_EVERY, dialogue.event()).await {
            Ok(event) => {
                if let Response::Event(Event::Schema(change)) = event? {
                    // A closed channel is met above.
                    let _ = seen.send((backend, Observation::Change(change)));
                }
            }
            Err(_) => continue,
        }
    }
}

async fn schema_version(dialogue: &mut Dialogue) -> Result<Uuid, HandshakeError> {
    let bytes = of_local(dialogue, "schema_version").await?;
    Uuid::from_slice(&bytes).map_err(|_| HandshakeError::Unexpected)
}

async fn datacenter(dialogue: &mut Dialogue) -> Result<String, HandshakeError> {
    let bytes = of_local(dialogue, "data_center").await?;
    String::from_utf8(bytes.to_vec()).map_err(|_| HandshakeError::Unexpected)
}

/// What the node says of itself.
async fn of_local(dialogue: &mut Dialogue, column: &str) -> Result<Bytes, HandshakeError> {
    let query = handshake::query_of(format!("SELECT {column} FROM system.local WHERE key = 'local'"));
    let Response::Rows(rows) = dialogue.ask(query).await? else { return Err(HandshakeError::Unexpected) };
    let cell = rows.rows.into_iter().next().and_then(|row| row.into_iter().next());
    cell.flatten().ok_or(HandshakeError::Unexpected)
}
