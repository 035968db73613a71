//! Storage whose disk fails when it is told to, and which forgets what was not made durable when the power goes.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::memory::MemoryStorage;
use super::{Change, Read, Scan, Storage};
use crate::store::StoreError;

/// Operations until one fails, and what a crash loses.
#[derive(Debug, Default)]
pub(in crate::store) struct Faults {
    /// How many writes and flushes succeed before one does not; for ever if absent.
    pub(in crate::store) fail_after: Option<u32>,
    /// How many changes of the failing write arrive all the same.
    pub(in crate::store) torn: bool,
    /// Batches that a flush has not reached yet.
    unflushed: Vec<Vec<Change>>,
    failed: bool,
}

/// Shares what it keeps with its clones, as files are shared by those who open them one after the other.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct FaultyStorage {
    /// What is seen.
    seen: Arc<MemoryStorage>,
    /// What has been flushed, and so survives.
    durable: Arc<MemoryStorage>,
    pub(in crate::store) faults: Arc<Mutex<Faults>>,
}

impl FaultyStorage {
    /// What is found after the process has died.
    pub(in crate::store) fn after_crash(&self) -> Self {
        let seen = Arc::new(MemoryStorage::default());
        let entries = self.durable.scan(&[], &[0xFF; 16], false);
        let changes = entries.map(|entry| {
            let (key, value) = entry.unwrap();
            Change { key: key.to_vec(), value: Some(value.to_vec()) }
        });
        seen.write(changes.collect()).unwrap();
        FaultyStorage { seen, durable: self.durable.clone(), faults: Arc::default() }
    }
}

impl Faults {
    fn step(&mut self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::ReadOnly);
        }
        match &mut self.fail_after {
            Some(0) => {
                self.failed = true;
                Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into())
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Storage for FaultyStorage {
    fn view(&self) -> Box<dyn Read + Send + Sync + '_> {
        self.seen.view()
    }

    fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut faults = self.faults.lock();
        faults.step()?;
        faults.unflushed.push(changes.clone());
        self.seen.write(changes)
    }

    fn flush(&self) -> Result<(), StoreError> {
        let mut faults = self.faults.lock();
        let result = faults.step();
        let batches = std::mem::take(&mut faults.unflushed);
        let arriving = match &result {
            Ok(()) => batches.len(),
            // of a flush that fails some whole batches may have arrived
            Err(_) if faults.torn => batches.len() / 2,
            Err(_) => 0,
        };
        for batch in batches.into_iter().take(arriving) {
            self.durable.write(batch)?;
        }
        result
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Read for FaultyStorage {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.seen.get(key)
    }

    fn scan(&self, start: &[u8], end: &[u8], reversed: bool) -> Scan {
        self.seen.scan(start, end, reversed)
    }
}
