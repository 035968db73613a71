//! Conditional statements and batches: read, decide, write, under the lock of their one partition
//! (`org.apache.cassandra.cql3.statements.CQL3CasRequest`).

mod result;

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::arguments::Arguments;
use super::collector::Collector;
use super::condition::{BoundCondition, Condition, Conditions};
use super::context::WriteContext;
use super::execute::{Sources, check_sizes};
use super::{ModificationPlan, WriteOutcome};
use crate::engine::error::EngineError;
use crate::engine::maintain::{self, WriteClock};
use crate::engine::schema::TableDefinition;
use crate::store::Store;
use crate::store::cell::{Cell, Deletion, Liveness};
use crate::store::clustering::{Clustering, Slice};
use crate::store::mutation::PartitionKey;
use crate::store::row::{ColumnData, Row};

/// A statement of a conditional batch, or the only one.
pub(super) struct Entry<'a> {
    pub(super) plan: &'a ModificationPlan,
    pub(super) arguments: &'a Arguments,
}

/// Executes a conditional statement.
pub(super) fn execute_one(
    plan: &ModificationPlan,
    arguments: &Arguments,
    store: &Store,
    context: &mut WriteContext<'_>,
) -> Result<WriteOutcome, EngineError> {
    execute(&[Entry { plan, arguments }], false, store, context)
}

/// Executes statements on one partition of one table, of which at least one is conditional: all or none.
pub(super) fn execute(
    entries: &[Entry<'_>],
    is_batch: bool,
    store: &Store,
    context: &mut WriteContext<'_>,
) -> Result<WriteOutcome, EngineError> {
    let Some(first) = entries.first() else { return Ok(WriteOutcome::default()) };
    let definition = first.plan.definition();
    let mut request = Request::new(definition);
    let mut keys: SmallVec<[PartitionKey; 1]> = SmallVec::new();
    for entry in entries {
        let key = single_key(entry, is_batch, context)?;
        if keys.first().is_some_and(|other| *other != key) {
            return Err(EngineError::invalid("Batch with conditions cannot span multiple partitions"));
        }
        keys = std::iter::once(key).collect();
        request.add(entry, context)?;
    }
    let Some(key) = keys.first() else { return Ok(WriteOutcome::default()) };
    let locks = store.lock(&[(definition.storage(), key)]);
    let current = request.read(key, store, context.now_seconds)?;
    if !request.holds(&current, context.now_seconds)? {
        let rows = request.failure(key, &current, is_batch, context.now_seconds);
        return Ok(WriteOutcome { rows: Some(rows), warnings: Vec::new() });
    }
    let mut collector = Collector::default();
    // the write must win over what the decision was made on
    let timestamp = context.timestamp_micros.max(current.newest.saturating_add(1));
    let sources = Sources { timestamp, own_timestamps: false, store: Some(store) };
    for entry in entries {
        entry.plan.collect(&keys, entry.arguments, &sources, context, &mut collector)?;
    }
    let mutations = collector.finish();
    check_sizes(&mutations, &definition.table.spec().keyspace)?;
    let writes: Vec<_> = mutations.iter().map(|mutation| (first.plan.maintenance.as_ref(), mutation)).collect();
    let clock = WriteClock { now_seconds: context.now_seconds, wall_seconds: context.wall_seconds };
    maintain::apply(store, &writes, Some(&locks), clock)?;
    Ok(WriteOutcome { rows: Some(result::applied(definition)), warnings: Vec::new() })
}

/// The one partition that a statement is about.
fn single_key(entry: &Entry<'_>, is_batch: bool, context: &mut WriteContext<'_>) -> Result<PartitionKey, EngineError> {
    let keys = entry.plan.partition_keys(entry.arguments, context)?;
    if entry.plan.key.has_partition_alternatives() {
        return Err(EngineError::invalid(if is_batch {
            "Batch with conditions cannot span multiple partitions (you cannot use IN on the partition key)".to_owned()
        } else {
            format!("IN on the partition key is not supported with conditional {}", entry.plan.kind.noun())
        }));
    }
    keys.into_iter().next().ok_or_else(|| EngineError::invalid("Key may not be empty"))
}

/// What must hold for one row.
#[derive(Debug)]
enum RowCondition {
    Exists,
    NotExists,
    Columns(Vec<BoundCondition>),
}

/// What must hold for rows of a partition.
struct Request<'a> {
    definition: &'a Arc<TableDefinition>,
    fixed: Option<RowCondition>,
    /// By what sorts the rows, so that each is there once whatever bytes name it; rows are shown in the order in which they
    /// are read.
    rows: BTreeMap<Vec<u8>, (Clustering, RowCondition)>,
    /// The columns with conditions, as they came; absent once a statement asks only for existence.
    shown: Option<Vec<usize>>,
    /// Whether all regular columns, and all static ones, are read; else those with conditions are.
    reads_regular: bool,
    reads_static: bool,
    conditional: Vec<usize>,
}

/// What was read.
struct Current {
    fixed: Row,
    /// The rows that exist.
    rows: Vec<(Clustering, Row)>,
    /// The newest write time of what was read, and of what deleted it.
    newest: i64,
}

impl<'a> Request<'a> {
    fn new(definition: &'a Arc<TableDefinition>) -> Self {
        Request {
            definition,
            fixed: None,
            rows: BTreeMap::new(),
            shown: Some(Vec::new()),
            reads_regular: false,
            reads_static: false,
            conditional: Vec::new(),
        }
    }

    /// Adds the conditions of a statement.
    fn add(&mut self, entry: &Entry<'_>, context: &mut WriteContext<'_>) -> Result<(), EngineError> {
        let plan = entry.plan;
        if plan.key.has_clustering_alternatives() {
            return Err(EngineError::invalid(format!(
                "IN on the clustering key columns is not supported with conditional {}",
                plan.kind.noun()
            )));
        }
        self.reads_regular |= plan.updates_rows();
        if !plan.is_conditional() {
            return Ok(());
        }
        self.reads_static |= !plan.operations.fixed.is_empty();
        let requiring = plan.operations.regular.iter().chain(&plan.operations.fixed);
        self.conditional.extend(requiring.map(|operation| operation.column));
        let clustering = plan.clusterings(entry.arguments, context)?.into_iter().next();
        let clustering = clustering.filter(|_| !plan.is_static_only() || plan.key.restricts_clustering());
        match &plan.conditions {
            Conditions::None => Ok(()),
            Conditions::Exists => {
                self.shown = None;
                self.require_existence(clustering, true)
            }
            Conditions::NotExists => {
                self.shown = None;
                self.require_existence(clustering, false)
            }
            Conditions::Columns(conditions) => self.add_columns(conditions, clustering.as_ref(), entry, context),
        }
    }

    fn require_existence(&mut self, clustering: Option<Clustering>, exists: bool) -> Result<(), EngineError> {
        let condition = if exists { RowCondition::Exists } else { RowCondition::NotExists };
        let known = match &clustering {
            Some(clustering) => self.rows.get(&self.sort_key(clustering)).map(|(_, condition)| condition),
            None => self.fixed.as_ref(),
        };
        match (known, &condition) {
            (None, _) => {}
            (Some(RowCondition::Exists), RowCondition::Exists)
            | (Some(RowCondition::NotExists), RowCondition::NotExists) => return Ok(()),
            (Some(RowCondition::Columns(_)), _) => {
                let not = if exists { "" } else { "NOT " };
                let message = format!("Cannot mix IF conditions and IF {not}EXISTS for the same row");
                return Err(EngineError::invalid(message));
            }
            _ => {
                return Err(EngineError::invalid("Cannot mix IF EXISTS and IF NOT EXISTS conditions for the same row"));
            }
        }
        match clustering {
            Some(clustering) => drop(self.rows.insert(self.sort_key(&clustering), (clustering, condition))),
            None => self.fixed = Some(condition),
        }
        Ok(())
    }

    fn add_columns(
        &mut self,
        conditions: &[Condition],
        clustering: Option<&Clustering>,
        entry: &Entry<'_>,
        context: &mut WriteContext<'_>,
    ) -> Result<(), EngineError> {
        for condition in conditions {
            let bound = BoundCondition::new(condition, &self.definition.table, entry.arguments, context.environment)?;
            let place = match clustering {
                Some(clustering) if !condition.is_static => {
                    let place = self.rows.entry(self.definition.shape.sort_key(clustering));
                    &mut place.or_insert_with(|| (clustering.clone(), RowCondition::Columns(Vec::new()))).1
                }
                _ => self.fixed.get_or_insert_with(|| RowCondition::Columns(Vec::new())),
            };
            let RowCondition::Columns(known) = place else {
                return Err(EngineError::invalid("Cannot mix IF conditions and IF NOT EXISTS for the same row"));
            };
            known.push(bound);
            self.conditional.push(condition.column);
            if let Some(shown) = &mut self.shown
                && !shown.contains(&condition.column)
            {
                shown.push(condition.column);
            }
        }
        Ok(())
    }

    fn sort_key(&self, clustering: &Clustering) -> Vec<u8> {
        self.definition.shape.sort_key(clustering)
    }

    /// Reads the rows with conditions and the static row; if only the latter has conditions, the first row too.
    fn read(&self, key: &PartitionKey, store: &Store, now_seconds: i64) -> Result<Current, EngineError> {
        let slices: Vec<Slice> =
            self.rows.values().map(|(clustering, _)| Slice::of_prefix(clustering.clone())).collect();
        let mut reader = store.partition(&self.definition.shape, key, &slices, false)?;
        let fixed = reader.static_row()?;
        let mut newest = newest_timestamp(&fixed).max(timestamp_of(reader.deletion()));
        for (clustering, _) in self.rows.values() {
            newest = newest.max(timestamp_of(reader.deletion_at(&self.definition.shape, clustering)?));
        }
        let mut rows = Vec::new();
        while let Some((clustering, row)) = reader.next_with_deletion()? {
            newest = newest.max(newest_timestamp(&row));
            if row.is_live_in(self.definition.known_columns(), now_seconds) {
                rows.push((clustering, row));
                if self.rows.is_empty() {
                    break;
                }
            }
        }
        Ok(Current { fixed, rows, newest })
    }

    fn holds(&self, current: &Current, now_seconds: i64) -> Result<bool, EngineError> {
        if let Some(condition) = &self.fixed {
            let exists = current.fixed.is_live_in(self.definition.known_columns(), now_seconds);
            if !row_holds(condition, exists.then_some(&current.fixed), now_seconds)? {
                return Ok(false);
            }
        }
        let table = &self.definition.table;
        for (clustering, condition) in self.rows.values() {
            // what was read is in the table's order
            let place = current.rows.binary_search_by(|(other, _)| table.compare_clustering_values(other, clustering));
            let row = place.ok().and_then(|place| current.rows.get(place)).map(|(_, row)| row);
            if !row_holds(condition, row, now_seconds)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn row_holds(condition: &RowCondition, row: Option<&Row>, now_seconds: i64) -> Result<bool, EngineError> {
    match condition {
        RowCondition::Exists => Ok(row.is_some()),
        RowCondition::NotExists => Ok(row.is_none()),
        RowCondition::Columns(conditions) => {
            let absent = Row::default();
            for condition in conditions {
                if !condition.holds(row.unwrap_or(&absent), now_seconds)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

fn timestamp_of(deletion: Option<Deletion>) -> i64 {
    deletion.map_or(i64::MIN, |deletion| deletion.timestamp)
}

/// The newest write time of anything in the row.
fn newest_timestamp(row: &Row) -> i64 {
    let of_cell = |cell: &Cell| cell.timestamp;
    let of_column = |data: &ColumnData| match data {
        ColumnData::Simple(cell) => of_cell(cell),
        ColumnData::Complex(data) => {
            let deletion = data.deletion.map_or(i64::MIN, |deletion| deletion.timestamp);
            data.cells.iter().map(|(_, cell)| of_cell(cell)).fold(deletion, i64::max)
        }
        ColumnData::Counter(_) => i64::MIN,
    };
    let marker = row.liveness.map_or(i64::MIN, |Liveness { timestamp, .. }| timestamp);
    let deletion = timestamp_of(row.deletion);
    row.columns.iter().map(|(_, data)| of_column(data)).fold(marker.max(deletion), i64::max)
}
