//! Range tombstones of one partition: they do not overlap, so that at most one covers a row, and one look finds it.

use super::StoreError;
use super::cell::Deletion;
use super::clustering::Slice;
use super::codec::RangeTombstone;
use super::key::{Edge, PartitionPrefix, is_before};
use super::storage::{Entry, Read, Scan};
use super::table::TableShape;

/// A range tombstone and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start_position: Vec<u8>,
    pub(super) tombstone: RangeTombstone,
}

impl Range {
    /// The deletion of a slice; absent if no row can be in it.
    pub(super) fn new(shape: &TableShape, slice: &Slice, deletion: Deletion) -> Option<Self> {
        let (start, end) = (Edge::start_of(slice), Edge::end_of(slice));
        let (start_position, end_position) = (start.position(shape)?, end.position(shape));
        let range = Range { start_position, tombstone: RangeTombstone { deletion, end_position, start, end } };
        (!range.is_empty()).then_some(range)
    }

    fn of_entry(prefix: &PartitionPrefix, (key, value): &Entry) -> Result<Self, StoreError> {
        let position = prefix.position_of_range(key).ok_or(StoreError::corrupt("a range tombstone has no place"))?;
        Ok(Range { start_position: position.to_vec(), tombstone: RangeTombstone::decode(value)? })
    }

    /// Whether a row at this place is deleted.
    pub(super) fn covers(&self, position: &[u8]) -> bool {
        self.start_position.as_slice() <= position && is_before(Some(position), self.end())
    }

    fn end(&self) -> Option<&[u8]> {
        self.tombstone.end_position.as_deref()
    }

    fn is_empty(&self) -> bool {
        !is_before(Some(&self.start_position), self.end())
    }

    /// Both parts of it, before and behind a place; either may be empty.
    fn split(self, position: Option<&[u8]>, edge: &Edge) -> (Option<Range>, Option<Range>) {
        if !is_before(Some(&self.start_position), position) {
            return (None, Some(self));
        }
        let Some(at) = position.filter(|_| is_before(position, self.end())) else { return (Some(self), None) };
        let mut before = self.clone();
        before.tombstone.end_position = Some(at.to_vec());
        before.tombstone.end = edge.clone();
        let mut behind = self;
        behind.start_position = at.to_vec();
        behind.tombstone.start = edge.clone();
        (Some(before), Some(behind))
    }
}

/// What becomes of the tombstones that overlap a new one, and of it: everywhere the newest deletion stays.
pub(super) fn lay_over(existing: Vec<Range>, new: Range) -> Vec<Range> {
    let mut laid = Vec::with_capacity(existing.len() + 2);
    let mut rest = Some(new);
    for old in existing {
        let Some(new) = rest.take() else {
            laid.push(old);
            continue;
        };
        let (before, old) = old.split(Some(&new.start_position), &new.tombstone.start);
        laid.extend(before);
        let Some(old) = old else {
            rest = Some(new);
            continue;
        };
        let (before, new) = new.split(Some(&old.start_position), &old.tombstone.start);
        push_joined(&mut laid, before);
        let Some(new) = new else {
            laid.push(old);
            continue;
        };
        // both begin here: the shorter one ends what they share
        let (mut shared, old_behind) = old.split(new.end(), &new.tombstone.end);
        let end = shared.as_ref().map(|shared| (shared.end().map(<[u8]>::to_vec), shared.tombstone.end.clone()));
        let deletion = new.tombstone.deletion;
        if let Some((position, edge)) = end {
            rest = if position.is_some() { new.split(position.as_deref(), &edge).1 } else { None };
        }
        if let Some(shared) = &mut shared {
            shared.tombstone.deletion = shared.tombstone.deletion.merge(deletion);
        }
        push_joined(&mut laid, shared);
        push_joined(&mut laid, old_behind);
    }
    push_joined(&mut laid, rest);
    laid
}

/// Appends a range, or makes the last one longer if it is the same deletion.
fn push_joined(laid: &mut Vec<Range>, range: Option<Range>) {
    let Some(range) = range else { return };
    match laid.last_mut() {
        Some(last)
            if last.tombstone.deletion == range.tombstone.deletion && last.end() == Some(&range.start_position) =>
        {
            last.tombstone.end_position = range.tombstone.end_position;
            last.tombstone.end = range.tombstone.end;
        }
        _ => laid.push(range),
    }
}

/// The stored tombstones that overlap a range, in order.
pub(super) fn overlapping(view: &dyn Read, prefix: &PartitionPrefix, range: &Range) -> Result<Vec<Range>, StoreError> {
    let start = &range.start_position;
    let first = at_or_before(view, prefix, start)?.filter(|old| is_before(Some(start), old.end()));
    let behind = view.scan(&behind_position(prefix, start), &prefix.range_at(range.end()), false);
    first.map(Ok).into_iter().chain(behind.map(|entry| Range::of_entry(prefix, &entry?))).collect()
}

/// The last tombstone that begins at a place or before it.
fn at_or_before(view: &dyn Read, prefix: &PartitionPrefix, position: &[u8]) -> Result<Option<Range>, StoreError> {
    let mut before = view.scan(&prefix.range_at(Some(&[])), &behind_position(prefix, position), true);
    before.next().map(|entry| Range::of_entry(prefix, &entry?)).transpose()
}

/// The first key behind that of a tombstone which begins at this place.
fn behind_position(prefix: &PartitionPrefix, position: &[u8]) -> Vec<u8> {
    let mut key = prefix.range_at(Some(position));
    key.push(0);
    key
}

/// Finds the deletions of rows that are asked for in order, or against it.
pub(super) struct RangeCursor {
    reversed: bool,
    scan: Option<Scan>,
    current: Option<Range>,
}

impl RangeCursor {
    pub(super) fn new(reversed: bool) -> Self {
        RangeCursor { reversed, scan: None, current: None }
    }

    pub(super) fn is_reversed(&self) -> bool {
        self.reversed
    }

    /// The deletion that covers a row.
    pub(super) fn covering(
        &mut self,
        view: &dyn Read,
        prefix: &PartitionPrefix,
        position: &[u8],
    ) -> Result<Option<Deletion>, StoreError> {
        if self.scan.is_none() {
            self.start(view, prefix, position)?;
        }
        while let Some(current) = &self.current {
            let passed = if self.reversed {
                current.start_position.as_slice() > position
            } else {
                !is_before(Some(position), current.end())
            };
            if !passed {
                return Ok(current.covers(position).then_some(current.tombstone.deletion));
            }
            self.advance(prefix)?;
        }
        Ok(None)
    }

    fn start(&mut self, view: &dyn Read, prefix: &PartitionPrefix, position: &[u8]) -> Result<(), StoreError> {
        let here = behind_position(prefix, position);
        if self.reversed {
            self.scan = Some(view.scan(&prefix.range_at(Some(&[])), &here, true));
        } else {
            self.current = at_or_before(view, prefix, position)?;
            self.scan = Some(view.scan(&here, &prefix.range_at(None), false));
        }
        if self.current.is_none() {
            self.advance(prefix)?;
        }
        Ok(())
    }

    fn advance(&mut self, prefix: &PartitionPrefix) -> Result<(), StoreError> {
        let next = self.scan.as_mut().and_then(|scan| scan.next());
        self.current = next.map(|entry| Range::of_entry(prefix, &entry?)).transpose()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::arbitrary::{any_clustering, any_deletion, any_shape, any_slice};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn one_range_at_most_covers_a_row_and_it_is_the_newest(
            (shape, written) in any_shape().prop_flat_map(|shape| {
                let written = prop::collection::vec((any_slice(&shape), any_deletion()), 0..8);
                (Just(shape), written)
            }),
            rows in prop::collection::vec(any_clustering(), 1..20),
        ) {
            let written = written.iter().filter_map(|(slice, deletion)| Range::new(&shape, slice, *deletion));
            let written: Vec<Range> = written.collect();
            let laid = written.iter().cloned().fold(Vec::new(), lay_over);
            prop_assert!(laid.is_sorted_by(|left, right| !is_before(Some(&right.start_position), left.end())));
            prop_assert!(laid.iter().all(|range| !range.is_empty()));
            for row in rows {
                let position = Edge { prefix: row, after: false }.position(&shape).unwrap();
                let covering = |ranges: &[Range]| {
                    ranges.iter().filter(|range| range.covers(&position)).map(|range| range.tombstone.deletion).collect::<Vec<_>>()
                };
                let found = covering(&laid);
                prop_assert!(found.len() <= 1);
                prop_assert_eq!(found.first().copied(), covering(&written).into_iter().reduce(Deletion::merge));
            }
        }

        #[test]
        fn the_places_of_a_range_are_those_of_its_slice(
            (shape, slice) in any_shape().prop_flat_map(|shape| { let slice = any_slice(&shape); (Just(shape), slice) }),
            deletion in any_deletion(),
        ) {
            if let Some(range) = Range::new(&shape, &slice, deletion) {
                let RangeTombstone { start, end, .. } = &range.tombstone;
                prop_assert_eq!(Range::new(&shape, &Edge::slice(start, end), deletion), Some(range));
            }
        }
    }
}
