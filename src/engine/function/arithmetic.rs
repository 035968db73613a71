//! `+ - * / %` and the sign (`OperationFcts`, and the arithmetic of each number type).

use num_bigint::{BigInt, Sign};
use quorate_protocol::cql::ast::ArithmeticOperator;
use quorate_protocol::value::{CqlType, Decimal, NativeType, Value};

use super::number::{Number, bounded, result_type};
use super::time::{date_of, millis_of_value, plus};
use super::{Body, Function};
use crate::engine::error::EngineError;

/// The type of `left ∘ right`; `None` if the operator is not for these types.
pub(in crate::engine) fn result_of(
    operator: ArithmeticOperator,
    left: NativeType,
    right: NativeType,
) -> Option<NativeType> {
    use ArithmeticOperator::{Add, Subtract};
    use NativeType::{Ascii, Date, Duration, Text, Timestamp};
    match (operator, left, right) {
        (Add | Subtract, Date | Timestamp, Duration) => Some(left),
        (Add, Ascii, Ascii) => Some(Ascii),
        (Add, Text | Ascii, Text | Ascii) => Some(Text),
        _ => result_type(left, right),
    }
}

/// The function behind `left ∘ right`; `None` if the operator is not for these types.
pub(in crate::engine) fn operation(operator: ArithmeticOperator, left: &CqlType, right: &CqlType) -> Option<Function> {
    use NativeType::{Ascii, Date, Text, Timestamp};
    let (CqlType::Native(left), CqlType::Native(right)) = (left, right) else { return None };
    let returns = result_of(operator, *left, *right)?;
    let body: fn(&Function, &[Value]) -> _ = match left {
        Date | Timestamp => temporal,
        Text | Ascii => concatenation,
        _ => numeric,
    };
    Some(Function {
        name: symbol(operator).to_owned(),
        parameters: vec![(*left).into(), (*right).into()],
        returns: returns.into(),
        body: Body::Values(body),
    })
}

/// The function behind `- operand`; `None` if its type has no sign.
pub(in crate::engine) fn negation(operand: &CqlType) -> Option<Function> {
    let CqlType::Native(native) = operand else { return None };
    result_type(*native, *native)?;
    Some(Function {
        name: "-".to_owned(),
        parameters: vec![operand.clone()],
        returns: operand.clone(),
        body: Body::Values(negate),
    })
}

pub(in crate::engine) fn symbol(operator: ArithmeticOperator) -> &'static str {
    match operator {
        ArithmeticOperator::Add => "+",
        ArithmeticOperator::Subtract => "-",
        ArithmeticOperator::Multiply => "*",
        ArithmeticOperator::Divide => "/",
        ArithmeticOperator::Modulo => "%",
    }
}

/// The name that Cassandra gives the function of an operator.
pub(in crate::engine) fn operation_name(symbol: &str) -> &'static str {
    match symbol {
        "+" => "_add",
        "-" => "_substract",
        "*" => "_multiply",
        "/" => "_divide",
        _ => "_modulo",
    }
}

/// `left ∘ right` of numbers that are to give a number of type `returns`.
pub(super) fn compute(
    symbol: &str,
    left: &Number,
    right: &Number,
    returns: NativeType,
) -> Result<Number, &'static str> {
    match returns {
        NativeType::Float => {
            let (left, right) = (left.to_f64() as f32, right.to_f64() as f32);
            let result = match symbol {
                "+" => left + right,
                "-" => left - right,
                "*" => left * right,
                "/" => left / right,
                _ => left % right,
            };
            Ok(Number::Float(result.into()))
        }
        NativeType::Double => {
            let (left, right) = (left.to_f64(), right.to_f64());
            Ok(Number::Float(match symbol {
                "+" => left + right,
                "-" => left - right,
                "*" => left * right,
                "/" => left / right,
                _ => left % right,
            }))
        }
        NativeType::VarInt => {
            let too_long = "the number is too long";
            let left = left.to_big_int().ok_or(too_long)?;
            let right = right.to_big_int().ok_or(too_long)?;
            if right.sign() == Sign::NoSign && matches!(symbol, "/" | "%") {
                return Err("BigInteger divide by zero");
            }
            Ok(Number::VarInt(match symbol {
                "+" => left + right,
                "-" => left - right,
                "*" => left * right,
                "/" => left / right,
                _ => left % right,
            }))
        }
        NativeType::Decimal => {
            let left = left.to_decimal().ok_or_else(|| not_decimal(left))?;
            let right = right.to_decimal().ok_or_else(|| not_decimal(right))?;
            decimal(symbol, &left, &right).map(Number::Decimal)
        }
        _ => match (left, right) {
            (_, Number::Integer(0)) if matches!(symbol, "/" | "%") => Err("/ by zero"),
            (Number::Integer(left), Number::Integer(right)) => Ok(Number::Integer(match symbol {
                "+" => left.wrapping_add(*right),
                "-" => left.wrapping_sub(*right),
                "*" => left.wrapping_mul(*right),
                "/" => left.wrapping_div(*right),
                _ => left.wrapping_rem(*right),
            })),
            _ => Err("the operands are not integers"),
        },
    }
}

/// Why a number is no decimal.
fn not_decimal(number: &Number) -> &'static str {
    match number {
        Number::Float(value) if value.is_nan() => "A NaN cannot be converted into a decimal",
        _ => "An infinite number cannot be converted into a decimal",
    }
}

/// The quotient of two decimals with this many digits after the point, rounded half to even.
pub(in crate::engine) fn divide_half_even(left: &Decimal, right: &Decimal, scale: i32) -> Option<Decimal> {
    divide(left, right, scale, true)
}

/// The quotient of two decimals with this many digits after the point, rounded half to even or half up.
pub(super) fn divide(left: &Decimal, right: &Decimal, scale: i32, half_even: bool) -> Option<Decimal> {
    let shift = i64::from(scale) + i64::from(right.scale) - i64::from(left.scale);
    let shift = i32::try_from(shift).ok()?;
    let ten = BigInt::from(10);
    let (numerator, denominator) = if shift >= 0 {
        (&left.unscaled * ten.pow(bounded(shift)?), right.unscaled.clone())
    } else {
        (left.unscaled.clone(), &right.unscaled * ten.pow(bounded(shift.checked_neg()?)?))
    };
    let (quotient, remainder) = (&numerator / &denominator, &numerator % &denominator);
    let half = (remainder.magnitude() * 2_u32).cmp(denominator.magnitude());
    let is_odd = (&quotient % 2_i32).sign() != Sign::NoSign;
    let rounds_away = half.is_gt() || (half.is_eq() && (!half_even || is_odd));
    let is_negative = (numerator.sign() == Sign::Minus) != (denominator.sign() == Sign::Minus);
    let away = BigInt::from(if is_negative { -1 } else { 1 });
    Some(Decimal { unscaled: if rounds_away { quotient + away } else { quotient }, scale })
}

fn decimal(symbol: &str, left: &Decimal, right: &Decimal) -> Result<Decimal, &'static str> {
    let too_long = "the number is too long";
    match symbol {
        "*" => {
            let scale = left.scale.checked_add(right.scale).ok_or("Overflow")?;
            Ok(Decimal { unscaled: &left.unscaled * &right.unscaled, scale })
        }
        "/" => quotient(left, right),
        _ => {
            let scale = left.scale.max(right.scale);
            let aligned = |decimal: &Decimal| {
                let places = bounded(scale.checked_sub(decimal.scale)?)?;
                Some(&decimal.unscaled * BigInt::from(10).pow(places))
            };
            let (left, right) = (aligned(left).ok_or(too_long)?, aligned(right).ok_or(too_long)?);
            let unscaled = match symbol {
                "+" => left + right,
                "-" => left - right,
                _ if right.sign() == Sign::NoSign => return Err("BigInteger divide by zero"),
                _ => left % right,
            };
            Ok(Decimal { unscaled, scale })
        }
    }
}

/// As `DecimalType.divide`: at least 32 significant digits, at most 1000 after the point, and no zeros at the end.
fn quotient(left: &Decimal, right: &Decimal) -> Result<Decimal, &'static str> {
    if right.unscaled.sign() == Sign::NoSign {
        return Err("BigInteger divide by zero");
    }
    let digits = |decimal: &Decimal| decimal.unscaled.magnitude().to_string().len() as i64;
    let first_digit = |decimal: &Decimal| digits(decimal) - i64::from(decimal.scale);
    let scale =
        (32 - (first_digit(left) - first_digit(right))).max(left.scale.into()).max(right.scale.into()).clamp(32, 1000)
            as i32;
    let rounded = divide(left, right, scale, false).ok_or("the number is too long")?;
    Ok(without_trailing_zeros(&rounded))
}

fn without_trailing_zeros(decimal: &Decimal) -> Decimal {
    let digits = decimal.unscaled.to_string();
    if decimal.unscaled.sign() == Sign::NoSign {
        return Decimal { unscaled: 0.into(), scale: 0 };
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let unscaled = &decimal.unscaled / BigInt::from(10).pow(zeros as u32);
    Decimal { unscaled, scale: decimal.scale.saturating_sub(zeros as i32) }
}

fn numeric(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    let CqlType::Native(returns) = function.returns else { return Ok(None) };
    let numbers: Option<Vec<Number>> = arguments.iter().map(Number::of).collect();
    let Some([left, right]) = numbers.as_deref() else { return Ok(None) };
    let result = compute(&function.name, left, right, returns).map_err(|reason| failure(function, reason))?;
    Ok(result.into_value(returns))
}

fn negate(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    let CqlType::Native(returns) = function.returns else { return Ok(None) };
    let number = arguments.first().and_then(Number::of).map(|number| match number {
        Number::Integer(value) => Number::Integer(value.wrapping_neg()),
        Number::Float(value) => Number::Float(-value),
        Number::VarInt(value) => Number::VarInt(-value),
        Number::Decimal(Decimal { unscaled, scale }) => Number::Decimal(Decimal { unscaled: -unscaled, scale }),
    });
    Ok(number.and_then(|number| number.into_value(returns)))
}

fn concatenation(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    let [Value::Text(left) | Value::Ascii(left), Value::Text(right) | Value::Ascii(right)] = arguments else {
        return Ok(None);
    };
    let joined = format!("{left}{right}");
    let is_ascii = function.returns == NativeType::Ascii.into();
    Ok(Some(if is_ascii { Value::Ascii(joined) } else { Value::Text(joined) }))
}

fn temporal(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    let [when, Value::Duration(duration)] = arguments else { return Ok(None) };
    let Some(millis) = millis_of_value(when) else { return Ok(None) };
    let is_date = matches!(when, Value::Date(_));
    if is_date && duration.nanos != 0 {
        return Err(failure(function, &format!("The duration must have a day precision. Was: {duration}")));
    }
    if duration.nanos % 1_000_000 != 0 {
        return Err(failure(function, &format!("The duration must have a millisecond precision. Was: {duration}")));
    }
    let sign = if function.name == "-" { -1 } else { 1 };
    let moved = plus(millis, *duration, sign).ok_or_else(|| failure(function, "the result is out of range"))?;
    Ok(Some(if is_date { date_of(moved) } else { Value::Timestamp(moved) }))
}

fn failure(function: &Function, reason: &str) -> EngineError {
    let operand_types: Vec<String> = function.parameters.iter().map(ToString::to_string).collect();
    let operation = operand_types.join(&format!(" {} ", function.name));
    EngineError::Operation { operation, operand_types, reason: reason.to_owned() }
}
