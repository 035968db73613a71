//! Storage on disk: one log-structured tree of the `fjall` crate, whose journal makes writes survive.
//!
//! A directory holds `lock`, which says that a process has it open, and `rows`, which is fjall's.

use std::fs::{self, File, TryLockError};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use fjall::config::PinningPolicy;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};

use super::{Change, Read, Scan, Storage};
use crate::store::StoreError;
use crate::store::options::{StoreOptions, SyncMode};

/// How much is gathered in memory before it is sorted into a file.
const MEMTABLE_BYTES: u64 = 4 << 20;

/// How many such may wait to be written to files before writers wait for it.
const WAITING_MEMTABLES: usize = 3;

/// How long a writer sleeps before it looks again, and how often it does: a background that has failed never makes room.
const WAIT: Duration = Duration::from_millis(1);
const WAITS: u32 = 1000;

/// One thread makes files of what is in memory and merges them. Of several, fjall keeps one from merging, and that one spins
/// while there is something to merge: a fifth of all processor time under a steady load of writes. But a single one could wait
/// for itself if fjall were to ask it to begin a new memtable (for each write, until it does), so the store does that.
const BACKGROUND_THREADS: usize = 1;
const NEVER: u64 = u64::MAX;

/// How much of the journal is kept at most, and so read when the store is opened. The least that fjall allows.
const JOURNAL_BYTES: u64 = 64 << 20;

/// The largest key that fjall can look for, in bytes. No stored one is longer, and it panics at longer ones.
const KEY_LENGTH_MAX: usize = u16::MAX as usize;

/// Rows on disk. When dropped, the background stops and the directory is free again.
pub(in crate::store) struct DiskStorage {
    database: Database,
    entries: Keyspace,
    /// Written since the last memtable began, in bytes.
    gathered: AtomicU64,
    journal: Journal,
    syncer: Option<Syncer>,
    /// Held, so that no other process opens the directory.
    _lock: File,
}

impl std::fmt::Debug for DiskStorage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiskStorage").field("directory", &self.journal.directory).finish_non_exhaustive()
    }
}

impl DiskStorage {
    pub(in crate::store) fn open(directory: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        fs::create_dir_all(directory)?;
        let lock = File::options().create(true).truncate(false).write(true).open(directory.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::Locked,
            TryLockError::Error(error) => error.into(),
        })?;
        let directory = directory.join("rows");
        remove_unfinished(&directory)?;
        let database = Database::builder(&directory)
            .cache_size(options.cache_bytes)
            .worker_threads(BACKGROUND_THREADS)
            .manual_journal_persist(true)
            .max_journaling_size(JOURNAL_BYTES)
            .open()?;
        let entries = database.keyspace("rows", tree_options)?;
        let journal = Journal { database: database.clone(), directory, failed: Arc::default() };
        let syncer = match options.sync {
            SyncMode::Batch => None,
            SyncMode::Periodic(every) => Some(Syncer::start(journal.clone(), every)?),
        };
        Ok(DiskStorage { database, entries, gathered: AtomicU64::new(0), journal, syncer, _lock: lock })
    }
}

impl DiskStorage {
    /// Holds a writer up while the background has not kept up. Left to itself, fjall would let memory grow instead.
    fn wait_for_room(&self) {
        for _ in 0..WAITS {
            if self.entries.sealed_memtable_count() < WAITING_MEMTABLES {
                break;
            }
            std::thread::sleep(WAIT);
        }
    }
}

/// Where a key is, and whether it is anywhere, is always known from memory: three bytes or so for each row. Read from the disk
/// for each look, filters of half a megabyte would push all else out of the cache.
fn tree_options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .manual_journal_persist(true)
        .max_memtable_size(NEVER)
        .filter_block_pinning_policy(PinningPolicy::all(true))
        .index_block_pinning_policy(PinningPolicy::all(true))
}

/// A process that dies while fjall makes its files for the first time leaves some that fjall would not take over: a journal
/// that holds nothing yet, and no keyspaces. The marker of the version is made last. Where it is missing beside anything
/// more, it was lost, and nothing is removed.
fn remove_unfinished(directory: &Path) -> Result<(), StoreError> {
    if !directory.try_exists()? || directory.join("version").try_exists()? {
        return Ok(());
    }
    if holds_anything(directory)? {
        return Err(StoreError::corrupt("the marker of its version is missing beside rows"));
    }
    fs::remove_dir_all(directory)?;
    Ok(())
}

/// Whether a directory of fjall's holds more than what it begins with: an empty folder, and files of zeros.
fn holds_anything(directory: &Path) -> Result<bool, StoreError> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let holds = match entry.file_type()? {
            kind if kind.is_dir() => fs::read_dir(entry.path())?.next().is_some(),
            _ => has_content(&entry.path())?,
        };
        if holds {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a file has a byte that is not zero: a journal's room is reserved before anything is written to it.
fn has_content(path: &Path) -> Result<bool, StoreError> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(false),
            length if buffer.iter().take(length).any(|byte| *byte != 0) => return Ok(true),
            _ => {}
        }
    }
}

impl Storage for DiskStorage {
    fn view(&self) -> Box<dyn Read + Send + Sync + '_> {
        Box::new(DiskView { entries: &self.entries, snapshot: self.database.snapshot() })
    }

    fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.journal.check()?;
        let mut batch = self.database.batch();
        let length = |change: &Change| change.key.len() + change.value.as_ref().map_or(0, Vec::len);
        let written: usize = changes.iter().map(length).sum();
        for Change { key, value } in changes {
            match value {
                Some(value) => batch.insert(&self.entries, Bytes::from(key), Bytes::from(value)),
                None => batch.remove(&self.entries, Bytes::from(key)),
            }
        }
        self.journal.watch(batch.commit())?;
        if self.gathered.fetch_add(written as u64, Ordering::Relaxed) + written as u64 > MEMTABLE_BYTES {
            self.gathered.store(0, Ordering::Relaxed);
            self.entries.rotate_memtable()?;
            self.wait_for_room();
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.journal.check()?;
        self.journal.watch(self.database.persist(PersistMode::Buffer))
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.journal.check()?;
        self.journal.sync()
    }
}

impl Read for DiskStorage {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        if key.len() > KEY_LENGTH_MAX {
            return Ok(None);
        }
        Ok(self.entries.get(key)?.map(Bytes::from))
    }

    fn scan(&self, start: &[u8], end: &[u8], reversed: bool) -> Scan {
        let (start, end) = (bounded(start), bounded(end));
        if start >= end { nothing() } else { scan(self.entries.range(start..end), reversed) }
    }
}

struct DiskView<'a> {
    entries: &'a Keyspace,
    snapshot: Snapshot,
}

impl Read for DiskView<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        if key.len() > KEY_LENGTH_MAX {
            return Ok(None);
        }
        Ok(self.snapshot.get(self.entries, key)?.map(Bytes::from))
    }

    fn scan(&self, start: &[u8], end: &[u8], reversed: bool) -> Scan {
        let (start, end) = (bounded(start), bounded(end));
        if start >= end { nothing() } else { scan(self.snapshot.range(self.entries, start..end), reversed) }
    }
}

/// An end of a range at the same place among all keys that are stored, none of which is as long.
fn bounded(end: &[u8]) -> &[u8] {
    end.get(..KEY_LENGTH_MAX).unwrap_or(end)
}

/// fjall asks for ends in their order.
fn nothing() -> Scan {
    Box::new(std::iter::empty())
}

fn scan(entries: fjall::Iter, reversed: bool) -> Scan {
    let entry = |guard: fjall::Guard| {
        let (key, value) = guard.into_inner()?;
        Ok((Bytes::from(key), Bytes::from(value)))
    };
    if reversed { Box::new(entries.rev().map(entry)) } else { Box::new(entries.map(entry)) }
}

/// The files of fjall's journal, and whether writing to them has ever failed.
#[derive(Clone)]
struct Journal {
    database: Database,
    directory: PathBuf,
    failed: Arc<AtomicBool>,
}

impl Journal {
    fn check(&self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Acquire) { Err(StoreError::ReadOnly) } else { Ok(()) }
    }

    /// What did not reach the journal once may be missing from it for ever, whatever a later attempt says (fsync tells of an
    /// error only once): nothing more is written until the store is opened again, which reads what did arrive.
    fn watch(&self, result: Result<(), fjall::Error>) -> Result<(), StoreError> {
        result.map_err(|error| {
            self.failed.store(true, Ordering::Release);
            error.into()
        })
    }

    /// Forces the journal to the medium. fjall would hold up all writes meanwhile, so the files are opened once more.
    fn sync(&self) -> Result<(), StoreError> {
        let sync = || {
            for file in fs::read_dir(&self.directory)? {
                let path = file?.path();
                if path.extension().is_some_and(|extension| extension == "jnl") {
                    match File::options().write(true).open(&path) {
                        Ok(file) => file.sync_data()?,
                        // what it held is in the tree by now
                        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Ok(())
        };
        self.watch(self.database.persist(PersistMode::Buffer))?;
        self.watch(sync().map_err(fjall::Error::Io))
    }
}

/// Forces the journal to the medium every now and then.
struct Syncer {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    fn start(journal: Journal, every: Duration) -> Result<Self, StoreError> {
        let (stop, stopped) = sync_channel::<()>(0);
        let run = move || {
            let mut synced = journal.database.seqno();
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let written = journal.database.seqno();
                if written == synced || journal.check().is_err() {
                    continue;
                }
                match journal.sync() {
                    Ok(()) => synced = written,
                    Err(error) => tracing::error!(%error, "the store's journal could not be forced to the disk"),
                }
            }
        };
        let thread = std::thread::Builder::new().name("quorate-sync".to_owned()).spawn(run)?;
        Ok(Syncer { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // it cannot be told to anyone that it panicked, which would have been seen anyway
            let _ = thread.join();
        }
    }
}

impl Drop for DiskStorage {
    fn drop(&mut self) {
        self.syncer.take();
        if self.journal.check().is_ok()
            && let Err(error) = self.journal.sync()
        {
            tracing::error!(%error, "the store's journal could not be forced to the disk");
        }
    }
}

impl From<fjall::Error> for StoreError {
    fn from(error: fjall::Error) -> Self {
        match error {
            fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => error.into(),
            fjall::Error::Locked => StoreError::Locked,
            fjall::Error::Poisoned => StoreError::ReadOnly,
            other => StoreError::Corrupt(other.to_string().into()),
        }
    }
}
