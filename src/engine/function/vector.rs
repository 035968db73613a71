//! How alike two vectors of floats are (`VectorFcts`).

use quorate_protocol::value::{CqlType, NativeType, Value};

use super::{Function, unclear, values};
use crate::engine::argument::Shape;
use crate::engine::error::EngineError;

const PARAMETERS: &str = "vector<float, n>, vector<float, n>";

/// See [`super::overloads`].
pub(super) fn overloads(
    name: &str,
    arguments: &[Shape],
    text: &dyn Fn(usize) -> String,
) -> Result<Option<Vec<Function>>, EngineError> {
    let body: fn(&Function, &[Value]) -> _ = match name {
        "similarity_cosine" => cosine,
        "similarity_euclidean" => euclidean,
        "similarity_dot_product" => dot_product,
        _ => return Ok(None),
    };
    let [left, right] = arguments else {
        return Err(EngineError::invalid(format!(
            "Invalid number of arguments for function system.{name}({PARAMETERS})"
        )));
    };
    let (mut left, mut right) = (vector_type(left), vector_type(right));
    // what is unclear has the type of the other
    left = left.or_else(|| right.clone());
    right = right.or_else(|| left.clone());
    let (Some(left), Some(right)) = (left, right) else { return Err(unclear(name, PARAMETERS, &text(0))) };
    for (index, cql_type) in [&left, &right].into_iter().enumerate() {
        if !matches!(cql_type, CqlType::Vector { element, .. } if **element == NativeType::Float.into()) {
            return Err(EngineError::invalid(format!(
                "Function system.{name} requires a float vector argument, but found argument {} of type {cql_type}",
                text(index)
            )));
        }
    }
    if left != right {
        return Err(EngineError::invalid("All arguments must have the same vector dimensions"));
    }
    Ok(Some(vec![values(name, [left, right], NativeType::Float, body)]))
}

/// The type of an argument; a list of constants is a vector of floats here.
fn vector_type(argument: &Shape) -> Option<CqlType> {
    match argument {
        Shape::List(parts) => {
            u32::try_from(parts.len()).ok().and_then(|length| CqlType::vector(NativeType::Float, length).ok())
        }
        other => compatible_type(other),
    }
}

/// The type that an argument has where nothing demands another (`getCompatibleTypeIfKnown`).
fn compatible_type(shape: &Shape) -> Option<CqlType> {
    match shape {
        Shape::Set(parts) => {
            parts.iter().find_map(compatible_type).map(|element| CqlType::set(element.freeze()).freeze())
        }
        Shape::Tuple(parts) if parts.len() > 1 => {
            parts.iter().map(compatible_type).collect::<Option<Vec<_>>>().map(CqlType::tuple)
        }
        other => other.preferred_type(),
    }
}

fn cosine(function: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    let Some(pairs) = pairs(arguments) else { return Ok(None) };
    if pairs.iter().all(|(a, _)| *a == 0.0) || pairs.iter().all(|(_, b)| *b == 0.0) {
        return Err(EngineError::invalid(format!(
            "Function system.{} doesn't support all-zero vectors.",
            function.name
        )));
    }
    let (dot, left, right) =
        pairs.iter().fold((0.0, 0.0, 0.0), |(dot, left, right), (a, b)| (dot + a * b, left + a * a, right + b * b));
    Ok(Some(similarity((1.0 + dot / (left * right).sqrt()) / 2.0)))
}

fn euclidean(_: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    Ok(pairs(arguments).map(|pairs| {
        let distance: f64 = pairs.iter().map(|(a, b)| (a - b) * (a - b)).sum();
        similarity(1.0 / (1.0 + distance))
    }))
}

fn dot_product(_: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    Ok(pairs(arguments).map(|pairs| {
        let dot: f64 = pairs.iter().map(|(a, b)| a * b).sum();
        similarity((1.0 + dot) / 2.0)
    }))
}

fn similarity(value: f64) -> Value {
    Value::Float(value as f32)
}

fn pairs(arguments: &[Value]) -> Option<Vec<(f64, f64)>> {
    let [Value::Vector(left), Value::Vector(right)] = arguments else { return None };
    let pair = |pair: (&Value, &Value)| match pair {
        (Value::Float(a), Value::Float(b)) => Some((f64::from(*a), f64::from(*b))),
        _ => None,
    };
    left.iter().zip(right).map(pair).collect()
}
