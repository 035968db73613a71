use std::ops::RangeInclusive;
use std::time::Duration;

use super::section::Section;
use super::value::Bytes;

/// What a timeout may be: less than a millisecond is a slip of the pen, more than a day as well.
pub(super) const TIMEOUT_BOUNDS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(86_400);

/// `[limits]`: what bounds the proxy's memory. Beyond a bound clients get OVERLOADED, and caches forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many prepared statements each worker remembers.
    pub prepared_statements: usize,
    /// How many analysed statement texts each worker remembers.
    pub cached_statements: usize,
    /// How many requests of one connection may be in flight.
    pub requests_per_connection: usize,
    /// How many bytes of answers may wait for one client to read them; above a quarter of it its requests are not read, above all of it
    /// it is disconnected.
    pub queue_per_connection_bytes: usize,
}

pub(super) fn read(section: &mut Section<'_>) -> Limits {
    let mut count = |key, default| bounded(section.within(key, default, 1..=1 << 24));
    Limits {
        prepared_statements: count("prepared_statements", 65_536),
        cached_statements: count("cached_statements", 16_384),
        requests_per_connection: count("requests_per_connection", 32_768),
        queue_per_connection_bytes: bounded(
            section.within("queue_per_connection", Bytes(16 << 20), Bytes(64 << 10)..=Bytes(1 << 30)).0,
        ),
    }
}

fn bounded(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
