//! Real drivers and cqlsh over embedded replicas: one, which does all that a Cassandra does, and a quorum of three.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a test panics and prints")]

use anyhow::Result;
use quorate_integration::drivers::{Driver, Voters};
use quorate_integration::loopback::Loopback;
use quorate_integration::proxy::Proxy;

#[test]
#[ignore = "needs the drivers' toolchains: run ./integration/ci"]
fn every_driver_over_one_replica() {
    every_check_passes(1).expect("every check passes");
}

#[test]
#[ignore = "needs the drivers' toolchains: run ./integration/ci"]
fn every_driver_over_a_quorum_of_three() {
    every_check_passes(3).expect("every check passes");
}

fn every_check_passes(replicas: usize) -> Result<()> {
    let loopback = Loopback::new(20, 40);
    let proxy = Proxy::embedded(&loopback, &format!("embedded-{replicas}"), replicas)?;
    let drivers = [Driver::Python, Driver::Cqlsh, Driver::Java, Driver::Go, Driver::Node, Driver::Rust];
    for driver in drivers {
        let printed = driver.run(proxy.address(), Voters::Embedded(replicas))?;
        println!("{driver:?} over {replicas} embedded: {} checks", printed.lines().count());
    }
    Ok(())
}
