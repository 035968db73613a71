//! What is forgotten, and that nothing comes back by it.

use proptest::prelude::*;

use super::*;
use crate::store::arbitrary::{any_mutation, any_partition_key, any_shape};
use crate::store::cell::{Deletion, Expiry};
use crate::store::clustering::Slice;
use crate::store::table::TokenRange;

const NOW: i64 = 1000;

/// A pass in steps of a few entries.
fn purge(store: &Store, shape: &TableShape, now_seconds: i64, budget: usize) {
    while !store.purge_some(shape, now_seconds, budget).unwrap().finished {}
}

fn entries(store: &Store) -> usize {
    let (start, end) = crate::store::key::table(shape().storage);
    store.storage().scan(&start, &end, false).count()
}

/// What a reader sees at a second.
fn live(store: &Store, shape: &TableShape, key: &PartitionKey, now_seconds: i64) -> Vec<(Clustering, Vec<ColumnId>)> {
    let found = rows(store.partition(shape, key, &[], false).unwrap());
    let found = found.into_iter().filter(|(_, row)| row.is_live(now_seconds));
    let live_columns =
        |row: Row| row.columns.into_iter().filter(|(_, data)| data.is_live(now_seconds)).map(|(id, _)| id).collect();
    found.map(|(clustering, row)| (clustering, live_columns(row))).collect()
}

#[test]
fn nothing_is_left_of_what_was_deleted_long_ago() {
    let store = Store::in_memory();
    let old = Deletion { timestamp: 10, deleted_at_seconds: NOW - 200 };
    for number in 0..200 {
        apply(&store, &insert("partition", number, "value", 1));
        apply(&store, &insert("range", number, "value", 1));
        apply(&store, &insert("row", number, "value", 1));
    }
    apply(&store, &Mutation { deletion: Some(old), ..mutation("partition") });
    apply(&store, &Mutation { ranges: vec![(Slice::default(), old)], ..mutation("range") });
    let gone = Row { deletion: Some(old), ..Row::default() };
    let rows = (0..200).map(|number| (clustering(number), gone.clone())).collect();
    apply(&store, &Mutation { rows, ..mutation("row") });
    purge(&store, &shape(), NOW, 7);
    assert_eq!(entries(&store), 0);
}

#[test]
fn what_was_deleted_lately_is_kept() {
    let store = Store::in_memory();
    let lately = Deletion { timestamp: 10, deleted_at_seconds: NOW - 50 };
    apply(&store, &Mutation { deletion: Some(lately), ..mutation("k") });
    purge(&store, &shape(), NOW, 100);
    // an old write that arrives late is still covered
    apply(&store, &insert("k", 1, "late", 9));
    assert_eq!(all_rows(&store, "k"), []);
}

#[test]
fn a_deletion_that_arrives_during_a_pass_is_not_forgotten_by_it() {
    let store = Store::in_memory();
    for number in 0..100 {
        apply(&store, &insert("k", number, "value", 1));
    }
    assert!(!store.purge_some(&shape(), NOW, 50).unwrap().finished);
    let old = Deletion { timestamp: 10, deleted_at_seconds: 0 };
    apply(&store, &Mutation { deletion: Some(old), ..mutation("k") });
    purge(&store, &shape(), NOW, 50);
    assert_eq!(all_rows(&store, "k"), [], "rows that were passed before the deletion came are back");
    purge(&store, &shape(), NOW, 50);
    assert_eq!(entries(&store), 0);
}

#[test]
fn expired_values_are_forgotten_when_their_row_is_written() {
    let store = Store::in_memory();
    let mut write = insert("k", 1, "value", 1);
    let expiry = Some(Expiry { ttl_seconds: 10, at_seconds: 20 });
    if let ColumnData::Simple(Cell { content: Content::Value { expiry: of_cell, .. }, .. }) =
        &mut write.rows[0].1.columns[0].1
    {
        *of_cell = expiry;
    }
    apply(&store, &write);
    let marker = Row { liveness: Some(Liveness { timestamp: 2, expiry: None }), ..Row::default() };
    let again = Mutation { rows: vec![(clustering(1), marker)], ..mutation("k") };
    store.apply(&[(&shape(), &again)], 19).unwrap();
    assert_eq!(all_rows(&store, "k")[0].1.columns.len(), 1);
    store
        .apply(
            &[(
                &shape(),
                &Mutation {
                    rows: vec![(
                        clustering(1),
                        Row { liveness: Some(Liveness { timestamp: 3, expiry: None }), ..Row::default() },
                    )],
                    ..mutation("k")
                },
            )],
            NOW,
        )
        .unwrap();
    assert_eq!(all_rows(&store, "k")[0].1.columns.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// A pass changes nothing of what is seen, at its second or later, and leaves nothing that is covered.
    #[test]
    fn purging_changes_nothing_that_is_seen(
        (shape, mutations) in any_shape().prop_flat_map(|shape| {
            let mutations = prop::collection::vec(any_mutation(&shape), 1..12);
            (Just(shape), mutations)
        }),
        key in any_partition_key(),
        gc_grace_seconds in 0..12_u32,
        budget in 1..10_usize,
    ) {
        let store = Store::in_memory();
        for mutation in &mutations {
            store.apply(&[(&shape, mutation)], 0).unwrap();
        }
        let shape = TableShape { gc_grace_seconds, ..shape };
        let before = [11, 12, 13].map(|now| live(&store, &shape, &key, now));
        purge(&store, &shape, 11, budget);
        prop_assert_eq!(&before, &[11, 12, 13].map(|now| live(&store, &shape, &key, now)));
        // whatever could be forgotten by then is
        let forgotten = TableShape { gc_grace_seconds: 0, ..shape };
        purge(&store, &forgotten, 1000, budget);
        let mut scan = store.scan(&forgotten, TokenRange::ALL, None).unwrap();
        while let Some((_, _, reader)) = scan.next_partition().unwrap() {
            prop_assert!(reader.deletion().is_none());
            prop_assert!(rows(reader).iter().all(|(_, row)| row.is_live(1000) && row.deletion.is_none()));
        }
    }
}
