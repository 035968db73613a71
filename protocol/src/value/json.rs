//! Values as JSON, as `SELECT JSON` and `toJson` write them (`AbstractType.toJSONString`).

use std::fmt::Write;

use super::decoded::Value;
use super::temporal::write_timestamp;
use super::{CqlType, ValueError};

/// The JSON of a serialized value of type `ty`.
///
/// # Errors
/// For bytes that are no value of the type.
pub fn json(ty: &CqlType, bytes: &[u8]) -> Result<String, ValueError> {
    Ok(Value::decode(ty, bytes)?.to_json(ty))
}

/// The key under which a column or field stands in a JSON object: in double quotes of its own if it has upper case.
pub fn write_json_key(name: &str, out: &mut String) {
    if name.chars().any(char::is_uppercase) {
        write_json_string(&format!("\"{name}\""), out);
    } else {
        write_json_string(name, out);
    }
}

/// A JSON string. Nothing but quotes, backslashes and control characters is escaped.
pub fn write_json_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        let _ = match character {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\u{8}' => out.write_str("\\b"),
            '\u{c}' => out.write_str("\\f"),
            control @ '\0'..' ' => write!(out, "\\u{:04X}", u32::from(control)),
            other => out.write_char(other),
        };
    }
    out.push('"');
}

impl Value {
    /// The value as JSON; `ty` is its type.
    pub fn to_json(&self, ty: &CqlType) -> String {
        let mut out = String::new();
        write_json(ty, self, &mut out);
        out
    }
}

fn write_json(ty: &CqlType, value: &Value, out: &mut String) {
    match (ty, value) {
        (
            CqlType::List { element, .. } | CqlType::Set { element, .. },
            Value::List(elements) | Value::Set(elements),
        ) => write_array(elements.iter().map(|value| (element.as_ref(), value.as_ref())), out),
        (CqlType::Vector { element, .. }, Value::Vector(elements)) => {
            write_array(elements.iter().map(|value| (element.as_ref(), Some(value))), out);
        }
        (CqlType::Tuple(types), Value::Tuple(components)) => {
            let value_at = |index| components.get(index).and_then(Option::as_ref);
            write_array(types.iter().enumerate().map(|(index, ty)| (ty, value_at(index))), out);
        }
        (CqlType::Map { key: key_type, value: value_type, .. }, Value::Map(pairs)) => {
            write_object(pairs, out, |(key, value), out| {
                let mut text = String::new();
                write_nullable(key_type, key.as_ref(), &mut text);
                if text.starts_with('"') {
                    out.push_str(&text);
                } else {
                    write_json_string(&text, out);
                }
                out.push_str(": ");
                write_nullable(value_type, value.as_ref(), out);
            });
        }
        (CqlType::Udt { definition, .. }, Value::Udt(components)) => {
            write_object(definition.fields.iter().enumerate(), out, |(index, (name, ty)), out| {
                write_json_key(name, out);
                out.push_str(": ");
                write_nullable(ty, components.get(index).and_then(Option::as_ref), out);
            });
        }
        _ => write_native(value, out),
    }
}

fn write_native(value: &Value, out: &mut String) {
    match value {
        // JSON has no number for these
        Value::Double(value) if !value.is_finite() => out.push_str("null"),
        Value::Float(value) if !value.is_finite() => out.push_str("null"),
        Value::BigInt(_)
        | Value::Boolean(_)
        | Value::Counter(_)
        | Value::Decimal(_)
        | Value::Double(_)
        | Value::Float(_)
        | Value::Int(_)
        | Value::SmallInt(_)
        | Value::TinyInt(_)
        | Value::VarInt(_) => value.write_native(out),
        Value::Ascii(text) | Value::Text(text) => write_json_string(text, out),
        Value::Timestamp(millis) => {
            out.push('"');
            write_timestamp(*millis, ' ', out);
            out.push('"');
        }
        _ => {
            out.push('"');
            value.write_native(out);
            out.push('"');
        }
    }
}

fn write_nullable(ty: &CqlType, value: Option<&Value>, out: &mut String) {
    match value {
        Some(value) => write_json(ty, value, out),
        None => out.push_str("null"),
    }
}

fn write_array<'a>(elements: impl Iterator<Item = (&'a CqlType, Option<&'a Value>)>, out: &mut String) {
    out.push('[');
    for (index, (ty, value)) in elements.enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        write_nullable(ty, value, out);
    }
    out.push(']');
}

fn write_object<T>(members: impl IntoIterator<Item = T>, out: &mut String, mut write: impl FnMut(T, &mut String)) {
    out.push('{');
    for (index, member) in members.into_iter().enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        write(member, out);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::{NativeType, UserType};

    #[test]
    fn keys_with_upper_case_are_quoted_twice() {
        let definition = Arc::new(UserType {
            keyspace: "ks".into(),
            name: "u".into(),
            fields: vec![("a".into(), NativeType::Int.into()), ("B".into(), NativeType::Text.into())],
        });
        let ty = CqlType::Udt { definition, frozen: true };
        let value = Value::Udt(vec![Some(Value::Int(1))]);
        assert_eq!(value.to_json(&ty), r#"{"a": 1, "\"B\"": null}"#);
    }

    #[test]
    fn keys_of_maps_are_strings_whatever_their_type() {
        let ty = CqlType::map(CqlType::list(NativeType::Text), NativeType::Double);
        let key = Value::List(vec![Some(Value::Text("x".into()))]);
        let value = Value::Map(vec![(Some(key), Some(Value::Double(f64::NAN)))]);
        assert_eq!(value.to_json(&ty), r#"{"[\"x\"]": null}"#);
    }

    #[test]
    fn control_characters_are_escaped() {
        let json = Value::Text("a\"\\\n\u{1}é".into()).to_json(&NativeType::Text.into());
        assert_eq!(json, r#""a\"\\\n\u0001é""#);
    }
}
