//! Numbers, uuids, blobs and durations.

use super::{Expectation, LexicalError, TokenKind, unexpected};

/// What begins at `start` with a digit or a minus: its kind and end.
pub(super) fn number(bytes: &[u8], start: usize) -> Result<(TokenKind, usize), LexicalError> {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    if let Some(found) = uuid(bytes, start) {
        return Ok(found);
    }
    let digits = if at(start) == b'-' { start + 1 } else { start };
    match at(digits) {
        b'P' => return iso_duration(bytes, start).ok_or(unexpected(digits + 1, Expectation::Token)),
        b'n' | b'N' => return word(bytes, digits, b"nan").map(|end| (TokenKind::NegativeNaN, end)),
        b'i' | b'I' => return word(bytes, digits, b"infinity").map(|end| (TokenKind::NegativeInfinity, end)),
        b'0' if digits == start && matches!(at(start + 1), b'x' | b'X') => {
            return Ok((TokenKind::Blob, run(bytes, start + 2, |byte| byte.is_ascii_hexdigit())));
        }
        _ => {}
    }
    let end = run(bytes, digits, |byte| byte.is_ascii_digit());
    if let Some(end) = duration(bytes, digits) {
        return Ok((TokenKind::Duration, end));
    }
    let mut float = end;
    if at(end) == b'.' && (at(end + 1) != b'.' || at(end + 2) == b'.') {
        float = run(bytes, end + 1, |byte| byte.is_ascii_digit());
    }
    if matches!(at(float), b'e' | b'E') {
        let exponent = float + 1 + usize::from(matches!(at(float + 1), b'+' | b'-'));
        let after = run(bytes, exponent, |byte| byte.is_ascii_digit());
        if after == exponent {
            return Err(unexpected(after, Expectation::Token));
        }
        float = after;
    }
    Ok(if float == end { (TokenKind::Integer, end) } else { (TokenKind::Float, float) })
}

/// A uuid at `start`.
pub(super) fn uuid(bytes: &[u8], start: usize) -> Option<(TokenKind, usize)> {
    if bytes.get(start + 8) != Some(&b'-') {
        return None;
    }
    let candidate = bytes.get(start..start + 36)?;
    let fits = candidate.iter().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    fits.then_some((TokenKind::Uuid, start + 36))
}

/// An ISO 8601 duration at `start`: `P1Y2M3DT4H5M6S`, `P2W`, `P0001-02-03T04:05:06`.
pub(super) fn iso_duration(bytes: &[u8], start: usize) -> Option<(TokenKind, usize)> {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let first = if at(start) == b'-' { start + 1 } else { start };
    if at(first) != b'P' {
        return None;
    }
    let end = alternative_format(bytes, first + 1).or_else(|| designators(bytes, first + 1))?;
    let ends = !(at(end).is_ascii_alphanumeric() || at(end) == b'_');
    ends.then_some((TokenKind::Duration, end))
}

/// `0001-02-03T04:05:06`
fn alternative_format(bytes: &[u8], start: usize) -> Option<usize> {
    const FORMAT: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let candidate = bytes.get(start..start + FORMAT.len())?;
    let fits = FORMAT.iter().zip(candidate).all(|(format, byte)| match format {
        b'd' => byte.is_ascii_digit(),
        _ => format == byte,
    });
    fits.then_some(start + FORMAT.len())
}

/// `1Y2M3DT4H5M6S` or `2W`: each unit at most once, in this order, and at least one.
fn designators(bytes: &[u8], start: usize) -> Option<usize> {
    let period = units(bytes, start, b"YMD");
    if period == start
        && let Some(end) = unit(bytes, start, b'W')
    {
        return Some(end);
    }
    let time = match bytes.get(period) {
        Some(b'T') => match units(bytes, period + 1, b"HMS") {
            end if end > period + 1 => end,
            _ => return None,
        },
        _ => period,
    };
    (time > start).then_some(time)
}

/// As many of the units in their order as are there.
fn units(bytes: &[u8], start: usize, units: &[u8]) -> usize {
    units.iter().fold(start, |at, name| unit(bytes, at, *name).unwrap_or(at))
}

fn unit(bytes: &[u8], start: usize, name: u8) -> Option<usize> {
    let end = run(bytes, start, |byte| byte.is_ascii_digit());
    (end > start && bytes.get(end) == Some(&name)).then_some(end + 1)
}

/// A duration in Cassandra's own form at the digits: `1y2mo3w4d5h6m7s8ms9us10ns`, in any order.
fn duration(bytes: &[u8], digits: usize) -> Option<usize> {
    let mut found = None;
    let mut at = digits;
    loop {
        let unit = run(bytes, at, |byte| byte.is_ascii_digit());
        let lower = |index: usize| bytes.get(index).map_or(0, u8::to_ascii_lowercase);
        let length = match (lower(unit), lower(unit + 1)) {
            (b'm', b'o' | b's') | (b'u' | b'n', b's') => 2,
            (b'y' | b'w' | b'd' | b'h' | b'm' | b's', _) => 1,
            (0xc2, 0xb5) if lower(unit + 2) == b's' => 3,
            _ => return found,
        };
        if unit == at {
            return found;
        }
        at = unit + length;
        found = Some(at);
    }
}

/// The end of `word` in any case at `start`, or the byte that does not fit.
fn word(bytes: &[u8], start: usize, word: &[u8]) -> Result<usize, LexicalError> {
    for (index, letter) in word.iter().enumerate() {
        if bytes.get(start + index).map(u8::to_ascii_lowercase) != Some(*letter) {
            return Err(unexpected(start + index, Expectation::Set));
        }
    }
    Ok(start + word.len())
}

/// The end of the run of bytes that satisfy `belongs`.
fn run(bytes: &[u8], start: usize, belongs: impl Fn(&u8) -> bool) -> usize {
    start + bytes.get(start..).unwrap_or_default().iter().take_while(|byte| belongs(byte)).count()
}
