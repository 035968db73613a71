//! Constants as values of the type that their place demands.

use bytes::Bytes;
use quorate_protocol::cql::ast::Constant;
use quorate_protocol::value::{CqlType, NativeType, Value};

use super::argument::ConstantKind;
use super::bind::Receiver;
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
    let value = match &receiver.cql_type {
        CqlType::Native(native) if kind.can_be(*native) => Value::parse(*native, &content)?,
        CqlType::Custom(_) if kind == ConstantKind::Hex => match Value::parse(NativeType::Blob, &content)? {
            Value::Blob(bytes) => Value::Custom(bytes),
            _ => return Err(refuse()),
        },
        _ => return Err(refuse()),
    };
    Ok(value.to_bytes().into())
}
