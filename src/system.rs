//! The system tables that the proxy answers itself, so that drivers see proxies where Cassandra has nodes: `system.local`,
//! `system.peers` and `system.peers_v2`, with every column of Cassandra 5.0.

mod tables;
mod topology;

use std::sync::Arc;

use arc_swap::ArcSwap;
use quorate_protocol::cql::ast::Select;
use quorate_protocol::message::response::Rows;
use quorate_protocol::message::view::Values;
use uuid::Uuid;

use crate::engine::{EngineError, Environment, Page, Plan, Row, Table};

pub use tables::SystemTable;
pub use topology::{Proxy, Topology};

/// The proxy's own tables. Shared by all threads; a change of their contents is one swap.
#[derive(Debug)]
pub struct Tables {
    definitions: [Arc<Table>; 3],
    contents: ArcSwap<Contents>,
}

/// A SELECT from one of these tables, ready to run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SystemPlan {
    table: SystemTable,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Contents {
    topology: Topology,
    rows: [Vec<Row>; 3],
}

impl Tables {
    /// Tables that describe `topology`.
    pub fn new(topology: Topology) -> Self {
        let definitions = SystemTable::ALL.map(|table| Arc::new(tables::definition(table)));
        let contents = ArcSwap::from_pointee(Contents::new(topology, &definitions));
        Tables { definitions, contents }
    }

    /// Describes another topology from now on.
    pub fn update(&self, topology: Topology) {
        self.contents.store(Arc::new(Contents::new(topology, &self.definitions)));
    }

    /// The schema of all proxies is at this version from now on.
    pub fn schema_version_is(&self, version: Uuid) {
        let topology = self.contents.load().topology.clone();
        self.update(Topology { schema_version: version, ..topology });
    }

    /// All proxies are in this datacenter from now on.
    pub fn data_center_is(&self, data_center: &str) {
        let mut topology = self.contents.load().topology.clone();
        for proxy in std::iter::once(&mut topology.local).chain(&mut topology.peers) {
            data_center.clone_into(&mut proxy.data_center);
        }
        self.update(topology);
    }

    /// Compiles a SELECT. `None`: it is not from one of these tables.
    ///
    /// # Errors
    /// Those with which Cassandra refuses the statement.
    pub fn prepare(&self, select: &Select<'_>, keyspace: Option<&str>) -> Option<Result<SystemPlan, EngineError>> {
        let table = SystemTable::of(select, keyspace)?;
        let [local, peers, peers_v2] = &self.definitions;
        let definition = match table {
            SystemTable::Local => local,
            SystemTable::Peers => peers,
            SystemTable::PeersV2 => peers_v2,
        };
        let no_user_types = |_: Option<&str>, _: &str| None;
        Some(Plan::prepare(select, definition, &no_user_types).map(|plan| SystemPlan { table, plan: Arc::new(plan) }))
    }

    /// Runs a compiled SELECT over what the tables hold now.
    ///
    /// # Errors
    /// For bind values that do not fit, and operations that fail on what they meet.
    pub fn execute(
        &self,
        plan: &SystemPlan,
        values: &Values<'_>,
        page: Page<'_>,
        environment: &mut dyn Environment,
    ) -> Result<Rows, EngineError> {
        let contents = self.contents.load();
        let [local, peers, peers_v2] = &contents.rows;
        let rows = match plan.table {
            SystemTable::Local => local,
            SystemTable::Peers => peers,
            SystemTable::PeersV2 => peers_v2,
        };
        plan.plan.execute(rows, values, page, environment)
    }
}

impl SystemPlan {
    /// The compiled SELECT: its markers and result, for PREPARED.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Contents {
    fn new(topology: Topology, definitions: &[Arc<Table>; 3]) -> Self {
        let [local, peers, peers_v2] = definitions;
        let rows = [
            tables::rows(SystemTable::Local, local, &topology),
            tables::rows(SystemTable::Peers, peers, &topology),
            tables::rows(SystemTable::PeersV2, peers_v2, &topology),
        ];
        Contents { topology, rows }
    }
}

/// The rows of `system.local`, `system.peers` or `system.peers_v2`, in order, each with all columns; none for other names.
pub(crate) fn rows_of(name: &str, topology: &Topology) -> Vec<Row> {
    let table = SystemTable::ALL.into_iter().find(|table| table.name() == name);
    table.map(|table| tables::rows(table, &tables::definition(table), topology)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
