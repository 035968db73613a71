//! Our values beside those of the ScyllaDB driver: the same bytes in both directions.

use std::sync::Arc;

use proptest::prelude::*;
use scylla_cql::deserialize::FrameSlice;
use scylla_cql::deserialize::value::DeserializeValue;
use scylla_cql::frame::response::result::{CollectionType, ColumnType, NativeType as Theirs, UserDefinedType};
use scylla_cql::serialize::CellWriter;
use scylla_cql::serialize::value::SerializeValue;
use scylla_cql::value::{
    Counter, CqlDate, CqlDecimal, CqlDuration, CqlTime, CqlTimestamp, CqlTimeuuid, CqlValue, CqlVarint,
};

use super::decoded::tests::any_typed_value;
use super::{CqlType, NativeType, Value};

proptest! {
    #[test]
    fn values_have_the_bytes_that_the_scylla_driver_gives_them((ty, value) in any_typed_value()) {
        let (Some(their_type), Some(their_value)) = (type_of(&ty), value_of(&ty, &value)) else { return Ok(()) };
        let mut cell = Vec::new();
        their_value.serialize(&their_type, CellWriter::new(&mut cell)).unwrap();
        let ours = value.to_bytes();
        prop_assert_eq!(&ours, &cell[4..]);
        let slice = FrameSlice::new_borrowed(&ours);
        let read = match <CqlValue as DeserializeValue>::deserialize(&their_type, Some(slice)) {
            Ok(read) => read,
            // The driver takes an empty element of a vector for null, and so cannot read its own bytes either.
            Err(_) if holds_vector(&ty) => return Ok(()),
            Err(error) => panic!("{error}"),
        };
        // text, since NaN is not equal to itself
        prop_assert_eq!(format!("{read:?}"), format!("{their_value:?}"));
    }
}

fn holds_vector(ty: &CqlType) -> bool {
    match ty {
        CqlType::Vector { .. } => true,
        CqlType::List { element, .. } | CqlType::Set { element, .. } => holds_vector(element),
        CqlType::Map { key, value, .. } => holds_vector(key) || holds_vector(value),
        CqlType::Tuple(types) => types.iter().any(holds_vector),
        CqlType::Udt { definition, .. } => definition.fields.iter().any(|(_, ty)| holds_vector(ty)),
        CqlType::Native(_) | CqlType::Custom(_) => false,
    }
}

/// `None`: the driver does not have the type.
fn type_of(ty: &CqlType) -> Option<ColumnType<'static>> {
    let nested = |ty: &CqlType| type_of(ty).map(Box::new);
    let collection = |typ| ColumnType::Collection { frozen: false, typ };
    Some(match ty {
        CqlType::Native(native) => ColumnType::Native(native_of(*native)?),
        CqlType::List { element, .. } => collection(CollectionType::List(nested(element)?)),
        CqlType::Set { element, .. } => collection(CollectionType::Set(nested(element)?)),
        CqlType::Map { key, value, .. } => collection(CollectionType::Map(nested(key)?, nested(value)?)),
        CqlType::Tuple(types) => ColumnType::Tuple(types.iter().map(type_of).collect::<Option<_>>()?),
        CqlType::Vector { element, dimension } => {
            ColumnType::Vector { typ: nested(element)?, dimensions: u16::try_from(*dimension).ok()? }
        }
        CqlType::Udt { definition, .. } => {
            let mut names: Vec<&String> = definition.fields.iter().map(|(name, _)| name).collect();
            names.sort();
            if names.windows(2).any(|pair| pair[0] == pair[1]) {
                return None;
            }
            let field = |(name, ty): &(String, CqlType)| Some((name.clone().into(), type_of(ty)?));
            let definition = UserDefinedType {
                name: definition.name.clone().into(),
                keyspace: definition.keyspace.clone().into(),
                field_types: definition.fields.iter().map(field).collect::<Option<_>>()?,
            };
            ColumnType::UserDefinedType { frozen: false, definition: Arc::new(definition) }
        }
        CqlType::Custom(_) => return None,
    })
}

fn native_of(native: NativeType) -> Option<Theirs> {
    Some(match native {
        NativeType::Ascii => Theirs::Ascii,
        NativeType::BigInt => Theirs::BigInt,
        NativeType::Blob => Theirs::Blob,
        NativeType::Boolean => Theirs::Boolean,
        NativeType::Counter => Theirs::Counter,
        NativeType::Date => Theirs::Date,
        NativeType::Decimal => Theirs::Decimal,
        NativeType::Double => Theirs::Double,
        NativeType::Duration => Theirs::Duration,
        NativeType::Empty => return None,
        NativeType::Float => Theirs::Float,
        NativeType::Inet => Theirs::Inet,
        NativeType::Int => Theirs::Int,
        NativeType::SmallInt => Theirs::SmallInt,
        NativeType::Text => Theirs::Text,
        NativeType::Time => Theirs::Time,
        NativeType::Timestamp => Theirs::Timestamp,
        NativeType::TimeUuid => Theirs::Timeuuid,
        NativeType::TinyInt => Theirs::TinyInt,
        NativeType::Uuid => Theirs::Uuid,
        NativeType::VarInt => Theirs::Varint,
    })
}

fn value_of(ty: &CqlType, value: &Value) -> Option<CqlValue> {
    let all = |element: &CqlType, values: &[Option<Value>]| -> Option<Vec<CqlValue>> {
        values.iter().map(|value| value_of(element, value.as_ref()?)).collect()
    };
    Some(match (ty, value) {
        (_, Value::Ascii(text)) => CqlValue::Ascii(text.clone()),
        (_, Value::Text(text)) => CqlValue::Text(text.clone()),
        (_, Value::Blob(bytes)) => CqlValue::Blob(bytes.clone()),
        (_, Value::BigInt(value)) => CqlValue::BigInt(*value),
        (_, Value::Boolean(value)) => CqlValue::Boolean(*value),
        (_, Value::Counter(value)) => CqlValue::Counter(Counter(*value)),
        (_, Value::Date(days)) => CqlValue::Date(CqlDate(*days)),
        (_, Value::Decimal(decimal)) => CqlValue::Decimal(CqlDecimal::from_signed_be_bytes_and_exponent(
            decimal.unscaled.to_signed_bytes_be(),
            decimal.scale,
        )),
        (_, Value::Double(value)) => CqlValue::Double(*value),
        (_, Value::Duration(duration)) => CqlValue::Duration(CqlDuration {
            months: duration.months,
            days: duration.days,
            nanoseconds: duration.nanos,
        }),
        (_, Value::Float(value)) => CqlValue::Float(*value),
        (_, Value::Inet(address)) => CqlValue::Inet(*address),
        (_, Value::Int(value)) => CqlValue::Int(*value),
        (_, Value::SmallInt(value)) => CqlValue::SmallInt(*value),
        (_, Value::TinyInt(value)) => CqlValue::TinyInt(*value),
        (_, Value::Time(nanos)) => CqlValue::Time(CqlTime(*nanos)),
        (_, Value::Timestamp(millis)) => CqlValue::Timestamp(CqlTimestamp(*millis)),
        (_, Value::TimeUuid(uuid)) => CqlValue::Timeuuid(CqlTimeuuid::from(*uuid)),
        (_, Value::Uuid(uuid)) => CqlValue::Uuid(*uuid),
        (_, Value::VarInt(value)) => CqlValue::Varint(CqlVarint::from_signed_bytes_be(value.to_signed_bytes_be())),
        (CqlType::List { element, .. }, Value::List(values)) => CqlValue::List(all(element, values)?),
        (CqlType::Set { element, .. }, Value::Set(values)) => CqlValue::Set(all(element, values)?),
        (CqlType::Map { key: key_type, value: value_type, .. }, Value::Map(pairs)) => {
            let pair = |(key, value): &(Option<Value>, Option<Value>)| {
                Some((value_of(key_type, key.as_ref()?)?, value_of(value_type, value.as_ref()?)?))
            };
            CqlValue::Map(pairs.iter().map(pair).collect::<Option<_>>()?)
        }
        (CqlType::Vector { element, .. }, Value::Vector(values)) => {
            CqlValue::Vector(values.iter().map(|value| value_of(element, value)).collect::<Option<_>>()?)
        }
        (CqlType::Tuple(types), Value::Tuple(values)) => CqlValue::Tuple(components(types.iter(), values)?),
        (CqlType::Udt { definition, .. }, Value::Udt(values)) => {
            let values = components(definition.fields.iter().map(|(_, ty)| ty), values)?;
            let names = definition.fields.iter().map(|(name, _)| name.clone());
            CqlValue::UserDefinedType {
                keyspace: definition.keyspace.clone(),
                name: definition.name.clone(),
                fields: names.zip(values).collect(),
            }
        }
        _ => return None,
    })
}

/// `None`: one of them is of a type that the driver does not have.
fn components<'a>(types: impl Iterator<Item = &'a CqlType>, values: &[Option<Value>]) -> Option<Vec<Option<CqlValue>>> {
    types
        .zip(values)
        .map(|(ty, value)| match value {
            Some(value) => value_of(ty, value).map(Some),
            None => Some(None),
        })
        .collect()
}
