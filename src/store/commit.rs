//! Group commit: many writes reach the journal with one call to the system, and nobody waits who need not.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::StoreError;

/// Knows whether there is anything that a commit must make durable.
#[derive(Debug, Default)]
pub(super) struct Commits {
    /// Writes that may already be seen and are not counted yet.
    in_flight: AtomicUsize,
    written: AtomicU64,
    /// How many of `written` are surely durable.
    committed: AtomicU64,
    one_at_a_time: Mutex<()>,
}

impl Commits {
    /// Runs a write, which is seen by others from some moment before this returns.
    pub(super) fn write<T>(&self, write: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let result = write();
        // a write that failed may have been made in part
        self.written.fetch_add(1, Ordering::SeqCst);
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        result
    }

    /// Makes durable, through `flush`, all that the caller wrote or has seen; does nothing if it is.
    pub(super) fn commit(&self, flush: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        if self.is_clean() {
            return Ok(());
        }
        let _turn = self.one_at_a_time.lock();
        // whoever was waited for may have done it
        if self.is_clean() {
            return Ok(());
        }
        let written = self.written.load(Ordering::SeqCst);
        flush()?;
        self.committed.store(written, Ordering::SeqCst);
        Ok(())
    }

    /// In this order: what was seen before was in flight first and is counted once it no longer is.
    fn is_clean(&self) -> bool {
        self.in_flight.load(Ordering::SeqCst) == 0
            && self.committed.load(Ordering::SeqCst) >= self.written.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn flushes(commits: &Commits) -> bool {
        let flushed = Cell::new(false);
        commits
            .commit(|| {
                flushed.set(true);
                Ok(())
            })
            .unwrap();
        flushed.get()
    }

    #[test]
    fn only_what_is_new_is_flushed() {
        let commits = Commits::default();
        assert!(!flushes(&commits));
        commits.write(|| Ok(())).unwrap();
        assert!(flushes(&commits));
        assert!(!flushes(&commits));
    }

    #[test]
    fn a_write_under_way_may_have_been_seen() {
        let commits = Commits::default();
        let seen = commits.write(|| Ok(flushes(&commits))).unwrap();
        assert!(seen);
        // and what of it came after that flush is flushed again
        assert!(flushes(&commits));
    }

    #[test]
    fn what_failed_to_be_flushed_stays_to_be() {
        let commits = Commits::default();
        commits.write(|| Ok(())).unwrap();
        assert!(matches!(commits.commit(|| Err(StoreError::Full)), Err(StoreError::Full)));
        assert!(flushes(&commits));
    }

    #[test]
    fn a_write_that_failed_is_flushed_too() {
        let commits = Commits::default();
        let failed: Result<(), _> = commits.write(|| Err(StoreError::Full));
        assert!(failed.is_err());
        assert!(flushes(&commits));
    }
}
