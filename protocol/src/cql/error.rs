//! Why a text is no statement, said as Cassandra says it.

mod snippet;

use super::grammar::{Failure, Reason};
use super::keyword::Keyword;
use super::lexer::{Expectation, LexicalError, Token, TokenKind};

/// The text is no CQL statement, or one beyond the bounds of this parser.
///
/// Its `Display` is the message of Cassandra's SYNTAX_ERROR (code 0x2000), as far as it is known; drivers and tools only show
/// it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    kind: SyntaxErrorKind,
    message: String,
}

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyntaxErrorKind {
    /// Characters that are no token.
    Lexical,
    /// Tokens that make no statement.
    Grammar,
    /// A rule that Cassandra's parser checks beyond the grammar: a property given twice, a type that cannot be frozen, …
    Rule,
    /// The statement may be one, but is too long, too deep or has too many markers. Cassandra might accept it.
    Bound,
}

impl SyntaxError {
    /// What kind of thing is wrong.
    pub fn kind(&self) -> SyntaxErrorKind {
        self.kind
    }

    /// From a failure of the grammar at one of the tokens, the last of which is the end or, with `lexical`, no token.
    pub(super) fn new(text: &str, tokens: &[Token], failure: &Failure, lexical: Option<LexicalError>) -> Self {
        let last = tokens.len().saturating_sub(1);
        if let Some(error) = lexical
            && failure.at as usize >= last
        {
            return Self::lexical(text, error);
        }
        let bound = |message: &str| Self { kind: SyntaxErrorKind::Bound, message: message.to_owned() };
        let expected = match &failure.reason {
            Reason::Broken(message) => {
                return Self { kind: SyntaxErrorKind::Rule, message: message.to_string() };
            }
            Reason::TooDeep => return bound("The statement is nested too deeply"),
            Reason::TooManyMarkers => return bound("The statement has too many bind markers"),
            Reason::NoViable => None,
            Reason::Expected(kind) => Some(token_name(*kind)),
            Reason::ExpectedSet => Some("set null".to_owned()),
        };
        let at = tokens.get(failure.at as usize).or(tokens.last());
        let position = match at {
            Some(token) if token.kind != TokenKind::End => line_and_column(text, token.start as usize),
            _ => "0:-1".to_owned(),
        };
        let input = at.map_or_else(String::new, |token| snippet::shown(text, token));
        let mut message = match expected {
            None => format!("line {position} no viable alternative at input '{input}'"),
            Some(expected) => format!("line {position} mismatched input '{input}' expecting {expected}"),
        };
        if let Some(snippet) = snippet::snippet(text, tokens, failure) {
            message.push_str(&snippet);
        }
        Self { kind: SyntaxErrorKind::Grammar, message }
    }

    /// From characters that are no token.
    pub(super) fn lexical(text: &str, error: LexicalError) -> Self {
        let LexicalError::Unexpected { at, expected } = error else {
            return Self { kind: SyntaxErrorKind::Bound, message: error.to_string() };
        };
        let position = line_and_column(text, at as usize);
        let found = text.get(at as usize..).and_then(|rest| rest.chars().next());
        let found = found.map_or_else(|| "<EOF>".to_owned(), |character| character.to_string());
        let message = match expected {
            Expectation::Token => format!("line {position} no viable alternative at character '{found}'"),
            Expectation::Digits => {
                format!("line {position} required (...)+ loop did not match anything at character '{found}'")
            }
            Expectation::Set => format!("line {position} mismatched character '{found}' expecting set null"),
            Expectation::Character(character) => {
                format!("line {position} mismatched character '{found}' expecting '{character}'")
            }
        };
        Self { kind: SyntaxErrorKind::Lexical, message }
    }
}

/// `1:0` is the first character.
fn line_and_column(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    format!("{line}:{column}")
}

/// The name that a kind of token has in Cassandra's grammar.
fn token_name(kind: TokenKind) -> String {
    let symbol = match kind {
        TokenKind::Keyword(Keyword::True | Keyword::False) => return "BOOLEAN".to_owned(),
        TokenKind::Keyword(Keyword::Table) => return "K_COLUMNFAMILY".to_owned(),
        TokenKind::Keyword(keyword) => {
            return format!("K_{}", keyword.spellings().first().copied().unwrap_or_default());
        }
        TokenKind::Identifier => return "IDENT".to_owned(),
        TokenKind::String | TokenKind::DollarString => return "STRING_LITERAL".to_owned(),
        TokenKind::Integer => return "INTEGER".to_owned(),
        TokenKind::End => return "EOF".to_owned(),
        TokenKind::ParenthesisOpen => "(",
        TokenKind::ParenthesisClose => ")",
        TokenKind::BracketOpen => "[",
        TokenKind::BracketClose => "]",
        TokenKind::BraceOpen => "{",
        TokenKind::BraceClose => "}",
        TokenKind::Comma => ",",
        TokenKind::Colon => ":",
        TokenKind::Dot => ".",
        TokenKind::Equal => "=",
        TokenKind::Less => "<",
        TokenKind::Greater => ">",
        other => return format!("{other:?}"),
    };
    format!("'{symbol}'")
}
