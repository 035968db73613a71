//! What embedded stores cost, beside a real Cassandra in the same run.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, ensure};

use super::generator::{count_table, load_table, scan_table};
use super::process::{peak_mib, resident_mib, wait_for_rest};
use super::report::{Line, Target, interleaved, table};
use super::{Load, ROWS, Statement, measure, prepare_table};
use crate::cassandra::{self, CQL_PORT, Security};
use crate::loopback::Loopback;
use crate::proxy::{self, ADMIN_PORT, Proxy};
use crate::workdir;

/// Rows of the large table unless another number is wanted.
pub const LARGE_TABLE_ROWS: u64 = 10_000_000;

const IN_FLIGHT: usize = 64;
const CASSANDRA: &str = "Cassandra 5.0";
const PAGE_ROWS: i32 = 5_000;
/// Memory and background are looked at when they have come to rest.
const REST: Duration = Duration::from_secs(2);
const MERGES_PATIENCE: Duration = Duration::from_secs(300);

/// Runs all of it, and gives the findings to `tell` as Markdown. Without time to warm it no Cassandra is started.
pub fn run(
    (duration, rounds, warm_up): (Duration, usize, Duration),
    large_table_rows: i64,
    tell: impl Fn(&str),
) -> Result<()> {
    let bench = Bench { loopback: Loopback::new(61, 99), duration, rounds, warm_up };
    tell(&bench.requests()?);
    tell(&bench.start()?);
    tell(&bench.large_table(large_table_rows)?);
    Ok(())
}

struct Bench {
    loopback: Loopback,
    duration: Duration,
    rounds: usize,
    warm_up: Duration,
}

impl Bench {
    fn requests(&self) -> Result<String> {
        eprintln!("starting Quorate over one and over three replicas");
        let over_one = Proxy::embedded_on_disk(&self.loopback, "embedded-one", 1, &fresh("one")?)?;
        let over_three = Proxy::embedded_on_disk(&self.loopback, "embedded-three", 3, &fresh("three")?)?;
        let target = |name, address, pid| Target { name, servers: vec![address], pid: Some(pid) };
        let mut targets = vec![
            target("Quorate, one replica", over_one.address(), over_one.pid()),
            target("Quorate, QUORUM of three replicas", over_three.address(), over_three.pid()),
        ];
        let mut nodes = Vec::new();
        if !self.warm_up.is_zero() {
            eprintln!("starting a Cassandra, and warming it for {:?}", self.warm_up);
            nodes = cassandra::independent(&self.loopback, &["beside"], Security::Open)?;
        }
        for node in &nodes {
            targets.insert(0, target(CASSANDRA, node.address(), node.pid()));
        }
        for target in &targets {
            target.servers.iter().try_for_each(|server| prepare_table(*server, 1))?;
        }
        for node in &nodes {
            for statement in [Statement::Read, Statement::Write] {
                measure(&[node.address()], None, Load { duration: self.warm_up / 2, ..self.load(statement, ROWS) })?;
            }
        }
        let mut text = String::new();
        for (statement, name) in [(Statement::Read, "reads"), (Statement::Write, "writes")] {
            let lines = interleaved(&targets, self.rounds, self.load(statement, ROWS))?;
            text.push_str(&table(&format!("Embedded, {IN_FLIGHT} {name} in flight"), &lines, CASSANDRA));
        }
        Ok(text)
    }

    fn start(&self) -> Result<String> {
        let address = self.loopback.claim(&[CQL_PORT, ADMIN_PORT])?;
        let mut text = "### Embedded, from the start to listening\n\n".to_owned();
        text.push_str("| replicas | new, ms | after a stop, ms | after SIGKILL, ms | idle when new, MiB | idle after a stop, MiB |\n");
        text.push_str("|--:|--:|--:|--:|--:|--:|\n");
        for replicas in [1, 3] {
            eprintln!("starting over {replicas} replicas again and again");
            let mut found: [Vec<f64>; 5] = Default::default();
            for _ in 0..self.rounds {
                let data = fresh("start")?;
                let mut new = Started::new(address, replicas, &data)?;
                thread::sleep(REST);
                let idle_new = resident_mib(new.pid())?;
                self.write_some(address)?;
                new.stop()?;
                let mut again = Started::new(address, replicas, &data)?;
                thread::sleep(REST);
                let idle_again = resident_mib(again.pid())?;
                self.write_some(address)?;
                again.kill()?;
                let killed = Started::new(address, replicas, &data)?;
                let figures = [new.millis, again.millis, killed.millis, idle_new, idle_again];
                found.iter_mut().zip(figures).for_each(|(list, figure)| list.push(figure));
            }
            let [new, again, killed, idle_new, idle_again] = found.map(median);
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| {replicas} | {new:.0} | {again:.0} | {killed:.0} | {idle_new:.1} | {idle_again:.1} |"
            );
        }
        text.push('\n');
        Ok(text)
    }

    /// Overwrites rows for as long as one measurement.
    fn write_some(&self, address: IpAddr) -> Result<()> {
        prepare_table(address, 1)?;
        measure(&[address], None, self.load(Statement::Write, ROWS)).map(drop)
    }

    fn large_table(&self, rows: i64) -> Result<String> {
        let data = fresh("large")?;
        let small = Proxy::embedded_on_disk(&self.loopback, "embedded-small", 1, &fresh("small")?)?;
        let large = Proxy::embedded_on_disk(&self.loopback, "embedded-large", 1, &data)?;
        load_table(small.address(), ROWS, IN_FLIGHT)?;
        eprintln!("loading {rows} rows");
        let mut lines = Vec::new();
        let mut step = |what: &str, work: &mut dyn FnMut() -> Result<()>| -> Result<()> {
            let (cpu, begun) = (super::process::cpu_time(large.pid())?, Instant::now());
            work()?;
            let (seconds, cpu) = (begun.elapsed(), super::process::cpu_time(large.pid())?.saturating_sub(cpu));
            let per_row = |time: Duration| time.as_secs_f64() * 1e6 / rows as f64;
            lines.push(format!(
                "| {what} | {:.1} | {:.2} | {:.1} |",
                seconds.as_secs_f64(),
                per_row(cpu),
                peak_mib(large.pid())?
            ));
            eprintln!("{what}: {seconds:?}");
            Ok(())
        };
        // Merging what was written is a part of its cost, and not of that of the reads after it.
        step("load, until all is merged", &mut || {
            load_table(large.address(), rows, IN_FLIGHT)?;
            wait_for_rest(large.pid(), MERGES_PATIENCE)
        })?;
        step("read all, in pages of 5,000", &mut || {
            let found = scan_table(large.address(), PAGE_ROWS)?;
            ensure!(usize::try_from(rows)? == found, "{found} rows were found");
            Ok(())
        })?;
        step("`SELECT count(*)`", &mut || {
            let found = count_table(large.address())?;
            ensure!(found == rows, "{found} rows were counted");
            Ok(())
        })?;
        let target = |name, proxy: &Proxy| Target { name, servers: vec![proxy.address()], pid: Some(proxy.pid()) };
        let small_reads = interleaved(&[target("small", &small)], self.rounds, self.load(Statement::Read, ROWS))?;
        let large_reads = interleaved(&[target("large", &large)], self.rounds, self.load(Statement::Read, rows))?;
        let large_writes = interleaved(&[target("large", &large)], self.rounds, self.load(Statement::Write, rows))?;
        let cpu = |lines: &[Line]| lines.first().map_or(f64::NAN, |line| line.median.cpu_us);
        let (of_small, of_large) = (cpu(&small_reads), cpu(&large_reads));
        let peak = peak_mib(large.pid())?;
        large.stop()?;
        drop(large);
        let address = self.loopback.claim(&[CQL_PORT, ADMIN_PORT])?;
        let again = Started::new(address, 1, &data)?;
        thread::sleep(REST);
        let idle = resident_mib(again.pid())?;
        let mut text = String::new();
        let _ = writeln!(text, "### Embedded, a table of {rows} rows on one replica\n");
        text.push_str("| | seconds | CPU µs/row | most memory so far, MiB |\n|---|--:|--:|--:|\n");
        lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
        let _ = writeln!(
            text,
            "\nReading a row costs {of_large:.1} µs of CPU, and {of_small:.1} µs where there are {ROWS}: {:.2} times as much. \
             Overwriting one costs {:.1} µs. The most memory until the end was {peak:.1} MiB. Stopped and started again it \
             listens after {:.0} ms, and idles at {idle:.1} MiB.\n",
            of_large / of_small,
            cpu(&large_writes),
            again.millis
        );
        fs::remove_dir_all(data)?;
        Ok(text)
    }

    fn load(&self, statement: Statement, rows: i64) -> Load {
        Load {
            statement,
            connections: 1,
            in_flight: IN_FLIGHT,
            rate: None,
            rows,
            warm_up: Duration::from_secs(1),
            duration: self.duration,
        }
    }
}

/// A process and how long it took until it listened. It is killed when this is dropped.
struct Started {
    process: std::process::Child,
    millis: f64,
}

impl Started {
    fn new(address: IpAddr, replicas: usize, data: &Path) -> Result<Self> {
        let mut command = proxy::on_disk(address, replicas, data)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let begun = Instant::now();
        let mut process = command.spawn()?;
        let output = process.stdout.take().context("no output")?;
        let mut started = Started { process, millis: f64::NAN };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        started.millis = begun.elapsed().as_secs_f64() * 1e3;
        ensure!(line.trim().ends_with(&CQL_PORT.to_string()), "quorate did not start: it said {line:?}");
        Ok(started)
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }

    fn stop(&mut self) -> Result<()> {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.process.wait()?;
        Ok(())
    }

    fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.kill();
    }
}

/// An empty directory for data, on the same disk each time.
fn fresh(name: &str) -> Result<PathBuf> {
    let directory = workdir::work_dir()?.join("embedded").join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
