//! LIST PERMISSIONS, LIST ROLES and LIST USERS.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use quorate_protocol::cql::ast::Permission;
use quorate_protocol::message::response::{ColumnSpec, ResultMetadata, Rows, TableSpec};
use quorate_protocol::value::{CqlType, NativeType, Value};

use super::parse::Target;
use super::{PermissionSet, Resource, Security};
use crate::engine::EngineError;

type Cells = Vec<Option<Bytes>>;

impl Security<'_> {
    /// Who may do what: on a resource and what contains it, or on everything; of a role and those it is a member of, or of
    /// all roles.
    ///
    /// # Errors
    /// Unauthorized, for permissions that the user may not see.
    pub(super) fn list_permissions(
        &self,
        permissions: PermissionSet,
        on: Option<&Target>,
        of: Option<&str>,
        recursive: bool,
    ) -> Result<Option<Rows>, EngineError> {
        self.may_see_permissions_of(of)?;
        let resource = match on.map(|on| self.found(on)).transpose()? {
            Some(Err(missing)) => return Err(EngineError::invalid(format!("{missing} doesn't exist"))),
            Some(Ok(resource)) => Some(resource),
            None => None,
        };
        let resources: Option<Vec<Resource>> = resource.map(|resource| match recursive {
            true => resource.chain().collect(),
            false => vec![resource],
        });
        let roles = match of {
            Some(role) => self.roles.inherited(role),
            None => self.roles.roles.keys().map(String::as_str).collect(),
        };
        let mut found: Vec<(&str, String, &Resource, Permission)> = Vec::new();
        for name in roles {
            let Some(role) = self.roles.roles.get(name) else { continue };
            for (resource, granted) in &role.permissions {
                if resources.as_ref().is_none_or(|asked| asked.contains(resource)) {
                    let granted = granted.intersection(permissions).iter();
                    found.extend(granted.map(|permission| (name, resource.name(), resource, permission)));
                }
            }
        }
        // the order within one resource is that of the permissions, which it already is
        found.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
        let row = |(role, _, resource, permission): (&str, String, &Resource, Permission)| {
            vec![text(role), text(role), text(&resource.to_string()), text(&permission.to_string())]
        };
        let columns = ["role", "username", "resource", "permission"].map(|name| (name, NativeType::Text.into()));
        Ok(rows("permissions", columns, found.into_iter().map(row).collect()))
    }

    /// All roles, or a role and those that it is a member of.
    ///
    /// # Errors
    /// Unauthorized, for roles that the user may not see.
    pub(super) fn list_roles(&self, of: Option<&str>, recursive: bool) -> Result<Option<Rows>, EngineError> {
        let row = |name: &str| {
            let role = self.roles.roles.get(name)?;
            Some(vec![
                text(name),
                boolean(role.is_superuser),
                boolean(role.can_login),
                Some(Value::Map(Vec::new()).to_bytes().into()),
                text(&self.datacenters_of(name)),
            ])
        };
        let found = self.visible_roles(of, recursive)?;
        let columns = [
            ("role", NativeType::Text.into()),
            ("super", NativeType::Boolean.into()),
            ("login", NativeType::Boolean.into()),
            ("options", CqlType::map(NativeType::Text, NativeType::Text)),
            ("datacenters", NativeType::Text.into()),
        ];
        Ok(rows("roles", columns, found.into_iter().filter_map(row).collect()))
    }

    /// All roles that can log in.
    ///
    /// # Errors
    /// Unauthorized, for anonymous users.
    pub(super) fn list_users(&self) -> Result<Option<Rows>, EngineError> {
        let found = self.visible_roles(None, false)?;
        let can_login = |name: &&str| self.roles.roles.get(*name).is_some_and(|role| role.can_login);
        let row =
            |name: &str| vec![text(name), boolean(self.roles.is_superuser(name)), text(&self.datacenters_of(name))];
        let columns = [
            ("name", NativeType::Text.into()),
            ("super", NativeType::Boolean.into()),
            ("datacenters", NativeType::Text.into()),
        ];
        // without users there is a list all the same, if there are roles
        if found.is_empty() {
            return Ok(None);
        }
        Ok(Some(rows_of("users", columns, found.into_iter().filter(can_login).map(row).collect())))
    }

    fn may_see_permissions_of(&self, of: Option<&str>) -> Result<(), EngineError> {
        let user = self.named_user()?;
        let describes = |resource: Resource| self.roles.permissions_on(user, &resource).contains(Permission::Describe);
        let may_see = self.roles.is_superuser(user)
            || of.is_some_and(|of| self.roles.inherited(user).contains(of))
            || describes(Resource::AllRoles)
            || of.is_some_and(|of| describes(Resource::Role(of.to_owned())));
        match may_see {
            true => Ok(()),
            false => Err(EngineError::Unauthorized(format!(
                "You are not authorized to view {}'s permissions",
                of.unwrap_or("everyone")
            ))),
        }
    }

    /// Those who may describe all roles see all; others see their own.
    fn visible_roles(&self, of: Option<&str>, recursive: bool) -> Result<BTreeSet<&str>, EngineError> {
        let user = self.named_user()?;
        let roles_of = |role| if recursive { self.roles.inherited(role) } else { self.roles.direct(role) };
        let sees_all = self.roles.permissions_on(user, &Resource::AllRoles).contains(Permission::Describe);
        match of {
            None if sees_all => Ok(self.roles.roles.keys().map(String::as_str).collect()),
            None => Ok(roles_of(user)),
            Some(of) if sees_all || self.roles.inherited(user).contains(of) => Ok(roles_of(of)),
            Some(of) => {
                Err(EngineError::Unauthorized(format!("You are not authorized to view roles granted to {of} ")))
            }
        }
    }

    /// Where the role may connect.
    fn datacenters_of(&self, name: &str) -> String {
        let Some(role) = self.roles.roles.get(name).filter(|role| role.can_login) else { return "n/a".to_owned() };
        match role.datacenters.as_ref().filter(|names| !names.is_empty()) {
            Some(names) if !self.roles.is_superuser(name) => {
                names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            }
            _ => "ALL".to_owned(),
        }
    }
}

/// Nothing at all, if there is no row.
fn rows<const N: usize>(table: &str, columns: [(&str, CqlType); N], rows: Vec<Cells>) -> Option<Rows> {
    (!rows.is_empty()).then(|| rows_of(table, columns, rows))
}

fn rows_of<const N: usize>(table: &str, columns: [(&str, CqlType); N], rows: Vec<Cells>) -> Rows {
    let table = Arc::new(TableSpec { keyspace: "system_auth".to_owned(), table: table.to_owned() });
    let spec = |(name, cql_type): (&str, _)| ColumnSpec { table: Arc::clone(&table), name: name.to_owned(), cql_type };
    Rows { metadata: ResultMetadata::new(columns.into_iter().map(spec).collect()), rows }
}

fn text(text: &str) -> Option<Bytes> {
    Some(Bytes::copy_from_slice(text.as_bytes()))
}

fn boolean(value: bool) -> Option<Bytes> {
    Some(Value::Boolean(value).to_bytes().into())
}
