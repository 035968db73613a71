//! The moment, and conversions between types that say when (`TimeFcts`).

use quorate_protocol::value::temporal::{self, DATE_EPOCH, MILLIS_PER_DAY, civil_from_days, days_from_civil};
use quorate_protocol::value::{CqlType, Duration, NativeType, Value};

use super::{Function, environmental, values};
use crate::engine::environment::{Environment, bounds_at, millis_of, now_uuid, random_uuid};
use crate::engine::error::EngineError;

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
    let nanos_as_millis = duration.nanos / 1_000_000;
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
    let refuse = |reason: &str| Err(EngineError::invalid(reason));
    if period.months < 0 || period.days < 0 || period.nanos < 0 {
        return refuse("Negative durations are not supported by the floor function");
    }
    if let Value::Time(nanos) = value {
        if period.months != 0 || period.days != 0 || period.nanos > MILLIS_PER_DAY * 1_000_000 {
            return refuse("For time values, the floor can only be computed for durations smaller that a day");
        }
        return match period.nanos {
            0 => Ok(Some(Value::Time(*nanos))),
            size => Ok(Some(Value::Time(nanos - nanos % size))),
        };
    }
    if matches!(value, Value::Date(_)) && period.nanos != 0 {
        return Err(EngineError::invalid(format!(
            "The floor on date values cannot be computed for the {period} duration as precision is below 1 day"
        )));
    }
    let start = start.first().and_then(millis_of_value).unwrap_or(0);
    let Some(millis) = millis_of_value(value) else { return Ok(None) };
    if start > millis {
        return refuse("The floor function starting time is greater than the provided time");
    }
    let Some(floored) = floor_millis(millis, *period, start) else {
        return refuse("The floor function cannot be computed for that duration");
    };
    Ok(Some(if matches!(value, Value::Date(_)) { date_of(floored) } else { Value::Timestamp(floored) }))
}

fn floor_millis(millis: i64, period: Duration, start: i64) -> Option<i64> {
    if period.months == 0 {
        let size = i64::from(period.days).checked_mul(MILLIS_PER_DAY)?.checked_add(period.nanos / 1_000_000)?;
        return if size == 0 { Some(millis) } else { Some(millis - (millis - start).rem_euclid(size)) };
    }
    // periods of months are of different lengths: the first one that may be it, and on from there
    let longest = i64::from(period.months)
        .checked_mul(31)?
        .checked_add(i64::from(period.days))?
        .checked_mul(MILLIS_PER_DAY)?
        .checked_add(period.nanos / 1_000_000)?;
    let at = |count: i64| {
        let months = i32::try_from(i64::from(period.months).checked_mul(count)?).ok()?;
        let days = i32::try_from(i64::from(period.days).checked_mul(count)?).ok()?;
        plus(start, Duration { months, days, nanos: period.nanos.checked_mul(count)? }, 1)
    };
    let first = (millis - start) / longest;
    let mut floored = at(first)?;
    for count in first + 1.. {
        match at(count) {
            Some(next) if next <= millis => floored = next,
            _ => break,
        }
    }
    Some(floored)
}
