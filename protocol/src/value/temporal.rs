//! Dates, times and timestamps in text: the proleptic Gregorian calendar, in UTC.
//!
//! Cassandra reads a timestamp without a zone in the zone of its JVM; here that is UTC.

use std::fmt::Write;

/// Milliseconds in a day.
pub const MILLIS_PER_DAY: i64 = 86_400_000;
/// Nanoseconds in a day.
pub const NANOS_PER_DAY: i64 = 86_400_000_000_000;
/// The serialized form of 1970-01-01: days are stored unsigned, with the epoch in the middle.
pub const DATE_EPOCH: u32 = 1 << 31;

/// Days since 1970-01-01 of a date, `None` for one that no calendar has.
pub fn days_from_civil(year: i64, month: u32, day: u32) -> Option<i64> {
    if !(-9_999_999..=9_999_999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    if day == 0 || day > days_in_month(year, month) {
        return None;
    }
    // years start in March, so that the leap day is the last; eras of 400 years repeat exactly
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Year, month and day of a number of days since 1970-01-01.
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// How many days a month has.
pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// A `date` as `2020-01-31`.
pub(super) fn write_date(date: u32, out: &mut String) {
    write_days(i64::from(date) - i64::from(DATE_EPOCH), out);
}

/// A `time` as `01:02:03.004000000`; of one outside the day what `TimeSerializer.toString` makes of it, part by part.
pub(super) fn write_time(nanos: i64, out: &mut String) {
    let padded = |value: i64, digits: u32| {
        let zeros = (1..digits).filter(|power| value < 10_i64.pow(*power)).count();
        format!("{}{value}", "0".repeat(zeros))
    };
    let (micros, nano) = (nanos / 1000, nanos % 1000);
    let (millis, micro) = (micros / 1000, micros % 1000);
    let (seconds, milli) = (millis / 1000, millis % 1000);
    let (minutes, second) = (seconds / 60, seconds % 60);
    let (hours, minute) = (minutes / 60 % 24, minutes % 60);
    let (hour, minute, second) = (padded(hours, 2), padded(minute, 2), padded(second, 2));
    let _ = write!(out, "{hour}:{minute}:{second}.{}{}{}", padded(milli, 3), padded(micro, 3), padded(nano, 3));
}

/// A `timestamp` as `2020-01-31T01:02:03.004Z`, with `separator` in place of the `T`.
pub(super) fn write_timestamp(millis: i64, separator: char, out: &mut String) {
    write_days(millis.div_euclid(MILLIS_PER_DAY), out);
    let of_day = millis.rem_euclid(MILLIS_PER_DAY);
    let seconds = of_day / 1000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let _ = write!(out, "{separator}{hours:02}:{minutes:02}:{:02}.{:03}Z", seconds % 60, of_day % 1000);
}

/// A `date`: `yyyy-mm-dd`, or the serialized number (`SimpleDateSerializer`).
pub(super) fn parse_date(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let mut scanner = Scanner(text);
    let days = scanner.date()?;
    scanner.end()?;
    u32::try_from(days + i64::from(DATE_EPOCH)).ok()
}

/// A `time`: `hh:mm:ss[.fffffffff]`, or nanoseconds since midnight (`TimeSerializer`).
pub(super) fn parse_time(text: &str) -> Option<i64> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().filter(|nanos| *nanos < NANOS_PER_DAY);
    }
    let mut scanner = Scanner(text);
    let (hour, minute) = (scanner.digits(1, 2)?, scanner.after(':')?.digits(1, 2)?);
    let second = scanner.after(':')?.digits(1, 2)?;
    let nanos = if scanner.accept('.') { scanner.fraction(9)? } else { 0 };
    scanner.end()?;
    let seconds = seconds_of_day(hour, minute, second)?;
    Some(seconds * 1_000_000_000 + nanos)
}

/// A `timestamp`: `yyyy-mm-dd[(T| )hh:mm[:ss[.fff]]][zone]`, or milliseconds since the epoch (`TimestampSerializer`).
pub(super) fn parse_timestamp(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let mut scanner = Scanner(text);
    let days = scanner.date()?;
    let mut millis = 0;
    if scanner.accept('T') || (scanner.0.len() > 1 && scanner.0.as_bytes()[1].is_ascii_digit() && scanner.accept(' ')) {
        let (hour, minute) = (scanner.digits(1, 2)?, scanner.after(':')?.digits(2, 2)?);
        let second = if scanner.accept(':') { scanner.digits(2, 2)? } else { 0 };
        let fraction = if scanner.accept('.') { scanner.fraction(9)? / 1_000_000 } else { 0 };
        millis = seconds_of_day(hour, minute, second)? * 1000 + fraction;
    }
    scanner.accept(' ');
    let offset_minutes = scanner.zone()?;
    scanner.end()?;
    days.checked_mul(MILLIS_PER_DAY)?.checked_add(millis)?.checked_sub(offset_minutes * 60_000)
}

fn write_days(days: i64, out: &mut String) {
    let (year, month, day) = civil_from_days(days);
    let _ = match year {
        0..=9999 => write!(out, "{year:04}"),
        // as Java: years beyond four digits carry their sign
        10_000.. => write!(out, "+{year}"),
        _ => write!(out, "-{:04}", -year),
    };
    let _ = write!(out, "-{month:02}-{day:02}");
}

fn seconds_of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

/// What is left of a text, read from its start.
struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    /// `[-+]yyyy-mm-dd`, as days since the epoch.
    fn date(&mut self) -> Option<i64> {
        let negative = self.accept('-');
        if !negative {
            self.accept('+');
        }
        let year = self.digits(1, 9)?;
        let month = self.after('-')?.digits(1, 2)?;
        let day = self.after('-')?.digits(1, 2)?;
        days_from_civil(if negative { -year } else { year }, month as u32, day as u32)
    }

    /// `Z`, `+hh`, `+hhmm`, `+hh:mm`, `UTC`, `GMT` or nothing: minutes east of UTC.
    fn zone(&mut self) -> Option<i64> {
        for utc in ["UTC", "GMT", "Z", "z"] {
            if let Some(rest) = self.0.strip_prefix(utc) {
                self.0 = rest;
                return Some(0);
            }
        }
        let sign = if self.accept('-') {
            -1
        } else if self.accept('+') {
            1
        } else {
            return Some(0);
        };
        let hours = self.digits(1, 2)?;
        self.accept(':');
        let minutes = if self.0.is_empty() { 0 } else { self.digits(2, 2)? };
        (hours <= 18 && minutes < 60).then_some(sign * (hours * 60 + minutes))
    }

    /// The digits after a decimal point, as a number of `10^-places`; further ones are dropped.
    fn fraction(&mut self, places: u32) -> Option<i64> {
        let before = self.0.len();
        let value = self.digits(1, places as usize)?;
        let read = (before - self.0.len()) as u32;
        Some(value * 10_i64.pow(places - read))
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let length = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at_checked(length).filter(|_| length >= least)?;
        self.0 = rest;
        digits.parse().ok()
    }

    fn after(&mut self, separator: char) -> Option<&mut Self> {
        self.accept(separator).then_some(self)
    }

    fn accept(&mut self, expected: char) -> bool {
        let rest = self.0.strip_prefix(expected);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    proptest! {
        #[test]
        fn every_date_reads_back(date: u32) {
            prop_assert_eq!(parse_date(&text(|out| write_date(date, out))), Some(date));
        }

        #[test]
        fn every_time_reads_back(nanos in 0..NANOS_PER_DAY) {
            prop_assert_eq!(parse_time(&text(|out| write_time(nanos, out))), Some(nanos));
        }

        #[test]
        fn timestamps_read_back(millis in -200_000_000_000_000_i64..200_000_000_000_000, separator in "[T ]") {
            let separator = separator.chars().next().unwrap();
            prop_assert_eq!(parse_timestamp(&text(|out| write_timestamp(millis, separator, out))), Some(millis));
        }

        #[test]
        fn hostile_text_never_panics(text in "[-+0-9:.TZé ]{0,24}") {
            let _ = (parse_date(&text), parse_time(&text), parse_timestamp(&text));
        }
    }

    #[test]
    fn a_time_outside_the_day_is_shown_as_cassandra_shows_it() {
        let shown = |nanos| {
            let mut text = String::new();
            write_time(nanos, &mut text);
            text
        };
        assert_eq!(shown(-1), "00:00:00.00000000-1");
        assert_eq!(shown(NANOS_PER_DAY + 3_723_000_000_001), "01:02:03.000000001");
    }

    #[test]
    fn a_timestamp_may_leave_out_its_seconds_its_time_and_its_zone() {
        let midnight = 1_577_923_200_000;
        for (text, expected) in [
            ("2020-01-02", midnight),
            ("2020-01-02+0100", midnight - 3_600_000),
            ("2020-01-02 03:04", midnight + 11_040_000),
            ("2020-01-02T03:04:05Z", midnight + 11_045_000),
            ("2020-01-02 03:04:05.6 -02:00", midnight + 11_045_600 + 7_200_000),
            ("1577923200000", midnight),
            ("-1", -1),
        ] {
            assert_eq!(parse_timestamp(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for text in ["2019-02-29", "2020-13-01", "2020-00-01", "2020-01-32", "2020-1", "", "4294967296"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(parse_time("24:00:00"), None);
        assert_eq!(parse_timestamp("2020-01-02T25:00"), None);
    }
}
