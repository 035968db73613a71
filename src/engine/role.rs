//! Roles: who there is, of whom they are members, and what they may do (`CassandraRoleManager`, `CassandraAuthorizer`,
//! `CassandraNetworkAuthorizer`).
//!
//! [`Roles`] is the whole state: a snapshot that never changes and has a record of its own ([`Roles::to_record`]).
//! [`Security`] is a snapshot seen by one session: it checks any statement ([`Security::authorize`]) and runs those on roles
//! ([`Security::validate`], [`Security::execute`]). What `system_auth` shows is made by [`rows`].

mod authorize;
mod execute;
mod list;
mod options;
mod parse;
mod password;
mod permission;
mod record;
mod resource;
mod tables;
mod validate;

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::cql::ast::Permission;
use serde::{Deserialize, Serialize};

use super::schema::Schema;

pub use execute::Execution;
pub use password::{LoginError, Random};
pub use permission::PermissionSet;
pub use record::RecordError;
pub use resource::Resource;
pub use tables::rows;

/// All roles of one store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    roles: BTreeMap<String, Role>,
    /// What client certificates say, and the roles that they log in as.
    identities: BTreeMap<String, String>,
}

/// One role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Role {
    is_superuser: bool,
    can_login: bool,
    /// By bcrypt.
    password_hash: Option<String>,
    member_of: BTreeSet<String>,
    /// Where it may connect; nowhere in particular means everywhere. Absent in a role that was never asked.
    datacenters: Option<BTreeSet<String>>,
    permissions: BTreeMap<Resource, PermissionSet>,
}

/// Whether clients must say who they are, and are held to what they may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Everybody is anonymous and may do anything but manage roles (`AllowAllAuthenticator`, `AllowAllAuthorizer`).
    Open,
    /// Passwords and permissions (`PasswordAuthenticator`, `CassandraAuthorizer`, `CassandraNetworkAuthorizer`).
    Enforced,
}

/// The roles as one session meets them.
#[derive(Clone, Copy, Debug)]
pub struct Security<'a> {
    /// All roles.
    pub roles: &'a Roles,
    /// What permissions can be on.
    pub schema: &'a Schema,
    /// The datacenters that there are.
    pub datacenters: &'a [String],
    /// What is asked of clients.
    pub rules: Rules,
    /// The role that logged in; absent: anonymous.
    pub user: Option<&'a str>,
    /// The keyspace of the session.
    pub keyspace: Option<&'a str>,
}

impl Roles {
    /// Whether there is a role of that name.
    pub fn contains(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }

    /// The role that a client certificate's identity logs in as.
    pub fn role_of_identity(&self, identity: &str) -> Option<&str> {
        self.identities.get(identity).map(String::as_str)
    }

    /// Whether the role, or one that it is a member of, is a superuser.
    pub fn is_superuser(&self, role: &str) -> bool {
        self.inherited(role).iter().any(|name| self.roles.get(*name).is_some_and(|role| role.is_superuser))
    }

    /// What the role may do with the resource itself, leaving aside what the resource is part of.
    pub fn permissions_on(&self, role: &str, resource: &Resource) -> PermissionSet {
        if self.is_superuser(role) {
            return resource.applicable();
        }
        let granted = |name: &&str| self.roles.get(*name)?.permissions.get(resource).copied();
        self.inherited(role).iter().filter_map(granted).fold(PermissionSet::NONE, PermissionSet::union)
    }

    /// Whether the role has the permission on the resource or on one that contains it.
    pub fn may(&self, role: &str, permission: Permission, resource: &Resource) -> bool {
        resource.chain().any(|resource| self.permissions_on(role, &resource).contains(permission))
    }

    /// Gives the creator of something every permission on it; of a keyspace, also on all its functions.
    #[must_use]
    pub fn granted_to_creator(&self, creator: &str, created: &Resource) -> Self {
        let mut next = self.clone();
        if let Some(role) = next.roles.get_mut(creator) {
            role.permissions.insert(created.clone(), created.applicable());
            if let Resource::Keyspace(keyspace) = created {
                let functions = Resource::FunctionsOf(keyspace.clone());
                role.permissions.insert(functions.clone(), functions.applicable());
            }
        }
        next
    }

    /// Forgets all permissions on something that is gone, and on what it contained.
    #[must_use]
    pub fn without_resource(&self, gone: &Resource) -> Self {
        let mut next = self.clone();
        let functions = match gone {
            Resource::Keyspace(keyspace) => Some(Resource::FunctionsOf(keyspace.clone())),
            _ => None,
        };
        for role in next.roles.values_mut() {
            role.permissions.retain(|resource, _| {
                Some(resource) != functions.as_ref() && resource.chain().all(|resource| resource != *gone)
            });
        }
        next
    }

    /// The role and all that it is a member of, by one step or several; nothing if there is no such role.
    fn inherited(&self, role: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut open = vec![role];
        while let Some(name) = open.pop() {
            if let Some((name, role)) = self.roles.get_key_value(name)
                && found.insert(name.as_str())
            {
                open.extend(role.member_of.iter().map(String::as_str));
            }
        }
        found
    }

    /// The role and all that it is a member of by one step; nothing if there is no such role.
    fn direct(&self, role: &str) -> BTreeSet<&str> {
        let Some((name, role)) = self.roles.get_key_value(role) else { return BTreeSet::new() };
        role.member_of.iter().chain([name]).map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests;
