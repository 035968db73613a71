//! Whatever is written in whatever order, reads show what the reference shows.

use proptest::prelude::*;

use super::*;
use crate::store::arbitrary::{any_counter_mutation, any_mutation, any_partition_key, any_shape, any_slice};
use crate::store::clustering::Slice;
use crate::store::reference::Reference;
use crate::store::table::TokenRange;
use crate::store::{StoreOptions, SyncMode};

/// Some batches of writes, and questions about what is there then.
#[derive(Clone, Debug)]
struct Scenario {
    shape: TableShape,
    batches: Vec<Vec<Mutation>>,
    questions: Vec<(PartitionKey, Vec<Slice>, bool)>,
}

fn any_scenario(counters: bool) -> impl Strategy<Value = Scenario> {
    any_shape().prop_flat_map(move |shape| {
        let mutation = if counters { any_counter_mutation(&shape).boxed() } else { any_mutation(&shape).boxed() };
        let batches = prop::collection::vec(prop::collection::vec(mutation, 1..4), 1..8);
        let question = (any_partition_key(), prop::collection::vec(any_slice(&shape), 0..4), any::<bool>());
        let questions = prop::collection::vec(question, 1..8);
        (Just(shape), batches, questions).prop_map(|(shape, batches, questions)| Scenario { shape, batches, questions })
    })
}

fn check(store: &Store, scenario: &Scenario) -> Result<(), TestCaseError> {
    let shape = &scenario.shape;
    let mut reference = Reference::new(shape.clone(), StoreOptions::default().replica);
    for batch in &scenario.batches {
        let writes: Vec<_> = batch.iter().map(|mutation| (shape, mutation)).collect();
        store.apply(&writes, 0).unwrap();
        reference.apply(batch);
    }
    for (key, slices, reversed) in &scenario.questions {
        let mut reader = store.partition(shape, key, slices, *reversed).unwrap();
        let static_row = without_clocks(reader.static_row().unwrap());
        prop_assert_eq!(static_row, reference.static_row(key));
        let deletions = reader.deletion();
        let ranges: Vec<_> = std::iter::from_fn(|| reader.next_range_deletion().unwrap()).collect();
        prop_assert_eq!(shown(reader), reference.rows(key, slices, *reversed), "of {:?}", slices);
        // what another store is told is what this one was told
        let mut copy = Reference::new(shape.clone(), 0);
        let same = Mutation { table: shape.storage, key: key.clone(), deletion: deletions, ranges, ..mutation("") };
        copy.apply(&[same]);
        for clustering in reference.every_clustering() {
            prop_assert_eq!(copy.outer_deletion(key, &clustering), reference.outer_deletion(key, &clustering));
        }
    }
    check_scans(store, shape, &reference)
}

/// A scan shows every partition that has anything, in order, from wherever it begins.
fn check_scans(store: &Store, shape: &TableShape, reference: &Reference) -> Result<(), TestCaseError> {
    let keys = reference.keys();
    let something =
        |key: &PartitionKey| !reference.rows(key, &[], false).is_empty() || !reference.static_row(key).is_empty();
    for (place, (token, key)) in keys.iter().enumerate() {
        let expected: Vec<_> = keys[place + 1..].iter().filter(|(_, key)| something(key)).collect();
        let mut scan = store.scan(shape, TokenRange::ALL, Some((*token, key))).unwrap();
        let mut found = Vec::new();
        while let Some((token, key, mut reader)) = scan.next_partition().unwrap() {
            let static_row = without_clocks(reader.static_row().unwrap());
            prop_assert_eq!(&static_row, &reference.static_row(&key));
            let rows = shown(reader);
            prop_assert_eq!(&rows, &reference.rows(&key, &[], false));
            if !rows.is_empty() || !static_row.is_empty() {
                found.push((token, key));
            }
        }
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        let mut only = store.scan(shape, TokenRange { first: *token, last: *token }, None).unwrap();
        let tokens: Vec<_> = std::iter::from_fn(|| only.next_partition().unwrap()).map(|(token, ..)| token).collect();
        prop_assert!(tokens.iter().all(|found| found == token));
        prop_assert_eq!(!tokens.is_empty() || !something(key), true);
    }
    Ok(())
}

fn shown(reader: PartitionReader<'_>) -> Vec<(Clustering, Row)> {
    rows(reader).into_iter().map(|(clustering, row)| (clustering, without_clocks(row))).collect()
}

/// The clocks of counters are the store's own matter.
fn without_clocks(mut row: Row) -> Row {
    for (_, data) in &mut row.columns {
        if let ColumnData::Counter(data) = data {
            data.shards.iter_mut().for_each(|shard| shard.clock = 0);
        }
    }
    row
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn memory_shows_what_the_reference_shows(scenario in any_scenario(false)) {
        check(&Store::in_memory(), &scenario)?;
    }

    #[test]
    fn counters_count_as_the_reference_counts(scenario in any_scenario(true)) {
        check(&Store::in_memory(), &scenario)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_disk_shows_what_the_reference_shows(scenario in any_scenario(false)) {
        let directory = tempfile::tempdir().unwrap();
        let options = StoreOptions { sync: SyncMode::Batch, ..StoreOptions::default() };
        check(&Store::open(directory.path(), &options).unwrap(), &scenario)?;
        // and once more over what the first opening left, to which the same writes add nothing
        check(&Store::open(directory.path(), &options).unwrap(), &scenario)?;
    }
}

#[test]
fn a_large_partition_is_scanned_whole() {
    let store = Store::in_memory();
    for number in 0..1000 {
        apply(&store, &insert("large", number, "value", 1));
        apply(&store, &insert(&number.to_string(), 0, "small", 1));
    }
    let shape = shape();
    let mut scan = store.scan(&shape, TokenRange::ALL, None).unwrap();
    let mut count = 0;
    while let Some((_, found, reader)) = scan.next_partition().unwrap() {
        assert_eq!(rows(reader).len(), if found == key("large") { 1000 } else { 1 });
        count += 1;
    }
    assert_eq!(count, 1001);
}

#[test]
fn equal_keys_that_are_not_identical_are_one_row() {
    let shape = TableShape { clustering: vec![(NativeType::Decimal.into(), false)], ..shape() };
    let store = Store::in_memory();
    let decimal = |scale: i32, unscaled: u8| {
        Clustering::from_iter([Bytes::from([&scale.to_be_bytes()[..], &[unscaled]].concat())])
    };
    for clustering in [decimal(1, 10), decimal(0, 1)] {
        let row = insert("k", 0, "value", 1).rows.remove(0).1;
        store.apply(&[(&shape, &Mutation { rows: vec![(clustering, row)], ..mutation("k") })], 0).unwrap();
    }
    let found = rows(store.partition(&shape, &key("k"), &[], false).unwrap());
    assert_eq!(found.iter().map(|(clustering, _)| clustering.clone()).collect::<Vec<_>>(), [decimal(0, 1)]);
}

#[test]
fn a_removed_table_is_gone_bit_by_bit() {
    let store = Store::in_memory();
    for number in 0..3000 {
        apply(&store, &insert("k", number, "value", 1));
    }
    store.remove(shape().storage).unwrap();
    assert!(!store.reclaim(500).unwrap());
    assert!(store.reclaim(5000).unwrap());
    assert_eq!(all_rows(&store, "k"), []);
}

#[test]
fn records_are_kept_apart_from_rows() {
    let store = Store::in_memory();
    assert_eq!(store.record("schema").unwrap(), None);
    store.put_record("schema", b"one").unwrap();
    store.put_record("schema", b"two").unwrap();
    assert_eq!(store.record("schema").unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(all_rows(&store, "schema"), []);
}
