//! Forgetting what was deleted long enough ago (`gc_grace_seconds`) that no replica can bring it back.

mod forget;
mod pass;

pub(super) use pass::PurgeCursor;
pub use pass::PurgeProgress;

use super::cell::{Cell, Content, Deletion, Expiry};
use super::row::{ColumnData, Row};
use super::table::TableShape;

/// What may be forgotten: what was deleted before a second, and what expired by now after it was written before that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Horizon {
    now_seconds: i64,
    deleted_before_seconds: i64,
}

impl Horizon {
    pub(super) fn new(shape: &TableShape, now_seconds: i64) -> Self {
        Horizon { now_seconds, deleted_before_seconds: now_seconds.saturating_sub(shape.gc_grace_seconds.into()) }
    }

    /// Whether a deletion may be forgotten, provided that nothing it covers is left.
    pub(super) fn passed(&self, deletion: &Deletion) -> bool {
        deletion.deleted_at_seconds < self.deleted_before_seconds
    }

    /// Forgets what may be forgotten of a row that is stored merged: nothing is left of what its tombstones cover.
    pub(super) fn purge(&self, row: &mut Row) {
        let kept = |deletion: Option<Deletion>| deletion.filter(|deletion| !self.passed(deletion));
        row.deletion = kept(row.deletion);
        row.liveness = row.liveness.filter(|liveness| !liveness.expiry.is_some_and(|expiry| self.expired(expiry)));
        row.columns.retain_mut(|(_, data)| match data {
            ColumnData::Simple(cell) => !self.cell_passed(cell),
            ColumnData::Complex(data) => {
                data.deletion = kept(data.deletion);
                data.cells.retain(|(_, cell)| !self.cell_passed(cell));
                data.deletion.is_some() || !data.cells.is_empty()
            }
            ColumnData::Counter(data) => {
                data.deletion = kept(data.deletion);
                data.deletion.is_some() || !data.shards.is_empty()
            }
        });
    }

    fn cell_passed(&self, cell: &Cell) -> bool {
        match &cell.content {
            Content::Tombstone { deleted_at_seconds } => *deleted_at_seconds < self.deleted_before_seconds,
            Content::Value { expiry, .. } => expiry.is_some_and(|expiry| self.expired(expiry)),
        }
    }

    /// An expired value is a tombstone made when it was written.
    fn expired(&self, expiry: Expiry) -> bool {
        let written_at_seconds = expiry.at_seconds.saturating_sub(expiry.ttl_seconds.into());
        !expiry.is_live(self.now_seconds) && written_at_seconds < self.deleted_before_seconds
    }
}
