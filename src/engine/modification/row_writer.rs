//! Builds what one statement says of one row (`org.apache.cassandra.cql3.UpdateParameters`).

use bytes::Bytes;
use smallvec::SmallVec;

use super::stored::path_order;
use crate::store::cell::{Cell, Content, Deletion, Expiry, Liveness};
use crate::store::row::{ColumnData, ColumnId, ComplexData, CounterData, Row};

/// When a write is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub(super) timestamp: i64,
    /// Zero is none.
    pub(super) ttl_seconds: u32,
    pub(super) now_seconds: i64,
}

impl Stamp {
    pub(super) fn deletion(&self) -> Deletion {
        Deletion { timestamp: self.timestamp, deleted_at_seconds: self.now_seconds }
    }

    pub(super) fn liveness(&self) -> Liveness {
        Liveness { timestamp: self.timestamp, expiry: self.expiry() }
    }

    pub(super) fn value(&self, bytes: Bytes) -> Cell {
        Cell { timestamp: self.timestamp, content: Content::Value { bytes, expiry: self.expiry() } }
    }

    pub(super) fn tombstone(&self) -> Cell {
        Cell { timestamp: self.timestamp, content: Content::Tombstone { deleted_at_seconds: self.now_seconds } }
    }

    fn expiry(&self) -> Option<Expiry> {
        let ttl_seconds = self.ttl_seconds;
        let at_seconds = self.now_seconds.saturating_add(i64::from(ttl_seconds));
        (ttl_seconds > 0).then_some(Expiry { ttl_seconds, at_seconds })
    }
}

/// A row in the making, with its write time.
#[derive(Clone, Debug)]
pub(super) struct RowWriter {
    pub(super) stamp: Stamp,
    pub(super) liveness: Option<Liveness>,
    pub(super) deletion: Option<Deletion>,
    simple: Vec<(ColumnId, Cell)>,
    complex: Vec<(ColumnId, ComplexData)>,
    counters: Vec<(ColumnId, CounterData)>,
}

impl RowWriter {
    pub(super) fn new(stamp: Stamp) -> Self {
        RowWriter {
            stamp,
            liveness: None,
            deletion: None,
            simple: Vec::new(),
            complex: Vec::new(),
            counters: Vec::new(),
        }
    }

    /// Makes room for so many more columns.
    pub(super) fn reserve(&mut self, column_count: usize) {
        self.simple.reserve(column_count);
    }

    /// Sets the one cell of a column.
    pub(super) fn put(&mut self, id: ColumnId, bytes: Bytes) {
        self.simple.push((id, self.stamp.value(bytes)));
    }

    /// Deletes the one cell of a column.
    pub(super) fn delete(&mut self, id: ColumnId) {
        self.simple.push((id, self.stamp.tombstone()));
    }

    /// Deletes what was counted.
    pub(super) fn delete_counter(&mut self, id: ColumnId) {
        self.counters.push((id, CounterData { deletion: Some(self.stamp.deletion()), shards: Vec::new() }));
    }

    /// Deletes all elements of a column that are there.
    pub(super) fn delete_elements(&mut self, id: ColumnId) {
        let deletion = self.stamp.deletion();
        self.complex(id).deletion = Some(deletion);
    }

    /// Deletes all elements that are older than this write, so that its own can take their place.
    pub(super) fn replace_elements(&mut self, id: ColumnId) {
        let deletion = self.stamp.deletion();
        self.complex(id).deletion = Some(Deletion { timestamp: deletion.timestamp.saturating_sub(1), ..deletion });
    }

    /// Sets the element of this path.
    pub(super) fn put_element(&mut self, id: ColumnId, path: Bytes, bytes: Bytes) {
        let cell = self.stamp.value(bytes);
        self.set_element(id, path, cell);
    }

    /// Deletes the element of this path.
    pub(super) fn delete_element(&mut self, id: ColumnId, path: Bytes) {
        let cell = self.stamp.tombstone();
        self.set_element(id, path, cell);
    }

    /// What was written so far, as a row.
    pub(super) fn finish(self) -> Row {
        let RowWriter { liveness, deletion, simple, complex, counters, stamp: _ } = self;
        let mut columns = Vec::with_capacity(simple.len() + complex.len() + counters.len());
        columns.extend(counters.into_iter().map(|(id, data)| (id, ColumnData::Counter(data))));
        columns.extend(simple.into_iter().map(|(id, cell)| (id, ColumnData::Simple(cell))));
        columns.extend(complex.into_iter().map(|(id, data)| (id, ColumnData::Complex(data))));
        columns.sort_by_key(|(id, _)| *id);
        Row { liveness, deletion, columns }
    }

    /// A copy of what was written so far, as a row.
    pub(super) fn so_far(&self) -> Row {
        self.clone().finish()
    }

    fn set_element(&mut self, id: ColumnId, path: Bytes, cell: Cell) {
        let cells = &mut self.complex(id).cells;
        match cells.binary_search_by(|(other, _)| path_order(other, &path)) {
            // of one element said twice, both are merged as two writes would be
            Ok(place) => {
                if let Some((_, known)) = cells.get_mut(place) {
                    *known = known.clone().merge(cell);
                }
            }
            Err(place) => cells.insert(place, (path, cell)),
        }
    }

    fn complex(&mut self, id: ColumnId) -> &mut ComplexData {
        let place = self.complex.iter().position(|(other, _)| *other == id).unwrap_or_else(|| {
            self.complex.push((id, ComplexData::default()));
            self.complex.len() - 1
        });
        &mut self.complex[place].1
    }
}

/// Columns with what is to be added to their counters.
pub(super) type Counts = SmallVec<[(ColumnId, i64); 2]>;
