//! Functions of one number, which give a number of its type (`MathFcts`).

use num_bigint::{BigInt, Sign};
use quorate_protocol::value::{CqlType, Decimal, NativeType, Value};

use super::number::{NUMERIC, Number};
use super::{Function, arithmetic, transcendental, values};
use crate::engine::error::EngineError;

pub(super) fn overloads(name: &str) -> Option<Vec<Function>> {
    let body: fn(&Function, &[Value]) -> _ = match name {
        "abs" => absolute,
        "round" => round,
        "exp" | "log" | "log10" => exponential,
        _ => return None,
    };
    Some(NUMERIC.iter().map(|native| values(name, [(*native).into()], *native, body)).collect())
}

fn absolute(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    Ok(apply(function, arguments, |number| match number {
        Number::Integer(value) => Number::Integer(value.wrapping_abs()),
        Number::Float(value) => Number::Float(value.abs()),
        Number::VarInt(value) => Number::VarInt(BigInt::from_biguint(Sign::Plus, value.magnitude().clone())),
        Number::Decimal(Decimal { unscaled, scale }) => {
            Number::Decimal(Decimal { unscaled: BigInt::from_biguint(Sign::Plus, unscaled.magnitude().clone()), scale })
        }
    }))
}

fn round(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    Ok(apply(function, arguments, |number| match number {
        // as `Math.round`: half up, to an integer as wide as the number, at whose ends it stops
        Number::Float(value) if function.returns == NativeType::Float.into() => {
            Number::Float(f64::from((value + 0.5).floor() as i32 as f32))
        }
        Number::Float(value) => Number::Float((value + 0.5).floor() as i64 as f64),
        Number::Decimal(decimal) => {
            let one = Decimal { unscaled: 1.into(), scale: 0 };
            Number::Decimal(arithmetic::divide(&decimal, &one, 0, false).unwrap_or(decimal))
        }
        whole => whole,
    }))
}

fn exponential(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    let of_double: fn(f64) -> f64 = match function.name.as_str() {
        "exp" => f64::exp,
        "log" => f64::ln,
        _ => f64::log10,
    };
    if let [exact @ (Value::Decimal(_) | Value::VarInt(_))] = arguments {
        let of_decimal = match function.name.as_str() {
            "exp" => transcendental::exp,
            "log" => transcendental::ln,
            _ => transcendental::log10,
        };
        let CqlType::Native(native) = function.returns else { return Ok(None) };
        let number = Number::of(exact).and_then(|number| of_decimal(&number.to_decimal()?));
        let number = number.ok_or_else(|| {
            EngineError::invalid(format!("The result of system.{} is not a number that can be shown", function.name))
        })?;
        return Ok(Number::Decimal(number).into_value(native));
    }
    Ok(apply(function, arguments, |number| Number::Float(of_double(number.to_f64()))))
}

fn apply(function: &Function, arguments: &[Value], compute: impl Fn(Number) -> Number) -> Option<Value> {
    let CqlType::Native(native) = function.returns else { return None };
    compute(arguments.first().and_then(Number::of)?).into_value(native)
}
