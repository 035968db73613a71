//! One base row before and after a write, and what becomes of its row in the view.

use std::sync::Arc;

use bytes::Bytes;
use quorate_protocol::value::compare;

use super::{KeySource, ViewPlan};
use crate::engine::environment::SystemEnvironment;
use crate::engine::error::EngineError;
use crate::engine::expression::Context;
use crate::engine::modification::stored::value_of;
use crate::engine::restriction::BoundFilter;
use crate::engine::table::ColumnKind;
use crate::store::cell::{Cell, Deletion, Expiry, GONE_TTL_SECONDS, Liveness};
use crate::store::clustering::Clustering;
use crate::store::merge::path_order;
use crate::store::mutation::{Mutation, PartitionKey};
use crate::store::row::{ColumnData, ColumnId, ComplexData, Row};
use crate::store::table::TableShape;

/// A write to one base row, as one view sees it.
pub(super) struct Change<'a> {
    pub(super) plan: &'a ViewPlan,
    pub(super) key: &'a PartitionKey,
    pub(super) clustering: &'a Clustering,
    pub(super) now_seconds: i64,
}

type Derived = Vec<(Arc<TableShape>, Mutation)>;

impl Change<'_> {
    /// Adds what the change of the base row from `before` to `after` changes in the view.
    pub(super) fn apply(&self, before: Option<&Row>, after: &Row, derived: &mut Derived) -> Result<(), EngineError> {
        let was_in = before.filter(|before| self.is_in_view(before));
        let is_in = self.is_in_view(after);
        match (was_in, is_in) {
            (None, false) => Ok(()),
            (None, true) => self.create(after, derived),
            (Some(before), false) => self.delete(before, after, derived),
            (Some(before), true) if self.has_same_place(before, after) => self.update(before, after, derived),
            (Some(before), true) => {
                self.create(after, derived)?;
                self.delete(before, after, derived)
            }
        }
    }

    /// Whether the row has what the view's primary key needs.
    fn is_in_view(&self, row: &Row) -> bool {
        match &self.plan.deciding {
            None => row.is_live(self.now_seconds),
            Some((id, _)) => cell(row, *id).is_some_and(|cell| self.is_live(cell)),
        }
    }

    fn has_same_place(&self, before: &Row, after: &Row) -> bool {
        let Some((id, cql_type)) = &self.plan.deciding else { return true };
        let value = |row| cell(row, *id).and_then(|cell: &Cell| cell.live(self.now_seconds));
        match (value(before), value(after)) {
            (Some(before), Some(after)) => compare(cql_type, before, after).is_eq(),
            _ => false,
        }
    }

    fn create(&self, after: &Row, derived: &mut Derived) -> Result<(), EngineError> {
        if !self.matches(after)? {
            return Ok(());
        }
        let columns = after.columns.iter().filter_map(|(id, data)| Some((self.own_id(*id)?, data.clone())));
        let row = Row { liveness: self.liveness(after), deletion: after.deletion, columns: columns.collect() };
        self.submit(after, row, derived);
        Ok(())
    }

    fn update(&self, before: &Row, after: &Row, derived: &mut Derived) -> Result<(), EngineError> {
        if !self.matches(before)? {
            return self.create(after, derived);
        }
        if !self.matches(after)? {
            self.delete_entry(before, after, derived);
            return Ok(());
        }
        let columns = self.differences(before, after);
        let row = Row { liveness: self.liveness(after), deletion: after.deletion, columns };
        self.submit(after, row, derived);
        Ok(())
    }

    fn delete(&self, before: &Row, after: &Row, derived: &mut Derived) -> Result<(), EngineError> {
        if self.matches(before)? {
            self.delete_entry(before, after, derived);
        }
        Ok(())
    }

    /// Ends the entry by a marker that has expired already: a row deletion would cover what comes back with old times.
    fn delete_entry(&self, before: &Row, after: &Row, derived: &mut Derived) {
        let timestamp = self.deletion_timestamp(before, after);
        let row_deletion = after.deletion.map_or(i64::MIN, |deletion| deletion.timestamp);
        let marker = Liveness {
            timestamp,
            expiry: Some(Expiry { ttl_seconds: GONE_TTL_SECONDS, at_seconds: self.now_seconds }),
        };
        let liveness = (timestamp > row_deletion).then_some(marker);
        let columns = self.differences(before, after);
        self.submit(before, Row { liveness, deletion: after.deletion, columns }, derived);
    }

    /// What of the columns is new.
    fn differences(&self, before: &Row, after: &Row) -> Vec<(ColumnId, ColumnData)> {
        let changed = after.columns.iter().filter_map(|(id, data)| {
            let own = self.own_id(*id)?;
            let data = match (before.column(*id), data) {
                (Some(before), after) if before == after => return None,
                (Some(ColumnData::Complex(before)), ColumnData::Complex(after)) => {
                    ColumnData::Complex(complex_difference(before, after))
                }
                (_, after) => after.clone(),
            };
            Some((own, data))
        });
        changed.collect()
    }

    /// The marker of the view's row (`computeLivenessInfoForEntry`).
    fn liveness(&self, row: &Row) -> Option<Liveness> {
        if let Some((id, _)) = &self.plan.deciding {
            return cell(row, *id).map(|cell| Liveness { timestamp: cell.timestamp, expiry: cell.expiry() });
        }
        if self.plan.has_all_columns {
            return row.liveness;
        }
        // what keeps the base row alive and is not in the view must keep the view's row alive too
        let mut timestamp = row.liveness.map_or(i64::MIN, |liveness| liveness.timestamp);
        let mut has_lasting = false;
        let mut longest: Option<Expiry> = None;
        for cell in self.cells_outside(row).filter(|cell| self.is_live(cell)) {
            timestamp = timestamp.max(cell.timestamp);
            match cell.expiry() {
                None => has_lasting = true,
                Some(expiry) if longest.is_none_or(|other| expiry.at_seconds > other.at_seconds) => {
                    longest = Some(expiry);
                }
                Some(_) => {}
            }
        }
        let own = row.liveness.filter(|liveness| liveness.is_live(self.now_seconds));
        if has_lasting || own.is_some_and(|own| own.expiry.is_none()) {
            return Some(Liveness { timestamp, expiry: None });
        }
        match (longest, own.and_then(|own| own.expiry)) {
            (None, _) => row.liveness,
            (Some(longest), Some(own)) if longest.at_seconds <= own.at_seconds => row.liveness,
            (Some(longest), _) => Some(Liveness { timestamp, expiry: Some(longest) }),
        }
    }

    /// When the entry ends (`computeTimestampForEntryDeletion`).
    fn deletion_timestamp(&self, before: &Row, after: &Row) -> i64 {
        let deletion = after.deletion.map_or(i64::MIN, |deletion| deletion.timestamp);
        match &self.plan.deciding {
            None => {
                let marker = before.liveness.map_or(i64::MIN, |liveness| liveness.timestamp);
                let outside = self.cells_outside(before).map(|cell| cell.timestamp);
                let outside = if self.plan.has_all_columns { i64::MIN } else { outside.fold(i64::MIN, i64::max) };
                deletion.max(marker).max(outside)
            }
            // newer than the deletion, or covered by it
            Some((id, _)) => cell(before, *id).map_or(deletion, |cell| cell.timestamp.max(deletion)),
        }
    }

    /// The cells of columns that the view does not show.
    fn cells_outside<'r>(&self, row: &'r Row) -> impl Iterator<Item = &'r Cell> {
        let outside = row.columns.iter().filter(|(id, _)| self.own_id(*id).is_none());
        outside.flat_map(|(_, data)| {
            let (simple, complex): (Option<&Cell>, &[(Bytes, Cell)]) = match data {
                ColumnData::Simple(cell) => (Some(cell), &[]),
                ColumnData::Complex(data) => (None, &data.cells),
                ColumnData::Counter(_) => (None, &[]),
            };
            simple.into_iter().chain(complex.iter().map(|(_, cell)| cell))
        })
    }

    /// Whether the row fulfils the view's WHERE clause.
    fn matches(&self, row: &Row) -> Result<bool, EngineError> {
        if self.plan.filters.is_empty() {
            return Ok(true);
        }
        let table = &self.plan.table;
        let cells: Vec<Option<Bytes>> = table
            .columns()
            .iter()
            .enumerate()
            .map(|(index, column)| match column.kind {
                ColumnKind::PartitionKey => self.key.get(index).cloned(),
                ColumnKind::Clustering { .. } => self.clustering.get(index - table.partition_key_count()).cloned(),
                _ => value_of(row, *self.plan.base_ids.get(index)?, &column.cql_type, self.now_seconds),
            })
            .collect();
        // the clause has constants only
        let mut environment = SystemEnvironment;
        let mut context = Context { row: None, binds: &[], aggregates: &[], environment: &mut environment };
        for filter in &self.plan.filters {
            if !BoundFilter::of_view(filter, table, &mut context)?.accepts(&cells, table)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds a row of the view, at the place that follows from the base row.
    fn submit(&self, base: &Row, mut row: Row, derived: &mut Derived) {
        row.columns.sort_by_key(|(id, _)| *id);
        let values = self.plan.key.iter().map(|source| match source {
            KeySource::PartitionKey(number) => self.key.get(*number).cloned(),
            KeySource::Clustering(number) => self.clustering.get(*number).cloned(),
            KeySource::Column(id) => cell(base, *id).and_then(|cell| cell.live(self.now_seconds)).cloned(),
        });
        let Some(values) = values.collect::<Option<Vec<Bytes>>>() else { return };
        if row.is_empty() {
            return;
        }
        let mut values = values.into_iter();
        let key: PartitionKey = values.by_ref().take(self.plan.partition_key_count).collect();
        let mut mutation = Mutation::empty(self.plan.shape.storage, key);
        mutation.rows.push((values.collect(), row));
        derived.push((Arc::clone(&self.plan.shape), mutation));
    }

    /// What the view calls the base table's column, unless it does not show it or has it in its key.
    fn own_id(&self, id: ColumnId) -> Option<ColumnId> {
        let place = self.plan.columns.binary_search_by_key(&id, |(base, _)| *base).ok()?;
        self.plan.columns.get(place).map(|(_, own)| *own)
    }

    fn is_live(&self, cell: &Cell) -> bool {
        cell.live(self.now_seconds).is_some()
    }
}

fn cell(row: &Row, id: ColumnId) -> Option<&Cell> {
    match row.column(id)? {
        ColumnData::Simple(cell) => Some(cell),
        _ => None,
    }
}

fn complex_difference(before: &ComplexData, after: &ComplexData) -> ComplexData {
    // both are in normal form: their paths ascend
    let known = |path: &Bytes| {
        let place = before.cells.binary_search_by(|(other, _)| path_order(other, path)).ok()?;
        before.cells.get(place).map(|(_, cell)| cell)
    };
    let cells = after.cells.iter().filter(|(path, cell)| known(path) != Some(cell)).cloned();
    let supersedes = |deletion: &Deletion| before.deletion.is_none_or(|before| before.timestamp < deletion.timestamp);
    ComplexData { deletion: after.deletion.filter(supersedes), cells: cells.collect() }
}
