//! Terms: the values of WHERE and LIMIT, and constants in a selection.

use quorate_protocol::cql::ast::{Constant, QualifiedName, Term};
use quorate_protocol::value::CqlType;

use super::literal::composite;
use super::{Compiler, Operand, check_assignable};
use crate::engine::aggregate::Kind;
use crate::engine::argument::{ConstantKind, Fit, Shape, preferred_type};
use crate::engine::bind::Receiver;
use crate::engine::constant::constant;
use crate::engine::error::EngineError;
use crate::engine::expression::Expression;
use crate::engine::function::returns_anything;
use crate::engine::name::term_text;

impl Operand for Term<'_> {
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
            Term::Negation(of) => Shape::Known(compiler.resolve_negation(of.as_ref())?.returns),
            Term::Arithmetic(of) => compiler.type_of_arithmetic(of)?,
        })
    }

    fn compile(&self, compiler: &mut Compiler<'_>, receiver: &Receiver) -> Result<Expression, EngineError> {
        compiler.step()?;
        match self {
            Term::Constant(written) => Ok(Expression::Constant(Some(constant(written, receiver)?))),
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
            Term::Negation(of) => arithmetic(self, compiler, receiver, |compiler| compiler.negation(of.as_ref())),
            Term::Arithmetic(of) => {
                let expected = receiver.cql_type.clone();
                arithmetic(self, compiler, receiver, |compiler| compiler.arithmetic(of, Some(&expected)))
            }
        }
    }

    fn text(&self) -> String {
        term_text(self)
    }

    fn argument_name(index: usize, function: &str) -> String {
        format!("arg{index}(system.{function})")
    }

    fn unknown_function(name: &QualifiedName<'_>) -> String {
        format!("Unknown function {} called", qualified(name))
    }
}

/// Arithmetic of constants has the type of its place, if that is a number: `b = 1 + 2` is a `bigint`.
fn arithmetic(
    term: &Term<'_>,
    compiler: &mut Compiler<'_>,
    receiver: &Receiver,
    compile: impl FnOnce(&mut Compiler<'_>) -> Result<crate::engine::expression::Typed, EngineError>,
) -> Result<Expression, EngineError> {
    use crate::engine::function::{cast, choose};
    let typed = compile(compiler)?;
    if typed.cql_type == receiver.cql_type {
        return Ok(typed.expression);
    }
    let shape = Shape::Known(typed.cql_type.clone());
    let conversion = match &receiver.cql_type {
        CqlType::Native(native) if is_of_constants(term) => cast(*native),
        _ => None,
    };
    match conversion {
        Some(overloads) => {
            let function = choose("cast", overloads, &[shape], &|_| term_text(term), None)?;
            Ok(Expression::Call(Box::new(function), vec![typed.expression]))
        }
        None => {
            check_assignable(&shape, receiver, &format!("'{}'", term_text(term)))?;
            Ok(typed.expression)
        }
    }
}

fn is_native(name: &QualifiedName<'_>) -> bool {
    name.keyspace.as_ref().is_none_or(|keyspace| keyspace.as_str() == "system")
}

fn is_aggregate_name(name: &QualifiedName<'_>) -> bool {
    is_native(name) && Kind::of_name(&name.name.as_str().to_ascii_lowercase()).is_some()
}

fn is_of_constants(term: &Term<'_>) -> bool {
    match term {
        Term::Constant(Constant::Integer(_) | Constant::Float(_)) => true,
        Term::Negation(of) => is_of_constants(of),
        Term::Tuple(parts) => matches!(parts.as_slice(), [only] if is_of_constants(only)),
        Term::Arithmetic(of) => {
            is_of_constants(&of.first) && of.rest.iter().all(|(_, operand)| is_of_constants(operand))
        }
        _ => false,
    }
}

/// A function's name as it was written, in lower case.
pub(super) fn qualified(name: &QualifiedName<'_>) -> String {
    match &name.keyspace {
        Some(keyspace) => format!("{}.{}", keyspace.as_str(), name.name.as_str()),
        None => name.name.as_str().to_owned(),
    }
}
