//! Write times: a hybrid logical clock in microseconds, one for the whole proxy.

use std::sync::atomic::{AtomicI64, Ordering};

/// Where the time comes from.
pub(crate) trait WallClock: Send + Sync {
    /// Microseconds since the Unix epoch.
    fn now_micros(&self) -> i64;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub(crate) struct SystemClock;

impl WallClock for SystemClock {
    fn now_micros(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }
}

/// Issues each write time once, never an earlier one after a later one, whatever the wall clock does.
pub(crate) struct HybridClock {
    wall: Box<dyn WallClock>,
    last: AtomicI64,
}

impl HybridClock {
    pub(crate) fn new(wall: Box<dyn WallClock>) -> Self {
        Self { wall, last: AtomicI64::new(i64::MIN) }
    }

    /// The next write time.
    pub(crate) fn stamp_micros(&self) -> i64 {
        let now = self.wall.now_micros();
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let next = now.max(last.saturating_add(1));
            match self.last.compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return next,
                Err(seen) => last = seen,
            }
        }
    }

    /// What the wall clock shows.
    pub(crate) fn wall_micros(&self) -> i64 {
        self.wall.now_micros()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone)]
    struct Hand(Arc<AtomicI64>);

    impl WallClock for Hand {
        fn now_micros(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    proptest! {
        #[test]
        fn stamps_increase_whatever_the_wall_clock_does(readings in prop::collection::vec(0_i64..1_000, 1..50)) {
            let hand = Hand(Arc::default());
            let clock = HybridClock::new(Box::new(hand.clone()));
            let mut last = i64::MIN;
            for reading in readings {
                hand.0.store(reading, Ordering::Relaxed);
                let stamp = clock.stamp_micros();
                prop_assert!(stamp > last && stamp >= reading);
                last = stamp;
            }
        }
    }

    #[test]
    fn threads_never_get_the_same_stamp() {
        let clock = HybridClock::new(Box::new(Hand(Arc::default())));
        let mut all: Vec<i64> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..1_000).map(|_| clock.stamp_micros()).collect::<Vec<_>>())).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4_000);
    }
}
