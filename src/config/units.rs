//! Durations and sizes with their units.

use std::time::Duration;

const DURATIONS: [(&str, u64); 6] = [
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60 * 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
];
const SIZES: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];

/// "250ms", "2s", "10min", "1h": a whole number and its unit.
pub(super) fn duration(text: &str) -> Option<Duration> {
    amount(text, &DURATIONS).map(Duration::from_nanos)
}

/// A duration of the command line.
///
/// # Errors
/// What was expected.
pub fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    duration(text).ok_or("expected a duration with its unit, such as 50ms or 2s")
}

/// "512B", "64KiB", "16MiB", "1GiB", in bytes.
pub(super) fn size_bytes(text: &str) -> Option<u64> {
    amount(text, &SIZES)
}

/// A number of bytes in the largest unit that divides it.
pub(super) fn size_text(bytes: u64) -> String {
    let fits = |(_, scale): &&(&str, u64)| bytes > 0 && bytes.is_multiple_of(*scale);
    let (unit, scale) = SIZES.iter().filter(fits).max_by_key(|(_, scale)| *scale).unwrap_or(&("B", 1));
    format!("{}{unit}", bytes / scale)
}

fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, scale) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(*scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_carry_their_unit() {
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("2 s"), Some(Duration::from_secs(2)));
        assert_eq!(duration("1h"), Some(Duration::from_secs(3600)));
        assert_eq!(size_bytes("64MiB"), Some(64 << 20));
        assert_eq!(size_bytes("1kib"), Some(1024));
        for text in ["64KiB", "1GiB", "1025B", "0B"] {
            assert_eq!(size_bytes(text).map(size_text).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "5", "ms", "-1s", "1.5s", "5 parsecs", "99999999999999999999s", "18446744073709551615h"] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(size_bytes("10MB"), None);
    }
}
