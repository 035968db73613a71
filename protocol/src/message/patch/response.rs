//! Patching responses.

use uuid::Uuid;

use super::Change;
use crate::frame::{EncodeError, Encoder, Envelope, Header, HeaderFlags, Reader, Writer};
use crate::message::response::{PREPARED, ROWS};
use crate::message::view::{PreparedView, ResponseExtras, ResultKind, ResultView, RowsView, specs};

/// Changes to a RESULT; by default there are none. What a message does not have is ignored.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResponsePatch<'a> {
    /// The stream id.
    pub stream: Option<i16>,
    /// The id of the trace.
    pub tracing_id: Change<Uuid>,
    /// The warnings.
    pub warnings: Change<&'a [&'a str]>,
    /// Where ROWS go on.
    pub paging_state: Change<&'a [u8]>,
    /// The id of a PREPARED.
    pub statement_id: Option<&'a [u8]>,
    /// The id of the result metadata of a PREPARED (v5).
    pub result_metadata_id: Option<&'a [u8]>,
    /// Bind markers of a PREPARED that the client must not see, by ascending position.
    pub hidden_markers: &'a [u16],
}

impl ResultView<'_> {
    /// Pushes the message with these changes.
    ///
    /// # Errors
    /// When the changed message cannot be expressed; then nothing is pushed.
    pub fn patch_into(&self, patch: &ResponsePatch<'_>, encoder: &mut Encoder) -> Result<(), EncodeError> {
        let rewritten = match &self.kind {
            ResultKind::Rows(_) => patch.paging_state != Change::Keep,
            ResultKind::Prepared(_) => {
                patch.statement_id.is_some() || patch.result_metadata_id.is_some() || !patch.hidden_markers.is_empty()
            }
            _ => false,
        };
        if !rewritten && patch.tracing_id == Change::Keep && patch.warnings == Change::Keep {
            encoder.push(self.envelope.raw(), patch.stream.unwrap_or(self.envelope.stream()));
            return Ok(());
        }
        encoder.push_with(patch.header(self.envelope, &self.extras), |writer| {
            patch.write_extras(writer, &self.extras)?;
            match &self.kind {
                ResultKind::Rows(rows) if rewritten => write_rows(writer, self.envelope, rows, patch.paging_state),
                ResultKind::Prepared(prepared) if rewritten => write_prepared(writer, self.envelope, prepared, patch),
                _ => {
                    writer.raw(self.message());
                    Ok(())
                }
            }
        })
    }
}

impl ResponsePatch<'_> {
    fn header(&self, envelope: &Envelope, extras: &ResponseExtras<'_>) -> Header {
        let mut header = *envelope.header();
        header.stream = self.stream.unwrap_or(header.stream);
        let warns = match self.warnings {
            Change::Keep => extras.warnings.is_some(),
            Change::Set(_) => true,
            Change::Remove => false,
        };
        header.flags = header
            .flags
            .with(HeaderFlags::TRACING, self.tracing_id.apply(extras.tracing_id).is_some())
            .with(HeaderFlags::WARNING, warns);
        header
    }

    fn write_extras(&self, writer: &mut Writer<'_>, extras: &ResponseExtras<'_>) -> Result<(), EncodeError> {
        if let Some(id) = self.tracing_id.apply(extras.tracing_id) {
            writer.uuid(id);
        }
        match self.warnings {
            Change::Keep => writer.raw(extras.warnings.unwrap_or_default()),
            Change::Set(warnings) => {
                writer.short_count(warnings.len(), "warnings")?;
                warnings.iter().for_each(|warning| writer.message(warning));
            }
            Change::Remove => {}
        }
        writer.raw(extras.custom_payload.unwrap_or_default());
        Ok(())
    }
}

fn write_rows(
    writer: &mut Writer<'_>,
    envelope: &Envelope,
    rows: &RowsView<'_>,
    change: Change<&[u8]>,
) -> Result<(), EncodeError> {
    let paging_state = change.apply(rows.paging_state);
    let more = if paging_state.is_some() { specs::HAS_MORE_PAGES } else { 0 };
    writer.int(ROWS);
    writer.int(rows.flags & !specs::HAS_MORE_PAGES | more);
    writer.int_count(rows.column_count, "columns")?;
    if let Some(state) = paging_state {
        writer.bytes(Some(state), "paging state")?;
    }
    writer.raw(envelope.raw().get(rows.paging_state_end..).unwrap_or_default());
    Ok(())
}

fn write_prepared(
    writer: &mut Writer<'_>,
    envelope: &Envelope,
    prepared: &PreparedView<'_>,
    patch: &ResponsePatch<'_>,
) -> Result<(), EncodeError> {
    let features = envelope.version().features();
    let hidden = |index: usize| patch.hidden_markers.iter().any(|&marker| usize::from(marker) == index);
    let hidden_below =
        |index: usize| patch.hidden_markers.iter().filter(|&&marker| usize::from(marker) < index).count();
    writer.int(PREPARED);
    writer.short_bytes(patch.statement_id.unwrap_or(prepared.id), "statement id")?;
    if features.result_metadata_id {
        let id = patch.result_metadata_id.or(prepared.result_metadata_id).unwrap_or_default();
        writer.short_bytes(id, "result metadata id")?;
    }
    writer.int(prepared.flags);
    writer.int_count(prepared.marker_count.saturating_sub(hidden_below(prepared.marker_count)), "bind markers")?;
    if features.partition_key_indexes {
        write_partition_key_indexes(writer, prepared, hidden, hidden_below)?;
    }
    write_markers(writer, prepared, hidden);
    writer.raw(prepared.result_metadata);
    Ok(())
}

/// A partition key of which a part is hidden cannot be built from what the client binds: then it is told of none.
fn write_partition_key_indexes(
    writer: &mut Writer<'_>,
    prepared: &PreparedView<'_>,
    hidden: impl Fn(usize) -> bool,
    hidden_below: impl Fn(usize) -> usize,
) -> Result<(), EncodeError> {
    if prepared.partition_key_indexes().any(|index| hidden(index.into())) {
        writer.int(0);
        return Ok(());
    }
    writer.int_count(prepared.partition_key_indexes().count(), "partition key indexes")?;
    for index in prepared.partition_key_indexes() {
        writer.short(index.saturating_sub(hidden_below(index.into()) as u16));
    }
    Ok(())
}

fn write_markers(writer: &mut Writer<'_>, prepared: &PreparedView<'_>, hidden: impl Fn(usize) -> bool) {
    if prepared.flags & specs::NO_METADATA != 0 {
        return;
    }
    let global = prepared.flags & specs::GLOBAL_TABLE_SPEC != 0;
    let mut reader = Reader::new(prepared.markers);
    if global {
        writer.raw(reader.spanning(specs::skip_table).unwrap_or_default());
    }
    for index in 0..prepared.marker_count {
        let marker = reader.spanning(|reader| specs::skip_column(reader, global)).unwrap_or_default();
        if !hidden(index) {
            writer.raw(marker);
        }
    }
}
