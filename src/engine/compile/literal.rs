//! Literals of collections, tuples, vectors and user types.

use quorate_protocol::cql::ast::Term;
use quorate_protocol::value::CqlType;

use super::{Compiler, Operand};
use crate::engine::argument::Fit;
use crate::engine::bind::Receiver;
use crate::engine::error::EngineError;
use crate::engine::expression::Expression;
use crate::engine::name::term_text;

/// A composite literal as a value of the receiver's type.
pub(super) fn composite(
    term: &Term<'_>,
    compiler: &mut Compiler<'_>,
    receiver: &Receiver,
) -> Result<Expression, EngineError> {
    let name = &receiver.name;
    let ty = &receiver.cql_type;
    let mut parts = Vec::new();
    match (term, ty) {
        (Term::List(terms), CqlType::List { element, .. }) => {
            for term in terms {
                parts.push(element_of("list", term, &format!("value({name})"), element, compiler, receiver)?);
            }
        }
        (Term::List(terms), CqlType::Vector { element, dimension }) => {
            if terms.len() != *dimension as usize {
                return Err(EngineError::invalid(format!(
                    "Invalid vector literal for {name} of type {ty}; expected {dimension} elements, but given {}",
                    terms.len()
                )));
            }
            for term in terms {
                parts.push(element_of("vector", term, &format!("value({name})"), element, compiler, receiver)?);
            }
        }
        (Term::Set(terms), CqlType::Set { element, .. }) => {
            for term in terms {
                parts.push(element_of("set", term, &format!("value({name})"), element, compiler, receiver)?);
            }
        }
        (Term::Set(terms), CqlType::Map { .. } | CqlType::Udt { .. }) if terms.is_empty() => {}
        (Term::Map(pairs), CqlType::Map { key, value, .. }) => {
            for (key_term, value_term) in pairs {
                parts.push(element_of("map", key_term, &format!("key({name})"), key, compiler, receiver)?);
                parts.push(element_of("map", value_term, &format!("value({name})"), value, compiler, receiver)?);
            }
        }
        (Term::Tuple(terms), CqlType::Tuple(types)) => {
            if terms.len() > types.len() {
                return Err(EngineError::invalid(format!(
                    "Invalid tuple literal for {name}: too many elements. Type {ty} expects {} but got {}",
                    types.len(),
                    terms.len()
                )));
            }
            for (index, (term, component)) in terms.iter().zip(types.iter()).enumerate() {
                if term.shape(compiler)?.fit(component) == Fit::Not {
                    return Err(EngineError::invalid(format!(
                        "Invalid tuple literal for {name}: component {index} is not of type {component}"
                    )));
                }
                parts.push(term.compile(compiler, &Receiver::new(format!("{name}[{index}]"), component.clone()))?);
            }
        }
        (Term::Tuple(terms), _) if terms.len() == 1 => {
            return terms.first().map_or(Ok(Expression::Constant(None)), |only| only.compile(compiler, receiver));
        }
        (Term::UserType(fields), CqlType::Udt { definition, .. }) => {
            for (field, _) in fields {
                if !definition.fields.iter().any(|(known, _)| known == field.as_str()) {
                    return Err(EngineError::invalid(format!(
                        "Unknown field '{}' in value of user defined type {}",
                        field.as_str(),
                        definition.name
                    )));
                }
            }
            for (known, field_type) in &definition.fields {
                let given = fields.iter().find(|(field, _)| field.as_str() == known);
                parts.push(match given {
                    Some((_, term)) => {
                        if term.shape(compiler)?.fit(field_type) == Fit::Not {
                            return Err(EngineError::invalid(format!(
                                "Invalid user type literal for {name}: field {known} is not of type {field_type}"
                            )));
                        }
                        term.compile(compiler, &Receiver::new(format!("{name}.{known}"), field_type.clone()))?
                    }
                    None => Expression::Constant(None),
                });
            }
        }
        (Term::List(_), _) => {
            return Err(EngineError::invalid(format!(
                "Unexpected receiver type '{ty}'; only list and vector are expected"
            )));
        }
        _ => {
            let kind = match term {
                Term::Set(_) => "set",
                Term::Map(_) => "map",
                Term::Tuple(_) => "tuple type",
                _ => "user type",
            };
            return Err(EngineError::invalid(format!("Invalid {kind} literal for {name} of type {ty}")));
        }
    }
    Ok(Expression::Composite(ty.clone(), parts))
}

fn element_of(
    kind: &str,
    term: &Term<'_>,
    place: &str,
    element: &CqlType,
    compiler: &mut Compiler<'_>,
    receiver: &Receiver,
) -> Result<Expression, EngineError> {
    if matches!(term, Term::Null) {
        return Err(EngineError::invalid("null is not supported inside collections"));
    }
    if term.shape(compiler)?.fit(element) == Fit::Not {
        return Err(EngineError::invalid(format!(
            "Invalid {kind} literal for {}: {} {} is not of type {element}",
            receiver.name,
            if place.starts_with("key(") { "key" } else { "value" },
            term_text(term)
        )));
    }
    let compiled = term.compile(compiler, &Receiver::new(place, element.clone()))?;
    if kind != "vector" && has_marker(&compiled) {
        return Err(EngineError::invalid(format!(
            "Invalid {kind} literal for {}: bind variables are not supported inside collection literals",
            receiver.name
        )));
    }
    Ok(compiled)
}

fn has_marker(expression: &Expression) -> bool {
    match expression {
        Expression::Bind(_) => true,
        Expression::Call(_, parts) | Expression::Composite(_, parts) => parts.iter().any(has_marker),
        Expression::Chain(first, rest) => has_marker(first) || rest.iter().any(|(_, part)| has_marker(part)),
        _ => false,
    }
}
