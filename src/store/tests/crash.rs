//! What was committed survives; what was not is there whole or not at all; a disk that fails is told of.

use proptest::prelude::*;

use super::*;
use crate::store::cell::Deletion;
use crate::store::clustering::{Bound, Slice};
use crate::store::storage::faulty::FaultyStorage;
use crate::store::table::TokenRange;
use crate::store::{StoreError, StoreOptions, SyncMode};

fn over(storage: &FaultyStorage) -> Result<Store, StoreError> {
    Store::over(Box::new(storage.clone()), &StoreOptions::default())
}

/// Batches that each write the same text to two partitions and delete a third one; every third batch is committed.
fn write_until_it_fails(store: &Store) -> (usize, usize) {
    let shape = shape();
    let (mut applied, mut committed) = (0, 0);
    for batch in 0..20 {
        let text = batch.to_string();
        let deletion = Some(Deletion { timestamp: batch, deleted_at_seconds: 0 });
        let gone = Mutation { deletion, ..mutation("gone") };
        let writes = [insert("left", 0, &text, batch + 1), insert("right", 0, &text, batch + 1), gone];
        if store.apply(&writes.each_ref().map(|write| (&shape, write)), 0).is_err() {
            break;
        }
        applied += 1;
        if batch % 3 == 0 {
            if store.commit().is_err() {
                break;
            }
            committed = applied;
        }
    }
    (applied, committed)
}

fn text(store: &Store, name: &str) -> Option<usize> {
    let found = all_rows(store, name);
    let (_, row) = found.first()?;
    match row.column(ColumnId(1))? {
        ColumnData::Simple(cell) => std::str::from_utf8(cell.live(0)?).ok()?.parse().ok(),
        _ => None,
    }
}

proptest! {
    #[test]
    fn what_was_committed_survives_whole(fail_after in 2..40_u32, torn: bool) {
        let storage = FaultyStorage::default();
        let store = over(&storage).unwrap();
        {
            let mut faults = storage.faults.lock();
            (faults.fail_after, faults.torn) = (Some(fail_after), torn);
        }
        let (applied, committed) = write_until_it_fails(&store);
        // what was written can still be read, and nothing more is written
        if applied > 0 {
            prop_assert_eq!(text(&store, "left"), Some(applied - 1));
        }
        let survivor = over(&storage.after_crash()).unwrap();
        let (left, right) = (text(&survivor, "left"), text(&survivor, "right"));
        prop_assert_eq!(left, right, "a batch was torn");
        let batches = left.map_or(0, |last| last + 1);
        prop_assert!((committed..=applied).contains(&batches), "{} of {} committed, {} there", committed, applied, batches);
        // a header is found only if its table is noted to have headers
        let deletion = survivor.partition(&shape(), &key("gone"), &[], false).unwrap().deletion();
        prop_assert_eq!(deletion.map(|deletion| deletion.timestamp), left.map(|last| last as i64));
    }
}

#[test]
fn a_full_disk_is_told_of_and_leaves_the_store_readable() {
    let storage = FaultyStorage::default();
    let store = over(&storage).unwrap();
    apply(&store, &insert("k", 1, "value", 1));
    storage.faults.lock().fail_after = Some(0);
    assert!(matches!(store.commit(), Err(StoreError::Full)));
    assert!(matches!(store.commit(), Err(StoreError::ReadOnly)));
    let write = insert("k", 2, "value", 1);
    assert!(matches!(store.apply(&[(&shape(), &write)], 0), Err(StoreError::ReadOnly)));
    assert_eq!(all_rows(&store, "k").len(), 1);
}

#[test]
fn a_directory_is_opened_once() {
    let directory = tempfile::tempdir().unwrap();
    let options = StoreOptions::default();
    let store = Store::open(directory.path(), &options).unwrap();
    assert!(matches!(Store::open(directory.path(), &options), Err(StoreError::Locked)));
    drop(store);
    Store::open(directory.path(), &options).unwrap();
}

#[test]
fn another_version_of_the_format_is_refused() {
    let storage = FaultyStorage::default();
    let store = over(&storage).unwrap();
    let format = crate::store::key::record(0, b"format");
    store.write(vec![crate::store::Change { key: format, value: Some(vec![0, 0, 0, 9]) }]).unwrap();
    assert!(matches!(over(&storage), Err(StoreError::Version { found: 9, supported: 2 })));
}

#[test]
fn damaged_rows_are_told_of() {
    let store = Store::in_memory();
    apply(&store, &insert("k", 1, "value", 1));
    let (start, end) = crate::store::key::table(shape().storage);
    let (row, _) = store.storage().scan(&start, &end, false).next().unwrap().unwrap();
    store.write(vec![crate::store::Change { key: row.to_vec(), value: Some(vec![0xFF; 9]) }]).unwrap();
    let mut reader = store.partition(&shape(), &key("k"), &[], false).unwrap();
    assert!(matches!(reader.next(), Err(StoreError::Corrupt(_))));
}

/// A process that was killed leaves its files as they were at the last commit. Here the directory is copied while the store
/// is open.
#[test]
fn a_directory_left_open_is_found_as_it_was_committed() {
    let (directory, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = StoreOptions { sync: SyncMode::Batch, ..StoreOptions::default() };
    let store = Store::open(directory.path(), &options).unwrap();
    for number in 0..100 {
        apply(&store, &insert("k", number, "value", 1));
    }
    store.put_record("schema", b"definition").unwrap();
    store.commit().unwrap();
    copy_directory(directory.path(), copy.path());
    let survivor = Store::open(copy.path(), &options).unwrap();
    assert_eq!(all_rows(&survivor, "k").len(), 100);
    assert_eq!(survivor.record("schema").unwrap().as_deref(), Some(&b"definition"[..]));
}

/// What a killed process leaves of a directory that it was making is made anew; anything more is not touched.
#[test]
fn only_an_unfinished_directory_is_made_anew() {
    let options = StoreOptions::default();
    let unfinished = tempfile::tempdir().unwrap();
    let rows = unfinished.path().join("rows");
    std::fs::create_dir_all(rows.join("tables")).unwrap();
    std::fs::write(rows.join("v0"), b"in part").unwrap();
    apply(&Store::open(unfinished.path(), &options).unwrap(), &insert("k", 1, "value", 1));
    let list = std::fs::read(rows.join("current")).unwrap();
    std::fs::remove_file(rows.join("current")).unwrap();
    assert!(matches!(Store::open(unfinished.path(), &options), Err(StoreError::Corrupt(_))));
    std::fs::write(rows.join("current"), list).unwrap();
    assert_eq!(all_rows(&Store::open(unfinished.path(), &options).unwrap(), "k").len(), 1);
}

#[test]
fn a_directory_of_the_first_format_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let rows = directory.path().join("rows");
    std::fs::create_dir_all(&rows).unwrap();
    std::fs::write(rows.join("version"), b"FJL\x03").unwrap();
    let refused = Store::open(directory.path(), &StoreOptions::default());
    assert!(matches!(refused, Err(StoreError::Version { found: 1, supported: 2 })));
}

#[test]
fn keys_that_are_too_long_are_refused_and_not_found() {
    let directory = tempfile::tempdir().unwrap();
    let on_disk = Store::open(directory.path(), &StoreOptions::default()).unwrap();
    let shape = TableShape { clustering: vec![(NativeType::Blob.into(), false)], ..shape() };
    let long = Clustering::from_iter([Bytes::from(vec![0; 70_000])]);
    let deletion = Deletion { timestamp: 1, deleted_at_seconds: 0 };
    for store in [&on_disk, &Store::in_memory()] {
        apply(store, &insert("k", 1, "value", 2));
        let behind = Slice { start: Some(Bound { prefix: long.clone(), inclusive: false }), end: None };
        let write = Mutation { ranges: vec![(behind.clone(), deletion)], ..mutation("k") };
        assert!(matches!(store.apply(&[(&shape, &write)], 0), Err(StoreError::KeyLength { .. })));
        for (slice, count) in [(behind, 1), (Slice::of_prefix(long.clone()), 0)] {
            let reader = store.partition(&shape, &key("k"), &[slice], false).unwrap();
            // what places an integer is a blob that is larger than any zeros
            assert_eq!(rows(reader).len(), count);
        }
    }
}

/// Whoever reads a table sees each partition as it was when it began.
#[test]
fn a_table_is_read_as_it_was_at_one_moment() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &StoreOptions::default()).unwrap();
    for number in 0..200 {
        apply(&store, &insert("k", number, "value", 1));
    }
    let mut partitions = store.scan(&shape(), TokenRange::ALL, None).unwrap();
    let (_, _, reader) = partitions.next_partition().unwrap().unwrap();
    apply(&store, &Mutation { rows: vec![(clustering(199), gone())], ..mutation("k") });
    apply(&store, &insert("k", 200, "value", 1));
    let found = rows(reader);
    assert_eq!(found.len(), 200);
    assert_eq!(all_rows(&store, "k").len(), 200);
    assert!(found.iter().any(|(place, _)| *place == clustering(199)));
}

fn gone() -> Row {
    Row { deletion: Some(Deletion { timestamp: 5, deleted_at_seconds: 0 }), ..Row::default() }
}

/// A write that reached the journal only in part is as if it had never been.
#[test]
fn a_torn_journal_loses_only_its_last_write() {
    let (directory, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = StoreOptions { sync: SyncMode::Batch, ..StoreOptions::default() };
    let store = Store::open(directory.path(), &options).unwrap();
    for number in 0..10 {
        apply(&store, &insert("k", number, "value", 1));
        store.commit().unwrap();
    }
    copy_directory(directory.path(), copy.path());
    let journal = copy.path().join("journal").join("00000001.jnl");
    let file = std::fs::File::options().write(true).open(&journal).unwrap();
    file.set_len(file.metadata().unwrap().len() - 3).unwrap();
    drop(file);
    let survivor = Store::open(copy.path(), &options).unwrap();
    assert_eq!(all_rows(&survivor, "k").len(), 9);
    apply(&survivor, &insert("k", 9, "again", 1));
    survivor.commit().unwrap();
    assert_eq!(all_rows(&survivor, "k").len(), 10);
}

fn copy_directory(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
