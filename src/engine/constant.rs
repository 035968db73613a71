//! Constants as values of the type that their place demands.

use bytes::{BufMut, Bytes, BytesMut};
use quorate_protocol::cql::ast::Constant;
use quorate_protocol::value::{CqlType, NativeType, Value};

use super::argument::ConstantKind;
use super::bind::Receiver;
use super::canonical::validate;
use super::composite;
use super::error::EngineError;
use super::name::constant_content;

/// The serialized value of a constant.
pub(super) fn constant(constant: &Constant<'_>, receiver: &Receiver) -> Result<Bytes, EngineError> {
    let kind = ConstantKind::of(constant);
    let content = constant_content(constant);
    let refuse = || {
        EngineError::invalid(format!(
            "Invalid {} constant ({content}) for \"{}\" of type {}",
            kind.name(),
            receiver.name,
            receiver.cql_type
        ))
    };
    if let CqlType::Tuple(types) = &receiver.cql_type {
        return match kind {
            ConstantKind::Hex => parse_hex(&content),
            _ => tuple(types, &content, &receiver.cql_type, "tuple"),
        };
    }
    let value = match &receiver.cql_type {
        CqlType::Native(native) if kind.can_be(*native) => Value::parse(*native, &content)?,
        CqlType::Custom(_) if kind == ConstantKind::Hex => match Value::parse(NativeType::Blob, &content)? {
            Value::Blob(bytes) => Value::Custom(bytes),
            _ => return Err(refuse()),
        },
        CqlType::Custom(class) if kind == ConstantKind::String => {
            Value::Custom(composite::parse(class, &content).ok_or_else(refuse)?)
        }
        _ => return Err(refuse()),
    };
    Ok(value.to_bytes().into())
}

/// A tuple or user type in text: its fields between colons, `@` for null; both may be escaped (`TupleType.fromString`).
fn tuple(types: &[CqlType], text: &str, whole: &CqlType, kind: &str) -> Result<Bytes, EngineError> {
    let fields = if text.is_empty() { Vec::new() } else { composite::between_colons(text) };
    if fields.len() > types.len() {
        return Err(EngineError::invalid(format!(
            "Invalid {kind} literal: too many elements. Type {whole} expects {} but got {}",
            types.len(),
            fields.len()
        )));
    }
    let mut out = BytesMut::new();
    for (field, cql_type) in fields.into_iter().zip(types) {
        if field == "@" {
            out.put_i32(-1);
            continue;
        }
        let value = parse(cql_type, &field.replace("\\:", ":").replace("\\@", "@"))?;
        let length = i32::try_from(value.len()).map_err(|_| EngineError::invalid("A field is too long"))?;
        out.put_i32(length);
        out.put_slice(&value);
    }
    Ok(out.freeze())
}

/// A field of a tuple (`AbstractType.fromString`).
fn parse(cql_type: &CqlType, text: &str) -> Result<Bytes, EngineError> {
    match cql_type {
        CqlType::Native(native) => Ok(Value::parse(*native, text)?.to_bytes().into()),
        CqlType::Tuple(types) => tuple(types, text, cql_type, "tuple"),
        CqlType::Udt { definition, .. } => {
            let types: Vec<CqlType> = definition.fields.iter().map(|(_, cql_type)| cql_type.clone()).collect();
            tuple(&types, text, cql_type, "user type")
        }
        _ => {
            let bytes = parse_hex(&format!("0x{text}"))?;
            validate(cql_type, &bytes)?;
            Ok(bytes)
        }
    }
}

fn parse_hex(text: &str) -> Result<Bytes, EngineError> {
    Ok(Value::parse(NativeType::Blob, text)?.to_bytes().into())
}
