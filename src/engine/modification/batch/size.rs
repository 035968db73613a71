//! How large a batch is, by Cassandra's measure, and what it says of large ones (`BatchStatement.verifyBatchSize`).

use std::collections::HashSet;
use std::fmt::Write;

use quorate_protocol::cql::ast::BatchKind;

use super::BatchPlan;
use crate::engine::error::EngineError;
use crate::store::cell::{Cell, Content, Liveness};
use crate::store::clustering::Slice;
use crate::store::mutation::Mutation;
use crate::store::row::{ColumnData, Row};

/// `batch_size_warn_threshold`, in bytes.
const WARNED_SIZE: usize = 5 * 1024;

/// `batch_size_fail_threshold`, in bytes.
const REFUSED_SIZE: usize = 50 * 1024;

/// `unlogged_batch_across_partitions_warn_threshold`.
const WARNED_PARTITIONS: usize = 10;

impl BatchPlan {
    /// Refuses a batch that is too large, and gives the warnings of one that is nearly so.
    pub(super) fn warnings(&self, mutations: &[Mutation]) -> Result<Vec<String>, EngineError> {
        let mut warnings = Vec::new();
        if self.kind == BatchKind::Logged {
            warnings.extend(self.warning_of_grace());
        }
        // mutations of several tables of a keyspace on one key count as one
        let of_keyspace = |mutation: &Mutation| self.spec_of(mutation).map(|spec| spec.keyspace.as_str());
        let merged: HashSet<_> = mutations.iter().map(|mutation| (of_keyspace(mutation), &mutation.key)).collect();
        if merged.len() <= 1 {
            return Ok(warnings);
        }
        let size: usize = mutations.iter().map(data_size).sum();
        if size > REFUSED_SIZE {
            return Err(EngineError::invalid("Batch too large"));
        }
        let tables = self.table_names(mutations);
        if size > WARNED_SIZE {
            warnings.push(format!(
                "Batch for [{}] is of size {size}, exceeding specified threshold of {WARNED_SIZE} by {}.",
                tables.join(", "),
                size - WARNED_SIZE
            ));
        }
        let keys: HashSet<_> = mutations.iter().map(|mutation| &mutation.key).collect();
        if self.kind != BatchKind::Logged && keys.len() > WARNED_PARTITIONS {
            warnings.push(format!(
                "Unlogged batch covering {} partitions detected against table{} [{}]. You should use a logged batch for \
                 atomicity, or asynchronous writes for performance.",
                keys.len(),
                plural(tables.len()),
                tables.join(", ")
            ));
        }
        Ok(warnings)
    }

    /// The warning of tables that forget tombstones at once, and with them what the batch log would keep.
    fn warning_of_grace(&self) -> Option<String> {
        let mut names: Vec<String> = Vec::new();
        for statement in &self.statements {
            let spec = statement.definition.table.spec();
            let name = format!("{}.{}", spec.keyspace, spec.table);
            if statement.definition.options.gc_grace_seconds == 0 && !names.contains(&name) {
                names.push(name);
            }
        }
        (!names.is_empty()).then(|| {
            format!(
                "Executing a LOGGED BATCH on table{} [{}], configured with a gc_grace_seconds of 0. The gc_grace_seconds is \
                 used to TTL batchlog entries, so setting gc_grace_seconds too low on tables involved in an atomic batch \
                 might cause batchlog entries to expire before being replayed.",
                plural(names.len()),
                names.join(", ")
            )
        })
    }

    fn spec_of(&self, mutation: &Mutation) -> Option<&quorate_protocol::message::response::TableSpec> {
        let statement = self.statements.iter().find(|statement| statement.definition.storage() == mutation.table)?;
        Some(statement.definition.table.spec())
    }

    fn table_names(&self, mutations: &[Mutation]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for spec in mutations.iter().filter_map(|mutation| self.spec_of(mutation)) {
            let mut name = String::new();
            let _ = write!(name, "{}.{}", spec.keyspace, spec.table);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The size of a mutation in bytes, as Cassandra counts it (`PartitionUpdate.dataSize`).
pub(in crate::engine::modification) fn data_size(mutation: &Mutation) -> usize {
    /// A time, for the deletion of the partition.
    const DELETION: usize = 8;
    /// The number of ranges.
    const RANGES: usize = 4;
    let bound = |bound: &Option<crate::store::clustering::Bound>| {
        bound.as_ref().map_or(0, |bound| bound.prefix.iter().map(bytes::Bytes::len).sum())
    };
    let range = |slice: &Slice| bound(&slice.start) + bound(&slice.end) + 8 + 4;
    let ranges: usize = mutation.ranges.iter().map(|(slice, _)| range(slice)).sum();
    let ranges = if mutation.ranges.is_empty() { 0 } else { RANGES + ranges };
    let rows = mutation
        .rows
        .iter()
        .map(|(clustering, row)| clustering.iter().map(bytes::Bytes::len).sum::<usize>() + row_size(row));
    // the update of a counter is a cell with a context of one shard
    let counters = mutation.counters.len() * (20 + 34);
    rows.sum::<usize>() + row_size(&mutation.static_row) + DELETION + ranges + counters
}

fn row_size(row: &Row) -> usize {
    /// A time and whether it is shadowable.
    const DELETION: usize = 12 + 1;
    let liveness = match row.liveness {
        Some(Liveness { expiry: Some(_), .. }) => 8 + 4 + 8,
        _ => 8,
    };
    let columns = row.columns.iter().map(|(_, data)| match data {
        ColumnData::Simple(cell) => cell_size(cell),
        ColumnData::Complex(data) => {
            12 + data.cells.iter().map(|(path, cell)| path.len() + cell_size(cell)).sum::<usize>()
        }
        ColumnData::Counter(data) => data.shards.len() * 34 + 12,
    });
    liveness + DELETION + columns.sum::<usize>()
}

/// Time, TTL, end, value.
fn cell_size(cell: &Cell) -> usize {
    let value = match &cell.content {
        Content::Value { bytes, .. } => bytes.len(),
        Content::Tombstone { .. } => 0,
    };
    8 + 4 + 8 + value
}
