//! Rounds of measurements, and the tables that tell of them.

use std::fmt::Write as _;
use std::net::IpAddr;

use anyhow::Result;

use super::{Load, Measured, measure};

/// Something to which load is offered: its name, where it listens, and the process whose CPU counts.
#[derive(Clone, Debug)]
pub struct Target {
    /// What the tables call it.
    pub name: &'static str,
    /// The nodes of a cluster, or one proxy.
    pub servers: Vec<IpAddr>,
    /// Its process; none if nothing stands between client and backend.
    pub pid: Option<u32>,
}

/// The median over all rounds of one target.
#[derive(Clone, Debug)]
pub struct Line {
    /// The target's name.
    pub name: &'static str,
    /// Medians, each figure by itself; the errors of all rounds.
    pub median: Measured,
}

/// Offers the load to every target in turn, `rounds` times, so that what disturbs the machine disturbs all of them.
pub fn interleaved(targets: &[Target], rounds: usize, load: Load) -> Result<Vec<Line>> {
    let mut found: Vec<Vec<Measured>> = vec![Vec::new(); targets.len()];
    for _ in 0..rounds {
        for (target, rounds) in targets.iter().zip(&mut found) {
            rounds.push(measure(&target.servers, target.pid, load)?);
        }
    }
    Ok(targets.iter().zip(&found).map(|(target, rounds)| Line { name: target.name, median: median(rounds) }).collect())
}

/// A Markdown table; CPU is also given as a ratio to the line called `relative_to`, if there is one.
pub fn table(title: &str, lines: &[Line], relative_to: &str) -> String {
    let base = lines.iter().find(|line| line.name == relative_to).map(|line| line.median.cpu_us);
    let mut text = format!("### {title}\n\n| | requests/s | p50 ms | p99 ms | CPU µs/request | ratio | errors |\n");
    text.push_str("|---|--:|--:|--:|--:|--:|--:|\n");
    for Line { name, median } in lines {
        let ratio = base.filter(|&base| base > 0.0 && median.cpu_us > 0.0).map(|base| median.cpu_us / base);
        let ratio = ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
        let cpu = if median.cpu_us > 0.0 { format!("{:.1}", median.cpu_us) } else { "–".to_owned() };
        let errors: u64 = median.errors.values().sum();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {name} | {:.0} | {:.3} | {:.3} | {cpu} | {ratio} | {errors} |",
            median.throughput, median.p50_ms, median.p99_ms
        );
    }
    text.push('\n');
    text
}

fn median(rounds: &[Measured]) -> Measured {
    let middle = |figure: fn(&Measured) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    let mut errors = std::collections::BTreeMap::new();
    for (&code, count) in rounds.iter().flat_map(|round| &round.errors) {
        *errors.entry(code).or_default() += count;
    }
    Measured {
        throughput: middle(|round| round.throughput),
        p50_ms: middle(|round| round.p50_ms),
        p99_ms: middle(|round| round.p99_ms),
        cpu_us: middle(|round| round.cpu_us),
        resident_mib: middle(|round| round.resident_mib),
        errors,
    }
}
