//! Reads of one partition, and of many in the order of their tokens. Both stream: what is held is one row, or a few.

use std::sync::Arc;

use bytes::Bytes;
use quorate_protocol::value::token::Token;

use super::StoreError;
use super::cell::Deletion;
use super::clustering::{Clustering, Slice};
use super::codec::{Header, RangeTombstone, decode_row};
use super::key::{Edge, PartitionPrefix};
use super::mutation::PartitionKey;
use super::ranges::RangeCursor;
use super::row::Row;
use super::slices::Part;
use super::storage::{Entry, Read, Scan, Storage};
use super::table::TableShape;

/// What a reader reads from.
pub(super) enum View<'a> {
    /// Whatever is stored at the moment: enough for those who look once.
    Latest(&'a dyn Storage),
    /// What was stored at one moment.
    AtOnce(Box<dyn Read + Send + Sync + 'a>),
    /// As that, shared with whoever reads the other partitions.
    Shared(Arc<dyn Read + Send + Sync + 'a>),
}

impl Read for View<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        match self {
            View::Latest(storage) => storage.get(key),
            View::AtOnce(view) => view.get(key),
            View::Shared(view) => view.get(key),
        }
    }

    fn scan(&self, start: &[u8], end: &[u8], reversed: bool) -> Scan {
        match self {
            View::Latest(storage) => storage.scan(start, end, reversed),
            View::AtOnce(view) => view.scan(start, end, reversed),
            View::Shared(view) => view.scan(start, end, reversed),
        }
    }
}

/// Reads the rows of one partition, in the order of the table or against it. What deletions of the partition, of ranges and
/// of rows cover is not shown; deleted and expired cells are, for the reader to judge by the second it takes as now
/// ([`Row::is_live`], `Cell::live`).
pub struct PartitionReader<'a> {
    view: View<'a>,
    prefix: PartitionPrefix,
    header: Header,
    /// Rows that were read already.
    ahead: std::vec::IntoIter<Entry>,
    parts: std::vec::IntoIter<Part>,
    scan: Option<Scan>,
    ranges: RangeCursor,
    /// Of [`next_range_deletion`](Self::next_range_deletion).
    range_scan: Option<Scan>,
}

impl std::fmt::Debug for PartitionReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartitionReader").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl<'a> PartitionReader<'a> {
    pub(super) fn new(
        view: View<'a>,
        prefix: PartitionPrefix,
        header: Header,
        ahead: Vec<Entry>,
        parts: Vec<Part>,
        reversed: bool,
    ) -> Self {
        let (ahead, parts) = (ahead.into_iter(), parts.into_iter());
        PartitionReader {
            view,
            prefix,
            header,
            ahead,
            parts,
            scan: None,
            ranges: RangeCursor::new(reversed),
            range_scan: None,
        }
    }

    /// The deletion of the whole partition, which has been applied to what this reads.
    pub fn deletion(&self) -> Option<Deletion> {
        self.header.deletion
    }

    /// The newest deletion of the partition and of ranges that covers the row at this place, whether there is a row or not.
    pub fn deletion_at(&self, shape: &TableShape, clustering: &Clustering) -> Result<Option<Deletion>, StoreError> {
        let key = self.prefix.row(shape, clustering)?;
        let of_range = match self.prefix.position_of_row(&key).filter(|_| self.header.has_ranges) {
            Some(position) => RangeCursor::new(false).covering(&self.view, &self.prefix, position)?,
            None => None,
        };
        Ok(Deletion::newest(self.header.deletion, of_range))
    }

    /// The next deletion of a range of rows, which has been applied too: all of the partition's, in the order of the table, none
    /// overlapping another.
    pub fn next_range_deletion(&mut self) -> Result<Option<(Slice, Deletion)>, StoreError> {
        if !self.header.has_ranges {
            return Ok(None);
        }
        let PartitionReader { view, prefix, range_scan, .. } = self;
        let every = || view.scan(&prefix.range_at(Some(&[])), &prefix.range_at(None), false);
        let Some(entry) = range_scan.get_or_insert_with(every).next() else { return Ok(None) };
        let range = RangeTombstone::decode(&entry?.1)?;
        Ok(Some((Edge::slice(&range.start, &range.end), range.deletion)))
    }

    /// The static columns; empty where there are none.
    pub fn static_row(&mut self) -> Result<Row, StoreError> {
        let mut row = self.header.static_row()?;
        if let Some(deletion) = &self.header.deletion {
            row.shadow(deletion);
        }
        Ok(row)
    }

    /// The next row of which anything is left.
    #[expect(clippy::should_implement_trait, reason = "it fails, as the store's other methods do")]
    pub fn next(&mut self) -> Result<Option<(Clustering, Row)>, StoreError> {
        while let Some((clustering, row)) = self.next_with_deletion()? {
            if row.liveness.is_some() || !row.columns.is_empty() {
                return Ok(Some((clustering, row)));
            }
        }
        Ok(None)
    }

    /// As [`next`](Self::next), and rows of which only their deletion is left too: for whoever merges several stores.
    pub fn next_with_deletion(&mut self) -> Result<Option<(Clustering, Row)>, StoreError> {
        while let Some((key, value)) = self.next_entry()? {
            let (clustering, mut row) = decode_row(&value)?;
            if let Some(deletion) = self.covering(&key)? {
                row.shadow(&deletion);
            }
            if !row.is_empty() {
                return Ok(Some((clustering, row)));
            }
        }
        Ok(None)
    }

    /// The newest deletion of the partition and of ranges that covers a row.
    pub(super) fn covering(&mut self, key: &[u8]) -> Result<Option<Deletion>, StoreError> {
        let of_range = match self.prefix.position_of_row(key).filter(|_| self.header.has_ranges) {
            Some(position) => self.ranges.covering(&self.view, &self.prefix, position)?,
            None => None,
        };
        Ok(Deletion::newest(self.header.deletion, of_range))
    }

    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>, StoreError> {
        if let Some(entry) = self.ahead.next() {
            return Ok(Some(entry));
        }
        loop {
            if let Some(entry) = self.scan.as_mut().and_then(|scan| scan.next()) {
                return entry.map(Some);
            }
            match self.parts.next() {
                None => return Ok(None),
                Some(Part::Between(start, end)) => {
                    let reversed = self.ranges.is_reversed();
                    self.scan = Some(self.view.scan(&start, &end, reversed));
                }
                Some(Part::Row(key)) => {
                    if let Some(value) = self.view.get(&key)? {
                        return Ok(Some((key.into(), value)));
                    }
                }
            }
        }
    }
}

/// Reads the partitions of a table in the order of their tokens, in bounded memory: all of them as they were at one moment,
/// as far as the storage can tell.
pub struct TableReader<'a> {
    view: Arc<dyn Read + Send + Sync + 'a>,
    scan: Scan,
    /// The first entry of the next partition.
    ahead: Option<Entry>,
    end: Vec<u8>,
}

impl std::fmt::Debug for TableReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableReader").field("ahead", &self.ahead).finish_non_exhaustive()
    }
}

/// How many rows of a partition are read ahead. A partition that has no more needs no scan of its own.
const ROWS_AHEAD: usize = 64;

impl<'a> TableReader<'a> {
    pub(super) fn new(view: Arc<dyn Read + Send + Sync + 'a>, start: &[u8], end: Vec<u8>) -> Self {
        let scan = view.scan(start, &end, false);
        TableReader { view, scan, ahead: None, end }
    }

    /// The next partition. It may turn out to hold nothing, if all of it is deleted.
    pub fn next_partition(&mut self) -> Result<Option<(Token, PartitionKey, PartitionReader<'a>)>, StoreError> {
        let Some(first) = self.next_entry()? else { return Ok(None) };
        let (prefix, token, key) = PartitionPrefix::of(&first.0)?;
        let mut header = Header::default();
        let mut rows = Vec::new();
        let mut parts = Vec::new();
        let mut entry = Some(first);
        while let Some((key, value)) = entry {
            if !prefix.is_of(&key) {
                self.ahead = Some((key, value));
                break;
            }
            if prefix.is_header(&key) {
                header = Header::decode(&value)?;
            } else if prefix.position_of_row(&key).is_some() {
                rows.push((key, value));
            }
            if rows.len() == ROWS_AHEAD {
                parts = self.leave_out_rest(&prefix, &rows);
                break;
            }
            entry = self.next_entry()?;
        }
        let reader = PartitionReader::new(View::Shared(self.view.clone()), prefix, header, rows, parts, false);
        Ok(Some((token, key, reader)))
    }

    /// Goes on behind a partition, whose other rows its own reader shall read.
    fn leave_out_rest(&mut self, prefix: &PartitionPrefix, rows: &[Entry]) -> Vec<Part> {
        let behind = prefix.row_at(None);
        self.scan = self.view.scan(&behind, &self.end, false);
        let rest = rows.last().map(|(key, _)| Part::Between([key, &[0][..]].concat(), behind));
        rest.into_iter().collect()
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, StoreError> {
        match self.ahead.take() {
            Some(entry) => Ok(Some(entry)),
            None => self.scan.next().transpose(),
        }
    }
}
