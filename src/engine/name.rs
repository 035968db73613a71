//! What columns of a result are called, and how terms are shown in messages.

use std::borrow::Cow;
use std::fmt::Write;

use quorate_protocol::cql::ast::{
    Arithmetic, ArithmeticOperator, Constant, FunctionCall, Selector, Term, Type, WritetimeKind,
};

use super::aggregate::Kind;
use super::function::{operation_name, symbol};

/// The name of the result column of a selector without an alias.
pub(super) fn selector_name(selector: &Selector<'_>) -> String {
    match selector {
        Selector::Column(name) => name.as_str().to_owned(),
        Selector::Term(term) => term_text(term),
        Selector::CountRows => "count".to_owned(),
        Selector::Writetime(kind, of) => {
            let function = match kind {
                WritetimeKind::Writetime => "writetime",
                WritetimeKind::MaxWritetime => "maxwritetime",
                WritetimeKind::Ttl => "ttl",
            };
            format!("{function}({})", selector_name(of))
        }
        Selector::Cast(of, to) => format!("cast({} as {})", selector_name(of), to.name()),
        Selector::Call(call) if is_count_of_rows(call) => "count".to_owned(),
        Selector::Call(call) => call_name(call, selector_name),
        Selector::Field(of, field) => format!("{}.{}", selector_name(of), field.as_str()),
        Selector::Element(pair) => format!("{}[{}]", selector_name(&pair.0), term_text(&pair.1)),
        Selector::Slice(parts) => {
            let bound = |bound: &Option<Term<'_>>| bound.as_ref().map(term_text).unwrap_or_default();
            format!("{}[{}..{}]", selector_name(&parts.0), bound(&parts.1), bound(&parts.2))
        }
        Selector::Hint(pair) => format!("({}){}", type_text(&pair.0), selector_name(&pair.1)),
        Selector::List(parts) => format!("[{}]", joined(parts, selector_name)),
        Selector::Set(parts) => format!("{{{}}}", joined(parts, selector_name)),
        Selector::Map(pairs) => {
            format!("{{{}}}", joined(pairs, |pair| format!("{}: {}", selector_name(&pair.0), selector_name(&pair.1))))
        }
        Selector::Tuple(parts) => format!("({})", joined(parts, selector_name)),
        Selector::Negation(of) => format!("-{}", selector_name(of)),
        Selector::Arithmetic(of) => arithmetic_text(of, selector_name),
    }
}

/// `count(1)` is `count(*)`.
pub(super) fn is_count_of_rows(call: &FunctionCall<'_, Selector<'_>>) -> bool {
    let is_native = call.name.keyspace.as_ref().is_none_or(|keyspace| keyspace.as_str() == "system");
    let is_count = Kind::of_name(&call.name.name.as_str().to_ascii_lowercase()) == Some(Kind::Count);
    is_native
        && is_count
        && matches!(call.arguments.as_slice(), [Selector::Term(Term::Constant(Constant::Integer(one)))] if one == "1")
}

/// A term as messages show it.
pub(super) fn term_text(term: &Term<'_>) -> String {
    match term {
        Term::Constant(Constant::String(text)) => format!("'{text}'"),
        Term::Constant(constant) => constant_content(constant).into_owned(),
        Term::Null => "NULL".to_owned(),
        Term::Marker(_) => "?".to_owned(),
        Term::List(parts) => format!("[{}]", joined(parts, term_text)),
        Term::Set(parts) => format!("{{{}}}", joined(parts, term_text)),
        Term::Map(pairs) => {
            format!("{{{}}}", joined(pairs, |pair| format!("{}: {}", term_text(&pair.0), term_text(&pair.1))))
        }
        Term::UserType(fields) => {
            let field = |field: &(_, Term<'_>)| -> String {
                let (name, value): &(quorate_protocol::cql::ast::Name<'_>, _) = field;
                format!("{}: {}", name.as_str(), term_text(value))
            };
            format!("{{{}}}", joined(fields, field))
        }
        Term::Tuple(parts) => format!("({})", joined(parts, term_text)),
        Term::Call(call) => {
            let arguments = joined(&call.arguments, term_text);
            format!("{}({arguments})", call.name.name.as_str().to_ascii_lowercase())
        }
        Term::Hint(pair) => format!("({}){}", type_text(&pair.0), term_text(&pair.1)),
        Term::Cast(of, to) => format!("cast({} as {})", term_text(of), to.name()),
        // of terms the functions behind operators are shown
        Term::Negation(of) => format!("system.\"_negate\"({})", term_text(of)),
        Term::Arithmetic(of) => of
            .rest
            .iter()
            .fold(term_text(&of.first), |left, (operator, right)| operation_text(&left, *operator, &term_text(right))),
    }
}

/// An operation of two terms as messages show it.
pub(super) fn operation_text(left: &str, operator: ArithmeticOperator, right: &str) -> String {
    format!("system.\"{}\"({left}, {right})", operation_name(symbol(operator)))
}

/// The text of a constant, without quotes.
pub(super) fn constant_content<'a>(constant: &'a Constant<'_>) -> Cow<'a, str> {
    match constant {
        Constant::String(text)
        | Constant::Integer(text)
        | Constant::Float(text)
        | Constant::Duration(text)
        | Constant::Uuid(text)
        | Constant::Blob(text) => Cow::Borrowed(text),
        Constant::Boolean(true) => Cow::Borrowed("true"),
        Constant::Boolean(false) => Cow::Borrowed("false"),
        Constant::NaN => Cow::Borrowed("NaN"),
        Constant::Infinity => Cow::Borrowed("Infinity"),
        Constant::NegativeInfinity => Cow::Borrowed("-Infinity"),
    }
}

/// A type as it was written.
pub(super) fn type_text(written: &Type<'_>) -> String {
    match written {
        Type::Native(native) => native.name().to_owned(),
        Type::List(element) => format!("list<{}>", type_text(element)),
        Type::Set(element) => format!("set<{}>", type_text(element)),
        Type::Map(pair) => format!("map<{}, {}>", type_text(&pair.0), type_text(&pair.1)),
        Type::Tuple(types) => format!("tuple<{}>", joined(types, type_text)),
        Type::Vector(element, dimension) => format!("vector<{}, {dimension}>", type_text(element)),
        Type::UserDefined(name) => name.name.as_str().to_owned(),
        // a tuple is frozen anyhow, and does not say so
        Type::Frozen(inner) if matches!(**inner, Type::Tuple(_)) => type_text(inner),
        Type::Frozen(inner) => format!("frozen<{}>", type_text(inner)),
        Type::Custom(class) => format!("'{class}'"),
    }
}

/// Native functions are in the keyspace `system`, whether the statement said so or not.
fn call_name<T>(call: &FunctionCall<'_, T>, text: impl Fn(&T) -> String) -> String {
    format!("system.{}({})", call.name.name.as_str().to_ascii_lowercase(), joined(&call.arguments, text))
}

fn arithmetic_text<T>(arithmetic: &Arithmetic<T>, text: impl Fn(&T) -> String) -> String {
    let mut whole = text(&arithmetic.first);
    for (operator, operand) in &arithmetic.rest {
        let _ = write!(whole, " {} {}", symbol(*operator), text(operand));
    }
    whole
}

fn joined<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}
