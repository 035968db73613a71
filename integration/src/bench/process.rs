//! What a process has cost so far, from /proc.

use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, ensure};

/// CPU time that a process has used: utime and stime of `/proc/PID/stat`, all its threads included (proc(5)).
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    let fields = stat.rsplit_once(')').context("a strange /proc/PID/stat")?.1;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let mut next = || ticks.next().context("a short /proc/PID/stat");
    let total = next()?? + next()??;
    Ok(Duration::from_secs_f64(total as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Waits until a process does next to nothing for a second, as one does that has nobody to serve and has done its chores.
///
/// # Errors
/// It is gone, or it goes on for longer than `patience`.
pub fn wait_for_rest(pid: u32, patience: Duration) -> Result<()> {
    let begun = Instant::now();
    loop {
        let before = cpu_time(pid)?;
        thread::sleep(Duration::from_secs(1));
        if cpu_time(pid)?.saturating_sub(before) < Duration::from_millis(50) {
            return Ok(());
        }
        ensure!(begun.elapsed() < patience, "process {pid} still worked after {patience:?}");
    }
}

/// Memory that a process holds (VmRSS), in MiB.
pub fn resident_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmRSS:")
}

/// The most memory that a process has held so far (VmHWM), in MiB.
pub fn peak_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmHWM:")
}

fn memory_mib(pid: u32, name: &'static str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context(name)?;
    let kib: f64 = line.split_whitespace().next().context(name)?.parse()?;
    Ok(kib / 1024.0)
}

/// Lets this process, and those that it starts, open as many files as the system permits.
pub fn raise_open_files_limit() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(())
}
