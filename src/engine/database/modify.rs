//! INSERT, UPDATE, DELETE and BATCH, run.

use std::borrow::Cow;
use std::sync::Arc;

use quorate_protocol::cql::ast::BatchKind;
use quorate_protocol::message::BatchType;
use quorate_protocol::message::view::{Parameters, Values};

use super::statement::StatementPlan;
use super::{BatchChild, Database, Executed, Execution, Outcome, Statement};
use crate::engine::EngineError;
use crate::engine::modification::{BatchPlan, ModificationPlan, WriteContext, WriteOutcome};
use crate::store::Store;

impl Database {
    /// Runs statements as one BATCH.
    ///
    /// # Errors
    /// As Cassandra refuses it.
    pub fn batch(
        &self,
        kind: BatchType,
        children: &[BatchChild<'_>],
        execution: Execution<'_>,
    ) -> Result<Executed, EngineError> {
        for child in children {
            self.authorize_again(child.statement, execution.user)?;
        }
        let _gate = self.gate.read();
        let plans = children.iter().map(|child| match &self.current(child.statement)?.plan {
            StatementPlan::Modify(plan) => Ok(plan.clone()),
            _ => Err(EngineError::Invalid(
                "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.".to_owned(),
            )),
        });
        let plan = BatchPlan::of_statements(batch_kind(kind), plans.collect::<Result<_, _>>()?)?;
        let values: Vec<Values<'_>> = children.iter().map(|child| child.values).collect();
        self.write(execution.parameters, |store, context| plan.execute_each(store, &values, context))
    }

    /// Runs a statement that writes.
    pub(super) fn modify(&self, statement: &Statement, parameters: &Parameters<'_>) -> Result<Executed, EngineError> {
        let _gate = self.gate.read();
        let statement = self.current(statement)?;
        self.write(parameters, |store, context| match &statement.plan {
            StatementPlan::Modify(plan) => plan.execute(store, &parameters.values, context),
            StatementPlan::Batch(plan) => plan.execute(store, &parameters.values, context),
            _ => Err(EngineError::Invalid("The statement writes nothing".to_owned())),
        })
    }

    /// The statement as the schema of now has it; call it within the gate.
    fn current<'s>(&self, statement: &'s Statement) -> Result<Cow<'s, Statement>, EngineError> {
        if Arc::ptr_eq(&statement.schema, &self.schema.load().schema) {
            return Ok(Cow::Borrowed(statement));
        }
        self.compile(statement.text(), statement.keyspace(), None).map(Cow::Owned)
    }

    fn write(
        &self,
        parameters: &Parameters<'_>,
        write: impl FnOnce(&Store, &mut WriteContext<'_>) -> Result<WriteOutcome, EngineError>,
    ) -> Result<Executed, EngineError> {
        let mut environment = self.environment();
        let now_micros = i64::try_from(environment.unix_micros()).unwrap_or(i64::MAX);
        let wall_seconds = now_micros.div_euclid(1_000_000);
        let mut context = WriteContext {
            timestamp_micros: parameters.default_timestamp_micros.unwrap_or(now_micros),
            now_seconds: parameters.now_in_seconds.map_or(wall_seconds, i64::from),
            wall_seconds,
            environment: &mut *environment,
            list_ids: &self.list_ids,
        };
        let WriteOutcome { rows, warnings } = write(&self.store, &mut context)?;
        Ok(Executed { outcome: rows.map_or(Outcome::Void, Outcome::Rows), warnings })
    }
}

/// Compiles `BEGIN BATCH` and single modifications.
pub(super) fn plan(
    tree: &quorate_protocol::cql::ast::Statement<'_>,
    schema: &super::Schema,
    keyspace: Option<&str>,
) -> Result<Option<StatementPlan>, EngineError> {
    use quorate_protocol::cql::ast::{Modification, QualifiedName, Statement as Tree};
    let mut definition_of = |name: &QualifiedName<'_>| super::statement::table(schema, name, keyspace).map(Arc::clone);
    let modification = match tree {
        Tree::Batch(batch) => {
            let plan = BatchPlan::prepare(batch, schema, &mut definition_of)?;
            return Ok(Some(StatementPlan::Batch(Arc::new(plan))));
        }
        Tree::Insert(insert) => Modification::Insert(insert.clone()),
        Tree::Update(update) => Modification::Update(update.clone()),
        Tree::Delete(delete) => Modification::Delete(delete.clone()),
        _ => return Ok(None),
    };
    let definition = definition_of(modification.table())?;
    let plan = ModificationPlan::prepare(&modification, schema, &definition)?;
    Ok(Some(StatementPlan::Modify(Arc::new(plan))))
}

fn batch_kind(kind: BatchType) -> BatchKind {
    match kind {
        BatchType::Logged => BatchKind::Logged,
        BatchType::Unlogged => BatchKind::Unlogged,
        BatchType::Counter => BatchKind::Counter,
    }
}
