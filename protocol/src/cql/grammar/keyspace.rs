//! USE, and CREATE, ALTER and DROP KEYSPACE.

use super::name::name_or_marker;
use super::property::with_properties;
use super::tokens::{Parsed, Tokens, if_exists, if_not_exists};
use crate::cql::ast::{AlterKeyspace, CreateKeyspace, DropKeyspace, Name};

/// `useStatement`
pub(super) fn use_statement<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Name<'a>> {
    name_or_marker(input.skip(1))
}

/// `createKeyspaceStatement`, behind the first two words
pub(super) fn create<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, CreateKeyspace<'a>> {
    let (input, if_not_exists) = if_not_exists(input)?;
    let (input, name) = name_or_marker(input)?;
    let (input, properties) = with_properties(input)?;
    Ok((input, CreateKeyspace { if_not_exists, name, properties }))
}

/// `alterKeyspaceStatement`, behind the first two words
pub(super) fn alter<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, AlterKeyspace<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = name_or_marker(input)?;
    let (input, properties) = with_properties(input)?;
    Ok((input, AlterKeyspace { if_exists, name, properties }))
}

/// `dropKeyspaceStatement`, behind the first two words
pub(super) fn drop<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, DropKeyspace<'a>> {
    let (input, if_exists) = if_exists(input)?;
    let (input, name) = name_or_marker(input)?;
    Ok((input, DropKeyspace { if_exists, name }))
}
