//! SET.

use std::borrow::Cow;

use crate::cql::ast::{Assignment, ColumnAssignment, Constant, Name, Term};
use crate::cql::grammar::name::{column, identifier, is_call, is_identifier};
use crate::cql::grammar::relation::subscript;
use crate::cql::grammar::term::term;
use crate::cql::grammar::tokens::{Parsed, Tokens, broken, list, no_viable, symbol};
use crate::cql::lexer::TokenKind;

/// `columnOperation (',' columnOperation)*`
pub(super) fn assignments<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<ColumnAssignment<'a>>> {
    list(column_assignment)(input)
}

/// `columnOperation`
fn column_assignment<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, ColumnAssignment<'a>> {
    let (input, column) = column(input)?;
    let (input, assignment) = match input.kind() {
        TokenKind::Equal => whole_column(input.skip(1), &column)?,
        TokenKind::PlusEqual => {
            let (input, value) = term(input.skip(1))?;
            (input, Assignment::Add(value))
        }
        TokenKind::MinusEqual => {
            let (input, value) = term(input.skip(1))?;
            (input, Assignment::Subtract(value))
        }
        TokenKind::BracketOpen => {
            let (input, key) = subscript(input)?;
            let (input, value) = equals_term(input)?;
            (input, Assignment::SetElement { key, value })
        }
        TokenKind::Dot => {
            let (input, field) = identifier(input.skip(1))?;
            let (input, value) = equals_term(input)?;
            (input, Assignment::SetField { field, value })
        }
        _ => return Err(no_viable(input)),
    };
    Ok((input, ColumnAssignment { column, assignment }))
}

fn equals_term<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    let (input, ()) = symbol(TokenKind::Equal)(input)?;
    term(input)
}

/// `normalColumnOperation`: a term, or the column itself with something added, subtracted or prepended.
fn whole_column<'t, 'a>(input: Tokens<'t, 'a>, target: &Name<'a>) -> Parsed<'t, 'a, Assignment<'a>> {
    if is_column(input.kind()) && !is_call(input) {
        let operator = input.kind_at(1);
        match operator {
            TokenKind::Plus | TokenKind::Minus | TokenKind::Integer => return changed_column(input, target),
            _ => {}
        }
    }
    let (input, value) = term(input)?;
    if input.kind() != TokenKind::Plus {
        return Ok((input, Assignment::Set(value)));
    }
    let (rest, operand) = column(input.skip(1))?;
    if operand != *target {
        return Err(broken(input, "Only expressions of the form X = <value> + X are supported."));
    }
    Ok((rest, Assignment::Prepend(value)))
}

fn is_column(kind: TokenKind) -> bool {
    kind == TokenKind::EmptyQuotedName || is_identifier(kind)
}

/// `column ('+' | '-') term`, or `column -1` where the minus belongs to the number.
fn changed_column<'t, 'a>(input: Tokens<'t, 'a>, target: &Name<'a>) -> Parsed<'t, 'a, Assignment<'a>> {
    let (rest, operand) = column(input)?;
    let operator = rest;
    let (rest, assignment) = if operator.kind() == TokenKind::Integer {
        let number = Constant::Integer(Cow::Borrowed(operator.text()));
        (operator.skip(1), Assignment::Add(Term::Constant(number)))
    } else {
        let (rest, value) = term(operator.skip(1))?;
        let subtracts = operator.kind() == TokenKind::Minus;
        (rest, if subtracts { Assignment::Subtract(value) } else { Assignment::Add(value) })
    };
    if operand != *target {
        let message = match operator.kind() {
            TokenKind::Integer if operator.text().starts_with('-') => {
                "Only expressions of the form X = X - <value> are supported."
            }
            TokenKind::Integer => "Only expressions of the form X = X + <value> are supported.",
            TokenKind::Minus => "Only expressions of the form X = X -<value> are supported.",
            _ => "Only expressions of the form X = X +<value> are supported.",
        };
        return Err(broken(input, message));
    }
    Ok((rest, assignment))
}
