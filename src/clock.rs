//! Write times: a hybrid logical clock in microseconds, one for the whole proxy.
//!
//! Where there is a disk for it, a mark is kept on it that no write time given out ever passes: the next process starts
//! there, whatever the wall clock shows then. The mark is set ahead, so that nobody who wants a write time waits for a disk.

mod file;

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tracing::warn;

pub(crate) use file::ClockFile;

/// How far ahead the mark is set.
const RESERVE_MICROS: i64 = 3_000_000;
/// With less than this left, it is set anew.
const RENEW_BELOW_MICROS: i64 = 2_000_000;
/// How often that is looked at.
pub(crate) const RENEW_EVERY: Duration = Duration::from_millis(500);

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

/// Where the mark outlives the process.
pub(crate) trait MarkStore: Send + Sync {
    /// The last mark that was stored; none where none ever was.
    fn load(&self) -> io::Result<Option<i64>>;

    /// Stores a mark, in microseconds; it is safe from a crash once this returns.
    fn store(&self, mark_micros: i64) -> io::Result<()>;
}

/// Issues each write time once, never an earlier one after a later one, whatever the wall clock does.
pub(crate) struct HybridClock {
    wall: Box<dyn WallClock>,
    last: AtomicI64,
    reserve: Option<Reserve>,
}

/// The mark, and where it is kept.
struct Reserve {
    store: Box<dyn MarkStore>,
    mark_micros: AtomicI64,
}

impl HybridClock {
    /// A clock that starts at the wall clock, and remembers nothing.
    pub(crate) fn unreserved(wall: Box<dyn WallClock>) -> Self {
        Self { wall, last: AtomicI64::new(i64::MIN), reserve: None }
    }

    /// A clock that starts where the last one with the same store may have been.
    ///
    /// # Errors
    /// The store cannot be read, or not be written.
    pub(crate) fn reserved(wall: Box<dyn WallClock>, store: Box<dyn MarkStore>) -> io::Result<Self> {
        let last = store.load()?.unwrap_or(i64::MIN);
        let reserve = Reserve { store, mark_micros: AtomicI64::new(last) };
        let clock = Self { wall, last: AtomicI64::new(last), reserve: Some(reserve) };
        let behind_micros = last.saturating_sub(clock.wall_micros());
        if behind_micros > RESERVE_MICROS {
            warn!(behind_ms = behind_micros / 1000, "the wall clock is behind the write times given out before");
        }
        clock.renew()?;
        Ok(clock)
    }

    /// Sets the mark ahead again, where it is about to be reached. It waits for the disk; call it every [`RENEW_EVERY`].
    pub(crate) fn renew(&self) -> io::Result<()> {
        let Some(Reserve { store, mark_micros }) = &self.reserve else { return Ok(()) };
        let reached = self.last.load(Ordering::Relaxed).max(self.wall_micros());
        if mark_micros.load(Ordering::Relaxed).saturating_sub(reached) >= RENEW_BELOW_MICROS {
            return Ok(());
        }
        let mark = reached.saturating_add(RESERVE_MICROS);
        store.store(mark)?;
        mark_micros.store(mark, Ordering::Relaxed);
        Ok(())
    }

    /// Nothing more is given out: the mark is what was, so that the next process need not start ahead of the wall clock.
    pub(crate) fn settle(&self) -> io::Result<()> {
        let Some(Reserve { store, .. }) = &self.reserve else { return Ok(()) };
        match self.last.load(Ordering::Relaxed) {
            i64::MIN => Ok(()),
            last => store.store(last),
        }
    }

    /// Whether a mark is kept.
    pub(crate) fn is_reserved(&self) -> bool {
        self.reserve.is_some()
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
            let clock = HybridClock::unreserved(Box::new(hand.clone()));
            let mut last = i64::MIN;
            for reading in readings {
                hand.0.store(reading, Ordering::Relaxed);
                let stamp = clock.stamp_micros();
                prop_assert!(stamp > last && stamp >= reading);
                last = stamp;
            }
        }
    }

    /// A disk that can fail.
    #[derive(Clone, Default)]
    struct Disk {
        mark: Arc<parking_lot::Mutex<Option<i64>>>,
        stores: Arc<AtomicI64>,
        broken: Arc<std::sync::atomic::AtomicBool>,
    }

    impl MarkStore for Disk {
        fn load(&self) -> io::Result<Option<i64>> {
            Ok(*self.mark.lock())
        }

        fn store(&self, mark_micros: i64) -> io::Result<()> {
            if self.broken.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.stores.fetch_add(1, Ordering::Relaxed);
            *self.mark.lock() = Some(mark_micros);
            Ok(())
        }
    }

    fn reserved(hand: &Hand, disk: &Disk) -> io::Result<HybridClock> {
        HybridClock::reserved(Box::new(hand.clone()), Box::new(disk.clone()))
    }

    proptest! {
        /// Each step: the wall clock jumps, stamps are given out, and the process crashes, stops well, or goes on.
        #[test]
        fn no_restart_brings_a_stamp_back(steps in prop::collection::vec((0_i64..20_000_000, 0_usize..50, 0_u8..4), 1..50)) {
            let (hand, disk) = (Hand(Arc::default()), Disk::default());
            let mut clock = reserved(&hand, &disk).unwrap();
            let mut last = i64::MIN;
            for (reading, stamps, end) in steps {
                hand.0.store(reading, Ordering::Relaxed);
                clock.renew().unwrap();
                for _ in 0..stamps {
                    let stamp = clock.stamp_micros();
                    prop_assert!(stamp > last);
                    prop_assert!(stamp < disk.load().unwrap().unwrap());
                    last = stamp;
                }
                match end {
                    0 => clock = reserved(&hand, &disk).unwrap(),
                    1 => {
                        clock.settle().unwrap();
                        clock = reserved(&hand, &disk).unwrap();
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_wall_clock_that_jumped_back_while_the_process_was_away_is_not_believed() {
        let (hand, disk) = (Hand(Arc::default()), Disk::default());
        hand.0.store(1_000_000_000, Ordering::Relaxed);
        let before = reserved(&hand, &disk).unwrap().stamp_micros();
        hand.0.store(5, Ordering::Relaxed);
        assert!(reserved(&hand, &disk).unwrap().stamp_micros() > before);
    }

    #[test]
    fn the_disk_is_written_when_the_mark_is_near_and_not_before() {
        let (hand, disk) = (Hand(Arc::default()), Disk::default());
        let clock = reserved(&hand, &disk).unwrap();
        for (reading, stores) in [(0, 1), (1_000_000, 1), (1_000_001, 2), (1_500_000, 2), (9_000_000, 3)] {
            hand.0.store(reading, Ordering::Relaxed);
            clock.renew().unwrap();
            assert_eq!(disk.stores.load(Ordering::Relaxed), stores, "at {reading}");
        }
    }

    #[test]
    fn a_broken_disk_is_an_error_and_stamps_go_on() {
        let (hand, disk) = (Hand(Arc::default()), Disk::default());
        let clock = reserved(&hand, &disk).unwrap();
        disk.broken.store(true, Ordering::Relaxed);
        assert!(reserved(&hand, &disk).is_err());
        hand.0.store(9_000_000, Ordering::Relaxed);
        assert!(clock.renew().is_err());
        assert_eq!(clock.stamp_micros(), 9_000_000);
        disk.broken.store(false, Ordering::Relaxed);
        clock.renew().unwrap();
        assert_eq!(disk.load().unwrap(), Some(9_000_000 + RESERVE_MICROS));
    }

    #[test]
    fn threads_never_get_the_same_stamp() {
        let clock = HybridClock::unreserved(Box::new(Hand(Arc::default())));
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
