//! Terms: the values of WHERE and LIMIT, and constants in a selection.

use quorate_protocol::cql::ast::{ArithmeticOperator, QualifiedName, Term};
use quorate_protocol::value::{CqlType, NativeType};

use super::literal::composite;
use super::{Compiler, Operand, check_assignable};
use crate::engine::aggregate::Kind;
use crate::engine::argument::{ConstantKind, Fit, Shape, preferred_type};
use crate::engine::bind::Receiver;
use crate::engine::constant::constant;
use crate::engine::error::EngineError;
use crate::engine::expression::Expression;
use crate::engine::function::returns_anything;
use crate::engine::name::{operation_text, term_text, type_text};

impl Operand for Term<'_> {
    const ADAPTS: bool = true;

    fn shape(&self, compiler: &Compiler<'_>) -> Result<Shape, EngineError> {
        compiler.step()?;
        let shapes = |terms: &[Term<'_>]| terms.iter().map(|term| term.shape(compiler)).collect::<Result<Vec<_>, _>>();
        Ok(match self {
            Term::Constant(constant) => Shape::Constant(ConstantKind::of(constant), preferred_type(constant)),
            Term::Null | Term::Marker(_) => Shape::Anything,
            Term::List(parts) => Shape::List(shapes(parts)?),
            Term::Set(parts) => Shape::Set(shapes(parts)?),
            Term::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| Ok((key.shape(compiler)?, value.shape(compiler)?)));
                Shape::Map(pairs.collect::<Result<_, EngineError>>()?)
            }
            Term::Tuple(parts) => Shape::Tuple(shapes(parts)?),
            Term::UserType(fields) => {
                let fields = fields.iter().map(|(name, value)| Ok((name.as_str().to_owned(), value.shape(compiler)?)));
                Shape::UserType(fields.collect::<Result<_, EngineError>>()?)
            }
            Term::Call(call) if is_aggregate_name(&call.name) => Shape::Anything,
            Term::Call(call) if is_native(&call.name) && returns_anything(call.name.name.as_str()) => Shape::Anything,
            Term::Call(call) => Shape::Known(compiler.resolve(call, None)?.returns),
            Term::Hint(pair) => Shape::Known(compiler.written_type(&pair.0)?),
            Term::Cast(_, to) => Shape::Known(CqlType::Native((*to).into())),
            Term::Negation(of) => compiler.shape_of_negation(of.as_ref())?,
            Term::Arithmetic(of) => compiler.shape_of_arithmetic(of)?,
        })
    }

    fn compile(&self, compiler: &mut Compiler<'_>, receiver: &Receiver) -> Result<Expression, EngineError> {
        compiler.step()?;
        match self {
            Term::Constant(written) => Ok(Expression::Constant(Some(constant(written, receiver)?))),
            Term::Null if receiver.cql_type == NativeType::Counter.into() => {
                Err(EngineError::invalid("Invalid null value for counter increment/decrement"))
            }
            Term::Null => Ok(Expression::Constant(None)),
            Term::Marker(marker) => Ok(Expression::Bind(compiler.binds.record(marker, receiver))),
            Term::List(_) | Term::Set(_) | Term::Map(_) | Term::Tuple(_) | Term::UserType(_) => {
                composite(self, compiler, receiver)
            }
            Term::Call(call) if is_aggregate_name(&call.name) => {
                Err(EngineError::invalid("Aggregation function are not supported in the where clause"))
            }
            Term::Call(call) => {
                let what = format!("function system.{}", call.name.name.as_str().to_ascii_lowercase());
                let typed = compiler.call(call, Some(&receiver.cql_type))?;
                check_assignable(&Shape::Known(typed.cql_type), receiver, &what)?;
                Ok(typed.expression)
            }
            Term::Hint(pair) => {
                let cql_type = compiler.written_type(&pair.0)?;
                if pair.1.shape(compiler)?.fit(&cql_type) == Fit::Not {
                    let (value, hint) = (term_text(&pair.1), type_text(&pair.0));
                    return Err(EngineError::invalid(format!("Cannot cast value {value} to type {hint}")));
                }
                let hinted = Shape::Known(cql_type.clone());
                if hinted.fit(&receiver.cql_type) == Fit::Not {
                    return Err(EngineError::invalid(format!(
                        "Cannot assign value {} to {} of type {}",
                        term_text(self),
                        receiver.name,
                        receiver.cql_type
                    )));
                }
                pair.1.compile(compiler, &Receiver { cql_type, ..receiver.clone() })
            }
            Term::Cast(of, to) => {
                check_assignable(&self.shape(compiler)?, receiver, &format!("function system.cast_as_{}", to.name()))?;
                Ok(compiler.cast(of.as_ref(), *to)?.expression)
            }
            Term::Negation(of) => Ok(compiler.negation(of.as_ref(), Some(&receiver.cql_type))?.expression),
            Term::Arithmetic(of) => Ok(compiler.arithmetic(of, Some(&receiver.cql_type))?.expression),
        }
    }

    fn text(&self) -> String {
        term_text(self)
    }

    fn operation_text(left: &str, operator: ArithmeticOperator, right: &str) -> String {
        operation_text(left, operator, right)
    }

    fn is_marker(&self) -> bool {
        matches!(self, Term::Marker(_))
    }

    fn argument_name(index: usize, function: &str) -> String {
        format!("arg{index}(system.{function})")
    }

    fn unknown_function(name: &QualifiedName<'_>) -> String {
        format!("Unknown function {} called", qualified(name))
    }
}

fn is_native(name: &QualifiedName<'_>) -> bool {
    name.keyspace.as_ref().is_none_or(|keyspace| keyspace.as_str() == "system")
}

fn is_aggregate_name(name: &QualifiedName<'_>) -> bool {
    is_native(name) && Kind::of_name(&name.name.as_str().to_ascii_lowercase()).is_some()
}

/// A function's name as it was written, in lower case.
pub(super) fn qualified(name: &QualifiedName<'_>) -> String {
    match &name.keyspace {
        Some(keyspace) => format!("{}.{}", keyspace.as_str(), name.name.as_str()),
        None => name.name.as_str().to_owned(),
    }
}
