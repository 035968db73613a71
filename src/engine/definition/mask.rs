//! MASKED WITH (`ColumnMask`): which function, and the values of its arguments.

use quorate_protocol::cql::ast::{Constant, Mask, QualifiedName, Term};
use quorate_protocol::value::{CqlType, NativeType, quote_identifier};

use super::Features;
use super::scope::written;
use crate::engine::Column;
use crate::engine::argument::{ConstantKind, preferred_type};
use crate::engine::bind::Receiver;
use crate::engine::constant::constant;
use crate::engine::error::EngineError;
use crate::engine::name::term_text;
use crate::engine::schema::ColumnMask;

/// The native functions that mask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    Default,
    Hash,
    Inner,
    Null,
    Outer,
    Replace,
}

impl Function {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "mask_default" => Function::Default,
            "mask_hash" => Function::Hash,
            "mask_inner" => Function::Inner,
            "mask_null" => Function::Null,
            "mask_outer" => Function::Outer,
            "mask_replace" => Function::Replace,
            _ => return None,
        })
    }

    /// The types of the arguments behind the column's value, and how many of them must be given.
    fn parameters(self, column: &CqlType) -> (Vec<CqlType>, usize) {
        let (int, text) = (CqlType::Native(NativeType::Int), CqlType::Native(NativeType::Text));
        match self {
            Function::Default | Function::Null => (Vec::new(), 0),
            Function::Hash => (vec![text], 0),
            Function::Inner | Function::Outer => (vec![int.clone(), int, text], 2),
            Function::Replace => (vec![column.clone()], 1),
        }
    }

    /// As Cassandra shows it in messages.
    fn signature(self) -> &'static str {
        match self {
            Function::Default => "system.mask_default(any)",
            Function::Hash => "system.mask_hash(any, [text])",
            Function::Inner => "system.mask_inner([text|varchar|ascii], int, int, [text])",
            Function::Null => "system.mask_null(any)",
            Function::Outer => "system.mask_outer([text|varchar|ascii], int, int, [text])",
            Function::Replace => "system.mask_replace(any, any)",
        }
    }
}

/// `ColumnMask.ensureEnabled`
pub(super) fn check_enabled(features: Features) -> Result<(), EngineError> {
    if features.dynamic_data_masking {
        return Ok(());
    }
    Err(EngineError::invalid(
        "Cannot mask columns because dynamic data masking is not enabled. You can enable it with the \
         dynamic_data_masking_enabled property on cassandra.yaml",
    ))
}

/// The mask of the column.
pub(super) fn resolve(mask: &Mask<'_>, column: &Column) -> Result<ColumnMask, EngineError> {
    let (name, terms) = match mask {
        Mask::Default => return Ok(ColumnMask { function: "mask_default".to_owned(), arguments: Vec::new() }),
        Mask::Function(name, terms) => (name, terms),
    };
    let function = find(name, terms, column)?;
    let (parameters, required) = function.parameters(&column.cql_type);
    if terms.len() < required || terms.len() > parameters.len() {
        return Err(EngineError::invalid(format!("Invalid number of arguments for function {}", function.signature())));
    }
    let is_text = matches!(column.cql_type, CqlType::Native(NativeType::Text | NativeType::Ascii));
    if matches!(function, Function::Inner | Function::Outer) && !is_text {
        return Err(EngineError::invalid(format!(
            "Function {} requires an argument of type [text|varchar|ascii], but found argument {} of type {}",
            qualified(name),
            column.cql_type.class_name(),
            column.cql_type
        )));
    }
    check_return_type(function, name, terms, column)?;
    let mut arguments = Vec::with_capacity(terms.len());
    for (index, (term, parameter)) in terms.iter().zip(parameters).enumerate() {
        let value = match term {
            Term::Null => None,
            Term::Constant(value) if fits(value, &parameter) => {
                let receiver = Receiver::new(format!("arg{}({})", index + 1, qualified(name)), parameter.clone());
                Some(constant(value, &receiver)?.to_vec())
            }
            _ => return Err(unfit(function, name, index + 1, term, &parameter)),
        };
        arguments.push((parameter, value));
    }
    Ok(ColumnMask { function: name.name.as_str().to_owned(), arguments })
}

fn find(name: &QualifiedName<'_>, terms: &[Term<'_>], column: &Column) -> Result<Function, EngineError> {
    let is_native = name.keyspace.as_ref().is_none_or(|keyspace| keyspace.as_str() == "system");
    let function = Function::of_name(name.name.as_str()).filter(|_| is_native);
    function.ok_or_else(|| {
        EngineError::invalid(format!(
            "Unable to find masking function for {}, no declared function matches the signature {}",
            column.name,
            call_text(name, terms)
        ))
    })
}

fn check_return_type(
    function: Function,
    name: &QualifiedName<'_>,
    terms: &[Term<'_>],
    column: &Column,
) -> Result<(), EngineError> {
    let blob = CqlType::Native(NativeType::Blob);
    if function != Function::Hash || column.cql_type == blob {
        return Ok(());
    }
    Err(EngineError::invalid(format!(
        "Masking function {} return type is {blob}. This is different to the type of the masked column {} of type {}. \
         Masking functions can only be attached to table columns if they return the same data type as the masked \
         column.",
        call_text(name, terms),
        column.name,
        column.cql_type
    )))
}

/// The message about an argument that is no constant of the parameter's type.
fn unfit(
    function: Function,
    name: &QualifiedName<'_>,
    position: usize,
    term: &Term<'_>,
    parameter: &CqlType,
) -> EngineError {
    let (name, shown) = (qualified(name), term_text(term));
    EngineError::invalid(match (function, term) {
        (Function::Replace, _) => {
            format!(
                "Type error: {shown} cannot be passed as argument {position} of function {name} of type {parameter}"
            )
        }
        (_, Term::Constant(value)) => format!(
            "Function {name} requires an argument of type {parameter}, but found argument {shown} of type {}",
            preferred_type(value).name()
        ),
        _ => format!("Function {name} requires an argument of type {parameter}, but found argument {shown}"),
    })
}

fn fits(value: &Constant<'_>, cql_type: &CqlType) -> bool {
    matches!(cql_type, CqlType::Native(native) if ConstantKind::of(value).can_be(*native))
}

fn call_text(name: &QualifiedName<'_>, terms: &[Term<'_>]) -> String {
    let terms: Vec<String> = terms.iter().map(term_text).collect();
    format!("{}({})", written(name), terms.join(", "))
}

fn qualified(name: &QualifiedName<'_>) -> String {
    format!("system.{}", quote_identifier(name.name.as_str()))
}
