//! A pass over a table that forgets what may be forgotten, a little at a time.

use super::Horizon;
use crate::store::codec::{Header, decode_row, encode_row};
use crate::store::key::{self, PartitionPrefix};
use crate::store::lock::stripe;
use crate::store::mutation::PartitionKey;
use crate::store::reader::{PartitionReader, View};
use crate::store::storage::{Change, Entry};
use crate::store::table::TableShape;
use crate::store::{Store, StoreError};

/// How far a call got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurgeProgress {
    /// How many entries it has looked at.
    pub visited: usize,
    /// Whether the end of the table was reached; the next call begins again.
    pub finished: bool,
}

/// Where the next call goes on.
#[derive(Debug)]
pub(in crate::store) struct PurgeCursor {
    pub(super) next_key: Vec<u8>,
    partition: Option<PartitionPass>,
}

impl PurgeCursor {
    pub(super) fn at(next_key: Vec<u8>) -> Self {
        PurgeCursor { next_key, partition: None }
    }
}

/// A partition that is being passed. Its deletions may be forgotten at its end, since what they cover is gone by then: unless
/// others were written meanwhile, which may cover what was passed already.
#[derive(Debug)]
struct PartitionPass {
    prefix: PartitionPrefix,
    key: PartitionKey,
    horizon: Horizon,
    deletions: u64,
}

/// How many entries are read together.
const ENTRIES_AT_ONCE: usize = 64;

impl Store {
    /// Goes on with a pass over the table, which removes what deletions cover and then forgets tombstones older than
    /// `gc_grace_seconds`: about `budget` entries at most. Calls for one table must not overlap; each goes on where the last
    /// one ended.
    pub fn purge_some(&self, shape: &TableShape, now_seconds: i64, budget: usize) -> Result<PurgeProgress, StoreError> {
        let (start, end) = key::table(shape.storage);
        let begin = || PurgeCursor::at(start);
        let mut cursor = self.purges.lock().remove(&shape.storage).unwrap_or_else(begin);
        let mut visited = 0;
        while visited < budget {
            let limit = ENTRIES_AT_ONCE.min(budget - visited);
            let entries = self.storage().scan(&cursor.next_key, &end, false).take(limit);
            let entries = entries.collect::<Result<Vec<Entry>, _>>()?;
            visited += entries.len();
            for entry in &entries {
                self.purge_entry(shape, now_seconds, &mut cursor, entry)?;
            }
            if entries.len() < limit {
                self.finish_partition(shape, cursor.partition.take())?;
                return Ok(PurgeProgress { visited, finished: true });
            }
        }
        self.purges.lock().insert(shape.storage, cursor);
        Ok(PurgeProgress { visited, finished: false })
    }

    fn purge_entry(
        &self,
        shape: &TableShape,
        now_seconds: i64,
        cursor: &mut PurgeCursor,
        (key, value): &Entry,
    ) -> Result<(), StoreError> {
        cursor.next_key = [key, &[0][..]].concat();
        if !cursor.partition.as_ref().is_some_and(|pass| pass.prefix.is_of(key)) {
            self.finish_partition(shape, cursor.partition.take())?;
            let (prefix, _, partition_key) = PartitionPrefix::of(key)?;
            let deletions = {
                // a deletion that is being written is counted already, and would not be seen to come
                let _merging = self.merges.lock(std::iter::once((shape.storage, &partition_key)));
                self.deletions_seen(stripe((shape.storage, &partition_key)))
            };
            let horizon = Horizon::new(shape, now_seconds);
            cursor.partition = Some(PartitionPass { prefix, key: partition_key, horizon, deletions });
        }
        match &cursor.partition {
            Some(pass) if pass.prefix.position_of_row(key).is_some() => self.purge_row(shape, pass, key, value),
            _ => Ok(()),
        }
    }

    fn purge_row(&self, shape: &TableShape, pass: &PartitionPass, key: &[u8], seen: &[u8]) -> Result<(), StoreError> {
        let unlocked = self.purged(shape, pass, key, &seen.to_vec().into())?;
        if unlocked.as_deref() == Some(seen) {
            return Ok(());
        }
        let _merging = self.merges.lock(std::iter::once((shape.storage, &pass.key)));
        let Some(stored) = self.storage().get(key)? else { return Ok(()) };
        let value = self.purged(shape, pass, key, &stored)?;
        if value.as_deref() == Some(&stored[..]) {
            return Ok(());
        }
        self.write(vec![Change { key: key.to_vec(), value }])
    }

    /// What is left of a row; absent if nothing is.
    fn purged(
        &self,
        shape: &TableShape,
        pass: &PartitionPass,
        key: &[u8],
        stored: &bytes::Bytes,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (clustering, mut row) = decode_row(stored)?;
        let header = self.header(shape, &pass.prefix)?;
        let view = View::Latest(self.storage());
        let mut reader = PartitionReader::new(view, pass.prefix.clone(), header, Vec::new(), Vec::new(), false);
        if let Some(deletion) = reader.covering(key)? {
            row.shadow(&deletion);
        }
        pass.horizon.purge(&mut row);
        Ok((!row.is_empty()).then(|| encode_row(&clustering, &row)))
    }

    /// Forgets the deletions of a partition of which every row was passed.
    fn finish_partition(&self, shape: &TableShape, pass: Option<PartitionPass>) -> Result<(), StoreError> {
        let Some(PartitionPass { prefix, key, horizon, deletions }) = pass else { return Ok(()) };
        let _merging = self.merges.lock(std::iter::once((shape.storage, &key)));
        let before = self.header(shape, &prefix)?;
        if before.is_empty() || self.deletions_seen(stripe((shape.storage, &key))) != deletions {
            return Ok(());
        }
        let mut header = before.clone();
        let mut static_row = header.static_row()?;
        if let Some(deletion) = &header.deletion {
            static_row.shadow(deletion);
        }
        horizon.purge(&mut static_row);
        header.set_static_row(&static_row);
        header.deletion = header.deletion.filter(|deletion| !horizon.passed(deletion));
        let mut changes = Vec::new();
        if header.has_ranges {
            header.has_ranges = self.forget_ranges(&prefix, &horizon, &mut changes)?;
        }
        if header != before {
            changes.push(Change { key: prefix.header(), value: (!header.is_empty()).then(|| header.encode()) });
        }
        if changes.is_empty() { Ok(()) } else { self.write(changes) }
    }

    /// Returns whether any range tombstone is left.
    fn forget_ranges(
        &self,
        prefix: &PartitionPrefix,
        horizon: &Horizon,
        changes: &mut Vec<Change>,
    ) -> Result<bool, StoreError> {
        let mut left = false;
        for entry in self.storage().scan(&prefix.range_at(Some(&[])), &prefix.range_at(None), false) {
            let (key, value) = entry?;
            if horizon.passed(&crate::store::codec::RangeTombstone::decode(&value)?.deletion) {
                changes.push(Change { key: key.to_vec(), value: None });
            } else {
                left = true;
            }
        }
        Ok(left)
    }

    fn header(&self, shape: &TableShape, prefix: &PartitionPrefix) -> Result<Header, StoreError> {
        self.header_in(&View::Latest(self.storage()), shape, prefix)
    }
}
