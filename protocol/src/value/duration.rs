//! `duration`: months, days and nanoseconds, none of which converts to another (`org.apache.cassandra.cql3.Duration`).

use std::fmt;

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

#[derive(Clone, Copy)]
enum Part {
    Months,
    Days,
    Nanos,
}

impl Duration {
    /// Reads any of the notations of CQL: `1y2mo3w4d5h6m7s8ms9us10ns`, ISO 8601 `P1Y2M3DT4H5M6S`, `P3W` and
    /// `P0001-02-03T04:05:06`, each perhaps after a minus.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut total = Total { negative, months: 0, days: 0, nanos: 0 };
        match unsigned.strip_prefix('P') {
            None => total.add_units(unsigned)?,
            Some(iso) if iso.as_bytes().get(4) == Some(&b'-') => total.add_iso_alternative(iso)?,
            Some(iso) => total.add_iso(iso)?,
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
        let part = |part: i64| i32::try_from(part).map_err(|_| ValueError::Duration);
        let duration = Duration { months: part(months)?, days: part(days)?, nanos };
        if duration.is_one_signed() { Ok(duration) } else { Err(ValueError::Duration) }
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
    fn add_units(&mut self, text: &str) -> Option<()> {
        let mut rest = text;
        let mut next_unit = 0;
        while !rest.is_empty() {
            let amount;
            (amount, rest) = number(rest)?;
            let length = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let (unit, after) = rest.split_at_checked(length)?;
            rest = after;
            let unit = unit.to_lowercase().replace(['µ', 'μ'], "u");
            let index = next_unit + UNITS.get(next_unit..)?.iter().position(|known| known.0 == unit)?;
            self.add(UNITS[index].1, amount, UNITS[index].2)?;
            next_unit = index + 1;
        }
        (next_unit > 0).then_some(())
    }

    fn add_iso(&mut self, text: &str) -> Option<()> {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        if date.ends_with('W') {
            let (weeks, unit) = number(date)?;
            return (unit == "W" && time.is_none()).then(|| self.add(Part::Days, weeks, 7))?;
        }
        self.add_iso_units(date, &[('Y', Part::Months, 12), ('M', Part::Months, 1), ('D', Part::Days, 1)])?;
        let units = [
            ('H', Part::Nanos, NANOS_PER_HOUR),
            ('M', Part::Nanos, NANOS_PER_MINUTE),
            ('S', Part::Nanos, NANOS_PER_SECOND),
        ];
        time.map_or(Some(()), |time| self.add_iso_units(time, &units))
    }

    fn add_iso_units(&mut self, text: &str, units: &[(char, Part, i64)]) -> Option<()> {
        let mut rest = text;
        for (unit, part, size) in units {
            if let Some((amount, after)) = number(rest)
                && let Some(after) = after.strip_prefix(*unit)
            {
                self.add(*part, amount, *size)?;
                rest = after;
            }
        }
        rest.is_empty().then_some(())
    }

    /// `yyyy-mm-ddThh:mm:ss`
    fn add_iso_alternative(&mut self, text: &str) -> Option<()> {
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
            self.add(part, amount, size).filter(|()| left.is_empty())?;
            rest = after.strip_prefix(separator)?;
        }
        rest.is_empty().then_some(())
    }

    fn add(&mut self, part: Part, amount: i64, unit: i64) -> Option<()> {
        let signed = if self.negative { amount.checked_neg()? } else { amount };
        let sum = match part {
            Part::Months => &mut self.months,
            Part::Days => &mut self.days,
            Part::Nanos => &mut self.nanos,
        };
        *sum = sum.checked_add(signed.checked_mul(unit)?)?;
        Some(())
    }

    fn finish(self) -> Option<Duration> {
        Some(Duration { months: self.months.try_into().ok()?, days: self.days.try_into().ok()?, nanos: self.nanos })
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
            prop_assert_eq!(Duration::parse(&duration.to_string()), Some(duration));
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
        let expected = Some(Duration { months: 14, days: 3, nanos: 14_706_000_000_000 });
        for text in ["1y2mo3d4h5m6s", "P1Y2M3DT4H5M6S", "P0001-02-03T04:05:06", "1Y2MO3D4H5M6S"] {
            assert_eq!(Duration::parse(text), expected, "{text}");
        }
        assert_eq!(Duration::parse("-P2W"), Some(Duration { months: 0, days: -14, nanos: 0 }));
        assert_eq!(Duration::parse("1µs"), Some(Duration { months: 0, days: 0, nanos: 1000 }));
    }

    #[test]
    fn units_out_of_order_repeated_or_too_large_are_refused() {
        for text in ["", "-", "1d1y", "1d1d", "1", "d", "99999999999y", "1x", "9223372036854775807h"] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }
}
