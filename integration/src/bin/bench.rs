//! The benchmark of `docs/performance.md`, all of it in one run; prints Markdown.
//!
//! `bench [SECONDS [ROUNDS [WARM_UP_SECONDS]]]`: how long each measurement lasts, how often it is repeated, and how long
//! every Cassandra is warmed. Progress goes to the error output.
//!
//! `bench embedded [SECONDS [ROUNDS [WARM_UP_SECONDS [ROWS]]]]`: the part about embedded stores, with how many rows the
//! large table has. Where it is warmed for 0 seconds, no Cassandra is started.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its findings")]

use std::net::IpAddr;
use std::thread::{self, sleep};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use quorate_integration::bench::process::{raise_open_files_limit, resident_mib};
use quorate_integration::bench::relay::Relay;
use quorate_integration::bench::report::{Line, Target, interleaved, table};
use quorate_integration::bench::{Load, Measured, ROWS, Statement, embedded, lag, measure, open_idle, prepare_table};
use quorate_integration::cassandra::{self, Node, Security};
use quorate_integration::loopback::Loopback;
use quorate_integration::proxy::Proxy;

const IN_FLIGHT: usize = 64;
const RATE: u32 = 5_000;
const LAGGING_RATE: u32 = 2_000;
const STATEMENTS: [(Statement, &str); 2] = [(Statement::Read, "reads"), (Statement::Write, "writes")];

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    let is_embedded = arguments.next_if(|first| first == "embedded").is_some();
    let mut arguments = arguments.map(|argument| argument.parse::<u64>());
    let mut number = |default| arguments.next().unwrap_or(Ok(default));
    let plan = Plan {
        duration: Duration::from_secs(number(6)?),
        rounds: usize::try_from(number(3)?)?,
        warm_up: Duration::from_secs(number(120)?),
    };
    raise_open_files_limit()?;
    if is_embedded {
        let rows = i64::try_from(number(embedded::LARGE_TABLE_ROWS)?)?;
        return embedded::run((plan.duration, plan.rounds, plan.warm_up), rows, |found| print!("{found}"));
    }
    let bench = Bench::start(plan)?;
    bench.warm()?;
    bench.one_backend_at_saturation()?;
    bench.at_a_fixed_rate()?;
    bench.one_in_flight()?;
    bench.beside_a_ring()?;
    bench.connections()?;
    bench.a_lagging_backend()
}

#[derive(Clone, Copy)]
struct Plan {
    duration: Duration,
    rounds: usize,
    warm_up: Duration,
}

struct Bench {
    plan: Plan,
    nodes: Vec<Node>,
    ring: Vec<Node>,
    relay: Relay,
    over_one: Proxy,
    over_three: Proxy,
    idle_mib: f64,
}

impl Bench {
    fn start(plan: Plan) -> Result<Self> {
        let loopback = Loopback::new(20, 60);
        eprintln!("starting three single-node Cassandras and a ring of three");
        let nodes = cassandra::independent(&loopback, &["a", "b", "c"], Security::Open)?;
        let ring = cassandra::ring(&loopback, "ring", 3)?;
        let relay = Relay::start(&loopback, &nodes[0])?;
        let over_one = Proxy::start(&loopback, "bench-one", &[&nodes[0]])?;
        let over_three = Proxy::start(&loopback, "bench-three", &nodes.iter().collect::<Vec<_>>())?;
        sleep(Duration::from_secs(2));
        let idle_mib = resident_mib(over_three.pid())?;
        eprintln!("writing the rows");
        prepare_table(over_three.address(), 1)?;
        prepare_table(ring[0].address(), 3)?;
        Ok(Self { plan, nodes, ring, relay, over_one, over_three, idle_mib })
    }

    /// A cold JVM is ten times slower than a warm one.
    fn warm(&self) -> Result<()> {
        eprintln!("warming every Cassandra for {:?}", self.plan.warm_up);
        let mut servers: Vec<Vec<IpAddr>> = self.nodes.iter().map(|node| vec![node.address()]).collect();
        servers.push(self.ring_addresses());
        for (statement, _) in STATEMENTS {
            let load = Load { duration: self.plan.warm_up / 2, ..self.load(statement) };
            thread::scope(|scope| {
                let warming: Vec<_> =
                    servers.iter().map(|servers| scope.spawn(move || measure(servers, None, load).map(drop))).collect();
                warming
                    .into_iter()
                    .try_for_each(|thread| thread.join().map_err(|_| anyhow!("a panic while warming"))?)
            })?;
        }
        Ok(())
    }

    fn one_backend_at_saturation(&self) -> Result<()> {
        for (statement, name) in STATEMENTS {
            let lines = interleaved(&self.single(), self.plan.rounds, self.load(statement))?;
            print!("{}", table(&format!("One backend, {IN_FLIGHT} {name} in flight"), &lines, RELAY));
        }
        Ok(())
    }

    fn at_a_fixed_rate(&self) -> Result<()> {
        for (statement, name) in STATEMENTS {
            let load = Load { rate: Some(RATE), ..self.load(statement) };
            let lines = interleaved(&self.with_three(), self.plan.rounds, load)?;
            print!("{}", table(&format!("{RATE} {name} a second"), &lines, RELAY));
        }
        Ok(())
    }

    fn one_in_flight(&self) -> Result<()> {
        let load = Load { in_flight: 1, ..self.load(Statement::Read) };
        let lines = interleaved(&self.with_three(), self.plan.rounds, load)?;
        print!("{}", table("One read in flight", &lines, RELAY));
        Ok(())
    }

    fn beside_a_ring(&self) -> Result<()> {
        let ring = Target { name: "ring of three Cassandras, RF 3", servers: self.ring_addresses(), pid: None };
        for (statement, name) in STATEMENTS {
            let load = Load { connections: 3, ..self.load(statement) };
            let lines = interleaved(&[ring.clone(), self.quorum()], self.plan.rounds, load)?;
            let ratio = match lines.as_slice() {
                [ring, quorate] => quorate.median.throughput / ring.median.throughput,
                _ => f64::NAN,
            };
            print!("{}", table(&format!("QUORUM over three on one machine, {IN_FLIGHT} {name} in flight"), &lines, ""));
            println!("Quorate serves {ratio:.2} times what the ring does.\n");
        }
        Ok(())
    }

    /// The more clients share the requests, the fewer requests share a system call, for whoever serves them: so the closed
    /// loop is shown beside a Cassandra without a proxy, and the open loop tells whether a given load is still served.
    fn connections(&self) -> Result<()> {
        println!("### More and more connections, {IN_FLIGHT} reads in flight\n");
        println!(
            "| connections | direct, requests/s | Quorate, one backend, requests/s | Quorate/direct | CPU µs/request |\n\
             |--:|--:|--:|--:|--:|"
        );
        for connections in [10, 100, 1_000] {
            let load = Load { connections, ..self.load(Statement::Read) };
            let found = interleaved(&[self.direct(), self.passed()], self.plan.rounds, load)?;
            let [Line { median: direct, .. }, Line { median: passed, .. }] = found.as_slice() else { continue };
            println!(
                "| {connections} | {:.0} | {:.0} | {:.2} | {:.1} |",
                direct.throughput,
                passed.throughput,
                passed.throughput / direct.throughput,
                passed.cpu_us
            );
        }
        println!("\n### More and more connections, {RATE} reads a second through Quorate over one backend\n");
        println!("| connections | requests/s | p50 ms | p99 ms | CPU µs/request | memory MiB | errors |");
        println!("|--:|--:|--:|--:|--:|--:|--:|");
        for connections in [10, 100, 1_000, 10_000] {
            let load = Load { connections, rate: Some(RATE), ..self.load(Statement::Read) };
            let found = interleaved(&[self.passed()], self.plan.rounds, load)?;
            println!("| {connections} {}", figures(&found.first().context("nothing was measured")?.median));
        }
        let crowded = open_idle(self.over_three.address(), 10_000, || {
            sleep(Duration::from_secs(2));
            resident_mib(self.over_three.pid())
        })?;
        println!(
            "\nMemory over three backends: {:.1} MiB idle after the start, {crowded:.1} MiB with 10,000 idle clients.\n",
            self.idle_mib
        );
        Ok(())
    }

    fn a_lagging_backend(&self) -> Result<()> {
        println!("### A backend that lags, {LAGGING_RATE} writes a second at QUORUM over three\n");
        println!(
            "| third backend | requests/s | p50 ms | p99 ms | CPU µs/request | memory MiB | errors |\n|---|--:|--:|--:|--:|--:|--:|"
        );
        let load = Load { rate: Some(LAGGING_RATE), duration: self.plan.duration * 3, ..self.load(Statement::Write) };
        let quorum = self.quorum();
        let lagging = self.nodes.last().context("no node")?;
        let measured = || measure(&quorum.servers, quorum.pid, load);
        let cases = [
            ("well", measured()?),
            ("stopped nine tenths of the time", lag::slowed(lagging, measured)?),
            ("well again", measured()?),
        ];
        for (name, found) in cases {
            println!("| {name} {}", figures(&found));
        }
        println!();
        Ok(())
    }

    fn load(&self, statement: Statement) -> Load {
        Load {
            statement,
            connections: 1,
            in_flight: IN_FLIGHT,
            rate: None,
            rows: ROWS,
            warm_up: Duration::from_secs(1),
            duration: self.plan.duration,
        }
    }

    fn single(&self) -> Vec<Target> {
        let relay = Target { name: RELAY, servers: vec![self.relay.address()], pid: Some(self.relay.pid()) };
        vec![self.direct(), relay, self.passed()]
    }

    fn direct(&self) -> Target {
        Target { name: "direct", servers: vec![self.nodes[0].address()], pid: None }
    }

    fn with_three(&self) -> Vec<Target> {
        let mut targets = self.single();
        targets.push(self.quorum());
        targets
    }

    fn passed(&self) -> Target {
        Target { name: "Quorate, one backend", servers: vec![self.over_one.address()], pid: Some(self.over_one.pid()) }
    }

    fn quorum(&self) -> Target {
        let servers = vec![self.over_three.address()];
        Target { name: "Quorate, QUORUM of three", servers, pid: Some(self.over_three.pid()) }
    }

    fn ring_addresses(&self) -> Vec<IpAddr> {
        self.ring.iter().map(Node::address).collect()
    }
}

const RELAY: &str = "TCP relay (haproxy)";

/// The columns behind a line's name, where memory and errors are told too.
fn figures(found: &Measured) -> String {
    let errors: u64 = found.errors.values().sum();
    format!(
        "| {:.0} | {:.3} | {:.3} | {:.1} | {:.1} | {errors} |",
        found.throughput, found.p50_ms, found.p99_ms, found.cpu_us, found.resident_mib
    )
}
