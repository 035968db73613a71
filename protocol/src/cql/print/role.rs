use std::borrow::Cow;
use std::fmt::{Display, Formatter, Result};

use super::name::{function, quoted};
use super::{bracketed, clause, list, pairs, when};
use crate::cql::ast::{
    Access, AddIdentity, AlterRole, AlterUser, CreateRole, CreateUser, DropIdentity, DropRole, DropUser, Grant,
    GrantRole, ListPermissions, ListRoles, Password, Permission, Permissions, Resource, Revoke, RevokeRole, RoleName,
    RoleOption,
};

impl Display for CreateRole<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("CREATE ROLE ")?;
        when(f, self.if_not_exists, "IF NOT EXISTS ")?;
        self.name.fmt(f)?;
        clause(f, " WITH ", &self.options)
    }
}

impl Display for AlterRole<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("ALTER ROLE ")?;
        when(f, self.if_exists, "IF EXISTS ")?;
        self.name.fmt(f)?;
        clause(f, " WITH ", &self.options)
    }
}

impl Display for DropRole<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("DROP ROLE ")?;
        when(f, self.if_exists, "IF EXISTS ")?;
        self.name.fmt(f)
    }
}

impl Display for RoleOption<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Password(password) => password_with(f, password, "= "),
            Self::Options(options) => pairs(f, ["OPTIONS = {", ": ", ", ", "}"], options),
            Self::Superuser(value) => write!(f, "SUPERUSER = {value}"),
            Self::Login(value) => write!(f, "LOGIN = {value}"),
            Self::AccessToDatacenters(access) => access_to(f, access, "ACCESS TO", "DATACENTERS"),
            Self::AccessFromCidrs(access) => access_to(f, access, "ACCESS FROM", "CIDRS"),
        }
    }
}

fn password_with(f: &mut Formatter<'_>, password: &Password<'_>, equals: &str) -> Result {
    let (word, text) = match password {
        Password::Plain(text) => ("PASSWORD", text),
        Password::Hashed(text) => ("HASHED PASSWORD", text),
    };
    write!(f, "{word} {equals}")?;
    quoted(f, text, '\'')
}

fn access_to(f: &mut Formatter<'_>, access: &Access<'_>, verb: &str, noun: &str) -> Result {
    match access {
        Access::All => write!(f, "{verb} ALL {noun}"),
        Access::Some(names) => {
            write!(f, "{verb} {noun} ")?;
            let names: Vec<Quoted<'_>> = names.iter().map(Quoted).collect();
            bracketed(f, "{", &names, "}")
        }
    }
}

/// A string between quotes.
struct Quoted<'t>(&'t Cow<'t, str>);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        quoted(f, self.0, '\'')
    }
}

impl Display for CreateUser<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("CREATE USER ")?;
        when(f, self.if_not_exists, "IF NOT EXISTS ")?;
        self.name.fmt(f)?;
        user_options(f, self.password.as_ref(), self.superuser)
    }
}

impl Display for AlterUser<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("ALTER USER ")?;
        when(f, self.if_exists, "IF EXISTS ")?;
        self.name.fmt(f)?;
        user_options(f, self.password.as_ref(), self.superuser)
    }
}

fn user_options(f: &mut Formatter<'_>, password: Option<&Password<'_>>, superuser: Option<bool>) -> Result {
    if let Some(password) = password {
        f.write_str(" WITH ")?;
        password_with(f, password, "")?;
    }
    match superuser {
        Some(true) => f.write_str(" SUPERUSER"),
        Some(false) => f.write_str(" NOSUPERUSER"),
        None => Ok(()),
    }
}

impl Display for DropUser<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("DROP USER ")?;
        when(f, self.if_exists, "IF EXISTS ")?;
        self.name.fmt(f)
    }
}

impl Display for AddIdentity<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("ADD IDENTITY ")?;
        when(f, self.if_not_exists, "IF NOT EXISTS ")?;
        write!(f, "{} TO ROLE {}", self.identity, self.role)
    }
}

impl Display for DropIdentity<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("DROP IDENTITY ")?;
        when(f, self.if_exists, "IF EXISTS ")?;
        self.identity.fmt(f)
    }
}

impl Display for Grant<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "GRANT {} ON {} TO {}", self.permissions, self.resource, self.grantee)
    }
}

impl Display for Revoke<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "REVOKE {} ON {} FROM {}", self.permissions, self.resource, self.revokee)
    }
}

impl Display for GrantRole<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "GRANT {} TO {}", self.role, self.grantee)
    }
}

impl Display for RevokeRole<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "REVOKE {} FROM {}", self.role, self.revokee)
    }
}

impl Display for ListPermissions<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "LIST {}", self.permissions)?;
        if let Some(resource) = &self.resource {
            write!(f, " ON {resource}")?;
        }
        inherited(f, self.grantee.as_ref(), self.norecursive)
    }
}

impl Display for ListRoles<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("LIST ROLES")?;
        inherited(f, self.grantee.as_ref(), self.norecursive)
    }
}

fn inherited(f: &mut Formatter<'_>, grantee: Option<&RoleName<'_>>, norecursive: bool) -> Result {
    if let Some(grantee) = grantee {
        write!(f, " OF {grantee}")?;
    }
    when(f, norecursive, " NORECURSIVE")
}

impl Display for Permissions {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::All => f.write_str("ALL PERMISSIONS"),
            Self::Some(permissions) => list(f, permissions),
        }
    }
}

impl Display for Permission {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Create => "CREATE",
            Self::Alter => "ALTER",
            Self::Drop => "DROP",
            Self::Select => "SELECT",
            Self::Modify => "MODIFY",
            Self::Authorize => "AUTHORIZE",
            Self::Describe => "DESCRIBE",
            Self::Execute => "EXECUTE",
            Self::Unmask => "UNMASK",
            Self::SelectMasked => "SELECT_MASKED",
        })
    }
}

impl Display for Resource<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::AllKeyspaces => f.write_str("ALL KEYSPACES"),
            Self::Keyspace(name) => write!(f, "KEYSPACE {name}"),
            Self::AllTables(keyspace) => write!(f, "ALL TABLES IN KEYSPACE {keyspace}"),
            Self::Table(name) => write!(f, "TABLE {name}"),
            Self::AllRoles => f.write_str("ALL ROLES"),
            Self::Role(name) => write!(f, "ROLE {name}"),
            Self::AllFunctions => f.write_str("ALL FUNCTIONS"),
            Self::AllFunctionsIn(keyspace) => write!(f, "ALL FUNCTIONS IN KEYSPACE {keyspace}"),
            Self::Function(name, arguments) => {
                write!(f, "FUNCTION {}", function(name))?;
                bracketed(f, "(", arguments, ")")
            }
            Self::AllMbeans => f.write_str("ALL MBEANS"),
            Self::Mbean(name) => {
                f.write_str("MBEAN ")?;
                quoted(f, name, '\'')
            }
            Self::Mbeans(pattern) => {
                f.write_str("MBEANS ")?;
                quoted(f, pattern, '\'')
            }
        }
    }
}
