//! The cell paths of lists: timeuuids, so that elements stay in the order in which they were added.

use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;

use crate::engine::environment::{Environment, uuid_at};

/// 100 ns ticks from the epoch to 2010-01-01 (`Lists.PrecisionTime.REFERENCE_TIME`): what is put in front of a list gets a
/// time as long before it as now is after it.
const REFERENCE_TICKS: i64 = 1_262_304_000_000 * 10_000;

/// Gives ids that grow with each append, and shrink with each element put in front. One for a store; shared by threads.
#[derive(Debug)]
pub struct ListIds {
    /// Clock sequence and node of every id.
    low: u64,
    last_appended: AtomicI64,
    last_prepended: AtomicI64,
}

impl ListIds {
    /// Ids that no other store gives: their node is random.
    pub fn new(environment: &mut dyn Environment) -> Self {
        // a random node has the multicast bit set, so that it is no real one's address
        let low = (environment.random_bits() | 0x0000_0100_0000_0000) & !(3 << 62) | 2 << 62;
        ListIds { low, last_appended: AtomicI64::new(i64::MIN), last_prepended: AtomicI64::new(i64::MAX) }
    }

    /// The path of an element that comes behind all others.
    pub(super) fn append(&self, now_micros: u64) -> Bytes {
        let now = ticks(now_micros);
        let next = |last: i64| Some(now.max(last.saturating_add(1)));
        let last = self.last_appended.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(now);
        self.path(now.max(last.saturating_add(1)))
    }

    /// The path of an element that comes before all others.
    pub(super) fn prepend(&self, now_micros: u64) -> Bytes {
        let mirrored = (2 * REFERENCE_TICKS).saturating_sub(ticks(now_micros));
        let next = |last: i64| Some(mirrored.min(last.saturating_sub(1)));
        let last = self.last_prepended.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(mirrored);
        self.path(mirrored.min(last.saturating_sub(1)))
    }

    fn path(&self, ticks: i64) -> Bytes {
        Bytes::copy_from_slice(uuid_at(ticks, self.low).as_bytes())
    }
}

fn ticks(micros: u64) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX).saturating_mul(10)
}

#[cfg(test)]
mod tests {
    use quorate_protocol::value::{NativeType, compare};

    use super::*;
    use crate::engine::environment::tests::Still;

    #[test]
    fn ids_of_a_clock_that_stands_still_or_goes_back_keep_their_order() {
        let ids = ListIds::new(&mut Still::default());
        let now = Still::default().unix_micros();
        let appended: Vec<Bytes> = [now, now, now + 5, now - 1_000_000].map(|now| ids.append(now)).into();
        let prepended: Vec<Bytes> = [now, now, now + 5, now - 1_000_000].map(|now| ids.prepend(now)).into();
        let in_order: Vec<&Bytes> = prepended.iter().rev().chain(&appended).collect();
        for pair in in_order.windows(2) {
            assert!(compare(&NativeType::TimeUuid.into(), pair[0], pair[1]).is_lt());
        }
    }
}
