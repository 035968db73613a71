//! Numbers of every type, and the type of what is computed from two of them (`NumberType`, `OperationFcts`).

use num_bigint::BigInt;
use quorate_protocol::value::{Decimal, NativeType, Value};

/// A number, in the widest of the representations that its kind has.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) enum Number {
    Integer(i64),
    Float(f64),
    VarInt(BigInt),
    Decimal(Decimal),
}

/// Every numeric type.
pub(in crate::engine) const NUMERIC: [NativeType; 9] = [
    NativeType::TinyInt,
    NativeType::SmallInt,
    NativeType::Int,
    NativeType::BigInt,
    NativeType::Counter,
    NativeType::Float,
    NativeType::Double,
    NativeType::VarInt,
    NativeType::Decimal,
];

impl Number {
    pub(in crate::engine) fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::TinyInt(value) => Number::Integer((*value).into()),
            Value::SmallInt(value) => Number::Integer((*value).into()),
            Value::Int(value) => Number::Integer((*value).into()),
            Value::BigInt(value) | Value::Counter(value) => Number::Integer(*value),
            Value::Float(value) => Number::Float((*value).into()),
            Value::Double(value) => Number::Float(*value),
            Value::VarInt(value) => Number::VarInt(value.clone()),
            Value::Decimal(value) => Number::Decimal(value.clone()),
            _ => return None,
        })
    }

    /// The number as a value of a numeric type, as Java converts: integers wrap, floating-point numbers saturate. `None` if
    /// the type cannot hold it at all.
    pub(in crate::engine) fn into_value(self, native: NativeType) -> Option<Value> {
        Some(match native {
            NativeType::Float => Value::Float(self.to_f64() as f32),
            NativeType::Double => Value::Double(self.to_f64()),
            NativeType::VarInt => Value::VarInt(self.to_big_int()?),
            NativeType::Decimal => Value::Decimal(self.to_decimal()?),
            NativeType::TinyInt => Value::TinyInt(self.to_i32()? as i8),
            NativeType::SmallInt => Value::SmallInt(self.to_i32()? as i16),
            NativeType::Int => Value::Int(self.to_i32()?),
            NativeType::BigInt => Value::BigInt(self.to_i64()?),
            NativeType::Counter => Value::Counter(self.to_i64()?),
            _ => return None,
        })
    }

    pub(in crate::engine) fn to_f64(&self) -> f64 {
        match self {
            Number::Integer(value) => *value as f64,
            Number::Float(value) => *value,
            // the digits decide the nearest number; an exponent beyond the range gives infinity or zero
            Number::VarInt(value) => value.to_string().parse().unwrap_or(f64::NAN),
            Number::Decimal(value) => value.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// The integer part. `None` for what is not finite or has too many digits.
    pub(in crate::engine) fn to_big_int(&self) -> Option<BigInt> {
        match self {
            Number::Integer(value) => Some((*value).into()),
            Number::VarInt(value) => Some(value.clone()),
            Number::Float(_) => Number::Decimal(self.to_decimal()?).to_big_int(),
            Number::Decimal(Decimal { unscaled, scale }) if *scale >= 0 => {
                let places = bounded(*scale)?;
                Some(unscaled / BigInt::from(10).pow(places))
            }
            Number::Decimal(Decimal { unscaled, scale }) => {
                Some(unscaled * BigInt::from(10).pow(bounded(scale.checked_neg()?)?))
            }
        }
    }

    pub(in crate::engine) fn to_decimal(&self) -> Option<Decimal> {
        match self {
            Number::Integer(value) => Some(Decimal { unscaled: (*value).into(), scale: 0 }),
            Number::VarInt(value) => Some(Decimal { unscaled: value.clone(), scale: 0 }),
            Number::Float(value) => Decimal::parse(&Value::Double(*value).to_text()?),
            Number::Decimal(value) => Some(value.clone()),
        }
    }

    fn to_i64(&self) -> Option<i64> {
        match self {
            Number::Integer(value) => Some(*value),
            Number::Float(value) => Some(*value as i64),
            _ => Some(low_bits(&self.to_big_int()?)),
        }
    }

    fn to_i32(&self) -> Option<i32> {
        match self {
            Number::Float(value) => Some(*value as i32),
            _ => Some(self.to_i64()? as i32),
        }
    }
}

/// The type of `left ∘ right`: floating if one is, and as large as the larger.
pub(in crate::engine) fn result_type(left: NativeType, right: NativeType) -> Option<NativeType> {
    let (left_size, right_size) = (size(left)?, size(right)?);
    let is_floating = |native| matches!(native, NativeType::Float | NativeType::Double | NativeType::Decimal);
    Some(match (is_floating(left) || is_floating(right), left_size.max(right_size)) {
        (true, 4) => NativeType::Float,
        (true, 8) => NativeType::Double,
        (true, _) => NativeType::Decimal,
        (false, 1) => NativeType::TinyInt,
        (false, 2) => NativeType::SmallInt,
        (false, 4) => NativeType::Int,
        (false, 8) => NativeType::BigInt,
        (false, _) => NativeType::VarInt,
    })
}

/// How many digits two scales may be apart before computing with them is refused.
pub(in crate::engine) fn bounded(places: i32) -> Option<u32> {
    u32::try_from(places).ok().filter(|places| *places <= 10_000)
}

fn size(native: NativeType) -> Option<u32> {
    match native {
        NativeType::TinyInt => Some(1),
        NativeType::SmallInt => Some(2),
        NativeType::Int | NativeType::Float => Some(4),
        NativeType::BigInt | NativeType::Counter | NativeType::Double => Some(8),
        NativeType::VarInt | NativeType::Decimal => Some(u32::MAX),
        _ => None,
    }
}

/// The lowest 64 bits of the two's complement.
fn low_bits(value: &BigInt) -> i64 {
    let bytes = value.to_signed_bytes_le();
    let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xFF } else { 0 };
    let mut low = [fill; 8];
    let length = bytes.len().min(8);
    low[..length].copy_from_slice(&bytes[..length]);
    i64::from_le_bytes(low)
}
