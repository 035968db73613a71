//! Goes through the rows that a read looks at, one after the other, without holding more than one.

mod position;

use quorate_protocol::value::token::Token;

pub(super) use position::Position;
use position::{clustering_of, key_of, keys_after, slices_after};

use super::error::EngineError;
use super::maintain;
use super::plan::Plan;
use super::restriction::{Access, Partitions, token_of};
use super::source::RowSource;
use super::stamp::BoundStamp;
use super::stored::Layout;
use super::table::{Row, Table};
use crate::store::clustering::{Clustering, Slice};
use crate::store::mutation::PartitionKey;
use crate::store::row::{self, ColumnId};
use crate::store::table::{TableShape, TokenRange};
use crate::store::{PartitionReader, Store, TableReader};

/// The row that a cursor is at.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// By column; of a stored row, only what the plan needs is there, and its stamps stand behind.
    pub(super) cells: Row,
    /// How many partitions were begun; changes with the partition.
    pub(super) partition: u64,
}

pub(super) struct Cursor<'a> {
    table: &'a Table,
    layout: &'a Layout,
    stamps: Vec<BoundStamp>,
    slices: &'a [Slice],
    is_reversed: bool,
    /// One row of each partition is enough.
    is_distinct: bool,
    /// Partitions without rows are asked for, if they have static columns.
    shows_static: bool,
    /// Rows exist by their marker alone.
    has_strict_liveness: bool,
    /// The columns that there are, where others were dropped and rows may still have cells of them.
    known: Option<&'a [ColumnId]>,
    now_seconds: i64,
    next: Next<'a>,
    open: Option<Open<'a>>,
}

/// Where the next partition comes from.
enum Next<'a> {
    Rows { rows: &'a [Row], keys: Option<std::slice::Iter<'a, PartitionKey>>, last: Token },
    Keys { store: &'a Store, shape: &'a TableShape, keys: std::slice::Iter<'a, PartitionKey> },
    Scan(TableReader<'a>),
    Candidates(Box<Candidates<'a>>),
    Nothing,
}

/// Rows that an index names.
struct Candidates<'a> {
    store: &'a Store,
    shape: &'a TableShape,
    rows: maintain::Candidates<'a>,
    range: TokenRange,
    /// Only what is behind this partition is still asked for.
    after: Option<(Token, PartitionKey)>,
    /// The partition of the last one.
    partition: Option<PartitionKey>,
    /// Whether that was named as a whole.
    is_whole: bool,
}

/// The partition that is being read.
struct Open<'a> {
    rows: OpenRows<'a>,
    has_row: bool,
}

#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it is not moved")]
enum OpenRows<'a> {
    /// The rows, and where the cursor may still go among them.
    Rows { rows: &'a [Row], slices: Option<Vec<Slice>> },
    Stored {
        reader: PartitionReader<'a>,
        static_row: row::Row,
        is_sliced: bool,
        /// The last row that was returned, which the slices may still hold.
        last: Option<Clustering>,
    },
}

impl<'a> Cursor<'a> {
    /// # Errors
    /// Of the store.
    pub(super) fn new(
        plan: &'a Plan,
        access: &'a Access,
        source: RowSource<'a>,
        stamps: Vec<BoundStamp>,
        now_seconds: i64,
        after: Option<&Position>,
        line: &mut Line,
    ) -> Result<Self, EngineError> {
        let mut cursor = Cursor {
            table: &plan.table,
            layout: &plan.layout,
            stamps,
            slices: &access.slices,
            is_reversed: plan.order.is_reversed(),
            is_distinct: plan.distinct,
            shows_static: !plan.restrictions.restricts_rows,
            has_strict_liveness: plan.has_strict_liveness,
            known: plan.known_columns(),
            now_seconds,
            next: Next::Nothing,
            open: None,
        };
        match (source, plan.shape()) {
            (RowSource::Rows(rows), _) => cursor.start_in_rows(rows, access, after, line),
            (RowSource::Store(store), Some(shape)) => cursor.start_in_store(plan, store, shape, access, after, line)?,
            (RowSource::Store(_), None) => {}
        }
        Ok(cursor)
    }

    /// Goes to the next row. False: there is none.
    pub(super) fn advance(&mut self, line: &mut Line) -> Result<bool, EngineError> {
        loop {
            let Some(mut open) = self.open.take() else {
                match self.open_next(line)? {
                    true => continue,
                    false => return Ok(false),
                }
            };
            if self.advance_in(&mut open, line)? {
                if !self.is_distinct {
                    open.has_row = true;
                    self.open = Some(open);
                }
                return Ok(true);
            }
            if !open.has_row && self.shows_static && self.show_static(&open, line) {
                return Ok(true);
            }
        }
    }

    /// Leaves out the rest of the partition.
    pub(super) fn skip_partition(&mut self) {
        self.open = None;
    }

    fn advance_in(&self, open: &mut Open<'a>, line: &mut Line) -> Result<bool, EngineError> {
        match &mut open.rows {
            OpenRows::Rows { rows, slices } => {
                let slices = slices.as_deref().unwrap_or(self.slices);
                while let Some(row) = if self.is_reversed { pop_last(rows) } else { pop_first(rows) } {
                    let clustering = clustering_of(self.table, row);
                    let is_wanted = clustering.is_some_and(|clustering| {
                        slices.is_empty() || slices.iter().any(|slice| self.table.is_within(slice, &clustering))
                    });
                    if is_wanted {
                        line.cells.clone_from(row);
                        return Ok(true);
                    }
                    if self.shows_static && self.table.key_count() > self.table.partition_key_count() {
                        line.cells.clone_from(row);
                    }
                }
                Ok(false)
            }
            OpenRows::Stored { reader, is_sliced, last, .. } => {
                while let Some((clustering, row)) = reader.next()? {
                    let is_wanted = *is_sliced
                        || self.slices.is_empty()
                        || self.slices.iter().any(|slice| self.table.is_within(slice, &clustering));
                    if !is_wanted || last.as_ref() == Some(&clustering) || !self.exists(&row) {
                        continue;
                    }
                    let clustering_cells = self.table.partition_key_count()..self.table.key_count();
                    let mut values = clustering.into_iter();
                    // a row of a table WITH COMPACT STORAGE may have fewer
                    line.cells.get_mut(clustering_cells).unwrap_or_default().fill_with(|| values.next());
                    self.layout.fill_regular(&mut line.cells, Some(&row), &self.stamps, self.now_seconds);
                    return Ok(true);
                }
                Ok(false)
            }
        }
    }

    /// Whether a reader sees the row (`Row.hasLiveData`).
    fn exists(&self, row: &row::Row) -> bool {
        match self.has_strict_liveness {
            true => row.liveness.is_some_and(|marker| marker.is_live(self.now_seconds)),
            false => row.is_live_in(self.known, self.now_seconds),
        }
    }

    /// Shows the static columns of a partition that has no row. False: it has none of those either.
    fn show_static(&self, open: &Open<'a>, line: &mut Line) -> bool {
        match &open.rows {
            OpenRows::Rows { .. } => {
                let has_clustering = self.table.key_count() > self.table.partition_key_count();
                has_clustering && clustering_of(self.table, &line.cells).is_none()
            }
            OpenRows::Stored { static_row, .. } => {
                if !static_row.is_live_in(self.known, self.now_seconds) {
                    return false;
                }
                let clustering = self.table.partition_key_count()..self.table.key_count();
                line.cells.get_mut(clustering).unwrap_or_default().fill(None);
                self.layout.fill_regular(&mut line.cells, None, &self.stamps, self.now_seconds);
                true
            }
        }
    }

    fn open_next(&mut self, line: &mut Line) -> Result<bool, EngineError> {
        match &mut self.next {
            Next::Nothing => Ok(false),
            Next::Rows { rows, keys, last } => {
                let partition = match keys {
                    Some(keys) => match keys.next() {
                        Some(key) => partition_of(self.table, rows, key),
                        None => return Ok(false),
                    },
                    None => {
                        let Some(first) = rows.first() else { return Ok(false) };
                        if self.table.token(first).is_none_or(|token| token > *last) {
                            return Ok(false);
                        }
                        let length = rows.iter().take_while(|row| self.table.is_same_partition(first, row)).count();
                        let (partition, rest) = rows.split_at(length);
                        *rows = rest;
                        partition
                    }
                };
                line.partition += 1;
                let rows = OpenRows::Rows { rows: partition, slices: None };
                self.open = Some(Open { rows, has_row: partition.is_empty() });
                Ok(true)
            }
            Next::Keys { store, shape, keys } => {
                let Some(key) = keys.next() else { return Ok(false) };
                let reader = store.partition(shape, key, self.slices, self.is_reversed)?;
                self.open_stored(key, reader, true, line)
            }
            Next::Candidates(candidates) => {
                let Some((key, clustering, is_same)) = candidates.next(self.is_distinct)? else { return Ok(false) };
                let slices = if clustering.is_empty() { Vec::new() } else { vec![Slice::of_prefix(clustering)] };
                let reader = candidates.store.partition(candidates.shape, &key, &slices, false)?;
                self.open_stored(&key, reader, false, line)?;
                if is_same {
                    line.partition -= 1;
                }
                Ok(true)
            }
            Next::Scan(reader) => match reader.next_partition()? {
                Some((_, key, reader)) => self.open_stored(&key, reader, false, line),
                None => Ok(false),
            },
        }
    }

    fn open_stored(
        &mut self,
        key: &PartitionKey,
        mut reader: PartitionReader<'a>,
        is_sliced: bool,
        line: &mut Line,
    ) -> Result<bool, EngineError> {
        line.partition += 1;
        line.cells.clear();
        line.cells.resize(self.layout.width(), None);
        for (cell, value) in line.cells.iter_mut().zip(key) {
            *cell = Some(value.clone());
        }
        let static_row = reader.static_row()?;
        self.layout.fill_static(&mut line.cells, &static_row, &self.stamps, self.now_seconds);
        self.open = Some(Open { rows: OpenRows::Stored { reader, static_row, is_sliced, last: None }, has_row: false });
        Ok(true)
    }

    fn start_in_rows(&mut self, rows: &'a [Row], access: &'a Access, after: Option<&Position>, line: &mut Line) {
        let resumed = after.and_then(|position| Some((position, position.clustering.as_ref()?)));
        if let Some((position, clustering)) = resumed {
            let slices = slices_after(self.table, self.slices, clustering, self.is_reversed);
            let rows = if slices.is_empty() { &[] } else { partition_of(self.table, rows, &position.key) };
            line.partition += 1;
            self.open = Some(Open { rows: OpenRows::Rows { rows, slices: Some(slices) }, has_row: true });
        }
        self.next = match &access.partitions {
            Partitions::Keys(keys) => {
                let keys = keys_after(self.table, keys, after).iter();
                Next::Rows { rows, keys: Some(keys), last: Token(i64::MAX) }
            }
            Partitions::Range(range) => {
                let first = rows.partition_point(|row| {
                    let token = self.table.token(row);
                    token < Some(range.first)
                        || after.is_some_and(|after| {
                            (token, key_of(self.table, row)) <= (token_of(&after.key), after.key.clone())
                        })
                });
                Next::Rows { rows: rows.get(first..).unwrap_or_default(), keys: None, last: range.last }
            }
        };
    }

    fn start_in_store(
        &mut self,
        plan: &'a Plan,
        store: &'a Store,
        shape: &'a TableShape,
        access: &'a Access,
        after: Option<&Position>,
        line: &mut Line,
    ) -> Result<(), EngineError> {
        if let Some(Position { key, clustering: Some(clustering) }) = after {
            let slices = slices_after(self.table, self.slices, clustering, self.is_reversed);
            if !slices.is_empty() {
                let reader = store.partition(shape, key, &slices, self.is_reversed)?;
                self.open_stored(key, reader, true, line)?;
                if let Some(open) = &mut self.open {
                    open.has_row = true;
                    if let OpenRows::Stored { last, .. } = &mut open.rows {
                        *last = Some(clustering.clone());
                    }
                }
            }
        }
        self.next = match &access.partitions {
            Partitions::Keys(keys) => Next::Keys { store, shape, keys: keys_after(self.table, keys, after).iter() },
            Partitions::Range(range) => {
                let behind = after.and_then(|position| Some((token_of(&position.key)?, &position.key)));
                if let (Some(index_use), Some(wanted)) = (&plan.index_use, &access.wanted) {
                    let rows = index_use.index().candidates(store, wanted, self.now_seconds)?;
                    let after = behind.map(|(token, key)| (token, key.clone()));
                    let range = *range;
                    let candidates = Candidates { store, shape, rows, range, after, partition: None, is_whole: false };
                    self.next = Next::Candidates(Box::new(candidates));
                    return Ok(());
                }
                let first = behind.map_or(range.first, |(token, _)| token.max(range.first));
                Next::Scan(store.scan(shape, TokenRange { first, last: range.last }, behind)?)
            }
        };
        Ok(())
    }
}

impl Candidates<'_> {
    /// The next row, or for an index of partitions partition, and whether it is of the same partition as the last one; of such
    /// none, if one of each is enough.
    fn next(&mut self, is_distinct: bool) -> Result<Option<(PartitionKey, Clustering, bool)>, EngineError> {
        while let Some((key, clustering)) = self.rows.next()? {
            let Some(token) = token_of(&key) else { continue };
            let is_behind = self.after.as_ref().is_none_or(|(after, last)| (token, &key) > (*after, last));
            let is_same = self.partition.as_ref() == Some(&key);
            let is_covered = is_same && (is_distinct || self.is_whole);
            if is_behind && self.range.contains(token) && !is_covered {
                self.partition = Some(key.clone());
                self.is_whole = clustering.is_empty();
                return Ok(Some((key, clustering, is_same)));
            }
        }
        Ok(None)
    }
}

fn pop_first<'a>(rows: &mut &'a [Row]) -> Option<&'a Row> {
    let (first, rest) = rows.split_first()?;
    *rows = rest;
    Some(first)
}

fn pop_last<'a>(rows: &mut &'a [Row]) -> Option<&'a Row> {
    let (last, rest) = rows.split_last()?;
    *rows = rest;
    Some(last)
}

fn partition_of<'a>(table: &Table, rows: &'a [Row], key: &PartitionKey) -> &'a [Row] {
    let wanted = (token_of(key), key.clone());
    let place = |row: &Row| (table.token(row), key_of(table, row));
    let first = rows.partition_point(|row| place(row) < wanted);
    let length = rows.iter().skip(first).take_while(|row| place(row) == wanted).count();
    rows.get(first..first + length).unwrap_or_default()
}
