//! Sets of permissions.

use quorate_protocol::cql::ast::{Permission, Permissions};
use serde::{Deserialize, Serialize};

/// Permissions, in Cassandra's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "Vec<String>", try_from = "Vec<String>")]
pub struct PermissionSet(u16);

const EVERY: [Permission; 10] = [
    Permission::Create,
    Permission::Alter,
    Permission::Drop,
    Permission::Select,
    Permission::Modify,
    Permission::Authorize,
    Permission::Describe,
    Permission::Execute,
    Permission::Unmask,
    Permission::SelectMasked,
];

impl PermissionSet {
    /// No permission.
    pub const NONE: Self = Self(0);
    /// Every permission.
    pub const ALL: Self = Self::of(&EVERY);

    /// These permissions.
    pub const fn of(permissions: &[Permission]) -> Self {
        let (mut bits, mut index) = (0, 0);
        while index < permissions.len() {
            bits |= 1 << permissions[index] as u16;
            index += 1;
        }
        Self(bits)
    }

    /// Whether the permission is one of them.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u16 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are not in the other.
    #[must_use]
    pub fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Each of them, in order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        EVERY.into_iter().filter(move |permission| self.contains(*permission))
    }

    /// Their names, in order.
    pub(super) fn names(self) -> Vec<String> {
        self.iter().map(|permission| permission.to_string()).collect()
    }
}

impl From<&Permissions> for PermissionSet {
    fn from(permissions: &Permissions) -> Self {
        match permissions {
            Permissions::All => Self::ALL,
            Permissions::Some(permissions) => Self::of(permissions),
        }
    }
}

impl From<PermissionSet> for Vec<String> {
    fn from(permissions: PermissionSet) -> Self {
        permissions.names()
    }
}

impl TryFrom<Vec<String>> for PermissionSet {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        let named = |name: &String| EVERY.into_iter().find(|permission| permission.to_string() == *name);
        names.iter().try_fold(Self::NONE, |permissions, name| {
            let permission = named(name).ok_or_else(|| format!("unknown permission {name}"))?;
            Ok(permissions.union(Self::of(&[permission])))
        })
    }
}
