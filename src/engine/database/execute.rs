//! Statements, run.

use std::sync::atomic::AtomicBool;

use quorate_protocol::cql::{self, ast};
use quorate_protocol::message::response::Rows;
use quorate_protocol::message::view::Parameters;
use quorate_protocol::message::{Consistency, QueryFlags};

use super::statement::{SelectPlan, StatementPlan};
use super::{Database, Executed, Outcome, Statement};
use crate::engine::definition;
use crate::engine::describe::{self, DescribeContext};
use crate::engine::role::Rules;
use crate::engine::system_tables;
use crate::engine::{EngineError, Page};
use crate::system::Topology;

/// How a statement is executed.
#[derive(Clone, Copy)]
pub struct Execution<'a> {
    /// Bind values, paging, write time and the like.
    pub parameters: &'a Parameters<'a>,
    /// Whether whoever wants rows knows their columns, so that these need not be described.
    pub knows_columns: bool,
    /// Who wants it. Nobody: where clients log in, this program itself, which may do all.
    pub user: Option<&'a str>,
    /// Set once nobody waits for a result any more: a SELECT ends at the next row then.
    pub abandoned: Option<&'a AtomicBool>,
}

impl Database {
    /// Runs a statement.
    ///
    /// # Errors
    /// As Cassandra refuses it.
    pub fn execute(&self, statement: &Statement, execution: Execution<'_>) -> Result<Executed, EngineError> {
        self.authorize_again(statement, execution.user)?;
        let keyspace = statement.keyspace();
        match &statement.plan {
            StatementPlan::Select(select) => self.select(select, execution),
            StatementPlan::Modify(_) | StatementPlan::Batch(_) => self.modify(statement, execution.parameters),
            StatementPlan::Use(keyspace) => {
                definition::check_use(&self.schema(), keyspace)?;
                Ok(Outcome::SetKeyspace(keyspace.clone()).into())
            }
            StatementPlan::Truncate { keyspace, table } => self.truncate(keyspace, table).map(Executed::from),
            StatementPlan::Define => {
                let stamp = execution.parameters.default_timestamp_micros.unwrap_or_else(|| self.now_micros());
                self.change_schema(&parsed(statement)?, statement.text(), keyspace, stamp, execution.user)
            }
            StatementPlan::Roles => self.change_roles(&parsed(statement)?, keyspace, execution.user),
            StatementPlan::Describe => match parsed(statement)? {
                ast::Statement::Describe(tree) => self.describe(&tree, keyspace, execution.parameters),
                _ => Err(EngineError::Invalid("The statement describes nothing".to_owned())),
            },
        }
    }

    /// Runs a statement of this program's own that writes.
    ///
    /// # Errors
    /// As Cassandra refuses it.
    pub fn run(&self, text: &str) -> Result<Executed, EngineError> {
        let statement = self.compile(text, None, None)?;
        self.modify(&statement, &Parameters::of_level(Consistency::One))
    }

    /// Whether `user` may run a statement that was compiled for anybody.
    pub(super) fn authorize_again(&self, statement: &Statement, user: Option<&str>) -> Result<(), EngineError> {
        if let Some(refusal) = &statement.refusal {
            return Err(refusal.clone());
        }
        if self.rules == Rules::Open || user.is_none() {
            return Ok(());
        }
        self.authorize(&parsed(statement)?, statement.keyspace(), user)
    }

    fn select(&self, select: &SelectPlan, execution: Execution<'_>) -> Result<Executed, EngineError> {
        let Execution { parameters, knows_columns, abandoned, .. } = execution;
        let page = Page {
            size: page_size(parameters),
            state: parameters.paging_state,
            now_seconds: parameters.now_in_seconds.map(i64::from),
            masked: false,
            omits_columns: knows_columns && parameters.flags.contains(QueryFlags::SKIP_METADATA),
            abandoned,
        };
        let (plan, mut environment) = (&select.plan, self.environment());
        let rows = if select.is_computed {
            let rows = self.computed_rows(select);
            plan.execute(&rows, &parameters.values, page, &mut *environment)?
        } else {
            plan.execute(&self.store, &parameters.values, page, &mut *environment)?
        };
        let warnings = plan.aggregation_warning().map(str::to_owned).into_iter().collect();
        Ok(Executed { outcome: Outcome::Rows(rows), warnings })
    }

    /// The rows of a table that are made when they are read.
    fn computed_rows(&self, select: &SelectPlan) -> Vec<crate::engine::Row> {
        let (schema, topology, roles) = (self.schema(), self.topology_now(), self.roles.load());
        let settings = std::collections::BTreeMap::new();
        let context = system_tables::Context { topology: &topology, roles: &roles, settings: &settings, clients: &[] };
        system_tables::rows(&select.definition, &schema, &context)
    }

    fn describe(
        &self,
        statement: &ast::Describe<'_>,
        keyspace: Option<&str>,
        parameters: &Parameters<'_>,
    ) -> Result<Executed, EngineError> {
        let (schema, topology) = (self.schema(), self.topology_now());
        let context = DescribeContext { schema: &schema, topology: &topology, keyspace };
        let size = page_size(parameters).unwrap_or(0);
        let rows: Rows = describe::execute(statement, &context, size, parameters.paging_state)?;
        Ok(Outcome::Rows(rows).into())
    }

    fn topology_now(&self) -> Topology {
        Topology { schema_version: self.schema_version(), ..self.topology.clone() }
    }
}

/// The statement's tree again.
fn parsed(statement: &Statement) -> Result<ast::Statement<'_>, EngineError> {
    cql::parse(statement.text()).map_err(|error| EngineError::Syntax(error.to_string()))
}

fn page_size(parameters: &Parameters<'_>) -> Option<usize> {
    parameters.page_size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0)
}
