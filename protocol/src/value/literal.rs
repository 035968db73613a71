//! Values as CQL literals (`AbstractType.toCQLString`).

use std::fmt::Write;

use super::decoded::Value;
use super::types::quote_identifier;
use super::{CqlType, ValueError};

/// The CQL literal of a serialized value: what a statement must hold in its place. `ty` is the type of the column.
///
/// # Errors
/// For bytes that are no value of the type.
pub fn literal(ty: &CqlType, bytes: &[u8]) -> Result<String, ValueError> {
    Ok(Value::decode(ty, bytes)?.to_literal(ty))
}

impl Value {
    /// The value as a CQL literal of type `ty`, whose value it is.
    pub fn to_literal(&self, ty: &CqlType) -> String {
        let mut out = String::new();
        write_literal(ty, self, &mut out);
        out
    }
}

fn write_literal(ty: &CqlType, value: &Value, out: &mut String) {
    match (ty, value) {
        (CqlType::Native(native), Value::Empty) => {
            let _ = write!(out, "blobas{}(0x)", native.name());
        }
        (CqlType::List { element, .. }, Value::List(elements)) => {
            write_joined("[]", elements, out, |value, out| write_nullable(element, value.as_ref(), out));
        }
        (CqlType::Set { element, .. }, Value::Set(elements)) => {
            write_joined("{}", elements, out, |value, out| write_nullable(element, value.as_ref(), out));
        }
        (CqlType::Vector { element, .. }, Value::Vector(elements)) => {
            write_joined("[]", elements, out, |value, out| write_literal(element, value, out));
        }
        (CqlType::Map { key: key_type, value: value_type, .. }, Value::Map(pairs)) => {
            write_joined("{}", pairs, out, |(key, value), out| {
                write_nullable(key_type, key.as_ref(), out);
                out.push_str(": ");
                write_nullable(value_type, value.as_ref(), out);
            });
        }
        (CqlType::Tuple(types), Value::Tuple(components)) => {
            write_joined("()", types.iter().enumerate(), out, |(index, ty), out| {
                write_nullable(ty, components.get(index).and_then(Option::as_ref), out);
            });
        }
        (CqlType::Udt { definition, .. }, Value::Udt(components)) => {
            write_joined("{}", definition.fields.iter().zip(components), out, |((name, ty), value), out| {
                let _ = write!(out, "{}: ", quote_identifier(name));
                write_nullable(ty, value.as_ref(), out);
            });
        }
        (_, Value::Empty) => out.push_str("null"),
        _ => write_native_literal(value, out),
    }
}

fn write_native_literal(value: &Value, out: &mut String) {
    let mut text = String::new();
    value.write_native(&mut text);
    // a date without a year of four digits is read only as the number that it is stored as
    let is_plain = text.as_bytes().get(4) == Some(&b'-') && !text.starts_with(['-', '+']);
    let _ = match value {
        Value::Date(days) if !is_plain => write!(out, "{days}"),
        Value::Timestamp(millis) if !is_plain => write!(out, "{millis}"),
        Value::Duration(_) if text.is_empty() => out.write_str("0ns"),
        Value::Ascii(_) | Value::Text(_) => write!(out, "'{}'", text.replace('\'', "''")),
        Value::Date(_) | Value::Time(_) | Value::Timestamp(_) | Value::Inet(_) => write!(out, "'{text}'"),
        _ => out.write_str(&text),
    };
}

fn write_nullable(ty: &CqlType, value: Option<&Value>, out: &mut String) {
    match value {
        Some(value) => write_literal(ty, value, out),
        None => out.push_str("null"),
    }
}

fn write_joined<T>(
    brackets: &str,
    items: impl IntoIterator<Item = T>,
    out: &mut String,
    mut write: impl FnMut(T, &mut String),
) {
    let (open, close) = brackets.split_at(1);
    out.push_str(open);
    for (index, item) in items.into_iter().enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        write(item, out);
    }
    out.push_str(close);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::{NativeType, UserType};

    #[test]
    fn text_is_quoted_and_its_quotes_doubled() {
        assert_eq!(Value::Text("it's".into()).to_literal(&NativeType::Text.into()), "'it''s'");
    }

    #[test]
    fn composites_hold_the_literals_of_their_parts() {
        let definition = Arc::new(UserType {
            keyspace: "ks".into(),
            name: "address".into(),
            fields: vec![
                ("Street".into(), NativeType::Text.into()),
                ("numbers".into(), CqlType::list(NativeType::Int)),
                ("missing".into(), NativeType::Int.into()),
            ],
        });
        let address = Value::Udt(vec![
            Some(Value::Text("x".into())),
            Some(Value::List(vec![Some(Value::Int(1)), Some(Value::Int(2))])),
            None,
        ]);
        let udt = CqlType::Udt { definition, frozen: true };
        let literal = "{\"Street\": 'x', numbers: [1, 2], missing: null}";
        assert_eq!(address.to_literal(&udt), literal);
        let map = CqlType::map(NativeType::Timestamp, CqlType::tuple([udt, NativeType::Int.into()]));
        let value = Value::Map(vec![(Some(Value::Timestamp(0)), Some(Value::Tuple(vec![Some(address)])))]);
        assert_eq!(value.to_literal(&map), format!("{{'1970-01-01T00:00:00.000Z': ({literal}, null)}}"));
    }

    #[test]
    fn what_has_no_text_is_written_in_another_way() {
        assert_eq!(Value::Empty.to_literal(&NativeType::Int.into()), "blobasint(0x)");
        assert_eq!(Value::Timestamp(i64::MIN).to_literal(&NativeType::Timestamp.into()), i64::MIN.to_string());
        assert_eq!(Value::Date(0).to_literal(&NativeType::Date.into()), "0");
    }
}
