//! INSERT, UPDATE, DELETE and BATCH: compiled once, then executed with values to writes on stored rows.
//!
//! [`ModificationPlan::prepare`] checks a statement against its table, with Cassandra's refusals in its words. Executing a
//! plan gives [`Mutation`]s, which [`maintain`](super::maintain) completes by what indexes and views need. What depends on
//! stored rows (conditions, list elements by index) reads, decides and writes under the locks of its partitions.
//!
//! A plan belongs to the snapshot of the schema that it was prepared with.

mod arguments;
mod attributes;
mod batch;
mod collector;
mod condition;
mod conditional;
mod context;
mod execute;
pub(in crate::engine) mod json;
mod key;
mod list_ids;
mod operation;
mod prepare;
mod row_writer;
pub(super) mod stored;

use std::sync::Arc;

use quorate_protocol::message::response::{ColumnSpec, Columns, Rows, TableSpec};

use super::bind::BindSpec;
use super::maintain::Maintenance;
use super::schema::TableDefinition;
use super::table::ColumnKind;
use attributes::Attributes;
use condition::Conditions;
use json::JsonSource;
use key::KeyPlan;
use operation::Operation;

pub use batch::BatchPlan;
pub use context::WriteContext;
pub use list_ids::ListIds;

#[cfg(doc)]
use crate::store::mutation::Mutation;

/// A modification of one table that is checked and ready to run, again and again.
#[derive(Clone, Debug)]
pub struct ModificationPlan {
    definition: Arc<TableDefinition>,
    maintenance: Arc<Maintenance>,
    kind: StatementKind,
    attributes: Attributes,
    key: KeyPlan,
    json: Option<JsonSource>,
    /// What is done to columns of rows, and to static ones.
    operations: Operations,
    conditions: Conditions,
    /// The markers by position. In a batch they are a part of the batch's, and others are missing.
    binds: Vec<Option<BindSpec>>,
}

/// What is done to the columns.
#[derive(Clone, Debug, Default)]
struct Operations {
    regular: Vec<Operation>,
    fixed: Vec<Operation>,
    /// Whether any of them depends on what is there.
    require_read: bool,
}

/// What a statement is, as messages call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StatementKind {
    Insert,
    Update,
    Delete,
}

/// What came of a modification.
#[derive(Debug, Default)]
pub struct WriteOutcome {
    /// Of conditional statements: whether it was applied, and what is there if it was not.
    pub rows: Option<Rows>,
    /// What Cassandra would warn of.
    pub warnings: Vec<String>,
}

impl ModificationPlan {
    /// The table.
    pub fn definition(&self) -> &Arc<TableDefinition> {
        &self.definition
    }

    /// The bind markers.
    pub fn markers(&self) -> Columns {
        let specs = self.binds.iter().flatten().map(|bind| column_spec(bind, self.definition.table.spec()));
        Columns::new(specs.collect())
    }

    /// Which markers are the partition key, in its order; none if not all of it is bound.
    pub fn partition_key_indexes(&self) -> Vec<u16> {
        partition_key_indexes(self.binds.iter().flatten(), &self.definition)
    }

    /// Whether it is applied only if a condition holds. Its outcome then has rows.
    pub fn is_conditional(&self) -> bool {
        !self.conditions.is_none()
    }

    /// Whether it must read what is stored.
    pub fn requires_read(&self) -> bool {
        self.is_conditional() || self.operations.require_read
    }

    /// Whether it counts, or modifies a table of counters.
    pub fn is_counter(&self) -> bool {
        self.definition.flags.counter
    }

    /// Whether it writes rows, rather than only static columns.
    fn updates_rows(&self) -> bool {
        self.definition.table.clustering().is_empty() || self.key.restricts_clustering()
    }

    /// Whether everything that it says is of static columns.
    fn is_static_only(&self) -> bool {
        is_static_only(self.kind, &self.operations, &self.conditions)
    }
}

impl StatementKind {
    fn name(self) -> &'static str {
        match self {
            StatementKind::Insert => "INSERT",
            StatementKind::Update => "UPDATE",
            StatementKind::Delete => "DELETE",
        }
    }

    /// What conditional statements of this kind are called.
    fn noun(self) -> &'static str {
        if self == StatementKind::Update { "updates" } else { "deletions" }
    }
}

impl Operations {
    fn push(&mut self, operation: Operation, definition: &TableDefinition) {
        let column = definition.table.columns().get(operation.column);
        let is_list = column.is_some_and(|column| {
            matches!(column.cql_type, quorate_protocol::value::CqlType::List { frozen: false, .. })
        });
        self.require_read |= operation.requires_read(is_list);
        if operation.is_static { self.fixed.push(operation) } else { self.regular.push(operation) }
    }

    fn is_empty(&self) -> bool {
        self.regular.is_empty() && self.fixed.is_empty()
    }

    /// Whether rows are touched. A DELETE that names no column deletes them whole.
    fn apply_to_rows(&self, kind: StatementKind) -> bool {
        !self.regular.is_empty() || (kind == StatementKind::Delete && self.fixed.is_empty())
    }
}

/// Whether everything that a statement says is of static columns.
fn is_static_only(kind: StatementKind, operations: &Operations, conditions: &Conditions) -> bool {
    let (fixed, regular): (Vec<_>, Vec<_>) = conditions.columns().iter().partition(|condition| condition.is_static);
    !operations.apply_to_rows(kind) && regular.is_empty() && (!operations.fixed.is_empty() || !fixed.is_empty())
}

fn column_spec(bind: &BindSpec, table: &Arc<TableSpec>) -> ColumnSpec {
    ColumnSpec { table: Arc::clone(table), name: bind.name.clone(), cql_type: bind.cql_type.clone() }
}

/// Which of the markers are the partition key; of several for one column the last.
fn partition_key_indexes<'b>(binds: impl Iterator<Item = &'b BindSpec>, definition: &TableDefinition) -> Vec<u16> {
    let binds: Vec<&BindSpec> = binds.collect();
    let marker_of = |column: usize| binds.iter().rposition(|bind| bind.column == Some(column));
    let of_key = definition.table.columns().iter().take_while(|column| column.kind == ColumnKind::PartitionKey);
    let indexes = of_key.enumerate().map(|(column, _)| u16::try_from(marker_of(column)?).ok());
    indexes.collect::<Option<Vec<_>>>().unwrap_or_default()
}

#[cfg(test)]
mod tests;
