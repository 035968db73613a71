//! Values to JSON and back (`ToJsonFct`, `FromJsonFct`).

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType};

use super::{Function, serialized, unclear};
use crate::engine::argument::Shape;
use crate::engine::error::EngineError;
use crate::engine::modification::json::from_json as json_value;

/// See [`super::overloads`].
pub(super) fn overloads(
    name: &str,
    arguments: &[Shape],
    expected: Option<&CqlType>,
    text: &dyn Fn(usize) -> String,
) -> Result<Option<Vec<Function>>, EngineError> {
    match name {
        "tojson" | "to_json" => {
            let [argument] = arguments else { return Err(wrong_count(name, "any")) };
            let parameter = argument.preferred_type().ok_or_else(|| unclear(name, "any", &text(0)))?;
            Ok(Some(vec![serialized(name, vec![parameter], NativeType::Text, to_json)]))
        }
        "fromjson" | "from_json" => {
            if arguments.len() != 1 {
                return Err(wrong_count(name, "text"));
            }
            let expected = expected.ok_or_else(|| {
                EngineError::invalid(format!("{name}() cannot be used in the selection clause of a SELECT statement"))
            })?;
            Ok(Some(vec![serialized(name, vec![NativeType::Text.into()], expected.clone(), from_json)]))
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

fn from_json(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    let Some(Some(text)) = arguments.first() else { return Ok(None) };
    let failed = |message: String| EngineError::Function {
        function: function.name.clone(),
        argument_types: vec!["text".to_owned()],
        message,
    };
    match serde_json::from_slice(text) {
        Ok(serde_json::Value::Null) => Ok(None),
        Ok(json) => json_value(&function.returns, &json)
            .map(Some)
            .map_err(|reason| failed(format!("org.apache.cassandra.serializers.MarshalException: {reason}"))),
        Err(error) => Err(failed(format!(
            "execution of 'system.{}[text]' failed: Could not decode JSON string '{}': {error}",
            function.name,
            String::from_utf8_lossy(text)
        ))),
    }
}
