use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing::error;

use super::Counter;

/// One log line in so much time for each backend, however many statements show the drift.
const LOG_EVERY: Duration = Duration::from_secs(10);
/// How much of a backend's words is kept, in characters.
const TEXT_MAX: usize = 300;

/// The alarm for a backend whose schema, or whose rights for the proxy, differ from the others'. It is raised rarely: a lock
/// is taken then.
#[derive(Debug, Default)]
pub struct DriftAlarm {
    count: Counter,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Drift>,
    logged: Option<Instant>,
    unlogged: u64,
}

/// A statement that a backend called wrong and others executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// When.
    pub at: Instant,
    /// What it was: its kind and tables.
    pub subject: String,
    /// What the backend said.
    pub error: String,
}

impl DriftAlarm {
    /// Counts it, keeps it as the last one, and logs it if no other was logged just before; true if it was logged.
    pub fn raise(&self, now: Instant, backend: &str, subject: &str, error: &str) -> bool {
        self.count.increment();
        let drift = Drift { at: now, subject: shortened(subject), error: shortened(error) };
        let mut state = self.state.lock();
        let logs = state.logged.is_none_or(|logged| now.saturating_duration_since(logged) >= LOG_EVERY);
        if logs {
            let (since_last_line, error) = (state.unlogged, &drift.error);
            error!(
                backend,
                statement = drift.subject,
                error,
                since_last_line,
                "schema drift: this backend calls wrong what others execute; compare its schema and the proxy's rights"
            );
            (state.logged, state.unlogged) = (Some(now), 0);
        } else {
            state.unlogged += 1;
        }
        state.last = Some(drift);
        logs
    }

    /// How often it was raised.
    pub fn count(&self) -> u64 {
        self.count.value()
    }

    /// What raised it last.
    pub fn last(&self) -> Option<Drift> {
        self.state.lock().last.clone()
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_limited_and_counts_are_not() {
        let (alarm, start) = (DriftAlarm::default(), Instant::now());
        assert!(alarm.raise(start, "b", "Insert of ks.t", "unconfigured table t"));
        for milliseconds in 1..100 {
            assert!(!alarm.raise(start + Duration::from_millis(milliseconds), "b", "Select of ks.t", "no"));
        }
        assert!(alarm.raise(start + LOG_EVERY, "b", "Insert of ks.u", &"x".repeat(2 * TEXT_MAX)));
        assert_eq!(alarm.count(), 101);
        let last = alarm.last().unwrap();
        assert_eq!((last.subject.as_str(), last.error.len()), ("Insert of ks.u", TEXT_MAX));
    }
}
