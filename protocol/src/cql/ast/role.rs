//! Roles, users, identities and permissions.

use std::borrow::Cow;

use super::{Constant, Name, QualifiedName, RoleName, Type};

/// `CREATE ROLE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateRole<'a> {
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its name.
    pub name: RoleName<'a>,
    /// `WITH …`
    pub options: Vec<RoleOption<'a>>,
}

/// `ALTER ROLE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterRole<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: RoleName<'a>,
    /// `WITH …`
    pub options: Vec<RoleOption<'a>>,
}

/// `DROP ROLE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropRole<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Its name.
    pub name: RoleName<'a>,
}

/// One option of CREATE or ALTER ROLE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RoleOption<'a> {
    /// `PASSWORD = '…'`, `HASHED PASSWORD = '…'`
    Password(Password<'a>),
    /// `OPTIONS = {…}`
    Options(Vec<(Constant<'a>, Constant<'a>)>),
    /// `SUPERUSER = true`
    Superuser(bool),
    /// `LOGIN = true`
    Login(bool),
    /// `ACCESS TO …` datacenters
    AccessToDatacenters(Access<'a>),
    /// `ACCESS FROM …` CIDR groups
    AccessFromCidrs(Access<'a>),
}

/// A password.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Password<'a> {
    /// In plain text.
    Plain(Cow<'a, str>),
    /// Hashed by bcrypt.
    Hashed(Cow<'a, str>),
}

/// Which of something a role has access to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Access<'a> {
    /// `ALL`
    All,
    /// `{'a', 'b'}`, at least one
    Some(Vec<Cow<'a, str>>),
}

/// `CREATE USER`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateUser<'a> {
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Their name.
    pub name: RoleName<'a>,
    /// `WITH PASSWORD '…'`
    pub password: Option<Password<'a>>,
    /// `SUPERUSER` or `NOSUPERUSER`
    pub superuser: Option<bool>,
}

/// `ALTER USER`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterUser<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Their name.
    pub name: RoleName<'a>,
    /// `WITH PASSWORD '…'`
    pub password: Option<Password<'a>>,
    /// `SUPERUSER` or `NOSUPERUSER`
    pub superuser: Option<bool>,
}

/// `DROP USER`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropUser<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Their name.
    pub name: RoleName<'a>,
}

/// `ADD IDENTITY '…' TO ROLE '…'`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AddIdentity<'a> {
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// What a client certificate says.
    pub identity: RoleName<'a>,
    /// The role it logs in as.
    pub role: RoleName<'a>,
}

/// `DROP IDENTITY '…'`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DropIdentity<'a> {
    /// `IF EXISTS`
    pub if_exists: bool,
    /// What a client certificate says.
    pub identity: RoleName<'a>,
}

/// `GRANT permissions ON resource TO role`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant<'a> {
    /// Which permissions.
    pub permissions: Permissions,
    /// On what.
    pub resource: Resource<'a>,
    /// To whom.
    pub grantee: RoleName<'a>,
}

/// `REVOKE permissions ON resource FROM role`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revoke<'a> {
    /// Which permissions.
    pub permissions: Permissions,
    /// On what.
    pub resource: Resource<'a>,
    /// From whom.
    pub revokee: RoleName<'a>,
}

/// `GRANT role TO role`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GrantRole<'a> {
    /// Which role.
    pub role: RoleName<'a>,
    /// To whom.
    pub grantee: RoleName<'a>,
}

/// `REVOKE role FROM role`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RevokeRole<'a> {
    /// Which role.
    pub role: RoleName<'a>,
    /// From whom.
    pub revokee: RoleName<'a>,
}

/// `LIST permissions ON resource OF role NORECURSIVE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListPermissions<'a> {
    /// Which permissions.
    pub permissions: Permissions,
    /// On what; absent: on everything.
    pub resource: Option<Resource<'a>>,
    /// Whose; absent: everybody's.
    pub grantee: Option<RoleName<'a>>,
    /// Without what is inherited.
    pub norecursive: bool,
}

/// `LIST ROLES OF role NORECURSIVE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListRoles<'a> {
    /// Whose; absent: everybody's.
    pub grantee: Option<RoleName<'a>>,
    /// Without what is inherited.
    pub norecursive: bool,
}

/// Which permissions are meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Permissions {
    /// `ALL PERMISSIONS`
    All,
    /// A list of at least one.
    Some(Vec<Permission>),
}

/// One permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// `CREATE`
    Create,
    /// `ALTER`
    Alter,
    /// `DROP`
    Drop,
    /// `SELECT`
    Select,
    /// `MODIFY`
    Modify,
    /// `AUTHORIZE`
    Authorize,
    /// `DESCRIBE`
    Describe,
    /// `EXECUTE`
    Execute,
    /// `UNMASK`
    Unmask,
    /// `SELECT_MASKED`
    SelectMasked,
}

/// What a permission is on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Resource<'a> {
    /// `ALL KEYSPACES`
    AllKeyspaces,
    /// `KEYSPACE ks`
    Keyspace(Name<'a>),
    /// `ALL TABLES IN KEYSPACE ks`
    AllTables(Name<'a>),
    /// `TABLE ks.t`
    Table(QualifiedName<'a>),
    /// `ALL ROLES`
    AllRoles,
    /// `ROLE r`
    Role(RoleName<'a>),
    /// `ALL FUNCTIONS`
    AllFunctions,
    /// `ALL FUNCTIONS IN KEYSPACE ks`
    AllFunctionsIn(Name<'a>),
    /// `FUNCTION ks.f(int)`
    Function(QualifiedName<'a>, Vec<Type<'a>>),
    /// `ALL MBEANS`
    AllMbeans,
    /// `MBEAN 'name'`
    Mbean(Cow<'a, str>),
    /// `MBEANS 'pattern'`
    Mbeans(Cow<'a, str>),
}
