//! Places in a table, and what is behind them.

use std::cmp::Ordering;

use bytes::Bytes;
use quorate_protocol::value::compare;

use super::Line;
use crate::engine::table::{Row, Table};
use crate::store::clustering::{Bound, Clustering, Slice};
use crate::store::mutation::PartitionKey;

/// The last row that was returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Position {
    pub(in crate::engine) key: PartitionKey,
    /// Absent if nothing is left of the partition.
    pub(in crate::engine) clustering: Option<Clustering>,
}

impl Position {
    /// Where the line is. What is behind it in its partition is not asked for if `is_last`.
    pub(in crate::engine) fn of(table: &Table, line: &Line, is_last: bool) -> Self {
        let has_clustering = table.key_count() > table.partition_key_count();
        let clustering = clustering_of(table, &line.cells).filter(|_| has_clustering && !is_last);
        Position { key: key_of(table, &line.cells), clustering }
    }
}

/// The keys behind a position; they are in the order of their values.
pub(super) fn keys_after<'a>(table: &Table, keys: &'a [PartitionKey], after: Option<&Position>) -> &'a [PartitionKey] {
    let Some(after) = after else { return keys };
    let first = keys.partition_point(|key| table.compare_key_values(key, &after.key).is_le());
    keys.get(first..).unwrap_or_default()
}

/// The parts of slices that are behind a row, forwards or backwards. Where others begin as the row does, it is among them.
pub(super) fn slices_after(table: &Table, slices: &[Slice], row: &Clustering, is_reversed: bool) -> Vec<Slice> {
    let everything = [Slice::default()];
    let slices = if slices.is_empty() { everything.as_slice() } else { slices };
    let inclusive = !is_reversed && row.len() < table.clustering().len();
    let here = || Some(Bound { prefix: row.clone(), inclusive });
    let order = |bound: &Bound| table.compare_clustering_values(&bound.prefix, row);
    let mut behind = Vec::new();
    for slice in slices {
        let starts_behind = slice.start.as_ref().is_some_and(|bound| match order(bound) {
            Ordering::Equal => !bound.inclusive,
            order => order.is_gt(),
        });
        let ends_before = slice.end.as_ref().is_some_and(|bound| match order(bound) {
            Ordering::Equal => !bound.inclusive,
            order => order.is_lt(),
        });
        let ends_here = |bound: &Option<Bound>| {
            bound.as_ref().is_some_and(|bound| order(bound).is_eq() && bound.prefix.len() == row.len())
        };
        match (is_reversed, starts_behind, ends_before) {
            (false, true, _) | (true, _, true) => behind.push(slice.clone()),
            (false, false, false) if !ends_here(&slice.end) => {
                behind.push(Slice { start: here(), end: slice.end.clone() });
            }
            (true, false, false) if !ends_here(&slice.start) => {
                behind.push(Slice { start: slice.start.clone(), end: here() });
            }
            _ => {}
        }
    }
    behind
}

impl Table {
    /// The order of two partition keys by their values.
    fn compare_key_values(&self, left: &[Bytes], right: &[Bytes]) -> Ordering {
        let columns = self.partition_key().iter().zip(left.iter().zip(right));
        let mut orders = columns.map(|(column, (left, right))| compare(&column.cql_type, left, right));
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

pub(super) fn key_of(table: &Table, row: &Row) -> PartitionKey {
    row.iter().take(table.partition_key_count()).map(|cell| cell.clone().unwrap_or_default()).collect()
}

/// `None` for what stands for a partition without rows. In a table WITH COMPACT STORAGE the last values may be missing.
pub(super) fn clustering_of(table: &Table, row: &Row) -> Option<Clustering> {
    let cells = row.get(table.partition_key_count()..table.key_count())?;
    let values: Clustering = cells.iter().map_while(Clone::clone).collect();
    (cells.is_empty() || !values.is_empty()).then_some(values)
}
