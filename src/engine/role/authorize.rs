//! What is asked of the user before any statement runs (`CQLStatement.authorize`, `ClientState.ensurePermission`).

use quorate_protocol::cql::ast::{Modification, Permission, QualifiedName, Statement};

use super::options::Options;
use super::parse::Request;
use super::{Resource, Rules, Security};
use crate::engine::EngineError;
use crate::engine::system_tables::is_system;

/// Everybody may read these: drivers and tools need them.
const READABLE: [&str; 3] = ["local", "peers", "peers_v2"];

impl Security<'_> {
    /// Whether the user may run the statement. To be asked before [`Self::validate`], also if nobody must log in: the
    /// system's keyspaces are protected from all.
    ///
    /// # Errors
    /// Unauthorized; and those of the parser, for statements on roles.
    pub fn authorize(&self, statement: &Statement<'_>) -> Result<(), EngineError> {
        if let Some(request) = Request::of(statement, self)? {
            return self.authorize_request(&request);
        }
        match statement {
            Statement::Select(select) => self.on_table(&select.from, Permission::Select, true),
            Statement::Truncate(table) => self.on_table(table, Permission::Modify, false),
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => {
                let Some(table) = statement.table() else { return Ok(()) };
                self.modification(table, statement.is_conditional())
            }
            Statement::Batch(batch) => batch.statements.iter().try_for_each(|it| self.batched(it)),
            Statement::CreateTrigger(_) | Statement::DropTrigger(_) => self.superuser_for(statement),
            _ => self.schema_change(statement),
        }
    }

    /// Whether the user has a permission on a resource or on one that contains it.
    ///
    /// # Errors
    /// Unauthorized.
    pub fn require(&self, permission: Permission, resource: &Resource) -> Result<(), EngineError> {
        if self.rules == Rules::Open {
            return Ok(());
        }
        let user = self.named_user()?;
        match self.roles.may(user, permission, resource) {
            true => Ok(()),
            false => Err(EngineError::Unauthorized(format!(
                "User {user} has no {permission} permission on {resource} or any of its parents"
            ))),
        }
    }

    /// Of a view, it is the base table's permissions that count.
    fn on_table(&self, name: &QualifiedName<'_>, permission: Permission, reads: bool) -> Result<(), EngineError> {
        let Some(keyspace) = self.keyspace_of(name) else { return Ok(()) };
        let view = self.schema.view(keyspace, name.name.as_str()).filter(|_| reads);
        let table = view.map_or(name.name.as_str(), |view| &view.base);
        self.data(keyspace, permission, &Resource::Table(keyspace.to_owned(), table.to_owned()))
    }

    /// A write must also be allowed on the table's views, and then reads the table.
    fn modification(&self, name: &QualifiedName<'_>, is_conditional: bool) -> Result<(), EngineError> {
        self.on_table(name, Permission::Modify, false)?;
        let Some(keyspace) = self.keyspace_of(name) else { return Ok(()) };
        let views = self.schema.keyspace(keyspace).into_iter().flat_map(|keyspace| &keyspace.views);
        let views: Vec<&str> =
            views.filter(|(_, view)| *view.base == *name.name.as_str()).map(|(view, _)| view.as_ref()).collect();
        if is_conditional || !views.is_empty() {
            self.on_table(name, Permission::Select, false)?;
        }
        views.into_iter().try_for_each(|view| {
            self.data(keyspace, Permission::Modify, &Resource::Table(keyspace.to_owned(), view.to_owned()))
        })
    }

    fn batched(&self, modification: &Modification<'_>) -> Result<(), EngineError> {
        self.modification(modification.table(), modification.is_conditional())
    }

    fn schema_change(&self, statement: &Statement<'_>) -> Result<(), EngineError> {
        let keyspace = |name: &str| Resource::Keyspace(name.to_owned());
        let (permission, name) = match statement {
            Statement::CreateKeyspace(it) => {
                return self.data(it.name.as_str(), Permission::Create, &Resource::AllKeyspaces);
            }
            Statement::AlterKeyspace(it) => {
                return self.data(it.name.as_str(), Permission::Alter, &keyspace(it.name.as_str()));
            }
            Statement::DropKeyspace(it) => {
                return self.data(it.name.as_str(), Permission::Drop, &keyspace(it.name.as_str()));
            }
            Statement::CreateTable(it) => (Permission::Create, &it.name),
            Statement::CreateType(it) => (Permission::Create, &it.name),
            Statement::AlterType(it) => (Permission::Alter, &it.name),
            Statement::DropType(it) => (Permission::Drop, &it.name),
            Statement::AlterTable(it) => return self.on_table(&it.name, Permission::Alter, false),
            Statement::DropTable(it) => return self.on_table(&it.name, Permission::Drop, false),
            Statement::CreateIndex(it) => return self.on_table(&it.table, Permission::Alter, false),
            Statement::CreateView(it) => return self.on_table(&it.from, Permission::Alter, false),
            Statement::AlterView(it) => return self.on_table(&it.name, Permission::Alter, true),
            Statement::DropView(it) => return self.on_view(&it.name),
            Statement::DropIndex(it) => return self.on_indexed(&it.name),
            _ => return Ok(()),
        };
        let Some(of) = self.keyspace_of(name) else { return Ok(()) };
        self.data(of, permission, &Resource::AllTables(of.to_owned()))
    }

    fn on_view(&self, name: &QualifiedName<'_>) -> Result<(), EngineError> {
        let view = self.keyspace_of(name).and_then(|keyspace| self.schema.view(keyspace, name.name.as_str()));
        if view.is_some() { self.on_table(name, Permission::Alter, true) } else { Ok(()) }
    }

    fn on_indexed(&self, index: &QualifiedName<'_>) -> Result<(), EngineError> {
        let Some(keyspace) = self.keyspace_of(index) else { return Ok(()) };
        let tables = self.schema.keyspace(keyspace).into_iter().flat_map(|keyspace| &keyspace.tables);
        let mut indexed = tables.filter(|(_, table)| table.indexes.contains_key(index.name.as_str()));
        match indexed.next() {
            Some((table, _)) => {
                self.data(keyspace, Permission::Alter, &Resource::Table(keyspace.to_owned(), table.to_string()))
            }
            None => Ok(()),
        }
    }

    fn superuser_for(&self, statement: &Statement<'_>) -> Result<(), EngineError> {
        let is_superuser = self.user.is_some_and(|user| self.roles.is_superuser(user));
        let verb = if matches!(statement, Statement::CreateTrigger(_)) { "CREATE" } else { "DROP" };
        match self.rules == Rules::Open || is_superuser {
            true => Ok(()),
            false => {
                Err(EngineError::Unauthorized(format!("Only superusers are allowed to perform {verb} TRIGGER queries")))
            }
        }
    }

    fn keyspace_of<'n>(&'n self, name: &'n QualifiedName<'_>) -> Option<&'n str> {
        name.keyspace.as_ref().map(|keyspace| keyspace.as_str()).or(self.keyspace)
    }

    /// A permission on data, of which some is protected from all and some is open to all.
    fn data(&self, keyspace: &str, permission: Permission, resource: &Resource) -> Result<(), EngineError> {
        let changes_schema = matches!(permission, Permission::Create | Permission::Alter | Permission::Drop);
        if changes_schema {
            refuse_system_change(keyspace, permission, resource)?;
        }
        if permission == Permission::Select && is_readable(resource) {
            return Ok(());
        }
        self.require(permission, resource)
    }

    fn authorize_request(&self, request: &Request) -> Result<(), EngineError> {
        let unauthorized = |message: &str| Err(EngineError::Unauthorized(message.to_owned()));
        let is_superuser = self.user.is_some_and(|user| self.roles.is_superuser(user));
        match request {
            Request::Create { options, .. } => {
                self.may_manage(Permission::Create, &Resource::AllRoles)?;
                match options.superuser == Some(true) && !is_superuser {
                    true => unauthorized("Only superusers can create a role with superuser status"),
                    false => Ok(()),
                }
            }
            Request::Alter { role, options, .. } => self.authorize_alter(role, options),
            Request::Drop { role, .. } => {
                self.may_manage(Permission::Drop, &Resource::Role(role.clone()))?;
                match self.roles.is_superuser(role) && !is_superuser {
                    true => unauthorized("Only superusers can drop a role with superuser status"),
                    false => Ok(()),
                }
            }
            Request::GrantRole { role, .. } | Request::RevokeRole { role, .. } => {
                self.may_manage(Permission::Authorize, &Resource::Role(role.clone()))
            }
            Request::Grant { permissions, on, .. } | Request::Revoke { permissions, on, .. } => {
                // what does not exist is refused when the statement is validated
                let Ok(resource) = self.found(on)? else { return Ok(()) };
                self.require(Permission::Authorize, &resource)?;
                permissions.iter().try_for_each(|permission| self.require(permission, &resource))
            }
            Request::AddIdentity { .. } => self.on_own_role(Permission::Create),
            Request::DropIdentity { .. } => self.on_own_role(Permission::Drop),
            Request::ListPermissions { .. } | Request::ListRoles { .. } | Request::ListUsers => Ok(()),
        }
    }

    /// Of their own role, users may alter the password only.
    fn authorize_alter(&self, role: &str, options: &Options) -> Result<(), EngineError> {
        let unauthorized = |message: &str| Err(EngineError::Unauthorized(message.to_owned()));
        let is_superuser = self.user.is_some_and(|user| self.roles.is_superuser(user));
        if options.superuser.is_some() {
            if self.user.is_some_and(|user| self.roles.inherited(user).contains(role)) {
                return unauthorized(
                    "You aren't allowed to alter your own superuser status or that of a role granted to you",
                );
            }
            if !is_superuser {
                return unauthorized("Only superusers are allowed to alter superuser status");
            }
        }
        match self.user == Some(role) {
            _ if is_superuser => Ok(()),
            true if options.login.is_some() => unauthorized("You aren't allowed to alter LOGIN"),
            true => Ok(()),
            false => self.may_manage(Permission::Alter, &Resource::Role(role.to_owned())),
        }
    }

    fn on_own_role(&self, permission: Permission) -> Result<(), EngineError> {
        let own = self.user.unwrap_or_default().to_owned();
        self.may_manage(permission, &Resource::Role(own))
    }

    /// A permission on roles, refused with a more friendly message.
    fn may_manage(&self, permission: Permission, resource: &Resource) -> Result<(), EngineError> {
        self.require(permission, resource).map_err(|_| {
            let user = self.user.unwrap_or("anonymous");
            let what = "to perform the requested operation";
            EngineError::Unauthorized(format!("User {user} does not have sufficient privileges {what}"))
        })
    }
}

/// The system's keyspaces are not to be changed, but for how some are replicated.
fn refuse_system_change(keyspace: &str, permission: Permission, resource: &Resource) -> Result<(), EngineError> {
    let is_local = matches!(keyspace, "system" | "system_schema" | "system_views" | "system_virtual_schema");
    if is_local {
        return Err(EngineError::Unauthorized(format!("{keyspace} keyspace is not user-modifiable.")));
    }
    let alters_replication = permission == Permission::Alter && matches!(resource, Resource::Keyspace(_));
    match is_system(keyspace) && !alters_replication {
        true => Err(EngineError::Unauthorized(format!("Cannot {permission} {resource}"))),
        false => Ok(()),
    }
}

fn is_readable(resource: &Resource) -> bool {
    match resource {
        Resource::Table(keyspace, table) => match keyspace.as_str() {
            "system" => READABLE.contains(&table.as_str()),
            "system_schema" | "system_virtual_schema" | "system_traces" => true,
            _ => false,
        },
        _ => false,
    }
}
