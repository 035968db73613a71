//! Statements on roles, with all that Cassandra's parser checks.

use quorate_protocol::cql::ast::{self, QualifiedName, RoleName, Statement};
use quorate_protocol::value::CqlType;

use super::options::{Names, Options};
use super::{PermissionSet, Resource, Security};
use crate::engine::EngineError;
use crate::engine::recognition::check_name;

/// A statement on roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Create { role: String, options: Options, if_not_exists: bool },
    Alter { role: String, options: Options, if_exists: bool },
    Drop { role: String, if_exists: bool },
    GrantRole { role: String, grantee: String },
    RevokeRole { role: String, revokee: String },
    Grant { permissions: PermissionSet, on: Target, grantee: String },
    Revoke { permissions: PermissionSet, on: Target, revokee: String },
    ListPermissions { permissions: PermissionSet, on: Option<Target>, of: Option<String>, recursive: bool },
    ListRoles { of: Option<String>, recursive: bool },
    ListUsers,
    AddIdentity { identity: String, role: String, if_not_exists: bool },
    DropIdentity { identity: String, if_exists: bool },
}

/// What a permission is on, as it is written: of a table, the keyspace may be left to the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Resource(Resource),
    TableOfSession(String),
    /// A function: there is none.
    Function(String),
}

impl Request {
    /// The statement; nothing, if it is not one on roles.
    ///
    /// # Errors
    /// Those of Cassandra's parser beyond the grammar: Syntax mostly, and what is said of functions that cannot be.
    pub(super) fn of(statement: &Statement<'_>, security: &Security<'_>) -> Result<Option<Self>, EngineError> {
        Ok(Some(match statement {
            Statement::CreateRole(it) => {
                let mut options = Options::of(&it.options, statement)?;
                // a role that is created has access to everything, unless it is said otherwise
                options.datacenters.get_or_insert_with(Names::new);
                Self::Create { role: role(&it.name)?, options, if_not_exists: it.if_not_exists }
            }
            Statement::AlterRole(it) => Self::Alter {
                role: role(&it.name)?,
                options: Options::of(&it.options, statement)?,
                if_exists: it.if_exists,
            },
            Statement::DropRole(it) => Self::Drop { role: role(&it.name)?, if_exists: it.if_exists },
            Statement::CreateUser(it) => {
                let mut options = Options::of_user(it.password.as_ref(), Some(it.superuser.unwrap_or(false)));
                options.login = Some(true);
                options.datacenters = Some(Names::new());
                Self::Create { role: user(&it.name)?, options, if_not_exists: it.if_not_exists }
            }
            Statement::AlterUser(it) => {
                let options = Options::of_user(it.password.as_ref(), it.superuser);
                Self::Alter { role: user(&it.name)?, options, if_exists: it.if_exists }
            }
            Statement::DropUser(it) => Self::Drop { role: user(&it.name)?, if_exists: it.if_exists },
            Statement::GrantRole(it) => Self::GrantRole { role: role(&it.role)?, grantee: role(&it.grantee)? },
            Statement::RevokeRole(it) => Self::RevokeRole { role: role(&it.role)?, revokee: role(&it.revokee)? },
            Statement::Grant(it) => {
                let on = target(&it.resource, security)?;
                let permissions = applicable((&it.permissions).into(), &on, statement)?;
                Self::Grant { permissions, on, grantee: role(&it.grantee)? }
            }
            Statement::Revoke(it) => {
                let on = target(&it.resource, security)?;
                let permissions = applicable((&it.permissions).into(), &on, statement)?;
                Self::Revoke { permissions, on, revokee: role(&it.revokee)? }
            }
            Statement::ListPermissions(it) => Self::ListPermissions {
                permissions: (&it.permissions).into(),
                on: it.resource.as_ref().map(|resource| target(resource, security)).transpose()?,
                of: it.grantee.as_ref().map(role).transpose()?,
                recursive: !it.norecursive,
            },
            Statement::ListRoles(it) => {
                Self::ListRoles { of: it.grantee.as_ref().map(role).transpose()?, recursive: !it.norecursive }
            }
            Statement::ListUsers => Self::ListUsers,
            Statement::AddIdentity(it) => Self::AddIdentity {
                identity: user(&it.identity)?,
                role: user(&it.role)?,
                if_not_exists: it.if_not_exists,
            },
            Statement::DropIdentity(it) => {
                Self::DropIdentity { identity: user(&it.identity)?, if_exists: it.if_exists }
            }
            _ => return Ok(None),
        }))
    }
}

fn syntax<T>(message: impl Into<String>) -> Result<T, EngineError> {
    Err(EngineError::Syntax(message.into()))
}

fn role(name: &RoleName<'_>) -> Result<String, EngineError> {
    match name {
        RoleName::Text(name) => Ok(name.to_string()),
        RoleName::Refused(_) => syntax("Bind variables cannot be used for role names"),
    }
}

fn user(name: &RoleName<'_>) -> Result<String, EngineError> {
    match name {
        RoleName::Text(name) => Ok(name.to_string()),
        RoleName::Refused(name) if name.is_marker() => syntax("Bind variables cannot be used for user names"),
        RoleName::Refused(_) => {
            syntax("Quoted strings are are not supported for user names and USER is deprecated, please use ROLE")
        }
    }
}

fn target(written: &ast::Resource<'_>, security: &Security<'_>) -> Result<Target, EngineError> {
    let keyspace = |name: &ast::Name<'_>| check_name(name, "keyspace").map(|()| name.as_str().to_owned());
    Ok(Target::Resource(match written {
        ast::Resource::AllKeyspaces => Resource::AllKeyspaces,
        ast::Resource::Keyspace(name) => Resource::Keyspace(keyspace(name)?),
        ast::Resource::AllTables(name) => Resource::AllTables(keyspace(name)?),
        ast::Resource::Table(QualifiedName { keyspace: of, name }) => {
            check_name(name, "table")?;
            let table = name.as_str().to_owned();
            match of {
                Some(of) => Resource::Table(keyspace(of)?, table),
                None => return Ok(Target::TableOfSession(table)),
            }
        }
        ast::Resource::AllRoles => Resource::AllRoles,
        ast::Resource::Role(name) => Resource::Role(role(name)?),
        ast::Resource::AllFunctions => Resource::AllFunctions,
        ast::Resource::AllFunctionsIn(name) => Resource::FunctionsOf(keyspace(name)?),
        ast::Resource::Function(name, arguments) => return function(name, arguments, security),
        ast::Resource::AllMbeans => Resource::AllMbeans,
        ast::Resource::Mbean(name) => Resource::Mbean(bean(name, false)?),
        ast::Resource::Mbeans(pattern) => Resource::Mbean(bean(pattern, true)?),
    }))
}

/// A function by its arguments' types, which are looked up at once (`FunctionResource.functionFromCql`).
fn function(
    name: &QualifiedName<'_>,
    arguments: &[ast::Type<'_>],
    security: &Security<'_>,
) -> Result<Target, EngineError> {
    let Some(keyspace) = name.keyspace.as_ref().map(ast::Name::as_str) else {
        return Err(EngineError::invalid("In this context function name must be explictly qualified by a keyspace"));
    };
    let mut types = Vec::new();
    for argument in arguments {
        let Some(known) = security.schema.keyspace(keyspace) else {
            return Err(EngineError::Configuration(format!("Keyspace {keyspace} doesn't exist")));
        };
        types.push(CqlType::resolve(argument, &|_, name| known.types.get(name).cloned())?.freeze().to_string());
    }
    Ok(Target::Function(format!("<function {keyspace}.{}({})>", name.name.as_str(), types.join(", "))))
}

/// The name of a bean, its properties in order, checked as far as its shape goes (`canonicalizeObjectName`).
fn bean(name: &str, must_be_pattern: bool) -> Result<String, EngineError> {
    match name {
        "" => return syntax("Empty JMX object name supplied"),
        "*:*" => return syntax("Please use ALL MBEANS instead of wildcard pattern"),
        _ => {}
    }
    let is_property =
        |property: &str| property == "*" || property.split_once('=').is_some_and(|(key, _)| !key.is_empty());
    let Some((domain, properties)) = name.split_once(':').filter(|(_, it)| it.split(',').all(is_property)) else {
        return syntax(format!("{name} is not a valid JMX object name"));
    };
    if must_be_pattern && !name.contains(['*', '?']) {
        return syntax(format!("Plural form used, but non-pattern JMX object name specified ({name})"));
    }
    let mut properties: Vec<&str> = properties.split(',').collect();
    properties.sort_by_key(|property| (*property == "*", *property));
    Ok(format!("{domain}:{}", properties.join(",")))
}

/// Those of the permissions that make sense on the resource.
fn applicable(
    permissions: PermissionSet,
    on: &Target,
    statement: &Statement<'_>,
) -> Result<PermissionSet, EngineError> {
    let table = Resource::Table(String::new(), String::new());
    let resource = match on {
        Target::Resource(Resource::FunctionsOf(keyspace)) if keyspace == "system" => return Err(builtin_functions()),
        Target::Resource(resource) => resource,
        Target::TableOfSession(_) => &table,
        Target::Function(name) if name.starts_with("<function system.") => return Err(builtin_functions()),
        Target::Function(_) => return Err(failed_parsing(statement, "NoSuchElementException No value present")),
    };
    let applicable = permissions.intersection(resource.applicable());
    if applicable.is_empty() {
        return syntax(format!("Resource type {} does not support any of the requested permissions", resource.class()));
    }
    Ok(applicable)
}

/// What Cassandra says where its parser fails by an exception that is not foreseen.
pub(super) fn failed_parsing(statement: &Statement<'_>, reason: &str) -> EngineError {
    EngineError::Syntax(format!("Failed parsing statement: [{statement}] reason: {reason}"))
}

pub(super) fn builtin_functions() -> EngineError {
    EngineError::invalid("Altering permissions on builtin functions is not supported")
}
