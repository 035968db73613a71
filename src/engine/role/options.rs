//! What a role is created or altered with (`RoleOptions`, `DCPermissions`).

use std::collections::BTreeSet;

use quorate_protocol::cql::ast::{Access, Password, RoleOption, Statement};

use super::parse::failed_parsing;
use super::password::is_hash;
use super::{Rules, Security};
use crate::engine::EngineError;

/// The options of CREATE or ALTER ROLE, each given at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) superuser: Option<bool>,
    pub(super) password: Option<String>,
    pub(super) login: Option<bool>,
    /// Whether `OPTIONS` was given, which no authenticator here takes.
    pub(super) has_custom: bool,
    pub(super) hashed_password: Option<String>,
    pub(super) datacenters: Option<Names>,
    pub(super) cidr_groups: Option<Names>,
}

/// Names of datacenters or groups of addresses; none means all.
pub(super) type Names = BTreeSet<String>;

impl Options {
    /// The options as they stand in the statement.
    ///
    /// # Errors
    /// Syntax, for what is given twice or excludes each other.
    pub(super) fn of(written: &[RoleOption<'_>], statement: &Statement<'_>) -> Result<Self, EngineError> {
        let mut options = Self::default();
        for option in written {
            match option {
                RoleOption::Password(Password::Plain(text)) => {
                    once(&mut options.password, text.to_string(), "PASSWORD")?
                }
                RoleOption::Password(Password::Hashed(text)) => {
                    once(&mut options.hashed_password, text.to_string(), "HASHED_PASSWORD")?;
                }
                RoleOption::Superuser(value) => once(&mut options.superuser, *value, "SUPERUSER")?,
                RoleOption::Login(value) => once(&mut options.login, *value, "LOGIN")?,
                RoleOption::Options(_) if options.has_custom => return Err(multiple("OPTIONS")),
                RoleOption::Options(_) => options.has_custom = true,
                RoleOption::AccessToDatacenters(access) => {
                    add_access(&mut options.datacenters, access, "DCs", statement)?
                }
                RoleOption::AccessFromCidrs(access) => {
                    add_access(&mut options.cidr_groups, access, "CIDR Groups", statement)?
                }
            }
        }
        options.refuse_two_passwords()?;
        Ok(options)
    }

    /// The options of CREATE or ALTER USER.
    pub(super) fn of_user(password: Option<&Password<'_>>, superuser: Option<bool>) -> Self {
        let mut options = Self { superuser, ..Self::default() };
        match password {
            Some(Password::Plain(text)) => options.password = Some(text.to_string()),
            Some(Password::Hashed(text)) => options.hashed_password = Some(text.to_string()),
            None => {}
        }
        options
    }

    /// Whether nothing is said that ALTER could change.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses what the authenticator does not know, and what there is not.
    ///
    /// # Errors
    /// Invalid.
    pub(super) fn validate(&self, security: &Security<'_>) -> Result<(), EngineError> {
        let has_passwords = security.rules == Rules::Enforced;
        for (is_given, is_supported, name) in [
            (self.password.is_some(), has_passwords, "PASSWORD"),
            (self.has_custom, false, "OPTIONS"),
            (self.hashed_password.is_some(), has_passwords, "HASHED_PASSWORD"),
        ] {
            if is_given && !is_supported {
                let manager = "org.apache.cassandra.auth.CassandraRoleManager";
                return Err(EngineError::invalid(format!("{manager} doesn't support {name}")));
            }
        }
        if self.hashed_password.as_deref().is_some_and(|hash| !is_hash(hash)) {
            return Err(EngineError::invalid("Invalid hashed password value. Please use jBcrypt."));
        }
        Ok(())
    }

    /// Refuses access to datacenters and from groups of addresses that there are not. There are no groups at all: nodetool
    /// makes them.
    ///
    /// # Errors
    /// Invalid.
    pub(super) fn validate_access(&self, security: &Security<'_>) -> Result<(), EngineError> {
        let names = |names: &Names| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        if let Some(asked) = &self.datacenters
            && !asked.iter().all(|name| security.datacenters.contains(name))
        {
            let message = "All values must be valid datacenters";
            return Err(EngineError::invalid(format!(
                "Invalid value(s) for DATACENTERS '[{}]',{message}",
                names(asked)
            )));
        }
        match &self.cidr_groups {
            Some(asked) if !asked.is_empty() => Err(EngineError::invalid(format!(
                "Invalid CIDR group(s): [{}]. Available CIDR Groups are: []",
                names(asked)
            ))),
            _ => Ok(()),
        }
    }

    fn refuse_two_passwords(&self) -> Result<(), EngineError> {
        match (&self.password, &self.hashed_password) {
            (Some(_), Some(_)) => {
                Err(EngineError::Syntax("Options 'password' and 'hashed password' are mutually exclusive".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

fn once<T>(option: &mut Option<T>, value: T, name: &str) -> Result<(), EngineError> {
    match option.replace(value) {
        Some(_) => Err(multiple(name)),
        None => Ok(()),
    }
}

fn multiple(name: &str) -> EngineError {
    EngineError::Syntax(format!("Multiple definition for property '{name}'"))
}

/// Several lists add up; a list and ALL exclude each other.
fn add_access(
    option: &mut Option<Names>,
    access: &Access<'_>,
    what: &str,
    statement: &Statement<'_>,
) -> Result<(), EngineError> {
    let refuse = |reason: &str| Err(failed_parsing(statement, &format!("IllegalArgumentException {reason}")));
    match (access, option.as_mut()) {
        (Access::All, None) => *option = Some(Names::new()),
        (Access::All, Some(names)) if names.is_empty() => {}
        (Access::All, Some(_)) => return refuse(&format!("{what} have already been set")),
        (Access::Some(_), Some(names)) if names.is_empty() => return refuse("All has been set"),
        (Access::Some(added), _) => {
            option.get_or_insert_default().extend(added.iter().map(ToString::to_string));
        }
    }
    Ok(())
}
