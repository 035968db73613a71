//! Data types.

use super::name::{string_at, user_type};
use super::tokens::{Parsed, Tokens, bracketed, broken, nested, no_viable, symbol};
use crate::cql::ast::{NativeType, Type};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::TokenKind;

/// `comparatorType`
pub(super) fn data_type<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Type<'a>> {
    if let Some(class) = string_at(input) {
        return Ok((input.skip(1), Type::Custom(class)));
    }
    let TokenKind::Keyword(keyword) = input.kind() else { return user_defined(input) };
    let parameters = input.kind_at(1) == TokenKind::Less;
    match keyword {
        _ if input.kind_at(1) == TokenKind::Dot => user_defined(input),
        Keyword::Set => nested(set)(input),
        Keyword::List if parameters => nested(list)(input),
        Keyword::Map if parameters => nested(map)(input),
        Keyword::Tuple if parameters => nested(tuple)(input),
        Keyword::Vector if parameters => nested(vector)(input),
        Keyword::Frozen if parameters => nested(frozen)(input),
        _ => match native_type_of(keyword) {
            Some(_) if !may_follow_type(input.kind_at(1)) => Err(input.no_viable_at(1)),
            Some(native) => Ok((input.skip(1), Type::Native(native))),
            None => user_defined(input),
        },
    }
}

/// Whether the token comes behind a type anywhere in the grammar. If not, Cassandra notices it where it looks for the dot of a
/// qualified name.
fn may_follow_type(kind: TokenKind) -> bool {
    match kind {
        TokenKind::Keyword(keyword) => matches!(
            keyword,
            Keyword::Static
                | Keyword::Masked
                | Keyword::Primary
                | Keyword::Language
                | Keyword::Finalfunc
                | Keyword::Initcond
        ),
        kind => matches!(
            kind,
            TokenKind::Comma | TokenKind::ParenthesisClose | TokenKind::Greater | TokenKind::Semicolon | TokenKind::End
        ),
    }
}

fn user_defined<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Type<'a>> {
    let (input, name) = user_type(input)?;
    Ok((input, Type::UserDefined(name)))
}

/// `native_type`
pub(super) fn native_type<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, NativeType> {
    match input.kind() {
        TokenKind::Keyword(keyword) => native_type_of(keyword),
        _ => None,
    }
    .map(|native| (input.skip(1), native))
    .ok_or_else(|| no_viable(input))
}

fn set<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Type<'a>> {
    let (input, element) = parameter(input.skip(1))?;
    Ok((input, Type::Set(Box::new(element))))
}

fn list<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Type<'a>> {
    let (input, element) = parameter(input.skip(1))?;
    Ok((input, Type::List(Box::new(element))))
}

fn map<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Type<'a>> {
    let (input, key) = data_type(input.skip(2))?;
    let (input, ()) = symbol(TokenKind::Comma)(input)?;
    let (input, value) = data_type(input)?;
    let (input, ()) = symbol(TokenKind::Greater)(input)?;
    Ok((input, Type::Map(Box::new((key, value)))))
}

fn tuple<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Type<'a>> {
    let (input, components) = bracketed(TokenKind::Less, data_type, TokenKind::Greater)(input.skip(1))?;
    Ok((input, Type::Tuple(components)))
}

fn vector<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Type<'a>> {
    let (input, element) = data_type(input.skip(2))?;
    let (input, ()) = symbol(TokenKind::Comma)(input)?;
    let dimension = input.text().parse();
    let number = input;
    let (input, ()) = symbol(TokenKind::Integer)(input)?;
    let Ok(dimension) = dimension else {
        return Err(broken(number, format!("For input string: \"{}\"", number.text())));
    };
    let (input, ()) = symbol(TokenKind::Greater)(input)?;
    Ok((input, Type::Vector(Box::new(element), dimension)))
}

fn frozen<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Type<'a>> {
    let (input, inner) = parameter(input.skip(1))?;
    Ok((input, Type::Frozen(Box::new(inner))))
}

fn parameter<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, Type<'a>> {
    let (input, ()) = symbol(TokenKind::Less)(input)?;
    let (input, inner) = data_type(input)?;
    let (input, ()) = symbol(TokenKind::Greater)(input)?;
    Ok((input, inner))
}

fn native_type_of(keyword: Keyword) -> Option<NativeType> {
    Some(match keyword {
        Keyword::Ascii => NativeType::Ascii,
        Keyword::Bigint => NativeType::Bigint,
        Keyword::Blob => NativeType::Blob,
        Keyword::Boolean => NativeType::Boolean,
        Keyword::Counter => NativeType::Counter,
        Keyword::Date => NativeType::Date,
        Keyword::Decimal => NativeType::Decimal,
        Keyword::Double => NativeType::Double,
        Keyword::Duration => NativeType::Duration,
        Keyword::Float => NativeType::Float,
        Keyword::Inet => NativeType::Inet,
        Keyword::Int => NativeType::Int,
        Keyword::Smallint => NativeType::Smallint,
        Keyword::Text => NativeType::Text,
        Keyword::Time => NativeType::Time,
        Keyword::Timestamp => NativeType::Timestamp,
        Keyword::Timeuuid => NativeType::Timeuuid,
        Keyword::Tinyint => NativeType::Tinyint,
        Keyword::Uuid => NativeType::Uuid,
        Keyword::Varchar => NativeType::Varchar,
        Keyword::Varint => NativeType::Varint,
        _ => return None,
    })
}
