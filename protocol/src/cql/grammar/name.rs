//! Identifiers.

use std::borrow::Cow;

use super::tokens::{Parsed, Tokens, broken, no_viable};
use crate::cql::ast::{Name, QualifiedName, RoleName, unquote};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `ident`: an identifier, a quoted name or an unreserved keyword.
pub(super) fn identifier<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Name<'a>> {
    match name_at(input) {
        Some(name) => Ok((input.skip(1), name)),
        None => Err(no_viable(input)),
    }
}

/// `cident`: a column, also one with an empty name.
pub(super) fn column<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Name<'a>> {
    match input.kind() {
        TokenKind::EmptyQuotedName => Ok((input.skip(1), Name::new(""))),
        _ => identifier(input),
    }
}

/// Whether [`identifier`] would accept a token of this kind.
pub(super) fn is_identifier(kind: TokenKind) -> bool {
    match kind {
        TokenKind::Identifier | TokenKind::QuotedName => true,
        TokenKind::Keyword(keyword) => !keyword.is_reserved(),
        _ => false,
    }
}

/// `keyspaceName`, and `idxName`: also a marker, which Cassandra refuses later.
pub(super) fn name_or_marker<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Name<'a>> {
    match input.kind() {
        TokenKind::Question => Ok((input.skip(1), Name::marker())),
        _ => identifier(input),
    }
}

/// `columnFamilyName`, and `indexName`
pub(super) fn qualified<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, QualifiedName<'a>> {
    let start = input;
    let (input, keyspace) = qualifier(input, name_or_marker)?;
    let (input, name) = name_or_marker(input)?;
    if keyspace.is_none() && !may_follow_table(input.kind()) {
        return Err(start.no_viable_at(1));
    }
    Ok((input, QualifiedName { keyspace, name }))
}

/// Whether the token comes behind the name of a table or index anywhere in the grammar. If not, Cassandra notices it where it
/// looks for the dot of a qualified name.
fn may_follow_table(kind: TokenKind) -> bool {
    match kind {
        TokenKind::Keyword(keyword) => matches!(
            keyword,
            Keyword::Where
                | Keyword::Group
                | Keyword::Order
                | Keyword::Per
                | Keyword::Limit
                | Keyword::Allow
                | Keyword::Json
                | Keyword::Using
                | Keyword::Set
                | Keyword::As
                | Keyword::Primary
                | Keyword::With
                | Keyword::Add
                | Keyword::Drop
                | Keyword::Rename
                | Keyword::Alter
                | Keyword::To
                | Keyword::From
                | Keyword::Of
                | Keyword::Norecursive
        ),
        kind => matches!(kind, TokenKind::ParenthesisOpen | TokenKind::Semicolon | TokenKind::End),
    }
}

/// `(keyspace '.')?`
fn qualifier<'t, 'a>(
    input: Tokens<'t, 'a>,
    keyspace: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Name<'a>>,
) -> Parsed<'t, 'a, Option<Name<'a>>> {
    if input.kind_at(1) != TokenKind::Dot {
        return Ok((input, None));
    }
    let (input, keyspace) = keyspace(input)?;
    Ok((input.skip(1), Some(keyspace)))
}

/// `functionName`
pub(super) fn function<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, QualifiedName<'a>> {
    let start = input;
    let (input, keyspace) = qualifier(input, name_or_marker)?;
    let (input, name) = unqualified_function(input)?;
    let ends = matches!(
        input.kind(),
        TokenKind::ParenthesisOpen | TokenKind::Semicolon | TokenKind::End | TokenKind::Keyword(Keyword::With)
    );
    if keyspace.is_none() && !ends {
        return Err(start.no_viable_at(1));
    }
    Ok((input, QualifiedName { keyspace, name }))
}

/// `allowedFunctionName`
pub(super) fn unqualified_function<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Name<'a>> {
    match input.kind() {
        TokenKind::Keyword(keyword) if keyword.may_name_function() => Ok((input.skip(1), Name::unquoted(input.text()))),
        TokenKind::Keyword(_) => Err(no_viable(input)),
        _ => identifier(input),
    }
}

/// Whether `functionName '('` comes next: only a call begins so.
pub(super) fn is_call(input: Tokens<'_, '_>) -> bool {
    let names_function = |kind| match kind {
        TokenKind::Identifier | TokenKind::QuotedName => true,
        TokenKind::Keyword(keyword) => keyword.may_name_function(),
        _ => false,
    };
    match input.kind_at(1) {
        TokenKind::ParenthesisOpen => names_function(input.kind()),
        TokenKind::Dot => {
            is_identifier(input.kind())
                && names_function(input.kind_at(2))
                && input.kind_at(3) == TokenKind::ParenthesisOpen
        }
        _ => false,
    }
}

/// `userTypeName`
pub(super) fn user_type<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, QualifiedName<'a>> {
    let (input, keyspace) = qualifier(input, identifier)?;
    let text = input.text();
    match input.kind() {
        TokenKind::Keyword(keyword) if !keyword.may_name_type() => return Err(no_viable(input)),
        TokenKind::Identifier if RESERVED_TYPES.contains(&text) => {
            return Err(broken(input, format!("Invalid (reserved) user type name {text}")));
        }
        _ => {}
    }
    let (input, name) = identifier(input)?;
    Ok((input, QualifiedName { keyspace, name }))
}

/// Names that Cassandra keeps for types to come, when written exactly so.
const RESERVED_TYPES: &[&str] = &["byte", "complex", "enum", "interval", "macaddr", "bitstring"];

/// `roleName`
pub(super) fn role<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, RoleName<'a>> {
    if let Some(string) = string_at(input) {
        return Ok((input.skip(1), RoleName::Text(string)));
    }
    let (input, name) = name_or_marker(input)?;
    Ok((input, name.into()))
}

/// `username` and `identity`: of an identifier, the case is kept.
pub(super) fn user<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, RoleName<'a>> {
    let name = match input.kind() {
        TokenKind::Identifier => RoleName::Text(Cow::Borrowed(input.text())),
        TokenKind::QuotedName => RoleName::Refused(identifier(input)?.1),
        _ => RoleName::Text(string_at(input).ok_or_else(|| no_viable(input))?),
    };
    Ok((input.skip(1), name))
}

/// `STRING_LITERAL`
pub(super) fn string<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Cow<'a, str>> {
    match string_at(input) {
        Some(string) => Ok((input.skip(1), string)),
        None => Err(input.fail(super::tokens::Reason::Expected(TokenKind::String))),
    }
}

/// The content of the string that comes next.
pub(super) fn string_at<'a>(input: Tokens<'_, 'a>) -> Option<Cow<'a, str>> {
    let text = input.text();
    match input.kind() {
        TokenKind::String => Some(unquote(text, '\'', "''")),
        TokenKind::DollarString => Some(Cow::Borrowed(text.get(2..text.len().saturating_sub(2)).unwrap_or_default())),
        _ => None,
    }
}

fn name_at<'a>(input: Tokens<'_, 'a>) -> Option<Name<'a>> {
    match input.kind() {
        TokenKind::Identifier => Some(Name::unquoted(input.text())),
        TokenKind::QuotedName => Some(Name::quoted(input.text())),
        TokenKind::Keyword(keyword) if !keyword.is_reserved() => Some(Name::unquoted(input.text())),
        _ => None,
    }
}

/// The word of a keyword, in the case it was written.
pub(super) fn keyword_text<'t, 'a>(input: Tokens<'t, 'a>) -> Option<&'a str> {
    match input.kind() {
        TokenKind::Keyword(keyword) if !Keyword::is_reserved(keyword) => Some(input.text()),
        _ => None,
    }
}
