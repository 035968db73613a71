//! CREATE, ALTER and DROP MATERIALIZED VIEW.

use super::name::qualified;
use super::property::with_properties;
use super::relation::conjunction_of_relations;
use super::select::selection;
use super::table::{options, primary_key};
use super::tokens::{Parsed, Tokens, after, if_exists, if_not_exists, keyword, keywords};
use crate::cql::ast::{AlterView, CreateView, DropView};
use crate::cql::keyword::Keyword;

/// `createMaterializedViewStatement`, behind MATERIALIZED
pub(super) fn create<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, CreateView<'a>> {
    let (input, ()) = keyword(Keyword::View)(input)?;
    let (input, if_not_exists) = if_not_exists(input)?;
    let (input, name) = qualified(input)?;
    let (input, ()) = keywords(&[Keyword::As, Keyword::Select])(input)?;
    let (input, selection) = selection(input)?;
    let (input, ()) = keyword(Keyword::From)(input)?;
    let (input, from) = qualified(input)?;
    let (input, relations) = after(Keyword::Where, conjunction_of_relations)(input)?;
    let relations = relations.unwrap_or_default();
    let (input, primary_key) = primary_key(input)?;
    let (input, options) = after(Keyword::With, options)(input)?;
    let options = options.unwrap_or_default();
    Ok((input, CreateView { if_not_exists, name, selection, from, relations, primary_key, options }))
}

/// `alterMaterializedViewStatement`, behind MATERIALIZED
pub(super) fn alter<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, AlterView<'a>> {
    let (input, ()) = keyword(Keyword::View)(input)?;
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = qualified(input)?;
    let (input, properties) = with_properties(input)?;
    Ok((input, AlterView { if_exists, name, properties }))
}

/// `dropMaterializedViewStatement`, behind MATERIALIZED
pub(super) fn drop<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropView<'a>> {
    let (input, ()) = keyword(Keyword::View)(input)?;
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = qualified(input)?;
    Ok((input, DropView { if_exists, name }))
}
