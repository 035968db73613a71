//! Every way a peer can misbehave below the level of messages.

use super::{Compression, Opcode, Version};

/// Why bytes are not a sequence of envelopes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The bytes end inside a header or body. Only [`super::Header::parse`] and [`super::Envelope::parse`] report it; a
    /// decoder waits for more.
    #[error("the bytes end inside an envelope")]
    Truncated,
    /// A version we do not speak. See [`super::unsupported_version`] for the answer.
    #[error(
        "Invalid or unsupported protocol version ({version}); supported versions are ({})",
        super::supported_versions(Version::V6)
    )]
    UnsupportedVersion {
        /// The version without its direction bit.
        version: u8,
        /// The stream, if the header is laid out as ours is.
        stream: i16,
    },
    /// A beta version from a peer that does not say that it knows. Cassandra answers in that version, on stream 0.
    #[error("Beta version of the protocol used ({}), but USE_BETA flag is unset", version.description())]
    BetaFlagUnset {
        /// The version.
        version: Version,
    },
    /// A version that is not the one of the connection's STARTUP.
    #[error("Invalid message version. Got {} but previous messages on this connection had version {}", got.description(), expected.description())]
    VersionChanged {
        /// The version of STARTUP.
        expected: Version,
        /// The version of this message.
        got: Version,
        /// The stream of the message.
        stream: i16,
    },
    /// No message has this opcode.
    #[error("Unknown opcode {opcode}")]
    UnknownOpcode {
        /// The version of the message.
        version: Version,
        /// The stream of the message.
        stream: i16,
        /// The opcode.
        opcode: u8,
    },
    /// A response where requests are expected, or the other way round.
    #[error("Wrong protocol direction (expected {}, got {}) for opcode {} ({})", opcode.direction(), opcode.direction().opposite(), opcode.code(), opcode.name())]
    WrongDirection {
        /// The version of the message.
        version: Version,
        /// The stream of the message.
        stream: i16,
        /// What it says it is.
        opcode: Opcode,
    },
    /// A body of negative length.
    #[error("Invalid value for envelope header body length field: {body_len}")]
    NegativeLength {
        /// The version of the message.
        version: Version,
        /// The stream of the message.
        stream: i16,
        /// The length it says it has.
        body_len: i32,
    },
    /// A body longer than [`super::Limits::max_body_bytes`].
    #[error("Request is too big: length {body_len} exceeds maximum allowed length {max_body_bytes}.")]
    BodyTooLong {
        /// The version of the message.
        version: Version,
        /// The stream of the message.
        stream: i16,
        /// Bytes it says it has, compressed or not.
        body_len: u64,
        /// Bytes allowed.
        max_body_bytes: u32,
    },
    /// A body that says it is compressed although no compression was agreed on, or inside a segment.
    #[error("Unexpected compressed body")]
    UnexpectedCompression {
        /// The version of the message.
        version: Version,
        /// The stream of the message.
        stream: i16,
    },
    /// A compressed body that does not decompress to the length it announces.
    #[error("The {compression} compressed body is corrupt")]
    CorruptBody {
        /// The version of the message.
        version: Version,
        /// The stream of the message.
        stream: i16,
        /// The compression agreed on.
        compression: Compression,
    },
    /// The checksum of a segment's header is wrong: nothing after it can be found.
    #[error("Invalid CRC of a segment header: read {read:06x}, computed {computed:06x}")]
    SegmentHeaderCrc {
        /// What the peer sent.
        read: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// The checksum of a segment's payload is wrong.
    #[error("Invalid CRC of a segment payload: read {read:08x}, computed {computed:08x}")]
    SegmentPayloadCrc {
        /// What the peer sent.
        read: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// A segment's compressed payload does not decompress to the length it announces.
    #[error("The compressed payload of a segment is corrupt")]
    CorruptSegment,
    /// A self-contained segment ends inside an envelope.
    #[error("A self-contained segment ends inside an envelope")]
    SplitEnvelope,
    /// An envelope that spans segments ends inside one of them.
    #[error("A segment holds {excess} bytes more than the envelope that it is a part of")]
    ExcessBytes {
        /// Bytes after the end of the envelope.
        excess: usize,
    },
    /// A self-contained segment before the end of an envelope that spans segments.
    #[error("An envelope that spans segments was interrupted")]
    Interrupted,
}

/// What Cassandra does with a connection that misbehaved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Says why, in an ERROR of this code on that stream, then closes.
    ErrorThenClose {
        /// The version to answer in.
        version: Version,
        /// The stream to answer on.
        stream: i16,
        /// 0x000A protocol error, or 0x2200 invalid.
        code: i32,
    },
    /// Answers as [`super::unsupported_version`] builds it, then closes.
    UnsupportedVersion {
        /// The version that was asked for.
        version: u8,
    },
    /// Closes: the stream of bytes cannot be trusted any more.
    Close,
}

impl FrameError {
    /// What to do with the connection; the text of an ERROR is this error's `Display`.
    pub const fn answer(&self) -> Answer {
        match *self {
            Self::UnsupportedVersion { version, .. } => Answer::UnsupportedVersion { version },
            Self::BetaFlagUnset { version } => Answer::ErrorThenClose { version, stream: 0, code: PROTOCOL_ERROR },
            Self::VersionChanged { expected: version, stream, .. }
            | Self::UnknownOpcode { version, stream, .. }
            | Self::WrongDirection { version, stream, .. }
            | Self::NegativeLength { version, stream, .. }
            | Self::UnexpectedCompression { version, stream }
            | Self::CorruptBody { version, stream, .. } => {
                Answer::ErrorThenClose { version, stream, code: PROTOCOL_ERROR }
            }
            Self::BodyTooLong { version, stream, .. } => Answer::ErrorThenClose { version, stream, code: INVALID },
            Self::Truncated
            | Self::SegmentHeaderCrc { .. }
            | Self::SegmentPayloadCrc { .. }
            | Self::CorruptSegment
            | Self::SplitEnvelope
            | Self::ExcessBytes { .. }
            | Self::Interrupted => Answer::Close,
        }
    }
}

const PROTOCOL_ERROR: i32 = 0x000A;
const INVALID: i32 = 0x2200;
