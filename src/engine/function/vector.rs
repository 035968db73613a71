//! How alike two vectors of floats are (`VectorFcts`).

use quorate_protocol::value::{CqlType, NativeType, Value};

use super::{Function, values};
use crate::engine::argument::Shape;
use crate::engine::error::EngineError;

pub(super) fn overloads(name: &str, arguments: &[Shape]) -> Option<Vec<Function>> {
    let body: fn(&Function, &[Value]) -> _ = match name {
        "similarity_cosine" => cosine,
        "similarity_euclidean" => euclidean,
        "similarity_dot_product" => dot_product,
        _ => return None,
    };
    let is_vector =
        |ty: &CqlType| matches!(ty, CqlType::Vector { element, .. } if **element == NativeType::Float.into());
    let vector = arguments.iter().filter_map(Shape::natural_type).find(is_vector);
    Some(vector.map(|ty| values(name, [ty.clone(), ty], NativeType::Float, body)).into_iter().collect())
}

fn cosine(_: &Function, arguments: &[Value]) -> Result<Option<Value>, EngineError> {
    Ok(pairs(arguments).map(|pairs| {
        let (dot, left, right) =
            pairs.iter().fold((0.0, 0.0, 0.0), |(dot, left, right), (a, b)| (dot + a * b, left + a * a, right + b * b));
        similarity((1.0 + dot / (left * right).sqrt()) / 2.0)
    }))
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
