//! Selectors: what a SELECT computes.

use super::name::{function, identifier, is_call, is_identifier};
use super::term::{constant_at, is_product_operator, marker, operations, term};
use super::tokens::{
    Parsed, Reason, Tokens, attempt, bracketed_or_empty, more, nested, no_viable, parenthesized, symbol,
};
use super::types::{data_type, native_type};
use crate::cql::ast::{Arithmetic, FunctionCall, Selector, Term, Type, WritetimeKind};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// How many fields, elements and slices may be selected of one value, one of the other (`a.b.c[1]`).
const ACCESSES_MAX: usize = 16;

/// `unaliasedSelector`: sums of products.
pub(super) fn selector<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selector<'a>> {
    let (input, first) = product(input)?;
    if !is_sum_operator(input) {
        return Ok((input, first));
    }
    let (input, rest) = operations(input, is_sum_operator, product)?;
    Ok((input, Selector::Arithmetic(Box::new(Arithmetic { first, rest }))))
}

fn is_sum_operator(input: Tokens<'_, '_>) -> bool {
    matches!(input.kind(), TokenKind::Plus | TokenKind::Minus)
}

fn product<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selector<'a>> {
    let (input, first) = factor(input)?;
    if !is_product_operator(input) {
        return Ok((input, first));
    }
    let (input, rest) = operations(input, is_product_operator, factor)?;
    Ok((input, Selector::Arithmetic(Box::new(Arithmetic { first, rest }))))
}

/// `selectionGroup`
fn factor<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selector<'a>> {
    if input.kind() == TokenKind::Minus {
        let (input, operand) = nested(|input: Tokens<'t, 'a>| factor(input.skip(1)))(input)?;
        return Ok((input, Selector::Negation(Box::new(operand))));
    }
    let (input, receiver) = operand(input)?;
    accesses(input, receiver)
}

/// `selectorModifier`: fields, elements and slices of the receiver.
fn accesses<'t, 'a>(mut input: Tokens<'t, 'a>, mut receiver: Selector<'a>) -> Parsed<'t, 'a, Selector<'a>> {
    for _ in 0..ACCESSES_MAX {
        match input.kind() {
            TokenKind::Dot => {
                let (rest, field) = identifier(input.skip(1))?;
                receiver = Selector::Field(Box::new(receiver), field);
                input = rest;
            }
            TokenKind::BracketOpen => {
                (input, receiver) = nested(|input| element_or_slice(input, receiver))(input)?;
            }
            _ => return Ok((input, receiver)),
        }
    }
    match input.kind() {
        TokenKind::Dot | TokenKind::BracketOpen => Err(input.fail(Reason::TooDeep)),
        _ => Ok((input, receiver)),
    }
}

/// `'[' (term | term '..' term? | '..' term) ']'`
fn element_or_slice<'t, 'a>(input: Tokens<'t, 'a>, receiver: Selector<'a>) -> Parsed<'t, 'a, Selector<'a>> {
    let input = input.skip(1);
    let (input, from) = if input.kind() == TokenKind::Range {
        (input, None)
    } else {
        let (input, from) = term(input)?;
        (input, Some(from))
    };
    let is_slice = input.kind() == TokenKind::Range;
    let (input, to) = match input.kind_at(1) {
        _ if !is_slice => (input, None),
        TokenKind::BracketClose if from.is_some() => (input.skip(1), None),
        _ => {
            let (input, to) = term(input.skip(1))?;
            (input, Some(to))
        }
    };
    let (input, ()) = symbol(TokenKind::BracketClose)(input)?;
    Ok((
        input,
        match from {
            Some(key) if !is_slice => Selector::Element(Box::new((receiver, key))),
            from => Selector::Slice(Box::new((receiver, from, to))),
        },
    ))
}

/// `selectionGroupWithoutField`
fn operand<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selector<'a>> {
    if let Some(constant) = constant_at(input) {
        return Ok((input.skip(1), Selector::Term(Term::Constant(constant))));
    }
    let opens = input.kind_at(1) == TokenKind::ParenthesisOpen;
    match input.kind() {
        TokenKind::Question | TokenKind::Colon => {
            let (input, marker) = marker(input)?;
            Ok((input, Selector::Term(marker)))
        }
        TokenKind::ParenthesisOpen => nested(hint_or_tuple)(input),
        TokenKind::BracketOpen => nested(list_literal)(input),
        TokenKind::BraceOpen => nested(braces)(input),
        TokenKind::Keyword(Keyword::Null) => Ok((input.skip(1), Selector::Term(Term::Null))),
        TokenKind::Keyword(Keyword::Count)
            if opens && input.kind_at(2) == TokenKind::Star && input.kind_at(3) == TokenKind::ParenthesisClose =>
        {
            Ok((input.skip(4), Selector::CountRows))
        }
        TokenKind::Keyword(Keyword::Writetime) if opens => writetime(input, WritetimeKind::Writetime),
        TokenKind::Keyword(Keyword::Maxwritetime) if opens => writetime(input, WritetimeKind::MaxWritetime),
        TokenKind::Keyword(Keyword::Ttl) if opens => writetime(input, WritetimeKind::Ttl),
        TokenKind::Keyword(Keyword::Cast) if opens => nested(cast)(input),
        _ if is_call(input) => nested(call)(input),
        kind if is_identifier(kind) && !may_follow_column(input.kind_at(1)) => Err(input.no_viable_at(1)),
        kind if is_identifier(kind) => {
            let (input, name) = identifier(input)?;
            Ok((input, Selector::Column(name)))
        }
        _ => Err(no_viable(input)),
    }
}

/// Whether the token comes behind a column of a selector anywhere in the grammar. If not, Cassandra notices it where it looks
/// for the parenthesis of a call.
fn may_follow_column(kind: TokenKind) -> bool {
    match kind {
        TokenKind::Keyword(keyword) => matches!(
            keyword,
            Keyword::From | Keyword::As | Keyword::Order | Keyword::Per | Keyword::Limit | Keyword::Allow
        ),
        kind => matches!(
            kind,
            TokenKind::Comma
                | TokenKind::Dot
                | TokenKind::BracketOpen
                | TokenKind::BracketClose
                | TokenKind::ParenthesisClose
                | TokenKind::BraceClose
                | TokenKind::Colon
                | TokenKind::Plus
                | TokenKind::Minus
                | TokenKind::Star
                | TokenKind::Slash
                | TokenKind::Percent
                | TokenKind::Semicolon
                | TokenKind::End
        ),
    }
}

/// `WRITETIME '(' sident selectorModifier ')'` and its kin
fn writetime<'t, 'a>(input: Tokens<'t, 'a>, kind: WritetimeKind) -> Parsed<'t, 'a, Selector<'a>> {
    let (input, name) = identifier(input.skip(2))?;
    let (input, target) = accesses(input, Selector::Column(name))?;
    let (input, ()) = symbol(TokenKind::ParenthesisClose)(input)?;
    Ok((input, Selector::Writetime(kind, Box::new(target))))
}

/// `CAST '(' unaliasedSelector AS native_type ')'`
fn cast<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selector<'a>> {
    let (input, operand) = selector(input.skip(2))?;
    let (input, ()) = symbol(TokenKind::Keyword(Keyword::As))(input)?;
    let (input, native) = native_type(input)?;
    let (input, ()) = symbol(TokenKind::ParenthesisClose)(input)?;
    Ok((input, Selector::Cast(Box::new(operand), native)))
}

fn call<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selector<'a>> {
    let (input, name) = function(input)?;
    let (input, arguments) =
        bracketed_or_empty(TokenKind::ParenthesisOpen, selector, TokenKind::ParenthesisClose)(input)?;
    Ok((input, Selector::Call(Box::new(FunctionCall { name, arguments }))))
}

/// `(type) operand` or `(a, b)`. A name in parentheses is a type if an operand follows. Where that is a bracket, it may be a
/// list, or the element of a tuple; then the list is tried first.
fn hint_or_tuple<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selector<'a>> {
    if let Some((rest, hint)) = hint(input) {
        let operand = operand(rest);
        let operand = if rest.kind() == TokenKind::BracketOpen { attempt(operand)? } else { Some(operand?) };
        if let Some((rest, operand)) = operand {
            return Ok((rest, Selector::Hint(Box::new((hint, operand)))));
        }
    }
    let (input, components) = parenthesized(selector)(input)?;
    Ok((input, Selector::Tuple(components)))
}

/// `'(' type ')'` before something that may be an operand.
fn hint<'t, 'a>(input: Tokens<'t, 'a>) -> Option<(Tokens<'t, 'a>, Type<'a>)> {
    let (rest, hint) = data_type(input.skip(1)).ok()?;
    let (rest, ()) = symbol(TokenKind::ParenthesisClose)(rest).ok()?;
    let begins_operand = matches!(
        rest.kind(),
        TokenKind::Question
            | TokenKind::ParenthesisOpen
            | TokenKind::BracketOpen
            | TokenKind::BraceOpen
            | TokenKind::Keyword(Keyword::Null | Keyword::Token)
    ) || (rest.kind() == TokenKind::Colon && is_identifier(rest.kind_at(1)))
        || constant_at(rest).is_some()
        || is_identifier(rest.kind()) && !is_alias(rest);
    begins_operand.then_some((rest, hint))
}

/// Whether AS comes next and is no column: an alias follows (and not an alias of the column AS).
pub(super) fn is_alias(input: Tokens<'_, '_>) -> bool {
    input.is(Keyword::As)
        && is_identifier(input.kind_at(1))
        && !(input.is_at(1, Keyword::As) && is_identifier(input.kind_at(2)))
}

fn list_literal<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selector<'a>> {
    let (input, items) = bracketed_or_empty(TokenKind::BracketOpen, selector, TokenKind::BracketClose)(input)?;
    Ok((input, Selector::List(items)))
}

/// A set, a map, or a value of a user-defined type.
fn braces<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Selector<'a>> {
    if input.kind_at(1) == TokenKind::BraceClose {
        return Ok((input.skip(2), Selector::Set(Vec::new())));
    }
    let (input, first) = selector(input.skip(1))?;
    let (input, value) = if input.kind() == TokenKind::Colon {
        let (input, value) = selector(input.skip(1))?;
        let (input, entries) = more(input, (first, value), entry)?;
        (input, Selector::Map(entries))
    } else {
        let (input, items) = more(input, first, selector)?;
        (input, Selector::Set(items))
    };
    let (input, ()) = symbol(TokenKind::BraceClose)(input)?;
    Ok((input, value))
}

fn entry<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, (Selector<'a>, Selector<'a>)> {
    let (input, key) = selector(input)?;
    let (input, ()) = symbol(TokenKind::Colon)(input)?;
    let (input, value) = selector(input)?;
    Ok((input, (key, value)))
}
