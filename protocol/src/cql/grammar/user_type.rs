//! CREATE, ALTER and DROP TYPE.

use super::name::{identifier, user_type};
use super::table::{renaming, with_stray_commas};
use super::tokens::{Parsed, Tokens, conjunction, if_exists, if_not_exists, keyword, no_viable};
use super::types::data_type;
use crate::cql::ast::{AlterType, AlterTypeAction, CreateType, DropType, Name, Type};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `createTypeStatement`, behind the first two words
pub(super) fn create<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, CreateType<'a>> {
    let (input, if_not_exists) = if_not_exists(input)?;
    let (input, name) = user_type(input)?;
    let (input, fields) = with_stray_commas(field)(input)?;
    Ok((input, CreateType { if_not_exists, name, fields }))
}

fn field<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, (Name<'a>, Type<'a>)> {
    let (input, name) = identifier(input)?;
    let (input, data_type) = data_type(input)?;
    Ok((input, (name, data_type)))
}

/// `alterTypeStatement`, behind the first two words
pub(super) fn alter<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, AlterType<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = user_type(input)?;
    let rest = input.skip(1);
    let (input, action) = match input.kind() {
        TokenKind::Keyword(Keyword::Alter) => {
            let (input, field) = identifier(rest)?;
            let (input, ()) = keyword(Keyword::Type)(input)?;
            let (input, data_type) = data_type(input)?;
            (input, AlterTypeAction::Alter { field, data_type })
        }
        TokenKind::Keyword(Keyword::Add) => {
            let (input, if_not_exists) = if_not_exists(rest)?;
            let (input, (field, data_type)) = field(input)?;
            (input, AlterTypeAction::Add { if_not_exists, field, data_type })
        }
        TokenKind::Keyword(Keyword::Rename) => {
            let (input, if_exists) = super::tokens::if_exists(rest)?;
            let (input, fields) = conjunction(renaming)(input)?;
            (input, AlterTypeAction::Rename { if_exists, fields })
        }
        _ => return Err(no_viable(input)),
    };
    Ok((input, AlterType { if_exists, name, action }))
}

/// `dropTypeStatement`, behind the first two words
pub(super) fn drop<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropType<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = user_type(input)?;
    Ok((input, DropType { if_exists, name }))
}
