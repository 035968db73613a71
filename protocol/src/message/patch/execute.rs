//! Patching EXECUTE.

use super::Patch;
use super::parameters::overwrite_slice;
use crate::frame::{EncodeError, Encoder};
use crate::message::view::ExecuteView;

impl ExecuteView<'_> {
    /// Pushes the message with these changes.
    ///
    /// # Errors
    /// When the changed message cannot be expressed; then nothing is pushed.
    pub fn patch_into(&self, patch: &Patch<'_>, encoder: &mut Encoder) -> Result<(), EncodeError> {
        let Self { envelope, extras, parameters, .. } = self;
        if self.ids_keep_length(patch) && patch.keeps_length(envelope, parameters) {
            encoder.push_edited(envelope.raw(), |copy| {
                patch.overwrite_header(copy);
                patch.overwrite_parameters(copy, envelope, parameters);
                if let Some(id) = patch.statement_id {
                    overwrite_slice(copy, self.id_at, id);
                }
                if let (Some(id), true) = (patch.result_metadata_id, self.result_metadata_id.is_some()) {
                    overwrite_slice(copy, self.id_at + self.id.len() + 2, id);
                }
            });
            return Ok(());
        }
        let features = patch.version_of(envelope).features();
        encoder.push_with(patch.header(envelope, extras), |writer| {
            patch.write_extras(writer, extras, features);
            writer.short_bytes(patch.statement_id.unwrap_or(self.id), "statement id")?;
            if features.result_metadata_id {
                let id = patch.result_metadata_id.or(self.result_metadata_id).unwrap_or_default();
                writer.short_bytes(id, "result metadata id")?;
            }
            patch.write_parameters(writer, parameters, features)
        })
    }

    fn ids_keep_length(&self, patch: &Patch<'_>) -> bool {
        let same = |new: Option<&[u8]>, old: &[u8]| new.is_none_or(|new| new.len() == old.len());
        same(patch.statement_id, self.id)
            && self.result_metadata_id.is_none_or(|old| same(patch.result_metadata_id, old))
    }
}
