//! Envelopes in, bytes out.

use super::compression::compress_lz4;
use super::envelope::body_len;
use super::segment::{self, MAX_PAYLOAD, SegmentHeader};
use super::{Compression, EncodeError, Header, HeaderFlags, Writer};

/// The outgoing bytes of one connection.
///
/// Envelopes are pushed; [`Encoder::pending`] is what can be written to the socket, and [`Encoder::advance`] says how
/// much of it was. With segments, small envelopes share one until [`Encoder::seal`] closes it, so a connection seals
/// once per flush.
#[derive(Debug, Default)]
pub struct Encoder {
    out: Vec<u8>,
    /// How many bytes of `out` are written to the socket.
    sent: usize,
    /// Where the header of the open segment is.
    open: Option<usize>,
    compression: Option<Compression>,
    segments: bool,
    scratch: Vec<u8>,
}

impl Encoder {
    /// An encoder of bare, uncompressed envelopes, as every connection begins.
    pub fn new() -> Self {
        Self::default()
    }

    /// From here on, bodies (v3, v4) or segments (v5) are compressed where that makes them shorter.
    pub const fn set_compression(&mut self, compression: Compression) {
        self.compression = Some(compression);
    }

    /// From here on, envelopes travel in segments.
    pub const fn use_segments(&mut self) {
        self.segments = true;
    }

    /// Pushes a whole, uncompressed envelope as it is, but for its stream id.
    pub fn push(&mut self, envelope_raw: &[u8], stream: i16) {
        self.push_edited(envelope_raw, |envelope| set_stream(envelope, stream));
    }

    /// Pushes bytes as they are, such as [`super::unsupported_version`] makes them, whose header may be another than ours;
    /// only before segments are used.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        debug_assert!(!self.segments, "a bare frame cannot follow segments");
        self.out.extend_from_slice(bytes);
    }

    /// Pushes an envelope that is built in place; `header.body_len` becomes what `body` writes.
    ///
    /// # Errors
    /// When `body` writes what the protocol cannot express; then nothing is pushed.
    pub fn push_with(
        &mut self,
        mut header: Header,
        body: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.begin(Header::LEN);
        let at = self.out.len();
        Writer::append(&mut self.out, |writer| {
            writer.raw(&header.to_bytes());
            body(writer)?;
            header.body_len = body_len(writer.written() - Header::LEN)?;
            Ok(())
        })?;
        self.out[at..at + Header::LEN].copy_from_slice(&header.to_bytes());
        self.finish(at);
        Ok(())
    }

    /// Pushes a copy of a whole, uncompressed envelope after `edit` changed bytes of it in place.
    pub(crate) fn push_edited(&mut self, envelope_raw: &[u8], edit: impl FnOnce(&mut [u8])) {
        debug_assert!(envelope_raw.len() >= Header::LEN, "an envelope has a header");
        self.begin(envelope_raw.len());
        let at = self.out.len();
        self.out.extend_from_slice(envelope_raw);
        edit(&mut self.out[at..]);
        self.finish(at);
    }

    /// Closes the open segment, so that what was pushed can be written. Without segments there is nothing to close.
    pub fn seal(&mut self) {
        let Some(open) = self.open.take() else { return };
        let payload_at = open + segment::header_len(self.lz4());
        if self.out.len() == payload_at {
            self.out.truncate(open);
        } else {
            self.close_segment(open, true);
        }
    }

    /// Everything that was pushed and not written, where no segments are used.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.out.drain(..self.sent);
        self.out
    }

    /// What can be written to the socket: everything up to the last seal.
    pub fn pending(&self) -> &[u8] {
        let end = self.open.unwrap_or(self.out.len());
        self.out.get(self.sent..end).unwrap_or_default()
    }

    /// The first `written` bytes of [`Encoder::pending`] are written.
    pub fn advance(&mut self, written: usize) {
        debug_assert!(written <= self.pending().len(), "no more than what was pending can be written");
        self.sent += written;
        if self.sent >= self.out.len() {
            self.sent = 0;
            self.out.clear();
            self.out.shrink_to(IDLE_CAPACITY);
        } else if self.sent >= COMPACT_AT && self.sent > self.out.len() / 2 {
            self.out.drain(..self.sent);
            self.open = self.open.map(|open| open - self.sent);
            self.sent = 0;
        }
    }

    /// Whether everything pushed has been written.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that are not written yet, those of the open segment included.
    pub const fn len(&self) -> usize {
        self.out.len() - self.sent
    }

    const fn lz4(&self) -> bool {
        matches!(self.compression, Some(Compression::Lz4))
    }

    /// Makes sure that there is a segment for `len` more bytes.
    fn begin(&mut self, len: usize) {
        if !self.segments {
            return;
        }
        let header_len = segment::header_len(self.lz4());
        if self.open.is_some_and(|open| self.out.len() - open - header_len + len > MAX_PAYLOAD) {
            self.seal();
        }
        if self.open.is_none() {
            self.open = Some(self.out.len());
            self.out.resize(self.out.len() + header_len, 0);
        }
    }

    /// Puts the envelope at `at`, which is the last of `out`, into the form it travels in.
    fn finish(&mut self, at: usize) {
        match (self.open, self.compression) {
            (Some(open), _) => self.fit_segment(open, at),
            (None, Some(compression)) => self.compress_body(compression, at),
            (None, None) => {}
        }
    }

    /// Moves the envelope at `at` out of the open segment if it made that too long.
    fn fit_segment(&mut self, open: usize, at: usize) {
        let payload_at = open + segment::header_len(self.lz4());
        if self.out.len() - payload_at <= MAX_PAYLOAD {
            return;
        }
        let envelope = self.out.split_off(at);
        self.seal();
        if envelope.len() <= MAX_PAYLOAD {
            self.begin(envelope.len());
            self.out.extend_from_slice(&envelope);
            return;
        }
        for part in envelope.chunks(MAX_PAYLOAD) {
            let open = self.out.len();
            self.out.resize(open + segment::header_len(self.lz4()), 0);
            self.out.extend_from_slice(part);
            self.close_segment(open, false);
        }
    }

    /// Completes the segment whose header is at `open` and whose payload is the rest of `out`.
    fn close_segment(&mut self, open: usize, self_contained: bool) {
        let lz4 = self.lz4();
        let payload_at = open + segment::header_len(lz4);
        let plain_len = self.out.len() - payload_at;
        let mut header = SegmentHeader { payload_len: plain_len, uncompressed_len: None, self_contained };
        if lz4 {
            self.scratch.clear();
            compress_lz4(&self.out[payload_at..], &mut self.scratch);
            if self.scratch.len() < plain_len {
                self.out.truncate(payload_at);
                self.out.extend_from_slice(&self.scratch);
                header.payload_len = self.scratch.len();
                header.uncompressed_len = Some(plain_len);
            }
            self.scratch.shrink_to(IDLE_CAPACITY);
        }
        header.write(lz4, &mut self.out[open..payload_at]);
        let trailer = segment::trailer(&self.out[payload_at..]);
        self.out.extend(trailer);
    }

    /// Compresses the body of the envelope at `at`, unless that makes it longer.
    fn compress_body(&mut self, compression: Compression, at: usize) {
        let body_at = at + Header::LEN;
        let plain_len = self.out.len() - body_at;
        if plain_len < COMPRESS_FROM {
            return;
        }
        self.scratch.clear();
        compression.compress_body(&self.out[body_at..], &mut self.scratch);
        if self.scratch.len() < plain_len {
            self.out.truncate(body_at);
            self.out.extend_from_slice(&self.scratch);
            self.out[at + Header::FLAGS_AT] |= HeaderFlags::COMPRESSED.0;
            let len = (self.scratch.len() as u32).to_be_bytes();
            self.out[at + Header::BODY_LEN_AT..body_at].copy_from_slice(&len);
        }
        self.scratch.shrink_to(IDLE_CAPACITY);
    }
}

/// Overwrites the stream id of an envelope.
pub(crate) fn set_stream(envelope: &mut [u8], stream: i16) {
    if let Some(id) = envelope.get_mut(Header::STREAM_AT..Header::STREAM_AT + 2) {
        id.copy_from_slice(&stream.to_be_bytes());
    }
}

/// Bytes of buffer that an encoder with nothing to send keeps.
const IDLE_CAPACITY: usize = 64 << 10;
/// Bytes already sent that are worth moving the rest over.
const COMPACT_AT: usize = 64 << 10;
/// A shorter body is not worth compressing.
const COMPRESS_FROM: usize = 64;
