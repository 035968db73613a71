//! Embedded stores beside Cassandra: generated statements, and what both answer.
//!
//! `integration/corpus` holds histories with the answers of a Cassandra 5.0.6, one file for each seed; every test run compares
//! an embedded store with them, but for the differences that `known-differences.txt` lists with their reasons.
//! `QUORATE_DIFFERENTIAL_SEEDS=7..9` chooses seeds for a run beside a Cassandra that is started for it;
//! `cargo run -p quorate-integration --bin differential` records and compares by hand.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a test panics and prints")]

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use quorate::testing::Server;
use quorate_integration::cassandra::{self, CQL_PORT, Security};
use quorate_integration::differential::client::Client;
use quorate_integration::differential::corpus::{self, Recorded};
use quorate_integration::differential::{Difference, differences, record};
use quorate_integration::loopback::Loopback;
use quorate_integration::workdir::crate_dir;

/// Of so many answers beside a live Cassandra one may differ: seeds that nobody has seen meet differences that are known.
const ANSWERS_FOR_A_DIFFERENCE: usize = 100;

const REPEAT: &str = "Repeat with QUORATE_DIFFERENTIAL_SEEDS=SEED cargo test -p quorate-integration --test differential -- \
                      --ignored --nocapture";

#[test]
fn an_embedded_store_answers_what_a_cassandra_answered() {
    recorded().expect("the answers are the same");
}

#[test]
#[ignore = "starts a Cassandra: run ./integration/full"]
fn an_embedded_store_answers_what_a_cassandra_answers() {
    live().expect("the answers are the same");
}

fn recorded() -> Result<()> {
    let directory = crate_dir().join("corpus");
    let known = known_differences(&directory.join("known-differences.txt"))?;
    let paths = corpus::recordings(&directory)?;
    ensure!(!paths.is_empty(), "nothing is recorded");
    let server = Server::start()?;
    let (mut found, mut texts) = (BTreeSet::new(), Vec::new());
    for path in paths {
        let seed = path.file_name().and_then(|name| name.to_str()?.split('.').next()).unwrap_or_default().to_owned();
        for difference in compare(server.address(), &corpus::read(&path)?)? {
            let place = (seed.clone(), difference.number);
            if !known.contains(&place) {
                texts.push(format!("seed {seed} {difference}"));
            }
            found.insert(place);
        }
    }
    texts.truncate(20);
    ensure!(texts.is_empty(), "answers differ:\n{}\n{REPEAT}", texts.join("\n"));
    let mended: Vec<_> = known.difference(&found).collect();
    ensure!(mended.is_empty(), "known-differences.txt lists what no longer differs: {mended:?}");
    Ok(())
}

fn live() -> Result<()> {
    let loopback = Loopback::new(90, 99);
    let nodes = cassandra::independent(&loopback, &["differential"], Security::Open)?;
    let node = nodes.first().context("one node was asked for")?;
    let server = Server::start()?;
    let (mut statements, mut different) = (0, 0);
    for seed in seeds()? {
        let mut client = Client::connect(SocketAddr::new(node.address(), CQL_PORT), true)?;
        let history = record(&mut client, seed)?;
        let found = compare(server.address(), &history)?;
        found.iter().for_each(|difference| println!("seed {seed} {difference}"));
        println!("seed {seed}: {} statements, {} answers differ", history.len(), found.len());
        statements += history.len();
        different += found.len();
    }
    ensure!(different * ANSWERS_FOR_A_DIFFERENCE <= statements, "{different} of {statements} answers differ. {REPEAT}");
    Ok(())
}

/// The seeds of the environment; else some that nobody knows before.
fn seeds() -> Result<std::ops::RangeInclusive<u64>> {
    let Ok(written) = std::env::var("QUORATE_DIFFERENTIAL_SEEDS") else {
        let first = fastrand::u64(1000..1_000_000_000);
        return Ok(first..=first + 9);
    };
    let (first, last) = written.split_once("..").unwrap_or((&written, &written));
    Ok(first.parse()?..=last.trim_start_matches('=').parse()?)
}

fn compare(server: SocketAddr, history: &[Recorded]) -> Result<Vec<Difference>> {
    differences(&mut Client::connect(server, false)?, history)
}

/// Seeds and numbers of statements: each line has both, and the reason.
fn known_differences(path: &Path) -> Result<BTreeSet<(String, usize)>> {
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let place = |line: &str| {
        let mut words = line.split_whitespace();
        let seed = words.next().context("a seed")?.to_owned();
        let number = words.next().context("a number")?.parse()?;
        ensure!(words.next().is_some(), "{line}: no reason");
        Ok((seed, number))
    };
    lines.map(place).collect()
}
