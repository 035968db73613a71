//! As much of native protocol v4 as a load generator needs: requests from templates, replies by their headers.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of a frame's header: version, flags, stream (2), opcode, length (4).
pub(super) const HEADER_BYTES: usize = 9;

const VERSION: u8 = 4;
const LARGEST_REPLY_BYTES: usize = 1 << 20;

const OPCODE_ERROR: u8 = 0x00;
const OPCODE_STARTUP: u8 = 0x01;
const OPCODE_QUERY: u8 = 0x07;
const OPCODE_RESULT: u8 = 0x08;
const OPCODE_PREPARE: u8 = 0x09;
const OPCODE_EXECUTE: u8 = 0x0A;
const RESULT_PREPARED: [u8; 4] = 4_i32.to_be_bytes();

const RESULT_ROWS: [u8; 4] = 2_i32.to_be_bytes();

/// Of a frame: warnings come before its body.
const FLAG_WARNING: u8 = 0x08;

const FLAG_VALUES: u8 = 0x01;
const FLAG_SKIP_METADATA: u8 = 0x02;
const FLAG_PAGE_SIZE: u8 = 0x04;
const FLAG_PAGING_STATE: u8 = 0x08;
const FLAG_HAS_MORE_PAGES: i32 = 0x02;

/// A consistency level, as the protocol numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Level {
    /// A majority.
    Quorum = 4,
    /// All of them.
    All = 5,
}

/// An EXECUTE request whose first value is a bigint key. Stream and key are written into a copy.
#[derive(Clone, Debug)]
pub(super) struct Template {
    bytes: Vec<u8>,
    key_at: usize,
}

impl Template {
    pub(super) fn execute(prepared_id: &[u8], level: Level, further_values: &[&[u8]]) -> io::Result<Self> {
        let mut body = short_bytes(prepared_id)?;
        body.extend((level as u16).to_be_bytes());
        body.push(FLAG_VALUES | FLAG_SKIP_METADATA);
        body.extend(length_u16(1 + further_values.len())?);
        body.extend(8_i32.to_be_bytes());
        let key_at = HEADER_BYTES + body.len();
        body.extend(0_i64.to_be_bytes());
        for value in further_values {
            body.extend(length_i32(value.len())?);
            body.extend(*value);
        }
        Ok(Self { bytes: frame(OPCODE_EXECUTE, &body)?, key_at })
    }

    /// Appends the request to `out`.
    pub(super) fn write(&self, stream: u16, key: i64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        let request = &mut out[start..];
        request[2..4].copy_from_slice(&stream.to_be_bytes());
        request[self.key_at..self.key_at + 8].copy_from_slice(&key.to_be_bytes());
    }
}

/// A reply at the front of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) stream: u16,
    /// The error code, of an ERROR.
    pub(super) error: Option<i32>,
    /// How much of the buffer it takes.
    pub(super) length: usize,
}

/// The reply at the front of `buffer`, if all of it has arrived.
pub(super) fn reply(buffer: &[u8]) -> io::Result<Option<Reply>> {
    let Some((header, rest)) = buffer.split_first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let [_, _, high, low, opcode, length @ ..] = *header;
    let body_length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if body_length > LARGEST_REPLY_BYTES {
        return Err(invalid("an oversized reply"));
    }
    let Some(body) = rest.get(..body_length) else { return Ok(None) };
    let error = (opcode == OPCODE_ERROR)
        .then(|| body.first_chunk().map(|&code| i32::from_be_bytes(code)).ok_or_else(|| invalid("a short error")))
        .transpose()?;
    Ok(Some(Reply { stream: u16::from_be_bytes([high, low]), error, length: HEADER_BYTES + body_length }))
}

/// Sends STARTUP and waits for READY.
pub(super) async fn start_up(stream: &mut TcpStream) -> io::Result<()> {
    let mut body = 1_u16.to_be_bytes().to_vec();
    for word in ["CQL_VERSION", "3.0.0"] {
        body.extend(short_bytes(word.as_bytes())?);
    }
    call(stream, OPCODE_STARTUP, &body).await.map(drop)
}

/// Runs a statement without values.
pub(super) async fn query(stream: &mut TcpStream, text: &str, level: Level) -> io::Result<()> {
    let mut body = long_string(text)?;
    body.extend((level as u16).to_be_bytes());
    body.push(0);
    call(stream, OPCODE_QUERY, &body).await.map(drop)
}

/// A page of a result.
#[derive(Debug)]
pub(super) struct Page {
    /// How many rows it has.
    pub(super) rows: usize,
    /// The first cell of the first row.
    pub(super) first: Option<Vec<u8>>,
    /// Where the next page begins, if there is one.
    pub(super) state: Option<Vec<u8>>,
}

/// Runs a SELECT without values, and gives one page of its rows.
pub(super) async fn select(
    stream: &mut TcpStream,
    text: &str,
    page_size: i32,
    state: Option<&[u8]>,
) -> io::Result<Page> {
    let mut body = long_string(text)?;
    body.extend((Level::Quorum as u16).to_be_bytes());
    body.push(FLAG_SKIP_METADATA | FLAG_PAGE_SIZE | if state.is_some() { FLAG_PAGING_STATE } else { 0 });
    body.extend(page_size.to_be_bytes());
    if let Some(state) = state {
        body.extend(length_i32(state.len())?);
        body.extend(state);
    }
    let (_, body) = call(stream, OPCODE_QUERY, &body).await?;
    page(&body).ok_or_else(|| invalid("not rows without metadata"))
}

/// Reads a RESULT of kind Rows that does not describe its columns.
fn page(body: &[u8]) -> Option<Page> {
    let mut rest = body.strip_prefix(&RESULT_ROWS)?;
    let flags = int(&mut rest)?;
    int(&mut rest)?;
    let state = if flags & FLAG_HAS_MORE_PAGES != 0 { bytes(&mut rest)? } else { None };
    let rows = usize::try_from(int(&mut rest)?).ok()?;
    let first = if rows > 0 { bytes(&mut rest)? } else { None };
    Some(Page { rows, first, state })
}

fn int(rest: &mut &[u8]) -> Option<i32> {
    let (number, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(i32::from_be_bytes(*number))
}

fn bytes(rest: &mut &[u8]) -> Option<Option<Vec<u8>>> {
    let Ok(length) = usize::try_from(int(rest)?) else { return Some(None) };
    let (bytes, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(Some(bytes.to_vec()))
}

/// Prepares a statement; the answer is its id.
pub(super) async fn prepare(stream: &mut TcpStream, text: &str) -> io::Result<Vec<u8>> {
    let (opcode, body) = call(stream, OPCODE_PREPARE, &long_string(text)?).await?;
    let id = body.strip_prefix(&RESULT_PREPARED).and_then(|rest| {
        let (length, rest) = rest.split_first_chunk()?;
        rest.get(..usize::from(u16::from_be_bytes(*length)))
    });
    match (opcode, id) {
        (OPCODE_RESULT, Some(id)) => Ok(id.to_vec()),
        _ => Err(invalid("not the answer to a PREPARE")),
    }
}

async fn call(stream: &mut TcpStream, opcode: u8, body: &[u8]) -> io::Result<(u8, Vec<u8>)> {
    stream.write_all(&frame(opcode, body)?).await?;
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header).await?;
    let [_, flags, _, _, opcode, length @ ..] = header;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > LARGEST_REPLY_BYTES {
        return Err(invalid("an oversized reply"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    if opcode == OPCODE_ERROR {
        return Err(invalid(&String::from_utf8_lossy(body.get(6..).unwrap_or_default())));
    }
    if flags & FLAG_WARNING != 0 {
        body = without_warnings(&body).ok_or_else(|| invalid("short warnings"))?.to_vec();
    }
    Ok((opcode, body))
}

/// What stands behind the warnings: a count, and so many texts.
fn without_warnings(body: &[u8]) -> Option<&[u8]> {
    let (count, mut rest) = body.split_first_chunk()?;
    for _ in 0..u16::from_be_bytes(*count) {
        let (length, behind) = rest.split_first_chunk()?;
        rest = behind.get(usize::from(u16::from_be_bytes(*length))..)?;
    }
    Some(rest)
}

fn frame(opcode: u8, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut frame = vec![VERSION, 0, 0, 0, opcode];
    frame.extend(length_i32(body.len())?);
    frame.extend(body);
    Ok(frame)
}

fn short_bytes(bytes: &[u8]) -> io::Result<Vec<u8>> {
    Ok([&length_u16(bytes.len())?, bytes].concat())
}

fn long_string(text: &str) -> io::Result<Vec<u8>> {
    Ok([&length_i32(text.len())?, text.as_bytes()].concat())
}

fn length_u16(length: usize) -> io::Result<[u8; 2]> {
    u16::try_from(length).map(u16::to_be_bytes).map_err(|_| invalid("too long for a short"))
}

fn length_i32(length: usize) -> io::Result<[u8; 4]> {
    i32::try_from(length).map(i32::to_be_bytes).map_err(|_| invalid("too long for an int"))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_taken_only_when_it_is_whole() {
        let mut bytes = vec![0x84, 0, 0x12, 0x34, OPCODE_ERROR, 0, 0, 0, 6, 0, 0, 0x10, 0x00, 0, 0];
        assert_eq!(reply(&bytes[..14]).unwrap(), None);
        bytes.push(0xFF);
        let expected = Reply { stream: 0x1234, error: Some(0x1000), length: 15 };
        assert_eq!(reply(&bytes).unwrap(), Some(expected));
    }

    #[test]
    fn warnings_are_passed_over() {
        let body = [&[0, 2, 0, 1, b'a', 0, 0][..], b"rest"].concat();
        assert_eq!(without_warnings(&body), Some(&b"rest"[..]));
        assert_eq!(without_warnings(&body[..5]), None);
    }

    #[test]
    fn a_page_tells_its_rows_and_where_the_next_one_begins() {
        let cell = [0, 0, 0, 2, 7, 8];
        let body = [&RESULT_ROWS[..], &[0, 0, 0, 6], &[0, 0, 0, 1], &[0, 0, 0, 1, 9], &[0, 0, 0, 1], &cell].concat();
        let found = page(&body).unwrap();
        assert_eq!((found.rows, found.first, found.state), (1, Some(vec![7, 8]), Some(vec![9])));
        assert!(page(&body[..body.len() - 1]).is_none());
    }

    #[test]
    fn a_request_carries_its_stream_and_key() {
        let template = Template::execute(b"id", Level::Quorum, &[b"v"]).unwrap();
        let mut out = vec![0xEE];
        template.write(7, -2, &mut out);
        assert_eq!(out[1..6], [4, 0, 0, 7, OPCODE_EXECUTE]);
        assert!(out.ends_with(&[[0, 0, 0, 8].as_slice(), &[0xFF; 7], &[0xFE, 0, 0, 0, 1, b'v']].concat()));
    }
}
