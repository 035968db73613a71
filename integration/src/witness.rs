//! A Python client that runs the article's listing, keeps reading and writing, and witnesses every error and pause.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::net::IpAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::cassandra::CQL_PORT;
use crate::drivers::Driver;
use crate::{wait, workdir};

/// What was seen while one phase of a run lasted.
#[derive(Debug, Clone, Deserialize)]
pub struct Phase {
    /// The name given to [`Witness::enter`].
    #[serde(rename = "phase")]
    pub name: String,
    /// Requests that began in it.
    pub requests: u64,
    /// The slowest of them: the longest that a client had to wait.
    pub longest_ms: f64,
    /// How often each kind of error was seen.
    pub error_kinds: BTreeMap<String, u64>,
    /// Each error: when, in milliseconds since the phase began, and what.
    pub errors: Vec<(u64, String)>,
}

/// The running client.
#[derive(Debug)]
pub struct Witness {
    process: Child,
    commands: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Witness {
    /// Starts it against several contact points and waits until the listing has run.
    pub fn start(contact_points: &[IpAddr]) -> Result<Self> {
        let hosts: Vec<String> = contact_points.iter().map(ToString::to_string).collect();
        let mut process = Command::new(Driver::python_program()?)
            .arg("-B")
            .arg(workdir::crate_dir().join("drivers/python/article.py"))
            .args([hosts.join(","), CQL_PORT.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let answers = BufReader::new(process.stdout.take().context("no output of the client")?).lines();
        let commands = process.stdin.take();
        let mut witness = Self { process, commands, answers };
        match witness.answer()?.as_str() {
            "ready" => Ok(witness),
            other => bail!("the article's listing failed: {other}"),
        }
    }

    /// What is asked from now on belongs to the phase `name`, at this consistency level.
    pub fn enter(&mut self, name: &str, level: &str) -> Result<()> {
        self.command(&format!("load {name} {level}")).map(drop)
    }

    /// One write and one read at this level: `ok`, or the error.
    pub fn once(&mut self, level: &str) -> Result<String> {
        self.command(&format!("once {level}"))
    }

    /// Waits until a write and a read at `level` succeed, which is when all the backends it needs are used again.
    pub fn until_met(&mut self, level: &str, patience: Duration) -> Result<()> {
        let mut last = String::new();
        let outcome = wait::until(&format!("{level} is met again"), patience, || {
            last = self.once(level)?;
            Ok(last == "ok")
        });
        outcome.with_context(|| format!("the last answer was {last}"))
    }

    /// Ends the load and tells what every phase saw.
    pub fn finish(mut self) -> Result<Vec<Phase>> {
        drop(self.commands.take());
        let mut phases = Vec::new();
        for line in self.answers.by_ref() {
            phases.push(serde_json::from_str(&line?)?);
        }
        self.process.wait()?;
        Ok(phases)
    }

    fn command(&mut self, command: &str) -> Result<String> {
        let pipe = self.commands.as_mut().context("the client has ended")?;
        writeln!(pipe, "{command}")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        Ok(self.answers.next().context("the client ended; see its error output")??)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // Its input is closed, so it ends by itself; a client that hangs must not outlive the test.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
