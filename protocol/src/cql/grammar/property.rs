//! `WITH name = value AND …`

use super::name::{identifier, keyword_text};
use super::term::{constant_at, map_literal};
use super::tokens::{Parsed, Tokens, broken, conjunction, keyword};
use crate::cql::ast::{Constant, Properties, Property, PropertyValue, Term};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `WITH properties`
pub(super) fn with_properties<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Properties<'a>> {
    let (input, ()) = keyword(Keyword::With)(input)?;
    properties(input)
}

/// `properties`
pub(super) fn properties<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Properties<'a>> {
    conjunction(property)(input)
}

/// `property`
pub(super) fn property<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Property<'a>> {
    let start = input;
    let (input, name) = identifier(input)?;
    if input.kind() != TokenKind::Equal {
        return Err(start.no_viable_at(1));
    }
    let input = input.skip(1);
    let (input, value) = if input.kind() == TokenKind::BraceOpen {
        let (input, entries) = property_map(input)?;
        (input, PropertyValue::Map(entries))
    } else if let Some(constant) = constant_at(input) {
        (input.skip(1), PropertyValue::Constant(constant))
    } else if let Some(word) = keyword_text(input) {
        (input.skip(1), PropertyValue::Keyword(word))
    } else {
        return Err(start.no_viable_at(2));
    };
    Ok((input, Property { name, value }))
}

/// A map of constants to constants.
pub(super) fn property_map<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<(Constant<'a>, Constant<'a>)>> {
    let (rest, entries) = map_literal(input)?;
    let mut constants = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            (Term::Constant(key), Term::Constant(value)) => constants.push((key, value)),
            (Term::Constant(_), _) => return Err(broken(input, "Invalid property value: no constant")),
            _ => return Err(broken(input, "Invalid property name")),
        }
    }
    Ok((rest, constants))
}
