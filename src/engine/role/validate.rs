//! What is checked of a statement on roles when it is prepared, and again before it runs (`CQLStatement.validate`).

use quorate_protocol::cql::ast::Statement;

use super::options::Options;
use super::parse::{Request, Target, builtin_functions};
use super::{Resource, Security};
use crate::engine::EngineError;

impl Security<'_> {
    /// Whether the statement makes sense in this session: what PREPARE answers. Statements that are not on roles do.
    ///
    /// # Errors
    /// Those of Cassandra: Syntax, Invalid, Unauthorized for anonymous users.
    pub fn validate(&self, statement: &Statement<'_>) -> Result<(), EngineError> {
        match Request::of(statement, self)? {
            Some(request) => self.validate_request(&request),
            None => Ok(()),
        }
    }

    pub(super) fn validate_request(&self, request: &Request) -> Result<(), EngineError> {
        match request {
            Request::Create { role, options, if_not_exists } => self.validate_create(role, options, *if_not_exists),
            Request::Alter { role, options, if_exists } => self.validate_alter(role, options, *if_exists),
            Request::Drop { role, if_exists } => self.validate_drop(role, *if_exists),
            Request::GrantRole { role, grantee: member } | Request::RevokeRole { role, revokee: member } => {
                self.named_user()?;
                let missing = [role, member].into_iter().find(|role| !self.roles.contains(role));
                missing.map_or(Ok(()), |role| invalid(format!("{role} doesn't exist")))
            }
            Request::Grant { on, grantee: role, .. } | Request::Revoke { on, revokee: role, .. } => {
                self.validate_grant(on, role)
            }
            Request::ListPermissions { on, of, .. } => {
                self.named_user()?;
                if let Some(on) = on
                    && let Err(missing) = self.found(on)?
                {
                    return invalid(format!("{missing} doesn't exist"));
                }
                self.listed_role_exists(of.as_deref())
            }
            Request::ListRoles { of, .. } => {
                self.named_user()?;
                self.listed_role_exists(of.as_deref())
            }
            Request::ListUsers => self.named_user().map(|_| ()),
            Request::AddIdentity { identity, role, if_not_exists } => {
                self.named_user()?;
                if !self.roles.contains(role) {
                    return invalid(format!("Can not add identity for non-existent role '{role}'"));
                }
                match !if_not_exists && self.roles.role_of_identity(identity).is_some() {
                    true => invalid(format!("{identity} already exists")),
                    false => Ok(()),
                }
            }
            Request::DropIdentity { identity, if_exists } => {
                self.named_user()?;
                match *if_exists || self.roles.role_of_identity(identity).is_some() {
                    true => Ok(()),
                    false => invalid(format!("identity '{identity}' doesn't exist")),
                }
            }
        }
    }

    fn validate_create(&self, role: &str, options: &Options, if_not_exists: bool) -> Result<(), EngineError> {
        options.validate(self)?;
        if role.is_empty() {
            return invalid("Role name can't be an empty string");
        }
        options.validate_access(self)?;
        self.named_user()?;
        match !if_not_exists && self.roles.contains(role) {
            true => invalid(format!("{role} already exists")),
            false => Ok(()),
        }
    }

    fn validate_alter(&self, role: &str, options: &Options, if_exists: bool) -> Result<(), EngineError> {
        options.validate(self)?;
        if options.is_empty() {
            return invalid("ALTER [ROLE|USER] can't be empty");
        }
        options.validate_access(self)?;
        self.named_user()?;
        match if_exists || self.roles.contains(role) {
            true => Ok(()),
            false => invalid(format!("Role {role} doesn't exist")),
        }
    }

    fn validate_drop(&self, role: &str, if_exists: bool) -> Result<(), EngineError> {
        let user = self.named_user()?;
        if !if_exists && !self.roles.contains(role) {
            return invalid(format!("{role} doesn't exist"));
        }
        match user == role {
            true => invalid("Cannot DROP primary role for current login"),
            false => Ok(()),
        }
    }

    fn validate_grant(&self, on: &Target, role: &str) -> Result<(), EngineError> {
        self.named_user()?;
        if !self.roles.contains(role) {
            return invalid(format!("Role {role} doesn't exist"));
        }
        match self.found(on)? {
            Ok(_) => Ok(()),
            Err(missing) => invalid(format!("Resource {missing} doesn't exist")),
        }
    }

    /// Who is asking (`ClientState.ensureNotAnonymous`).
    pub(super) fn named_user(&self) -> Result<&str, EngineError> {
        self.user.ok_or_else(|| {
            let message = "You have to be logged in and not anonymous to perform this request";
            EngineError::Unauthorized(message.to_owned())
        })
    }

    /// The resource, or what messages call the one that does not exist.
    pub(super) fn found(&self, target: &Target) -> Result<Result<Resource, String>, EngineError> {
        let resource = match target {
            Target::Function(name) if name.starts_with("<function system.") => return Err(builtin_functions()),
            Target::Function(name) => return Ok(Err(name.clone())),
            Target::Resource(Resource::FunctionsOf(keyspace)) if keyspace == "system" => {
                return Err(builtin_functions());
            }
            Target::Resource(resource) => resource.clone(),
            Target::TableOfSession(table) => {
                let keyspace = self.keyspace.ok_or_else(|| {
                    EngineError::invalid(
                        "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename",
                    )
                })?;
                Resource::Table(keyspace.to_owned(), table.clone())
            }
        };
        Ok(if resource.exists(self.schema, self.roles) { Ok(resource) } else { Err(resource.to_string()) })
    }

    fn listed_role_exists(&self, role: Option<&str>) -> Result<(), EngineError> {
        match role.filter(|role| !self.roles.contains(role)) {
            Some(role) => Err(EngineError::invalid(format!("<role {role}> doesn't exist"))),
            None => Ok(()),
        }
    }
}

fn invalid(message: impl Into<String>) -> Result<(), EngineError> {
    Err(EngineError::invalid(message))
}
