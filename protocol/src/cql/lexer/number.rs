//! Numbers, blobs, uuids and durations.
//!
//! Cassandra's lexer settles on a token as soon as what it has read can be the beginning of no other, and then insists on it;
//! it does not look for the longest match. So `12345678-1` and `1a` are mistyped uuids, `1d2` is a duration without its last
//! unit, and `-n` is a mistyped `-NaN`: none of them is a token, and none is two. These functions settle at the same places.

use super::{Expectation, LexicalError, TokenKind, unexpected};

/// A token's kind and its end.
type Found = Result<(TokenKind, usize), LexicalError>;

/// What begins with a digit.
pub(super) fn number(bytes: &[u8], start: usize) -> Found {
    if is_uuid(bytes, start) {
        return uuid(bytes, start);
    }
    if bytes.get(start) == Some(&b'0') && matches!(bytes.get(start + 1), Some(b'x' | b'X')) {
        return Ok((TokenKind::Blob, run(bytes, start + 2, u8::is_ascii_hexdigit)));
    }
    integer_float_or_duration(bytes, start)
}

/// What begins with a minus and a letter or digit that make it more than an operator.
pub(super) fn negative(bytes: &[u8], start: usize) -> Found {
    let rest = start + 1;
    match bytes.get(rest) {
        Some(b'P') => iso_duration(bytes, rest).map(|end| (TokenKind::Duration, end)),
        Some(b'n' | b'N') => word(bytes, rest, b"nan").map(|end| (TokenKind::NegativeNaN, end)),
        Some(b'i' | b'I') => word(bytes, rest, b"infinity").map(|end| (TokenKind::NegativeInfinity, end)),
        _ => integer_float_or_duration(bytes, rest),
    }
}

/// A uuid or duration that begins with a letter, rather than a word that ends at `end`.
pub(super) fn lettered(bytes: &[u8], start: usize, end: usize) -> Option<Found> {
    let dash = bytes.get(end) == Some(&b'-');
    let word = bytes.get(start..end)?;
    if dash && word.len() == 8 && word.iter().all(u8::is_ascii_hexdigit) {
        return Some(uuid(bytes, start));
    }
    let (b'P', digits) = word.split_first()? else { return None };
    if dash && digits.len() == 4 && digits.iter().all(u8::is_ascii_digit) {
        return Some(alternative_format(bytes, start + 1).map(|end| (TokenKind::Duration, end)));
    }
    match iso_duration(bytes, start) {
        Ok(duration_end) if duration_end == end => Some(Ok((TokenKind::Duration, end))),
        _ => None,
    }
}

fn integer_float_or_duration(bytes: &[u8], digits: usize) -> Found {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let end = run(bytes, digits, u8::is_ascii_digit);
    match at(end) {
        b'.' if at(end + 1) != b'.' || at(end + 2) == b'.' => {
            let fraction = run(bytes, end + 1, u8::is_ascii_digit);
            Ok((TokenKind::Float, exponent(bytes, fraction)?))
        }
        b'e' | b'E' => Ok((TokenKind::Float, exponent(bytes, end)?)),
        _ if unit_at(bytes, end).is_some() => Ok((TokenKind::Duration, duration(bytes, digits)?)),
        _ => Ok((TokenKind::Integer, end)),
    }
}

/// The end of the exponent that may be here.
fn exponent(bytes: &[u8], start: usize) -> Result<usize, LexicalError> {
    if !matches!(bytes.get(start), Some(b'e' | b'E')) {
        return Ok(start);
    }
    let digits = start + 1 + usize::from(matches!(bytes.get(start + 1), Some(b'+' | b'-')));
    match run(bytes, digits, u8::is_ascii_digit) {
        end if end == digits => Err(unexpected(end, Expectation::Digits)),
        end => Ok(end),
    }
}

/// Whether what begins here with a digit can only be a uuid: eight hexadecimal digits and a dash, or fewer that are no
/// number, exponent or duration.
fn is_uuid(bytes: &[u8], start: usize) -> bool {
    let eighth = start + 8;
    let hex = run(bytes.get(..eighth.min(bytes.len())).unwrap_or_default(), start, u8::is_ascii_hexdigit);
    if hex == eighth && bytes.get(eighth) == Some(&b'-') {
        return !has_negative_exponent(bytes, start);
    }
    let is_hex_letter =
        |at: usize| at < eighth && bytes.get(at).is_some_and(|byte| matches!(byte, b'a'..=b'f' | b'A'..=b'F'));
    let mut letter = run(bytes, start, u8::is_ascii_digit);
    loop {
        let next = letter + 1;
        match bytes.get(letter) {
            Some(b'a'..=b'c' | b'A'..=b'C' | b'f' | b'F') => return letter < eighth,
            Some(b'd' | b'D' | b'e' | b'E') if letter < eighth => {}
            _ => return false,
        }
        let digits_end = run(bytes, next, u8::is_ascii_digit);
        let is_unit = |at: usize| matches!(bytes.get(at), Some(b'd' | b'D'));
        if !is_hex_letter(digits_end) {
            return false;
        }
        if digits_end == next || !is_unit(letter) || !is_unit(digits_end) {
            return true;
        }
        letter = digits_end;
    }
}

/// Of `1234567e-…`, whether it goes on as a number rather than as a uuid.
fn has_negative_exponent(bytes: &[u8], start: usize) -> bool {
    let letter = run(bytes, start, u8::is_ascii_digit);
    if letter != start + 7 || !matches!(bytes.get(letter), Some(b'e' | b'E')) {
        return false;
    }
    let digits = letter + 2;
    let end = run(bytes, digits, u8::is_ascii_digit);
    match end - digits {
        0..4 => !bytes.get(end).is_some_and(u8::is_ascii_hexdigit),
        4 => bytes.get(end) != Some(&b'-'),
        _ => true,
    }
}

/// `123e4567-e89b-12d3-a456-426614174000`
fn uuid(bytes: &[u8], start: usize) -> Found {
    for index in 0..36 {
        let byte = bytes.get(start + index);
        if matches!(index, 8 | 13 | 18 | 23) {
            if byte != Some(&b'-') {
                return Err(unexpected(start + index, Expectation::Character('-')));
            }
        } else if !byte.is_some_and(u8::is_ascii_hexdigit) {
            return Err(unexpected(start + index, Expectation::Set));
        }
    }
    Ok((TokenKind::Uuid, start + 36))
}

/// A duration in Cassandra's own form: `1y2mo3w4d5h6m7s8ms9us10ns`, in any order.
fn duration(bytes: &[u8], start: usize) -> Result<usize, LexicalError> {
    let mut at = start;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at = run(bytes, at, u8::is_ascii_digit);
        at = match unit_at(bytes, at) {
            Some(unit) => unit?,
            None => return Err(unexpected(at, Expectation::Token)),
        };
    }
    Ok(at)
}

/// The end of the unit that is here, if it is one.
fn unit_at(bytes: &[u8], at: usize) -> Option<Result<usize, LexicalError>> {
    let lower = |index: usize| bytes.get(index).map_or(0, u8::to_ascii_lowercase);
    let then_s = |index: usize| match lower(index) {
        b's' => Ok(index + 1),
        _ => Err(unexpected(index, Expectation::Set)),
    };
    match (lower(at), lower(at + 1)) {
        (b'm', b'o' | b's') => Some(Ok(at + 2)),
        (b'y' | b'm' | b'w' | b'd' | b'h' | b's', _) => Some(Ok(at + 1)),
        (b'u' | b'n', _) => Some(then_s(at + 1)),
        // µ
        (0xc2, 0xb5) => Some(then_s(at + 2)),
        _ => None,
    }
}

/// A duration of ISO 8601: `P1Y2M3DT4H5M6S`, `P2W`, `P0001-02-03T04:05:06`.
fn iso_duration(bytes: &[u8], start: usize) -> Result<usize, LexicalError> {
    let first = start + 1;
    let digits_end = run(bytes, first, u8::is_ascii_digit);
    match bytes.get(digits_end) {
        Some(b'-') if digits_end == first + 4 => return alternative_format(bytes, first),
        Some(b'W') if digits_end > first => return Ok(digits_end + 1),
        _ => {}
    }
    let period = designators(bytes, first, b"YMD")?;
    if bytes.get(period) != Some(&b'T') {
        return if period > first { Ok(period) } else { Err(unexpected(period, Expectation::Token)) };
    }
    match designators(bytes, period + 1, b"HMS")? {
        end if end == period + 1 => Err(unexpected(end, Expectation::Token)),
        end => Ok(end),
    }
}

/// Digits and their units, each unit at most once and in this order.
fn designators(bytes: &[u8], start: usize, mut units: &[u8]) -> Result<usize, LexicalError> {
    let mut at = start;
    while !units.is_empty() && bytes.get(at).is_some_and(u8::is_ascii_digit) {
        let end = run(bytes, at, u8::is_ascii_digit);
        let found = units.iter().position(|unit| bytes.get(end) == Some(unit));
        let Some(found) = found else {
            let expected = match units {
                [only] => Expectation::Character(char::from(*only)),
                _ => Expectation::Token,
            };
            return Err(unexpected(end, expected));
        };
        units = units.get(found + 1..).unwrap_or_default();
        at = end + 1;
    }
    Ok(at)
}

/// `0001-02-03T04:05:06`
fn alternative_format(bytes: &[u8], start: usize) -> Result<usize, LexicalError> {
    const FORMAT: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    for (index, format) in FORMAT.iter().enumerate() {
        let byte = bytes.get(start + index);
        let (fits, expected) = match format {
            b'd' => (byte.is_some_and(u8::is_ascii_digit), Expectation::Set),
            _ => (byte == Some(format), Expectation::Character(char::from(*format))),
        };
        if !fits {
            return Err(unexpected(start + index, expected));
        }
    }
    Ok(start + FORMAT.len())
}

/// The end of `word` in any case at `start`.
fn word(bytes: &[u8], start: usize, word: &[u8]) -> Result<usize, LexicalError> {
    for (index, letter) in word.iter().enumerate() {
        if bytes.get(start + index).map(u8::to_ascii_lowercase) != Some(*letter) {
            return Err(unexpected(start + index, Expectation::Set));
        }
    }
    Ok(start + word.len())
}

/// The end of the run of bytes that belong.
fn run(bytes: &[u8], start: usize, belongs: impl Fn(&u8) -> bool) -> usize {
    start + bytes.get(start..).unwrap_or_default().iter().take_while(|byte| belongs(byte)).count()
}
