//! Real Apache Cassandra nodes on this machine, from their jars on Maven Central.
//!
//! A node takes about 0.75 GiB of memory with its heap of 384 MiB, and listens some ten seconds after its start.

pub mod jars;
mod node;

use std::net::IpAddr;
use std::thread;

use anyhow::{Result, anyhow};

use crate::loopback::Loopback;
pub use node::{Node, Security};

/// The port of the native protocol; the same on every node, as drivers expect of the nodes of a cluster.
pub const CQL_PORT: u16 = 9042;

const STORAGE_PORT: u16 = 7000;

/// Several single-node clusters that know nothing of each other: the independent backends of a proxy.
///
/// # Errors
/// If a node does not start; those that did are stopped again.
pub fn independent(loopback: &Loopback, names: &[&str], security: Security) -> Result<Vec<Node>> {
    let addresses: Vec<IpAddr> =
        names.iter().map(|_| loopback.claim(&[CQL_PORT, STORAGE_PORT])).collect::<Result<_>>()?;
    jars::resolve()?;
    thread::scope(|scope| {
        let starting: Vec<_> = names
            .iter()
            .zip(&addresses)
            .map(|(name, &address)| scope.spawn(move || Node::start(name, name, address, address, security)))
            .collect();
        starting.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a node's thread panicked"))?).collect()
    })
}

/// One cluster of several nodes, started one after the other as a ring requires.
pub fn ring(loopback: &Loopback, cluster: &str, size: usize) -> Result<Vec<Node>> {
    let mut nodes: Vec<Node> = Vec::with_capacity(size);
    for index in 0..size {
        let address = loopback.claim(&[CQL_PORT, STORAGE_PORT])?;
        let seed = nodes.first().map_or(address, Node::address);
        nodes.push(Node::start(&format!("{cluster}-{index}"), cluster, address, seed, Security::Open)?);
    }
    Ok(nodes)
}
