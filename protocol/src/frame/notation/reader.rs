//! Reading, bounded by what is there.

use std::net::{IpAddr, SocketAddr};
use std::str::from_utf8;

use super::{Inet, Value};

/// Why a body is not what it should be. Cassandra answers each with a protocol error (0x000A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body ends inside something.
    #[error("the body ends inside {what}")]
    Truncated {
        /// The notation or field.
        what: &'static str,
    },
    /// Bytes are left over.
    #[error("{left} bytes are left after {what}")]
    Trailing {
        /// What was read.
        what: &'static str,
        /// How many bytes are left.
        left: usize,
    },
    /// A negative number where only a size makes sense.
    #[error("Invalid length {len} for {what}")]
    NegativeLength {
        /// The notation or field.
        what: &'static str,
        /// The number.
        len: i32,
    },
    /// A string that is not UTF-8.
    #[error("{what} is not valid UTF-8")]
    InvalidUtf8 {
        /// The notation or field.
        what: &'static str,
    },
    /// A code without a meaning.
    #[error("Unknown code {code} for a {what}")]
    UnknownCode {
        /// What it is a code of.
        what: &'static str,
        /// The code.
        code: i64,
    },
    /// A name without a meaning.
    #[error("Unknown {what}")]
    UnknownName {
        /// What it is a name of.
        what: &'static str,
    },
    /// Something the protocol version does not have.
    #[error("{what} is not part of this protocol version")]
    NotInVersion {
        /// The field or value.
        what: &'static str,
    },
    /// Types nested deeper than any sane schema.
    #[error("types are nested too deep")]
    TooDeep,
    /// The message is of another kind than asked for.
    #[error("{what} expected")]
    Unexpected {
        /// The kind that was asked for.
        what: &'static str,
    },
}

/// A cursor over bytes that came from outside. Nothing it hands out is longer than what is there.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes have been read.
    pub const fn position(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub const fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.bytes.len();
        rest
    }

    /// Reads all of `bytes` with `read`, and refuses what is left over.
    ///
    /// # Errors
    /// Those of `read`, and [`DecodeError::Trailing`].
    pub fn whole<T>(
        bytes: &'a [u8],
        what: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut reader = Self::new(bytes);
        let value = read(&mut reader)?;
        reader.finish(what)?;
        Ok(value)
    }

    /// Refuses what is left over after `what`.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`].
    pub const fn finish(&self, what: &'static str) -> Result<(), DecodeError> {
        match self.left() {
            0 => Ok(()),
            left => Err(DecodeError::Trailing { what, left }),
        }
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`]; so it is for every method below.
    pub fn take(&mut self, len: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(len).ok_or(DecodeError::Truncated { what })?;
        let taken = self.bytes.get(self.at..end).ok_or(DecodeError::Truncated { what })?;
        self.at = end;
        Ok(taken)
    }

    /// The bytes that `read` reads over.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn spanning(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<&'a [u8], DecodeError> {
        let start = self.at;
        read(self)?;
        Ok(self.bytes.get(start..self.at).unwrap_or_default())
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let taken =
            self.bytes.get(self.at..).and_then(|left| left.first_chunk()).ok_or(DecodeError::Truncated { what })?;
        self.at += N;
        Ok(*taken)
    }

    /// What `parse` takes off the front of the bytes that are left.
    ///
    /// # Errors
    /// Those of `parse`.
    pub fn parse<T, E>(&mut self, parse: impl FnOnce(&mut &'a [u8]) -> Result<T, E>) -> Result<T, E> {
        let mut left = self.bytes.get(self.at..).unwrap_or_default();
        let parsed = parse(&mut left)?;
        self.at = self.bytes.len() - left.len();
        Ok(parsed)
    }

    /// A `[byte]`.
    pub fn byte(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array(what)?))
    }

    /// A `[short]`.
    pub fn short(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.array(what)?))
    }

    /// An `[int]`.
    pub fn int(&mut self, what: &'static str) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array(what)?))
    }

    /// A `[long]`.
    pub fn long(&mut self, what: &'static str) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.array(what)?))
    }

    /// A `[uuid]`.
    pub fn uuid(&mut self, what: &'static str) -> Result<uuid::Uuid, DecodeError> {
        Ok(uuid::Uuid::from_bytes(self.array(what)?))
    }

    /// An `[int]` that counts something.
    pub fn count(&mut self, what: &'static str) -> Result<usize, DecodeError> {
        let len = self.int(what)?;
        usize::try_from(len).map_err(|_| DecodeError::NegativeLength { what, len })
    }

    /// A `[string]`.
    pub fn string(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        let len = self.short(what)?;
        self.text(len.into(), what)
    }

    /// A `[long string]`.
    pub fn long_string(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        let len = self.count(what)?;
        self.text(len, what)
    }

    fn text(&mut self, len: usize, what: &'static str) -> Result<&'a str, DecodeError> {
        from_utf8(self.take(len, what)?).map_err(|_| DecodeError::InvalidUtf8 { what })
    }

    /// A `[bytes]`; every negative length means null.
    pub fn bytes(&mut self, what: &'static str) -> Result<Option<&'a [u8]>, DecodeError> {
        let len = self.int(what)?;
        usize::try_from(len).ok().map(|len| self.take(len, what)).transpose()
    }

    /// A `[short bytes]`.
    pub fn short_bytes(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let len = self.short(what)?;
        self.take(len.into(), what)
    }

    /// A `[value]`.
    pub fn value(&mut self, what: &'static str) -> Result<Value<'a>, DecodeError> {
        match self.int(what)? {
            -1 => Ok(Value::Null),
            -2 => Ok(Value::Unset),
            len => {
                let len = usize::try_from(len).map_err(|_| DecodeError::NegativeLength { what, len })?;
                self.take(len, what).map(Value::Bytes)
            }
        }
    }

    /// An `[inetaddr]`.
    pub fn inetaddr(&mut self, what: &'static str) -> Result<IpAddr, DecodeError> {
        match self.byte(what)? {
            4 => Ok(IpAddr::from(self.array::<4>(what)?)),
            16 => Ok(IpAddr::from(self.array::<16>(what)?)),
            code => Err(DecodeError::UnknownCode { what: "size of an address", code: code.into() }),
        }
    }

    /// An `[inet]`.
    pub fn inet(&mut self, what: &'static str) -> Result<Inet, DecodeError> {
        let address = self.inetaddr(what)?;
        let port = self.int(what)?;
        let port = u16::try_from(port).map_err(|_| DecodeError::UnknownCode { what: "port", code: port.into() })?;
        Ok(SocketAddr::new(address, port))
    }

    /// `count` items, each of which takes at least one byte: a count beyond what is left is refused before it is
    /// allocated for.
    ///
    /// # Errors
    /// Those of `read`, and [`DecodeError::Truncated`].
    pub fn list<T>(
        &mut self,
        count: usize,
        what: &'static str,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        if count > self.left() {
            return Err(DecodeError::Truncated { what });
        }
        // The items are larger in memory than on the wire, so they are not all allocated on the word of the peer.
        let mut items = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// A `[string list]`.
    pub fn string_list(&mut self, what: &'static str) -> Result<Vec<String>, DecodeError> {
        let count = self.short(what)?;
        self.list(count.into(), what, |reader| reader.string(what).map(str::to_owned))
    }
}
