//! ROWS (section 4.2.5.2).

use bytes::Bytes;

use super::ResultMetadata;
use crate::frame::{DecodeError, EncodeError, Envelope, Features, Reader, Writer};

/// A page of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// What the columns are, and whether there are more pages.
    pub metadata: ResultMetadata,
    /// The rows, each with as many cells as there are columns.
    pub rows: Vec<Vec<Option<Bytes>>>,
}

impl Rows {
    pub(super) fn read(envelope: &Envelope, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let metadata = ResultMetadata::read(envelope, reader)?;
        let (columns, count) = (metadata.column_count(), reader.count("rows")?);
        let rows = reader.list(count, "rows", |reader| {
            if columns == 0 {
                return Err(DecodeError::Truncated { what: "rows" });
            }
            reader.list(columns, "cells", |reader| Ok(reader.bytes("cell")?.map(|cell| envelope.raw().slice_ref(cell))))
        })?;
        Ok(Self { metadata, rows })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        self.metadata.write(writer, features)?;
        writer.int_count(self.rows.len(), "rows")?;
        self.rows.iter().flatten().try_for_each(|cell| writer.bytes(cell.as_deref(), "cell"))
    }
}
