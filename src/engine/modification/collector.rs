//! Gathers what statements write, one mutation for each partition (`org.apache.cassandra.cql3.statements.UpdatesCollector`).

use rustc_hash::FxHashMap;

use crate::store::cell::Deletion;
use crate::store::clustering::{Clustering, Slice};
use crate::store::mutation::{CounterUpdate, Mutation, PartitionKey, StorageId};
use crate::store::row::Row;

/// Mutations in the making, in the order in which their partitions came up.
#[derive(Debug, Default)]
pub(super) struct Collector {
    mutations: Vec<Mutation>,
    /// Where each is, once they are more than one.
    places: FxHashMap<(StorageId, PartitionKey), usize>,
}

impl Collector {
    /// The mutation of that partition.
    pub(super) fn partition(&mut self, table: StorageId, key: &PartitionKey) -> &mut Mutation {
        let known = match self.mutations.as_slice() {
            [] => None,
            [.., last] if last.table == table && last.key == *key => Some(self.mutations.len() - 1),
            _ => self.places.get(&(table, key.clone())).copied(),
        };
        let place = known.unwrap_or_else(|| {
            if let Some(first) = self.mutations.last() {
                self.places.insert((first.table, first.key.clone()), self.mutations.len() - 1);
            }
            self.mutations.push(Mutation::empty(table, key.clone()));
            self.mutations.len() - 1
        });
        &mut self.mutations[place]
    }

    /// The mutations, without those that say nothing.
    pub(super) fn finish(self) -> Vec<Mutation> {
        let mut mutations = self.mutations;
        mutations.retain(|mutation| !mutation.is_empty());
        mutations
    }
}

impl Mutation {
    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.deletion.is_none()
            && self.ranges.is_empty()
            && self.static_row.is_empty()
            && self.rows.is_empty()
            && self.counters.is_empty()
    }

    pub(super) fn delete_partition(&mut self, deletion: Deletion) {
        self.deletion = Deletion::newest(self.deletion, Some(deletion));
    }

    pub(super) fn delete_range(&mut self, slice: Slice, deletion: Deletion) {
        self.ranges.push((slice, deletion));
    }

    pub(super) fn write_row(&mut self, clustering: Clustering, row: Row) {
        if !row.is_empty() {
            self.rows.push((clustering, row));
        }
    }

    pub(super) fn write_static(&mut self, row: Row) {
        if self.static_row.is_empty() {
            self.static_row = row;
        } else {
            self.static_row = std::mem::take(&mut self.static_row).merge(row);
        }
    }

    pub(super) fn count(&mut self, update: CounterUpdate) {
        self.counters.push(update);
    }
}
