//! What the parsers read, and the words in which the grammar is written.

use nom::IResult;

use super::{DEPTH_MAX, MARKERS_MAX};
use crate::cql::keyword::Keyword;
use crate::cql::lexer::{Token, TokenKind};

/// A statement's text and tokens, of which the last is [`TokenKind::End`].
#[derive(Debug)]
pub(super) struct Context<'t, 'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'t [Token],
}

/// A position among the tokens: what the parsers read. It is small, as it is copied often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens<'t, 'a> {
    context: &'t Context<'t, 'a>,
    at: u32,
    /// How many brackets are open here.
    depth: u16,
    /// How many bind markers stand before.
    markers: u16,
}

pub(super) type Parsed<'t, 'a, O> = IResult<Tokens<'t, 'a>, O, Failure>;

/// Why a statement is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cql) struct Failure {
    /// The token at which the parser chose its way.
    pub(in crate::cql) from: u32,
    /// The token that does not fit.
    pub(in crate::cql) at: u32,
    pub(in crate::cql) reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cql) enum Reason {
    /// There is no way on.
    NoViable,
    /// This must come.
    Expected(TokenKind),
    /// One of several must come.
    ExpectedSet,
    /// A rule beyond the grammar is broken.
    Broken(Box<str>),
    /// The brackets nest too deep.
    TooDeep,
    /// There are too many bind markers.
    TooManyMarkers,
}

impl<'t, 'a> nom::error::ParseError<Tokens<'t, 'a>> for Failure {
    fn from_error_kind(input: Tokens<'t, 'a>, _: nom::error::ErrorKind) -> Self {
        Self { from: input.at, at: input.at, reason: Reason::NoViable }
    }

    fn append(_: Tokens<'t, 'a>, _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

impl<'t, 'a> Tokens<'t, 'a> {
    pub(super) fn new(context: &'t Context<'t, 'a>) -> Self {
        Self { context, at: 0, depth: 0, markers: 0 }
    }

    #[inline]
    pub(super) fn kind(self) -> TokenKind {
        self.kind_at(0)
    }

    /// The kind of the token so many further on.
    #[inline]
    pub(super) fn kind_at(self, ahead: u32) -> TokenKind {
        self.context.tokens.get((self.at + ahead) as usize).map_or(TokenKind::End, |token| token.kind)
    }

    pub(super) fn is(self, keyword: Keyword) -> bool {
        self.kind() == TokenKind::Keyword(keyword)
    }

    pub(super) fn is_at(self, ahead: u32, keyword: Keyword) -> bool {
        self.kind_at(ahead) == TokenKind::Keyword(keyword)
    }

    /// The text of the next token.
    pub(super) fn text(self) -> &'a str {
        self.context.tokens.get(self.at as usize).map_or("", |token| token.text(self.context.text))
    }

    pub(super) fn skip(self, tokens: u32) -> Self {
        Self { at: self.at + tokens, ..self }
    }

    /// The same place behind one more bind marker, of which it gives the position.
    pub(super) fn count_marker(self) -> Result<(Self, u16), nom::Err<Failure>> {
        if self.markers == MARKERS_MAX {
            return Err(self.fail(Reason::TooManyMarkers));
        }
        Ok((Self { markers: self.markers + 1, ..self }, self.markers))
    }

    pub(super) fn fail(self, reason: Reason) -> nom::Err<Failure> {
        nom::Err::Error(Failure { from: self.at, at: self.at, reason })
    }

    /// There is no way on here, as the token so many further on shows.
    pub(super) fn no_viable_at(self, ahead: u32) -> nom::Err<Failure> {
        nom::Err::Error(Failure { from: self.at, at: self.at + ahead, reason: Reason::NoViable })
    }
}

/// The failure in an error of nom; the token parsers are never incomplete.
pub(super) fn failure(error: nom::Err<Failure>) -> Failure {
    match error {
        nom::Err::Error(failure) | nom::Err::Failure(failure) => failure,
        nom::Err::Incomplete(_) => Failure { from: 0, at: 0, reason: Reason::NoViable },
    }
}

pub(super) fn no_viable(input: Tokens<'_, '_>) -> nom::Err<Failure> {
    input.no_viable_at(0)
}

/// What was parsed, or nothing if that failed and another way may be tried; not so where a bound was met.
pub(super) fn attempt<'t, 'a, O>(parsed: Parsed<'t, 'a, O>) -> Result<Option<(Tokens<'t, 'a>, O)>, nom::Err<Failure>> {
    match parsed {
        Ok(parsed) => Ok(Some(parsed)),
        Err(nom::Err::Error(failure)) if !matches!(failure.reason, Reason::TooDeep | Reason::TooManyMarkers) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A rule beyond the grammar is broken.
pub(super) fn broken(input: Tokens<'_, '_>, message: impl Into<Box<str>>) -> nom::Err<Failure> {
    input.fail(Reason::Broken(message.into()))
}

/// One token of a kind.
#[inline]
pub(super) fn symbol<'t, 'a: 't>(kind: TokenKind) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, ()> {
    move |input| {
        if input.kind() == kind { Ok((input.skip(1), ())) } else { Err(input.fail(Reason::Expected(kind))) }
    }
}

/// A keyword.
#[inline]
pub(super) fn keyword<'t, 'a: 't>(keyword: Keyword) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, ()> {
    symbol(TokenKind::Keyword(keyword))
}

/// Keywords one after the other.
pub(super) fn keywords<'t, 'a: 't>(list: &'static [Keyword]) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, ()> {
    move |mut input| {
        for word in list {
            (input, ()) = keyword(*word)(input)?;
        }
        Ok((input, ()))
    }
}

/// Keywords that may be left out altogether; whether they were there. The first decides.
pub(super) fn maybe<'t, 'a: 't>(list: &'static [Keyword]) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, bool> {
    move |input| match list.first() {
        Some(first) if input.is(*first) => keywords(list)(input).map(|(input, ())| (input, true)),
        _ => Ok((input, false)),
    }
}

/// `IF NOT EXISTS`, or nothing.
pub(super) fn if_not_exists<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, bool> {
    maybe(&[Keyword::If, Keyword::Not, Keyword::Exists])(input)
}

/// `IF EXISTS`, or nothing.
pub(super) fn if_exists<'t, 'a>(input: Tokens<'t, 'a>) -> Parsed<'t, 'a, bool> {
    maybe(&[Keyword::If, Keyword::Exists])(input)
}

/// What follows `first` if that is next, else nothing.
#[inline]
pub(super) fn after<'t, 'a: 't, O>(
    first: Keyword,
    parser: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Option<O>> {
    move |input| {
        if input.is(first) {
            parser(input.skip(1)).map(|(input, output)| (input, Some(output)))
        } else {
            Ok((input, None))
        }
    }
}

/// `item (separator item)*`
#[inline]
pub(super) fn separated<'t, 'a: 't, O>(
    separator: TokenKind,
    item: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<O>> {
    move |input| {
        let (mut input, first) = item(input)?;
        let mut items = Vec::with_capacity(if input.kind() == separator { 4 } else { 1 });
        items.push(first);
        while input.kind() == separator {
            let (rest, next) = item(input.skip(1))?;
            items.push(next);
            input = rest;
        }
        Ok((input, items))
    }
}

/// `item (',' item)*`
#[inline]
pub(super) fn list<'t, 'a: 't, O>(
    item: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<O>> {
    separated(TokenKind::Comma, item)
}

/// `(',' item)*`, after `first`
pub(super) fn more<'t, 'a: 't, O>(
    mut input: Tokens<'t, 'a>,
    first: O,
    item: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
) -> Parsed<'t, 'a, Vec<O>> {
    let mut items = vec![first];
    while input.kind() == TokenKind::Comma {
        let (rest, next) = item(input.skip(1))?;
        items.push(next);
        input = rest;
    }
    Ok((input, items))
}

/// `item (AND item)*`
#[inline]
pub(super) fn conjunction<'t, 'a: 't, O>(
    item: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<O>> {
    separated(TokenKind::Keyword(Keyword::And), item)
}

/// `'(' item (',' item)* ')'`, or with other brackets.
#[inline]
pub(super) fn bracketed<'t, 'a: 't, O>(
    open: TokenKind,
    item: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
    close: TokenKind,
) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<O>> {
    move |input| {
        let (input, ()) = symbol(open)(input)?;
        let (input, items) = list(&item)(input)?;
        let (input, ()) = symbol(close)(input)?;
        Ok((input, items))
    }
}

/// `'(' (item (',' item)*)? ')'`, or with other brackets.
#[inline]
pub(super) fn bracketed_or_empty<'t, 'a: 't, O>(
    open: TokenKind,
    item: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
    close: TokenKind,
) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<O>> {
    move |input| {
        if input.kind() == open && input.kind_at(1) == close {
            return Ok((input.skip(2), Vec::new()));
        }
        // What is no item at all is a missing bracket.
        bracketed(open, &item, close)(input).map_err(|error| match error {
            nom::Err::Error(Failure { from, at, reason: Reason::NoViable }) if from == at && at == input.at + 1 => {
                input.skip(1).fail(Reason::Expected(close))
            }
            other => other,
        })
    }
}

/// `'(' item (',' item)* ')'`
#[inline]
pub(super) fn parenthesized<'t, 'a: 't, O>(
    item: impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
) -> impl Fn(Tokens<'t, 'a>) -> Parsed<'t, 'a, Vec<O>> {
    bracketed(TokenKind::ParenthesisOpen, item, TokenKind::ParenthesisClose)
}

/// What is one bracket deeper than here.
#[inline]
pub(super) fn nested<'t, 'a: 't, O>(
    parser: impl FnOnce(Tokens<'t, 'a>) -> Parsed<'t, 'a, O>,
) -> impl FnOnce(Tokens<'t, 'a>) -> Parsed<'t, 'a, O> {
    move |input| {
        if input.depth >= DEPTH_MAX {
            return Err(input.fail(Reason::TooDeep));
        }
        let (rest, output) = parser(Tokens { depth: input.depth + 1, ..input })?;
        Ok((Tokens { depth: input.depth, ..rest }, output))
    }
}
