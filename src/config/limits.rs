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
    /// How many bytes of answers may wait for one client to read them; then its requests are not read either.
    pub queue_per_connection_bytes: usize,
    /// How many bytes of requests and answers each worker holds at most.
    pub in_flight_bytes: usize,
}

pub(super) fn read(section: &mut Section<'_>) -> Limits {
    let (kib, mib, gib) = (1 << 10, 1 << 20, 1 << 30);
    let mut count = |key, default| bounded(section.within(key, default, 1..=1 << 24));
    let prepared_statements = count("prepared_statements", 65_536);
    let cached_statements = count("cached_statements", 16_384);
    let requests_per_connection = count("requests_per_connection", 32_768);
    let mut size = |key, default, max| bounded(section.within(key, Bytes(default), Bytes(64 * kib)..=Bytes(max)).0);
    Limits {
        prepared_statements,
        cached_statements,
        requests_per_connection,
        queue_per_connection_bytes: size("queue_per_connection", 16 * mib, gib),
        in_flight_bytes: size("in_flight", 256 * mib, 1024 * gib),
    }
}

fn bounded(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
