//! Slices as parts of the ordered storage.

use super::StoreError;
use super::clustering::Slice;
use super::key::{Edge, PartitionPrefix, is_before};
use super::table::TableShape;

/// What is looked up of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// One row, by its key.
    Row(Vec<u8>),
    /// The rows from the first key up to but without the second.
    Between(Vec<u8>, Vec<u8>),
}

/// The parts that these slices ask for, in the order in which they are read, without overlaps. No slices: all rows.
pub(super) fn parts(
    shape: &TableShape,
    prefix: &PartitionPrefix,
    slices: &[Slice],
    reversed: bool,
) -> Result<Vec<Part>, StoreError> {
    if shape.clustering.is_empty() {
        return Ok(vec![Part::Row(prefix.row(shape, &Default::default())?)]);
    }
    if slices.is_empty() {
        return Ok(vec![Part::Between(prefix.row_at(Some(&[])), prefix.row_at(None))]);
    }
    let mut intervals: Vec<Interval> = slices.iter().filter_map(|slice| Interval::new(shape, slice)).collect();
    intervals.sort_by(|left, right| left.start.cmp(&right.start));
    let mut joined: Vec<Interval> = Vec::with_capacity(intervals.len());
    for next in intervals {
        match joined.last_mut() {
            Some(last) if is_before(Some(&next.start), last.end.as_deref()) => last.join(next),
            _ => joined.push(next),
        }
    }
    if reversed {
        joined.reverse();
    }
    Ok(joined.into_iter().map(|interval| interval.part(prefix)).collect())
}

struct Interval {
    start: Vec<u8>,
    end: Option<Vec<u8>>,
    is_row: bool,
}

impl Interval {
    /// Absent if no row can be in the slice.
    fn new(shape: &TableShape, slice: &Slice) -> Option<Self> {
        let (start, end) = (Edge::start_of(slice), Edge::end_of(slice));
        let (first, behind) = (start.position(shape)?, end.position(shape));
        let is_row = start.prefix.len() == shape.clustering.len()
            && start.prefix == end.prefix
            && (start.after, end.after) == (false, true);
        is_before(Some(&first), behind.as_deref()).then_some(Interval { start: first, end: behind, is_row })
    }

    /// Makes it longer by one that overlaps it and begins no earlier.
    fn join(&mut self, other: Interval) {
        let same = self.start == other.start && self.end == other.end;
        self.is_row = self.is_row && other.is_row && same;
        if is_before(self.end.as_deref(), other.end.as_deref()) {
            self.end = other.end;
        }
    }

    fn part(self, prefix: &PartitionPrefix) -> Part {
        let start = prefix.row_at(Some(&self.start));
        if self.is_row { Part::Row(start) } else { Part::Between(start, prefix.row_at(self.end.as_deref())) }
    }
}
