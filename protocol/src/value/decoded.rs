//! Values in memory, and their serialized form.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::BufMut;
use num_bigint::BigInt;
use uuid::Uuid;

use super::elements::{Elements, put_unsigned_vint};
use super::{CqlType, Decimal, Duration, NativeType, ValueError};

/// The largest integer of a `varint` or `decimal`. Cassandra has no such bound; but writing one out in decimal digits takes
/// time that grows with the square of its length, and nobody else is served meanwhile.
const INTEGER_BYTES_MAX: usize = 1 << 16;

/// A value of some CQL type. Null is the absence of one.
///
/// Encoding gives back the bytes that were decoded, unless those held a varint or decimal with needless leading bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `ascii`
    Ascii(String),
    /// `bigint`
    BigInt(i64),
    /// `blob`
    Blob(Vec<u8>),
    /// `boolean`
    Boolean(bool),
    /// `counter`
    Counter(i64),
    /// `date`: days, with [`super::temporal::DATE_EPOCH`] as 1970-01-01.
    Date(u32),
    /// `decimal`
    Decimal(Decimal),
    /// `double`
    Double(f64),
    /// `duration`
    Duration(Duration),
    /// `float`
    Float(f32),
    /// `inet`
    Inet(IpAddr),
    /// `int`
    Int(i32),
    /// `smallint`
    SmallInt(i16),
    /// `text`
    Text(String),
    /// `time`: nanoseconds since midnight.
    Time(i64),
    /// `timestamp`: milliseconds since the epoch.
    Timestamp(i64),
    /// `timeuuid`
    TimeUuid(Uuid),
    /// `tinyint`
    TinyInt(i8),
    /// `uuid`
    Uuid(Uuid),
    /// `varint`
    VarInt(BigInt),
    /// No bytes at all, where the type is not one of text or bytes: a legacy that most types allow. It is not null.
    Empty,
    /// `list`
    List(Vec<Option<Value>>),
    /// `set`, in the order in which it was serialized.
    Set(Vec<Option<Value>>),
    /// `map`, in the order in which it was serialized.
    Map(Vec<(Option<Value>, Option<Value>)>),
    /// `tuple`; components at the end may be left out, which means null.
    Tuple(Vec<Option<Value>>),
    /// A user type's fields in order; those at the end may be left out, which means null.
    Udt(Vec<Option<Value>>),
    /// `vector`
    Vector(Vec<Value>),
    /// A value of a type that is not known here.
    Custom(Vec<u8>),
}

impl Value {
    /// Reads a serialized value, refusing what Cassandra refuses (`TypeSerializer.validate`).
    pub fn decode(ty: &CqlType, bytes: &[u8]) -> Result<Self, ValueError> {
        match ty {
            CqlType::Native(native) => decode_native(*native, bytes),
            CqlType::Custom(_) => Ok(Value::Custom(bytes.to_vec())),
            _ if bytes.is_empty() => Ok(Value::Empty),
            CqlType::List { element, .. } => Ok(Value::List(decode_sequence(element, bytes)?)),
            CqlType::Set { element, .. } => Ok(Value::Set(decode_sequence(element, bytes)?)),
            CqlType::Map { key, value, .. } => decode_map(key, value, bytes),
            CqlType::Tuple(types) => Ok(Value::Tuple(decode_components(types.iter(), bytes)?)),
            CqlType::Udt { definition, .. } => {
                let types = definition.fields.iter().map(|(_, ty)| ty);
                Ok(Value::Udt(decode_components(types, bytes)?))
            }
            CqlType::Vector { element, dimension } => decode_vector(element, *dimension, bytes),
        }
    }

    /// The serialized value.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    /// Appends the serialized value, without its length.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Value::Ascii(text) | Value::Text(text) => out.put_slice(text.as_bytes()),
            Value::Blob(bytes) | Value::Custom(bytes) => out.put_slice(bytes),
            Value::BigInt(value) | Value::Counter(value) | Value::Time(value) | Value::Timestamp(value) => {
                out.put_i64(*value);
            }
            Value::Boolean(value) => out.put_u8(u8::from(*value)),
            Value::Date(days) => out.put_u32(*days),
            Value::Decimal(decimal) => {
                out.put_i32(decimal.scale);
                out.put_slice(&decimal.unscaled.to_signed_bytes_be());
            }
            Value::Double(value) => out.put_f64(*value),
            Value::Duration(duration) => duration.encode(out),
            Value::Float(value) => out.put_f32(*value),
            Value::Inet(IpAddr::V4(address)) => out.put_slice(&address.octets()),
            Value::Inet(IpAddr::V6(address)) => out.put_slice(&address.octets()),
            Value::Int(value) => out.put_i32(*value),
            Value::SmallInt(value) => out.put_i16(*value),
            Value::TinyInt(value) => out.put_i8(*value),
            Value::Uuid(uuid) | Value::TimeUuid(uuid) => out.put_slice(uuid.as_bytes()),
            Value::VarInt(value) => out.put_slice(&value.to_signed_bytes_be()),
            Value::Empty => {}
            Value::List(elements) | Value::Set(elements) => {
                put_count(elements.len(), out);
                elements.iter().for_each(|element| put_nullable(element.as_ref(), out));
            }
            Value::Map(pairs) => {
                put_count(pairs.len(), out);
                for (key, value) in pairs {
                    put_nullable(key.as_ref(), out);
                    put_nullable(value.as_ref(), out);
                }
            }
            Value::Tuple(components) | Value::Udt(components) => {
                components.iter().for_each(|component| put_nullable(component.as_ref(), out));
            }
            Value::Vector(elements) => elements.iter().for_each(|element| {
                if element.has_fixed_length() {
                    element.encode(out);
                } else {
                    let bytes = element.to_bytes();
                    put_unsigned_vint(bytes.len() as u64, out);
                    out.put_slice(&bytes);
                }
            }),
        }
    }

    /// Whether vectors hold values of this type without their length: see [`CqlType::fixed_length`].
    fn has_fixed_length(&self) -> bool {
        match self {
            Value::BigInt(_)
            | Value::Boolean(_)
            | Value::Double(_)
            | Value::Float(_)
            | Value::Int(_)
            | Value::Timestamp(_)
            | Value::TimeUuid(_)
            | Value::Uuid(_) => true,
            Value::Vector(elements) => elements.first().is_some_and(Value::has_fixed_length),
            _ => false,
        }
    }
}

fn decode_native(native: NativeType, bytes: &[u8]) -> Result<Value, ValueError> {
    use NativeType::*;
    match native {
        Ascii if bytes.is_ascii() => return Ok(Value::Ascii(text(bytes)?)),
        Ascii => return Err(ValueError::Ascii),
        Text => return Ok(Value::Text(text(bytes)?)),
        Blob => return Ok(Value::Blob(bytes.to_vec())),
        _ => {}
    }
    let may_be_empty = !matches!(native, Date | Time | SmallInt | TinyInt | Duration);
    if bytes.is_empty() && may_be_empty {
        return Ok(Value::Empty);
    }
    Ok(match native {
        Ascii | Text | Blob => Value::Blob(bytes.to_vec()),
        BigInt => Value::BigInt(i64::from_be_bytes(fixed(bytes, "8 or 0 byte long")?)),
        Counter => Value::Counter(i64::from_be_bytes(fixed(bytes, "8 or 0 byte long")?)),
        Timestamp => Value::Timestamp(i64::from_be_bytes(fixed(bytes, "8 or 0 byte long for date")?)),
        Boolean => Value::Boolean(fixed::<1>(bytes, "1 or 0 byte value")? != [0]),
        Date => Value::Date(u32::from_be_bytes(fixed(bytes, "4 byte long for date")?)),
        Double => Value::Double(f64::from_be_bytes(fixed(bytes, "8 or 0 byte value for a double")?)),
        Float => Value::Float(f32::from_be_bytes(fixed(bytes, "4 or 0 byte value for a float")?)),
        Int => Value::Int(i32::from_be_bytes(fixed(bytes, "4 or 0 byte int")?)),
        SmallInt => Value::SmallInt(i16::from_be_bytes(fixed(bytes, "2 bytes for a smallint")?)),
        TinyInt => Value::TinyInt(i8::from_be_bytes(fixed(bytes, "1 byte for a tinyint")?)),
        // one outside the day, which no literal is, can be bound
        Time => Value::Time(i64::from_be_bytes(fixed(bytes, "8 byte long for time")?)),
        Uuid => Value::Uuid(uuid::Uuid::from_bytes(fixed(bytes, "UUID of 16 or 0 bytes")?)),
        TimeUuid => match uuid::Uuid::from_bytes(fixed(bytes, "UUID of 16 or 0 bytes")?) {
            uuid if uuid.get_version_num() == 1 => Value::TimeUuid(uuid),
            _ => return Err(ValueError::TimeUuid),
        },
        Decimal => {
            let (scale, unscaled) = bytes
                .split_first_chunk()
                .filter(|(_, unscaled)| !unscaled.is_empty())
                .ok_or(ValueError::Length { expected: "0 or at least 4 bytes", length: bytes.len() })?;
            Value::Decimal(super::Decimal { unscaled: integer(unscaled)?, scale: i32::from_be_bytes(*scale) })
        }
        VarInt => Value::VarInt(integer(bytes)?),
        Duration => Value::Duration(super::Duration::decode(bytes)?),
        Inet => Value::Inet(match bytes.len() {
            4 => IpAddr::V4(Ipv4Addr::from(fixed::<4>(bytes, "")?)),
            _ => IpAddr::V6(Ipv6Addr::from(fixed::<16>(bytes, "4 or 16 bytes for an address")?)),
        }),
        Empty => return Err(ValueError::Length { expected: "no bytes", length: bytes.len() }),
    })
}

fn fixed<const N: usize>(bytes: &[u8], expected: &'static str) -> Result<[u8; N], ValueError> {
    bytes.try_into().map_err(|_| ValueError::Length { expected, length: bytes.len() })
}

fn integer(bytes: &[u8]) -> Result<num_bigint::BigInt, ValueError> {
    if bytes.len() > INTEGER_BYTES_MAX {
        return Err(ValueError::Length { expected: "at most 65536 bytes for an integer", length: bytes.len() });
    }
    Ok(num_bigint::BigInt::from_signed_bytes_be(bytes))
}

fn text(bytes: &[u8]) -> Result<String, ValueError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| ValueError::Utf8)
}

fn decode_sequence(element: &CqlType, bytes: &[u8]) -> Result<Vec<Option<Value>>, ValueError> {
    let mut elements = Elements::new(bytes);
    let mut decoded = Vec::new();
    for _ in 0..elements.count()? {
        decoded.push(decode_nullable(element, &mut elements)?);
    }
    elements.finish()?;
    Ok(decoded)
}

fn decode_map(key: &CqlType, value: &CqlType, bytes: &[u8]) -> Result<Value, ValueError> {
    let mut elements = Elements::new(bytes);
    let mut decoded = Vec::new();
    for _ in 0..elements.count()? {
        let key = decode_nullable(key, &mut elements)?;
        decoded.push((key, decode_nullable(value, &mut elements)?));
    }
    elements.finish()?;
    Ok(Value::Map(decoded))
}

fn decode_components<'a>(
    types: impl Iterator<Item = &'a CqlType>,
    bytes: &[u8],
) -> Result<Vec<Option<Value>>, ValueError> {
    let mut elements = Elements::new(bytes);
    let mut decoded = Vec::new();
    for ty in types {
        if elements.rest().is_empty() {
            break;
        }
        decoded.push(decode_nullable(ty, &mut elements)?);
    }
    elements.finish()?;
    Ok(decoded)
}

fn decode_vector(element: &CqlType, dimension: u32, bytes: &[u8]) -> Result<Value, ValueError> {
    let mut elements = Elements::new(bytes);
    let mut decoded = Vec::new();
    for _ in 0..dimension {
        decoded.push(Value::decode(element, elements.of_vector(element)?)?);
    }
    elements.finish()?;
    Ok(Value::Vector(decoded))
}

fn decode_nullable(ty: &CqlType, elements: &mut Elements<'_>) -> Result<Option<Value>, ValueError> {
    elements.nullable()?.map(|bytes| Value::decode(ty, bytes)).transpose()
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    out.put_i32(i32::try_from(count).unwrap_or(i32::MAX));
}

/// Writes a value after its length, which is filled in when it is known.
fn put_nullable(value: Option<&Value>, out: &mut Vec<u8>) {
    let Some(value) = value else {
        return out.put_i32(-1);
    };
    let start = out.len();
    out.put_i32(0);
    value.encode(out);
    let length = i32::try_from(out.len() - start - 4).unwrap_or(i32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::duration::tests::any_duration;
    use super::super::temporal::NANOS_PER_DAY;
    use super::super::types::tests::any_type;
    use super::*;

    #[test]
    fn an_integer_that_would_take_minutes_to_write_out_is_refused() {
        for (native, prefix) in [(NativeType::VarInt, 0), (NativeType::Decimal, 4)] {
            let decoded = |length: usize| Value::decode(&native.into(), &vec![1; prefix + length]);
            assert!(decoded(INTEGER_BYTES_MAX).is_ok());
            let refused = matches!(decoded(INTEGER_BYTES_MAX + 1), Err(ValueError::Length { .. }));
            assert!(refused);
        }
    }

    /// Any type without user-defined ones in it, and a value of it.
    pub(crate) fn any_typed_value() -> impl Strategy<Value = (CqlType, Value)> {
        any_type().prop_flat_map(|ty| {
            let value = any_value(&ty);
            (Just(ty), value)
        })
    }

    fn any_native_value(native: NativeType) -> BoxedStrategy<Value> {
        match native {
            NativeType::Ascii => "[ -~]{0,8}".prop_map(Value::Ascii).boxed(),
            NativeType::Text => "\\PC{0,8}".prop_map(Value::Text).boxed(),
            NativeType::Blob => any::<Vec<u8>>().prop_map(Value::Blob).boxed(),
            NativeType::BigInt => any::<i64>().prop_map(Value::BigInt).boxed(),
            NativeType::Counter => any::<i64>().prop_map(Value::Counter).boxed(),
            NativeType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
            NativeType::Date => any::<u32>().prop_map(Value::Date).boxed(),
            NativeType::Decimal => (any::<i128>(), -1000..1000_i32)
                .prop_map(|(unscaled, scale)| Value::Decimal(Decimal { unscaled: unscaled.into(), scale }))
                .boxed(),
            NativeType::Double => any::<f64>().prop_map(Value::Double).boxed(),
            NativeType::Float => any::<f32>().prop_map(Value::Float).boxed(),
            NativeType::Duration => any_duration().prop_map(Value::Duration).boxed(),
            NativeType::Empty => Just(Value::Empty).boxed(),
            NativeType::Inet => any::<IpAddr>().prop_map(Value::Inet).boxed(),
            NativeType::Int => any::<i32>().prop_map(Value::Int).boxed(),
            NativeType::SmallInt => any::<i16>().prop_map(Value::SmallInt).boxed(),
            NativeType::TinyInt => any::<i8>().prop_map(Value::TinyInt).boxed(),
            NativeType::Time => (0..NANOS_PER_DAY).prop_map(Value::Time).boxed(),
            NativeType::Timestamp => (-100_000_000_000_000..100_000_000_000_000_i64).prop_map(Value::Timestamp).boxed(),
            NativeType::Uuid => any::<u128>().prop_map(|bits| Value::Uuid(Uuid::from_u128(bits))).boxed(),
            NativeType::TimeUuid => any::<u128>()
                .prop_map(|bits| {
                    Value::TimeUuid(uuid::Builder::from_u128(bits).with_version(uuid::Version::Mac).into_uuid())
                })
                .boxed(),
            NativeType::VarInt => any::<i128>().prop_map(|value| Value::VarInt(value.into())).boxed(),
        }
    }

    pub(crate) fn any_value(ty: &CqlType) -> BoxedStrategy<Value> {
        let nullable = |ty: &CqlType| prop::option::weighted(0.9, any_value(ty)).boxed();
        match ty {
            CqlType::Native(native) => any_native_value(*native),
            CqlType::List { element, .. } => {
                prop::collection::vec(any_value(element).prop_map(Some), 0..4).prop_map(Value::List).boxed()
            }
            CqlType::Set { element, .. } => {
                prop::collection::vec(any_value(element).prop_map(Some), 0..4).prop_map(Value::Set).boxed()
            }
            CqlType::Map { key, value, .. } => {
                prop::collection::vec((any_value(key).prop_map(Some), any_value(value).prop_map(Some)), 0..4)
                    .prop_map(Value::Map)
                    .boxed()
            }
            CqlType::Tuple(types) => types.iter().map(nullable).collect::<Vec<_>>().prop_map(Value::Tuple).boxed(),
            CqlType::Udt { definition, .. } => {
                definition.fields.iter().map(|(_, ty)| nullable(ty)).collect::<Vec<_>>().prop_map(Value::Udt).boxed()
            }
            // there is no vector of values without bytes
            CqlType::Vector { element, .. } if element.fixed_length() == Some(0) => Just(Value::Empty).boxed(),
            CqlType::Vector { element, dimension } => {
                prop::collection::vec(any_value(element), *dimension as usize).prop_map(Value::Vector).boxed()
            }
            CqlType::Custom(_) => any::<Vec<u8>>().prop_map(Value::Custom).boxed(),
        }
    }

    proptest! {
        #[test]
        fn a_value_decodes_to_what_was_encoded((ty, value) in any_typed_value()) {
            let bytes = value.to_bytes();
            let decoded = Value::decode(&ty, &bytes).unwrap();
            prop_assert_eq!(decoded.to_bytes(), bytes);
        }

        #[test]
        fn hostile_bytes_never_panic(ty in any_type(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Value::decode(&ty, &bytes);
        }

        #[test]
        fn a_truncated_value_never_panics((ty, value) in any_typed_value(), cut in any::<prop::sample::Index>()) {
            let mut bytes = value.to_bytes();
            bytes.truncate(cut.index(bytes.len() + 1));
            let _ = Value::decode(&ty, &bytes);
        }
    }

    #[test]
    fn a_length_that_the_type_does_not_have_is_refused() {
        for (native, length) in [(NativeType::Int, 3), (NativeType::BigInt, 4), (NativeType::Uuid, 15)] {
            assert!(Value::decode(&native.into(), &vec![0; length]).is_err(), "{native:?}");
        }
        assert_eq!(Value::decode(&NativeType::Int.into(), &[]), Ok(Value::Empty));
        assert!(Value::decode(&NativeType::SmallInt.into(), &[]).is_err());
    }

    #[test]
    fn a_count_beyond_the_bytes_is_refused_without_allocating_for_it() {
        let bytes = i32::MAX.to_be_bytes();
        assert_eq!(Value::decode(&CqlType::list(NativeType::Int), &bytes), Err(ValueError::Truncated));
        let ty = CqlType::vector(NativeType::Empty, i32::MAX as u32).unwrap();
        assert!(Value::decode(&ty, &[0]).is_err());
    }
}
