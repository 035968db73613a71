//! When a silent replica counts as down: after the same silence as a node behind a connection.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// Silence, with requests that wait, after which it is given up (a connection's `probe_after` and `dead_after`).
const PATIENCE: Duration = Duration::from_secs(4);
/// The same while nobody waits (`heartbeat` and `dead_after`).
const PATIENCE_IDLE: Duration = Duration::from_secs(8);

/// Open: the replica is not asked.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    silent_since: Cell<Option<Instant>>,
    has_waiting: Cell<bool>,
    open: Cell<bool>,
}

impl Breaker {
    pub(super) fn is_open(&self) -> bool {
        self.open.get()
    }

    /// From now on it does not answer.
    pub(super) fn falls_silent(&self, now: Instant, has_waiting: bool) {
        self.silent_since.set(Some(now));
        self.has_waiting.set(has_waiting);
    }

    /// A request waits, and none did before: the silence that counts begins with it.
    pub(super) fn waits_from(&self, now: Instant) {
        if self.silent_since.get().is_some() && !self.has_waiting.replace(true) {
            self.silent_since.set(Some(now));
        }
    }

    /// Whether it opens now.
    pub(super) fn opens(&self, now: Instant) -> bool {
        let Some(since) = self.silent_since.get() else { return false };
        let patience = if self.has_waiting.get() { PATIENCE } else { PATIENCE_IDLE };
        now.saturating_duration_since(since) > patience && !self.open.replace(true)
    }

    /// It answers again.
    pub(super) fn close(&self) {
        self.silent_since.set(None);
        self.has_waiting.set(false);
        self.open.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_counts_from_the_first_request_that_meets_it() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        assert!(!breaker.opens(start + PATIENCE_IDLE * 2));
        breaker.falls_silent(start, false);
        let asked = start + Duration::from_secs(2);
        breaker.waits_from(asked);
        breaker.waits_from(asked + Duration::from_secs(1));
        assert!(!breaker.opens(asked + PATIENCE));
        assert!(breaker.opens(asked + PATIENCE + Duration::from_millis(1)));
        assert!(breaker.is_open());
        breaker.close();
        assert!(!breaker.is_open());
    }

    #[test]
    fn it_opens_once_and_without_requests_too() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        breaker.falls_silent(start, false);
        assert!(!breaker.opens(start + PATIENCE_IDLE));
        let late = start + PATIENCE_IDLE + Duration::from_millis(1);
        assert!(breaker.opens(late));
        assert!(!breaker.opens(late));
    }
}
