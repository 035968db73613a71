//! `quorate serve` as a process of its own, which can be killed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running process; it ends with the test.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
}

impl Process {
    /// Starts it over the replicas in `data`, and waits until it listens.
    pub fn start(data: &Path, replicas: usize) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(["serve", "--port", "0", "--print-address", "--replicas", &replicas.to_string(), "--data"])
            .arg(data)
            .env_clear()
            .env("QUORATE_LISTEN__WORKERS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().parse().unwrap_or_else(|_| panic!("not an address: {line:?}"));
        Self { address, child }
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
