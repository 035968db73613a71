//! Values as clients send them: whether they are of their type, and the form in which Cassandra keeps them.
//!
//! A client may list the elements of a set and the entries of a map in any order. Where these are stored or compared as a
//! whole, inside a frozen value, they must be in the order of their type (`Sets.Value.fromSerialized`, and its kin). Inside
//! tuples and user types Cassandra leaves them as they come.

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType, Value, ValueError};

use super::error::EngineError;
use super::expression::{compose, parts_of};

/// Refuses bytes that are no value of the type. The common types are looked at without decoding.
pub(super) fn validate(cql_type: &CqlType, bytes: &[u8]) -> Result<(), EngineError> {
    use NativeType::{BigInt, Blob, Counter, Double, Float, Int, Text, Timestamp, Uuid};
    let is_clear = match cql_type {
        CqlType::Native(Int | Float) => matches!(bytes.len(), 0 | 4),
        CqlType::Native(BigInt | Counter | Double | Timestamp) => matches!(bytes.len(), 0 | 8),
        CqlType::Native(Uuid) => matches!(bytes.len(), 0 | 16),
        CqlType::Native(Blob) => true,
        CqlType::Native(Text) => std::str::from_utf8(bytes).is_ok(),
        _ => false,
    };
    if is_clear {
        return Ok(());
    }
    let kind = match cql_type {
        CqlType::List { .. } => "list",
        CqlType::Set { .. } => "set",
        CqlType::Map { .. } => "map",
        _ => return Ok(Value::decode(cql_type, bytes).map(drop)?),
    };
    if bytes.first_chunk::<4>().is_some_and(|count| i32::from_be_bytes(*count) < 0) {
        return Err(EngineError::invalid(format!("The data cannot be deserialized as a {kind}")));
    }
    let has_null = match Value::decode(cql_type, bytes) {
        Err(ValueError::Truncated) | Ok(Value::Empty) => {
            return Err(EngineError::invalid(format!("Not enough bytes to read a {kind}")));
        }
        // nulls in lists are judged by what the list is for
        Ok(Value::Set(elements)) => elements.iter().any(Option::is_none),
        Ok(Value::Map(entries)) => entries.iter().any(|(key, value)| key.is_none() || value.is_none()),
        Ok(_) => false,
        Err(error) => return Err(error.into()),
    };
    if has_null {
        return Err(EngineError::invalid("Null value read when not allowed"));
    }
    Ok(())
}

/// The valid value with its sets and maps in order, each element and key once. `None`: it is so already.
pub(super) fn canonical(cql_type: &CqlType, value: &[u8]) -> Result<Option<Bytes>, EngineError> {
    if !holds_sorted(cql_type) {
        return Ok(None);
    }
    let ordered = ordered(cql_type, Bytes::copy_from_slice(value))?;
    Ok((ordered != value).then_some(ordered))
}

/// Whether values of the type have an order of their own.
fn holds_sorted(cql_type: &CqlType) -> bool {
    match cql_type {
        CqlType::Set { .. } | CqlType::Map { .. } => true,
        CqlType::List { element, .. } | CqlType::Vector { element, .. } => holds_sorted(element),
        _ => false,
    }
}

fn ordered(cql_type: &CqlType, value: Bytes) -> Result<Bytes, EngineError> {
    let types: [&CqlType; 2] = match cql_type {
        CqlType::Map { key, value, .. } => [key, value],
        CqlType::Set { element, .. } | CqlType::List { element, .. } | CqlType::Vector { element, .. } => {
            [element, element]
        }
        _ => return Ok(value),
    };
    let mut parts = parts_of(cql_type, Some(value.clone()))?;
    if parts.iter().any(Option::is_none) {
        return Ok(value);
    }
    for (part, cql_type) in parts.iter_mut().zip(types.into_iter().cycle()) {
        if let Some(inner) = part.take() {
            *part = Some(if holds_sorted(cql_type) { ordered(cql_type, inner)? } else { inner });
        }
    }
    compose(cql_type, parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int() -> CqlType {
        NativeType::Int.into()
    }

    fn ints(values: &[i32]) -> Value {
        Value::Set(values.iter().map(|value| Some(Value::Int(*value))).collect())
    }

    #[test]
    fn sets_and_maps_are_put_in_order_at_every_level() {
        let cql_type = CqlType::list(CqlType::map(CqlType::set(int()), int()));
        let entry = |key: &[i32], value| (Some(ints(key)), Some(Value::Int(value)));
        let list = |map: Vec<_>| Value::List(vec![Some(Value::Map(map))]).to_bytes();
        let sent = list(vec![entry(&[3, 1, 3], 1), entry(&[1, 2], 2), entry(&[2, 1], 3)]);
        let kept = list(vec![entry(&[1, 2], 3), entry(&[1, 3], 1)]);
        assert_eq!(canonical(&cql_type, &sent).unwrap(), Some(kept.clone().into()));
        assert_eq!(canonical(&cql_type, &kept).unwrap(), None);
    }

    #[test]
    fn what_is_in_a_tuple_stays_as_it_came() {
        let sent = Value::Tuple(vec![Some(ints(&[2, 1]))]).to_bytes();
        assert_eq!(canonical(&CqlType::tuple([CqlType::set(int())]), &sent).unwrap(), None);
    }

    #[test]
    fn bytes_that_are_no_collection_are_refused_as_cassandra_does() {
        let refusal = |cql_type: &CqlType, bytes: &[u8]| validate(cql_type, bytes).unwrap_err().to_string();
        let (list, set) = (CqlType::list(int()), CqlType::set(int()));
        assert_eq!(refusal(&list, b""), "Not enough bytes to read a list");
        assert_eq!(refusal(&list, b"test"), "Not enough bytes to read a list");
        assert_eq!(refusal(&set, &(-1_i32).to_be_bytes()), "The data cannot be deserialized as a set");
        assert_eq!(refusal(&set, &[0, 0, 0, 1, 255, 255, 255, 255]), "Null value read when not allowed");
        assert!(validate(&list, &[0, 0, 0, 1, 255, 255, 255, 255]).is_ok());
        assert!(validate(&set, &ints(&[]).to_bytes()).is_ok());
    }
}
