//! Floating-point numbers in the text that Java gives them, which Cassandra shows.

use std::fmt::Write;

/// As `Double.toString`: `1.0`, `1.0E10`, `NaN`, `-Infinity`; always the shortest digits that mean the number.
pub(super) fn write_double(value: f64, out: &mut String) {
    write_java(&format!("{value:e}"), value, out);
}

/// As `Float.toString`.
pub(super) fn write_float(value: f32, out: &mut String) {
    write_java(&format!("{value:e}"), value.into(), out);
}

/// `scientific`: the number as `1.25e-7`.
fn write_java(scientific: &str, value: f64, out: &mut String) {
    let parts = scientific.split_once('e').and_then(|(mantissa, exponent)| Some((mantissa, exponent.parse().ok()?)));
    let Some((mantissa, exponent)) = parts else {
        out.push_str(match value {
            _ if value.is_nan() => "NaN",
            _ if value > 0.0 => "Infinity",
            _ => "-Infinity",
        });
        return;
    };
    let exponent: i32 = exponent;
    if (-3..7).contains(&exponent) {
        let mut plain = plain(mantissa, exponent);
        if !plain.contains('.') {
            plain.push_str(".0");
        }
        out.push_str(&plain);
        return;
    }
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let _ = write!(out, "{mantissa}{point}E{exponent}");
}

/// A mantissa such as `-1.25` with its point moved.
fn plain(mantissa: &str, exponent: i32) -> String {
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", mantissa),
    };
    let digits = digits.replace('.', "");
    let Ok(places) = usize::try_from(exponent) else {
        return format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    };
    match digits.split_at_checked(places + 1) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits:0<width$}", width = places + 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn double(value: f64) -> String {
        let mut out = String::new();
        write_double(value, &mut out);
        out
    }

    proptest! {
        #[test]
        fn every_number_reads_back(value: f64, float: f32) {
            prop_assert_eq!(double(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
            let mut out = String::new();
            write_float(float, &mut out);
            prop_assert_eq!(out.parse::<f32>().unwrap().to_bits(), float.to_bits());
        }
    }

    #[test]
    fn the_text_is_that_of_java() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (-123.456, "-123.456"),
            (9_999_999.0, "9999999.0"),
            (10_000_000.0, "1.0E7"),
            (1.5e300, "1.5E300"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double(value), text);
        }
    }
}
