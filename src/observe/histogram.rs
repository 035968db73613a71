use std::time::Duration;

use super::Counter;

/// Each power of two is cut into this many buckets: a value is known to 1/8.
const SUB_BUCKETS: u64 = 8;
const SUB_BITS: u32 = SUB_BUCKETS.trailing_zeros();
/// Longer than 2^36 µs (19 hours) is counted as that.
const EXPONENT_MAX: u32 = 36;
const BUCKETS: usize = ((EXPONENT_MAX - SUB_BITS + 2) as usize) * SUB_BUCKETS as usize;

/// How long things took, in log-linear buckets from 1 µs to hours (as in HdrHistogram, with fixed bounds: nothing is allocated or
/// resized). Written by one thread, as a [`Counter`].
#[derive(Debug)]
pub struct Histogram {
    counts: [Counter; BUCKETS],
    sum_us: Counter,
}

/// The counts of one or several histograms at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    counts: [u64; BUCKETS],
    sum_us: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: std::array::from_fn(|_| Counter::default()), sum_us: Counter::default() }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&self, elapsed: Duration) {
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get(bucket_of(elapsed_us)) {
            count.increment();
        }
        self.sum_us.add(elapsed_us);
    }

    /// Adds what was counted so far to `snapshot`.
    pub fn add_to(&self, snapshot: &mut Snapshot) {
        for (sum, count) in snapshot.counts.iter_mut().zip(&self.counts) {
            *sum += count.value();
        }
        snapshot.sum_us = snapshot.sum_us.wrapping_add(self.sum_us.value());
    }
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], sum_us: 0 }
    }
}

impl Snapshot {
    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their sum.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us)
    }

    /// How many took less than 2^`exponent` µs.
    pub fn count_below_power(&self, exponent: u32) -> u64 {
        self.counts.iter().take(bucket_of(1 << exponent.min(EXPONENT_MAX))).sum()
    }

    /// An upper bound, within 1/8, of the time that the fraction `quantile` of all took; zero if nothing was counted.
    pub fn quantile(&self, quantile: f64) -> Duration {
        let rank = (self.count() as f64 * quantile).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank && *count > 0 {
                return Duration::from_micros(lower_bound_us(bucket + 1));
            }
        }
        Duration::ZERO
    }
}

/// Values below 8 have a bucket each; above, the exponent and the three bits after the leading one choose.
fn bucket_of(value: u64) -> usize {
    let value = value.min((1 << (EXPONENT_MAX + 1)) - 1);
    if value < SUB_BUCKETS {
        return value as usize;
    }
    let shift = value.ilog2() - SUB_BITS;
    (u64::from(shift + 1) * SUB_BUCKETS + (value >> shift) - SUB_BUCKETS) as usize
}

/// The least value of a bucket.
fn lower_bound_us(bucket: usize) -> u64 {
    let (row, column) = (bucket as u64 / SUB_BUCKETS, bucket as u64 % SUB_BUCKETS);
    match row {
        0 => column,
        _ => (SUB_BUCKETS + column) << (row - 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_is_in_the_bucket_whose_bounds_enclose_it(value in 0_u64..1 << (EXPONENT_MAX + 1)) {
            let bucket = bucket_of(value);
            prop_assert!(bucket < BUCKETS);
            prop_assert!(lower_bound_us(bucket) <= value && value < lower_bound_us(bucket + 1));
        }

        #[test]
        fn a_quantile_is_at_most_an_eighth_too_high(mut values in proptest::collection::vec(1_u64..1 << 30, 1..200)) {
            let histogram = Histogram::default();
            values.iter().for_each(|value| histogram.record(Duration::from_micros(*value)));
            let mut snapshot = Snapshot::default();
            histogram.add_to(&mut snapshot);
            values.sort_unstable();
            let exact = values[(values.len() * 99).div_ceil(100) - 1];
            let estimate = snapshot.quantile(0.99).as_micros() as u64;
            prop_assert!(estimate >= exact && estimate <= exact + exact / 8 + 1, "{estimate} for {exact}");
            prop_assert_eq!(snapshot.count(), values.len() as u64);
            prop_assert_eq!(snapshot.count_below_power(20), values.iter().filter(|value| **value < 1 << 20).count() as u64);
        }
    }

    #[test]
    fn the_longest_time_is_counted_too() {
        let histogram = Histogram::default();
        histogram.record(Duration::MAX);
        let mut snapshot = Snapshot::default();
        histogram.add_to(&mut snapshot);
        assert_eq!(snapshot.count(), 1);
    }
}
