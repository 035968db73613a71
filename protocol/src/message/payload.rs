//! Custom payloads.

use bytes::Bytes;

use crate::frame::{DecodeError, EncodeError, Envelope, Reader, Writer};

/// What extensions of a server and its clients tell each other beside a message: keys and values, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomPayload(pub Vec<(String, Option<Bytes>)>);

impl CustomPayload {
    /// Reads a whole `[bytes map]` of `envelope`.
    pub(crate) fn decode(envelope: &Envelope, map: &[u8]) -> Result<Self, DecodeError> {
        let what = "custom payload";
        Reader::whole(map, what, |reader| {
            let count = reader.short(what)?;
            let entry = |reader: &mut Reader<'_>| {
                let key = reader.string(what)?.to_owned();
                Ok((key, reader.bytes(what)?.map(|bytes| envelope.raw().slice_ref(bytes))))
            };
            reader.list(count.into(), what, entry).map(Self)
        })
    }

    /// Writes a `[bytes map]`.
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let what = "custom payload";
        writer.short_count(self.0.len(), what)?;
        self.0.iter().try_for_each(|(key, value)| {
            writer.string(key, what)?;
            writer.bytes(value.as_deref(), what)
        })
    }
}
