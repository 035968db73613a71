//! What writers, readers and the background of a store on disk share.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

use super::journal::{self, Journal};
use super::layers::{Frozen, Layers, Readers};
use super::memtable::{Memtable, Sequence};
use super::pace::Pace;
use super::tree::{Moment, Tree};
use crate::store::StoreError;
use crate::store::storage::Change;

/// How much is gathered in memory before it becomes a file.
pub(super) const MEMTABLE_BYTES: usize = 16 << 20;

/// How much of the journal there is for it at most: what is read when a killed process starts again.
const JOURNAL_BYTES: u64 = 8 << 20;

/// How much is kept from the journal's file until a commit.
const RECORDS_BYTES: usize = 1 << 20;

/// A journal that is shorter is left to the next start, which reads it in a few milliseconds.
const SHORT_JOURNAL_BYTES: u64 = 256 << 10;
const SHORT_JOURNAL_FILES: usize = 4;

/// Locks are taken in the order of the fields.
pub(super) struct Core {
    output: Mutex<Output>,
    pub(super) writing: Mutex<Writing>,
    pub(super) layers: RwLock<Layers>,
    pub(super) tree: Tree,
    pub(super) pace: Pace,
    failed: AtomicBool,
}

/// Where records go.
struct Output {
    journal: Journal,
    /// Those on their way.
    records: Vec<u8>,
}

/// What one writer at a time has.
#[derive(Default)]
pub(super) struct Writing {
    /// The number of the last write.
    pub(super) sequence: Sequence,
    /// Who reads older states of the memtables, and of the tree.
    pub(super) readers: Readers,
    pub(super) moments: BTreeMap<Moment, usize>,
    /// Written and not in the journal's file yet.
    records: Vec<u8>,
    /// How long the journal of the active memtable is.
    journal_bytes: u64,
}

impl Core {
    /// # Errors
    /// Of the disk; `Corrupt` where what is found is not what this wrote.
    pub(super) fn open(tree: &Path, journal: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let tree = Tree::open(tree, cache_bytes)?;
        let mut writing = Writing::default();
        let memtable = Memtable::default();
        let journal = Journal::open(journal, |changes| {
            writing.sequence += 1;
            writing.journal_bytes += journal::length(&changes);
            memtable.write(changes, writing.sequence, &writing.readers);
        })?;
        Ok(Core {
            output: Mutex::new(Output { journal, records: Vec::new() }),
            writing: Mutex::new(writing),
            layers: RwLock::new(Layers { active: Arc::new(memtable), frozen: Vec::new() }),
            tree,
            pace: Pace::default(),
            failed: AtomicBool::new(false),
        })
    }

    pub(super) fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.check()?;
        let mut writing = self.writing.lock();
        let before = writing.records.len();
        journal::append(&changes, &mut writing.records)?;
        let pending = writing.records.len();
        writing.journal_bytes += (pending - before) as u64;
        writing.sequence += 1;
        let active = self.layers.read().active.clone();
        let changes = changes.into_iter().map(|Change { key, value }| (Bytes::from(key), value.map(Bytes::from)));
        active.write(changes, writing.sequence, &writing.readers);
        let is_full = active.bytes() > MEMTABLE_BYTES || writing.journal_bytes > JOURNAL_BYTES;
        drop(writing);
        if pending > RECORDS_BYTES {
            self.flush()?;
        }
        if is_full {
            self.pace.wants_file(active.bytes() > 2 * MEMTABLE_BYTES);
        }
        Ok(())
    }

    /// Hands all records to the operating system.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.check()?;
        self.watch(self.write_records(&mut self.output.lock()))
    }

    /// Forces all records to the medium. Others write meanwhile.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.check()?;
        let mut output = self.output.lock();
        self.watch(self.write_records(&mut output))?;
        let file = output.journal.file();
        drop(output);
        self.watch(file.map_or(Ok(()), |file| file.sync_data()).map_err(StoreError::from))
    }

    /// As [`sync`](Self::sync), for what an earlier process wrote.
    pub(super) fn sync_earlier(&self) -> Result<(), StoreError> {
        let files = self.output.lock().journal.earlier().to_vec();
        files.iter().try_for_each(|file| journal::sync(file))
    }

    /// Whether there is more than a moment's work for the next start.
    pub(super) fn has_long_journal(&self) -> bool {
        let files = self.output.lock().journal.file_count();
        files > SHORT_JOURNAL_FILES || self.writing.lock().journal_bytes > SHORT_JOURNAL_BYTES
    }

    /// Begins another memtable and another file of the journal, and makes a file of the tree of what was written so far.
    pub(super) fn make_file(&self) -> Result<(), StoreError> {
        self.check()?;
        // Most of it now, so that nobody waits long while the rest is forced to the medium.
        self.sync()?;
        self.watch(self.freeze().and_then(|()| self.add_frozen()))
    }

    fn freeze(&self) -> Result<(), StoreError> {
        let mut output = self.output.lock();
        let Output { journal, records } = &mut *output;
        let mut writing = self.writing.lock();
        std::mem::swap(records, &mut writing.records);
        writing.journal_bytes = 0;
        let mut layers = self.layers.write();
        let frozen = Arc::new(Frozen { memtable: std::mem::take(&mut layers.active), journal: OnceLock::new() });
        layers.frozen.push(frozen.clone());
        drop(layers);
        drop(writing);
        let written = journal.write(records);
        records.clear();
        // Nobody else does.
        let _ = frozen.journal.set(written.and_then(|()| journal.rotate())?);
        Ok(())
    }

    fn add_frozen(&self) -> Result<(), StoreError> {
        loop {
            let Some(frozen) = self.layers.read().frozen.first().cloned() else { return Ok(()) };
            if !frozen.memtable.is_empty() {
                self.tree.add(&frozen.memtable, self.needed())?;
            }
            self.layers.write().frozen.remove(0);
            let mut directory = None;
            for file in frozen.journal.get().into_iter().flatten() {
                fs::remove_file(file)?;
                directory = file.parent();
            }
            // If they came back after a loss of power, they would hide what was written later.
            if let Some(directory) = directory {
                File::open(directory)?.sync_all()?;
            }
        }
    }

    /// Merges files, as far as that is due. False: it was not.
    pub(super) fn merge(&self) -> Result<bool, StoreError> {
        self.check()?;
        self.watch(self.tree.merge(self.needed()))
    }

    /// The oldest state of the tree that is still read, or can be from now on.
    fn needed(&self) -> Moment {
        let writing = self.writing.lock();
        writing.moments.first_key_value().map_or_else(|| self.tree.now(), |(moment, _)| *moment)
    }

    fn write_records(&self, output: &mut Output) -> Result<(), StoreError> {
        output.records.clear();
        std::mem::swap(&mut output.records, &mut self.writing.lock().records);
        output.journal.write(&output.records)
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Acquire) { Err(StoreError::ReadOnly) } else { Ok(()) }
    }

    /// What did not reach the disk once may be missing from it for ever, whatever a later attempt says (fsync tells of an
    /// error only once): nothing more is written until the store is opened again, which reads what did arrive.
    fn watch<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.inspect_err(|error| {
            if !self.failed.swap(true, Ordering::AcqRel) {
                tracing::error!(%error, "a write to the store's disk failed: no further one is taken");
            }
        })
    }
}
