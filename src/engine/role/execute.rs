//! Statements on roles, run: the next roles, or a list.

use quorate_protocol::cql::ast::Statement;
use quorate_protocol::message::response::Rows;

use super::options::Options;
use super::parse::{Request, Target};
use super::password::{Random, hash};
use super::{PermissionSet, Resource, Role, Roles, Security};
use crate::engine::EngineError;

/// What a statement on roles did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Execution {
    /// The roles from now on; absent: they are as before.
    pub roles: Option<Roles>,
    /// The list that was asked for; absent: none was, or nothing is in it.
    pub rows: Option<Rows>,
    /// Warnings for the client.
    pub warnings: Vec<String>,
}

impl Security<'_> {
    /// Checks and runs a statement on roles; of any other, nothing. A password takes its time to be hashed: see
    /// [`Roles::log_in`].
    ///
    /// # Errors
    /// Those of [`Self::authorize`] and [`Self::validate`], and Invalid for what cannot be done.
    pub fn execute(
        &self,
        statement: &Statement<'_>,
        random: &mut Random<'_>,
    ) -> Result<Option<Execution>, EngineError> {
        let Some(request) = Request::of(statement, self)? else { return Ok(None) };
        self.authorize(statement)?;
        self.validate_request(&request)?;
        self.run(request, random).map(Some)
    }

    fn run(&self, request: Request, random: &mut Random<'_>) -> Result<Execution, EngineError> {
        match request {
            Request::ListPermissions { permissions, on, of, recursive } => {
                self.list_permissions(permissions, on.as_ref(), of.as_deref(), recursive).map(listed)
            }
            Request::ListRoles { of, recursive } => self.list_roles(of.as_deref(), recursive).map(listed),
            Request::ListUsers => self.list_users().map(listed),
            Request::Grant { permissions, on, grantee } => self.grant(permissions, &on, &grantee),
            Request::Revoke { permissions, on, revokee } => self.revoke(permissions, &on, &revokee),
            request => {
                let mut next = self.roles.clone();
                self.change(&mut next, request, random)?;
                Ok(Execution { roles: (next != *self.roles).then_some(next), ..Execution::default() })
            }
        }
    }

    fn change(&self, roles: &mut Roles, request: Request, random: &mut Random<'_>) -> Result<(), EngineError> {
        match request {
            Request::Create { role, .. } if self.roles.contains(&role) => {}
            Request::Create { role, options, .. } => self.create(roles, role, options, random)?,
            Request::Alter { role, options, .. } => {
                if let Some(role) = roles.roles.get_mut(&role) {
                    alter(role, options, random)?;
                }
            }
            Request::Drop { role, .. } => drop(roles, &role),
            Request::GrantRole { role, grantee } => {
                let is_member = |member: &str, of: &str| roles.inherited(member).contains(of);
                for (member, of) in [(&grantee, &role), (&role, &grantee)] {
                    if is_member(member, of) {
                        return Err(EngineError::invalid(format!("{member} is a member of {of}")));
                    }
                }
                if let Some(grantee) = roles.roles.get_mut(&grantee) {
                    grantee.member_of.insert(role);
                }
            }
            Request::RevokeRole { role, revokee } => {
                if !roles.direct(&revokee).contains(role.as_str()) {
                    return Err(EngineError::invalid(format!("{revokee} is not a member of {role}")));
                }
                if let Some(revokee) = roles.roles.get_mut(&revokee) {
                    revokee.member_of.remove(&role);
                }
            }
            Request::AddIdentity { identity, role, .. } => {
                roles.identities.entry(identity).or_insert(role);
            }
            Request::DropIdentity { identity, .. } => {
                roles.identities.remove(&identity);
            }
            // they change permissions, or nothing
            Request::Grant { .. }
            | Request::Revoke { .. }
            | Request::ListPermissions { .. }
            | Request::ListRoles { .. }
            | Request::ListUsers => {}
        }
        Ok(())
    }

    /// The creator may do everything with what was created.
    fn create(
        &self,
        roles: &mut Roles,
        name: String,
        options: Options,
        random: &mut Random<'_>,
    ) -> Result<(), EngineError> {
        let mut role = Role::default();
        alter(&mut role, options, random)?;
        roles.roles.insert(name.clone(), role);
        if let Some(creator) = self.user {
            *roles = roles.granted_to_creator(creator, &Resource::Role(name));
        }
        Ok(())
    }

    fn grant(&self, permissions: PermissionSet, on: &Target, grantee: &str) -> Result<Execution, EngineError> {
        let (resource, before) = self.granted(on, grantee)?;
        let already = before.intersection(permissions);
        let after = before.union(permissions);
        Ok(self.with_permissions(grantee, resource, before, after, already, "already granted"))
    }

    fn revoke(&self, permissions: PermissionSet, on: &Target, revokee: &str) -> Result<Execution, EngineError> {
        let (resource, before) = self.granted(on, revokee)?;
        let missing = permissions.difference(before);
        let after = before.difference(permissions);
        Ok(self.with_permissions(revokee, resource, before, after, missing, "not granted"))
    }

    /// The resource, and what the role itself was granted on it.
    fn granted(&self, on: &Target, role: &str) -> Result<(Resource, PermissionSet), EngineError> {
        let resource =
            self.found(on)?.map_err(|missing| EngineError::invalid(format!("Resource {missing} doesn't exist")))?;
        let granted = self.roles.roles.get(role).and_then(|role| role.permissions.get(&resource));
        let granted = granted.copied().unwrap_or_default();
        Ok((resource, granted))
    }

    fn with_permissions(
        &self,
        role: &str,
        resource: Resource,
        before: PermissionSet,
        after: PermissionSet,
        needless: PermissionSet,
        how: &str,
    ) -> Execution {
        let mut execution = Execution::default();
        if !needless.is_empty() {
            let names = needless.names().join(", ");
            execution.warnings.push(format!("Role '{role}' was {how} {names} on {resource}"));
        }
        if before != after {
            let mut next = self.roles.clone();
            if let Some(role) = next.roles.get_mut(role) {
                match after.is_empty() {
                    true => role.permissions.remove(&resource),
                    false => role.permissions.insert(resource, after),
                };
            }
            execution.roles = Some(next);
        }
        execution
    }
}

fn listed(rows: Option<Rows>) -> Execution {
    Execution { rows, ..Execution::default() }
}

fn alter(role: &mut Role, options: Options, random: &mut Random<'_>) -> Result<(), EngineError> {
    role.is_superuser = options.superuser.unwrap_or(role.is_superuser);
    role.can_login = options.login.unwrap_or(role.can_login);
    if let Some(password) = options.password {
        role.password_hash = Some(hash(&password, random)?);
    }
    if options.hashed_password.is_some() {
        role.password_hash = options.hashed_password;
    }
    if options.datacenters.is_some() {
        role.datacenters = options.datacenters;
    }
    Ok(())
}

/// Forgets a role, its memberships, its permissions and those on it, and its identities.
fn drop(roles: &mut Roles, name: &str) {
    roles.roles.remove(name);
    for role in roles.roles.values_mut() {
        role.member_of.remove(name);
    }
    *roles = roles.without_resource(&Resource::Role(name.to_owned()));
    roles.identities.retain(|_, role| role != name);
}
