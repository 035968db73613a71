//! DESCRIBE.

use super::name::{function, is_identifier, name_or_marker, qualified, user_type};
use super::tokens::{Parsed, Tokens, keyword, maybe};
use crate::cql::ast::{Describe, DescribeTarget};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `describeStatement`
pub(super) fn describe<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Describe<'a>> {
    let (input, target) = target(input.skip(1))?;
    let (input, with_internals) = maybe(&[Keyword::With, Keyword::Internals])(input)?;
    Ok((input, Describe { target, with_internals }))
}

fn target<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DescribeTarget<'a>> {
    let rest = input.skip(1);
    let TokenKind::Keyword(first) = input.kind() else { return any(input) };
    let named = is_identifier(rest.kind()) || rest.kind() == TokenKind::Question;
    match first {
        Keyword::Cluster => Ok((rest, DescribeTarget::Cluster)),
        Keyword::Full => {
            let (input, ()) = keyword(Keyword::Schema)(rest)?;
            Ok((input, DescribeTarget::Schema { full: true }))
        }
        Keyword::Schema => Ok((rest, DescribeTarget::Schema { full: false })),
        Keyword::Keyspaces => Ok((rest, DescribeTarget::Keyspaces)),
        Keyword::Only if rest.is(Keyword::Keyspace) => of_keyspace(rest.skip(1), true),
        Keyword::Keyspace => of_keyspace(rest, false),
        Keyword::Tables => Ok((rest, DescribeTarget::Tables)),
        Keyword::Table => {
            let (input, name) = qualified(rest)?;
            Ok((input, DescribeTarget::Table(name)))
        }
        Keyword::Index => {
            let (input, name) = qualified(rest)?;
            Ok((input, DescribeTarget::Index(name)))
        }
        Keyword::Materialized => {
            let (input, ()) = keyword(Keyword::View)(rest)?;
            let (input, name) = qualified(input)?;
            Ok((input, DescribeTarget::View(name)))
        }
        Keyword::Types => Ok((rest, DescribeTarget::Types)),
        Keyword::Type if named => {
            let (input, name) = user_type(rest)?;
            Ok((input, DescribeTarget::Type(name)))
        }
        Keyword::Functions => Ok((rest, DescribeTarget::Functions)),
        Keyword::Function if named || rest.is(Keyword::Token) => {
            let (input, name) = function(rest)?;
            Ok((input, DescribeTarget::Function(name)))
        }
        Keyword::Aggregates => Ok((rest, DescribeTarget::Aggregates)),
        Keyword::Aggregate if named || rest.is(Keyword::Token) => {
            let (input, name) = function(rest)?;
            Ok((input, DescribeTarget::Aggregate(name)))
        }
        _ => any(input),
    }
}

fn of_keyspace<'t, 'a>(input: Tokens<'t, 'a>, only: bool) -> Parsed<'t, 'a, DescribeTarget<'a>> {
    if !is_identifier(input.kind()) && input.kind() != TokenKind::Question {
        return Ok((input, DescribeTarget::Keyspace { name: None, only }));
    }
    let (input, name) = name_or_marker(input)?;
    Ok((input, DescribeTarget::Keyspace { name: Some(name), only }))
}

/// `(keyspace '.')? name`
fn any<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DescribeTarget<'a>> {
    if !is_identifier(input.kind()) {
        return Err(super::tokens::no_viable(input));
    }
    let (input, name) = qualified(input)?;
    Ok((input, DescribeTarget::Any(name)))
}
