//! What is checked of a statement on roles when it is prepared, and again before it runs (`CQLStatement.validate`).

use quorate_protocol::cql::ast::Statement;

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
        let exists = |role: &str| self.roles.contains(role);
        let invalid = |message: String| Err(EngineError::invalid(message));
        match request {
            Request::Create { role, options, if_not_exists } => {
                options.validate(self)?;
                if role.is_empty() {
                    return invalid("Role name can't be an empty string".to_owned());
                }
                options.validate_access(self)?;
                self.named_user()?;
                match !if_not_exists && exists(role) {
                    true => invalid(format!("{role} already exists")),
                    false => Ok(()),
                }
            }
            Request::Alter { role, options, if_exists } => {
                options.validate(self)?;
                if options.is_empty() {
                    return invalid("ALTER [ROLE|USER] can't be empty".to_owned());
                }
                options.validate_access(self)?;
                self.named_user()?;
                match exists(role) || *if_exists {
                    true => Ok(()),
                    false => invalid(format!("Role {role} doesn't exist")),
                }
            }
            Request::Drop { role, if_exists } => {
                let user = self.named_user()?;
                if !if_exists && !exists(role) {
                    return invalid(format!("{role} doesn't exist"));
                }
                match user == role {
                    true => invalid("Cannot DROP primary role for current login".to_owned()),
                    false => Ok(()),
                }
            }
            Request::GrantRole { role, grantee: member } | Request::RevokeRole { role, revokee: member } => {
                self.named_user()?;
                match [role, member].into_iter().find(|role| !exists(role)) {
                    Some(role) => invalid(format!("{role} doesn't exist")),
                    None => Ok(()),
                }
            }
            Request::Grant { on, grantee: role, .. } | Request::Revoke { on, revokee: role, .. } => {
                self.named_user()?;
                if !exists(role) {
                    return invalid(format!("Role {role} doesn't exist"));
                }
                match self.found(on)? {
                    Ok(_) => Ok(()),
                    Err(missing) => invalid(format!("Resource {missing} doesn't exist")),
                }
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
                if !exists(role) {
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
