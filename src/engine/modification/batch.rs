//! BATCH: several modifications as one (`org.apache.cassandra.cql3.statements.BatchStatement`).

mod check;
mod size;

use std::borrow::Cow;
use std::sync::Arc;

use quorate_protocol::cql::ast::{Batch, BatchKind, Modification, QualifiedName};
use quorate_protocol::message::response::{Columns, TableSpec};
use quorate_protocol::message::view::Values;
use smallvec::SmallVec;

use super::arguments::Arguments;
use super::attributes::Attributes;
use super::collector::Collector;
use super::conditional::{self, Entry};
use super::context::WriteContext;
use super::execute::{Sources, check_sizes};
use super::{ModificationPlan, WriteOutcome, column_spec, partition_key_indexes};
use crate::engine::bind::BindSpec;
use crate::engine::compile::Compiler;
use crate::engine::error::EngineError;
use crate::engine::maintain::{self, Maintenance};
use crate::engine::schema::{Schema, TableDefinition};
use crate::store::Store;
use crate::store::mutation::{Mutation, PartitionKey, StorageId};

pub(super) use size::data_size;

/// A batch that is checked and ready to run.
#[derive(Clone, Debug)]
pub struct BatchPlan {
    kind: BatchKind,
    attributes: Attributes,
    statements: Vec<Arc<ModificationPlan>>,
    /// The markers of `BEGIN BATCH`, each with the table that it is of. None for the batch of a message, whose statements
    /// have their own values.
    binds: Vec<Option<(BindSpec, Arc<TableSpec>)>>,
}

impl BatchPlan {
    /// Compiles `BEGIN BATCH`. `definition_of` finds a table by its name.
    ///
    /// # Errors
    /// Those with which Cassandra refuses the batch or a statement of it, in its words.
    pub fn prepare(
        batch: &Batch<'_>,
        schema: &Schema,
        definition_of: &mut dyn FnMut(&QualifiedName<'_>) -> Result<Arc<TableDefinition>, EngineError>,
    ) -> Result<Self, EngineError> {
        let mut prepare = |statement: &Modification<'_>| {
            let definition = definition_of(statement.table())?;
            ModificationPlan::prepare(statement, schema, &definition).map(Arc::new)
        };
        let statements: Vec<_> = batch.statements.iter().map(&mut prepare).collect::<Result<_, _>>()?;
        let mut compiler = Compiler::new(None, &|_, _| None);
        let attributes = Attributes::compile(&batch.using, &mut compiler)?;
        let own = Arc::new(TableSpec { keyspace: "[batch]".to_owned(), table: "[batch]".to_owned() });
        let mut binds: Vec<Option<(BindSpec, Arc<TableSpec>)>> = Vec::new();
        let mut merge = |specs: &[Option<BindSpec>], table: &Arc<TableSpec>| {
            binds.resize(binds.len().max(specs.len()), None);
            for (place, spec) in binds.iter_mut().zip(specs) {
                if let Some(spec) = spec {
                    *place = Some((spec.clone(), Arc::clone(table)));
                }
            }
        };
        for statement in &statements {
            merge(&statement.binds, statement.definition.table.spec());
        }
        merge(&compiler.binds.by_position(), &own);
        let plan = BatchPlan { kind: batch.kind, attributes, statements, binds };
        plan.check()?;
        Ok(plan)
    }

    /// A batch of statements that were prepared by themselves, as BATCH messages have them.
    ///
    /// # Errors
    /// Those with which Cassandra refuses such a batch.
    pub fn of_statements(kind: BatchKind, statements: Vec<Arc<ModificationPlan>>) -> Result<Self, EngineError> {
        let plan = BatchPlan { kind, attributes: Attributes::default(), statements, binds: Vec::new() };
        plan.check()?;
        Ok(plan)
    }

    /// The bind markers.
    pub fn markers(&self) -> Columns {
        Columns::new(self.binds.iter().flatten().map(|(bind, table)| column_spec(bind, table)).collect())
    }

    /// Which markers are the partition key, if all markers are of one table and all of it is bound.
    pub fn partition_key_indexes(&self) -> Vec<u16> {
        let Some(first) = self.statements.first() else { return Vec::new() };
        // they have a place only beside markers that are all of one table
        if self.markers().global_table.is_none() {
            return Vec::new();
        }
        partition_key_indexes(self.binds.iter().flatten().map(|(bind, _)| bind), &first.definition)
    }

    /// Whether any statement is conditional. The outcome then has rows.
    pub fn is_conditional(&self) -> bool {
        self.statements.iter().any(|statement| statement.is_conditional())
    }

    /// The statements.
    pub fn statements(&self) -> &[Arc<ModificationPlan>] {
        &self.statements
    }

    /// Executes `BEGIN BATCH` with the values of all its markers.
    ///
    /// # Errors
    /// Those of Cassandra for values that do not fit, and for batches that are too large; of the store.
    pub fn execute(
        &self,
        store: &Store,
        values: &Values<'_>,
        context: &mut WriteContext<'_>,
    ) -> Result<WriteOutcome, EngineError> {
        let specs: Vec<Option<BindSpec>> =
            self.binds.iter().map(|bind| bind.as_ref().map(|(spec, _)| spec.clone())).collect();
        let arguments = Arguments::new(&specs, values)?;
        let timestamp = self.attributes.timestamp(context.timestamp_micros, &arguments, context)?;
        let of_statements =
            self.statements.iter().map(|statement| statement.within(&arguments)).collect::<Result<Vec<_>, _>>()?;
        self.run(store, &of_statements, timestamp, context)
    }

    /// Executes the batch of a message, with the values of each statement.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub fn execute_each(
        &self,
        store: &Store,
        values: &[Values<'_>],
        context: &mut WriteContext<'_>,
    ) -> Result<WriteOutcome, EngineError> {
        if values.len() != self.statements.len() {
            return Err(EngineError::invalid("Invalid amount of bind variables"));
        }
        let bound = self.statements.iter().zip(values).map(|(statement, values)| statement.bind(values));
        let arguments = bound.map(|arguments| arguments.map(Cow::Owned)).collect::<Result<Vec<_>, _>>()?;
        let timestamp = context.timestamp_micros;
        self.run(store, &arguments, timestamp, context)
    }

    fn run(
        &self,
        store: &Store,
        arguments: &[Cow<'_, Arguments>],
        timestamp: i64,
        context: &mut WriteContext<'_>,
    ) -> Result<WriteOutcome, EngineError> {
        let statements = self.statements.iter().zip(arguments);
        if self.is_conditional() {
            let entries: Vec<Entry<'_>> =
                statements.map(|(plan, arguments)| Entry { plan, arguments: arguments.as_ref() }).collect();
            return conditional::execute(&entries, true, store, context);
        }
        let mut keys: Vec<SmallVec<[PartitionKey; 1]>> = Vec::with_capacity(arguments.len());
        for (plan, arguments) in statements.clone() {
            keys.push(plan.partition_keys(arguments, context)?);
        }
        let locked: Vec<(StorageId, &PartitionKey)> = self
            .statements
            .iter()
            .zip(&keys)
            .filter(|(plan, _)| plan.operations.require_read || plan.maintenance.needs_lock())
            .flat_map(|(plan, keys)| keys.iter().map(|key| (plan.definition.storage(), key)))
            .collect();
        let locks = (!locked.is_empty()).then(|| store.lock(&locked));
        let mut collector = Collector::default();
        let sources = Sources { timestamp, own_timestamps: true, store: Some(store) };
        for ((plan, arguments), keys) in statements.zip(&keys) {
            plan.collect(keys, arguments, &sources, context, &mut collector)?;
        }
        let mutations = collector.finish();
        let warnings = self.warnings(&mutations)?;
        if let Some(first) = self.statements.first() {
            check_sizes(&mutations, &first.definition.table.spec().keyspace)?;
        }
        let writes: Vec<(&Maintenance, &Mutation)> =
            mutations.iter().filter_map(|mutation| Some((self.maintenance_of(mutation)?, mutation))).collect();
        maintain::apply(store, &writes, locks.as_ref(), context.now_seconds)?;
        Ok(WriteOutcome { rows: None, warnings })
    }

    fn maintenance_of(&self, mutation: &Mutation) -> Option<&Maintenance> {
        let of_table = self.statements.iter().find(|statement| statement.definition.storage() == mutation.table);
        of_table.map(|statement| statement.maintenance.as_ref())
    }
}
