//! Writing, into the buffer that is sent.

use std::net::IpAddr;

use super::{Inet, Value};
use crate::frame::Features;
use crate::value::CqlType;

/// Why something cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Longer than its length field can say.
    #[error("{what} of {len} is too long for the protocol")]
    TooLong {
        /// The notation or field.
        what: &'static str,
        /// How long, in bytes or items.
        len: usize,
    },
    /// Something the protocol version does not have.
    #[error("{what} is not part of this protocol version")]
    NotInVersion {
        /// The field or value.
        what: &'static str,
    },
}

/// Appends to a buffer. What was in the buffer before is out of reach.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Writer<'a> {
    /// Appends to `buffer`.
    pub const fn new(buffer: &'a mut Vec<u8>) -> Self {
        let start = buffer.len();
        Self { buffer, start }
    }

    /// Appends to `buffer` what `write` writes: all of it, or on an error nothing.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn append(
        buffer: &'a mut Vec<u8>,
        write: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let start = buffer.len();
        write(&mut Writer::new(buffer)).inspect_err(|_| buffer.truncate(start))
    }

    /// How many bytes were written.
    pub const fn written(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The type of a column or bind marker, as an `[option]`.
    pub fn cql_type(&mut self, cql_type: &CqlType, features: &Features) {
        cql_type.encode_option(self.buffer, features);
    }

    /// A `[byte]`.
    pub fn byte(&mut self, value: u8) {
        self.buffer.push(value);
    }

    /// A `[short]`.
    pub fn short(&mut self, value: u16) {
        self.raw(&value.to_be_bytes());
    }

    /// An `[int]`.
    pub fn int(&mut self, value: i32) {
        self.raw(&value.to_be_bytes());
    }

    /// A `[long]`.
    pub fn long(&mut self, value: i64) {
        self.raw(&value.to_be_bytes());
    }

    /// A `[uuid]`.
    pub fn uuid(&mut self, value: uuid::Uuid) {
        self.raw(value.as_bytes());
    }

    /// A `[short]` that counts something.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`]; so it is for every method below.
    pub fn short_count(&mut self, len: usize, what: &'static str) -> Result<(), EncodeError> {
        self.short(u16::try_from(len).map_err(|_| EncodeError::TooLong { what, len })?);
        Ok(())
    }

    /// An `[int]` that counts something.
    pub fn int_count(&mut self, len: usize, what: &'static str) -> Result<(), EncodeError> {
        self.int(i32::try_from(len).map_err(|_| EncodeError::TooLong { what, len })?);
        Ok(())
    }

    /// A `[string]`.
    pub fn string(&mut self, text: &str, what: &'static str) -> Result<(), EncodeError> {
        self.short_bytes(text.as_bytes(), what)
    }

    /// A `[string]`, cut at a character when it is too long: for texts that people read.
    pub fn message(&mut self, text: &str) {
        let end =
            (0..=text.len().min(u16::MAX.into())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
        let cut = text.get(..end).unwrap_or_default();
        self.short(cut.len() as u16);
        self.raw(cut.as_bytes());
    }

    /// A `[long string]`.
    pub fn long_string(&mut self, text: &str, what: &'static str) -> Result<(), EncodeError> {
        self.int_count(text.len(), what)?;
        self.raw(text.as_bytes());
        Ok(())
    }

    /// A `[bytes]`.
    pub fn bytes(&mut self, bytes: Option<&[u8]>, what: &'static str) -> Result<(), EncodeError> {
        match bytes {
            None => self.int(-1),
            Some(bytes) => {
                self.int_count(bytes.len(), what)?;
                self.raw(bytes);
            }
        }
        Ok(())
    }

    /// A `[short bytes]`.
    pub fn short_bytes(&mut self, bytes: &[u8], what: &'static str) -> Result<(), EncodeError> {
        self.short_count(bytes.len(), what)?;
        self.raw(bytes);
        Ok(())
    }

    /// A `[value]`.
    pub fn value(&mut self, value: Value<'_>, what: &'static str) -> Result<(), EncodeError> {
        match value {
            Value::Null => self.int(-1),
            Value::Unset => self.int(-2),
            Value::Bytes(bytes) => return self.bytes(Some(bytes), what),
        }
        Ok(())
    }

    /// An `[inetaddr]`.
    pub fn inetaddr(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => {
                self.byte(4);
                self.raw(&address.octets());
            }
            IpAddr::V6(address) => {
                self.byte(16);
                self.raw(&address.octets());
            }
        }
    }

    /// An `[inet]`.
    pub fn inet(&mut self, inet: Inet) {
        self.inetaddr(inet.ip());
        self.int(inet.port().into());
    }

    /// A `[string list]`.
    pub fn string_list(&mut self, list: &[String], what: &'static str) -> Result<(), EncodeError> {
        self.short_count(list.len(), what)?;
        list.iter().try_for_each(|text| self.string(text, what))
    }
}
