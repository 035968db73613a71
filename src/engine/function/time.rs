//! The moment, and conversions between types that say when (`TimeFcts`).

use quorate_protocol::value::temporal::{self, DATE_EPOCH, MILLIS_PER_DAY, civil_from_days, days_from_civil};
use quorate_protocol::value::{CqlType, Duration, NativeType, Value};

use super::{Function, environmental, values};
use crate::engine::environment::{Environment, bounds_at, millis_of, now_uuid, random_uuid};
use crate::engine::error::EngineError;

const NANOS_PER_MILLI: i64 = 1_000_000;
const NANOS_PER_DAY: i64 = NANOS_PER_MILLI * MILLIS_PER_DAY;
/// After four hundred years dates fall on the same days again.
const MONTHS_OF_CALENDAR: u32 = 400 * 12;

pub(super) fn overloads(name: &str) -> Option<Vec<Function>> {
    use NativeType::{BigInt, Date, Time, TimeUuid, Timestamp, Uuid};
    let converting = |from: &[NativeType], to: NativeType, body| {
        Some(from.iter().map(|from| values(name, [(*from).into()], to, body)).collect())
    };
    match name {
        "now" | "currenttimeuuid" | "current_timeuuid" => {
            Some(environmental(name, TimeUuid, |environment| Value::TimeUuid(now_uuid(environment))))
        }
        "uuid" => Some(environmental(name, Uuid, |environment| Value::Uuid(random_uuid(environment)))),
        "currenttimestamp" | "current_timestamp" => {
            Some(environmental(name, Timestamp, |environment| Value::Timestamp(now_millis(environment))))
        }
        "currentdate" | "current_date" => {
            Some(environmental(name, Date, |environment| date_of(now_millis(environment))))
        }
        "currenttime" | "current_time" => Some(environmental(name, Time, |environment| {
            Value::Time(now_millis(environment).rem_euclid(MILLIS_PER_DAY) * 1_000_000)
        })),
        "mintimeuuid" | "min_timeuuid" => converting(&[Timestamp], TimeUuid, |_, arguments| {
            Ok(millis(arguments).map(|millis| Value::TimeUuid(bounds_at(millis).0)))
        }),
        "maxtimeuuid" | "max_timeuuid" => converting(&[Timestamp], TimeUuid, |_, arguments| {
            Ok(millis(arguments).map(|millis| Value::TimeUuid(bounds_at(millis).1)))
        }),
        "todate" | "to_date" => {
            converting(&[Timestamp, TimeUuid], Date, |_, arguments| Ok(millis(arguments).map(date_of)))
        }
        "totimestamp" | "to_timestamp" => {
            converting(&[Date, TimeUuid], Timestamp, |_, arguments| Ok(millis(arguments).map(Value::Timestamp)))
        }
        "tounixtimestamp" | "to_unix_timestamp" => {
            converting(&[Date, Timestamp, TimeUuid], BigInt, |_, arguments| Ok(millis(arguments).map(Value::BigInt)))
        }
        "floor" => Some(floor_overloads(name)),
        _ => None,
    }
}

/// Milliseconds since the epoch of a date, timestamp or timeuuid.
pub(super) fn millis_of_value(value: &Value) -> Option<i64> {
    match value {
        Value::Timestamp(millis) => Some(*millis),
        Value::TimeUuid(uuid) => Some(millis_of(*uuid)),
        Value::Date(date) => Some((i64::from(*date) - i64::from(DATE_EPOCH)) * MILLIS_PER_DAY),
        _ => None,
    }
}

/// The day of a moment.
pub(super) fn date_of(millis: i64) -> Value {
    // whole seconds, down; whole days, towards the epoch (`Duration.ofMillis(millis).toDays()`)
    let days = millis.div_euclid(1000) / (MILLIS_PER_DAY / 1000) + i64::from(DATE_EPOCH);
    Value::Date(u32::try_from(days).unwrap_or(if days < 0 { 0 } else { u32::MAX }))
}

/// A moment, moved by a duration as a calendar moves it: months first, then days, then the rest.
pub(super) fn plus(millis: i64, duration: Duration, sign: i64) -> Option<i64> {
    let day = millis.div_euclid(MILLIS_PER_DAY);
    let moved = day_plus_months(day, i64::from(duration.months) * sign)?;
    let nanos_as_millis = duration.nanos / NANOS_PER_MILLI;
    moved
        .checked_add(i64::from(duration.days) * sign)?
        .checked_mul(MILLIS_PER_DAY)?
        .checked_add(millis.rem_euclid(MILLIS_PER_DAY))?
        .checked_add(nanos_as_millis.checked_mul(sign)?)
}

fn now_millis(environment: &mut dyn Environment) -> i64 {
    i64::try_from(environment.unix_micros() / 1000).unwrap_or(i64::MAX)
}

fn millis(arguments: &[Value]) -> Option<i64> {
    arguments.first().and_then(millis_of_value)
}

fn day_plus_months(day: i64, months: i64) -> Option<i64> {
    if months == 0 {
        return Some(day);
    }
    let (year, month, day_of_month) = civil_from_days(day);
    let months = year.checked_mul(12)?.checked_add(i64::from(month) - 1)?.checked_add(months)?;
    let (year, month) = (months.div_euclid(12), (months.rem_euclid(12) + 1) as u32);
    days_from_civil(year, month, day_of_month.min(temporal::days_in_month(year, month)))
}

fn floor_overloads(name: &str) -> Vec<Function> {
    use NativeType::{Date, Duration, Time, TimeUuid, Timestamp};
    let with_start = |from: NativeType, to: NativeType, start: NativeType| {
        let two = [CqlType::from(from), Duration.into()];
        let three = [CqlType::from(from), Duration.into(), start.into()];
        [values(name, two, to, floor), values(name, three, to, floor)]
    };
    let mut overloads = Vec::new();
    overloads.extend(with_start(Timestamp, Timestamp, Timestamp));
    overloads.extend(with_start(TimeUuid, Timestamp, Timestamp));
    overloads.extend(with_start(Date, Date, Date));
    overloads.push(values(name, [CqlType::from(Time), Duration.into()], Time, floor));
    overloads
}

/// The start of the period that a moment is in; periods are counted from the epoch or the start given.
fn floor(_: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    let [value, Value::Duration(period), start @ ..] = arguments else { return Ok(None) };
    let text = || Value::Duration(*period).to_text().unwrap_or_default();
    let refuse = |reason: &str| Err(EngineError::invalid(reason));
    let is_negative = period.months < 0 || period.days < 0 || period.nanos < 0;
    let refuse_negative = || refuse("Negative durations are not supported by the floor function");
    if let Value::Time(nanos) = value {
        if is_negative {
            return refuse_negative();
        }
        if period.months != 0 || period.days != 0 || period.nanos > NANOS_PER_DAY {
            return refuse("For time values, the floor can only be computed for durations smaller that a day");
        }
        return Ok(Some(Value::Time(nanos - nanos.checked_rem(period.nanos).unwrap_or(0))));
    }
    let is_date = matches!(value, Value::Date(_));
    if is_date && period.nanos != 0 {
        return refuse(&format!(
            "The floor on date values cannot be computed for the {} duration as precision is below 1 day",
            text()
        ));
    }
    if period.nanos % NANOS_PER_MILLI != 0 {
        return refuse(&format!(
            "The floor cannot be computed for the {} duration as precision is below 1 millisecond",
            text()
        ));
    }
    let start = start.first().and_then(millis_of_value).unwrap_or(0);
    let Some(millis) = millis_of_value(value) else { return Ok(None) };
    if start > millis {
        return refuse("The floor function starting time is greater than the provided time");
    }
    if is_negative {
        return refuse_negative();
    }
    let floored = if period.months == 0 {
        floor_by_millis(millis, *period, start)
    } else {
        floor_by_months(millis, *period, start)
    };
    let Some(floored) = floored else {
        return refuse("The floor function cannot be computed for that duration");
    };
    Ok(Some(if is_date { date_of(floored) } else { Value::Timestamp(floored) }))
}

/// The length of a period without its months.
fn period_millis(period: Duration) -> Option<i64> {
    i64::from(period.days).checked_mul(MILLIS_PER_DAY)?.checked_add(period.nanos / NANOS_PER_MILLI)
}

fn floor_by_millis(millis: i64, period: Duration, start: i64) -> Option<i64> {
    let passed = millis.checked_sub(start)?;
    Some(millis - passed.checked_rem(period_millis(period)?).unwrap_or(0))
}

/// As `Duration.floorTimestamp` walks a calendar: to the month of the moment, and from there back. Of months alone it does not
/// go back, so that the result may be later in that month than the moment; and a day that some month on the way does not
/// have stays lost.
fn floor_by_months(millis: i64, period: Duration, start: i64) -> Option<i64> {
    let months = i64::from(period.months);
    let rest = period_millis(period)?;
    let month_of = |millis: i64| {
        let (year, month, day) = civil_from_days(millis.div_euclid(MILLIS_PER_DAY));
        (year * 12 + i64::from(month) - 1, day)
    };
    let (first, mut day) = month_of(start);
    let mut periods = (month_of(millis).0 - first) / months;
    let at = |periods: i64, day: u32| {
        let month = first.checked_add(periods.checked_mul(months)?)?;
        let (year, month) = (month.div_euclid(12), (month.rem_euclid(12) + 1) as u32);
        let day = day.min(temporal::days_in_month(year, month));
        let millis = days_from_civil(year, month, day)?.checked_mul(MILLIS_PER_DAY)?;
        let millis = millis.checked_add(start.rem_euclid(MILLIS_PER_DAY))?;
        Some((millis.saturating_add(periods.saturating_mul(rest)), day))
    };
    // after so many months the lengths of months repeat: none is left that could shorten the day
    for _ in 0..MONTHS_OF_CALENDAR {
        let (floored, kept) = at(periods, day)?;
        day = kept;
        if rest == 0 || floored <= millis {
            return Some(floored.max(if rest == 0 { i64::MIN } else { start }));
        }
        periods -= 1;
    }
    let (mut low, mut high) = (0, periods);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if at(middle, day)?.0 <= millis {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Some(at(low, day)?.0.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn floor_of(value: Value, period: Duration) -> Result<Option<Value>, String> {
        let function = values("floor", [], NativeType::Timestamp, floor);
        floor(&function, &[value, Value::Duration(period)]).map_err(|error| error.to_string())
    }

    /// The first of a month stays the first: then the period's start is what stepping there from the epoch finds.
    fn stepped(millis: i64, period: Duration) -> i64 {
        let mut found = 0;
        for count in 1.. {
            let Some(next) = plus(0, Duration { months: period.months * count, days: 0, nanos: 0 }, 1) else { break };
            let next = next + i64::from(count) * period_millis(period).unwrap_or_default();
            if next > millis {
                break;
            }
            found = next;
        }
        found
    }

    proptest! {
        #[test]
        fn floors_of_months_are_the_last_steps(millis in 0_i64..4_000_000_000_000, months in 1..40, days in 0..400) {
            let period = Duration { months, days, nanos: 0 };
            prop_assert_eq!(floor_by_months(millis, period, 0), Some(stepped(millis, period)));
        }

        #[test]
        fn no_value_is_too_large(
            millis: i64,
            start: i64,
            months in 0..=i32::MAX,
            days in 0..=i32::MAX,
            nanos in 0..=i64::MAX,
        ) {
            let function = values("floor", [], NativeType::Timestamp, floor);
            let period = Duration { months, days, nanos: nanos - nanos % NANOS_PER_MILLI };
            let arguments = [Value::Timestamp(millis), Value::Duration(period), Value::Timestamp(start)];
            if let Ok(Some(Value::Timestamp(floored))) = floor(&function, &arguments) {
                prop_assert!(floored >= start && (period.days == 0 && period.nanos == 0 || floored <= millis));
            }
        }
    }

    #[test]
    fn a_walk_back_of_millions_of_years_ends() {
        let period = Duration { months: 1, days: 1_000_000, nanos: 0 };
        let millis = 9_000_000 * 365 * MILLIS_PER_DAY;
        let floored = floor_by_months(millis, period, 0).unwrap();
        assert!(floored <= millis && millis - floored < 1_000_031 * MILLIS_PER_DAY);
    }

    #[test]
    fn durations_that_are_too_fine_or_too_long_are_refused_in_the_words_of_cassandra() {
        let of = |months, days, nanos| Duration { months, days, nanos };
        for (value, period, words) in [
            (
                Value::Timestamp(5),
                of(0, 0, 1),
                "The floor cannot be computed for the 1ns duration as precision is below 1 millisecond",
            ),
            (
                Value::Date(DATE_EPOCH),
                of(0, 0, 3_600_000_000_000),
                "The floor on date values cannot be computed for the 1h duration as precision is below 1 day",
            ),
            (
                Value::Time(5),
                of(0, 1, 0),
                "For time values, the floor can only be computed for durations smaller that a day",
            ),
            (Value::Time(5), of(0, 0, -1), "Negative durations are not supported by the floor function"),
        ] {
            assert_eq!(floor_of(value, period), Err(words.to_owned()));
        }
    }
}
