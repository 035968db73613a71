//! Values to JSON and back (`ToJsonFct`, `FromJsonFct`).

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType};
use serde_json::Value as Json;

use super::{Function, serialized, unclear};
use crate::engine::argument::{Fit, Shape};
use crate::engine::error::EngineError;
use crate::engine::modification::json::value;

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
            let [argument] = arguments else { return Err(wrong_count(name, "text")) };
            let parameter = CqlType::from(NativeType::Text);
            if argument.fit(&parameter) == Fit::Not {
                let found = argument.preferred_type().map_or("?".to_owned(), |found| found.to_string());
                return Err(EngineError::invalid(format!(
                    "Function system.{name} requires an argument of type text, but found argument {} of type {found}",
                    text(0)
                )));
            }
            let refused = || format!("{name}() cannot be used in the selection clause of a SELECT statement");
            let returns = expected.cloned().ok_or_else(|| EngineError::invalid(refused()))?;
            Ok(Some(vec![serialized(name, vec![parameter], returns, from_json)]))
        }
        _ => Ok(None),
    }
}

/// Whether a function returns whatever is needed where it is called.
pub(in crate::engine) fn returns_anything(name: &str) -> bool {
    name.eq_ignore_ascii_case("fromjson") || name.eq_ignore_ascii_case("from_json")
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
    let [Some(text)] = arguments else { return Ok(None) };
    let text = std::str::from_utf8(text).map_err(|_| EngineError::invalid("String didn't validate."))?;
    let failed = |message: String| EngineError::Function {
        function: function.name.clone(),
        argument_types: vec!["text".to_owned()],
        message,
    };
    match serde_json::from_str(text) {
        Ok(Json::Null) => Ok(None),
        Ok(json) => {
            let marshal =
                |reason: String| failed(format!("org.apache.cassandra.serializers.MarshalException: {reason}"));
            value::from_json(&function.returns, &json).map(Some).map_err(marshal)
        }
        Err(error) => Err(failed(format!(
            "execution of 'system.{}[text]' failed: Could not decode JSON string '{text}': {}",
            function.name,
            parse_failure(text, &error)
        ))),
    }
}

/// Why a text is not JSON, in the words of Cassandra's parser where a word stands in place of a value.
fn parse_failure(text: &str, error: &serde_json::Error) -> String {
    const PARSER: &str = "com.fasterxml.jackson.core.JsonParseException";
    let length = text.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$')).count();
    if length == 0 || !text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '$')) {
        return format!("{PARSER}: {error}");
    }
    let word: String = text.chars().take(length).collect();
    format!(
        "{PARSER}: Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' \
         or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {}]",
        length + 1
    )
}
