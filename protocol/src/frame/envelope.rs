//! One whole message, as it came.

use bytes::Bytes;

use super::{EncodeError, FrameError, Header, HeaderFlags, Opcode, Version, Writer};

/// One whole, uncompressed message in one contiguous buffer: [`Header::LEN`] bytes of header, then the body.
///
/// A clone shares the buffer. An envelope's header was parsed and its body has the length that the header says.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    header: Header,
    raw: Bytes,
}

impl Envelope {
    /// Takes the bytes of one whole, uncompressed envelope.
    ///
    /// # Errors
    /// What [`Header::parse`] refuses; a body of another length than the header says; a compressed body.
    pub fn parse(raw: Bytes) -> Result<Self, FrameError> {
        let header = Header::parse(&raw)?;
        if raw.len() - Header::LEN != header.body_len as usize {
            return Err(FrameError::Truncated);
        }
        if header.flags.contains(HeaderFlags::COMPRESSED) {
            return Err(FrameError::UnexpectedCompression { version: header.version, stream: header.stream });
        }
        Ok(Self { header, raw })
    }

    /// Builds an envelope; `header.body_len` becomes what `body` writes.
    ///
    /// # Errors
    /// When `body` writes something the protocol cannot express, or too much of it.
    pub fn build(
        mut header: Header,
        body: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
    ) -> Result<Self, EncodeError> {
        let mut raw = vec![0; Header::LEN];
        Writer::append(&mut raw, body)?;
        header.body_len = body_len(raw.len() - Header::LEN)?;
        if let Some(front) = raw.first_chunk_mut() {
            *front = header.to_bytes();
        }
        Ok(Self { header, raw: raw.into() })
    }

    /// For the decoder, which has parsed `header` from the front of `raw`.
    pub(super) fn trusted(header: Header, raw: Bytes) -> Self {
        debug_assert_eq!(raw.len(), Header::LEN + header.body_len as usize);
        Self { header, raw }
    }

    /// The parsed header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The protocol version.
    pub const fn version(&self) -> Version {
        self.header.version
    }

    /// The stream id.
    pub const fn stream(&self) -> i16 {
        self.header.stream
    }

    /// What the message is.
    pub const fn opcode(&self) -> Opcode {
        self.header.opcode
    }

    /// The header's flags.
    pub const fn flags(&self) -> HeaderFlags {
        self.header.flags
    }

    /// The body: extras, then the message.
    pub fn body(&self) -> &[u8] {
        self.raw.get(Header::LEN..).unwrap_or_default()
    }

    /// Header and body.
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Header { version, flags, stream, opcode, body_len, .. } = self.header;
        write!(f, "{} {version:?} stream {stream} flags {:#04x} {body_len} bytes", opcode.name(), flags.0)
    }
}

/// The length of a body for its header.
pub(super) fn body_len(len: usize) -> Result<u32, EncodeError> {
    u32::try_from(len).ok().filter(|&len| i32::try_from(len).is_ok()).ok_or(EncodeError::TooLong { what: "body", len })
}
