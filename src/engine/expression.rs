//! Compiled expressions: what a selector or term is worth for a row.

use std::cmp::Ordering;

use bytes::Bytes;
use quorate_protocol::value::{CqlType, Value, compare};

use super::environment::Environment;
use super::error::EngineError;
use super::function::Function;
use super::table::Row;

/// An expression and the type of its values.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) expression: Expression,
    pub(super) cql_type: CqlType,
}

/// How a value comes about. Values are serialized; null is the absence of one.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Constant(Option<Bytes>),
    /// The bind value of this index.
    Bind(usize),
    /// The cell of the column of this index.
    Column(usize),
    /// The result of the aggregate of this index over the rows of the group.
    Aggregate(usize),
    Call(Box<Function>, Vec<Expression>),
    /// Operations from left to right, each on the result so far and its own operand. Flat, so that a long one is not deep.
    Chain(Box<Expression>, Vec<(Function, Expression)>),
    /// A collection, tuple, vector or value of a user type; of a map keys and values alternate.
    Composite(CqlType, Vec<Expression>),
    /// A field of a user type.
    Field(Box<Typed>, usize),
    /// `m[key]`, `s[key]`, and what the collection is called.
    Element(Box<Typed>, Box<Expression>, Box<str>),
    /// `m[from..to]`, both inclusive and optional.
    Slice(Box<Typed>, Option<Box<Expression>>, Option<Box<Expression>>, Box<str>),
}

/// What expressions draw their values from.
pub(super) struct Context<'a> {
    /// The cells of the row; `None` where there is no row.
    pub(super) row: Option<&'a Row>,
    pub(super) binds: &'a [Option<Bytes>],
    pub(super) aggregates: &'a [Option<Bytes>],
    pub(super) environment: &'a mut dyn Environment,
}

impl Expression {
    /// Calls `visit` with each column that the expression draws on, in the order in which they stand.
    pub(super) fn for_each_column(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Expression::Constant(_) | Expression::Bind(_) | Expression::Aggregate(_) => {}
            Expression::Column(index) => visit(*index),
            Expression::Call(_, parts) | Expression::Composite(_, parts) => {
                parts.iter().for_each(|part| part.for_each_column(visit));
            }
            Expression::Chain(first, rest) => {
                first.for_each_column(visit);
                rest.iter().for_each(|(_, operand)| operand.for_each_column(visit));
            }
            Expression::Field(of, _) => of.expression.for_each_column(visit),
            Expression::Element(of, key, _) => {
                of.expression.for_each_column(visit);
                key.for_each_column(visit);
            }
            Expression::Slice(of, from, to, _) => {
                of.expression.for_each_column(visit);
                from.iter().chain(to).for_each(|bound| bound.for_each_column(visit));
            }
        }
    }

    pub(super) fn evaluate(&self, context: &mut Context<'_>) -> Result<Option<Bytes>, EngineError> {
        match self {
            Expression::Constant(value) => Ok(value.clone()),
            Expression::Bind(index) => Ok(context.binds.get(*index).cloned().flatten()),
            Expression::Column(index) => Ok(context.row.and_then(|row| row.get(*index).cloned().flatten())),
            Expression::Aggregate(index) => Ok(context.aggregates.get(*index).cloned().flatten()),
            Expression::Call(function, arguments) => {
                let values = arguments.iter().map(|argument| argument.evaluate(context));
                let values = values.collect::<Result<Vec<_>, _>>()?;
                function.call(&values, context.environment)
            }
            Expression::Chain(first, rest) => {
                let mut result = first.evaluate(context)?;
                for (function, operand) in rest {
                    let operand = operand.evaluate(context)?;
                    result = function.call(&[result, operand], context.environment)?;
                }
                Ok(result)
            }
            Expression::Composite(cql_type, parts) => {
                let values = parts.iter().map(|part| part.evaluate(context)).collect::<Result<Vec<_>, _>>()?;
                compose(cql_type, values).map(Some)
            }
            Expression::Field(of, index) => {
                let parts = parts_of(&of.cql_type, of.expression.evaluate(context)?)?;
                Ok(parts.into_iter().nth(*index).flatten())
            }
            Expression::Element(of, key, name) => {
                let Some(key) = key.evaluate(context)? else {
                    return Err(EngineError::invalid(format!("Invalid null value for element selection on {name}")));
                };
                let collection = of.expression.evaluate(context)?;
                element(&of.cql_type, collection, &key)
            }
            Expression::Slice(of, from, to, name) => {
                let bound = |bound: &Option<Box<Expression>>, context: &mut Context<'_>| match bound {
                    Some(bound) => match bound.evaluate(context)? {
                        None => Err(EngineError::invalid(format!("Invalid null value for slice selection on {name}"))),
                        bound => Ok(bound),
                    },
                    None => Ok(None),
                };
                let (from, to) = (bound(from, context)?, bound(to, context)?);
                let collection = of.expression.evaluate(context)?;
                slice(&of.cql_type, collection, from.as_deref(), to.as_deref())
            }
        }
    }
}

/// The value at `key` in a serialized map, or `key` itself if it is in a serialized set.
pub(super) fn element(cql_type: &CqlType, collection: Option<Bytes>, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
    let parts = parts_of(cql_type, collection)?;
    let (key_type, step) = key_and_step(cql_type);
    let found = parts.chunks(step).find(|entry| {
        let candidate = entry.first().and_then(Option::as_ref);
        candidate.is_some_and(|candidate| key_type.is_some_and(|ty| compare(ty, candidate, key).is_eq()))
    });
    Ok(found.and_then(|entry| entry.last().cloned().flatten()))
}

fn slice(
    cql_type: &CqlType,
    collection: Option<Bytes>,
    from: Option<&[u8]>,
    to: Option<&[u8]>,
) -> Result<Option<Bytes>, EngineError> {
    if collection.is_none() {
        return Ok(None);
    }
    let (key_type, step) = key_and_step(cql_type);
    let Some(key_type) = key_type else { return Ok(None) };
    let parts = parts_of(cql_type, collection)?;
    let is_within = |key: &Bytes| {
        from.is_none_or(|from| compare(key_type, key, from).is_ge())
            && to.is_none_or(|to| compare(key_type, key, to).is_le())
    };
    let kept = parts.chunks(step).filter(|entry| entry.first().and_then(Option::as_ref).is_some_and(is_within));
    let kept: Vec<_> = kept.flatten().cloned().collect();
    // what is stored element by element is not there without any
    if kept.is_empty() && cql_type.is_multi_cell() { Ok(None) } else { compose(cql_type, kept).map(Some) }
}

/// The type of what a collection is addressed by, and of how many parts an entry consists.
fn key_and_step(cql_type: &CqlType) -> (Option<&CqlType>, usize) {
    match cql_type {
        CqlType::Map { key, .. } => (Some(key), 2),
        CqlType::Set { element, .. } | CqlType::List { element, .. } => (Some(element), 1),
        _ => (None, 1),
    }
}

/// The serialized parts of a composite value: elements, components, fields, or keys and values in turn.
pub(super) fn parts_of(cql_type: &CqlType, value: Option<Bytes>) -> Result<Vec<Option<Bytes>>, EngineError> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let bytes = |value: Value| Bytes::from(value.to_bytes());
    Ok(match Value::decode(cql_type, &value)? {
        Value::List(parts) | Value::Set(parts) | Value::Tuple(parts) | Value::Udt(parts) => {
            parts.into_iter().map(|part| part.map(bytes)).collect()
        }
        Value::Map(pairs) => pairs.into_iter().flat_map(|(key, value)| [key.map(bytes), value.map(bytes)]).collect(),
        Value::Vector(parts) => parts.into_iter().map(|part| Some(bytes(part))).collect(),
        _ => Vec::new(),
    })
}

/// Serializes a composite value of its parts. Sets and maps are sorted, and of equal keys the last one counts.
pub(super) fn compose(cql_type: &CqlType, parts: Vec<Option<Bytes>>) -> Result<Bytes, EngineError> {
    let decode = |ty: &CqlType, part: &Option<Bytes>| part.as_ref().map(|bytes| Value::decode(ty, bytes)).transpose();
    let non_null = || {
        if parts.iter().all(Option::is_some) {
            Ok(())
        } else {
            Err(EngineError::invalid("null is not supported inside collections"))
        }
    };
    let value = match cql_type {
        CqlType::List { element, .. } => {
            non_null()?;
            Value::List(parts.iter().map(|part| decode(element, part)).collect::<Result<_, _>>()?)
        }
        CqlType::Vector { element, .. } => {
            non_null()?;
            let parts = parts.iter().flatten().map(|part| Value::decode(element, part));
            Value::Vector(parts.collect::<Result<_, _>>()?)
        }
        CqlType::Set { element, .. } => {
            non_null()?;
            let sorted = sorted_entries(element, &parts, 1);
            Value::Set(sorted.into_iter().flatten().map(|part| decode(element, part)).collect::<Result<_, _>>()?)
        }
        CqlType::Map { key, value, .. } => {
            non_null()?;
            let sorted = sorted_entries(key, &parts, 2);
            let pairs = sorted.into_iter().filter_map(|entry| entry.first().zip(entry.last()));
            let pairs = pairs.map(|(k, v)| Ok::<_, EngineError>((decode(key, k)?, decode(value, v)?)));
            Value::Map(pairs.collect::<Result<_, _>>()?)
        }
        CqlType::Tuple(types) => {
            let components = types.iter().zip(&parts).map(|(ty, part)| decode(ty, part));
            Value::Tuple(components.collect::<Result<_, _>>()?)
        }
        CqlType::Udt { definition, .. } => {
            let fields = definition.fields.iter().zip(&parts).map(|((_, ty), part)| decode(ty, part));
            Value::Udt(fields.collect::<Result<_, _>>()?)
        }
        CqlType::Native(_) | CqlType::Custom(_) => return Ok(parts.into_iter().flatten().next().unwrap_or_default()),
    };
    Ok(Bytes::from(value.to_bytes()))
}

fn sorted_entries<'a>(key_type: &CqlType, parts: &'a [Option<Bytes>], step: usize) -> Vec<&'a [Option<Bytes>]> {
    let key = |entry: &[Option<Bytes>]| entry.first().cloned().flatten().unwrap_or_default();
    let mut entries: Vec<&[Option<Bytes>]> = parts.chunks(step).collect();
    // of equal keys the last one must come first, to be the one that is kept
    entries.reverse();
    entries.sort_by(|left, right| compare(key_type, &key(left), &key(right)));
    entries.dedup_by(|later, kept| compare(key_type, &key(later), &key(kept)) == Ordering::Equal);
    entries
}
