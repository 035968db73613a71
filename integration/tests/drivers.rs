//! Real drivers, each through the proxy over a quorum of three, and over one backend, where everything is passed through.
//! That tells little more with six drivers than with two: the other four do it where `QUORATE_TEST_DRIVERS=all`.
//!
//! `QUORATE_INTEGRATION_DIRECT=1` runs them against one Cassandra without a proxy: it tells a fault of the proxy from one
//! of a check.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout, reason = "a test panics and prints")]

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, OnceLock};

use anyhow::Result;
use quorate_integration::cassandra::{self, Node, Security};
use quorate_integration::drivers::{Driver, Voters};
use quorate_integration::loopback::Loopback;
use quorate_integration::proxy::Proxy;

#[test]
#[ignore = "starts Cassandra nodes: run ./integration/ci"]
fn python_driver() {
    every_check_passes(Driver::Python);
}

#[test]
#[ignore = "starts Cassandra nodes: run ./integration/ci"]
fn cqlsh() {
    every_check_passes(Driver::Cqlsh);
}

#[test]
#[ignore = "starts Cassandra nodes: run ./integration/ci"]
fn java_driver() {
    every_check_passes(Driver::Java);
}

#[test]
#[ignore = "starts Cassandra nodes: run ./integration/ci"]
fn go_driver() {
    every_check_passes(Driver::Go);
}

#[test]
#[ignore = "starts Cassandra nodes: run ./integration/ci"]
fn node_driver() {
    every_check_passes(Driver::Node);
}

#[test]
#[ignore = "starts Cassandra nodes: run ./integration/ci"]
fn rust_driver() {
    every_check_passes(Driver::Rust);
}

/// Servers that all tests of this binary share: starting a Cassandra takes longer than most of them run.
struct Servers {
    nodes: Vec<Node>,
    over_one: Option<Proxy>,
    over_three: Option<Proxy>,
}

impl Servers {
    fn start() -> Result<Self> {
        let loopback = Loopback::new(20, 40);
        if std::env::var_os("QUORATE_INTEGRATION_DIRECT").is_some() {
            let nodes = cassandra::independent(&loopback, &["direct"], Security::Open)?;
            return Ok(Self { nodes, over_one: None, over_three: None });
        }
        let nodes = cassandra::independent(&loopback, &["a", "b", "c"], Security::Open)?;
        let over_one = Some(Proxy::start(&loopback, "one", &[&nodes[0]])?);
        let over_three = Some(Proxy::start(&loopback, "three", &nodes.iter().collect::<Vec<_>>())?);
        Ok(Self { nodes, over_one, over_three })
    }

    /// What a driver's clients connect to, with the number of backends behind it.
    fn endpoints(&self, driver: Driver) -> Vec<(IpAddr, usize)> {
        let all = std::env::var("QUORATE_TEST_DRIVERS").is_ok_and(|drivers| drivers == "all");
        match (&self.over_one, &self.over_three) {
            (Some(one), Some(three)) if all || matches!(driver, Driver::Python | Driver::Cqlsh) => {
                vec![(one.address(), 1), (three.address(), 3)]
            }
            (_, Some(three)) => vec![(three.address(), 3)],
            _ => vec![(self.nodes[0].address(), 1)],
        }
    }
}

fn every_check_passes(driver: Driver) {
    let servers = servers();
    let failures: Vec<String> = servers
        .endpoints(driver)
        .into_iter()
        .filter_map(|(address, voters)| match driver.run(address, Voters::Cassandra(voters)) {
            Ok(printed) => {
                println!("{driver:?} over {voters}: {} checks", printed.lines().count());
                None
            }
            Err(failure) => Some(format!("{failure:#}")),
        })
        .collect();
    drop(servers);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// One driver at a time: they share the machine's two cores with Cassandra.
fn servers() -> MutexGuard<'static, Servers> {
    static SERVERS: OnceLock<Mutex<Servers>> = OnceLock::new();
    let servers = SERVERS.get_or_init(|| Mutex::new(Servers::start().expect("the servers start")));
    servers.lock().unwrap()
}
