//! The `quorate` binary over given backends.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, ensure};

use crate::cassandra::{CQL_PORT, Node};
use crate::child::{Child, Signal};
use crate::drivers::beside_this_program;
use crate::loopback::Loopback;
use crate::{wait, workdir};

/// The port of `/live`, `/ready`, `/metrics` and `/status`.
pub const ADMIN_PORT: u16 = 9142;

const START_PATIENCE: Duration = Duration::from_secs(30);

/// A running proxy. Its process is killed when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: IpAddr,
    process: Child,
}

impl Proxy {
    /// Starts a proxy with one voter per node, and waits until it is ready.
    pub fn start(loopback: &Loopback, name: &str, nodes: &[&Node]) -> Result<Self> {
        Self::listen(claim(loopback)?, &[], name, nodes)
    }

    /// Starts several that serve the same nodes and name each other as peers.
    pub fn start_peers(loopback: &Loopback, name: &str, nodes: &[&Node], count: usize) -> Result<Vec<Self>> {
        let addresses = (0..count).map(|_| claim(loopback)).collect::<Result<Vec<_>>>()?;
        let peers_of = |own: IpAddr| addresses.iter().copied().filter(|&other| other != own).collect::<Vec<_>>();
        addresses
            .iter()
            .enumerate()
            .map(|(index, &own)| Self::listen(own, &peers_of(own), &format!("{name}-{index}"), nodes))
            .collect()
    }

    /// Starts one over so many embedded replicas in memory, and waits until it is ready.
    pub fn embedded(loopback: &Loopback, name: &str, replicas: usize) -> Result<Self> {
        let address = claim(loopback)?;
        let dir = workdir::work_dir()?.join("proxies").join(format!("{name}-{address}"));
        fs::create_dir_all(&dir)?;
        let mut command = Command::new(binary()?);
        let (cql, admin) = (format!("{address}:{CQL_PORT}"), format!("{address}:{ADMIN_PORT}"));
        command.args(["serve", "--in-memory", "--replicas", &replicas.to_string()]);
        command.args(["--listen", &cql, "--admin", &admin]).current_dir(&dir);
        Self::run(name, address, &command, &dir)
    }

    /// Starts one over so many embedded replicas with their files in `data`, and waits until it is ready. A statement has as
    /// long as it takes.
    pub fn embedded_on_disk(loopback: &Loopback, name: &str, replicas: usize, data: &Path) -> Result<Self> {
        let address = claim(loopback)?;
        let dir = workdir::work_dir()?.join("proxies").join(format!("{name}-{address}"));
        fs::create_dir_all(&dir)?;
        let command = on_disk(address, replicas, data)?;
        Self::run(name, address, &command, &dir)
    }

    fn listen(address: IpAddr, peers: &[IpAddr], name: &str, nodes: &[&Node]) -> Result<Self> {
        let dir = workdir::work_dir()?.join("proxies").join(format!("{name}-{address}"));
        fs::create_dir_all(&dir)?;
        let config = dir.join("quorate.toml");
        fs::write(&config, configuration(name, address, peers, nodes))?;
        let mut command = Command::new(binary()?);
        command.arg("serve").arg("--config").arg(&config).current_dir(&dir);
        Self::run(name, address, &command, &dir)
    }

    fn run(name: &str, address: IpAddr, command: &Command, dir: &Path) -> Result<Self> {
        let process = Child::start(name, command, &dir.join("output.log"))?;
        process.wait_until("is ready", START_PATIENCE, || is_ready(address))?;
        Ok(Self { address, process })
    }

    /// Where it listens for clients, on [`CQL_PORT`].
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// `HOST:PORT` for clients.
    pub fn contact_point(&self) -> String {
        format!("{}:{CQL_PORT}", self.address)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        self.process.is_alive()
    }

    /// Whether it says that a quorum of its backends is reachable.
    pub fn is_ready(&self) -> bool {
        is_ready(self.address)
    }

    /// SIGTERM: it drains and ends.
    pub fn stop(&self) -> Result<()> {
        self.process.terminate(START_PATIENCE)
    }

    /// SIGKILL.
    pub fn kill(&self) -> Result<()> {
        self.process.signal(Signal::KILL)
    }
}

/// How one over embedded replicas is started.
pub fn on_disk(address: IpAddr, replicas: usize, data: &Path) -> Result<Command> {
    let mut command = Command::new(binary()?);
    let (cql, admin) = (format!("{address}:{CQL_PORT}"), format!("{address}:{ADMIN_PORT}"));
    command.args(["serve", "--print-address", "--replicas", &replicas.to_string(), "--data"]).arg(data);
    command.args(["--listen", &cql, "--admin", &admin]);
    command.env("QUORATE_TIMEOUTS__RANGE", "30min").env("QUORATE_LOG__LEVEL", "warn");
    Ok(command)
}

/// The binary under test: `QUORATE_BIN`, or the one beside this program, which is built if it is not there.
fn binary() -> Result<PathBuf> {
    if let Some(path) = env::var_os("QUORATE_BIN") {
        return Ok(PathBuf::from(path));
    }
    if let Ok(path) = beside_this_program("quorate") {
        return Ok(path);
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--locked", "-p", "quorate"]).current_dir(workdir::crate_dir());
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let status = cargo.status().context("cargo is missing: install Rust from https://rustup.rs")?;
    ensure!(status.success(), "quorate could not be built");
    beside_this_program("quorate")
}

fn claim(loopback: &Loopback) -> Result<IpAddr> {
    loopback.claim(&[CQL_PORT, ADMIN_PORT])
}

fn configuration(name: &str, address: IpAddr, peers: &[IpAddr], nodes: &[&Node]) -> String {
    let peers: Vec<String> = peers.iter().map(|peer| format!("\"{peer}:{CQL_PORT}\"")).collect();
    let backends = nodes.iter().map(|node| {
        format!(
            "\n[[backend]]\nname = \"{}\"\nkind = \"cassandra\"\ncontact_points = [\"{}\"]\nrole = \"voter\"\n\
             read_consistency = \"ONE\"\nwrite_consistency = \"ONE\"\nserial_consistency = \"SERIAL\"\n",
            node.name(),
            node.contact_point()
        )
    });
    let head = format!(
        "[cluster]\nname = \"{name}\"\nrule = \"majority\"\nauthentication = \"none\"\n\n\
         [listen]\naddress = \"{address}:{CQL_PORT}\"\npeers = [{}]\n\n\
         [admin]\naddress = \"{address}:{ADMIN_PORT}\"\n",
        peers.join(", ")
    );
    std::iter::once(head).chain(backends).collect()
}

fn is_ready(address: IpAddr) -> bool {
    wait::answers_ok(address, ADMIN_PORT, "/ready") && wait::accepts(address, CQL_PORT)
}
