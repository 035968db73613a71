//! The threads of a store on disk: one makes files of memtables, one merges files, one forces the journal to the medium.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::core::Core;
use crate::store::StoreError;

/// How many files may wait to be merged: each is one more where a key is looked for.
const UNMERGED_MAX: usize = 16;

/// The running threads. They end when this is dropped.
pub(super) struct Background {
    core: Arc<Core>,
    /// Dropped, it ends the last one.
    syncs: Option<SyncSender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts them. `sync` is how often the journal is forced to the medium, unless each commit does.
    pub(super) fn start(core: Arc<Core>, sync: Option<Duration>) -> Result<Self, StoreError> {
        let mut background = Background { core, syncs: None, threads: Vec::new() };
        background.spawn("quorate-files", make_files)?;
        background.spawn("quorate-merge", merge_files)?;
        if let Some(every) = sync {
            let (syncs, stopped) = sync_channel::<()>(0);
            background.syncs = Some(syncs);
            background.spawn("quorate-sync", move |core| {
                let is_earlier_synced = core.sync_earlier();
                log(is_earlier_synced);
                let mut synced = 0;
                while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) && core.check().is_ok() {
                    let written = core.writing.lock().sequence;
                    if written != synced {
                        log(core.sync());
                        synced = written;
                    }
                }
            })?;
        }
        Ok(background)
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce(&Core) + Send + 'static) -> Result<(), StoreError> {
        let core = self.core.clone();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || run(&core))?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.syncs.take();
        self.core.pace.stop();
        for thread in self.threads.drain(..) {
            // it cannot be told to anyone that it panicked, which would have been seen anyway
            let _ = thread.join();
        }
    }
}

fn make_files(core: &Core) {
    while core.pace.begin_file() {
        while core.tree.unmerged() >= UNMERGED_MAX && core.check().is_ok() {
            if !core.pace.wait_for_merge() {
                return;
            }
        }
        // A failure has been told of, and ends all writing.
        let _ = core.make_file();
        core.pace.end_file();
    }
}

fn merge_files(core: &Core) {
    while core.pace.begin_merge() {
        while matches!(core.merge(), Ok(true)) && !core.pace.is_stopping() {
            core.pace.merged();
        }
        core.pace.merged();
    }
}

fn log(result: Result<(), StoreError>) {
    if let Err(error) = result {
        tracing::error!(%error, "the store's journal could not be forced to the disk");
    }
}
