//! Functions of one collection (`CollectionFcts`).

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType, Value, compare};

use super::number::{NUMERIC, Number};
use super::{Function, accumulate, serialized};
use crate::engine::aggregate::mean;
use crate::engine::argument::Shape;
use crate::engine::error::EngineError;
use crate::engine::expression::parts_of;

pub(super) fn overloads(name: &str, arguments: &[Shape]) -> Option<Vec<Function>> {
    let collection = arguments.first().and_then(Shape::natural_type).filter(CqlType::is_collection);
    let element = match &collection {
        Some(CqlType::List { element, .. } | CqlType::Set { element, .. }) => Some(CqlType::clone(element)),
        _ => None,
    };
    let numeric = element.clone().filter(|element| matches!(element, CqlType::Native(n) if NUMERIC.contains(n)));
    let one = |returns: Option<CqlType>, body| {
        let overload = collection.clone().zip(returns);
        Some(
            overload.map(|(parameter, returns)| serialized(name, vec![parameter], returns, body)).into_iter().collect(),
        )
    };
    match (name, &collection) {
        ("map_keys", Some(CqlType::Map { key, .. })) => one(Some(CqlType::set(CqlType::clone(key))), keys),
        ("map_values", Some(CqlType::Map { value, .. })) => one(Some(CqlType::list(CqlType::clone(value))), entries),
        ("map_keys" | "map_values", _) => one(None, keys),
        ("collection_count", _) => one(Some(NativeType::Int.into()), count),
        ("collection_min", _) => one(element, min),
        ("collection_max", _) => one(element, max),
        ("collection_sum", _) => one(numeric, sum),
        ("collection_avg", _) => one(numeric, average),
        _ => None,
    }
}

fn parts(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Vec<Bytes>>, EngineError> {
    match (arguments, function.parameters.as_slice()) {
        ([Some(value)], [cql_type]) => {
            Ok(Some(parts_of(cql_type, Some(value.clone()))?.into_iter().flatten().collect()))
        }
        _ => Ok(None),
    }
}

fn keys(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    let keys = parts(function, arguments)?.map(|parts| parts.into_iter().step_by(2).map(Some).collect());
    keys.map(|keys| crate::engine::expression::compose(&function.returns, keys)).transpose()
}

fn entries(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    let values = parts(function, arguments)?.map(|parts| parts.into_iter().skip(1).step_by(2).map(Some).collect());
    values.map(|values| crate::engine::expression::compose(&function.returns, values)).transpose()
}

fn count(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    let step = if matches!(function.parameters.first(), Some(CqlType::Map { .. })) { 2 } else { 1 };
    let count = parts(function, arguments)?.map(|parts| (parts.len() / step) as i32);
    Ok(count.map(|count| Value::Int(count).to_bytes().into()))
}

fn min(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    let parts = parts(function, arguments)?.unwrap_or_default();
    Ok(parts.into_iter().min_by(|left, right| compare(&function.returns, left, right)))
}

fn max(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    let parts = parts(function, arguments)?.unwrap_or_default();
    Ok(parts.into_iter().max_by(|left, right| compare(&function.returns, left, right)))
}

fn sum(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    Ok(total(function, arguments)?.map(|(total, _, _)| total.to_bytes().into()))
}

fn average(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    let Some((total, count, native)) = total(function, arguments)? else { return Ok(None) };
    let mean = Number::of(&total).and_then(|total| mean(&total, count, native));
    Ok(mean.map(|mean| mean.to_bytes().into()))
}

fn total(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<(Value, u64, NativeType)>, EngineError> {
    let CqlType::Native(native) = function.returns else { return Ok(None) };
    let Some(parts) = parts(function, arguments)? else { return Ok(None) };
    let mut total = Number::Integer(0);
    for part in &parts {
        if let Some(number) = Number::of(&Value::decode(&function.returns, part)?) {
            total = accumulate(&total, &number, native)?;
        }
    }
    Ok(total.into_value(native).map(|total| (total, parts.len() as u64, native)))
}
