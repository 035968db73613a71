//! The client programs under `drivers/`: built with their own package managers, run against a server, judged by their
//! exit status.
//!
//! Each takes `HOST PORT VOTERS KIND`, prints one line per check, and exits with 1 if any failed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cassandra::CQL_PORT;
use crate::workdir;

/// What is behind the server that a client program connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voters {
    /// So many clusters of Cassandra, or one without a proxy.
    Cassandra(usize),
    /// So many embedded replicas.
    Embedded(usize),
}

/// A client program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// `cassandra-driver` from PyPI.
    Python,
    /// `cqlsh` from PyPI, fed with a script.
    Cqlsh,
    /// `org.apache.cassandra:java-driver-core` from Maven Central.
    Java,
    /// `github.com/apache/cassandra-gocql-driver`.
    Go,
    /// `cassandra-driver` from npm.
    Node,
    /// `scylla` from crates.io.
    Rust,
}

impl Driver {
    /// Runs its checks against the server at `address`, behind which are `voters`, and returns what it printed.
    ///
    /// # Errors
    /// If it cannot be built, or if a check failed; the error holds the failed checks.
    pub fn run(self, address: IpAddr, voters: Voters) -> Result<String> {
        let mut command = self.build()?;
        let (count, kind) = match voters {
            Voters::Cassandra(count) => (count, "cassandra"),
            Voters::Embedded(count) => (count, "embedded"),
        };
        command.args([address.to_string(), CQL_PORT.to_string(), count.to_string(), kind.to_owned()]);
        let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let failures: Vec<&str> = printed.lines().filter(|line| !line.starts_with("ok ")).collect();
            let told = String::from_utf8_lossy(&output.stderr);
            bail!("{self:?} over {voters:?}, {}:\n{}\n{told}", output.status, failures.join("\n"));
        }
        Ok(printed)
    }

    /// The Python interpreter with the packages of `drivers/python`.
    pub fn python_program() -> Result<PathBuf> {
        Ok(PathBuf::from(Self::Python.build()?.get_program()))
    }

    /// Installs or builds the program unless that was done before, and returns how to start it.
    fn build(self) -> Result<Command> {
        let source = workdir::crate_dir().join("drivers").join(self.folder());
        let built = |build: &dyn Fn(&Path) -> Result<()>| {
            workdir::once(&format!("{}-{:016x}", self.folder(), digest(&source)?), |dir| build(dir))
        };
        let command = match self {
            Self::Python | Self::Cqlsh => {
                let environment = built(&|dir| python_environment(&source, dir))?;
                let mut command = Command::new(environment.join("bin/python"));
                command.arg("-B").arg(source.join("main.py"));
                command
            }
            Self::Java => {
                let dir = built(&|dir| maven_package(&source, dir))?;
                let mut command = Command::new(crate::cassandra::jars::java()?);
                command.arg("-cp").arg(format!("{0}/classes:{0}/lib/*", dir.display())).arg("Main");
                command
            }
            Self::Go => Command::new(built(&|dir| go_build(&source, dir))?.join("checks")),
            Self::Node => {
                let dir = built(&|dir| npm_install(&source, dir))?;
                let mut command = Command::new("node");
                command.arg(dir.join("main.js"));
                command
            }
            Self::Rust => Command::new(beside_this_program("rust-driver-checks")?),
        };
        Ok(command)
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Cqlsh => "cqlsh",
            Self::Java => "java",
            Self::Go => "go",
            Self::Node => "node",
            Self::Rust => "rust",
        }
    }
}

/// An executable that cargo built with the same profile as the running one.
///
/// # Errors
/// If it is not there.
pub fn beside_this_program(name: &str) -> Result<PathBuf> {
    let exe = std::env::current_exe()?;
    exe.ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("no {name} beside {}: run `cargo build --workspace` first", exe.display()))
}

fn python_environment(source: &Path, dir: &Path) -> Result<()> {
    run(Command::new("python3").args(["-m", "venv"]).arg(dir), "Python 3 with venv (python3-venv)")?;
    let mut pip = Command::new(dir.join("bin/pip"));
    run(pip.args(["install", "--quiet", "-r"]).arg(source.join("requirements.txt")), "pip")
}

fn maven_package(source: &Path, dir: &Path) -> Result<()> {
    copy_files(source, dir)?;
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]).current_dir(dir);
    run(&mut maven, "Maven (maven)")?;
    let sources = files(dir)?.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "java"));
    let mut javac = Command::new("javac");
    run(
        javac.args(["-d", "classes", "-cp", "lib/*"]).args(sources).current_dir(dir),
        "a JDK 17 (openjdk-17-jdk-headless)",
    )
}

fn go_build(source: &Path, dir: &Path) -> Result<()> {
    let mut go = Command::new("go");
    run(go.args(["build", "-o"]).arg(dir.join("checks")).arg(".").current_dir(source), "Go (golang-go)")
}

fn npm_install(source: &Path, dir: &Path) -> Result<()> {
    copy_files(source, dir)?;
    run(Command::new("npm").args(["ci", "--silent", "--no-audit"]).current_dir(dir), "npm (npm)")
}

fn run(command: &mut Command, tool: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("{tool} is missing: install it"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for file in files(from)? {
        fs::copy(&file, to.join(file.file_name().context("a file has a name")?))?;
    }
    Ok(())
}

/// The files of a driver's folder, which has no folders of its own that matter.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Changes when a file of the driver does, so that it is built again.
fn digest(source: &Path) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    for file in files(source)? {
        file.file_name().hash(&mut hasher);
        fs::read(&file)?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}
