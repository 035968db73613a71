//! The floor of what any proxy costs: haproxy as a plain TCP relay on one thread.

use std::fs;
use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cassandra::{CQL_PORT, Node};
use crate::child::Child;
use crate::loopback::Loopback;
use crate::{wait, workdir};

/// A running haproxy in front of one node.
#[derive(Debug)]
pub struct Relay {
    address: IpAddr,
    process: Child,
}

impl Relay {
    /// Starts it.
    ///
    /// # Errors
    /// One line that says what to install if haproxy is absent.
    pub fn start(loopback: &Loopback, node: &Node) -> Result<Self> {
        Command::new("haproxy")
            .arg("-v")
            .output()
            .context("haproxy is missing: install it (Debian: apt-get install haproxy)")?;
        let address = loopback.claim(&[CQL_PORT])?;
        let dir = workdir::work_dir()?.join("relay");
        fs::create_dir_all(&dir)?;
        let config = dir.join("haproxy.cfg");
        let text = format!(
            "global\n  nbthread 1\n  maxconn 2000\n\
             defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n\
             listen cql\n  bind {address}:{CQL_PORT}\n  server node {}\n",
            node.contact_point()
        );
        fs::write(&config, text)?;
        let mut command = Command::new("haproxy");
        command.arg("-f").arg(&config);
        let process = Child::start("haproxy", &command, &dir.join("output.log"))?;
        process.wait_until("listens", Duration::from_secs(10), || wait::accepts(address, CQL_PORT))?;
        Ok(Self { address, process })
    }

    /// Where it listens.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}
