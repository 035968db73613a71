//! Values to JSON and back (`ToJsonFct`, `FromJsonFct`).

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType};

use super::{Function, serialized, unclear};
use crate::engine::argument::Shape;
use crate::engine::error::EngineError;

/// See [`super::overloads`].
pub(super) fn overloads(
    name: &str,
    arguments: &[Shape],
    _expected: Option<&CqlType>,
    text: &dyn Fn(usize) -> String,
) -> Result<Option<Vec<Function>>, EngineError> {
    match name {
        "tojson" | "to_json" => {
            let [argument] = arguments else { return Err(wrong_count(name, "any")) };
            let parameter = argument.preferred_type().ok_or_else(|| unclear(name, "any", &text(0)))?;
            Ok(Some(vec![serialized(name, vec![parameter], NativeType::Text, to_json)]))
        }
        _ => Ok(None),
    }
}

fn wrong_count(name: &str, parameters: &str) -> EngineError {
    EngineError::invalid(format!("Invalid number of arguments for function system.{name}({parameters})"))
}

fn to_json(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    match (arguments, function.parameters.as_slice()) {
        ([Some(value)], [cql_type]) => Ok(Some(quorate_protocol::value::json(cql_type, value)?.into())),
        _ => Ok(Some(Bytes::from_static(b"null"))),
    }
}
