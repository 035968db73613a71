//! The notations that message bodies are written in (section 3 of the specification).

mod reader;
mod writer;

pub use reader::{DecodeError, Reader};
pub use writer::{EncodeError, Writer};

/// A `[value]`: what is bound to a marker, or stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Value<'a> {
    /// Bytes, possibly none.
    Bytes(&'a [u8]),
    /// No value.
    Null,
    /// Leave as it is (v4 and later, in requests only).
    Unset,
}

/// An `[inet]`: an address and a port.
pub type Inet = std::net::SocketAddr;
