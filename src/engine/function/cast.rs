//! `CAST(x AS type)` (`CastFcts`).

use quorate_protocol::value::{CqlType, NativeType, Value};

use super::number::{NUMERIC, Number};
use super::time::{date_of, millis_of_value};
use super::{Function, values};
use crate::engine::error::EngineError;

/// The overloads of the cast to a type; `None` if nothing can be cast to it. To cast to its own type does nothing.
pub(in crate::engine) fn cast(to: NativeType) -> Option<Vec<Function>> {
    use NativeType::{Ascii, Boolean, Date, Inet, Text, Time, TimeUuid, Timestamp, Uuid};
    let name = format!("cast_as_{}", to.name());
    let overload = |from: NativeType, body| values(&name, [from.into()], to, body);
    let overloads: Vec<Function> = match to {
        to if NUMERIC.contains(&to) && to != NativeType::Counter => {
            NUMERIC.iter().filter(|from| **from != to).map(|from| overload(*from, numeric)).collect()
        }
        Text | Ascii => {
            let printable = [Ascii, Boolean, Date, Inet, Time, TimeUuid, Timestamp, Uuid];
            let from = NUMERIC.iter().chain(&printable).filter(|from| **from != to);
            from.map(|from| overload(*from, text)).collect()
        }
        Date => vec![overload(Timestamp, temporal), overload(TimeUuid, temporal)],
        Timestamp => vec![overload(Date, temporal), overload(TimeUuid, temporal)],
        _ => return None,
    };
    Some(overloads)
}

fn numeric(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    let CqlType::Native(to) = function.returns else { return Ok(None) };
    // from `float` to wider ones by its own digits: 1.1 is not to become 1.10000002384185791015625
    let number = match arguments {
        [value @ Value::Float(_)] if to == NativeType::Decimal => {
            Value::parse(NativeType::Decimal, &value.to_text().unwrap_or_default()).ok().as_ref().and_then(Number::of)
        }
        [value] => Number::of(value),
        _ => None,
    };
    match number.and_then(|number| number.into_value(to)) {
        Some(value) => Ok(Some(value)),
        None => Err(EngineError::invalid(format!("The number cannot be cast to {}", to.name()))),
    }
}

fn text(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    let text = arguments.first().and_then(Value::to_text);
    let is_ascii = function.returns == NativeType::Ascii.into();
    Ok(text.map(|text| if is_ascii { Value::Ascii(text) } else { Value::Text(text) }))
}

fn temporal(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    let millis = arguments.first().and_then(millis_of_value);
    let is_date = function.returns == NativeType::Date.into();
    Ok(millis.map(|millis| if is_date { date_of(millis) } else { Value::Timestamp(millis) }))
}
