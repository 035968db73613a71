//! Patching BATCH.

use super::parameters::{overwrite_slice, write_values};
use super::{ChildPatch, Patch};
use crate::frame::{EncodeError, Encoder, Features, Writer};
use crate::message::view::{BatchChild, BatchView, Statement};

impl BatchView<'_> {
    /// Pushes the message with these changes.
    ///
    /// # Errors
    /// When the changed message cannot be expressed; then nothing is pushed.
    pub fn patch_into(&self, patch: &Patch<'_>, encoder: &mut Encoder) -> Result<(), EncodeError> {
        let Self { envelope, extras, parameters, .. } = self;
        let patch = &Patch { extra_values: &[], ..*patch };
        if patch.keeps_length(envelope, parameters) && self.children_keep_length(patch.children) {
            encoder.push_edited(envelope.raw(), |copy| {
                patch.overwrite_header(copy);
                patch.overwrite_parameters(copy, envelope, parameters);
                self.overwrite_children(copy, patch.children);
            });
            return Ok(());
        }
        let features = patch.version_of(envelope).features();
        encoder.push_with(patch.header(envelope, extras), |writer| {
            patch.write_extras(writer, extras, features);
            writer.byte(self.batch_type.code());
            writer.short_count(self.len(), "statements of a batch")?;
            for (child, change) in with_changes(self.children(), patch.children) {
                write_child(writer, &child, change, features)?;
            }
            patch.write_parameters(writer, parameters, features)
        })
    }

    fn children_keep_length(&self, changes: &[ChildPatch<'_>]) -> bool {
        changes.is_empty()
            || with_changes(self.children(), changes).all(|(child, change)| {
                change.is_none_or(|change| {
                    change.extra_values.is_empty()
                        && change.statement.is_none_or(|new| same_shape(new, child.statement))
                })
            })
    }

    fn overwrite_children(&self, copy: &mut [u8], changes: &[ChildPatch<'_>]) {
        if changes.is_empty() {
            return;
        }
        for (child, change) in with_changes(self.children(), changes) {
            if let Some(new) = change.and_then(|change| change.statement) {
                overwrite_slice(copy, child.statement_at, new.as_bytes());
            }
        }
    }
}

impl Statement<'_> {
    /// The bytes of the text or id.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Id(id) => id,
        }
    }

    /// Writes the kind and the text or id.
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Text(text) => {
                writer.byte(0);
                writer.long_string(text, "query")
            }
            Self::Id(id) => {
                writer.byte(1);
                writer.short_bytes(id, "statement id")
            }
        }
    }
}

fn same_shape(new: Statement<'_>, old: Statement<'_>) -> bool {
    std::mem::discriminant(&new) == std::mem::discriminant(&old) && new.as_bytes().len() == old.as_bytes().len()
}

/// Each child with its change; changes are by ascending index.
fn with_changes<'a, 'p>(
    children: impl Iterator<Item = BatchChild<'a>>,
    changes: &'p [ChildPatch<'p>],
) -> impl Iterator<Item = (BatchChild<'a>, Option<&'p ChildPatch<'p>>)> {
    let mut changes = changes.iter().peekable();
    (0_usize..)
        .zip(children)
        .map(move |(index, child)| (child, changes.next_if(|change| usize::from(change.index) == index)))
}

fn write_child(
    writer: &mut Writer<'_>,
    child: &BatchChild<'_>,
    change: Option<&ChildPatch<'_>>,
    features: &Features,
) -> Result<(), EncodeError> {
    change.and_then(|change| change.statement).unwrap_or(child.statement).write(writer)?;
    write_values(writer, &child.values, change.map_or(&[], |change| change.extra_values), features)
}
