//! User-defined functions and aggregates.

use super::name::{function, identifier, string, unqualified_function};
use super::term::term;
use super::tokens::{
    Parsed, Reason, Tokens, after, bracketed_or_empty, if_exists, if_not_exists, keyword, keywords, no_viable,
};
use super::types::data_type;
use crate::cql::ast::{CreateAggregate, CreateFunction, DropAggregate, DropFunction, Name, Statement, Type};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `createFunctionStatement`, behind FUNCTION
pub(super) fn create<'t, 'a: 't>(or_replace: bool) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Statement<'a>> {
    move |input| {
        let (input, if_not_exists) = if_not_exists(input)?;
        let (input, name) = function(input)?;
        let (input, arguments) =
            bracketed_or_empty(TokenKind::ParenthesisOpen, argument, TokenKind::ParenthesisClose)(input)?;
        let (input, called_on_null_input) = match input.kind() {
            TokenKind::Keyword(Keyword::Returns) => {
                let (input, ()) = keyword(Keyword::Null)(input.skip(1))?;
                (input, false)
            }
            TokenKind::Keyword(Keyword::Called) => (input.skip(1), true),
            _ => return Err(no_viable(input)),
        };
        let (input, ()) = keywords(&[Keyword::On, Keyword::Null, Keyword::Input, Keyword::Returns])(input)?;
        let (input, returns) = data_type(input)?;
        let (input, ()) = keyword(Keyword::Language)(input)?;
        let (input, language) = language(input)?;
        let (input, ()) = keyword(Keyword::As)(input)?;
        let (input, body) = string(input)?;
        let statement = CreateFunction {
            or_replace,
            if_not_exists,
            name,
            arguments,
            called_on_null_input,
            returns,
            language,
            body,
        };
        Ok((input, Statement::CreateFunction(Box::new(statement))))
    }
}

fn argument<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, (Name<'a>, Type<'a>)> {
    let (input, name) = identifier(input)?;
    let (input, data_type) = data_type(input)?;
    Ok((input, (name, data_type)))
}

fn language<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Name<'a>> {
    if input.kind() != TokenKind::Identifier {
        return Err(input.fail(Reason::Expected(TokenKind::Identifier)));
    }
    identifier(input)
}

/// `dropFunctionStatement`, behind the first two words
pub(super) fn drop<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropFunction<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = function(input)?;
    let (input, arguments) = optional_argument_types(input)?;
    Ok((input, DropFunction { if_exists, name, arguments }))
}

/// `('(' (comparatorType (',' comparatorType)*)? ')')?`
fn optional_argument_types<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Option<Vec<Type<'a>>>> {
    if input.kind() != TokenKind::ParenthesisOpen {
        return Ok((input, None));
    }
    let (input, types) = argument_types(input)?;
    Ok((input, Some(types)))
}

/// `'(' (comparatorType (',' comparatorType)*)? ')'`
pub(super) fn argument_types<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<Type<'a>>> {
    bracketed_or_empty(TokenKind::ParenthesisOpen, data_type, TokenKind::ParenthesisClose)(input)
}

/// `createAggregateStatement`, behind AGGREGATE
pub(super) fn create_aggregate<'t, 'a: 't>(
    or_replace: bool,
) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Statement<'a>> {
    move |input| {
        let (input, if_not_exists) = if_not_exists(input)?;
        let (input, name) = function(input)?;
        let (input, arguments) = argument_types(input)?;
        let (input, ()) = keyword(Keyword::Sfunc)(input)?;
        let (input, state_function) = unqualified_function(input)?;
        let (input, ()) = keyword(Keyword::Stype)(input)?;
        let (input, state_type) = data_type(input)?;
        let (input, final_function) = after(Keyword::Finalfunc, unqualified_function)(input)?;
        let (input, initial_condition) = after(Keyword::Initcond, term)(input)?;
        let statement = CreateAggregate {
            or_replace,
            if_not_exists,
            name,
            arguments,
            state_function,
            state_type,
            final_function,
            initial_condition,
        };
        Ok((input, Statement::CreateAggregate(Box::new(statement))))
    }
}

/// `dropAggregateStatement`, behind the first two words
pub(super) fn drop_aggregate<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropAggregate<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = function(input)?;
    let (input, arguments) = optional_argument_types(input)?;
    Ok((input, DropAggregate { if_exists, name, arguments }))
}
