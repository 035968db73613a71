//! JSON to values of CQL types (`AbstractType.fromJSONObject`).

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType, Value, quote_identifier};
use serde_json::{Map, Number, Value as Json};

use crate::engine::expression::compose;

/// The serialized value of a JSON value that is not null. Fails with the reason.
pub(in crate::engine) fn from_json(cql_type: &CqlType, json: &Json) -> Result<Bytes, String> {
    match cql_type {
        CqlType::Native(native) => Ok(native_from_json(*native, json)?.to_bytes().into()),
        CqlType::Custom(_) => Err("JSON is not supported for custom types".to_owned()),
        _ => match json {
            // a composite value may stand in a string of JSON
            Json::String(text) => {
                let inner: Json =
                    serde_json::from_str(text).map_err(|error| format!("Error decoding JSON string: {error}"))?;
                match inner {
                    Json::String(_) => Err(unexpected(cql_type, &inner)),
                    inner => composite_from_json(cql_type, &inner),
                }
            }
            other => composite_from_json(cql_type, other),
        },
    }
}

/// Names in quotes keep their case, others are folded.
pub(super) fn with_internal_names(members: Map<String, Json>) -> Map<String, Json> {
    let internal = |name: String| match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => name.to_lowercase(),
    };
    members.into_iter().map(|(name, value)| (internal(name), value)).collect()
}

/// What Cassandra's messages call the kind of value.
pub(super) fn java_class(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "Boolean",
        Json::Number(number) => match number.as_i64() {
            Some(number) if i32::try_from(number).is_ok() => "Integer",
            Some(_) => "Long",
            None if is_double(number) => "Double",
            None => "BigInteger",
        },
        Json::String(_) => "String",
        Json::Array(_) => "ArrayList",
        Json::Object(_) => "LinkedHashMap",
    }
}

fn native_from_json(native: NativeType, json: &Json) -> Result<Value, String> {
    use NativeType::*;
    let parse = |text: &str| Value::parse(native, text).map_err(|error| error.to_string());
    let expected = |what: &str| Err(format!("Expected {what}, but got a {}: {}", java_class(json), java_text(json)));
    match (native, json) {
        (Blob, Json::String(text)) => {
            let refuse = |reason: &str| format!("Value '{text}' is not a valid blob representation: {reason}");
            match text.strip_prefix("0x") {
                Some(digits) => parse(digits).map_err(|error| refuse(&error)),
                None => Err(refuse(&format!("String representation of blob is missing 0x prefix: {text}"))),
            }
        }
        (Decimal, other) => parse(&java_text(other))
            .map_err(|_| format!("Value '{}' is not a valid representation of a decimal value", java_text(other))),
        (VarInt, other) => parse(&java_text(other))
            .map_err(|_| format!("Value '{}' is not a valid representation of a varint value", java_text(other))),
        // which is no duration, but what Cassandra keeps (`DurationType.fromJSONObject`)
        (Duration, Json::String(text)) if text.is_empty() => Ok(Value::Empty),
        (_, Json::String(text)) => parse(text),
        (Int, Json::Number(number)) => match number.as_i64().map(i32::try_from) {
            Some(Ok(number)) => Ok(Value::Int(number)),
            _ => expected("an int value"),
        },
        (BigInt | Counter, Json::Number(number)) => match number.as_i64() {
            Some(number) => Ok(Value::BigInt(number)),
            None => expected("a bigint value"),
        },
        (Double, Json::Number(number)) => Ok(Value::Double(double(number))),
        (Float, Json::Number(number)) => Ok(Value::Float(double(number) as f32)),
        (SmallInt | TinyInt, Json::Number(_)) => parse(&java_text(json)),
        (Timestamp, Json::Number(number)) => match number.as_i64() {
            // Cassandra takes longs only, and a number that fits an int is none
            Some(millis) if i32::try_from(millis).is_err() => Ok(Value::Timestamp(millis)),
            _ => expected("a long or a datestring representation of a timestamp value"),
        },
        (Boolean, Json::Bool(value)) => Ok(Value::Boolean(*value)),
        (Ascii, _) => expected("an ascii string"),
        (Text, _) => expected("a UTF-8 string"),
        (BigInt | Counter, _) => expected("a bigint value"),
        (Boolean, _) => expected("a boolean value"),
        (Date, _) => expected("a string representation of a date value"),
        (Double, _) => expected("a double value"),
        (Duration, _) => expected("a string representation of a duration"),
        (Float, _) => expected("a float value"),
        (Inet, _) => expected("a string representation of an inet value"),
        (Int, _) => expected("an int value"),
        (SmallInt, _) => expected("a short value"),
        (TinyInt, _) => expected("a byte value"),
        (Time, _) => expected("a string representation of a time value"),
        (Timestamp, _) => expected("a long or a datestring representation of a timestamp value"),
        (TimeUuid, _) => expected("a string representation of a timeuuid"),
        (Uuid, _) => expected("a string representation of a uuid"),
        (Blob, _) => Err(format!(
            "Value '{}' is not a valid blob representation: class {} cannot be cast to class java.lang.String",
            java_text(json),
            java_class(json)
        )),
        (Empty, _) => expected("an empty value"),
    }
}

fn composite_from_json(cql_type: &CqlType, json: &Json) -> Result<Bytes, String> {
    let part = |cql_type: &CqlType, json: &Json, null: &str| match json {
        Json::Null => Err(null.to_owned()),
        json => from_json(cql_type, json).map(Some),
    };
    let nullable = |cql_type: &CqlType, json: Option<&Json>| match json {
        None | Some(Json::Null) => Ok(None),
        Some(json) => from_json(cql_type, json).map(Some),
    };
    let parts: Vec<Option<Bytes>> = match (cql_type, json) {
        (CqlType::List { element, .. }, Json::Array(items)) => {
            items.iter().map(|item| part(element, item, "Invalid null element in list")).collect::<Result<_, _>>()?
        }
        (CqlType::Set { element, .. }, Json::Array(items)) => {
            items.iter().map(|item| part(element, item, "Invalid null element in set")).collect::<Result<_, _>>()?
        }
        (CqlType::Vector { element, dimension }, Json::Array(items)) => {
            if items.len() != *dimension as usize {
                return Err(format!(
                    "List had incorrect size: expected {dimension} but given {}; {}",
                    items.len(),
                    java_text(json)
                ));
            }
            items.iter().map(|item| part(element, item, "Invalid null element in list")).collect::<Result<_, _>>()?
        }
        (CqlType::Map { key, value, .. }, Json::Object(members)) => {
            let mut parts = Vec::with_capacity(members.len() * 2);
            for (name, member) in members {
                let value = part(value, member, "Invalid null value in map")?;
                parts.extend([Some(from_json(key, &Json::String(name.clone()))?), value]);
            }
            parts
        }
        (CqlType::Tuple(types), Json::Array(items)) => {
            if items.len() != types.len() {
                let problem = if items.len() > types.len() { "contains extra" } else { "is missing" };
                return Err(format!("Tuple {problem} items (expected {}): {}", types.len(), java_text(json)));
            }
            types.iter().zip(items).map(|(ty, item)| nullable(ty, Some(item))).collect::<Result<_, _>>()?
        }
        (CqlType::Udt { definition, .. }, Json::Object(members)) => {
            let members = with_internal_names(members.clone());
            let is_field = |name: &String| definition.fields.iter().any(|(field, _)| field == name);
            if let Some(unknown) = members.keys().find(|name| !is_field(name)) {
                let name = quote_identifier(&definition.name);
                return Err(format!("Unknown field '{unknown}' in value of user defined type {name}"));
            }
            let fields = definition.fields.iter().map(|(name, ty)| nullable(ty, members.get(name)));
            fields.collect::<Result<_, _>>()?
        }
        (_, other) => return Err(unexpected(cql_type, other)),
    };
    compose(cql_type, parts).map_err(|error| error.to_string())
}

fn unexpected(cql_type: &CqlType, json: &Json) -> String {
    let expected = match cql_type {
        CqlType::Set { .. } => "a list (representing a set)",
        CqlType::Map { .. } | CqlType::Udt { .. } => "a map",
        CqlType::Tuple(_) => "a list representation of a tuple",
        _ => "a list",
    };
    format!("Expected {expected}, but got a {}: {}", java_class(json), java_text(json))
}

/// The value as Java prints it.
fn java_text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            format!("[{}]", items.iter().map(java_text).collect::<Vec<_>>().join(", "))
        }
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}={}", java_text(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Json::Number(number) if is_double(number) => Value::Double(double(number)).to_text().unwrap_or_default(),
        other => other.to_string(),
    }
}

/// Whether Java reads the number as a double: if it is not written as an integer.
fn is_double(number: &Number) -> bool {
    number.as_str().contains(['.', 'e', 'E'])
}

/// The nearest double, which may be infinite.
fn double(number: &Number) -> f64 {
    number.as_str().parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(native: NativeType, json: &str) -> Result<Option<String>, String> {
        let json: Json = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let bytes = from_json(&native.into(), &json)?;
        let value = Value::decode(&native.into(), &bytes).map_err(|error| error.to_string())?;
        Ok(value.to_text())
    }

    #[test]
    fn integers_of_any_length_keep_their_digits() {
        for digits in ["18446744073709551616", "-170141183460469231731687303715884105729", "7", "-9223372036854775809"]
        {
            assert_eq!(text_of(NativeType::VarInt, digits), Ok(Some(digits.to_owned())));
            assert_eq!(text_of(NativeType::Decimal, digits), Ok(Some(digits.to_owned())));
            let long = format!("Expected a bigint value, but got a BigInteger: {digits}");
            assert!(digits == "7" || text_of(NativeType::BigInt, digits) == Err(long));
        }
    }

    #[test]
    fn other_numbers_are_doubles_as_in_java() {
        assert_eq!(text_of(NativeType::Decimal, "0.1000"), Ok(Some("0.1".to_owned())));
        assert_eq!(text_of(NativeType::Double, "1e400"), Ok(Some("Infinity".to_owned())));
        assert_eq!(text_of(NativeType::Double, "3"), text_of(NativeType::Double, "3.0"));
        assert_eq!(
            text_of(NativeType::VarInt, "1.5"),
            Err("Value '1.5' is not a valid representation of a varint value".to_owned())
        );
    }
}
