//! Bytes in, envelopes out.

use bytes::{Buf, BufMut, BytesMut};

use super::compression::decompress_lz4;
use super::segment::{self, SegmentHeader, TRAILER_LEN};
use super::{Compression, Direction, Envelope, FrameError, Header, HeaderFlags, Opcode, Version};

/// What a decoder accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an envelope's body, compressed or not.
    pub max_body_bytes: u32,
}

impl Limits {
    /// What Cassandra accepts from clients: `native_transport_max_frame_size` of 16 MiB.
    pub const CASSANDRA: Self = Self { max_body_bytes: 16 << 20 };
}

impl Default for Limits {
    /// The 256 MiB of the specification.
    fn default() -> Self {
        Self { max_body_bytes: 256 << 20 }
    }
}

/// Decodes one direction of one connection.
///
/// It starts with bare envelopes. As soon as STARTUP is sent or received, [`Decoder::set_compression`] tells it what
/// the client asked for: in v3 and v4 Cassandra compresses even the answer to it. Once STARTUP is answered by READY or
/// AUTHENTICATE, a v5 connection calls [`Decoder::use_segments`]; that answer itself is still bare.
///
/// It waits for a whole envelope or segment in the caller's buffer, so what it makes a peer's word cost is bounded: an
/// announced length allocates nothing, and a compressed body is refused when it announces more than its bytes can hold.
/// After an error the connection is of no use.
#[derive(Debug)]
pub struct Decoder {
    direction: Direction,
    limits: Limits,
    compression: Option<Compression>,
    /// The version of the connection, which its STARTUP decides.
    version: Option<Version>,
    segments: Option<Segments>,
}

/// What is left of segments that were already taken from the input.
#[derive(Debug, Default)]
struct Segments {
    /// Whole envelopes.
    whole: BytesMut,
    /// The part of an envelope that spans segments, as far as it came.
    part: BytesMut,
}

impl Decoder {
    /// A decoder of what goes in this direction.
    pub const fn new(direction: Direction, limits: Limits) -> Self {
        Self { direction, limits, compression: None, version: None, segments: None }
    }

    /// From here on, bodies (v3, v4) or segments (v5) may be compressed.
    pub const fn set_compression(&mut self, compression: Compression) {
        self.compression = Some(compression);
    }

    /// From here on, envelopes come in segments.
    pub fn use_segments(&mut self) {
        self.segments.get_or_insert_default();
    }

    /// Takes the next whole envelope out of `input`; `None` when there is none yet.
    ///
    /// An uncompressed envelope shares the buffer of `input`.
    ///
    /// # Errors
    /// When the peer misbehaves; [`FrameError::answer`] says what to do.
    pub fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Envelope>, FrameError> {
        let Some(mut segments) = self.segments.take() else {
            return self.bare(input);
        };
        let next = self.segmented(&mut segments, input);
        self.segments = Some(segments);
        next
    }

    fn bare(&mut self, input: &mut BytesMut) -> Result<Option<Envelope>, FrameError> {
        let Some(header) = self.header(input)? else { return Ok(None) };
        let len = Header::LEN + header.body_len as usize;
        if input.len() < len {
            return Ok(None);
        }
        let raw = input.split_to(len);
        if header.flags.contains(HeaderFlags::COMPRESSED) {
            return self.decompress(header, raw.get(Header::LEN..).unwrap_or_default()).map(Some);
        }
        Ok(Some(Envelope::trusted(header, raw.freeze())))
    }

    fn segmented(&mut self, segments: &mut Segments, input: &mut BytesMut) -> Result<Option<Envelope>, FrameError> {
        while segments.whole.is_empty() {
            let Some((self_contained, payload)) = self.segment(input)? else { return Ok(None) };
            match (self_contained, segments.part.is_empty()) {
                (true, true) => segments.whole = payload,
                (true, false) => return Err(FrameError::Interrupted),
                (false, _) => self.join(segments, payload)?,
            }
        }
        let Some(mut header) = self.header(&segments.whole)? else { return Err(FrameError::SplitEnvelope) };
        let len = Header::LEN + header.body_len as usize;
        if segments.whole.len() < len {
            return Err(FrameError::SplitEnvelope);
        }
        let mut raw = segments.whole.split_to(len);
        if header.flags.contains(HeaderFlags::COMPRESSED) {
            // Segments are compressed as a whole; on an envelope in one the flag means nothing.
            header.flags = header.flags.without(HeaderFlags::COMPRESSED);
            if let Some(flags) = raw.get_mut(Header::FLAGS_AT) {
                *flags = header.flags.0;
            }
        }
        Ok(Some(Envelope::trusted(header, raw.freeze())))
    }

    /// Adds a segment to the envelope that spans several.
    fn join(&mut self, segments: &mut Segments, payload: BytesMut) -> Result<(), FrameError> {
        if segments.part.is_empty() {
            segments.part = payload;
        } else {
            segments.part.extend_from_slice(&payload);
        }
        let Some(header) = self.header(&segments.part)? else { return Ok(()) };
        let len = Header::LEN + header.body_len as usize;
        match segments.part.len().checked_sub(len) {
            None => Ok(()),
            Some(0) => {
                segments.whole = std::mem::take(&mut segments.part);
                Ok(())
            }
            Some(excess) => Err(FrameError::ExcessBytes { excess }),
        }
    }

    /// Takes one whole segment: whether it is self-contained, and its payload.
    fn segment(&self, input: &mut BytesMut) -> Result<Option<(bool, BytesMut)>, FrameError> {
        let lz4 = self.compression == Some(Compression::Lz4);
        let Some(header) = SegmentHeader::parse(input, lz4)? else { return Ok(None) };
        if input.len() < segment::header_len(lz4) + header.payload_len + TRAILER_LEN {
            return Ok(None);
        }
        input.advance(segment::header_len(lz4));
        let payload = input.split_to(header.payload_len);
        segment::check(&payload, input.get_u32_le().to_le_bytes())?;
        let Some(len) = header.uncompressed_len else { return Ok(Some((header.self_contained, payload))) };
        if len > Compression::Lz4.max_decompressed_len(payload.len()) {
            return Err(FrameError::CorruptSegment);
        }
        let mut plain = BytesMut::zeroed(len);
        match decompress_lz4(&payload, &mut plain) {
            Some(written) if written == len => Ok(Some((header.self_contained, plain))),
            _ => Err(FrameError::CorruptSegment),
        }
    }

    /// Parses and judges the header at the front of `input`; `None` when it is not whole yet.
    fn header(&mut self, input: &[u8]) -> Result<Option<Header>, FrameError> {
        if input.len() < Header::LEN {
            return self.version_of_short_header(input).map(|()| None);
        }
        let header = Header::parse(input)?;
        let Header { version, stream, opcode, body_len, .. } = header;
        if header.direction() != self.direction {
            return Err(FrameError::WrongDirection { version, stream, opcode });
        }
        if body_len > self.limits.max_body_bytes {
            return Err(self.too_long(&header, body_len.into()));
        }
        if opcode == Opcode::Startup {
            self.version = self.version.or(Some(version));
        }
        match self.version {
            Some(expected) if expected != version => Err(FrameError::VersionChanged { expected, got: version, stream }),
            _ => Ok(Some(header)),
        }
    }

    /// Versions 1 and 2 have a header of eight bytes: waiting for our nine could be waiting for ever.
    fn version_of_short_header(&self, input: &[u8]) -> Result<(), FrameError> {
        match *input {
            [version, _, s0, s1, ..] if Version::from_number(version & 0x7F).is_none() => {
                Err(FrameError::UnsupportedVersion { version: version & 0x7F, stream: i16::from_be_bytes([s0, s1]) })
            }
            _ => Ok(()),
        }
    }

    fn decompress(&self, mut header: Header, body: &[u8]) -> Result<Envelope, FrameError> {
        let Header { version, stream, .. } = header;
        let compression = self.compression.ok_or(FrameError::UnexpectedCompression { version, stream })?;
        let corrupt = FrameError::CorruptBody { version, stream, compression };
        let Some(len) = compression.announced_len(body) else { return Err(corrupt) };
        if len > self.limits.max_body_bytes as usize {
            return Err(self.too_long(&header, len as u64));
        }
        if len > compression.max_decompressed_len(body.len()) {
            return Err(corrupt);
        }
        header.flags = header.flags.without(HeaderFlags::COMPRESSED);
        header.body_len = len as u32;
        let mut raw = BytesMut::with_capacity(Header::LEN + len);
        raw.put_slice(&header.to_bytes());
        raw.resize(Header::LEN + len, 0);
        let target = raw.get_mut(Header::LEN..).unwrap_or_default();
        compression.decompress_body(body, target).ok_or(corrupt)?;
        Ok(Envelope::trusted(header, raw.freeze()))
    }

    const fn too_long(&self, header: &Header, body_len: u64) -> FrameError {
        let &Header { version, stream, .. } = header;
        FrameError::BodyTooLong { version, stream, body_len, max_body_bytes: self.limits.max_body_bytes }
    }
}
