//! What stands before the rows of a partition: its header, and range tombstones.

use bytes::Bytes;

use super::cursor::{Cursor, put_bytes, put_clustering, put_deletion};
use super::row::{decode_row, encode_row};
use crate::store::StoreError;
use crate::store::cell::Deletion;
use crate::store::clustering::Clustering;
use crate::store::key::Edge;
use crate::store::row::Row;

const HAS_DELETION: u8 = 1;
const HAS_RANGES: u8 = 2;
const HAS_STATIC_ROW: u8 = 4;
const HEADER_FLAGS: u8 = 7;

/// The header of a partition. Most have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Header {
    /// Of the whole partition.
    pub(in crate::store) deletion: Option<Deletion>,
    /// Whether there are range tombstones.
    pub(in crate::store) has_ranges: bool,
    /// The static columns, encoded; empty where there are none.
    static_row: Bytes,
}

impl Header {
    pub(in crate::store) fn static_row(&self) -> Result<Row, StoreError> {
        if self.static_row.is_empty() { Ok(Row::default()) } else { Ok(decode_row(&self.static_row)?.1) }
    }

    pub(in crate::store) fn set_static_row(&mut self, row: &Row) {
        self.static_row = if row.is_empty() { Bytes::new() } else { encode_row(&Clustering::new(), row).into() };
    }

    /// Whether it says nothing, so that it need not be.
    pub(in crate::store) fn is_empty(&self) -> bool {
        *self == Header::default()
    }

    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let flag = |flag: u8, set: bool| if set { flag } else { 0 };
        let mut out = vec![
            flag(HAS_DELETION, self.deletion.is_some())
                | flag(HAS_RANGES, self.has_ranges)
                | flag(HAS_STATIC_ROW, !self.static_row.is_empty()),
        ];
        if let Some(deletion) = self.deletion {
            put_deletion(deletion, 0, &mut out);
        }
        out.extend_from_slice(&self.static_row);
        out
    }

    pub(in crate::store) fn decode(bytes: &Bytes) -> Result<Self, StoreError> {
        let mut cursor = Cursor::new(bytes);
        let flags = cursor.byte()?;
        if flags & !HEADER_FLAGS != 0 {
            return Err(StoreError::corrupt("a partition's header has flags that mean nothing"));
        }
        let deletion = if flags & HAS_DELETION != 0 { Some(cursor.deletion(0)?) } else { None };
        let static_row = cursor.rest();
        if static_row.is_empty() != (flags & HAS_STATIC_ROW == 0) {
            return Err(StoreError::corrupt("a partition's header and its length differ"));
        }
        Ok(Header { deletion, has_ranges: flags & HAS_RANGES != 0, static_row })
    }
}

const START_AFTER: u8 = 1;
const END_AFTER: u8 = 2;
/// The range goes on behind every row.
const OPEN_END: u8 = 4;
const RANGE_FLAGS: u8 = 7;

/// A deletion of the rows between two places. Those of one partition do not overlap; where one begins is in its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct RangeTombstone {
    pub(in crate::store) deletion: Deletion,
    /// Where it ends, as a position; absent behind every row.
    pub(in crate::store) end_position: Option<Vec<u8>>,
    pub(in crate::store) start: Edge,
    pub(in crate::store) end: Edge,
}

impl RangeTombstone {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let flag = |flag: u8, set: bool| if set { flag } else { 0 };
        let mut out = vec![
            flag(START_AFTER, self.start.after)
                | flag(END_AFTER, self.end.after)
                | flag(OPEN_END, self.end_position.is_none()),
        ];
        put_deletion(self.deletion, 0, &mut out);
        if let Some(position) = &self.end_position {
            put_bytes(position, &mut out);
        }
        put_clustering(&self.start.prefix, &mut out);
        put_clustering(&self.end.prefix, &mut out);
        out
    }

    pub(in crate::store) fn decode(bytes: &Bytes) -> Result<Self, StoreError> {
        let mut cursor = Cursor::new(bytes);
        let flags = cursor.byte()?;
        if flags & !RANGE_FLAGS != 0 {
            return Err(StoreError::corrupt("a range tombstone has flags that mean nothing"));
        }
        let deletion = cursor.deletion(0)?;
        let end_position = if flags & OPEN_END == 0 { Some(cursor.bytes()?.to_vec()) } else { None };
        let start = Edge { prefix: cursor.clustering()?, after: flags & START_AFTER != 0 };
        let end = Edge { prefix: cursor.clustering()?, after: flags & END_AFTER != 0 };
        cursor.finish()?;
        Ok(RangeTombstone { deletion, end_position, start, end })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::arbitrary::{any_clustering, any_deletion, any_plain_row};

    proptest! {
        #[test]
        fn headers_come_back_as_they_were(
            deletion in prop::option::of(any_deletion()),
            has_ranges: bool,
            row in any_plain_row(),
        ) {
            let mut header = Header { deletion, has_ranges, ..Header::default() };
            header.set_static_row(&row.clone().normalized());
            let decoded = Header::decode(&header.encode().into()).unwrap();
            prop_assert_eq!(decoded.static_row().unwrap(), row.normalized());
            prop_assert_eq!(decoded, header);
        }

        #[test]
        fn range_tombstones_come_back_as_they_were(
            deletion in any_deletion(),
            end_position in prop::option::of(any::<Vec<u8>>()),
            prefixes in prop::array::uniform2(any_clustering()),
            after: [bool; 2],
        ) {
            let [start, end] = prefixes;
            let (start, end) = (Edge { prefix: start, after: after[0] }, Edge { prefix: end, after: after[1] });
            let tombstone = RangeTombstone { deletion, end_position, start, end };
            prop_assert_eq!(RangeTombstone::decode(&tombstone.encode().into()).unwrap(), tombstone);
        }

        #[test]
        fn any_bytes_never_panic(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            let _ = RangeTombstone::decode(&bytes);
            if let Ok(header) = Header::decode(&bytes) {
                let _ = header.static_row();
            }
        }
    }
}
