//! Plans with values: the mutations that they amount to.

use std::borrow::Cow;

use quorate_protocol::message::view::Values;
use smallvec::SmallVec;

use super::arguments::Arguments;
use super::collector::Collector;
use super::context::WriteContext;
use super::operation::{Execution, Operation};
use super::row_writer::{Counts, RowWriter, Stamp};
use super::{ModificationPlan, StatementKind, WriteOutcome, conditional};
use crate::engine::error::EngineError;
use crate::engine::maintain::{self, WriteClock};
use crate::engine::schema::TableDefinition;
use crate::store::Store;
use crate::store::clustering::{Clustering, Slice};
use crate::store::mutation::{CounterUpdate, Mutation, PartitionKey, StorageId};
use crate::store::row::Row;

/// How large one mutation may be, in bytes: half of a segment of Cassandra's commit log (`max_mutation_size`).
const MUTATION_SIZE_MAX: usize = 16 << 20;

/// Where a statement's own write time comes from, and what is stored.
pub(super) struct Sources<'a> {
    /// The write time of a statement that names none.
    pub(super) timestamp: i64,
    /// Whether statements may name their own.
    pub(super) own_timestamps: bool,
    /// Where to read what an operation depends on.
    pub(super) store: Option<&'a Store>,
}

impl ModificationPlan {
    /// Executes the statement on the store. What it wrote is seen at once, and durable after the store's next commit.
    ///
    /// # Errors
    /// Those of Cassandra for values that do not fit; of the store.
    pub fn execute(
        &self,
        store: &Store,
        values: &Values<'_>,
        context: &mut WriteContext<'_>,
    ) -> Result<WriteOutcome, EngineError> {
        let arguments = self.bind(values)?;
        if self.is_conditional() {
            return conditional::execute_one(self, &arguments, store, context);
        }
        let keys = self.partition_keys(&arguments, context)?;
        let table = self.definition.storage();
        let needs_lock = self.operations.require_read || self.maintenance.needs_lock();
        let locked: SmallVec<[(StorageId, &PartitionKey); 1]> = keys.iter().map(|key| (table, key)).collect();
        let locks = needs_lock.then(|| store.lock(&locked));
        let mut collector = Collector::default();
        let sources = Sources { timestamp: context.timestamp_micros, own_timestamps: true, store: Some(store) };
        self.collect(&keys, &arguments, &sources, context, &mut collector)?;
        let mutations = collector.finish();
        check_sizes(&mutations, &self.definition.table.spec().keyspace)?;
        let writes: SmallVec<[_; 1]> = mutations.iter().map(|mutation| (self.maintenance.as_ref(), mutation)).collect();
        let clock = WriteClock { now_seconds: context.now_seconds, wall_seconds: context.wall_seconds };
        maintain::apply(store, &writes, locks.as_ref(), clock)?;
        Ok(WriteOutcome::default())
    }

    /// The mutations of a statement that reads nothing, one for each partition.
    ///
    /// # Errors
    /// Those of Cassandra for values that do not fit.
    pub fn mutations(&self, values: &Values<'_>, context: &mut WriteContext<'_>) -> Result<Vec<Mutation>, EngineError> {
        let arguments = self.bind(values)?;
        let keys = self.partition_keys(&arguments, context)?;
        let mut collector = Collector::default();
        let sources = Sources { timestamp: context.timestamp_micros, own_timestamps: true, store: None };
        self.collect(&keys, &arguments, &sources, context, &mut collector)?;
        Ok(collector.finish())
    }

    pub(super) fn bind(&self, values: &Values<'_>) -> Result<Arguments, EngineError> {
        let mut arguments = Arguments::new(&self.binds, values)?;
        if let Some(json) = &self.json {
            json.bind(&self.definition.table, &mut arguments)?;
        }
        Ok(arguments)
    }

    /// The arguments of a batch as this statement of it sees them.
    pub(super) fn within<'a>(&self, arguments: &'a Arguments) -> Result<Cow<'a, Arguments>, EngineError> {
        let Some(json) = &self.json else { return Ok(Cow::Borrowed(arguments)) };
        let mut own = arguments.clone();
        json.bind(&self.definition.table, &mut own)?;
        Ok(Cow::Owned(own))
    }

    /// The partitions that the statement is about.
    pub(super) fn partition_keys(
        &self,
        arguments: &Arguments,
        context: &mut WriteContext<'_>,
    ) -> Result<SmallVec<[PartitionKey; 1]>, EngineError> {
        self.key.partition_keys(&self.definition.table, arguments, context.environment)
    }

    /// The rows that the statement is about, the same in each partition. None: the static row.
    pub(super) fn clusterings(
        &self,
        arguments: &Arguments,
        context: &mut WriteContext<'_>,
    ) -> Result<SmallVec<[Clustering; 1]>, EngineError> {
        self.key.clusterings(&self.definition.table, arguments, context.environment)
    }

    /// Collects what the statement writes to these partitions.
    pub(super) fn collect(
        &self,
        keys: &[PartitionKey],
        arguments: &Arguments,
        sources: &Sources<'_>,
        context: &mut WriteContext<'_>,
        collector: &mut Collector,
    ) -> Result<(), EngineError> {
        if self.key.is_range() {
            return self.collect_ranges(keys, arguments, sources, context, collector);
        }
        let clusterings = self.clusterings(arguments, context)?;
        if clusterings.is_empty() {
            return Ok(());
        }
        clusterings.iter().try_for_each(|clustering| self.check_compact(clustering))?;
        let stamp = self.stamp(arguments, sources, context)?;
        for key in keys {
            let mutation = collector.partition(self.definition.storage(), key);
            for clustering in &clusterings {
                let stored = self.stored(key, clustering, sources.store)?;
                let mut row = RowWork { plan: self, arguments, stamp, stored, mutation: &mut *mutation };
                match self.kind {
                    StatementKind::Delete => row.delete(clustering, context)?,
                    _ => row.update(clustering, context)?,
                }
            }
        }
        Ok(())
    }

    /// What tables WITH COMPACT STORAGE demand of a row: a clustering that is not empty, and a value, if they have one
    /// (`UpdateParameters.newRow`, `UpdateStatement.addUpdateForKey`).
    fn check_compact(&self, clustering: &Clustering) -> Result<(), EngineError> {
        let TableDefinition { flags, table, .. } = self.definition.as_ref();
        if !flags.dense || clustering.is_empty() {
            return Ok(());
        }
        if !flags.compound && clustering.iter().all(|value| value.is_empty()) {
            let name = table.clustering().first().map_or("", |column| column.name.as_str());
            return Err(EngineError::invalid(format!("Invalid empty or null value for column {name}")));
        }
        match table.columns().get(table.key_count()) {
            Some(value) if self.kind != StatementKind::Delete && self.operations.is_empty() => {
                let refusal = format!("Column {} is mandatory for this COMPACT STORAGE table", value.name);
                Err(EngineError::invalid(refusal))
            }
            _ => Ok(()),
        }
    }

    /// Whether an INSERT makes a row even if it sets no column. In tables WITH COMPACT STORAGE a row is there as long as a
    /// column of it is, unless they have none.
    fn marks_rows(&self) -> bool {
        let has_columns = self.definition.table.columns().len() > self.definition.table.key_count();
        self.kind == StatementKind::Insert && !(self.definition.flags.is_compact() && has_columns)
    }

    fn collect_ranges(
        &self,
        keys: &[PartitionKey],
        arguments: &Arguments,
        sources: &Sources<'_>,
        context: &mut WriteContext<'_>,
        collector: &mut Collector,
    ) -> Result<(), EngineError> {
        let definition = &self.definition;
        let slices = self.key.slices(&definition.table, &definition.shape, arguments, context.environment)?;
        if slices.is_empty() {
            return Ok(());
        }
        if !self.operations.is_empty() {
            return Err(EngineError::invalid("Range deletions are not supported for specific columns"));
        }
        let stamp = self.stamp(arguments, sources, context)?;
        for key in keys {
            let mutation = collector.partition(definition.storage(), key);
            slices.iter().for_each(|slice| mutation.delete_range(slice.clone(), stamp.deletion()));
        }
        Ok(())
    }

    fn stamp(
        &self,
        arguments: &Arguments,
        sources: &Sources<'_>,
        context: &mut WriteContext<'_>,
    ) -> Result<Stamp, EngineError> {
        let timestamp = if sources.own_timestamps {
            self.attributes.timestamp(sources.timestamp, arguments, context)?
        } else {
            sources.timestamp
        };
        let ttl_seconds = match self.kind {
            StatementKind::Delete => 0,
            _ => self.attributes.ttl_seconds(&self.definition, arguments, context)?,
        };
        Ok(Stamp { timestamp, ttl_seconds, now_seconds: context.now_seconds })
    }

    /// The static row and the row, where operations depend on them.
    fn stored(
        &self,
        key: &PartitionKey,
        clustering: &Clustering,
        store: Option<&Store>,
    ) -> Result<Option<(Row, Row)>, EngineError> {
        if !self.operations.require_read {
            return Ok(None);
        }
        let store = store.ok_or_else(|| EngineError::invalid("The statement needs to read what is stored"))?;
        let is_row = clustering.len() == self.definition.table.clustering().len();
        let slices: &[Slice] = &[Slice::of_prefix(clustering.clone())];
        let mut reader = store.partition(&self.definition.shape, key, if is_row { slices } else { &[] }, false)?;
        let fixed = reader.static_row()?;
        let row = if is_row { reader.next()?.map(|(_, row)| row).unwrap_or_default() } else { Row::default() };
        Ok(Some((fixed, row)))
    }
}

/// What a statement does to one row of one partition, and to the static row.
struct RowWork<'a> {
    plan: &'a ModificationPlan,
    arguments: &'a Arguments,
    stamp: Stamp,
    /// The static row and the row as they are stored, where operations depend on them.
    stored: Option<(Row, Row)>,
    mutation: &'a mut Mutation,
}

impl RowWork<'_> {
    /// INSERT and UPDATE.
    fn update(&mut self, clustering: &Clustering, context: &mut WriteContext<'_>) -> Result<(), EngineError> {
        let plan = self.plan;
        if plan.updates_rows() {
            let mut writer = RowWriter::new(self.stamp);
            if plan.marks_rows() {
                writer.liveness = Some(self.stamp.liveness());
            }
            self.run(&plan.operations.regular, Some(clustering), &mut writer, context)?;
            self.mutation.write_row(clustering.clone(), writer.finish());
        }
        self.run_static(context)
    }

    fn delete(&mut self, clustering: &Clustering, context: &mut WriteContext<'_>) -> Result<(), EngineError> {
        let plan = self.plan;
        if plan.operations.is_empty() {
            if clustering.is_empty() {
                self.mutation.delete_partition(self.stamp.deletion());
            } else {
                let row = Row { deletion: Some(self.stamp.deletion()), ..Row::default() };
                self.mutation.write_row(clustering.clone(), row);
            }
            return Ok(());
        }
        if !plan.operations.regular.is_empty() {
            if clustering.is_empty() && !plan.definition.table.clustering().is_empty() {
                return Err(EngineError::invalid("Range deletions are not supported for specific columns"));
            }
            let mut writer = RowWriter::new(self.stamp);
            self.run(&plan.operations.regular, Some(clustering), &mut writer, context)?;
            self.mutation.write_row(clustering.clone(), writer.finish());
        }
        self.run_static(context)
    }

    fn run_static(&mut self, context: &mut WriteContext<'_>) -> Result<(), EngineError> {
        if self.plan.operations.fixed.is_empty() {
            return Ok(());
        }
        let mut writer = RowWriter::new(self.stamp);
        self.run(&self.plan.operations.fixed, None, &mut writer, context)?;
        self.mutation.write_static(writer.finish());
        Ok(())
    }

    /// Carries out operations on a row, or on the static row.
    fn run(
        &mut self,
        operations: &[Operation],
        clustering: Option<&Clustering>,
        writer: &mut RowWriter,
        context: &mut WriteContext<'_>,
    ) -> Result<(), EngineError> {
        writer.reserve(operations.len());
        let mut counts = Counts::new();
        let stored = self.stored.as_ref().map(|(fixed, row)| if clustering.is_some() { row } else { fixed });
        let table = &self.plan.definition.table;
        let mut execution =
            Execution { table, arguments: self.arguments, context, stored, writer, counts: &mut counts };
        operations.iter().try_for_each(|operation| execution.run(operation))?;
        for (column, delta) in counts {
            let timestamp = self.stamp.timestamp;
            self.mutation.count(CounterUpdate { clustering: clustering.cloned(), column, delta, timestamp });
        }
        Ok(())
    }
}

/// Refuses mutations that Cassandra's commit log would not take.
pub(super) fn check_sizes(mutations: &[Mutation], keyspace: &str) -> Result<(), EngineError> {
    mutations.iter().try_for_each(|mutation| check_size(super::batch::data_size(mutation), keyspace))
}

/// Refuses a mutation of so many bytes, if that is too large.
pub(super) fn check_size(size: usize, keyspace: &str) -> Result<(), EngineError> {
    if size <= MUTATION_SIZE_MAX {
        return Ok(());
    }
    let refusal = format!("Rejected an oversized mutation ({size}/{MUTATION_SIZE_MAX}) for keyspace: {keyspace}");
    Err(EngineError::invalid(refusal))
}
