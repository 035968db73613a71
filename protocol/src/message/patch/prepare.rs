//! Patching PREPARE.

use super::{Change, Patch};
use crate::frame::{EncodeError, Encoder, Features, Writer};
use crate::message::view::{PrepareView, WITH_KEYSPACE};

impl PrepareView<'_> {
    /// Pushes the message with these changes.
    ///
    /// # Errors
    /// When the changed message cannot be expressed; then nothing is pushed.
    pub fn patch_into(&self, patch: &Patch<'_>, encoder: &mut Encoder) -> Result<(), EncodeError> {
        let Self { envelope, extras, .. } = self;
        let version = patch.version_of(envelope);
        if patch.query.is_none() && patch.keyspace == Change::Keep && version == envelope.version() {
            encoder.push_edited(envelope.raw(), |copy| patch.overwrite_header(copy));
            return Ok(());
        }
        let features = version.features();
        let keyspace = patch.keyspace.apply(self.keyspace);
        encoder.push_with(patch.header(envelope, extras), |writer| {
            patch.write_extras(writer, extras, features);
            write_prepare(writer, patch.query.unwrap_or(self.query), keyspace, features)
        })
    }
}

/// Writes the message itself.
pub(crate) fn write_prepare(
    writer: &mut Writer<'_>,
    query: &str,
    keyspace: Option<&str>,
    features: &Features,
) -> Result<(), EncodeError> {
    writer.long_string(query, "query")?;
    if features.prepare_flags {
        writer.int(if keyspace.is_some() { WITH_KEYSPACE } else { 0 });
    } else if keyspace.is_some() {
        return Err(EncodeError::NotInVersion { what: "a keyspace" });
    }
    keyspace.map_or(Ok(()), |keyspace| writer.string(keyspace, "keyspace"))
}
