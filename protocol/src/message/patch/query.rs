//! Patching QUERY.

use super::Patch;
use crate::frame::{EncodeError, Encoder};
use crate::message::view::QueryView;

impl QueryView<'_> {
    /// Pushes the message with these changes.
    ///
    /// # Errors
    /// When the changed message cannot be expressed; then nothing is pushed.
    pub fn patch_into(&self, patch: &Patch<'_>, encoder: &mut Encoder) -> Result<(), EncodeError> {
        let Self { envelope, extras, parameters, .. } = self;
        if patch.query.is_none() && patch.keeps_length(envelope, parameters) {
            encoder.push_edited(envelope.raw(), |copy| {
                patch.overwrite_header(copy);
                patch.overwrite_parameters(copy, envelope, parameters);
            });
            return Ok(());
        }
        let features = patch.version_of(envelope).features();
        encoder.push_with(patch.header(envelope, extras), |writer| {
            patch.write_extras(writer, extras, features);
            writer.long_string(patch.query.unwrap_or(self.query), "query")?;
            patch.write_parameters(writer, parameters, features)
        })
    }
}
