//! The part of the statement around a mistake, as Cassandra's `ErrorCollector` cuts it out.
//!
//! It counts tokens with white space and comments among them, and takes a quoted token for as long as its content; so the
//! brackets around a quoted one are misplaced, here as there.

use super::super::grammar::Failure;
use super::super::lexer::{Token, TokenKind};

/// How many tokens are shown before the one at which the parser chose its way, and behind it.
const BEFORE: usize = 10;
const BEHIND: usize = 2;

/// A token, or white space or a comment: where it stands and how long it is taken for, in characters.
#[derive(Clone, Copy)]
struct Span {
    line: usize,
    column: usize,
    length: usize,
}

impl Span {
    fn end(self) -> usize {
        self.column + self.length
    }
}

/// `␣(…before [token] behind…)`; nothing if the end of the text would be in it.
pub(super) fn snippet(text: &str, tokens: &[Token], failure: &Failure) -> Option<String> {
    let (spans, from, at) = spans(text, tokens, failure);
    let index = from.min(spans.len().checked_sub(1)?);
    let first = *spans.get(index.saturating_sub(BEFORE))?;
    let last = *spans.get((index + BEHIND).min(at))?;
    let offending = *spans.get(index)?;
    cut(text, first, last, offending)
}

fn cut(text: &str, first: Span, last: Span, offending: Span) -> Option<String> {
    let mut lines: Vec<Vec<char>> = text.split('\n').map(|line| line.chars().collect()).collect();
    while lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    let starts = first.line == 0 && first.column == 0;
    let ends = last.line + 1 == lines.len() && lines.last().is_some_and(|line| line.len() == last.end());
    lines.get_mut(last.line)?.truncate(last.end());
    let line = lines.get_mut(offending.line)?;
    if offending.end() > line.len() {
        return None;
    }
    line.insert(offending.end(), ']');
    line.insert(offending.column, '[');
    lines.get_mut(first.line)?.drain(..first.column);
    let shown: String = lines.get(first.line..=last.line)?.iter().flatten().collect();
    Some(format!(" ({}{shown}{})", if starts { "" } else { "..." }, if ends { "" } else { "..." }))
}

/// Everything up to the token that does not fit, white space and comments included; and the indices of the failure's two
/// tokens in it.
fn spans(text: &str, tokens: &[Token], failure: &Failure) -> (Vec<Span>, usize, usize) {
    let mut spans = Vec::new();
    let mut position = Position::default();
    let mut end = 0;
    let (mut from, mut at) = (0, 0);
    for (index, token) in tokens.iter().enumerate().take(failure.at as usize + 1) {
        for hidden in hidden(text.get(end..token.start as usize).unwrap_or_default()) {
            spans.push(position.span(hidden, hidden.chars().count()));
        }
        if index == failure.from as usize {
            from = spans.len();
        }
        at = spans.len();
        if token.kind != TokenKind::End {
            spans.push(position.span(token.text(text), shown(text, token).chars().count()));
        }
        end = token.end as usize;
    }
    (spans, from, at)
}

/// Where the next character stands.
#[derive(Clone, Copy, Default)]
struct Position {
    line: usize,
    column: usize,
}

impl Position {
    /// The span of the text that begins here; the position moves behind it.
    fn span(&mut self, text: &str, length: usize) -> Span {
        let span = Span { line: self.line, column: self.column, length };
        for character in text.chars() {
            if character == '\n' {
                *self = Self { line: self.line + 1, column: 0 };
            } else {
                self.column += 1;
            }
        }
        span
    }
}

/// The runs of white space and the comments between two tokens.
fn hidden(mut gap: &str) -> impl Iterator<Item = &str> {
    let is_blank = |character| matches!(character, ' ' | '\t' | '\n' | '\r');
    std::iter::from_fn(move || {
        let length = if gap.starts_with(is_blank) {
            gap.find(|character| !is_blank(character)).unwrap_or(gap.len())
        } else if gap.starts_with("/*") {
            gap.find("*/").map_or(gap.len(), |at| at + 2)
        } else {
            gap.find(['\n', '\r']).map_or(gap.len(), |at| at + 1)
        };
        let (head, tail) = gap.split_at_checked(length)?;
        gap = tail;
        (!head.is_empty()).then_some(head)
    })
}

/// A token as it is shown: without quotes.
pub(super) fn shown(text: &str, token: &Token) -> String {
    let shown = token.text(text);
    let inner = |quotes: usize| shown.get(quotes..shown.len().saturating_sub(quotes)).unwrap_or_default();
    match token.kind {
        TokenKind::End => "<EOF>".to_owned(),
        TokenKind::String => inner(1).replace("''", "'"),
        TokenKind::QuotedName => inner(1).replace("\"\"", "\""),
        TokenKind::DollarString => inner(2).to_owned(),
        _ => shown.to_owned(),
    }
}
