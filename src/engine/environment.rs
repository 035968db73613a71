//! What makes an evaluation differ from the next one.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{Builder, Uuid, Variant, Version};

/// Time and randomness for `now()`, `uuid()` and their kin.
pub trait Environment {
    /// Microseconds since the epoch.
    fn unix_micros(&mut self) -> u64;
    /// Random bits.
    fn random_bits(&mut self) -> u64;
}

/// The clock of the machine, and the random numbers of the thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn unix_micros(&mut self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
    }

    fn random_bits(&mut self) -> u64 {
        fastrand::u64(..)
    }
}

/// 100 ns ticks between the start of the Gregorian calendar, where version 1 counts from, and the epoch.
const GREGORIAN_TICKS: i64 = 0x01B2_1DD2_1381_4000;

/// A version 1 UUID of this moment. The ticks below a microsecond, the clock sequence and the node are random.
pub(super) fn now_uuid(environment: &mut dyn Environment) -> Uuid {
    let random = environment.random_bits();
    let micros = i64::try_from(environment.unix_micros()).unwrap_or(i64::MAX);
    let ticks = micros.saturating_mul(10).saturating_add((random % 10) as i64);
    // a random node has the multicast bit set, so that it is no real one's address
    uuid_at(ticks, (random | 0x0000_0100_0000_0000) & !(3 << 62) | 2 << 62)
}

/// The smallest and the largest UUID of a millisecond, in the order of `timeuuid` (`TimeUUID.minAtUnixMillis`).
pub(super) fn bounds_at(millis: i64) -> (Uuid, Uuid) {
    let ticks = millis.saturating_mul(10_000);
    (uuid_at(ticks, 0x8080_8080_8080_8080), uuid_at(ticks.saturating_add(9_999), 0x7F7F_7F7F_7F7F_7F7F))
}

/// Milliseconds since the epoch of a version 1 UUID.
pub(super) fn millis_of(uuid: Uuid) -> i64 {
    let high = (uuid.as_u128() >> 64) as u64;
    let ticks = (high & 0x0FFF) << 48 | (high >> 16 & 0xFFFF) << 32 | high >> 32;
    (ticks as i64).wrapping_sub(GREGORIAN_TICKS).div_euclid(10_000)
}

pub(super) fn uuid_at(unix_ticks: i64, low: u64) -> Uuid {
    let ticks = unix_ticks.wrapping_add(GREGORIAN_TICKS) as u64;
    let high = ticks << 32 | (ticks >> 32 & 0xFFFF) << 16 | 0x1000 | (ticks >> 48 & 0x0FFF);
    Uuid::from_u64_pair(high, low)
}

/// A random UUID.
pub(super) fn random_uuid(environment: &mut dyn Environment) -> Uuid {
    let bits = u128::from(environment.random_bits()) << 64 | u128::from(environment.random_bits());
    Builder::from_u128(bits).with_variant(Variant::RFC4122).with_version(Version::Random).into_uuid()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Time stands still, and randomness counts.
    #[derive(Default)]
    pub(crate) struct Still(pub(crate) u64);

    impl Environment for Still {
        fn unix_micros(&mut self) -> u64 {
            1_708_142_400_123_456
        }

        fn random_bits(&mut self) -> u64 {
            self.0 += 1;
            self.0
        }
    }

    #[test]
    fn a_time_uuid_holds_its_moment() {
        let mut still = Still::default();
        let (first, second) = (now_uuid(&mut still), now_uuid(&mut still));
        assert_ne!(first, second);
        assert_eq!(first.get_version_num(), 1);
        assert_eq!(first.get_variant(), Variant::RFC4122);
        assert_eq!(millis_of(first), 1_708_142_400_123);
        assert_eq!(random_uuid(&mut still).get_version_num(), 4);
    }
}
