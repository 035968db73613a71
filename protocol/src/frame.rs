//! Frames of the native protocol: bytes in, whole messages out, and back.
//!
//! A message travels as an *envelope*: nine header bytes and a body. In v3 and v4 envelopes follow one another on the
//! wire and each body may be compressed on its own. In v5, once STARTUP has been answered, they travel inside
//! checksummed *segments*. [`Decoder`] and [`Encoder`] hide the difference: on both sides of them a message is one
//! contiguous, uncompressed [`Envelope`].
//!
//! Source: `native_protocol_v{3,4,5}.spec`, sections 2 and 3 (envelope and segment) and 5 (compression).

mod compression;
mod crc;
mod decoder;
mod encoder;
mod envelope;
mod error;
mod header;
mod notation;
mod opcode;
mod refusal;
mod segment;
mod version;

pub use compression::Compression;
pub use decoder::{Decoder, Limits};
pub use encoder::Encoder;
pub use envelope::Envelope;
pub use error::{Answer, FrameError};
pub use header::{Direction, Header, HeaderFlags};
pub use notation::{DecodeError, EncodeError, Inet, Reader, Value, Writer};
pub use opcode::Opcode;
pub use refusal::{supported_versions, unsupported_version};
pub use version::{Features, Version};
