//! Writing query parameters, which QUERY, EXECUTE and BATCH have in common.

use super::{Consistency, QueryFlags, SerialConsistency};
use crate::frame::{EncodeError, Features, Writer};

/// The parameters to write, but for the bind values.
pub(crate) struct Fields<'a> {
    pub(crate) consistency: Consistency,
    /// Flags that no field below stands for.
    pub(crate) flags: QueryFlags,
    pub(crate) page_size: Option<i32>,
    pub(crate) paging_state: Option<&'a [u8]>,
    pub(crate) serial_consistency: Option<SerialConsistency>,
    pub(crate) default_timestamp_micros: Option<i64>,
    pub(crate) keyspace: Option<&'a str>,
    pub(crate) now_in_seconds: Option<i32>,
}

impl Fields<'_> {
    /// Writes level, flags, what `values` writes, and the other parameters, in the order of section 4.1.4.
    pub(crate) fn write(
        &self,
        writer: &mut Writer<'_>,
        features: &Features,
        values: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        writer.short(self.consistency.code());
        self.write_flags(writer, features)?;
        values(writer)?;
        if let Some(size) = self.page_size {
            writer.int(size);
        }
        if let Some(state) = self.paging_state {
            writer.bytes(Some(state), "paging state")?;
        }
        if let Some(level) = self.serial_consistency {
            writer.short(Consistency::from(level).code());
        }
        if let Some(micros) = self.default_timestamp_micros {
            writer.long(micros);
        }
        if let Some(keyspace) = self.keyspace {
            writer.string(keyspace, "keyspace")?;
        }
        if let Some(seconds) = self.now_in_seconds {
            writer.int(seconds);
        }
        Ok(())
    }

    fn write_flags(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        if self.keyspace.is_some() && !features.keyspace {
            return Err(EncodeError::NotInVersion { what: "a keyspace" });
        }
        if self.now_in_seconds.is_some() && !features.now_in_seconds {
            return Err(EncodeError::NotInVersion { what: "now in seconds" });
        }
        let flags = self
            .flags
            .with(QueryFlags::PAGE_SIZE, self.page_size.is_some())
            .with(QueryFlags::PAGING_STATE, self.paging_state.is_some())
            .with(QueryFlags::SERIAL_CONSISTENCY, self.serial_consistency.is_some())
            .with(QueryFlags::DEFAULT_TIMESTAMP, self.default_timestamp_micros.is_some())
            .with(QueryFlags::KEYSPACE, self.keyspace.is_some())
            .with(QueryFlags::NOW_IN_SECONDS, self.now_in_seconds.is_some());
        if features.int_query_flags {
            writer.int(flags.0.cast_signed());
        } else {
            writer.byte(flags.0 as u8);
        }
        Ok(())
    }
}
