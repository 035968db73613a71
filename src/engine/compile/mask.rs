//! Masked columns: what of them is shown.

use bytes::Bytes;
use quorate_protocol::value::CqlType;

use super::Compiler;
use crate::engine::argument::Shape;
use crate::engine::error::EngineError;
use crate::engine::expression::Expression;
use crate::engine::function;
use crate::engine::schema::ColumnMask;

/// The call of the masking function for the column of this index and type.
pub(in crate::engine) fn mask(
    column: usize,
    cql_type: &CqlType,
    mask: &ColumnMask,
    compiler: &Compiler<'_>,
) -> Result<Expression, EngineError> {
    let given = mask.arguments.iter().map(|(cql_type, _)| Shape::Known(cql_type.clone()));
    let shapes: Vec<Shape> = std::iter::once(Shape::Known(cql_type.clone())).chain(given).collect();
    let text = |_: usize| String::new();
    let overloads = function::overloads(&mask.function, &shapes, compiler.table, Some(cql_type), &text)?;
    let overloads =
        overloads.ok_or_else(|| EngineError::invalid(format!("Unknown function {} called", mask.function)))?;
    let function = function::choose(&mask.function, overloads, &shapes, &text, Some(cql_type))?;
    let constants = mask.arguments.iter().map(|(_, value)| Expression::Constant(value.clone().map(Bytes::from)));
    let arguments = std::iter::once(Expression::Column(column)).chain(constants).collect();
    Ok(Expression::Call(Box::new(function), arguments))
}
