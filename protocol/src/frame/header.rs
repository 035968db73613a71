//! The nine bytes in front of every message.

use std::fmt;
use std::ops::BitOr;

use super::{FrameError, Opcode, Version};

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From a client to a server.
    Request,
    /// From a server to a client.
    Response,
}

impl Direction {
    /// The other direction.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Request => Self::Response,
            Self::Response => Self::Request,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "REQUEST",
            Self::Response => "RESPONSE",
        })
    }
}

/// The flags of an envelope (section 2.2). Bits without a meaning are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct HeaderFlags(pub u8);

impl HeaderFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// The body is compressed.
    pub const COMPRESSED: Self = Self(0x01);
    /// Request: trace this. Response: the body starts with the id of the trace.
    pub const TRACING: Self = Self(0x02);
    /// The body has a custom payload (v4 and later).
    pub const CUSTOM_PAYLOAD: Self = Self(0x04);
    /// The response has warnings (v4 and later).
    pub const WARNING: Self = Self(0x08);
    /// The sender accepts a version that is not final yet.
    pub const USE_BETA: Self = Self(0x10);

    /// What every message of this version must set.
    pub const fn required_by(version: Version) -> Self {
        if version.features().beta { Self::USE_BETA } else { Self::NONE }
    }

    /// Whether all of `other`'s flags are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags without `other`'s.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// These flags, with `other`'s set or cleared.
    #[must_use]
    pub const fn with(self, other: Self, on: bool) -> Self {
        if on { Self(self.0 | other.0) } else { self.without(other) }
    }
}

impl BitOr for HeaderFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The header of an envelope (section 2).
///
/// ```text
///  0         8        16        24        32         40
///  +---------+---------+---------+---------+---------+
///  | version |  flags  |      stream       | opcode  |
///  +---------+---------+---------+---------+---------+
///  |            body length            |
///  +---------+---------+---------+---------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The protocol version of the message.
    pub version: Version,
    /// Whether a server sent it.
    pub is_response: bool,
    /// What the body has in front of, or around, the message.
    pub flags: HeaderFlags,
    /// Ties a response to its request; negative for what a server sends on its own.
    pub stream: i16,
    /// What the message is.
    pub opcode: Opcode,
    /// Bytes of the body.
    pub body_len: u32,
}

impl Header {
    /// Bytes of a header.
    pub const LEN: usize = 9;
    /// Where the flags are.
    pub const FLAGS_AT: usize = 1;
    /// Where the stream id is.
    pub const STREAM_AT: usize = 2;
    /// Where the length of the body is.
    pub const BODY_LEN_AT: usize = 5;

    /// A header for a body of unknown length, in the direction that the opcode has, with these flags and those that the
    /// version requires.
    pub const fn new(version: Version, flags: HeaderFlags, stream: i16, opcode: Opcode) -> Self {
        Self {
            version,
            is_response: matches!(opcode.direction(), Direction::Response),
            flags: flags.with(HeaderFlags::required_by(version), true),
            stream,
            opcode,
            body_len: 0,
        }
    }

    /// Parses the first [`Header::LEN`] bytes of `bytes`.
    ///
    /// # Errors
    /// [`FrameError::Truncated`], [`FrameError::UnsupportedVersion`], [`FrameError::BetaFlagUnset`],
    /// [`FrameError::UnknownOpcode`], [`FrameError::WrongDirection`] and [`FrameError::NegativeLength`], judged in the
    /// order Cassandra does.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        let Some(&[first, flags, s0, s1, code, l0, l1, l2, l3]) = bytes.first_chunk::<{ Self::LEN }>() else {
            return Err(FrameError::Truncated);
        };
        let stream = i16::from_be_bytes([s0, s1]);
        let version = Version::from_number(first & !RESPONSE)
            .ok_or(FrameError::UnsupportedVersion { version: first & !RESPONSE, stream })?;
        let flags = HeaderFlags(flags);
        if !flags.contains(HeaderFlags::required_by(version)) {
            return Err(FrameError::BetaFlagUnset { version });
        }
        let is_response = first & RESPONSE != 0;
        let opcode = Opcode::from_code(code).ok_or(FrameError::UnknownOpcode { version, stream, opcode: code })?;
        if is_response != (opcode.direction() == Direction::Response) {
            return Err(FrameError::WrongDirection { version, stream, opcode });
        }
        let body_len = i32::from_be_bytes([l0, l1, l2, l3]);
        let body_len = u32::try_from(body_len).map_err(|_| FrameError::NegativeLength { version, stream, body_len })?;
        Ok(Self { version, is_response, flags, stream, opcode, body_len })
    }

    /// The header as bytes.
    pub const fn to_bytes(&self) -> [u8; Self::LEN] {
        let direction = if self.is_response { RESPONSE } else { 0 };
        let [s0, s1] = self.stream.to_be_bytes();
        let [l0, l1, l2, l3] = self.body_len.to_be_bytes();
        [self.version.number() | direction, self.flags.0, s0, s1, self.opcode.code(), l0, l1, l2, l3]
    }

    /// Who sends such a message.
    pub const fn direction(&self) -> Direction {
        if self.is_response { Direction::Response } else { Direction::Request }
    }
}

/// The bit of the version byte that tells a response from a request.
pub(super) const RESPONSE: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_survives_the_wire() {
        for version in Version::ALL {
            for opcode in Opcode::ALL {
                let mut header = Header::new(version, HeaderFlags(0xFF), -2, opcode);
                header.body_len = 70_000;
                assert_eq!(Header::parse(&header.to_bytes()), Ok(header));
            }
        }
    }

    #[test]
    fn an_unsupported_version_is_reported_with_its_stream() {
        let bytes = [0x42, 0, 0x12, 0x34, 5, 0, 0, 0, 0];
        assert_eq!(Header::parse(&bytes), Err(FrameError::UnsupportedVersion { version: 0x42, stream: 0x1234 }));
    }

    #[test]
    fn a_beta_version_needs_its_flag() {
        let mut bytes = Header::new(Version::V6, HeaderFlags::TRACING, 7, Opcode::Startup).to_bytes();
        assert_eq!(Header::parse(&bytes).map(|header| header.flags), Ok(HeaderFlags::TRACING | HeaderFlags::USE_BETA));
        bytes[Header::FLAGS_AT] = HeaderFlags::TRACING.0;
        let error = Header::parse(&bytes).unwrap_err();
        assert_eq!(error, FrameError::BetaFlagUnset { version: Version::V6 });
        let text = "Beta version of the protocol used (6/v6-beta), but USE_BETA flag is unset";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn a_response_code_in_a_request_is_refused() {
        let bytes = [4, 0, 0, 7, Opcode::Ready.code(), 0, 0, 0, 0];
        let error = FrameError::WrongDirection { version: Version::V4, stream: 7, opcode: Opcode::Ready };
        assert_eq!(Header::parse(&bytes), Err(error));
    }

    #[test]
    fn a_negative_length_is_refused() {
        let bytes = [4, 0, 0, 7, Opcode::Query.code(), 0xFF, 0xFF, 0xFF, 0xFF];
        let error = FrameError::NegativeLength { version: Version::V4, stream: 7, body_len: -1 };
        assert_eq!(Header::parse(&bytes), Err(error));
    }
}
