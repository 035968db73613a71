//! What a store must show, told the slow way: everything ever written is kept, and looked through for each question.
//!
//! Shares no code with the store but the types.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use quorate_protocol::value::compare;
use quorate_protocol::value::token::Token;

use super::cell::{Cell, Content, Deletion, Liveness};
use super::clustering::{Bound, Clustering, Slice};
use super::mutation::{Mutation, PartitionKey};
use super::row::{ColumnData, ColumnId, ComplexData, CounterData, CounterShard, Row};
use super::table::TableShape;

/// Every write to one table, in the order in which they were made.
#[derive(Debug)]
pub(super) struct Reference {
    shape: TableShape,
    replica: u64,
    written: Vec<Mutation>,
    /// Count and time of each counter.
    counters: BTreeMap<(PartitionKey, Option<Clustering>, ColumnId), (i64, i64)>,
}

impl Reference {
    pub(super) fn new(shape: TableShape, replica: u64) -> Self {
        Reference { shape, replica, written: Vec::new(), counters: BTreeMap::new() }
    }

    pub(super) fn apply(&mut self, batch: &[Mutation]) {
        self.written.extend(batch.iter().cloned());
        for mutation in batch {
            for update in &mutation.counters {
                let deleted = self.column_deleted(&mutation.key, update.clustering.as_ref(), update.column);
                if deleted.is_some_and(|deleted| update.timestamp <= deleted.timestamp) {
                    continue;
                }
                let place = (mutation.key.clone(), update.clustering.clone(), update.column);
                let (count, timestamp) = self.counters.entry(place).or_insert((0, update.timestamp));
                if deleted.is_some_and(|deleted| *timestamp <= deleted.timestamp) {
                    (*count, *timestamp) = (0, update.timestamp);
                }
                *count += update.delta;
                *timestamp = (*timestamp).max(update.timestamp);
            }
        }
    }

    /// Keys in the order of their tokens.
    pub(super) fn keys(&self) -> Vec<(Token, PartitionKey)> {
        let keys: BTreeSet<_> = self.written.iter().map(|mutation| &mutation.key).collect();
        let token = |key: &PartitionKey| Token::of_key(key.iter().map(|value| value.as_ref())).unwrap();
        let mut keys: Vec<_> = keys.into_iter().map(|key| (token(key), key.clone())).collect();
        keys.sort();
        keys
    }

    pub(super) fn static_row(&self, key: &PartitionKey) -> Row {
        self.row(key, None)
    }

    pub(super) fn rows(&self, key: &PartitionKey, slices: &[Slice], reversed: bool) -> Vec<(Clustering, Row)> {
        let of_rows = self.of(key).flat_map(|mutation| mutation.rows.iter().map(|(clustering, _)| clustering));
        let counted = |mutation: &Mutation| {
            mutation.counters.iter().filter_map(|update| update.clustering.clone()).collect::<Vec<_>>()
        };
        let names: BTreeSet<Clustering> = of_rows.cloned().chain(self.of(key).flat_map(counted)).collect();
        let mut names: Vec<Clustering> = names.into_iter().collect();
        names.sort_by(|left, right| self.order(left, right));
        if reversed {
            names.reverse();
        }
        names.retain(|name| slices.is_empty() || slices.iter().any(|slice| self.contains(slice, name)));
        let rows = names.into_iter().map(|name| (name.clone(), self.row(key, Some(&name))));
        rows.filter(|(_, row)| row.liveness.is_some() || !row.columns.is_empty()).collect()
    }

    /// Every clustering that is named anywhere.
    pub(super) fn every_clustering(&self) -> BTreeSet<Clustering> {
        self.written.iter().flat_map(|mutation| &mutation.rows).map(|(clustering, _)| clustering.clone()).collect()
    }

    /// The newest deletion of the partition and of ranges that covers a row.
    pub(super) fn outer_deletion(&self, key: &PartitionKey, clustering: &Clustering) -> Option<Deletion> {
        self.deletions(key, Some(clustering)).0
    }

    fn of(&self, key: &PartitionKey) -> impl Iterator<Item = &Mutation> {
        self.written.iter().filter(move |mutation| mutation.key == *key)
    }

    /// All that was ever written of a row.
    fn writes(&self, key: &PartitionKey, clustering: Option<&Clustering>) -> Vec<&Row> {
        let mut found = Vec::new();
        for Mutation { static_row, rows, .. } in self.of(key) {
            match clustering {
                None => found.push(static_row),
                Some(wanted) => found.extend(rows.iter().filter(|(name, _)| name == wanted).map(|(_, row)| row)),
            }
        }
        found
    }

    /// The newest deletion of the partition and of ranges that covers a row, and the row's own.
    fn deletions(&self, key: &PartitionKey, clustering: Option<&Clustering>) -> (Option<Deletion>, Option<Deletion>) {
        let ranges = self.of(key).flat_map(|mutation| &mutation.ranges);
        let ranges = ranges.filter(|(slice, _)| clustering.is_some_and(|name| self.contains(slice, name)));
        let outer = self.of(key).filter_map(|mutation| mutation.deletion).chain(ranges.map(|(_, deletion)| *deletion));
        let own = self.writes(key, clustering).into_iter().filter_map(|row| row.deletion);
        (newest(outer), newest(own))
    }

    fn column_deleted(
        &self,
        key: &PartitionKey,
        clustering: Option<&Clustering>,
        column: ColumnId,
    ) -> Option<Deletion> {
        let (outer, own) = self.deletions(key, clustering);
        let of_column = |row: &Row| match row.column(column) {
            Some(ColumnData::Counter(data)) => data.deletion,
            Some(ColumnData::Complex(data)) => data.deletion,
            _ => None,
        };
        let of_column = self.writes(key, clustering).into_iter().filter_map(of_column);
        newest(of_column.chain(outer).chain(own))
    }

    /// A row under all deletions; its own one is kept where it says more than those from outside.
    fn row(&self, key: &PartitionKey, clustering: Option<&Clustering>) -> Row {
        let (outer, own) = self.deletions(key, clustering);
        let deleted = newest(outer.into_iter().chain(own));
        let visible = |timestamp: i64| deleted.is_none_or(|deleted| timestamp > deleted.timestamp);
        let writes = self.writes(key, clustering);
        let markers = writes.iter().filter_map(|row| row.liveness).filter(|liveness| visible(liveness.timestamp));
        let by_end = |liveness: &Liveness| {
            (liveness.timestamp, liveness.expiry.map(|expiry| (expiry.at_seconds, expiry.ttl_seconds)))
        };
        let named = writes.iter().flat_map(|row| row.columns.iter().map(|(id, _)| *id));
        let counted = self.counters.keys().filter(|(k, c, _)| k == key && c.as_ref() == clustering).map(|(.., id)| *id);
        let ids: BTreeSet<ColumnId> = named.chain(counted).collect();
        let columns = ids.into_iter().filter_map(|id| Some((id, self.column(key, clustering, id, deleted)?)));
        Row {
            liveness: markers.max_by_key(by_end),
            deletion: own.filter(|own| outer.is_none_or(|outer| own.timestamp > outer.timestamp)),
            columns: columns.collect(),
        }
    }

    fn column(
        &self,
        key: &PartitionKey,
        clustering: Option<&Clustering>,
        id: ColumnId,
        deleted: Option<Deletion>,
    ) -> Option<ColumnData> {
        let place = (key.clone(), clustering.cloned(), id);
        let newest_of_column = self.column_deleted(key, clustering, id);
        let deletion = newest_of_column.filter(|own| deleted.is_none_or(|outer| own.timestamp > outer.timestamp));
        let visible = |timestamp: i64| newest_of_column.is_none_or(|deleted| timestamp > deleted.timestamp);
        let (mut simple, mut is_counter) = (Vec::new(), self.counters.contains_key(&place));
        let mut elements: BTreeMap<&Bytes, Vec<&Cell>> = BTreeMap::new();
        for row in self.writes(key, clustering) {
            match row.column(id) {
                Some(ColumnData::Simple(cell)) if visible(cell.timestamp) => simple.push(cell),
                Some(ColumnData::Complex(data)) => {
                    for (path, cell) in data.cells.iter().filter(|(_, cell)| visible(cell.timestamp)) {
                        elements.entry(path).or_default().push(cell);
                    }
                }
                Some(ColumnData::Counter(_)) => is_counter = true,
                _ => {}
            }
        }
        if is_counter {
            let shard = self.counters.get(&place).filter(|(_, timestamp)| visible(*timestamp));
            let shard = shard.map(|(count, timestamp)| CounterShard {
                replica: self.replica,
                clock: 0,
                count: *count,
                timestamp: *timestamp,
            });
            let shards: Vec<_> = shard.into_iter().collect();
            let something = deletion.is_some() || !shards.is_empty();
            return something.then_some(ColumnData::Counter(CounterData { deletion, shards }));
        }
        if let Some(cell) = winner(&simple) {
            return Some(ColumnData::Simple(cell.clone()));
        }
        let mut cells: Vec<_> =
            elements.into_iter().filter_map(|(path, cells)| Some((path.clone(), winner(&cells)?.clone()))).collect();
        cells.sort_by(|(left, _), (right, _)| super::merge::path_order(left, right));
        let something = deletion.is_some() || !cells.is_empty();
        something.then_some(ColumnData::Complex(ComplexData { deletion, cells }))
    }

    /// The order of the table, as far as both go.
    fn order(&self, left: &[Bytes], right: &[Bytes]) -> Ordering {
        let columns = self.shape.clustering.iter().zip(left.iter().zip(right));
        let orders = columns.map(|((ty, descending), (left, right))| {
            let order = compare(ty, left, right);
            if *descending { order.reverse() } else { order }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }

    fn contains(&self, slice: &Slice, clustering: &Clustering) -> bool {
        let within = |bound: &Option<Bound>, outside: Ordering| match bound {
            None => true,
            Some(bound) => match self.order(clustering, &bound.prefix) {
                Ordering::Equal => bound.inclusive,
                order => order != outside,
            },
        };
        within(&slice.start, Ordering::Less) && within(&slice.end, Ordering::Greater)
    }
}

fn newest(deletions: impl Iterator<Item = Deletion>) -> Option<Deletion> {
    deletions.max_by_key(|deletion| (deletion.timestamp, deletion.deleted_at_seconds))
}

/// The latest; of those the tombstone made last; else what ends, and of that what ends last; else the largest bytes.
fn winner<'c>(cells: &[&'c Cell]) -> Option<&'c Cell> {
    cells.iter().copied().max_by_key(|cell| match &cell.content {
        Content::Tombstone { deleted_at_seconds } => (cell.timestamp, 2, *deleted_at_seconds, Bytes::new(), 0),
        Content::Value { bytes, expiry: Some(expiry) } => {
            (cell.timestamp, 1, expiry.at_seconds, bytes.clone(), expiry.ttl_seconds)
        }
        Content::Value { bytes, expiry: None } => (cell.timestamp, 0, 0, bytes.clone(), 0),
    })
}
