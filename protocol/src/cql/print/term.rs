use std::fmt::{Display, Formatter, Result};

use super::name::{function, quoted};
use super::{bracketed, pairs};
use crate::cql::ast::{Arithmetic, ArithmeticOperator, Constant, FunctionCall, Marker, Term};

impl Display for Term<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Constant(constant) => constant.fmt(f),
            Self::Null => f.write_str("NULL"),
            Self::Marker(marker) => marker.fmt(f),
            Self::List(items) => bracketed(f, "[", items, "]"),
            Self::Set(items) => bracketed(f, "{", items, "}"),
            Self::Map(entries) => pairs(f, ["{", ": ", ", ", "}"], entries),
            Self::UserType(fields) => pairs(f, ["{", ": ", ", ", "}"], fields),
            Self::Tuple(components) => bracketed(f, "(", components, ")"),
            Self::Call(call) => call.fmt(f),
            Self::Hint(hint) => write!(f, "({}) {}", hint.0, hint.1),
            Self::Cast(operand, native) => write!(f, "CAST({operand} AS {native})"),
            // A minus directly before digits would become part of the number.
            Self::Negation(operand) => write!(f, "- {operand}"),
            Self::Arithmetic(arithmetic) => arithmetic.fmt(f),
        }
    }
}

impl Display for Constant<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::String(text) => quoted(f, text, '\''),
            other => f.write_str(other.raw_text()),
        }
    }
}

impl Display for Marker<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.name {
            None => f.write_str("?"),
            Some(name) => write!(f, ":{name}"),
        }
    }
}

impl<T: Display> Display for FunctionCall<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        function(&self.name).fmt(f)?;
        bracketed(f, "(", &self.arguments, ")")
    }
}

impl<T: Display> Display for Arithmetic<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.first.fmt(f)?;
        for (operator, operand) in &self.rest {
            write!(f, " {operator} {operand}")?;
        }
        Ok(())
    }
}

impl Display for ArithmeticOperator {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        })
    }
}
