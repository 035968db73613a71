//! Partitions in ordered maps.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use bytes::Bytes;
use quorate_protocol::value::compare;
use quorate_protocol::value::token::Token;

use super::cell::Deletion;
use super::clustering::{Bound, Clustering, Slice};
use super::mutation::{Mutation, PartitionKey, StorageId};
use super::row::{ColumnData, CounterData, Row};
use super::table::{TableShape, TokenRange};

/// Everything that the store holds.
#[derive(Debug, Default)]
pub(super) struct Memory {
    partitions: BTreeMap<(StorageId, Token, PartitionKey), Partition>,
    pub(super) records: BTreeMap<String, Bytes>,
}

/// One partition. Rows are in the order of the table, and what deletions cover is still there.
#[derive(Clone, Debug, Default)]
pub(super) struct Partition {
    deletion: Option<Deletion>,
    ranges: Vec<(Slice, Deletion)>,
    static_row: Row,
    rows: Vec<(Clustering, Row)>,
}

impl Memory {
    pub(super) fn apply(&mut self, shape: &TableShape, token: Token, mutation: &Mutation, replica: u64) {
        let place = (shape.storage, token, mutation.key.clone());
        let partition = self.partitions.entry(place).or_default();
        partition.deletion = Deletion::newest(partition.deletion, mutation.deletion);
        partition.ranges.extend(mutation.ranges.iter().cloned());
        partition.merge_static(mutation.static_row.clone());
        for (clustering, row) in &mutation.rows {
            partition.merge_row(shape, clustering, row.clone());
        }
        for update in &mutation.counters {
            let seen = partition.seen(shape, update.clustering.as_ref());
            let mut counter = match seen.column(update.column) {
                Some(ColumnData::Counter(counter)) => counter.clone(),
                _ => CounterData::default(),
            };
            counter.add(replica, update.delta, update.timestamp);
            let row = Row { columns: vec![(update.column, ColumnData::Counter(counter))], ..Row::default() };
            match &update.clustering {
                Some(clustering) => partition.merge_row(shape, clustering, row),
                None => partition.merge_static(row),
            }
        }
    }

    pub(super) fn partition(&self, storage: StorageId, token: Token, key: &PartitionKey) -> Option<&Partition> {
        self.partitions.get(&(storage, token, key.clone()))
    }

    pub(super) fn keys(&self, storage: StorageId, range: TokenRange) -> Vec<(Token, PartitionKey)> {
        let first = (storage, range.first, PartitionKey::new());
        let of_table =
            self.partitions.range(first..).take_while(|((id, token, _), _)| *id == storage && *token <= range.last);
        of_table.map(|((_, token, key), _)| (*token, key.clone())).collect()
    }

    pub(super) fn remove(&mut self, storage: StorageId) {
        self.partitions.retain(|(id, ..), _| *id != storage);
    }
}

impl Partition {
    /// The static row as it is seen under the partition's deletion.
    pub(super) fn visible_static_row(&self) -> Row {
        let mut row = self.static_row.clone();
        if let Some(deletion) = &self.deletion {
            row.shadow(deletion);
        }
        row
    }

    /// The rows of these slices (all, if there are none) that something is left of under all deletions.
    pub(super) fn visible_rows(&self, shape: &TableShape, slices: &[Slice]) -> Vec<(Clustering, Row)> {
        let wanted = |clustering: &Clustering| {
            slices.is_empty() || slices.iter().any(|slice| contains(shape, slice, clustering))
        };
        let rows = self.rows.iter().filter(|(clustering, _)| wanted(clustering));
        let shadowed =
            rows.map(|(clustering, row)| (clustering.clone(), self.shadowed(shape, clustering, row.clone())));
        shadowed.filter(|(_, row)| row.liveness.is_some() || !row.columns.is_empty()).collect()
    }

    fn shadowed(&self, shape: &TableShape, clustering: &Clustering, mut row: Row) -> Row {
        let ranges = self.ranges.iter().filter(|(slice, _)| contains(shape, slice, clustering));
        for deletion in ranges.map(|(_, deletion)| deletion).chain(&self.deletion) {
            row.shadow(deletion);
        }
        row
    }

    fn seen(&self, shape: &TableShape, clustering: Option<&Clustering>) -> Row {
        let Some(clustering) = clustering else { return self.visible_static_row() };
        let place = self.rows.binary_search_by(|(other, _)| order(shape, other, clustering));
        let row = place.ok().and_then(|place| self.rows.get(place)).map(|(_, row)| row.clone());
        self.shadowed(shape, clustering, row.unwrap_or_default())
    }

    fn merge_static(&mut self, row: Row) {
        self.static_row = std::mem::take(&mut self.static_row).merge(row);
    }

    fn merge_row(&mut self, shape: &TableShape, clustering: &Clustering, row: Row) {
        match self.rows.binary_search_by(|(other, _)| order(shape, other, clustering)) {
            Ok(place) => {
                let merged = &mut self.rows[place].1;
                *merged = std::mem::take(merged).merge(row);
            }
            Err(place) => self.rows.insert(place, (clustering.clone(), row.normalized())),
        }
    }
}

/// The order of the table, as far as both go.
fn order(shape: &TableShape, left: &[Bytes], right: &[Bytes]) -> Ordering {
    let columns = shape.clustering.iter().zip(left.iter().zip(right));
    let orders = columns.map(|((ty, descending), (left, right))| {
        let order = compare(ty, left, right);
        if *descending { order.reverse() } else { order }
    });
    orders.fold(Ordering::Equal, Ordering::then)
}

fn contains(shape: &TableShape, slice: &Slice, clustering: &Clustering) -> bool {
    let within = |bound: &Option<Bound>, outside: Ordering| match bound {
        None => true,
        Some(bound) => match order(shape, clustering, &bound.prefix) {
            Ordering::Equal => bound.inclusive,
            order => order != outside,
        },
    };
    within(&slice.start, Ordering::Less) && within(&slice.end, Ordering::Greater)
}
