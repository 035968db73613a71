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
        Self::of(Command::new(env!("CARGO_BIN_EXE_quorate")), data, replicas)
    }

    /// As [`Process::start`], on a disk that takes no file longer than so many KiB: a write beyond fails.
    pub fn start_on_a_small_disk(data: &Path, replicas: usize, file_kib_max: u32) -> Self {
        let mut shell = Command::new("sh");
        // Without the signal the write itself fails, as on a full disk. POSIX counts blocks of 512 bytes.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", file_kib_max * 2);
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_quorate")]);
        Self::of(shell, data, replicas)
    }

    fn of(mut command: Command, data: &Path, replicas: usize) -> Self {
        let mut child = command
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
