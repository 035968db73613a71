//! Rows and mutations for property tests, from so few values that they often meet.

use bytes::Bytes;
use proptest::prelude::*;
use quorate_protocol::value::{CqlType, NativeType};

use super::cell::{Cell, Content, Deletion, Expiry, Liveness};
use super::clustering::{Bound, Clustering, Slice};
use super::mutation::{CounterUpdate, Mutation, PartitionKey, StorageId};
use super::row::{ColumnData, ColumnId, ComplexData, CounterData, CounterShard, Row};
use super::table::TableShape;

const INT: CqlType = CqlType::Native(NativeType::Int);
const TEXT: CqlType = CqlType::Native(NativeType::Text);

/// A column of counters; smaller numbers are simple and complex columns.
pub(super) const COUNTER: ColumnId = ColumnId(5);

/// Tombstones of these tables are never forgotten.
pub(super) fn any_shape() -> impl Strategy<Value = TableShape> {
    let clustering = prop_oneof![
        Just(Vec::new()),
        Just(vec![(INT, false)]),
        Just(vec![(INT, true)]),
        Just(vec![(INT, false), (TEXT, true)]),
    ];
    clustering.prop_map(|clustering| TableShape { storage: StorageId(7), clustering, gc_grace_seconds: u32::MAX })
}

pub(super) fn any_partition_key() -> impl Strategy<Value = PartitionKey> {
    (0..4_u8).prop_map(|key| PartitionKey::from_iter([Bytes::from(vec![key])]))
}

fn any_int() -> impl Strategy<Value = Bytes> {
    (-2..3_i32).prop_map(|int| Bytes::from(int.to_be_bytes().to_vec()))
}

fn any_text() -> impl Strategy<Value = Bytes> {
    prop::sample::select(vec!["", "a", "ab", "a\0", "\0", "b"]).prop_map(Bytes::from)
}

/// The values of the first `count` clustering columns of [`any_shape`].
fn any_prefix(count: usize) -> impl Strategy<Value = Clustering> {
    (any_int(), any_text()).prop_map(move |(int, text)| [int, text].into_iter().take(count).collect())
}

pub(super) fn any_clustering() -> impl Strategy<Value = Clustering> {
    (0..3_usize).prop_flat_map(any_prefix)
}

pub(super) fn any_slice(shape: &TableShape) -> impl Strategy<Value = Slice> + use<> {
    let columns = shape.clustering.len();
    let bound = move || {
        let bound = (0..=columns).prop_flat_map(any_prefix);
        let bound = (bound, any::<bool>()).prop_map(|(prefix, inclusive)| Bound { prefix, inclusive });
        // the empty prefix says the same as no bound, where it is included
        bound.prop_map(|bound| (!bound.prefix.is_empty()).then_some(bound))
    };
    prop_oneof![
        (bound(), bound()).prop_map(|(start, end)| Slice { start, end }),
        any_prefix(columns).prop_map(Slice::of_prefix),
    ]
}

fn any_timestamp() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0..6_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)]
}

pub(super) fn any_deletion() -> impl Strategy<Value = Deletion> {
    (0..6_i64, 0..3_i64).prop_map(|(timestamp, deleted_at_seconds)| Deletion { timestamp, deleted_at_seconds })
}

fn any_expiry() -> impl Strategy<Value = Expiry> {
    (1..3_u32, 10..13_i64).prop_map(|(ttl_seconds, at_seconds)| Expiry { ttl_seconds, at_seconds })
}

pub(super) fn any_cell() -> impl Strategy<Value = Cell> {
    let bytes = prop::collection::vec(prop::sample::select(vec![0, 1, 0xFF_u8]), 0..2).prop_map(Bytes::from);
    let content = prop_oneof![
        3 => (bytes, prop::option::of(any_expiry())).prop_map(|(bytes, expiry)| Content::Value { bytes, expiry }),
        1 => (0..3_i64).prop_map(|deleted_at_seconds| Content::Tombstone { deleted_at_seconds }),
    ];
    (any_timestamp(), content).prop_map(|(timestamp, content)| Cell { timestamp, content })
}

pub(super) fn any_liveness() -> impl Strategy<Value = Liveness> {
    (any_timestamp(), prop::option::of(any_expiry())).prop_map(|(timestamp, expiry)| Liveness { timestamp, expiry })
}

fn any_complex(path: impl Strategy<Value = Bytes>) -> impl Strategy<Value = ColumnData> {
    let cells = prop::collection::vec((path, any_cell()), 0..4);
    (prop::option::weighted(0.3, any_deletion()), cells)
        .prop_map(|(deletion, cells)| ColumnData::Complex(ComplexData { deletion, cells }))
}

pub(super) fn any_counter() -> impl Strategy<Value = CounterData> {
    let shard = (0..3_u64, 0..3_i64, -1..2_i64, any_timestamp());
    let shard = shard.prop_map(|(replica, clock, count, timestamp)| CounterShard { replica, clock, count, timestamp });
    (prop::option::weighted(0.3, any_deletion()), prop::collection::vec(shard, 0..4))
        .prop_map(|(deletion, shards)| CounterData { deletion, shards })
}

/// Whatever a writer may hand over: columns in order, elements in any order, some named twice.
pub(super) fn any_row() -> impl Strategy<Value = Row> {
    (any_plain_row(), prop::option::of(any_counter())).prop_map(|(mut row, counter)| {
        row.columns.extend(counter.map(|counter| (COUNTER, ColumnData::Counter(counter))));
        row
    })
}

/// A row without counters.
pub(super) fn any_plain_row() -> impl Strategy<Value = Row> {
    let field = prop::sample::select(vec![[0_u8, 0], [0, 1], [1, 0]]).prop_map(|path| Bytes::from(path.to_vec()));
    let time =
        prop::sample::select(vec![[1_u8; 16], [0x7F; 16], [0x80; 16]]).prop_map(|path| Bytes::from(path.to_vec()));
    let columns = (
        prop::option::of(any_cell()),
        prop::option::of(any_cell()),
        prop::option::of(any_complex(field)),
        prop::option::of(any_complex(time)),
    );
    let parts = (prop::option::of(any_liveness()), prop::option::weighted(0.2, any_deletion()), columns);
    parts.prop_map(|(liveness, deletion, (first, second, third, fourth))| {
        let columns = [first.map(ColumnData::Simple), second.map(ColumnData::Simple), third, fourth];
        let columns = (1..).map(ColumnId).zip(columns);
        Row { liveness, deletion, columns: columns.filter_map(|(id, data)| Some((id, data?))).collect() }
    })
}

/// A write to a table without counters.
pub(super) fn any_mutation(shape: &TableShape) -> impl Strategy<Value = Mutation> + use<> {
    let (storage, columns) = (shape.storage, shape.clustering.len());
    let parts = (
        any_partition_key(),
        prop::option::weighted(0.1, any_deletion()),
        prop::collection::vec((any_slice(shape), any_deletion()), 0..2),
        prop_oneof![3 => Just(Row::default()), 1 => any_plain_row().prop_map(|row| Row { deletion: None, liveness: None, ..row })],
        prop::collection::vec((any_prefix(columns), any_plain_row()), 0..4),
    );
    parts.prop_map(move |(key, deletion, ranges, static_row, rows)| Mutation {
        table: storage,
        key,
        deletion,
        ranges,
        static_row,
        rows,
        counters: Vec::new(),
    })
}

/// A write to a table with a counter, static or not.
pub(super) fn any_counter_mutation(shape: &TableShape) -> impl Strategy<Value = Mutation> + use<> {
    let (storage, columns) = (shape.storage, shape.clustering.len());
    let update = (prop::option::of(any_prefix(columns)), -3..4_i64, 0..6_i64);
    let update = update.prop_map(|(clustering, delta, timestamp)| CounterUpdate {
        clustering,
        column: COUNTER,
        delta,
        timestamp,
    });
    let deleted = any_deletion().prop_map(|deletion| Row {
        columns: vec![(COUNTER, ColumnData::Counter(CounterData { deletion: Some(deletion), shards: Vec::new() }))],
        ..Row::default()
    });
    let row =
        prop_oneof![any_deletion().prop_map(|deletion| Row { deletion: Some(deletion), ..Row::default() }), deleted];
    let parts = (
        any_partition_key(),
        prop::option::weighted(0.1, any_deletion()),
        prop::collection::vec((any_slice(shape), any_deletion()), 0..2),
        prop::collection::vec((any_prefix(columns), row), 0..2),
        prop::collection::vec(update, 0..4),
    );
    parts.prop_map(move |(key, deletion, ranges, rows, counters)| Mutation {
        table: storage,
        key,
        deletion,
        ranges,
        static_row: Row::default(),
        rows,
        counters,
    })
}
