//! The store against the reference, on every storage; purging; crashes.

mod crash;
mod model;
mod purge;

use bytes::Bytes;

use super::cell::{Cell, Content, Liveness};
use super::clustering::Clustering;
use super::mutation::{Mutation, PartitionKey, StorageId};
use super::row::{ColumnData, ColumnId, Row};
use super::table::TableShape;
use super::{PartitionReader, Store};
use quorate_protocol::value::NativeType;

/// A table with one clustering column of integers.
fn shape() -> TableShape {
    TableShape { storage: StorageId(3), clustering: vec![(NativeType::Int.into(), false)], gc_grace_seconds: 100 }
}

fn key(name: &str) -> PartitionKey {
    PartitionKey::from_iter([Bytes::copy_from_slice(name.as_bytes())])
}

fn clustering(number: i32) -> Clustering {
    Clustering::from_iter([Bytes::copy_from_slice(&number.to_be_bytes())])
}

/// A write of nothing yet.
fn mutation(name: &str) -> Mutation {
    Mutation {
        table: shape().storage,
        key: key(name),
        deletion: None,
        ranges: Vec::new(),
        static_row: Row::default(),
        rows: Vec::new(),
        counters: Vec::new(),
    }
}

/// An INSERT of one row with one value.
fn insert(name: &str, number: i32, value: &str, timestamp: i64) -> Mutation {
    let content = Content::Value { bytes: Bytes::copy_from_slice(value.as_bytes()), expiry: None };
    let row = Row {
        liveness: Some(Liveness { timestamp, expiry: None }),
        deletion: None,
        columns: vec![(ColumnId(1), ColumnData::Simple(Cell { timestamp, content }))],
    };
    Mutation { rows: vec![(clustering(number), row)], ..mutation(name) }
}

fn apply(store: &Store, mutation: &Mutation) {
    store.apply(&[(&shape(), mutation)], 0).unwrap();
}

fn rows(mut reader: PartitionReader<'_>) -> Vec<(Clustering, Row)> {
    std::iter::from_fn(|| reader.next().unwrap()).collect()
}

/// Every row of a partition.
fn all_rows(store: &Store, name: &str) -> Vec<(Clustering, Row)> {
    rows(store.partition(&shape(), &key(name), &[], false).unwrap())
}
