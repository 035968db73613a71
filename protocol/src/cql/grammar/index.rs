//! Indexes and triggers.

use super::name::{column, identifier, name_or_marker, qualified, string};
use super::property::properties;
use super::tokens::{Parsed, Tokens, after, bracketed_or_empty, if_exists, if_not_exists, keyword, symbol};
use crate::cql::ast::{CreateIndex, CreateTrigger, DropIndex, DropTrigger, IndexTarget};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `createIndexStatement`, behind INDEX
pub(super) fn create<'t, 'a: 't>(custom: bool) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, CreateIndex<'a>> {
    move |input| {
        let (input, if_not_exists) = if_not_exists(input)?;
        let (input, name) = match input.kind() {
            TokenKind::Question | TokenKind::Identifier | TokenKind::QuotedName => {
                let (input, name) = name_or_marker(input)?;
                (input, Some(name))
            }
            TokenKind::Keyword(word) if !word.is_reserved() => {
                let (input, name) = identifier(input)?;
                (input, Some(name))
            }
            _ => (input, None),
        };
        let (input, ()) = keyword(Keyword::On)(input)?;
        let (input, table) = qualified(input)?;
        let (input, targets) =
            bracketed_or_empty(TokenKind::ParenthesisOpen, target, TokenKind::ParenthesisClose)(input)?;
        let (input, class) = after(Keyword::Using, string)(input)?;
        let (input, properties) = after(Keyword::With, properties)(input)?;
        let properties = properties.unwrap_or_default();
        Ok((input, CreateIndex { custom, if_not_exists, name, table, targets, class, properties }))
    }
}

/// `indexIdent`
fn target<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, IndexTarget<'a>> {
    let opens = input.kind_at(1) == TokenKind::ParenthesisOpen;
    let target = match input.kind() {
        TokenKind::Keyword(Keyword::Values) if opens => IndexTarget::Values,
        TokenKind::Keyword(Keyword::Keys) if opens => IndexTarget::Keys,
        TokenKind::Keyword(Keyword::Entries) => IndexTarget::Entries,
        TokenKind::Keyword(Keyword::Full) => IndexTarget::Full,
        _ => {
            let (input, name) = column(input)?;
            return Ok((input, IndexTarget::Column(name)));
        }
    };
    let (input, ()) = symbol(TokenKind::ParenthesisOpen)(input.skip(1))?;
    let (input, name) = column(input)?;
    let (input, ()) = symbol(TokenKind::ParenthesisClose)(input)?;
    Ok((input, target(name)))
}

/// `dropIndexStatement`, behind the first two words
pub(super) fn drop<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropIndex<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = qualified(input)?;
    Ok((input, DropIndex { if_exists, name }))
}

/// `createTriggerStatement`, behind the first two words
pub(super) fn create_trigger<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, CreateTrigger<'a>> {
    let (input, if_not_exists) = if_not_exists(input)?;
    let (input, name) = identifier(input)?;
    let (input, ()) = keyword(Keyword::On)(input)?;
    let (input, table) = qualified(input)?;
    let (input, ()) = keyword(Keyword::Using)(input)?;
    let (input, class) = string(input)?;
    Ok((input, CreateTrigger { if_not_exists, name, table, class }))
}

/// `dropTriggerStatement`, behind the first two words
pub(super) fn drop_trigger<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropTrigger<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = identifier(input)?;
    let (input, ()) = keyword(Keyword::On)(input)?;
    let (input, table) = qualified(input)?;
    Ok((input, DropTrigger { if_exists, name, table }))
}
