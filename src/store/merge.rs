//! How two versions of the same thing become one (`org.apache.cassandra.db.rows.Cells`, `Rows`, `LivenessInfo`).
//!
//! Merging is commutative, associative and idempotent, and does not depend on the clock. The result is in *normal form*:
//! columns and paths ascend, nothing is kept that a deletion beside it covers, and no column is empty.

use std::cmp::Ordering;

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType, compare};

use super::cell::{Cell, Content, Deletion, Expiry, GONE_TTL_SECONDS, Liveness, Timestamp};
use super::row::{ColumnData, ColumnId, ComplexData, CounterData, CounterShard, Row};

impl Cell {
    /// The one that stays: the later write; of the same time a tombstone before a value that expires before one that does
    /// not, then the later end or deletion, then the larger bytes.
    pub fn merge(self, other: Cell) -> Cell {
        if other.order(&self).is_gt() { other } else { self }
    }

    fn order(&self, other: &Cell) -> Ordering {
        fn key(cell: &Cell) -> (Timestamp, u8, i64, &[u8], u32) {
            match &cell.content {
                Content::Value { bytes, expiry: None } => (cell.timestamp, 0, 0, bytes, 0),
                Content::Value { bytes, expiry: Some(expiry) } => {
                    (cell.timestamp, 1, expiry.at_seconds, bytes, expiry.ttl_seconds)
                }
                Content::Tombstone { deleted_at_seconds } => (cell.timestamp, 2, *deleted_at_seconds, &[], 0),
            }
        }
        key(self).cmp(&key(other))
    }
}

impl Liveness {
    /// The one that stays: the later one; of the same time one that says that the row is gone, then one that expires, and of
    /// those the one that ends later (`LivenessInfo.supersedes`).
    pub fn merge(self, other: Liveness) -> Liveness {
        fn end(expiry: Option<Expiry>) -> Option<(bool, i64, u32)> {
            expiry.map(|expiry| (expiry.ttl_seconds == GONE_TTL_SECONDS, expiry.at_seconds, expiry.ttl_seconds))
        }
        let key = |liveness: &Liveness| (liveness.timestamp, end(liveness.expiry));
        if key(&other) > key(&self) { other } else { self }
    }
}

impl Deletion {
    /// The one that stays: the later one, then the one made later.
    pub fn merge(self, other: Deletion) -> Deletion {
        let key = |deletion: &Deletion| (deletion.timestamp, deletion.deleted_at_seconds);
        if key(&other) > key(&self) { other } else { self }
    }

    /// Whether what was written at `timestamp` is gone.
    pub fn covers(&self, timestamp: Timestamp) -> bool {
        timestamp <= self.timestamp
    }

    /// The newest of two that may be absent.
    pub fn newest(left: Option<Deletion>, right: Option<Deletion>) -> Option<Deletion> {
        merge_options(left, right, Deletion::merge)
    }
}

impl Row {
    /// Both versions as one, in normal form.
    pub fn merge(self, other: Row) -> Row {
        let mut merged = Row {
            liveness: merge_options(self.liveness, other.liveness, Liveness::merge),
            deletion: Deletion::newest(self.deletion, other.deletion),
            columns: merge_sorted(sorted(self.columns), sorted(other.columns), ColumnId::cmp, ColumnData::merge),
        };
        for (_, data) in &mut merged.columns {
            data.normalize();
        }
        merged.shadow_by_own_deletion();
        merged
    }

    /// The same row in normal form, as a merge with itself gives.
    pub fn normalized(self) -> Row {
        self.merge(Row::default())
    }

    /// Drops what a deletion from outside (of the partition or a range) covers, the row's own deletion too.
    pub fn shadow(&mut self, deletion: &Deletion) {
        self.deletion = self.deletion.filter(|own| !deletion.covers(own.timestamp));
        self.drop_covered(deletion);
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.liveness.is_none() && self.deletion.is_none() && self.columns.is_empty()
    }

    fn shadow_by_own_deletion(&mut self) {
        match self.deletion {
            Some(deletion) => self.drop_covered(&deletion),
            None => self.columns.retain(|(_, data)| !data.is_empty()),
        }
    }

    fn drop_covered(&mut self, deletion: &Deletion) {
        self.liveness = self.liveness.filter(|liveness| !deletion.covers(liveness.timestamp));
        self.columns.retain_mut(|(_, data)| data.shadow(deletion));
    }
}

impl ColumnData {
    /// Both versions as one. A column never changes its kind; if it does all the same, the later kind stays.
    pub fn merge(self, other: ColumnData) -> ColumnData {
        use ColumnData::*;
        match (self, other) {
            (Simple(left), Simple(right)) => Simple(left.merge(right)),
            (Complex(left), Complex(right)) => Complex(left.merge(right)),
            (Counter(left), Counter(right)) => Counter(left.merge(right)),
            (left, right) => {
                let kind = |data: &ColumnData| match data {
                    Simple(_) => 0,
                    Complex(_) => 1,
                    Counter(_) => 2,
                };
                if kind(&left) > kind(&right) { left } else { right }
            }
        }
    }

    /// Writers may name elements in any order and more than once, and together with a deletion that covers them.
    fn normalize(&mut self) {
        match self {
            ColumnData::Simple(_) => {}
            ColumnData::Complex(data) => {
                if !data.cells.is_sorted_by(|(left, _), (right, _)| path_order(left, right).is_lt()) {
                    *data = std::mem::take(data).merge(ComplexData::default());
                }
                if let Some(deletion) = data.deletion {
                    data.cells.retain(|(_, cell)| !deletion.covers(cell.timestamp));
                }
            }
            ColumnData::Counter(data) => {
                if !data.shards.is_sorted_by(|left, right| left.replica < right.replica) {
                    *data = std::mem::take(data).merge(CounterData::default());
                }
                if let Some(deletion) = data.deletion {
                    data.shards.retain(|shard| !deletion.covers(shard.timestamp));
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            ColumnData::Simple(_) => false,
            ColumnData::Complex(data) => data.deletion.is_none() && data.cells.is_empty(),
            ColumnData::Counter(data) => data.deletion.is_none() && data.shards.is_empty(),
        }
    }

    /// Drops what the deletion of the row or of more covers. Returns whether anything is left.
    fn shadow(&mut self, deletion: &Deletion) -> bool {
        match self {
            ColumnData::Simple(cell) => return !deletion.covers(cell.timestamp),
            ColumnData::Complex(data) => {
                data.deletion = data.deletion.filter(|own| !deletion.covers(own.timestamp));
                data.cells.retain(|(_, cell)| !deletion.covers(cell.timestamp));
            }
            ColumnData::Counter(data) => {
                data.deletion = data.deletion.filter(|own| !deletion.covers(own.timestamp));
                data.shards.retain(|shard| !deletion.covers(shard.timestamp));
            }
        }
        !self.is_empty()
    }
}

impl ComplexData {
    /// Both versions as one, without elements that the deletion covers.
    pub fn merge(self, other: ComplexData) -> ComplexData {
        let deletion = Deletion::newest(self.deletion, other.deletion);
        let by_path = |mut cells: Vec<(Bytes, Cell)>| {
            cells.sort_by(|(left, _), (right, _)| path_order(left, right));
            cells
        };
        let mut cells = merge_sorted(
            by_path(self.cells),
            by_path(other.cells),
            |left: &Bytes, right: &Bytes| path_order(left, right),
            Cell::merge,
        );
        if let Some(deletion) = deletion {
            cells.retain(|(_, cell)| !deletion.covers(cell.timestamp));
        }
        ComplexData { deletion, cells }
    }
}

/// The order of cell paths in the store, which does not know the column's type: paths of 16 bytes (a list's) first, as
/// timeuuids, then the others by their bytes.
pub fn path_order(left: &[u8], right: &[u8]) -> Ordering {
    match (left.len() == 16, right.len() == 16) {
        (true, true) => compare(&CqlType::Native(NativeType::TimeUuid), left, right),
        (false, false) => left.cmp(right),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

impl CounterData {
    /// Both versions as one: of each replica the newest count, without those that the deletion covers.
    pub fn merge(self, other: CounterData) -> CounterData {
        let deletion = Deletion::newest(self.deletion, other.deletion);
        let by_replica =
            |shards: Vec<CounterShard>| sorted(shards.into_iter().map(|shard| (shard.replica, shard)).collect());
        let shards = merge_sorted(by_replica(self.shards), by_replica(other.shards), u64::cmp, CounterShard::merge);
        let shards = shards.into_iter().map(|(_, shard)| shard);
        let shards = shards.filter(|shard| deletion.is_none_or(|deletion| !deletion.covers(shard.timestamp))).collect();
        CounterData { deletion, shards }
    }

    /// Counts `delta` for `replica`. Clock and time of a shard never go back, so that merging by either is the same.
    pub fn add(&mut self, replica: u64, delta: i64, timestamp: Timestamp) {
        let place = self.shards.binary_search_by_key(&replica, |shard| shard.replica);
        let shard = match place {
            Ok(place) => &mut self.shards[place],
            Err(place) => {
                self.shards.insert(place, CounterShard { replica, clock: 0, count: 0, timestamp });
                &mut self.shards[place]
            }
        };
        shard.clock = shard.clock.saturating_add(1).max(timestamp);
        shard.count = shard.count.wrapping_add(delta);
        shard.timestamp = shard.timestamp.max(timestamp);
    }

    /// The counter's value; absent when nothing was counted since the deletion.
    pub fn value(&self) -> Option<i64> {
        self.shards.iter().map(|shard| shard.count).reduce(i64::wrapping_add)
    }
}

impl CounterShard {
    /// The newer of two versions of one replica's shard.
    fn merge(self, other: CounterShard) -> CounterShard {
        let key = |shard: &CounterShard| (shard.timestamp, shard.clock, shard.count);
        if key(&other) > key(&self) { other } else { self }
    }
}

fn merge_options<T>(left: Option<T>, right: Option<T>, merge: impl FnOnce(T, T) -> T) -> Option<T> {
    match (left, right) {
        (Some(left), Some(right)) => Some(merge(left, right)),
        (left, right) => left.or(right),
    }
}

/// Writers may name keys in any order.
fn sorted<K: Ord, V>(mut pairs: Vec<(K, V)>) -> Vec<(K, V)> {
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    pairs
}

/// The union of two lists that ascend, in one list that ascends and names each key once.
fn merge_sorted<K, V>(
    left: Vec<(K, V)>,
    right: Vec<(K, V)>,
    order: impl Fn(&K, &K) -> Ordering,
    merge: impl Fn(V, V) -> V,
) -> Vec<(K, V)> {
    let mut merged: Vec<(K, V)> = Vec::with_capacity(left.len() + right.len());
    let mut push = |(key, value): (K, V)| match merged.pop() {
        Some((last_key, last)) if order(&last_key, &key).is_eq() => merged.push((last_key, merge(last, value))),
        Some(last) => merged.extend([last, (key, value)]),
        None => merged.push((key, value)),
    };
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let from_left = order(&a.0, &b.0).is_le();
        if let Some(next) = if from_left { left.next() } else { right.next() } {
            push(next);
        }
    }
    left.chain(right).for_each(push);
    merged
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use proptest::prelude::*;

    use super::super::arbitrary::{any_cell, any_counter, any_deletion, any_liveness, any_row};
    use super::*;

    /// What makes merging independent of order and repetition.
    fn check_algebra<T: Clone + PartialEq + Debug>(
        merge: impl Fn(T, T) -> T,
        [a, b, c]: [T; 3],
    ) -> Result<(), TestCaseError> {
        let both = |a: &T, b: &T| merge(a.clone(), b.clone());
        prop_assert_eq!(both(&a, &b), both(&b, &a));
        prop_assert_eq!(both(&both(&a, &b), &c), both(&a, &both(&b, &c)));
        let merged = both(&a, &b);
        prop_assert_eq!(&both(&merged, &a), &merged);
        prop_assert_eq!(&both(&merged, &merged), &merged);
        Ok(())
    }

    proptest! {
        #[test]
        fn cells_merge_in_any_order(cells in prop::array::uniform3(any_cell())) {
            check_algebra(Cell::merge, cells)?;
        }

        #[test]
        fn markers_merge_in_any_order(markers in prop::array::uniform3(any_liveness())) {
            check_algebra(Liveness::merge, markers)?;
        }

        #[test]
        fn deletions_merge_in_any_order(deletions in prop::array::uniform3(any_deletion())) {
            check_algebra(Deletion::merge, deletions)?;
        }

        #[test]
        fn counters_merge_in_any_order(counters in prop::array::uniform3(any_counter())) {
            check_algebra(CounterData::merge, counters)?;
        }

        #[test]
        fn rows_merge_in_any_order(rows in prop::array::uniform3(any_row())) {
            check_algebra(Row::merge, rows)?;
        }

        /// A deletion from outside may be applied before a merge or after it.
        #[test]
        fn shadowing_and_merging_commute(rows in prop::array::uniform2(any_row()), deletion in any_deletion()) {
            let [a, b] = rows.map(Row::normalized);
            let shadowed = |mut row: Row| { row.shadow(&deletion); row };
            let before = shadowed(a.clone()).merge(shadowed(b.clone()));
            prop_assert_eq!(before, shadowed(a.merge(b)));
        }

        /// The rules of `Cells.resolveRegular`, said once more and in their words.
        #[test]
        fn cells_are_reconciled_as_cassandra_does(left in any_cell(), right in any_cell()) {
            let local_deletion_time = |cell: &Cell| match &cell.content {
                Content::Value { expiry, .. } => expiry.map_or(i64::MAX, |expiry| expiry.at_seconds),
                Content::Tombstone { deleted_at_seconds } => *deleted_at_seconds,
            };
            let is_expiring = |cell: &Cell| matches!(&cell.content, Content::Value { expiry: Some(_), .. });
            let value = |cell: &Cell| match &cell.content {
                Content::Value { bytes, .. } => bytes.clone(),
                Content::Tombstone { .. } => Bytes::new(),
            };
            let left_wins = if left.timestamp != right.timestamp {
                Some(left.timestamp > right.timestamp)
            } else {
                let ends = |cell| local_deletion_time(cell) != i64::MAX;
                if ends(&left) != ends(&right) {
                    Some(ends(&left))
                } else if ends(&left) && is_expiring(&left) != is_expiring(&right) {
                    Some(is_expiring(&right))
                } else if local_deletion_time(&left) != local_deletion_time(&right) {
                    Some(local_deletion_time(&left) > local_deletion_time(&right))
                } else if value(&left) != value(&right) {
                    Some(value(&left) > value(&right))
                } else {
                    None
                }
            };
            match left_wins {
                Some(true) => prop_assert_eq!(left.clone().merge(right), left),
                Some(false) => prop_assert_eq!(left.merge(right.clone()), right),
                None => {}
            }
        }
    }

    #[test]
    fn a_deletion_wins_over_a_marker_of_the_same_time() {
        let liveness = Row { liveness: Some(Liveness { timestamp: 5, expiry: None }), ..Row::default() };
        let deletion = Row { deletion: Some(Deletion { timestamp: 5, deleted_at_seconds: 0 }), ..Row::default() };
        assert_eq!(liveness.clone().merge(deletion.clone()), deletion);
        let older = Row { deletion: Some(Deletion { timestamp: 4, deleted_at_seconds: 0 }), ..Row::default() };
        assert_eq!(liveness.clone().merge(older).liveness, liveness.liveness);
    }

    #[test]
    fn a_marker_that_says_that_the_row_is_gone_wins_over_one_of_the_same_time_that_expires_later() {
        let expiring =
            |ttl_seconds, at_seconds| Liveness { timestamp: 5, expiry: Some(Expiry { ttl_seconds, at_seconds }) };
        let (lasting, gone) = (expiring(1000, 2000), expiring(GONE_TTL_SECONDS, 1000));
        assert_eq!((lasting.merge(gone), gone.merge(lasting)), (gone, gone));
        let later = Liveness { timestamp: 6, ..lasting };
        assert_eq!(later.merge(gone), later);
    }

    #[test]
    fn a_counter_goes_on_from_what_its_own_replica_counted() {
        let mut counter = CounterData::default();
        counter.add(1, 5, 100);
        counter.add(2, 7, 100);
        let stale = counter.clone();
        counter.add(1, -2, 90);
        assert_eq!(counter.value(), Some(10));
        assert_eq!(stale.merge(counter.clone()), counter);
    }
}
