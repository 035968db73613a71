//! Who waits for whom: the background for work, and writers for the background where it has fallen behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

/// How long one write waits for room at most: a background that has failed never makes any.
const PATIENCE: Duration = Duration::from_secs(1);

/// What there is to do.
#[derive(Debug, Default)]
pub(super) struct Pace {
    work: Mutex<Work>,
    /// `work` changed.
    changed: Condvar,
    /// There is room for writers.
    room: Condvar,
    is_behind: AtomicBool,
}

#[derive(Debug, Default)]
pub(super) struct Work {
    wants_file: bool,
    wants_merge: bool,
    /// A memtable waits until there is a file of it. When the next one is full too, writers wait.
    makes_file: bool,
    is_stopping: bool,
}

impl Pace {
    /// The memtable is full. Waits if the one before is not in a file yet, or if this one is far too large.
    pub(super) fn wants_file(&self, is_far_too_large: bool) {
        let mut work = self.work.lock();
        if !work.wants_file {
            work.wants_file = true;
            self.is_behind.store(work.makes_file, Ordering::Relaxed);
            self.changed.notify_all();
        }
        if (work.makes_file || is_far_too_large) && !work.is_stopping {
            // Whether there is room or not, the writer goes on.
            let _ = self.room.wait_for(&mut work, PATIENCE);
        }
    }

    /// Whether writers would wait.
    pub(super) fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::Relaxed)
    }

    /// Files may have to be merged.
    pub(super) fn wants_merge(&self) {
        self.work.lock().wants_merge = true;
        self.changed.notify_all();
    }

    /// Waits until a file is wanted. False: it is time to stop.
    pub(super) fn begin_file(&self) -> bool {
        let mut work = self.wait(|work| work.wants_file);
        let goes_on = !work.is_stopping;
        (work.wants_file, work.makes_file) = (false, goes_on);
        self.is_behind.store(false, Ordering::Relaxed);
        goes_on
    }

    /// The file that was wanted is made.
    pub(super) fn end_file(&self) {
        let mut work = self.work.lock();
        (work.makes_file, work.wants_merge) = (false, true);
        self.is_behind.store(false, Ordering::Relaxed);
        self.room.notify_all();
        self.changed.notify_all();
    }

    /// Waits until files may have to be merged. False: it is time to stop.
    pub(super) fn begin_merge(&self) -> bool {
        let mut work = self.wait(|work| work.wants_merge);
        work.wants_merge = false;
        !work.is_stopping
    }

    /// Some files were merged.
    pub(super) fn merged(&self) {
        self.changed.notify_all();
    }

    /// Waits until something has changed. False: it is time to stop.
    pub(super) fn wait_for_merge(&self) -> bool {
        let mut work = self.work.lock();
        if !work.is_stopping {
            work.wants_merge = true;
            self.changed.notify_all();
            let _ = self.changed.wait_for(&mut work, PATIENCE);
        }
        !work.is_stopping
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.work.lock().is_stopping
    }

    /// Ends the background.
    pub(super) fn stop(&self) {
        self.work.lock().is_stopping = true;
        self.changed.notify_all();
        self.room.notify_all();
    }

    fn wait(&self, is_wanted: impl Fn(&Work) -> bool) -> MutexGuard<'_, Work> {
        let mut work = self.work.lock();
        while !is_wanted(&work) && !work.is_stopping {
            self.changed.wait(&mut work);
        }
        work
    }
}
