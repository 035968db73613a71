//! Functions that hide values (`MaskingFcts`).

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType, Value};

use super::hash::{Algorithm, digest};
use super::{Function, serialized, unclear};
use crate::engine::argument::{Fit, Shape};
use crate::engine::error::EngineError;

/// See [`super::overloads`].
pub(super) fn overloads(
    name: &str,
    arguments: &[Shape],
    expected: Option<&CqlType>,
    text: &dyn Fn(usize) -> String,
) -> Result<Option<Vec<Function>>, EngineError> {
    let Some(signature) = Signature::of(name) else { return Ok(None) };
    if arguments.len() < signature.required || arguments.len() > signature.required + signature.optional {
        return Err(EngineError::invalid(format!(
            "Invalid number of arguments for function system.{name}({})",
            signature.parameters
        )));
    }
    let known = |index: usize| arguments.get(index).and_then(Shape::preferred_type);
    let masked = match (name, known(0)) {
        ("mask_inner" | "mask_outer", None) => Some(NativeType::Text.into()),
        ("mask_replace", None) => expected.cloned(),
        (_, known) => known,
    };
    let masked = masked.ok_or_else(|| unclear(name, signature.parameters, &text(0)))?;
    let is_text = Shape::Known(masked.clone()).fit(&NativeType::Text.into()) != Fit::Not;
    let (returns, rest): (CqlType, Vec<CqlType>) = match name {
        "mask_hash" => (NativeType::Blob.into(), vec![NativeType::Text.into()]),
        "mask_replace" => (masked.clone(), vec![masked.clone()]),
        "mask_inner" | "mask_outer" => {
            if !is_text {
                return Err(EngineError::invalid(format!(
                    "Function system.{name} requires an argument of type [text|varchar|ascii], but found argument {} of \
                     type {masked}",
                    text(0)
                )));
            }
            (masked.clone(), vec![NativeType::Int.into(), NativeType::Int.into(), NativeType::Text.into()])
        }
        _ => (masked.clone(), Vec::new()),
    };
    let rest = rest.into_iter().take(arguments.len().saturating_sub(1));
    let parameters = std::iter::once(masked).chain(rest).collect();
    Ok(Some(vec![serialized(name, parameters, returns, signature.body)]))
}

type Body = fn(&Function, &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError>;

struct Signature {
    required: usize,
    optional: usize,
    parameters: &'static str,
    body: Body,
}

impl Signature {
    fn of(name: &str) -> Option<Self> {
        let string = "[text|varchar|ascii], int, int, [text]";
        let (required, optional, parameters, body): (_, _, _, Body) = match name {
            "mask_null" => (1, 0, "any", |_, _| Ok(None)),
            "mask_default" => (1, 0, "any", default),
            "mask_replace" => (2, 0, "any, any", |_, arguments| Ok(arguments.get(1).cloned().flatten())),
            "mask_hash" => (1, 1, "any, [text]", hash),
            "mask_inner" => (3, 1, string, inner),
            "mask_outer" => (3, 1, string, outer),
            _ => return None,
        };
        Some(Signature { required, optional, parameters, body })
    }
}

fn default(function: &Function, _: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    Ok(function.parameters.first().and_then(masked_value).map(|value| value.to_bytes().into()))
}

/// What a value of the type is shown as (`AbstractType.getMaskedValue`).
fn masked_value(cql_type: &CqlType) -> Option<Value> {
    Some(match cql_type {
        CqlType::List { .. } => Value::List(Vec::new()),
        CqlType::Set { .. } => Value::Set(Vec::new()),
        CqlType::Map { .. } => Value::Map(Vec::new()),
        CqlType::Tuple(types) => Value::Tuple(types.iter().map(masked_value).collect()),
        CqlType::Udt { definition, .. } => {
            Value::Udt(definition.fields.iter().map(|(_, cql_type)| masked_value(cql_type)).collect())
        }
        CqlType::Vector { element, dimension } => {
            let element = masked_value(element)?;
            Value::Vector(vec![element; usize::try_from(*dimension).ok()?])
        }
        CqlType::Custom(_) => return None,
        CqlType::Native(native) => {
            let text = match native {
                NativeType::Ascii | NativeType::Text => "****",
                NativeType::Blob => "0x",
                NativeType::Boolean => "false",
                NativeType::Date => "1970-01-01",
                NativeType::Time => "00:00:00",
                NativeType::Timestamp => "1970-01-01T00:00:00Z",
                NativeType::Inet => "0.0.0.0",
                NativeType::Uuid => "00000000-0000-0000-0000-000000000000",
                NativeType::TimeUuid => "00000000-0000-1000-8000-000000000000",
                NativeType::Duration => "0ns",
                NativeType::Empty => return Some(Value::Empty),
                _ => "0",
            };
            Value::parse(*native, text).ok()?
        }
    })
}

fn hash(_: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    let algorithm = match arguments.get(1).and_then(Option::as_ref) {
        None => Algorithm::Sha256,
        Some(name) => {
            let name = String::from_utf8_lossy(name);
            Algorithm::of(&name).ok_or_else(|| EngineError::invalid(format!("Hash algorithm not found: {name}")))?
        }
    };
    Ok(arguments.first().and_then(Option::as_ref).map(|value| digest(algorithm, value)))
}

fn inner(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    partial(function, arguments, |position, begin, end| position >= begin && position <= end)
}

fn outer(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    partial(function, arguments, |position, begin, end| position < begin || position > end)
}

fn partial(
    function: &Function,
    arguments: &[Option<Bytes>],
    is_masked: fn(i64, i64, i64) -> bool,
) -> Result<Option<Bytes>, EngineError> {
    let padding = match arguments.get(3).and_then(Option::as_ref) {
        None => u16::from(b'*'),
        Some(padding) => {
            let padding = String::from_utf8_lossy(padding).into_owned();
            let units: Vec<u16> = padding.encode_utf16().collect();
            let [unit] = units.as_slice() else {
                return Err(EngineError::invalid(format!(
                    "The padding argument for function system.{} should be single-character, but '{padding}' has {} \
                     characters.",
                    function.name,
                    units.len()
                )));
            };
            *unit
        }
    };
    let Some(Some(text)) = arguments.first() else { return Ok(None) };
    let number = |index: usize| {
        let number = arguments.get(index).and_then(Option::as_ref);
        number.and_then(|bytes| <[u8; 4]>::try_from(bytes.as_ref()).ok()).map_or(0, i32::from_be_bytes)
    };
    let units: Vec<u16> = String::from_utf8_lossy(text).encode_utf16().collect();
    let (begin, end) = (i64::from(number(1)), units.len() as i64 - 1 - i64::from(number(2)));
    let masked = units.iter().enumerate().map(
        |(position, unit)| {
            if is_masked(position as i64, begin, end) { padding } else { *unit }
        },
    );
    Ok(Some(String::from_utf16_lossy(&masked.collect::<Vec<_>>()).into()))
}
