use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that only grows. **One thread writes it**, any may read: so an increment is a load and a store, without a locked
/// instruction. Two writers would lose counts, and nothing else.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// `amount` more.
    pub fn add(&self, amount: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(amount), Relaxed);
    }

    /// The count so far.
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that goes up and down; written by one thread, as a [`Counter`].
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// It is `value` now.
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// One more.
    pub fn increment(&self) {
        self.set(self.value().wrapping_add(1));
    }

    /// One less; never below 0.
    pub fn decrement(&self) {
        self.set(self.value().saturating_sub(1));
    }

    /// What it is.
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
