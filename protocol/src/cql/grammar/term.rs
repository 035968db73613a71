//! Terms.

use std::borrow::Cow;

use super::name::{function, identifier, is_call, is_identifier, string_at};
use super::tokens::{
    Failure, Parsed, Reason, Tokens, bracketed_or_empty, list, more, nested, no_viable, parenthesized, symbol,
};
use super::types::{data_type, native_type};
use crate::cql::ast::{Arithmetic, ArithmeticOperator, Constant, FunctionCall, Marker, Term};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `term`: sums of products.
pub(super) fn term<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    let (input, first) = product(input)?;
    if !is_sum_operator(input) {
        return if may_follow_term(input.kind()) { Ok((input, first)) } else { Err(no_viable(input)) };
    }
    let (input, rest) = operations(input, is_sum_operator, product)?;
    Ok((input, Term::Arithmetic(Box::new(Arithmetic { first, rest }))))
}

/// Whether the token comes behind a term anywhere in the grammar. If not, Cassandra notices it here, in other words than where
/// it misses what ought to come.
fn may_follow_term(kind: TokenKind) -> bool {
    match kind {
        TokenKind::Keyword(keyword) => matches!(
            keyword,
            Keyword::And
                | Keyword::If
                | Keyword::Where
                | Keyword::Asc
                | Keyword::Desc
                | Keyword::Group
                | Keyword::Order
                | Keyword::Per
                | Keyword::Limit
                | Keyword::Allow
                | Keyword::Primary
                | Keyword::Insert
                | Keyword::Update
                | Keyword::Delete
                | Keyword::Apply
        ),
        kind => matches!(
            kind,
            TokenKind::Comma
                | TokenKind::ParenthesisClose
                | TokenKind::BracketClose
                | TokenKind::BraceClose
                | TokenKind::Colon
                | TokenKind::Range
                | TokenKind::Plus
                | TokenKind::Semicolon
                | TokenKind::End
        ),
    }
}

/// Whether the sum goes on. `+ column`, which may only stand at the end of an assignment, is not part of it.
fn is_sum_operator(input: Tokens<'_, '_>) -> bool {
    match input.kind() {
        TokenKind::Minus => true,
        TokenKind::Plus => {
            let next = input.skip(1);
            !(is_identifier(next.kind()) || next.kind() == TokenKind::EmptyQuotedName)
                || is_call(next)
                || next.is(Keyword::Cast) && next.kind_at(1) == TokenKind::ParenthesisOpen
        }
        _ => false,
    }
}

fn product<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    let (input, first) = factor(input)?;
    if !is_product_operator(input) {
        return Ok((input, first));
    }
    let (input, rest) = operations(input, is_product_operator, factor)?;
    Ok((input, Term::Arithmetic(Box::new(Arithmetic { first, rest }))))
}

/// `*`, `/` or `%`
pub(super) fn is_product_operator(input: Tokens<'_, '_>) -> bool {
    matches!(input.kind(), TokenKind::Star | TokenKind::Slash | TokenKind::Percent)
}

/// `(operator operand)*`
pub(super) fn operations<'t, 'a: 't, O>(
    mut input: Tokens<'t, 'a>,
    goes_on: impl Fn(Tokens<'t, 'a>) -> bool,
    operand: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
) -> Parsed<'t, 'a, Vec<(ArithmeticOperator, O)>> {
    let mut rest = Vec::new();
    while goes_on(input) {
        let operator = match input.kind() {
            TokenKind::Plus => ArithmeticOperator::Add,
            TokenKind::Minus => ArithmeticOperator::Subtract,
            TokenKind::Star => ArithmeticOperator::Multiply,
            TokenKind::Slash => ArithmeticOperator::Divide,
            _ => ArithmeticOperator::Modulo,
        };
        let (after, operand) = operand(input.skip(1))?;
        rest.push((operator, operand));
        input = after;
    }
    Ok((input, rest))
}

/// `termGroup`
fn factor<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    if input.kind() != TokenKind::Minus {
        return simple_term(input);
    }
    let (input, operand) = simple_term(input.skip(1))?;
    Ok((input, Term::Negation(Box::new(operand))))
}

/// `simpleTerm`
fn simple_term<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    if let Some(constant) = constant_at(input) {
        return Ok((input.skip(1), Term::Constant(constant)));
    }
    match input.kind() {
        TokenKind::Question | TokenKind::Colon => marker(input),
        TokenKind::Keyword(Keyword::Null) => Ok((input.skip(1), Term::Null)),
        TokenKind::Keyword(Keyword::Cast) if input.kind_at(1) == TokenKind::ParenthesisOpen => nested(cast)(input),
        TokenKind::ParenthesisOpen => nested(hint_or_tuple)(input),
        TokenKind::BracketOpen => nested(list_literal)(input),
        TokenKind::BraceOpen => nested(braces)(input),
        _ if is_call(input) => nested(call)(input),
        TokenKind::Keyword(Keyword::Token) => Err(input.no_viable_at(1)),
        kind if is_identifier(kind) => Err(no_call(input)),
        _ => Err(no_viable(input)),
    }
}

/// A name that is not called: the token that shows it.
fn no_call(input: Tokens<'_, '_>) -> nom::Err<Failure> {
    let qualified = input.kind_at(1) == TokenKind::Dot;
    input.no_viable_at(if !qualified {
        1
    } else if is_identifier(input.kind_at(2)) {
        3
    } else {
        2
    })
}

/// `constant`
pub(super) fn constant_at<'a>(input: Tokens<'_, 'a>) -> Option<Constant<'a>> {
    let text = || Cow::Borrowed(input.text());
    Some(match input.kind() {
        TokenKind::Integer => Constant::Integer(text()),
        TokenKind::String | TokenKind::DollarString => Constant::String(string_at(input)?),
        TokenKind::Float => Constant::Float(text()),
        TokenKind::Duration => Constant::Duration(text()),
        TokenKind::Uuid => Constant::Uuid(text()),
        TokenKind::Blob => Constant::Blob(text()),
        TokenKind::Keyword(Keyword::True) => Constant::Boolean(true),
        TokenKind::Keyword(Keyword::False) => Constant::Boolean(false),
        TokenKind::Keyword(Keyword::NaN) | TokenKind::NegativeNaN => Constant::NaN,
        TokenKind::Keyword(Keyword::Infinity) => Constant::Infinity,
        TokenKind::NegativeInfinity => Constant::NegativeInfinity,
        _ => return None,
    })
}

/// `'?' | ':' noncol_ident`
pub(super) fn marker<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    let (rest, name) = match input.kind() {
        TokenKind::Question => (input.skip(1), None),
        TokenKind::Colon => {
            let (rest, name) = identifier(input.skip(1))?;
            (rest, Some(name))
        }
        _ => return Err(no_viable(input)),
    };
    let (rest, position) = rest.count_marker()?;
    Ok((rest, Term::Marker(Marker { name, position })))
}

/// Whether a marker comes next.
pub(super) fn is_marker(input: Tokens<'_, '_>) -> bool {
    matches!(input.kind(), TokenKind::Question | TokenKind::Colon)
}

/// `intValue`: an integer or a marker.
pub(super) fn integer<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    match input.kind() {
        TokenKind::Integer => Ok((input.skip(1), Term::Constant(Constant::Integer(Cow::Borrowed(input.text()))))),
        _ => marker(input),
    }
}

/// A string or a marker.
pub(super) fn json<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    match string_at(input) {
        Some(string) => Ok((input.skip(1), Term::Constant(Constant::String(string)))),
        None => marker(input),
    }
}

/// `CAST '(' simpleTerm AS native_type ')'`
fn cast<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    let (input, operand) = simple_term(input.skip(2))?;
    let (input, ()) = symbol(TokenKind::Keyword(Keyword::As))(input)?;
    let (input, native) = native_type(input)?;
    let (input, ()) = symbol(TokenKind::ParenthesisClose)(input)?;
    Ok((input, Term::Cast(Box::new(operand), native)))
}

fn call<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    let (input, name) = function(input)?;
    let (input, arguments) = arguments(input)?;
    Ok((input, Term::Call(Box::new(FunctionCall { name, arguments }))))
}

/// `'(' ')' | '(' term (',' term)* ')'`
pub(super) fn arguments<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<Term<'a>>> {
    if input.kind_at(1) == TokenKind::ParenthesisClose {
        return Ok((input.skip(2), Vec::new()));
    }
    parenthesized(term)(input)
}

fn hint_or_tuple<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    if !is_hint(input) {
        let inner = input.skip(1);
        let begins = begins_simple_term(inner) || is_identifier(inner.kind()) || is_marker(inner);
        return if begins || inner.kind() == TokenKind::Minus { tuple(input) } else { Err(input.no_viable_at(1)) };
    }
    let (input, hint) = data_type(input.skip(1))?;
    let (input, ()) = symbol(TokenKind::ParenthesisClose)(input)?;
    let (input, operand) = simple_term(input)?;
    Ok((input, Term::Hint(Box::new((hint, operand)))))
}

/// Whether `( type ) term` comes next, rather than a tuple: no term is a bare name, and nothing follows a tuple that could
/// begin a term.
fn is_hint(input: Tokens<'_, '_>) -> bool {
    let inner = input.skip(1);
    match inner.kind() {
        TokenKind::Keyword(Keyword::Set) => true,
        TokenKind::String | TokenKind::DollarString => {
            inner.kind_at(1) == TokenKind::ParenthesisClose && begins_simple_term(inner.skip(2))
        }
        TokenKind::Keyword(Keyword::Cast) if inner.kind_at(1) == TokenKind::ParenthesisOpen => false,
        kind => is_identifier(kind) && !is_call(inner),
    }
}

fn begins_simple_term(input: Tokens<'_, '_>) -> bool {
    matches!(
        input.kind(),
        TokenKind::Question
            | TokenKind::ParenthesisOpen
            | TokenKind::BracketOpen
            | TokenKind::BraceOpen
            | TokenKind::Keyword(Keyword::Null | Keyword::Cast)
    ) || (input.kind() == TokenKind::Colon && is_identifier(input.kind_at(1)) && !is_call(input.skip(1)))
        || is_call(input)
        || constant_at(input).is_some()
}

/// `tupleLiteral`
pub(super) fn tuple<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    let (input, components) = parenthesized(term)(input)?;
    Ok((input, Term::Tuple(components)))
}

fn list_literal<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    let (input, items) = bracketed_or_empty(TokenKind::BracketOpen, term, TokenKind::BracketClose)(input)?;
    Ok((input, Term::List(items)))
}

/// A set, a map, or a value of a user-defined type.
fn braces<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    if input.kind_at(1) == TokenKind::BraceClose {
        return Ok((input.skip(2), Term::Set(Vec::new())));
    }
    let input = input.skip(1);
    let (input, value) = if is_identifier(input.kind()) && input.kind_at(1) == TokenKind::Colon {
        let (input, fields) = list(field)(input)?;
        (input, Term::UserType(fields))
    } else {
        set_or_map(input)?
    };
    let (input, ()) = symbol(TokenKind::BraceClose)(input)?;
    Ok((input, value))
}

fn field<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, (crate::cql::ast::Name<'a>, Term<'a>)> {
    let (input, name) = identifier(input)?;
    let (input, ()) = symbol(TokenKind::Colon)(input)?;
    let (input, value) = term(input)?;
    Ok((input, (name, value)))
}

/// The first element tells a set from a map.
fn set_or_map<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    let (input, first) = term(input)?;
    if input.kind() == TokenKind::Colon {
        let (input, value) = term(input.skip(1))?;
        let (input, entries) = more(input, (first, value), entry)?;
        return Ok((input, Term::Map(entries)));
    }
    let (input, items) = more(input, first, term)?;
    Ok((input, Term::Set(items)))
}

fn entry<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, (Term<'a>, Term<'a>)> {
    let (input, key) = term(input)?;
    let (input, ()) = symbol(TokenKind::Colon)(input)?;
    let (input, value) = term(input)?;
    Ok((input, (key, value)))
}

/// `fullMapLiteral`
pub(super) fn map_literal<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<(Term<'a>, Term<'a>)>> {
    if input.kind() != TokenKind::BraceOpen {
        return Err(input.fail(Reason::Expected(TokenKind::BraceOpen)));
    }
    nested(bracketed_or_empty(TokenKind::BraceOpen, entry, TokenKind::BraceClose))(input)
}
