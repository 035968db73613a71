//! `duration`: months, days and nanoseconds, none of which converts to another (`org.apache.cassandra.cql3.Duration`).

use std::fmt;

use thiserror::Error;

use super::ValueError;
use super::elements::{Elements, put_vint};

/// A length of time; all parts that are not zero have the same sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Duration {
    /// Months.
    pub months: i32,
    /// Days, of whatever length.
    pub days: i32,
    /// Nanoseconds.
    pub nanos: i64,
}

/// Text that is no duration. The messages follow Cassandra's.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DurationError {
    /// It is in none of the notations.
    #[error("it is in no notation of durations")]
    Notation,
    /// A unit stands there twice.
    #[error("Invalid duration. The {0} are specified multiple times")]
    Repeated(&'static str),
    /// A larger unit stands behind a smaller one.
    #[error("Invalid duration. The {smaller} should be after {larger}")]
    Order {
        /// What stands first.
        smaller: &'static str,
        /// What stands behind it.
        larger: &'static str,
    },
    /// More months, days or nanoseconds than a duration holds; of all three Cassandra names the same limit.
    #[error("Invalid duration. The total number of {0} must be less or equal to 2147483647")]
    TooLarge(&'static str),
}

const NANOS_PER_HOUR: i64 = 3_600_000_000_000;
const NANOS_PER_MINUTE: i64 = 60_000_000_000;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Units in the order in which they may be written; each once.
const UNITS: [(&str, Part, i64); 10] = [
    ("y", Part::Months, 12),
    ("mo", Part::Months, 1),
    ("w", Part::Days, 7),
    ("d", Part::Days, 1),
    ("h", Part::Nanos, NANOS_PER_HOUR),
    ("m", Part::Nanos, NANOS_PER_MINUTE),
    ("s", Part::Nanos, NANOS_PER_SECOND),
    ("ms", Part::Nanos, 1_000_000),
    ("us", Part::Nanos, 1_000),
    ("ns", Part::Nanos, 1),
];

/// What messages call them.
const UNIT_NAMES: [&str; 10] =
    ["years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"];

#[derive(Clone, Copy)]
enum Part {
    Months,
    Days,
    Nanos,
}

impl Duration {
    /// Reads any of the notations of CQL: `1y2mo3w4d5h6m7s8ms9us10ns`, ISO 8601 `P1Y2M3DT4H5M6S`, `P3W` and
    /// `P0001-02-03T04:05:06`, each perhaps after a minus.
    ///
    /// # Errors
    /// If it is none of them, or none that a duration holds.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut total = Total { negative, months: 0, days: 0, nanos: 0 };
        match unsigned.strip_prefix('P') {
            None => total.add_units(unsigned)?,
            Some(iso) if iso.as_bytes().get(4) == Some(&b'-') => {
                total.add_iso_alternative(iso).ok_or(DurationError::Notation)??;
            }
            Some(iso) => total.add_iso(iso).ok_or(DurationError::Notation)??,
        }
        total.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, ValueError> {
        if bytes.len() < 3 {
            return Err(ValueError::Length { expected: "at least 3 bytes for a duration", length: bytes.len() });
        }
        let mut elements = Elements::new(bytes);
        let (months, days, nanos) = (elements.vint()?, elements.vint()?, elements.vint()?);
        elements.finish()?;
        let part = |name: &'static str, value: i64| {
            i32::try_from(value).map_err(|_| ValueError::DurationRange { part: name, value })
        };
        let (months, days) = (part("months", months)?, part("days", days)?);
        let duration = Duration { months, days, nanos };
        if duration.is_one_signed() { Ok(duration) } else { Err(ValueError::DurationSign { months, days, nanos }) }
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        put_vint(self.months.into(), out);
        put_vint(self.days.into(), out);
        put_vint(self.nanos, out);
    }

    fn is_one_signed(self) -> bool {
        (self.months >= 0 && self.days >= 0 && self.nanos >= 0)
            || (self.months <= 0 && self.days <= 0 && self.nanos <= 0)
    }
}

/// As Cassandra prints it: `1y2mo3d4h5m6s7ms8us9ns`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.months < 0 || self.days < 0 || self.nanos < 0 {
            f.write_str("-")?;
        }
        let months = u64::from(self.months.unsigned_abs());
        let mut nanos = self.nanos.unsigned_abs();
        for (amount, unit) in [(months / 12, "y"), (months % 12, "mo"), (self.days.unsigned_abs().into(), "d")] {
            if amount > 0 {
                write!(f, "{amount}{unit}")?;
            }
        }
        for (unit, _, size) in &UNITS[4..] {
            let size = size.unsigned_abs();
            if nanos >= size {
                write!(f, "{}{unit}", nanos / size)?;
                nanos %= size;
            }
        }
        Ok(())
    }
}

/// Sums up in the sign that the duration has, so that the most negative value can be reached.
struct Total {
    negative: bool,
    months: i64,
    days: i64,
    nanos: i64,
}

impl Total {
    fn add_units(&mut self, text: &str) -> Result<(), DurationError> {
        let mut rest = text;
        let mut last: Option<usize> = None;
        while !rest.is_empty() {
            let amount;
            (amount, rest) = number(rest).ok_or(DurationError::Notation)?;
            let length = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let (unit, after) = rest.split_at_checked(length).ok_or(DurationError::Notation)?;
            rest = after;
            let unit = unit.to_lowercase().replace(['µ', 'μ'], "u");
            let index = UNITS.iter().position(|known| known.0 == unit).ok_or(DurationError::Notation)?;
            match last {
                Some(last) if last == index => return Err(DurationError::Repeated(UNIT_NAMES[index])),
                Some(last) if last > index => {
                    return Err(DurationError::Order { smaller: UNIT_NAMES[last], larger: UNIT_NAMES[index] });
                }
                _ => last = Some(index),
            }
            self.add(UNITS[index].1, amount, UNITS[index].2)?;
        }
        last.map(drop).ok_or(DurationError::Notation)
    }

    /// `None`: it is no such notation.
    fn add_iso(&mut self, text: &str) -> Option<Result<(), DurationError>> {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        if date.ends_with('W') {
            let (weeks, unit) = number(date)?;
            return (unit == "W" && time.is_none()).then(|| self.add(Part::Days, weeks, 7));
        }
        let of_date = [('Y', Part::Months, 12), ('M', Part::Months, 1), ('D', Part::Days, 1)];
        if let Err(refusal) = self.add_iso_units(date, &of_date)? {
            return Some(Err(refusal));
        }
        let units = [
            ('H', Part::Nanos, NANOS_PER_HOUR),
            ('M', Part::Nanos, NANOS_PER_MINUTE),
            ('S', Part::Nanos, NANOS_PER_SECOND),
        ];
        time.map_or(Some(Ok(())), |time| self.add_iso_units(time, &units))
    }

    fn add_iso_units(&mut self, text: &str, units: &[(char, Part, i64)]) -> Option<Result<(), DurationError>> {
        let mut rest = text;
        for (unit, part, size) in units {
            if let Some((amount, after)) = number(rest)
                && let Some(after) = after.strip_prefix(*unit)
            {
                if let Err(refusal) = self.add(*part, amount, *size) {
                    return Some(Err(refusal));
                }
                rest = after;
            }
        }
        rest.is_empty().then_some(Ok(()))
    }

    /// `yyyy-mm-ddThh:mm:ss`
    fn add_iso_alternative(&mut self, text: &str) -> Option<Result<(), DurationError>> {
        let mut rest = text;
        let units = [
            (4, "-", Part::Months, 12),
            (2, "-", Part::Months, 1),
            (2, "T", Part::Days, 1),
            (2, ":", Part::Nanos, NANOS_PER_HOUR),
            (2, ":", Part::Nanos, NANOS_PER_MINUTE),
            (2, "", Part::Nanos, NANOS_PER_SECOND),
        ];
        for (width, separator, part, size) in units {
            let (digits, after) = rest.split_at_checked(width)?;
            let (amount, left) = number(digits)?;
            if !left.is_empty() {
                return None;
            }
            if let Err(refusal) = self.add(part, amount, size) {
                return Some(Err(refusal));
            }
            rest = after.strip_prefix(separator)?;
        }
        rest.is_empty().then_some(Ok(()))
    }

    fn add(&mut self, part: Part, amount: i64, unit: i64) -> Result<(), DurationError> {
        let (sum, name) = match part {
            Part::Months => (&mut self.months, "months"),
            Part::Days => (&mut self.days, "days"),
            Part::Nanos => (&mut self.nanos, "nanoseconds"),
        };
        let signed = if self.negative { amount.checked_neg() } else { Some(amount) };
        let added = signed.and_then(|signed| signed.checked_mul(unit)).and_then(|added| sum.checked_add(added));
        *sum = added.ok_or(DurationError::TooLarge(name))?;
        Ok(())
    }

    fn finish(self) -> Result<Duration, DurationError> {
        let part = |value: i64, name| i32::try_from(value).map_err(|_| DurationError::TooLarge(name));
        let (months, days) = (part(self.months, "months")?, part(self.days, "days")?);
        Ok(Duration { months, days, nanos: self.nanos })
    }
}

/// The digits at the start of `text`, and what follows them.
fn number(text: &str) -> Option<(i64, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(length)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn any_duration() -> impl Strategy<Value = Duration> {
        (any::<bool>(), 0..i32::MAX, 0..i32::MAX, 0..i64::MAX).prop_map(|(negative, months, days, nanos)| {
            let sign = if negative { -1 } else { 1 };
            Duration { months: months * sign, days: days * sign, nanos: nanos * i64::from(sign) }
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(duration in any_duration()) {
            prop_assert_eq!(Duration::parse(&duration.to_string()), Ok(duration));
            let mut bytes = Vec::new();
            duration.encode(&mut bytes);
            prop_assert_eq!(Duration::decode(&bytes), Ok(duration));
        }

        #[test]
        fn hostile_text_never_panics(text in "[-PT0-9ymodwhsnuµ:]{0,20}") {
            let _ = Duration::parse(&text);
        }
    }

    #[test]
    fn all_notations_say_the_same() {
        let expected = Ok(Duration { months: 14, days: 3, nanos: 14_706_000_000_000 });
        for text in ["1y2mo3d4h5m6s", "P1Y2M3DT4H5M6S", "P0001-02-03T04:05:06", "1Y2MO3D4H5M6S"] {
            assert_eq!(Duration::parse(text), expected, "{text}");
        }
        assert_eq!(Duration::parse("-P2W"), Ok(Duration { months: 0, days: -14, nanos: 0 }));
        assert_eq!(Duration::parse("1µs"), Ok(Duration { months: 0, days: 0, nanos: 1000 }));
    }

    #[test]
    fn units_out_of_order_repeated_or_too_large_are_refused() {
        use DurationError::{Notation, Order, Repeated, TooLarge};
        let refused = [
            ("", Notation),
            ("-", Notation),
            ("1", Notation),
            ("d", Notation),
            ("1x", Notation),
            ("P1", Notation),
            ("1d1d", Repeated("days")),
            ("1d1y", Order { smaller: "days", larger: "years" }),
            ("99999999999y", TooLarge("months")),
            ("9223372036854775807d", TooLarge("days")),
            ("P9999999999D", TooLarge("days")),
            ("9223372036854775807h", TooLarge("nanoseconds")),
        ];
        for (text, refusal) in refused {
            assert_eq!(Duration::parse(text), Err(refusal), "{text}");
        }
    }
}
