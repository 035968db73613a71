//! Child processes that cannot outlive us.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child as Supervisor, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

use crate::wait;

/// A shell that runs the program, tells its process id, and kills it when our end of the pipe closes: also when we are
/// killed ourselves, which no destructor sees.
const SUPERVISE: &str = r#"log=$1; shift
"$@" </dev/null >>"$log" 2>&1 3<&- &
echo $!
cat >/dev/null
kill -KILL $! 2>/dev/null; wait"#;

/// A running program, killed when this is dropped and when our process ends, however it ends.
#[derive(Debug)]
pub struct Child {
    name: String,
    pid: Pid,
    log: PathBuf,
    supervisor: Supervisor,
    lifeline: Option<ChildStdin>,
}

impl Child {
    /// Starts `command`, its output appended to `log`. Arguments, environment and directory of `command` are kept.
    pub fn start(name: &str, command: &Command, log: &Path) -> Result<Self> {
        File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut shell = Command::new("sh");
        shell.args(["-c", SUPERVISE, "supervise"]).arg(log).arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(key, value),
                None => shell.env_remove(key),
            };
        }
        if let Some(dir) = command.get_current_dir() {
            shell.current_dir(dir);
        }
        // A group of its own: Ctrl-C ends us, and the closing pipe then ends the child.
        let mut supervisor = shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let lifeline = supervisor.stdin.take();
        let told = supervisor.stdout.take().context("no pipe from the supervisor")?;
        let mut line = String::new();
        BufReader::new(told).read_line(&mut line)?;
        let pid = line.trim().parse().ok().and_then(Pid::from_raw).with_context(|| format!("{name} did not start"))?;
        Ok(Self { name: name.to_owned(), pid, log: log.to_owned(), supervisor, lifeline })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Whether it still runs (a stopped process does).
    pub fn is_alive(&self) -> bool {
        process_state(self.pid()).is_some_and(|state| state != 'Z' && state != 'X')
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(self.pid, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// Sends SIGTERM and waits until it has ended.
    pub fn terminate(&self, patience: Duration) -> Result<()> {
        self.signal(Signal::TERM)?;
        wait::until(&format!("{} ends after SIGTERM", self.name), patience, || Ok(!self.is_alive()))
    }

    /// Waits until `ready`; fails at once, with the end of the log, if the program ends before.
    pub fn wait_until(&self, what: &str, patience: Duration, ready: impl Fn() -> bool) -> Result<()> {
        let outcome = wait::until(&format!("{} {what}", self.name), patience, || {
            if !self.is_alive() {
                bail!("{} ended before it {what}", self.name);
            }
            Ok(ready())
        });
        outcome.map_err(|error| anyhow!("{error}; its log {} ends:\n{}", self.log.display(), tail(&self.log)))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // The supervisor ends right after its child; there is nobody to tell if it could not be waited for.
        let _ = self.supervisor.wait();
    }
}

/// The state letter of `/proc/PID/stat` (proc(5)): R, S, D, T, Z…; none for a process that is gone.
fn process_state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(dir: &Path) -> Child {
        let mut command = Command::new("sleep");
        command.arg("600");
        Child::start("sleeper", &command, &dir.join("log")).unwrap()
    }

    #[test]
    fn a_dropped_child_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let child = sleeper(dir.path());
        let pid = child.pid();
        assert!(child.is_alive());
        drop(child);
        assert_eq!(process_state(pid), None);
    }

    #[test]
    fn a_child_can_be_paused_resumed_and_killed() {
        let dir = tempfile::tempdir().unwrap();
        let child = sleeper(dir.path());
        let reaches = |state| {
            wait::until("state", Duration::from_secs(5), || Ok(process_state(child.pid()) == Some(state))).unwrap();
        };
        child.signal(Signal::STOP).unwrap();
        reaches('T');
        child.signal(Signal::CONT).unwrap();
        reaches('S');
        child.signal(Signal::KILL).unwrap();
        wait::until("end", Duration::from_secs(5), || Ok(!child.is_alive())).unwrap();
    }

    #[test]
    fn a_program_that_ends_early_is_reported_with_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such luck; exit 1"]);
        let child = Child::start("unlucky", &command, &dir.path().join("log")).unwrap();
        let error = child.wait_until("listens", Duration::from_secs(5), || false).unwrap_err().to_string();
        assert!(error.contains("no such luck"), "{error}");
    }
}
