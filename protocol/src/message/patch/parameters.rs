//! What QUERY, EXECUTE and BATCH have in common.

use super::{Change, ExtraValue, Patch};
use crate::frame::{EncodeError, Envelope, Features, Header, HeaderFlags, Value, Version, Writer};
use crate::message::parameters::Fields;
use crate::message::view::{Parameters, RequestExtras, Values};
use crate::message::{Consistency, QueryFlags};

impl Patch<'_> {
    /// The version of the patched message.
    pub(super) fn version_of(&self, envelope: &Envelope) -> Version {
        self.version.unwrap_or(envelope.version())
    }

    /// Whether a message of these parameters keeps its length.
    pub(super) fn keeps_length(&self, envelope: &Envelope, parameters: &Parameters<'_>) -> bool {
        self.version_of(envelope) == envelope.version()
            && self.extra_values.is_empty()
            && matches!(self.keyspace, Change::Keep)
            && matches!(self.paging_state, Change::Keep)
            && self.serial_consistency.overwrites(parameters.at.serial_consistency)
            && self.default_timestamp_micros.overwrites(parameters.at.default_timestamp)
            && self.now_in_seconds.overwrites(parameters.at.now_in_seconds)
            && self.page_size.overwrites(parameters.at.page_size)
    }

    /// Overwrites the header of a copy.
    pub(super) fn overwrite_header(&self, copy: &mut [u8]) {
        if let Some(stream) = self.stream {
            overwrite(copy, Header::STREAM_AT, stream.to_be_bytes());
        }
        if let (Some(tracing), Some(flags)) = (self.tracing, copy.get_mut(Header::FLAGS_AT)) {
            *flags = HeaderFlags(*flags).with(HeaderFlags::TRACING, tracing).0;
        }
    }

    /// Overwrites the parameters of a copy whose length stays.
    pub(super) fn overwrite_parameters(&self, copy: &mut [u8], envelope: &Envelope, parameters: &Parameters<'_>) {
        let at = parameters.at;
        if let Some(level) = self.consistency {
            overwrite(copy, at.consistency, level.code().to_be_bytes());
        }
        if let Some(skip) = self.skip_metadata {
            // The flag is in the lowest byte, which is the last of an [int].
            let last = if envelope.version().features().int_query_flags { at.flags + 3 } else { at.flags };
            if let Some(flags) = copy.get_mut(last) {
                *flags = QueryFlags((*flags).into()).with(QueryFlags::SKIP_METADATA, skip).0 as u8;
            }
        }
        if let (Change::Set(size), Some(at)) = (self.page_size, at.page_size) {
            overwrite(copy, at, size.to_be_bytes());
        }
        if let (Change::Set(level), Some(at)) = (self.serial_consistency, at.serial_consistency) {
            overwrite(copy, at, Consistency::from(level).code().to_be_bytes());
        }
        if let (Change::Set(micros), Some(at)) = (self.default_timestamp_micros, at.default_timestamp) {
            overwrite(copy, at, micros.to_be_bytes());
        }
        if let (Change::Set(seconds), Some(at)) = (self.now_in_seconds, at.now_in_seconds) {
            overwrite(copy, at, seconds.to_be_bytes());
        }
    }

    /// The header of a message that is written anew.
    pub(super) fn header(&self, envelope: &Envelope, extras: &RequestExtras<'_>) -> Header {
        let mut header = *envelope.header();
        header.version = self.version_of(envelope);
        header.stream = self.stream.unwrap_or(header.stream);
        let payload = extras.custom_payload.is_some() && header.version.features().custom_payload;
        header.flags = header
            .flags
            .with(HeaderFlags::TRACING, self.tracing.unwrap_or(extras.tracing))
            .with(HeaderFlags::CUSTOM_PAYLOAD, payload)
            .with(HeaderFlags::required_by(header.version), true);
        header
    }

    /// Writes what stands in front of the message.
    pub(super) fn write_extras(&self, writer: &mut Writer<'_>, extras: &RequestExtras<'_>, features: &Features) {
        if let (Some(payload), true) = (extras.custom_payload, features.custom_payload) {
            writer.raw(payload);
        }
    }

    /// Writes the parameters anew.
    pub(super) fn write_parameters(
        &self,
        writer: &mut Writer<'_>,
        parameters: &Parameters<'_>,
        features: &Features,
    ) -> Result<(), EncodeError> {
        let with_values = parameters.flags.contains(QueryFlags::VALUES) || !self.extra_values.is_empty();
        let named = names_after(&parameters.values, self.extra_values);
        let skip = self.skip_metadata.unwrap_or(parameters.flags.contains(QueryFlags::SKIP_METADATA));
        let fields = Fields {
            consistency: self.consistency.unwrap_or(parameters.consistency),
            flags: parameters
                .flags
                .with(QueryFlags::VALUES, with_values)
                .with(QueryFlags::NAMES, with_values && named)
                .with(QueryFlags::SKIP_METADATA, skip),
            page_size: self.page_size.apply(parameters.page_size),
            paging_state: self.paging_state.apply(parameters.paging_state),
            serial_consistency: self.serial_consistency.apply(parameters.serial_consistency),
            default_timestamp_micros: self.default_timestamp_micros.apply(parameters.default_timestamp_micros),
            keyspace: self.keyspace.apply(parameters.keyspace),
            now_in_seconds: self.now_in_seconds.apply(parameters.now_in_seconds),
        };
        fields.write(writer, features, |writer| {
            if !with_values {
                return Ok(());
            }
            write_values(writer, &parameters.values, self.extra_values, features)
        })
    }
}

impl<T> Change<T> {
    /// Whether the change leaves a field of fixed size, which is at `at`, there or not there.
    const fn overwrites(&self, at: Option<usize>) -> bool {
        match self {
            Self::Keep => true,
            Self::Set(_) => at.is_some(),
            Self::Remove => at.is_none(),
        }
    }
}

/// Overwrites bytes of a copy, which are there since the view that says where has read them.
pub(super) fn overwrite<const N: usize>(copy: &mut [u8], at: usize, bytes: [u8; N]) {
    overwrite_slice(copy, at, &bytes);
}

/// As [`overwrite`], for a field whose length stays.
pub(super) fn overwrite_slice(copy: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(field) = copy.get_mut(at..at + bytes.len()) {
        field.copy_from_slice(bytes);
    }
}

/// Writes a `[short]` n and n values, some of them added.
pub(super) fn write_values(
    writer: &mut Writer<'_>,
    values: &Values<'_>,
    extra: &[ExtraValue<'_>],
    features: &Features,
) -> Result<(), EncodeError> {
    let named = names_after(values, extra);
    writer.short_count(values.len() + extra.len(), "values")?;
    let (mut values, mut extra) = (values.iter(), extra.iter().peekable());
    for position in 0_usize.. {
        let added = extra.next_if(|added| usize::from(added.position) <= position);
        let next = added.map(|added| (added.name, added.value)).or_else(|| values.next());
        let Some((name, value)) = next.or_else(|| extra.next().map(|added| (added.name, added.value))) else { break };
        if named {
            writer.string(name.unwrap_or_default(), "name of a value")?;
        }
        if value == Value::Unset && !features.unset_values {
            return Err(EncodeError::NotInVersion { what: "an unset value" });
        }
        writer.value(value, "value")?;
    }
    Ok(())
}

/// Whether the values have names once some are added.
fn names_after(values: &Values<'_>, extra: &[ExtraValue<'_>]) -> bool {
    if values.is_empty() && !extra.is_empty() { extra.iter().any(|added| added.name.is_some()) } else { values.named() }
}
