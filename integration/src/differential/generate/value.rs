//! Values of every type, few of each, so that they meet again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use quorate_protocol::value::{CqlType, Decimal, Duration, NativeType, Value, compare};
use uuid::Uuid;

use super::Dice;

/// 2024-02-17T04:00:00Z
const MOMENT_MILLIS: i64 = 1_708_142_400_000;

/// A value of a type.
pub(super) fn value(dice: &mut Dice, ty: &CqlType) -> Value {
    match ty {
        CqlType::Native(native) => native_value(dice, *native),
        CqlType::List { element, .. } => {
            let count = dice.below(4);
            Value::List((0..count).map(|_| Some(value(dice, element))).collect())
        }
        CqlType::Set { element, .. } => Value::Set(distinct(dice, element).into_iter().map(Some).collect()),
        CqlType::Map { key, value: value_type, .. } => {
            let keys = distinct(dice, key).into_iter();
            Value::Map(keys.map(|key| (Some(key), Some(value(dice, value_type)))).collect())
        }
        CqlType::Tuple(types) => Value::Tuple(types.iter().map(|ty| nullable(dice, ty)).collect()),
        CqlType::Udt { definition, .. } => {
            Value::Udt(definition.fields.iter().map(|(_, ty)| nullable(dice, ty)).collect())
        }
        CqlType::Vector { element, dimension } => {
            Value::Vector((0..*dimension).map(|_| value(dice, element)).collect())
        }
        CqlType::Custom(_) => Value::Custom(Vec::new()),
    }
}

fn nullable(dice: &mut Dice, ty: &CqlType) -> Option<Value> {
    if dice.chance(20) { None } else { Some(value(dice, ty)) }
}

/// Up to three values, sorted, none twice.
fn distinct(dice: &mut Dice, ty: &CqlType) -> Vec<Value> {
    let mut values: Vec<Value> = (0..dice.below(4)).map(|_| value(dice, ty)).collect();
    let order = |left: &Value, right: &Value| compare(ty, &left.to_bytes(), &right.to_bytes());
    values.sort_by(order);
    values.dedup_by(|left, right| order(left, right).is_eq());
    values
}

fn native_value(dice: &mut Dice, native: NativeType) -> Value {
    // most are small numbers, some are at an end
    let small = dice.between(-1, 4);
    let is_far = dice.chance(8);
    match native {
        NativeType::Ascii => Value::Ascii(dice.pick(&["", "a", "b", "ab", "B", "it's"]).to_owned()),
        NativeType::BigInt | NativeType::Counter if is_far => Value::BigInt(*dice.pick(&[&i64::MIN, &i64::MAX])),
        NativeType::BigInt | NativeType::Counter => Value::BigInt(small),
        NativeType::Blob => {
            Value::Blob(dice.pick::<[u8]>(&[&[], &[0], &[1], &[1, 0], &[0xFF], &[0xCA, 0xFE]]).to_vec())
        }
        NativeType::Boolean => Value::Boolean(dice.chance(50)),
        NativeType::Date if is_far => Value::Date(*dice.pick(&[&0, &u32::MAX])),
        NativeType::Date => Value::Date((1_u32 << 31) + 19_770 + (small + 1) as u32),
        NativeType::Decimal => {
            let text = dice.pick(&["0", "1", "1.5", "-1", "-0.5", "10", "1e-3", "123456789.123456789"]);
            Decimal::parse(text).map_or(Value::Empty, Value::Decimal)
        }
        NativeType::Double => {
            let numbers = [0.0, -0.0, 1.0, 1.5, -2.25, 1e100, 1e-5, 12_345_678.9, f64::NAN, f64::INFINITY];
            Value::Double(*dice.one(&numbers))
        }
        NativeType::Duration => {
            let (months, days, nanos) =
                *dice.one(&[(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 3_600_000_000_000), (1, 2, 3)]);
            let sign = if dice.chance(15) { -1 } else { 1 };
            Value::Duration(Duration { months: sign * months, days: sign * days, nanos: i64::from(sign) * nanos })
        }
        NativeType::Empty => Value::Empty,
        NativeType::Float => Value::Float(*dice.one(&[0.0, -0.0, 1.0, 1.5, -2.25, 0.1, 1e10, 3.4e38, f32::NAN])),
        NativeType::Inet => Value::Inet(*dice.one(&[
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 1)),
        ])),
        NativeType::Int if is_far => Value::Int(*dice.pick(&[&i32::MIN, &i32::MAX])),
        NativeType::Int => Value::Int(small as i32),
        NativeType::SmallInt if is_far => Value::SmallInt(*dice.pick(&[&i16::MIN, &i16::MAX])),
        NativeType::SmallInt => Value::SmallInt(small as i16),
        NativeType::Text => Value::Text(dice.pick(&["", "a", "b", "ab", "B", "é", "it's", "1"]).to_owned()),
        NativeType::Time if is_far => Value::Time(86_399_999_999_999),
        NativeType::Time => Value::Time((small + 1) * 3_600_000_000_000 + 5),
        NativeType::Timestamp if is_far => Value::Timestamp(*dice.pick(&[&0, &-1, &253_402_300_799_999])),
        NativeType::Timestamp => Value::Timestamp(MOMENT_MILLIS + small * 3_600_000),
        NativeType::TimeUuid => Value::TimeUuid(time_uuid(small)),
        NativeType::TinyInt if is_far => Value::TinyInt(*dice.pick(&[&i8::MIN, &i8::MAX])),
        NativeType::TinyInt => Value::TinyInt(small as i8),
        NativeType::Uuid if dice.chance(40) => Value::Uuid(time_uuid(small)),
        NativeType::Uuid => Value::Uuid(Uuid::from_u128(0x4000_8000_0000_0000_0000 | (small + 1) as u128)),
        NativeType::VarInt if is_far => {
            Value::VarInt("-340282366920938463463374607431768211456".parse().unwrap_or_default())
        }
        NativeType::VarInt => Value::VarInt(small.into()),
    }
}

/// A version 1 UUID some hours after [`MOMENT_MILLIS`].
fn time_uuid(hours: i64) -> Uuid {
    let ticks = ((MOMENT_MILLIS + hours * 3_600_000) * 10_000 + 0x01B2_1DD2_1381_4000) as u64;
    let high = ticks << 32 | (ticks >> 32 & 0xFFFF) << 16 | 0x1000 | (ticks >> 48 & 0x0FFF);
    Uuid::from_u64_pair(high, 0x8000_0000_0000_0001)
}
