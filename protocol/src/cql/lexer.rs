//! Text → tokens, without allocation.

mod number;

use super::keyword::Keyword;

/// The longest text that is looked at, in bytes: the largest frame that Cassandra accepts by default.
pub const TEXT_LENGTH_MAX: usize = 16 << 20;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A keyword, TRUE and FALSE among them.
    Keyword(Keyword),
    /// An unquoted identifier that is no keyword.
    Identifier,
    /// `"name"`
    QuotedName,
    /// `""`
    EmptyQuotedName,
    /// `'text'`
    String,
    /// `$$text$$`
    DollarString,
    /// `12`, `-12`
    Integer,
    /// `1.5`, `1.`, `1e9`
    Float,
    /// `1h30m`, `P1Y`, `P0001-02-03T04:05:06`
    Duration,
    /// `123e4567-e89b-12d3-a456-426614174000`
    Uuid,
    /// `0xcafe`
    Blob,
    /// `-NaN`
    NegativeNaN,
    /// `-Infinity`
    NegativeInfinity,
    /// `?`
    Question,
    /// `expr(`, which is one token when in lower case and without a space
    Expression,
    /// `(`
    ParenthesisOpen,
    /// `)`
    ParenthesisClose,
    /// `[`
    BracketOpen,
    /// `]`
    BracketClose,
    /// `{`
    BraceOpen,
    /// `}`
    BraceClose,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `:`
    Colon,
    /// `.`
    Dot,
    /// `..`
    Range,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `+=`
    PlusEqual,
    /// `-=`
    MinusEqual,
    /// The end of the text.
    End,
}

/// A token: its kind and where it stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: TokenKind,
    /// Its first byte.
    pub start: u32,
    /// The byte behind it.
    pub end: u32,
}

impl Token {
    /// The token's text, where `text` is what it was found in.
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// What is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LexicalError {
    /// A character, or the end of the text, that does not fit.
    #[error("unexpected character at byte {at}")]
    Unexpected {
        /// Where it stands, in bytes.
        at: u32,
        /// What would have fitted.
        expected: Expectation,
    },
    /// The text is longer than [`TEXT_LENGTH_MAX`].
    #[error("the statement is longer than {TEXT_LENGTH_MAX} bytes")]
    TooLong,
}

/// What would have fitted in the place of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// The beginning of a token, or what tells one token from another.
    Token,
    /// One character.
    Character(char),
    /// One of several characters.
    Set,
    /// The digits of an exponent.
    Digits,
}

/// The tokens of a text; comments and white space are left out. After the last comes one [`TokenKind::End`], then nothing;
/// after an error comes nothing.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    text: &'a str,
    position: usize,
    done: bool,
}

impl<'a> Lexer<'a> {
    /// A lexer at the beginning of the text.
    pub fn new(text: &'a str) -> Self {
        Self { text, position: 0, done: false }
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn next_token(&mut self) -> Result<Token, LexicalError> {
        if self.text.len() > TEXT_LENGTH_MAX {
            return Err(LexicalError::TooLong);
        }
        self.skip_blank()?;
        let start = self.position;
        let (kind, end) = match self.text.as_bytes().get(start) {
            None => (TokenKind::End, start),
            Some(&first) => self.token_at(start, first)?,
        };
        self.position = end;
        // Both fit: the text is no longer than TEXT_LENGTH_MAX.
        Ok(Token { kind, start: start as u32, end: end as u32 })
    }

    fn token_at(&self, start: usize, first: u8) -> Result<(TokenKind, usize), LexicalError> {
        use TokenKind as T;
        let second = self.byte(start + 1);
        let (kind, length) = match (first, second) {
            (b'a'..=b'z' | b'A'..=b'Z', _) => return self.word(start),
            (b'0'..=b'9', _) => return number::number(self.text.as_bytes(), start),
            (b'-', b'0'..=b'9' | b'P' | b'n' | b'N' | b'i' | b'I') => {
                return number::negative(self.text.as_bytes(), start);
            }
            (b'\'', _) => return self.quoted(start, b'\'', T::String),
            (b'"', b'"') if self.byte(start + 2) != b'"' => (T::EmptyQuotedName, 2),
            (b'"', _) => return self.quoted(start, b'"', T::QuotedName),
            (b'$', b'$') => return self.dollar_quoted(start),
            (b'?', _) => (T::Question, 1),
            (b'(', _) => (T::ParenthesisOpen, 1),
            (b')', _) => (T::ParenthesisClose, 1),
            (b'[', _) => (T::BracketOpen, 1),
            (b']', _) => (T::BracketClose, 1),
            (b'{', _) => (T::BraceOpen, 1),
            (b'}', _) => (T::BraceClose, 1),
            (b',', _) => (T::Comma, 1),
            (b';', _) => (T::Semicolon, 1),
            (b':', _) => (T::Colon, 1),
            (b'.', b'.') => (T::Range, 2),
            (b'.', _) => (T::Dot, 1),
            (b'=', _) => (T::Equal, 1),
            (b'!', b'=') => (T::NotEqual, 2),
            (b'<', b'=') => (T::LessOrEqual, 2),
            (b'<', _) => (T::Less, 1),
            (b'>', b'=') => (T::GreaterOrEqual, 2),
            (b'>', _) => (T::Greater, 1),
            (b'+', b'=') => (T::PlusEqual, 2),
            (b'+', _) => (T::Plus, 1),
            (b'-', b'=') => (T::MinusEqual, 2),
            (b'-', _) => (T::Minus, 1),
            (b'*', _) => (T::Star, 1),
            (b'/', _) => (T::Slash, 1),
            (b'%', _) => (T::Percent, 1),
            (b'!', _) => return Err(unexpected(start + 1, Expectation::Character('='))),
            (b'$', _) => return Err(unexpected(start + 1, Expectation::Character('$'))),
            _ => return Err(unexpected(start, Expectation::Token)),
        };
        Ok((kind, start + length))
    }

    /// An identifier, a keyword, `expr(`, or a uuid or duration that begins with a letter.
    fn word(&self, start: usize) -> Result<(TokenKind, usize), LexicalError> {
        let bytes = self.text.as_bytes();
        let end = word_end(bytes, start);
        if let Some(found) = number::lettered(bytes, start, end) {
            return found;
        }
        let word = bytes.get(start..end).unwrap_or_default();
        if word == b"expr" && self.byte(end) == b'(' {
            return Ok((TokenKind::Expression, end + 1));
        }
        let kind = Keyword::of_bytes(word).map_or(TokenKind::Identifier, TokenKind::Keyword);
        Ok((kind, end))
    }

    /// A string or name up to its closing quote; two quotes stand for one.
    fn quoted(&self, start: usize, quote: u8, kind: TokenKind) -> Result<(TokenKind, usize), LexicalError> {
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        loop {
            match bytes.get(at..).and_then(|rest| memchr::memchr(quote, rest)) {
                None => return Err(unexpected(bytes.len(), Expectation::Character(char::from(quote)))),
                Some(distance) if self.byte(at + distance + 1) == quote => at += distance + 2,
                Some(distance) => return Ok((kind, at + distance + 1)),
            }
        }
    }

    fn dollar_quoted(&self, start: usize) -> Result<(TokenKind, usize), LexicalError> {
        let bytes = self.text.as_bytes();
        match bytes.get(start + 2..).and_then(|rest| memchr::memmem::find(rest, b"$$")) {
            None => Err(unexpected(bytes.len(), Expectation::Character('$'))),
            Some(distance) => Ok((TokenKind::DollarString, start + 2 + distance + 2)),
        }
    }

    /// Moves over white space and comments. A comment to the end of the line needs that end, as in Cassandra.
    fn skip_blank(&mut self) -> Result<(), LexicalError> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.position;
            let rest = match (self.byte(start), self.byte(start + 1)) {
                (b' ' | b'\t' | b'\n' | b'\r', _) => {
                    self.position += 1;
                    continue;
                }
                (b'-', b'-') | (b'/', b'/' | b'*') => bytes.get(start + 2..).unwrap_or_default(),
                _ => return Ok(()),
            };
            let (length, expected) = if self.byte(start + 1) == b'*' {
                (memchr::memmem::find(rest, b"*/").map(|distance| distance + 2), Expectation::Character('*'))
            } else {
                (memchr::memchr2(b'\n', b'\r', rest).map(|distance| distance + 1), Expectation::Set)
            };
            match length {
                Some(length) => self.position = start + 2 + length,
                None => return Err(unexpected(bytes.len(), expected)),
            }
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Result<Token, LexicalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let token = self.next_token();
        self.done = !matches!(token, Ok(Token { kind, .. }) if kind != TokenKind::End);
        Some(token)
    }
}

/// Where the run of letters, digits and underscores ends that begins at `start`.
fn word_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while bytes.get(end).is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        end += 1;
    }
    end
}

pub(super) fn unexpected(at: usize, expected: Expectation) -> LexicalError {
    // It fits: no text is longer than TEXT_LENGTH_MAX.
    LexicalError::Unexpected { at: at as u32, expected }
}
