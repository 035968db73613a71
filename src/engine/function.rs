//! Cassandra's native functions. A name has overloads; the types of the arguments choose one.

mod arithmetic;
mod blob;
mod cast;
mod collection;
mod hash;
mod json;
mod masking;
mod math;
pub(super) mod number;
mod time;
mod transcendental;
mod vector;

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType, Value};

use super::argument::{Fit, Shape};
use super::environment::Environment;
use super::error::EngineError;
use super::table::Table;

pub(super) use arithmetic::{divide_half_even, negation, operation, operation_name, result_of, symbol};
pub(super) use cast::cast;
pub(super) use json::returns_anything;
use number::Number;

/// One overload of a function.
#[derive(Clone, Debug)]
pub(super) struct Function {
    /// Its name, or for an operator its symbol.
    pub(super) name: String,
    pub(super) parameters: Vec<CqlType>,
    pub(super) returns: CqlType,
    body: Body,
}

#[derive(Clone, Copy, Debug)]
enum Body {
    /// Of values; if one of them is null, or empty where that means no value, the result is null.
    Values(fn(&Function, &[Value]) -> Result<Option<Value>, EngineError>),
    /// Of serialized values, nulls included.
    Serialized(OfSerialized),
    /// Of nothing but the moment and chance.
    Environment(fn(&mut dyn Environment) -> Value),
}

type OfSerialized = fn(&Function, &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError>;

impl Function {
    /// The result for serialized arguments.
    pub(super) fn call(
        &self,
        arguments: &[Option<Bytes>],
        environment: &mut dyn Environment,
    ) -> Result<Option<Bytes>, EngineError> {
        match self.body {
            Body::Environment(body) => Ok(Some(body(environment).to_bytes().into())),
            Body::Serialized(body) => body(self, arguments),
            Body::Values(body) => {
                let mut values = Vec::with_capacity(arguments.len());
                for (argument, cql_type) in arguments.iter().zip(&self.parameters) {
                    let Some(argument) = argument else { return Ok(None) };
                    match Value::decode(cql_type, argument)? {
                        Value::Empty => return Ok(None),
                        value => values.push(value),
                    }
                }
                Ok(body(self, &values)?.map(|value| value.to_bytes().into()))
            }
        }
    }

    /// As Cassandra lists it: `system.todate : (timestamp) -> date`.
    fn signature(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(ToString::to_string).collect();
        format!("system.{} : ({}) -> {}", self.name, parameters.join(", "), self.returns)
    }
}

/// `total + number`, in a numeric type that does not overflow where it should not.
pub(super) fn accumulate(total: &Number, number: &Number, native: NativeType) -> Result<Number, EngineError> {
    arithmetic::compute("+", total, number, native).map_err(EngineError::invalid)
}

/// The overloads that a function of this name has for arguments of these shapes, where a value of type `expected` is needed;
/// `text` gives an argument as it was written. `None`: there is no such function.
///
/// # Errors
/// For arguments that the function's own rules refuse (`FunctionFactory`).
pub(super) fn overloads(
    name: &str,
    arguments: &[Shape],
    table: Option<&Table>,
    expected: Option<&CqlType>,
    text: &dyn Fn(usize) -> String,
) -> Result<Option<Vec<Function>>, EngineError> {
    let name = name.to_ascii_lowercase();
    if name == "token" {
        let Some(table) = table else { return Ok(None) };
        let parameters = table.partition_key().iter().map(|column| column.cql_type.clone()).collect();
        return Ok(Some(vec![serialized(&name, parameters, NativeType::BigInt, token)]));
    }
    if let Some(overloads) = json::overloads(&name, arguments, expected, text)? {
        return Ok(Some(overloads));
    }
    if let Some(overloads) = masking::overloads(&name, arguments, expected, text)? {
        return Ok(Some(overloads));
    }
    if let Some(overloads) = vector::overloads(&name, arguments, text)? {
        return Ok(Some(overloads));
    }
    Ok(time::overloads(&name)
        .or_else(|| blob::overloads(&name))
        .or_else(|| math::overloads(&name))
        .or_else(|| collection::overloads(&name, arguments)))
}

/// What `sum` and `avg` are of each type of numbers, to choose among.
pub(super) fn aggregate(name: &str, cql_type: CqlType) -> Function {
    serialized(name, vec![cql_type.clone()], cql_type, |_, arguments| Ok(arguments.first().cloned().flatten()))
}

/// The refusal of an argument whose type is not known.
fn unclear(function: &str, parameters: &str, argument: &str) -> EngineError {
    EngineError::invalid(format!(
        "Cannot infer type of argument {argument} in call to function system.{function}({parameters}): use type casts to \
         disambiguate"
    ))
}

/// Chooses among overloads by the shapes of the arguments, and by the type that is expected of the result; `text` gives an
/// argument as it was written.
pub(super) fn choose(
    name: &str,
    overloads: Vec<Function>,
    arguments: &[Shape],
    text: &dyn Fn(usize) -> String,
    expected: Option<&CqlType>,
) -> Result<Function, EngineError> {
    if overloads.is_empty() {
        let found = arguments.first().and_then(Shape::natural_type).map_or("?".to_owned(), |ty| ty.to_string());
        return Err(EngineError::invalid(format!(
            "Function system.{name} requires a {} argument, but found argument {} of type {found}",
            requirement(name),
            text(0)
        )));
    }
    let signatures = |functions: &[Function]| functions.iter().map(Function::signature).collect::<Vec<_>>().join(", ");
    if let [only] = overloads.as_slice() {
        check_only(only, arguments, text)?;
        return overloads.into_iter().next().ok_or_else(|| EngineError::invalid("no overload"));
    }
    let all = signatures(&overloads);
    let mut fitting: Vec<(Fit, Function)> = overloads
        .into_iter()
        .filter(|function| function.parameters.len() == arguments.len())
        .filter(|function| {
            let returned = Shape::Known(function.returns.clone());
            expected.is_none_or(|expected| returned.fit(expected) != Fit::Not)
        })
        .map(|function| {
            let fits = function.parameters.iter().zip(arguments).map(|(parameter, shape)| shape.fit(parameter));
            (fits.min().unwrap_or(Fit::Exact), function)
        })
        .filter(|(fit, _)| *fit != Fit::Not)
        .collect();
    if let Some(exact) = fitting.iter().position(|(fit, _)| *fit == Fit::Exact) {
        return Ok(fitting.swap_remove(exact).1);
    }
    match fitting.len() {
        0 => Err(EngineError::invalid(format!(
            "Invalid call to function {name}, none of its type signatures match (known type signatures: {all})"
        ))),
        1 => Ok(fitting.swap_remove(0).1),
        _ => {
            let matching: Vec<Function> = fitting.into_iter().map(|(_, function)| function).collect();
            Err(EngineError::invalid(format!(
                "Ambiguous call to function {name} (can be matched by following signatures: {}): use type casts to \
                 disambiguate",
                signatures(&matching)
            )))
        }
    }
}

/// What a function of any collection or vector of some kind asks for.
fn requirement(name: &str) -> &'static str {
    match name {
        "map_keys" | "map_values" => "map",
        "collection_count" => "collection",
        "collection_sum" | "collection_avg" => "numeric set/list",
        "collection_min" | "collection_max" => "set or list",
        _ => "float vector",
    }
}

fn check_only(function: &Function, arguments: &[Shape], text: &dyn Fn(usize) -> String) -> Result<(), EngineError> {
    let (required, provided) = (function.parameters.len(), arguments.len());
    if required != provided {
        return Err(EngineError::invalid(format!(
            "Invalid number of arguments in call to function system.{}: {required} required but {provided} provided",
            function.name
        )));
    }
    for (index, (parameter, shape)) in function.parameters.iter().zip(arguments).enumerate() {
        if shape.fit(parameter) == Fit::Not {
            return Err(EngineError::invalid(format!(
                "Type error: {} cannot be passed as argument {index} of function system.{} of type {parameter}",
                text(index),
                function.name
            )));
        }
    }
    Ok(())
}

fn values(
    name: &str,
    parameters: impl IntoIterator<Item = CqlType>,
    returns: impl Into<CqlType>,
    body: fn(&Function, &[Value]) -> Result<Option<Value>, EngineError>,
) -> Function {
    Function {
        name: name.to_owned(),
        parameters: parameters.into_iter().collect(),
        returns: returns.into(),
        body: Body::Values(body),
    }
}

fn serialized(name: &str, parameters: Vec<CqlType>, returns: impl Into<CqlType>, body: OfSerialized) -> Function {
    Function { name: name.to_owned(), parameters, returns: returns.into(), body: Body::Serialized(body) }
}

fn environmental(name: &str, returns: NativeType, body: fn(&mut dyn Environment) -> Value) -> Vec<Function> {
    let body = Body::Environment(body);
    vec![Function { name: name.to_owned(), parameters: Vec::new(), returns: returns.into(), body }]
}

fn token(_: &Function, key: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    let parts: Option<Vec<&[u8]>> = key.iter().map(Option::as_deref).collect();
    let Some(parts) = parts else { return Ok(None) };
    let token = quorate_protocol::value::token::Token::of_key(parts);
    let token = token.map_err(|error| EngineError::invalid(error.to_string()))?;
    Ok(Some(Bytes::copy_from_slice(&token.0.to_be_bytes())))
}
