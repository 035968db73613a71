//! RESULT (section 4.2.5).

use std::ops::Range;

use super::ResponseExtras;
use super::specs::{HAS_MORE_PAGES, METADATA_CHANGED, NO_METADATA, skip_columns};
use crate::frame::{DecodeError, Envelope, Features, Header, Opcode, Reader};
use crate::message::response::{PREPARED, ROWS, SCHEMA_CHANGE, SET_KEYSPACE, VOID};

/// The answer to a statement.
#[derive(Debug, Clone, Copy)]
pub struct ResultView<'a> {
    pub(crate) envelope: &'a Envelope,
    /// Where the message starts in the body.
    message_at: usize,
    /// What stands in front.
    pub extras: ResponseExtras<'a>,
    /// What the answer is.
    pub kind: ResultKind<'a>,
}

/// The kinds of RESULT.
#[derive(Debug, Clone, Copy)]
pub enum ResultKind<'a> {
    /// Done.
    Void,
    /// Rows.
    Rows(RowsView<'a>),
    /// The keyspace in use from now on.
    SetKeyspace(&'a str),
    /// A statement was prepared.
    Prepared(PreparedView<'a>),
    /// The schema was changed.
    SchemaChange(SchemaChangeView<'a>),
}

/// Rows, with their metadata skipped over.
#[derive(Debug, Clone, Copy)]
pub struct RowsView<'a> {
    /// Flags of the metadata.
    pub flags: i32,
    /// How many columns each row has.
    pub column_count: usize,
    /// Where to go on, when there are more pages.
    pub paging_state: Option<&'a [u8]>,
    /// The id of metadata that changed since PREPARED (v5).
    pub new_metadata_id: Option<&'a [u8]>,
    /// How many rows there are.
    pub row_count: usize,
    /// The cells of all rows, each a `[bytes]`.
    pub content: &'a [u8],
    /// Where the paging state ends in the envelope, whether there is one or not.
    pub(crate) paging_state_end: usize,
}

/// A prepared statement.
#[derive(Debug, Clone, Copy)]
pub struct PreparedView<'a> {
    /// The id of the statement.
    pub id: &'a [u8],
    /// The id of the result metadata (v5).
    pub result_metadata_id: Option<&'a [u8]>,
    /// Flags of the bind markers' metadata.
    pub flags: i32,
    /// How many bind markers there are.
    pub marker_count: usize,
    /// Which bind markers make up the partition key, each a `[short]` (v4 and later).
    pub(crate) partition_key_indexes: &'a [u8],
    /// The global table if there is one, then each bind marker.
    pub(crate) markers: &'a [u8],
    /// The metadata of the rows that it will give, encoded.
    pub result_metadata: &'a [u8],
}

/// What a statement did to the schema, or an event says was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaChangeView<'a> {
    /// `CREATED`, `UPDATED` or `DROPPED`.
    pub change: &'a str,
    /// `KEYSPACE`, `TABLE`, `TYPE`, `FUNCTION` or `AGGREGATE`.
    pub target: &'a str,
    /// The keyspace.
    pub keyspace: &'a str,
    /// What in the keyspace.
    pub name: Option<&'a str>,
}

impl<'a> ResultView<'a> {
    /// Reads a RESULT.
    ///
    /// # Errors
    /// When it is not one, or malformed.
    pub fn parse(envelope: &'a Envelope) -> Result<Self, DecodeError> {
        let (extras, mut reader) = ResponseExtras::read(envelope)?;
        if envelope.opcode() != Opcode::Result {
            return Err(DecodeError::Unexpected { what: "RESULT" });
        }
        let message_at = reader.position();
        let features = envelope.version().features();
        let kind = match reader.int("kind of a result")? {
            VOID => ResultKind::Void,
            ROWS => ResultKind::Rows(RowsView::read(&mut reader, features)?),
            SET_KEYSPACE => ResultKind::SetKeyspace(reader.string("keyspace")?),
            PREPARED => ResultKind::Prepared(PreparedView::read(&mut reader, features)?),
            SCHEMA_CHANGE => ResultKind::SchemaChange(SchemaChangeView::read(&mut reader)?),
            code => return Err(DecodeError::UnknownCode { what: "kind of a result", code: code.into() }),
        };
        Ok(Self { envelope, message_at, extras, kind })
    }

    /// The message, without what stands in front.
    pub fn message(&self) -> &'a [u8] {
        self.envelope.body().get(self.message_at..).unwrap_or_default()
    }

    /// The rows, if it is that.
    pub const fn rows(&self) -> Option<&RowsView<'a>> {
        if let ResultKind::Rows(rows) = &self.kind { Some(rows) } else { None }
    }
}

impl<'a> RowsView<'a> {
    fn read(reader: &mut Reader<'a>, features: &Features) -> Result<Self, DecodeError> {
        let flags = reader.int("metadata flags")?;
        let column_count = reader.count("columns")?;
        let paging_state = if flags & HAS_MORE_PAGES == 0 { None } else { reader.bytes("paging state")? };
        let paging_state_end = Header::LEN + reader.position();
        let changed = flags & METADATA_CHANGED != 0 && features.result_metadata_id;
        let new_metadata_id = changed.then(|| reader.short_bytes("metadata id")).transpose()?;
        if flags & NO_METADATA == 0 {
            skip_columns(reader, flags, column_count)?;
        }
        let row_count = reader.count("rows")?;
        let content = reader.rest();
        // Each cell has at least its length, and each row a cell.
        let at_least = row_count.checked_mul(column_count.max(1)).and_then(|cells| cells.checked_mul(4));
        if at_least.is_none_or(|len| len > content.len()) {
            return Err(DecodeError::Truncated { what: "rows" });
        }
        Ok(Self { flags, column_count, paging_state, new_metadata_id, row_count, content, paging_state_end })
    }

    /// Where [`RowsView::content`] is in the envelope it was read from.
    pub fn content_range(&self, envelope: &Envelope) -> Range<usize> {
        let end = envelope.raw().len();
        end.saturating_sub(self.content.len())..end
    }

    /// The cells, row after row; each may still prove to be malformed.
    pub fn cells(&self) -> impl Iterator<Item = Result<Option<&'a [u8]>, DecodeError>> + use<'a> {
        let mut reader = Reader::new(self.content);
        (0..self.row_count.saturating_mul(self.column_count)).map(move |_| reader.bytes("cell"))
    }
}

impl<'a> PreparedView<'a> {
    fn read(reader: &mut Reader<'a>, features: &Features) -> Result<Self, DecodeError> {
        let id = reader.short_bytes("statement id")?;
        let result_metadata_id =
            features.result_metadata_id.then(|| reader.short_bytes("result metadata id")).transpose()?;
        let flags = reader.int("metadata flags")?;
        let marker_count = reader.count("bind markers")?;
        let mut partition_key_indexes: &[u8] = &[];
        if features.partition_key_indexes {
            let count = reader.count("partition key indexes")?;
            let len = count.checked_mul(2).ok_or(DecodeError::Truncated { what: "partition key indexes" })?;
            partition_key_indexes = reader.take(len, "partition key indexes")?;
        }
        let markers = reader.spanning(|reader| {
            if flags & NO_METADATA == 0 { skip_columns(reader, flags, marker_count) } else { Ok(()) }
        })?;
        let result_metadata = reader.rest();
        Ok(Self { id, result_metadata_id, flags, marker_count, partition_key_indexes, markers, result_metadata })
    }

    /// Which bind markers make up the partition key, in the order of its columns.
    pub fn partition_key_indexes(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.partition_key_indexes.as_chunks().0.iter().map(|index| u16::from_be_bytes(*index))
    }
}

impl<'a> SchemaChangeView<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let change = reader.string("schema change")?;
        let target = reader.string("schema change target")?;
        let keyspace = reader.string("keyspace")?;
        let name = (target != "KEYSPACE").then(|| reader.string("name")).transpose()?;
        Ok(Self { change, target, keyspace, name })
    }
}
