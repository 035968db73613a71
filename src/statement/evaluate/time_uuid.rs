//! Uuids of version 1 (RFC 9562, section 5.1), as Cassandra's `TimeUUID.Generator` makes them.

use uuid::Uuid;

/// Between 1582-10-15, where uuids begin, and 1970, in ticks of 100 ns.
const EPOCH_TICKS: u64 = 0x01B2_1DD2_1381_4000;
const TICKS_PER_MICRO: u64 = 10;
/// No network card has an address with this bit.
const MULTICAST: u64 = 1 << 40;
const VARIANT: u64 = 0x8000_0000_0000_0000;

/// A generator of timeuuids that increase and never repeat.
pub(super) struct TimeUuids {
    /// Variant, clock sequence and node.
    low: u64,
    last_ticks: u64,
}

impl TimeUuids {
    /// A generator with a random node id and clock sequence.
    pub(super) fn new(random: u128) -> Self {
        let random = random as u64;
        Self { low: VARIANT | (random >> 2) & !MULTICAST | MULTICAST, last_ticks: 0 }
    }

    /// The next one: of that time, or behind the last.
    pub(super) fn next(&mut self, micros: u64) -> Uuid {
        let now = EPOCH_TICKS + micros.saturating_mul(TICKS_PER_MICRO);
        let ticks = now.max(self.last_ticks + 1);
        self.last_ticks = ticks;
        let high = ticks << 32 | (ticks >> 32 & 0xffff) << 16 | 0x1000 | ticks >> 48 & 0x0fff;
        Uuid::from_u64_pair(high, self.low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_it_is_the_time_given() {
        let uuid = TimeUuids::new(u128::MAX).next(1_795_472_734_316_123);
        let time = uuid.get_timestamp().expect("version 1").to_unix();
        assert_eq!(time, (1_795_472_734, 316_123_000));
        assert_eq!(uuid.get_version_num(), 1);
    }

    #[test]
    fn each_is_above_the_one_before_it_even_when_the_clock_steps_back() {
        let mut uuids = TimeUuids::new(12345);
        let ticks = |uuid: Uuid| uuid.get_timestamp().expect("version 1").to_gregorian().0;
        let made: Vec<u64> = [5, 5, 4, 6, 0].into_iter().map(|micros| ticks(uuids.next(micros))).collect();
        assert!(made.is_sorted_by(|one, other| one < other), "{made:?}");
    }

    #[test]
    fn the_node_is_marked_as_made_up() {
        for random in [0, u128::MAX, 0x1234_5678_9abc_def0] {
            let uuid = TimeUuids::new(random).next(1);
            assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
            assert!(uuid.as_bytes()[10] & 1 == 1);
        }
    }
}
