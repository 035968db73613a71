//! What permissions are on (`IResource` and its kinds).

use std::fmt;

use quorate_protocol::cql::ast::Permission;
use serde::{Deserialize, Serialize};

use super::{PermissionSet, Roles};
use crate::engine::schema::Schema;

/// What a permission is on. There is no user-defined function, so none can be named alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Resource {
    /// Every keyspace.
    AllKeyspaces,
    /// A keyspace.
    Keyspace(String),
    /// Every table of a keyspace.
    AllTables(String),
    /// A table: its keyspace and name.
    Table(String, String),
    /// Every role.
    AllRoles,
    /// A role.
    Role(String),
    /// Every user-defined function.
    AllFunctions,
    /// Every user-defined function of a keyspace.
    FunctionsOf(String),
    /// Every managed bean.
    AllMbeans,
    /// A managed bean, or those of a pattern.
    Mbean(String),
}

const DATA: PermissionSet = PermissionSet::of(&[
    Permission::Create,
    Permission::Alter,
    Permission::Drop,
    Permission::Select,
    Permission::Modify,
    Permission::Authorize,
    Permission::Unmask,
    Permission::SelectMasked,
]);
const ROLES: PermissionSet = PermissionSet::of(&[
    Permission::Create,
    Permission::Alter,
    Permission::Drop,
    Permission::Authorize,
    Permission::Describe,
]);
const FUNCTIONS: PermissionSet = PermissionSet::of(&[
    Permission::Create,
    Permission::Alter,
    Permission::Drop,
    Permission::Authorize,
    Permission::Execute,
]);
const MBEANS: PermissionSet = PermissionSet::of(&[
    Permission::Select,
    Permission::Modify,
    Permission::Authorize,
    Permission::Describe,
    Permission::Execute,
]);
const CREATE: PermissionSet = PermissionSet::of(&[Permission::Create]);

impl Resource {
    /// The permissions that make sense on it.
    pub fn applicable(&self) -> PermissionSet {
        match self {
            Self::AllKeyspaces | Self::Keyspace(_) | Self::AllTables(_) => DATA,
            Self::Table(..) => DATA.difference(CREATE),
            Self::AllRoles => ROLES,
            Self::Role(_) => ROLES.difference(CREATE),
            Self::AllFunctions | Self::FunctionsOf(_) => FUNCTIONS,
            Self::AllMbeans | Self::Mbean(_) => MBEANS,
        }
    }

    /// What it is part of.
    pub fn parent(&self) -> Option<Self> {
        match self {
            Self::AllKeyspaces | Self::AllRoles | Self::AllFunctions | Self::AllMbeans => None,
            Self::Keyspace(_) => Some(Self::AllKeyspaces),
            Self::AllTables(keyspace) => Some(Self::Keyspace(keyspace.clone())),
            Self::Table(keyspace, _) => Some(Self::AllTables(keyspace.clone())),
            Self::Role(_) => Some(Self::AllRoles),
            Self::FunctionsOf(_) => Some(Self::AllFunctions),
            Self::Mbean(_) => Some(Self::AllMbeans),
        }
    }

    /// It, what it is part of, and so on.
    pub fn chain(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self.clone()), Self::parent)
    }

    /// The name under which `system_auth` keeps it, such as `data/ks/t`.
    pub fn name(&self) -> String {
        match self {
            Self::AllKeyspaces => "data".to_owned(),
            Self::Keyspace(keyspace) => format!("data/{keyspace}"),
            Self::AllTables(keyspace) => format!("data/{keyspace}/*"),
            Self::Table(keyspace, table) => format!("data/{keyspace}/{table}"),
            Self::AllRoles => "roles".to_owned(),
            Self::Role(role) => format!("roles/{role}"),
            Self::AllFunctions => "functions".to_owned(),
            Self::FunctionsOf(keyspace) => format!("functions/{keyspace}"),
            Self::AllMbeans => "mbean".to_owned(),
            Self::Mbean(name) => format!("mbean/{name}"),
        }
    }

    /// What Cassandra calls its class in messages.
    pub(super) fn class(&self) -> &'static str {
        match self {
            Self::AllKeyspaces | Self::Keyspace(_) | Self::AllTables(_) | Self::Table(..) => "DataResource",
            Self::AllRoles | Self::Role(_) => "RoleResource",
            Self::AllFunctions | Self::FunctionsOf(_) => "FunctionResource",
            Self::AllMbeans | Self::Mbean(_) => "JMXResource",
        }
    }

    /// Whether there is such a thing. Nothing here manages beans.
    pub(super) fn exists(&self, schema: &Schema, roles: &Roles) -> bool {
        match self {
            Self::AllKeyspaces | Self::AllRoles | Self::AllFunctions | Self::AllMbeans => true,
            Self::Keyspace(keyspace) | Self::AllTables(keyspace) | Self::FunctionsOf(keyspace) => {
                schema.keyspace(keyspace).is_some()
            }
            Self::Table(keyspace, name) => {
                schema.table(keyspace, name).is_some() || schema.view(keyspace, name).is_some()
            }
            Self::Role(role) => roles.contains(role),
            Self::Mbean(_) => false,
        }
    }
}

/// As messages and LIST PERMISSIONS show it.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllKeyspaces => f.write_str("<all keyspaces>"),
            Self::Keyspace(keyspace) => write!(f, "<keyspace {keyspace}>"),
            Self::AllTables(keyspace) => write!(f, "<all tables in {keyspace}>"),
            Self::Table(keyspace, table) => write!(f, "<table {keyspace}.{table}>"),
            Self::AllRoles => f.write_str("<all roles>"),
            Self::Role(role) => write!(f, "<role {role}>"),
            Self::AllFunctions => f.write_str("<all functions>"),
            Self::FunctionsOf(keyspace) => write!(f, "<all functions in {keyspace}>"),
            Self::AllMbeans => f.write_str("<all mbeans>"),
            Self::Mbean(name) => write!(f, "<mbean {name}>"),
        }
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> Self {
        resource.name()
    }
}

impl TryFrom<String> for Resource {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let (kind, rest) = name.split_once('/').map_or((name.as_str(), None), |(kind, rest)| (kind, Some(rest)));
        Ok(match (kind, rest) {
            ("data", None) => Self::AllKeyspaces,
            ("data", Some(rest)) => match rest.split_once('/') {
                None => Self::Keyspace(rest.to_owned()),
                Some((keyspace, "*")) => Self::AllTables(keyspace.to_owned()),
                Some((keyspace, table)) => Self::Table(keyspace.to_owned(), table.to_owned()),
            },
            ("roles", None) => Self::AllRoles,
            ("roles", Some(role)) => Self::Role(role.to_owned()),
            ("functions", None) => Self::AllFunctions,
            ("functions", Some(keyspace)) => Self::FunctionsOf(keyspace.to_owned()),
            ("mbean", None) => Self::AllMbeans,
            ("mbean", Some(name)) => Self::Mbean(name.to_owned()),
            _ => return Err(format!("Name {name} is not valid for any resource type")),
        })
    }
}
