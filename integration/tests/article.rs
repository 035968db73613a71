//! The article's run: five single-node Cassandras behind two proxies, a Python client at QUORUM, and backends that die.

#![allow(clippy::panic, clippy::unwrap_used, clippy::print_stdout, reason = "a test panics and prints")]

use std::env;
use std::net::IpAddr;
use std::thread::{self, sleep};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use quorate_integration::cassandra::{self, Node, Security};
use quorate_integration::loopback::Loopback;
use quorate_integration::proxy::Proxy;
use quorate_integration::witness::{Phase, Witness};

/// How long a phase of the load lasts, in seconds, unless `QUORATE_CHAOS_SECONDS` says otherwise: long enough for every
/// timeout to pass.
const PHASE_SECONDS: u64 = 10;
/// What "used again within seconds" may take.
const RECOVERY: Duration = Duration::from_secs(30);
/// The longest a request may take when backends are killed, in milliseconds.
const PAUSE_KILLED_MS: f64 = 1000.0;
/// The same when they are paused: the proxy's read timeout.
const PAUSE_STOPPED_MS: f64 = 5000.0;
const TOO_FEW: &str = "Unavailable required=3 alive=2";

#[test]
#[ignore = "starts Cassandra nodes: run ./integration/ci"]
fn a_quorum_of_five_goes_on_without_two_and_refuses_without_three() {
    let (phases, outcome) = run().unwrap_or_else(|error| panic!("{error:#}"));
    for phase in &phases {
        let Phase { name, requests, longest_ms, error_kinds, .. } = phase;
        println!("chaos: {name}: {requests} requests, longest {longest_ms} ms, errors {error_kinds:?}");
    }
    if let Err(error) = outcome {
        panic!("{error:#}");
    }
    let phase = |name: &str| phases.iter().find(|phase| phase.name == name).unwrap();
    for name in ["steady", "two-killed", "killed-return", "two-paused", "paused-return", "one-level", "back"] {
        assert!(phase(name).requests > 100, "{name}: no load");
        assert!(phase(name).errors.is_empty(), "{name}: {:?}", phase(name).error_kinds);
    }
    assert!(phase("two-killed").longest_ms <= PAUSE_KILLED_MS);
    assert!(phase("two-paused").longest_ms <= PAUSE_STOPPED_MS);
    for name in ["three-killed", "three-paused"] {
        let errors = &phase(name).errors;
        let last: Vec<&str> = errors.iter().rev().take(20).map(|(_, what)| what.as_str()).collect();
        assert!(last.len() == 20 && last.iter().all(|&what| what == TOO_FEW), "{name} ended with {last:?}");
    }
    let only_refused = phase("three-killed").error_kinds.keys().all(|kind| kind == TOO_FEW || kind.contains("Timeout"));
    assert!(only_refused, "{:?}", phase("three-killed").error_kinds);
}

/// What every phase saw, and whether the run came to its end.
fn run() -> Result<(Vec<Phase>, Result<()>)> {
    let loopback = Loopback::new(20, 40);
    let mut nodes = cassandra::independent(&loopback, &["a", "b", "c", "d", "e"], Security::Open)?;
    let proxies = Proxy::start_peers(&loopback, "article", &nodes.iter().collect::<Vec<_>>(), 2)?;
    let contact_points: Vec<IpAddr> = proxies.iter().map(Proxy::address).collect();
    let mut client = Witness::start(&contact_points)?;
    let outcome = failures(&mut client, &mut nodes);
    Ok((client.finish()?, outcome))
}

fn failures(client: &mut Witness, nodes: &mut [Node]) -> Result<()> {
    let lasting = Duration::from_secs(match env::var("QUORATE_CHAOS_SECONDS") {
        Ok(seconds) => seconds.parse()?,
        Err(_) => PHASE_SECONDS,
    });
    let phase = |client: &mut Witness, name: &str, level: &str, event: &mut dyn FnMut() -> Result<()>| {
        client.enter(name, level)?;
        event()?;
        sleep(lasting);
        anyhow::Ok(())
    };
    phase(client, "steady", "QUORUM", &mut || Ok(()))?;

    phase(client, "two-killed", "QUORUM", &mut || nodes[..2].iter().try_for_each(Node::kill))?;
    client.enter("killed-return", "QUORUM")?;
    restart(&mut nodes[..2])?;
    client.until_met("ALL", RECOVERY).context("two were killed")?;
    sleep(lasting);

    phase(client, "two-paused", "QUORUM", &mut || nodes[2..4].iter().try_for_each(Node::pause))?;
    client.enter("paused-return", "QUORUM")?;
    nodes[2..4].iter().try_for_each(Node::resume)?;
    client.until_met("ALL", RECOVERY).context("two were paused")?;
    sleep(lasting);

    phase(client, "three-paused", "QUORUM", &mut || nodes[..3].iter().try_for_each(Node::pause))?;
    nodes[..3].iter().try_for_each(Node::resume)?;
    client.until_met("ALL", RECOVERY).context("three were paused")?;

    phase(client, "three-killed", "QUORUM", &mut || nodes[2..].iter().try_for_each(Node::kill))?;
    phase(client, "one-level", "ONE", &mut || Ok(()))?;
    // The load stays at ONE until a quorum is back: what it met on the way is not of interest.
    restart(&mut nodes[2..])?;
    client.until_met("ALL", RECOVERY).context("three were killed")?;
    phase(client, "back", "QUORUM", &mut || Ok(()))?;
    Ok(())
}

fn restart(nodes: &mut [Node]) -> Result<()> {
    thread::scope(|scope| {
        let starting: Vec<_> = nodes.iter_mut().map(|node| scope.spawn(|| node.restart())).collect();
        starting.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a restart panicked"))?)
    })
}
