//! PREPARED (section 4.2.5.4).

use bytes::Bytes;

use super::{Columns, ResultMetadata};
use crate::frame::{DecodeError, EncodeError, Envelope, Features, Reader, Writer};

/// A prepared statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The id to execute it by.
    pub id: Bytes,
    /// The id of the result metadata (v5, and only there).
    pub result_metadata_id: Option<Bytes>,
    /// The bind markers.
    pub markers: Columns,
    /// Which markers make up the partition key, in the order of its columns; none when not all do (v4 and later).
    pub partition_key_indexes: Vec<u16>,
    /// The metadata of the result.
    pub result: ResultMetadata,
}

impl Prepared {
    pub(super) fn read(envelope: &Envelope, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let features = envelope.version().features();
        let own = |bytes: &[u8]| envelope.raw().slice_ref(bytes);
        let id = own(reader.short_bytes("statement id")?);
        let result_metadata_id =
            features.result_metadata_id.then(|| reader.short_bytes("result metadata id").map(own)).transpose()?;
        let flags = reader.int("metadata flags")?;
        let count = reader.count("bind markers")?;
        let mut partition_key_indexes = Vec::new();
        if features.partition_key_indexes {
            let what = "partition key indexes";
            let count = reader.count(what)?;
            partition_key_indexes = reader.list(count, what, |reader| reader.short(what))?;
        }
        let markers = Columns::read(reader, flags, count)?;
        let result = ResultMetadata::read(envelope, reader)?;
        Ok(Self { id, result_metadata_id, markers, partition_key_indexes, result })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>, features: &Features) -> Result<(), EncodeError> {
        writer.short_bytes(&self.id, "statement id")?;
        if features.result_metadata_id {
            writer.short_bytes(self.result_metadata_id.as_deref().unwrap_or_default(), "result metadata id")?;
        }
        writer.int(self.markers.flags());
        writer.int_count(self.markers.specs.len(), "bind markers")?;
        if features.partition_key_indexes {
            writer.int_count(self.partition_key_indexes.len(), "partition key indexes")?;
            self.partition_key_indexes.iter().for_each(|index| writer.short(*index));
        }
        self.markers.write(writer, features)?;
        self.result.write(writer, features)
    }
}
