//! One Cassandra process: configured, started, killed, paused, resumed, stopped.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{CQL_PORT, STORAGE_PORT, jars};
use crate::child::{Child, Signal};
use crate::{wait, workdir};

const START_PATIENCE: Duration = Duration::from_secs(180);
const STOP_PATIENCE: Duration = Duration::from_secs(60);
const YAML: &str = include_str!("../../cassandra/cassandra.yaml");
const LOGBACK: &str = include_str!("../../cassandra/logback.xml");
const JVM_OPTIONS: &str = "cassandra/jvm.options";

/// Whether clients must log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Anybody may do anything.
    Open,
    /// PasswordAuthenticator and CassandraAuthorizer; the first role is `cassandra` with the password `cassandra`.
    Passwords,
}

/// A Cassandra node. Its process is killed when this is dropped.
#[derive(Debug)]
pub struct Node {
    name: String,
    address: IpAddr,
    launch: Launch,
    process: Child,
}

impl Node {
    /// Starts a node with an empty data directory and waits until it takes clients. `seed` is the node whose ring it
    /// joins, or its own address for a cluster of its own.
    pub(super) fn start(name: &str, cluster: &str, address: IpAddr, seed: IpAddr, security: Security) -> Result<Self> {
        let launch = Launch::prepare(name, cluster, address, seed, security)?;
        let process = launch.run(name)?;
        let node = Self { name: name.to_owned(), address, launch, process };
        node.wait_until_listening()?;
        Ok(node)
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens, on [`CQL_PORT`].
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

    /// SIGKILL: the process ends at once, the kernel closes its connections.
    pub fn kill(&self) -> Result<()> {
        self.process.signal(Signal::KILL)?;
        wait::until("the killed node ends", STOP_PATIENCE, || Ok(!self.process.is_alive()))
    }

    /// SIGSTOP: connections stay open, and nothing is answered.
    pub fn pause(&self) -> Result<()> {
        self.process.signal(Signal::STOP)
    }

    /// SIGCONT after [`Node::pause`].
    pub fn resume(&self) -> Result<()> {
        self.process.signal(Signal::CONT)
    }

    /// SIGTERM: it drains and ends.
    pub fn stop(&self) -> Result<()> {
        self.process.terminate(STOP_PATIENCE)
    }

    /// Starts it again on its own data, after a kill or a stop.
    pub fn restart(&mut self) -> Result<()> {
        self.process = self.launch.run(&self.name)?;
        self.wait_until_listening()
    }

    fn wait_until_listening(&self) -> Result<()> {
        self.process.wait_until("listens", START_PATIENCE, || wait::accepts(self.address, CQL_PORT))
    }
}

/// What is needed to start a node's process, any number of times.
#[derive(Debug)]
struct Launch {
    dir: PathBuf,
    java: PathBuf,
    classpath: String,
    agent: PathBuf,
    joins_ring: bool,
}

impl Launch {
    fn prepare(name: &str, cluster: &str, address: IpAddr, seed: IpAddr, security: Security) -> Result<Self> {
        let java = jars::java()?;
        let jars = jars::resolve()?;
        let dir = workdir::work_dir()?.join("nodes").join(format!("{name}-{address}"));
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        let (authenticator, authorizer) = match security {
            Security::Open => ("AllowAllAuthenticator", "AllowAllAuthorizer"),
            Security::Passwords => ("PasswordAuthenticator", "CassandraAuthorizer"),
        };
        let yaml = YAML
            .replace("@cluster@", cluster)
            .replace("@address@", &address.to_string())
            .replace("@seed@", &format!("{seed}:{STORAGE_PORT}"))
            .replace("@cql_port@", &CQL_PORT.to_string())
            .replace("@storage_port@", &STORAGE_PORT.to_string())
            .replace("@authenticator@", authenticator)
            .replace("@authorizer@", authorizer)
            .replace("@dir@", &dir.to_string_lossy());
        fs::write(dir.join("cassandra.yaml"), yaml)?;
        fs::write(dir.join("logback.xml"), LOGBACK)?;
        let agent = memory_agent(&jars)?;
        Ok(Self { classpath: format!("{}/*", jars.display()), dir, java, agent, joins_ring: seed != address })
    }

    fn run(&self, name: &str) -> Result<Child> {
        let dir = self.dir.display();
        let mut java = Command::new(&self.java);
        java.current_dir(&self.dir)
            .arg(format!("@{}", workdir::crate_dir().join(JVM_OPTIONS).display()))
            .arg(format!("-javaagent:{}", self.agent.display()))
            .arg(format!("-Dcassandra.config=file://{dir}/cassandra.yaml"))
            .arg(format!("-Dlogback.configurationFile=file://{dir}/logback.xml"))
            .arg(format!("-Dcassandra.logdir={dir}"))
            .arg(format!("-Dcassandra.storagedir={dir}"))
            .arg(format!("-Dcassandra.ring_delay_ms={}", if self.joins_ring { 5000 } else { 0 }))
            .args(["-cp", &self.classpath, "org.apache.cassandra.service.CassandraDaemon"]);
        Child::start(name, &java, &self.dir.join("output.log"))
    }
}

/// The jar of jamm, with which Cassandra measures its memtables; it must be loaded as a Java agent.
fn memory_agent(jars: &Path) -> Result<PathBuf> {
    fs::read_dir(jars)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("jamm-")))
        .context("jamm is not among Cassandra's jars")
}
