//! Storage on disk: a memtable with a journal, which makes writes survive, above a log-structured tree of the `lsm-tree` crate.
//!
//! A directory holds `lock`, which says that a process has it open, `journal`, and `rows`, which is the tree's.

mod background;
mod core;
mod journal;
mod layers;
mod memtable;
mod pace;
mod tree;

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use self::background::Background;
use self::core::Core;
use self::layers::Snapshot;
use super::{Change, Read, Scan, Storage};
use crate::store::StoreError;
use crate::store::options::{StoreOptions, SyncMode};

/// The largest key that the tree takes, in bytes. No stored one is longer, and it panics at longer ones.
const KEY_LENGTH_MAX: usize = u16::MAX as usize;

/// Which state of the tree the latest is.
const LATEST: u64 = u64::MAX;

/// Rows on disk. When dropped, the background stops and the directory is free again.
pub(in crate::store) struct DiskStorage {
    core: Arc<Core>,
    background: Option<Background>,
    /// Held, so that no other process opens the directory.
    _lock: File,
}

impl std::fmt::Debug for DiskStorage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiskStorage").finish_non_exhaustive()
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
        let (tree, journal) = (directory.join("rows"), directory.join("journal"));
        check(&tree, &journal)?;
        let is_new = !journal.try_exists()?;
        let core = Arc::new(Core::open(&tree, &journal, options.cache_bytes)?);
        if is_new {
            // The directories themselves survive a loss of power.
            let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
            [Some(directory), parent].into_iter().flatten().try_for_each(|path| File::open(path)?.sync_all())?;
        }
        let sync = match options.sync {
            SyncMode::Batch => None,
            SyncMode::Periodic(every) => Some(every),
        };
        let background = Some(Background::start(core.clone(), sync)?);
        core.pace.wants_merge();
        Ok(DiskStorage { core, background, _lock: lock })
    }

    /// Leaves little for the next start to do.
    fn settle(&self) -> Result<(), StoreError> {
        self.core.sync()?;
        if self.core.has_long_journal() { self.core.make_file() } else { Ok(()) }
    }
}

/// A process that dies while it makes a directory leaves an empty tree without the file that says which files belong to it,
/// and one is made anew. Where there is anything more, that file was lost.
fn check(tree: &Path, journal: &Path) -> Result<(), StoreError> {
    if tree.join("version").try_exists()? {
        return Err(StoreError::Version { found: 1, supported: crate::store::meta::FORMAT });
    }
    if !tree.join("current").try_exists()? && (holds_anything(&tree.join("tables"))? || holds_anything(journal)?) {
        return Err(StoreError::corrupt("the list of its files is missing beside rows"));
    }
    Ok(())
}

fn holds_anything(directory: &Path) -> Result<bool, StoreError> {
    Ok(directory.try_exists()? && fs::read_dir(directory)?.next().is_some())
}

impl Storage for DiskStorage {
    fn view(&self) -> Box<dyn Read + Send + Sync + '_> {
        Box::new(Snapshot::open(&self.core))
    }

    fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.core.write(changes)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.core.flush()
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.core.sync()
    }

    fn is_behind(&self) -> bool {
        self.core.pace.is_behind()
    }

    fn has_failed(&self) -> bool {
        self.core.check().is_err()
    }
}

impl Read for DiskStorage {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        if key.len() > KEY_LENGTH_MAX {
            return Ok(None);
        }
        // What leaves the memtables is in the tree by then.
        let known = self.core.layers.read().get(key);
        known.map_or_else(|| self.core.tree.get(key, LATEST), Ok)
    }

    fn scan(&self, start: &[u8], end: &[u8], reversed: bool) -> Scan {
        Snapshot::open(&self.core).scan(start, end, reversed)
    }
}

/// An end of a range at the same place among all keys that are stored, none of which is as long.
fn bounded(end: &[u8]) -> &[u8] {
    end.get(..KEY_LENGTH_MAX).unwrap_or(end)
}

impl Drop for DiskStorage {
    fn drop(&mut self) {
        self.background.take();
        if self.core.check().is_ok()
            && let Err(error) = self.settle()
        {
            tracing::error!(%error, "the store's journal could not be forced to the disk");
        }
    }
}
