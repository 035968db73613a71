//! `decimal`: an integer of any size, and how many of its digits stand after the point (`java.math.BigDecimal`).

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, Sign};

/// `unscaled × 10^-scale`. `1.0` and `1.00` are different values that compare as equal: see [`Decimal::compare`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The digits.
    pub unscaled: BigInt,
    /// How many of them stand after the point; may be negative.
    pub scale: i32,
}

/// Exponents are not written out, so no text makes a number much larger than itself; but digits are converted in
/// quadratic time, so there is a limit to them.
const MAX_DIGITS: usize = 20_000;

impl Decimal {
    /// Reads `-1.5e-3` and the like.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unscaled = parse_integer(&format!("{whole}{fraction}"))?;
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        Some(Decimal { unscaled, scale: scale.try_into().ok()? })
    }

    /// The order of numbers (`BigDecimal.compareTo`). Takes time and memory bounded by the digits, not the scales.
    pub fn compare(&self, other: &Self) -> Ordering {
        let sign = |decimal: &Self| match decimal.unscaled.sign() {
            Sign::Minus => -1,
            Sign::NoSign => 0,
            Sign::Plus => 1,
        };
        let (ours, theirs) = (sign(self), sign(other));
        if ours != theirs || ours == 0 {
            return ours.cmp(&theirs);
        }
        let magnitudes = self.compare_magnitude(other);
        if ours < 0 { magnitudes.reverse() } else { magnitudes }
    }

    fn compare_magnitude(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.unscaled.magnitude().cmp(other.unscaled.magnitude());
        }
        let (ours, theirs) = (self.digits(), other.digits());
        let leading = |digits: &str, scale: i32| digits.len() as i64 - i64::from(scale);
        // of numbers whose first digit is at the same place, digits decide; zeros at the end do not
        leading(&ours, self.scale)
            .cmp(&leading(&theirs, other.scale))
            .then_with(|| ours.trim_end_matches('0').cmp(theirs.trim_end_matches('0')))
    }

    fn digits(&self) -> String {
        self.unscaled.magnitude().to_string()
    }
}

/// As `BigDecimal.toString`: with an exponent where the scale is negative or the number very small.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            return self.unscaled.fmt(f);
        }
        if self.unscaled.sign() == Sign::Minus {
            f.write_str("-")?;
        }
        let digits = self.digits();
        let exponent = digits.len() as i64 - 1 - i64::from(self.scale);
        if self.scale > 0 && exponent >= -6 {
            let scale = self.scale as usize;
            return match digits.len().checked_sub(scale) {
                Some(0) | None => write!(f, "0.{digits:0>scale$}"),
                Some(whole) => write!(f, "{}.{}", &digits[..whole], &digits[whole..]),
            };
        }
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        write!(f, "{first}{point}{rest}")?;
        if exponent == 0 { Ok(()) } else { write!(f, "E{exponent:+}") }
    }
}

/// An integer of any size in decimal digits, perhaps after a sign.
pub(super) fn parse_integer(text: &str) -> Option<BigInt> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(unscaled: i128, scale: i32) {
            let value = Decimal { unscaled: unscaled.into(), scale };
            // a scale at the edge may not survive the exponent of its text
            prop_assume!(scale.unsigned_abs() < i32::MAX as u32 - 100);
            prop_assert_eq!(Decimal::parse(&value.to_string()), Some(value));
        }

        #[test]
        fn the_order_is_that_of_the_numbers(a in -1000..1000_i64, i in 0..4_i32, b in -1000..1000_i64, j in 0..4_i32) {
            let (x, y) = (Decimal { unscaled: a.into(), scale: i }, Decimal { unscaled: b.into(), scale: j });
            prop_assert_eq!(x.compare(&y), (a * 10_i64.pow(j as u32)).cmp(&(b * 10_i64.pow(i as u32))));
        }
    }

    #[test]
    fn text_is_that_of_java() {
        for text in ["1.50", "1.50E+10", "1E-7", "0.0000015", "0E+3", "-12.3", "1.23E-10", "0.00"] {
            assert_eq!(decimal(text).to_string(), text);
        }
        assert_eq!(decimal("15e2").to_string(), "1.5E+3");
        assert_eq!(decimal(".5").to_string(), "0.5");
    }

    #[test]
    fn far_exponents_are_compared_without_writing_them_out() {
        assert_eq!(decimal("1e2000000000").compare(&decimal("9e-2000000000")), Ordering::Greater);
        assert_eq!(decimal("-1e2000000000").compare(&decimal("1e-2000000000")), Ordering::Less);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", ".", "1.-5", "1e", "1e99999999999", "--1", "1.2.3", "x"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
