//! STARTUP (section 4.1.1).

use crate::frame::{DecodeError, EncodeError, Reader, Writer};

/// The options that a client wants for its connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Startup {
    /// Names and values, in order.
    pub options: Vec<(String, String)>,
}

impl Startup {
    /// Which version of CQL; mandatory.
    pub const CQL_VERSION: &str = "CQL_VERSION";
    /// Which compression.
    pub const COMPRESSION: &str = "COMPRESSION";
    /// The name of the driver.
    pub const DRIVER_NAME: &str = "DRIVER_NAME";
    /// The version of the driver.
    pub const DRIVER_VERSION: &str = "DRIVER_VERSION";
    /// An exception, rather than a closed connection, when the server has too much to do.
    pub const THROW_ON_OVERLOAD: &str = "THROW_ON_OVERLOAD";

    /// The value of an option, the last where it is there several times; names are in upper case, as Cassandra takes them
    /// in any.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().rfind(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The version of CQL that the client wants.
    pub fn cql_version(&self) -> Option<&str> {
        self.option(Self::CQL_VERSION)
    }

    /// The name of the compression that the client wants.
    pub fn compression(&self) -> Option<&str> {
        self.option(Self::COMPRESSION)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let what = "startup option";
        let count = reader.short(what)?;
        let options =
            reader.list(count.into(), what, |reader| Ok((reader.string(what)?.into(), reader.string(what)?.into())))?;
        Ok(Self { options })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let what = "startup option";
        writer.short_count(self.options.len(), what)?;
        self.options.iter().try_for_each(|(name, value)| {
            writer.string(name, what)?;
            writer.string(value, what)
        })
    }
}
