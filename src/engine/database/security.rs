//! Roles: who may log in, and what statements on roles do.

use std::sync::Arc;

use quorate_protocol::cql::ast;
use quorate_protocol::message::response::{SchemaChange, SchemaChangeKind, SchemaTarget};

use super::open::ROLES;
use super::{Database, Executed, Outcome, Roles, bits};
use crate::engine::EngineError;
use crate::engine::role::{LoginError, Resource, Security};

impl Database {
    /// Whether a role may log in with this password. It takes long, as passwords must.
    ///
    /// # Errors
    /// Why not, in Cassandra's words.
    pub fn log_in(&self, role: &str, password: &str) -> Result<(), LoginError> {
        self.roles.load().log_in(role, password)
    }

    /// Whether `user` may run a statement.
    pub(super) fn authorize(
        &self,
        statement: &ast::Statement<'_>,
        keyspace: Option<&str>,
        user: Option<&str>,
    ) -> Result<(), EngineError> {
        self.with_security(keyspace, user, |security| security.authorize(statement))
    }

    /// Checks a statement as PREPARE does.
    pub(super) fn validate(
        &self,
        statement: &ast::Statement<'_>,
        keyspace: Option<&str>,
        user: Option<&str>,
    ) -> Result<(), EngineError> {
        self.with_security(keyspace, user, |security| security.validate(statement))
    }

    /// Executes a statement on roles.
    pub(super) fn change_roles(
        &self,
        statement: &ast::Statement<'_>,
        keyspace: Option<&str>,
        user: Option<&str>,
    ) -> Result<Executed, EngineError> {
        let _turn = self.turn_to_change()?;
        let mut environment = self.environment();
        let execution = self
            .with_security(keyspace, user, |security| security.execute(statement, &mut || bits(&mut *environment)))?;
        let Some(execution) = execution else {
            return Err(EngineError::Invalid("The statement is not about roles".to_owned()));
        };
        if let Some(roles) = execution.roles {
            self.adopt_roles(roles)?;
        }
        let outcome = execution.rows.map_or(Outcome::Void, Outcome::Rows);
        Ok(Executed { outcome, warnings: execution.warnings })
    }

    /// What is gone has no permissions any more; what is new belongs to who made it.
    pub(super) fn permissions_follow(&self, event: &SchemaChange, user: Option<&str>) -> Result<(), EngineError> {
        let resource = match &event.target {
            SchemaTarget::Keyspace => Resource::Keyspace(event.keyspace.clone()),
            SchemaTarget::Table(table) => Resource::Table(event.keyspace.clone(), table.clone()),
            _ => return Ok(()),
        };
        let current = self.roles.load();
        let next = match (event.kind, user) {
            (SchemaChangeKind::Dropped, _) => current.without_resource(&resource),
            (SchemaChangeKind::Created, Some(user)) => current.granted_to_creator(user, &resource),
            _ => return Ok(()),
        };
        if next == **current { Ok(()) } else { self.adopt_roles(next) }
    }

    fn adopt_roles(&self, roles: Roles) -> Result<(), EngineError> {
        let record = roles.to_record().map_err(|error| EngineError::Storage(error.to_string()))?;
        self.store.put_record(ROLES, &record)?;
        self.store.commit()?;
        self.roles.store(Arc::new(roles));
        Ok(())
    }

    fn with_security<T>(
        &self,
        keyspace: Option<&str>,
        user: Option<&str>,
        of: impl FnOnce(&Security<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let (roles, schema) = (self.roles.load(), self.schema());
        let datacenters = [self.topology.local.data_center.clone()];
        of(&Security { roles: &roles, schema: &schema, datacenters: &datacenters, rules: self.rules, user, keyspace })
    }
}
