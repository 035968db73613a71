//! WHERE.

use super::name::{column, is_identifier, name_or_marker};
use super::term::{is_marker, marker, term, tuple};
use super::tokens::{
    Parsed, Tokens, bracketed_or_empty, conjunction, keywords, list, nested, no_viable, parenthesized, symbol,
};
use crate::cql::ast::{InValues, Name, Operator, Relation, Term};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `whereClause`
pub(super) fn conjunction_of_relations<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<Relation<'a>>> {
    conjunction(relation_or_expression)(input)
}

fn relation_or_expression<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Relation<'a>> {
    if input.kind() != TokenKind::Expression {
        return relation(input);
    }
    let (input, index) = name_or_marker(input.skip(1))?;
    let (input, ()) = symbol(TokenKind::Comma)(input)?;
    let (input, value) = term(input)?;
    let (input, ()) = symbol(TokenKind::ParenthesisClose)(input)?;
    Ok((input, Relation::Expression { index, value }))
}

fn relation<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Relation<'a>> {
    match input.kind() {
        TokenKind::Keyword(Keyword::Token) => token_relation(input),
        TokenKind::ParenthesisOpen if is_tuple_of_columns(input) => tuple_relation(input),
        TokenKind::ParenthesisOpen if !begins_relation(input.kind_at(1)) => Err(input.no_viable_at(1)),
        TokenKind::ParenthesisOpen if is_column(input.kind_at(1)) && !may_follow_column(input.kind_at(2)) => {
            Err(input.no_viable_at(2))
        }
        TokenKind::ParenthesisOpen => nested(|input: Tokens<'t, 'a>| {
            let (input, inner) = relation(input.skip(1))?;
            let (input, ()) = symbol(TokenKind::ParenthesisClose)(input)?;
            Ok((input, inner))
        })(input),
        _ => column_relation(input),
    }
}

fn is_column(kind: TokenKind) -> bool {
    kind == TokenKind::EmptyQuotedName || is_identifier(kind)
}

fn begins_relation(kind: TokenKind) -> bool {
    is_column(kind) || matches!(kind, TokenKind::ParenthesisOpen | TokenKind::Keyword(Keyword::Token))
}

/// Whether the token comes behind a column at the beginning of a relation.
fn may_follow_column(kind: TokenKind) -> bool {
    operator_of(kind).is_some()
        || matches!(
            kind,
            TokenKind::BracketOpen | TokenKind::Keyword(Keyword::In | Keyword::Is | Keyword::Like | Keyword::Contains)
        )
}

/// Whether `(a, …` or `(a)` comes next, rather than a relation in parentheses.
fn is_tuple_of_columns(input: Tokens<'_, '_>) -> bool {
    is_column(input.kind_at(1)) && matches!(input.kind_at(2), TokenKind::Comma | TokenKind::ParenthesisClose)
}

fn token_relation<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Relation<'a>> {
    let (input, columns) = columns(input.skip(1))?;
    let (input, operator) = comparison(input)?;
    let (input, value) = term(input)?;
    Ok((input, Relation::Token { columns, operator, value }))
}

/// `tupleOfIdentifiers`
fn columns<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<Name<'a>>> {
    parenthesized(column)(input)
}

fn column_relation<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Relation<'a>> {
    let start = input;
    let (input, column) = column(input)?;
    match input.kind() {
        TokenKind::Keyword(Keyword::Is) => {
            let (input, ()) = keywords(&[Keyword::Is, Keyword::Not, Keyword::Null])(input)?;
            Ok((input, Relation::IsNotNull(column)))
        }
        TokenKind::Keyword(Keyword::In) => {
            let (input, values) = in_values(input.skip(1))?;
            Ok((input, Relation::In { column, values }))
        }
        TokenKind::BracketOpen => {
            let (input, key) = subscript(input)?;
            let (input, operator) = comparison(input)?;
            let (input, value) = term(input)?;
            Ok((input, Relation::Element { column, key, operator, value }))
        }
        _ => {
            let (input, operator) = match input.kind() {
                TokenKind::Keyword(Keyword::Like) => (input.skip(1), Operator::Like),
                _ => comparison_or_contains(input).map_err(|_| start.no_viable_at(1))?,
            };
            let (input, value) = term(input)?;
            Ok((input, Relation::Column { column, operator, value }))
        }
    }
}

/// `'[' term ']'`
pub(super) fn subscript<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    let (input, key) = nested(term)(input.skip(1))?;
    let (input, ()) = symbol(TokenKind::BracketClose)(input)?;
    Ok((input, key))
}

/// `relationType`
pub(super) fn comparison<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Operator> {
    let operator = operator_of(input.kind()).ok_or_else(|| no_viable(input))?;
    Ok((input.skip(1), operator))
}

/// The comparison that a token is.
pub(super) const fn operator_of(kind: TokenKind) -> Option<Operator> {
    match kind {
        TokenKind::Equal => Some(Operator::Equal),
        TokenKind::NotEqual => Some(Operator::NotEqual),
        TokenKind::Less => Some(Operator::Less),
        TokenKind::LessOrEqual => Some(Operator::LessOrEqual),
        TokenKind::Greater => Some(Operator::Greater),
        TokenKind::GreaterOrEqual => Some(Operator::GreaterOrEqual),
        _ => None,
    }
}

/// `relationType | containsOperator`
pub(super) fn comparison_or_contains<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Operator> {
    match (input.kind(), input.kind_at(1)) {
        (TokenKind::Keyword(Keyword::Contains), TokenKind::Keyword(Keyword::Key)) => {
            Ok((input.skip(2), Operator::ContainsKey))
        }
        (TokenKind::Keyword(Keyword::Contains), _) => Ok((input.skip(1), Operator::Contains)),
        _ => comparison(input),
    }
}

/// What follows `column IN`.
pub(super) fn in_values<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, InValues<'a>> {
    if is_marker(input) {
        let (input, marker) = marker(input)?;
        return Ok((input, InValues::Marker(marker)));
    }
    if input.kind() != TokenKind::ParenthesisOpen {
        return Err(no_viable(input));
    }
    let (input, values) =
        nested(bracketed_or_empty(TokenKind::ParenthesisOpen, term, TokenKind::ParenthesisClose))(input)?;
    Ok((input, InValues::List(values)))
}

fn tuple_relation<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Relation<'a>> {
    let (input, columns) = columns(input)?;
    if input.is(Keyword::In) {
        let (input, values) = in_tuples(input.skip(1))?;
        return Ok((input, Relation::TupleIn { columns, values }));
    }
    let start = input;
    let (input, operator) = comparison(input)?;
    let (input, value) = match input.kind() {
        TokenKind::ParenthesisOpen => nested(tuple)(input)?,
        _ if is_marker(input) => marker(input)?,
        _ => return Err(start.no_viable_at(1)),
    };
    Ok((input, Relation::Tuple { columns, operator, value }))
}

/// What follows `(a, b) IN`: nothing but tuples, or nothing but markers.
fn in_tuples<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, InValues<'a>> {
    if is_marker(input) {
        let (input, marker) = marker(input)?;
        return Ok((input, InValues::Marker(marker)));
    }
    let inner = input.skip(1);
    let (input, values) = match (input.kind(), inner.kind()) {
        (TokenKind::ParenthesisOpen, TokenKind::ParenthesisClose) => {
            return Ok((inner.skip(1), InValues::List(vec![])));
        }
        (TokenKind::ParenthesisOpen, TokenKind::ParenthesisOpen) => list(tuple_literal)(inner)?,
        (TokenKind::ParenthesisOpen, TokenKind::Question | TokenKind::Colon) => list(marker)(inner)?,
        (TokenKind::ParenthesisOpen, _) => return Err(input.no_viable_at(1)),
        _ => return Err(no_viable(input)),
    };
    let (input, ()) = symbol(TokenKind::ParenthesisClose)(input)?;
    Ok((input, InValues::List(values)))
}

fn tuple_literal<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Term<'a>> {
    nested(tuple)(input)
}
