//! A backend that answers, but late.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::cassandra::Node;

const STOPPED: Duration = Duration::from_millis(180);
const RUNNING: Duration = Duration::from_millis(20);

/// Runs `work` while the node is stopped nine tenths of the time, in turns of 200 ms.
pub fn slowed<T>(node: &Node, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let turns = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                node.pause()?;
                sleep(STOPPED);
                node.resume()?;
                sleep(RUNNING);
            }
            anyhow::Ok(())
        });
        let outcome = work();
        done.store(true, Ordering::Relaxed);
        turns.join().map_err(|_| anyhow!("a panic while slowing a node"))??;
        outcome
    })
}
