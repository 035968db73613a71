//! INSERT, UPDATE, DELETE and BATCH.

mod assignment;

use super::name::{column, identifier, qualified};
use super::relation::{
    comparison, comparison_or_contains, conjunction_of_relations, in_values, operator_of, subscript,
};
use super::term::{integer, json, term};
use super::tokens::{
    Parsed, Tokens, after, conjunction, if_not_exists, keyword, keywords, list, no_viable, parenthesized,
};
use crate::cql::ast::{
    Batch, BatchKind, Condition, ConditionTest, Delete, Deletion, If, Insert, InsertSource, JsonDefault, Modification,
    Subscript, Update, Using,
};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `insertStatement`
pub(super) fn insert<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Insert<'a>> {
    let (input, ()) = keyword(Keyword::Into)(input.skip(1))?;
    let (input, table) = qualified(input)?;
    let (input, source) = match input.kind() {
        TokenKind::Keyword(Keyword::Json) => json_source(input.skip(1))?,
        TokenKind::ParenthesisOpen => values_source(input)?,
        _ => return Err(no_viable(input)),
    };
    let (input, if_not_exists) = if_not_exists(input)?;
    let (input, using) = using(input)?;
    Ok((input, Insert { table, source, if_not_exists, using }))
}

fn values_source<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, InsertSource<'a>> {
    let (input, columns) = parenthesized(column)(input)?;
    let (input, ()) = keyword(Keyword::Values)(input)?;
    let (input, values) = parenthesized(term)(input)?;
    Ok((input, InsertSource::Values { columns, values }))
}

fn json_source<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, InsertSource<'a>> {
    let (input, value) = json(input)?;
    let (input, default) = after(Keyword::Default, |input: Tokens<'t, 'a>| match input.kind() {
        TokenKind::Keyword(Keyword::Null) => Ok((input.skip(1), JsonDefault::Null)),
        TokenKind::Keyword(Keyword::Unset) => Ok((input.skip(1), JsonDefault::Unset)),
        _ => Err(no_viable(input)),
    })(input)?;
    Ok((input, InsertSource::Json { value, default }))
}

/// `usingClause?`
fn using<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<Using<'a>>> {
    let (input, using) = after(Keyword::Using, conjunction(using_objective))(input)?;
    Ok((input, using.unwrap_or_default()))
}

fn using_objective<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Using<'a>> {
    let attribute = match input.kind() {
        TokenKind::Keyword(Keyword::Timestamp) => Using::Timestamp,
        TokenKind::Keyword(Keyword::Ttl) => Using::Ttl,
        _ => return Err(no_viable(input)),
    };
    let (input, value) = integer(input.skip(1))?;
    Ok((input, attribute(value)))
}

/// `updateStatement`
pub(super) fn update<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Update<'a>> {
    let (input, table) = qualified(input.skip(1))?;
    let (input, using) = using(input)?;
    let (input, ()) = keyword(Keyword::Set)(input)?;
    let (input, assignments) = assignment::assignments(input)?;
    let (input, ()) = keyword(Keyword::Where)(input)?;
    let (input, relations) = conjunction_of_relations(input)?;
    let (input, condition) = after(Keyword::If, condition)(input)?;
    Ok((input, Update { table, using, assignments, relations, condition }))
}

/// `deleteStatement`
pub(super) fn delete<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Delete<'a>> {
    let input = input.skip(1);
    let (input, deletions) = if input.is(Keyword::From) { (input, Vec::new()) } else { list(deletion)(input)? };
    let (input, ()) = keyword(Keyword::From)(input)?;
    let (input, table) = qualified(input)?;
    let (input, timestamp) = after(Keyword::Using, |input| {
        let (input, ()) = keyword(Keyword::Timestamp)(input)?;
        integer(input)
    })(input)?;
    let (input, ()) = keyword(Keyword::Where)(input)?;
    let (input, relations) = conjunction_of_relations(input)?;
    let (input, condition) = after(Keyword::If, condition)(input)?;
    Ok((input, Delete { deletions, table, timestamp, relations, condition }))
}

/// `deleteOp`
fn deletion<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Deletion<'a>> {
    let start = input;
    let (input, column) = column(input)?;
    let follows = matches!(
        input.kind(),
        TokenKind::Comma | TokenKind::BracketOpen | TokenKind::Dot | TokenKind::Keyword(Keyword::From)
    );
    if !follows {
        return Err(start.no_viable_at(1));
    }
    let (input, subscript) = column_subscript(input)?;
    Ok((input, Deletion { column, subscript }))
}

/// `'[' term ']'`, `'.' field` or nothing
fn column_subscript<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Subscript<'a>> {
    match input.kind() {
        TokenKind::BracketOpen => {
            let (input, key) = subscript(input)?;
            Ok((input, Subscript::Element(key)))
        }
        TokenKind::Dot => {
            let (input, field) = identifier(input.skip(1))?;
            Ok((input, Subscript::Field(field)))
        }
        _ => Ok((input, Subscript::None)),
    }
}

/// What follows IF in UPDATE and DELETE.
fn condition<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, If<'a>> {
    if input.is(Keyword::Exists) && !may_follow_column(input.kind_at(1)) {
        return Ok((input.skip(1), If::Exists));
    }
    let (input, conditions) = conjunction(column_condition)(input)?;
    Ok((input, If::Conditions(conditions)))
}

/// Whether the token comes behind a column at the beginning of a condition, so that `exists` is one.
fn may_follow_column(kind: TokenKind) -> bool {
    operator_of(kind).is_some()
        || matches!(kind, TokenKind::BracketOpen | TokenKind::Dot | TokenKind::Keyword(Keyword::In | Keyword::Contains))
}

/// `columnCondition`
fn column_condition<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Condition<'a>> {
    let (input, column) = column(input)?;
    let (input, subscript) = column_subscript(input)?;
    if input.is(Keyword::In) {
        let (input, values) = in_values(input.skip(1))?;
        return Ok((input, Condition { column, subscript, test: ConditionTest::In(values) }));
    }
    let (input, operator) = match subscript {
        Subscript::None => comparison_or_contains(input)?,
        _ => comparison(input)?,
    };
    let (input, value) = term(input)?;
    Ok((input, Condition { column, subscript, test: ConditionTest::Compare(operator, value) }))
}

/// `batchStatement`
pub(super) fn batch<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Batch<'a>> {
    let input = input.skip(1);
    let (input, kind) = match input.kind() {
        TokenKind::Keyword(Keyword::Unlogged) => (input.skip(1), BatchKind::Unlogged),
        TokenKind::Keyword(Keyword::Counter) => (input.skip(1), BatchKind::Counter),
        _ => (input, BatchKind::Logged),
    };
    let (input, ()) = keyword(Keyword::Batch)(input)?;
    let (mut input, using) = using(input)?;
    let mut statements = Vec::new();
    loop {
        let (rest, statement) = match input.kind() {
            TokenKind::Keyword(Keyword::Insert) => {
                let (rest, insert) = insert(input)?;
                (rest, Modification::Insert(insert))
            }
            TokenKind::Keyword(Keyword::Update) => {
                let (rest, update) = update(input)?;
                (rest, Modification::Update(update))
            }
            TokenKind::Keyword(Keyword::Delete) => {
                let (rest, delete) = delete(input)?;
                (rest, Modification::Delete(delete))
            }
            _ => break,
        };
        statements.push(statement);
        input = if rest.kind() == TokenKind::Semicolon { rest.skip(1) } else { rest };
    }
    let (input, ()) = keywords(&[Keyword::Apply, Keyword::Batch])(input)?;
    Ok((input, Batch { kind, using, statements }))
}
