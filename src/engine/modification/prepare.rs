//! Statements to plans, checked (`UpdateStatement`, `DeleteStatement`, `ModificationStatement.Parsed`).

use std::sync::Arc;

use quorate_protocol::cql::ast::{
    Delete, Insert, InsertSource, JsonDefault, Modification, Name, Operator, Term, Update,
};
use quorate_protocol::value::UserTypeLookup;

use super::arguments::JSON_BASE;
use super::attributes::Attributes;
use super::condition::{self, Conditions};
use super::json::JsonSource;
use super::key::{KeyPlan, compile_relations};
use super::operation::{Action, Operation, compile_assignment, compile_deletion, set_value};
use super::{ModificationPlan, Operations, StatementKind, is_static_only};
use crate::engine::bind::Receiver;
use crate::engine::compile::{Compiler, Operand, undefined_column};
use crate::engine::error::EngineError;
use crate::engine::expression::Expression;
use crate::engine::maintain::Maintenance;
use crate::engine::restriction::Filter;
use crate::engine::schema::{Schema, TableDefinition};
use crate::engine::table::ColumnKind;

impl ModificationPlan {
    /// Compiles a modification of the table (or view, which is refused) with that definition.
    ///
    /// # Errors
    /// Those with which Cassandra refuses the statement, in its words.
    pub fn prepare(
        statement: &Modification<'_>,
        schema: &Schema,
        definition: &Arc<TableDefinition>,
    ) -> Result<Self, EngineError> {
        let spec = definition.table.spec();
        let user_types = |keyspace: Option<&str>, name: &str| {
            schema.keyspace(keyspace.unwrap_or(&spec.keyspace))?.types.get(name).cloned()
        };
        let maintenance = Arc::new(Maintenance::new(schema, definition)?);
        let plan = Preparation { definition, maintenance, user_types: &user_types }.prepare(statement)?;
        plan.check_table(schema)?;
        Ok(plan)
    }

    /// What the kind of table forbids (`ModificationStatement.validate`).
    fn check_table(&self, schema: &Schema) -> Result<(), EngineError> {
        let spec = self.definition.table.spec();
        let refuse = |message: &str| Err(EngineError::invalid(message));
        if self.is_conditional() && self.is_counter() {
            return refuse("Conditional updates are not supported on counter tables");
        }
        if self.is_conditional() && self.attributes.timestamp.is_some() {
            return refuse("Cannot provide custom timestamp for conditional updates");
        }
        if self.is_counter() && self.attributes.timestamp.is_some() {
            return refuse("Cannot provide custom timestamp for counter updates");
        }
        if self.is_counter() && self.attributes.ttl.is_some() {
            return refuse("Cannot provide custom TTL for counter updates");
        }
        if schema.view(&spec.keyspace, &spec.table).is_some() {
            return refuse("Cannot directly modify a materialized view");
        }
        Ok(())
    }
}

struct Preparation<'a> {
    definition: &'a Arc<TableDefinition>,
    maintenance: Arc<Maintenance>,
    user_types: &'a UserTypeLookup<'a>,
}

impl Preparation<'_> {
    fn prepare(&self, statement: &Modification<'_>) -> Result<ModificationPlan, EngineError> {
        match statement {
            Modification::Insert(insert) => self.insert(insert),
            Modification::Update(update) => self.update(update),
            Modification::Delete(delete) => self.delete(delete),
        }
    }

    fn compiler(&self) -> Compiler<'_> {
        Compiler::new(Some(&self.definition.table), self.user_types)
    }

    fn insert(&self, insert: &Insert<'_>) -> Result<ModificationPlan, EngineError> {
        let mut compiler = self.compiler();
        let attributes = Attributes::compile(&insert.using, &mut compiler)?;
        let conditions = if insert.if_not_exists { Conditions::NotExists } else { Conditions::None };
        if self.definition.flags.counter {
            return Err(EngineError::invalid(
                "INSERT statements are not allowed on counter tables, use UPDATE instead",
            ));
        }
        let mut parts = InsertParts::default();
        match &insert.source {
            InsertSource::Values { columns, values } => {
                self.insert_values(columns, values, &mut parts, &mut compiler)?
            }
            InsertSource::Json { value, default } => self.insert_json(value, *default, &mut parts, &mut compiler)?,
        }
        let InsertParts { filters, operations, json, sets_clustering } = parts;
        let flags = self.definition.flags;
        if !flags.dense && !flags.compound && operations.is_empty() {
            // of such tables Cassandra stores a static row, and would need the clustering that it hides for any other
            return Err(EngineError::invalid("Some clustering keys are missing: column1"));
        }
        let is_static_only = !sets_clustering && is_static_only(StatementKind::Insert, &operations, &conditions);
        let key = KeyPlan::new(filters, self.definition, StatementKind::Insert, is_static_only)?;
        Ok(self.plan(StatementKind::Insert, attributes, key, json, operations, conditions, compiler))
    }

    fn insert_values(
        &self,
        columns: &[Name<'_>],
        values: &[Term<'_>],
        parts: &mut InsertParts,
        compiler: &mut Compiler<'_>,
    ) -> Result<(), EngineError> {
        if columns.is_empty() {
            return Err(EngineError::invalid("No columns provided to INSERT"));
        }
        if columns.len() != values.len() {
            return Err(EngineError::invalid("Unmatched column names/values"));
        }
        let mut names: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(EngineError::invalid("The column names contains duplicates"));
        }
        let table = &self.definition.table;
        for (name, value) in columns.iter().zip(values) {
            let (index, column) = table.column(name.as_str()).ok_or_else(|| undefined_column(name.as_str(), table))?;
            if table.is_key(index) {
                let receiver =
                    Receiver { name: column.name.clone(), cql_type: column.cql_type.clone(), column: Some(index) };
                parts.filters.push(equal(index, value.compile(compiler, &receiver)?));
                parts.sets_clustering |= matches!(column.kind, ColumnKind::Clustering { .. });
            } else {
                parts.operations.push(set_value(index, value, self.definition, compiler)?, self.definition);
            }
        }
        Ok(())
    }

    /// Every column is set; JSON gives the values, or null, or nothing.
    fn insert_json(
        &self,
        value: &Term<'_>,
        default: Option<JsonDefault>,
        parts: &mut InsertParts,
        compiler: &mut Compiler<'_>,
    ) -> Result<(), EngineError> {
        let table = &self.definition.table;
        parts.json = Some(JsonSource::compile(value, default, table, compiler)?);
        parts.sets_clustering = !table.clustering().is_empty();
        for (index, column) in table.columns().iter().enumerate() {
            let value = Expression::Bind(JSON_BASE + index);
            if table.is_key(index) {
                parts.filters.push(equal(index, value));
                continue;
            }
            let id = self.definition.column_id(index).ok_or_else(|| undefined_column(&column.name, table))?;
            let is_static = column.kind == ColumnKind::Static;
            let action = if column.cql_type.is_multi_cell() { Action::Replace(value) } else { Action::Put(value) };
            parts.operations.push(Operation { column: index, id, is_static, action }, self.definition);
        }
        Ok(())
    }

    fn update(&self, update: &Update<'_>) -> Result<ModificationPlan, EngineError> {
        let mut compiler = self.compiler();
        let attributes = Attributes::compile(&update.using, &mut compiler)?;
        let conditions = condition::compile(
            update.condition.as_ref(),
            attributes.timestamp.is_some(),
            self.definition,
            &mut compiler,
        )?;
        let mut operations = Operations::default();
        for assignment in &update.assignments {
            let is_conditional = !conditions.is_none();
            let operation = compile_assignment(assignment, self.definition, is_conditional, &mut compiler)?;
            operations.push(operation, self.definition);
        }
        let kind = StatementKind::Update;
        let filters = compile_relations(&update.relations, &self.definition.table, kind, &mut compiler)?;
        let is_static_only = is_static_only(kind, &operations, &conditions);
        let key = KeyPlan::new(filters, self.definition, kind, is_static_only)?;
        Ok(self.plan(kind, attributes, key, None, operations, conditions, compiler))
    }

    fn delete(&self, delete: &Delete<'_>) -> Result<ModificationPlan, EngineError> {
        let mut compiler = self.compiler();
        let attributes = Attributes::of_timestamp(delete.timestamp.as_ref(), &mut compiler)?;
        let conditions = condition::compile(
            delete.condition.as_ref(),
            attributes.timestamp.is_some(),
            self.definition,
            &mut compiler,
        )?;
        let mut operations = Operations::default();
        for deletion in &delete.deletions {
            operations.push(compile_deletion(deletion, self.definition, &mut compiler)?, self.definition);
        }
        let kind = StatementKind::Delete;
        let filters = compile_relations(&delete.relations, &self.definition.table, kind, &mut compiler)?;
        let is_static_only = is_static_only(kind, &operations, &conditions);
        let key = KeyPlan::new(filters, self.definition, kind, is_static_only)?;
        let has_alternatives = key.has_partition_alternatives() || key.has_clustering_alternatives();
        if !conditions.is_none() && !key.is_one_row(&self.definition.table) && !has_alternatives {
            let in_order = if operations.apply_to_rows(kind) {
                "in order to delete non static columns"
            } else if conditions.columns().iter().any(|condition| !condition.is_static) {
                "in order to use IF condition on non static columns"
            } else {
                ""
            };
            if !in_order.is_empty() {
                return Err(EngineError::invalid(format!(
                    "DELETE statements must restrict all PRIMARY KEY columns with equality relations {in_order}"
                )));
            }
        }
        Ok(self.plan(kind, attributes, key, None, operations, conditions, compiler))
    }

    #[expect(clippy::too_many_arguments, reason = "they are the parts of a plan")]
    fn plan(
        &self,
        kind: StatementKind,
        attributes: Attributes,
        key: KeyPlan,
        json: Option<JsonSource>,
        operations: Operations,
        conditions: Conditions,
        compiler: Compiler<'_>,
    ) -> ModificationPlan {
        ModificationPlan {
            definition: Arc::clone(self.definition),
            maintenance: Arc::clone(&self.maintenance),
            kind,
            attributes,
            key,
            json,
            operations,
            conditions,
            binds: compiler.binds.by_position(),
        }
    }
}

/// What an INSERT consists of.
#[derive(Default)]
struct InsertParts {
    filters: Vec<Filter>,
    operations: Operations,
    json: Option<JsonSource>,
    sets_clustering: bool,
}

fn equal(column: usize, value: Expression) -> Filter {
    Filter::Compare { column, operator: Operator::Equal, value }
}
