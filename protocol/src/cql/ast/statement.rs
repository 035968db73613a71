//! A whole statement.

use super::{
    AddIdentity, AlterKeyspace, AlterRole, AlterTable, AlterType, AlterUser, AlterView, Batch, CreateAggregate,
    CreateFunction, CreateIndex, CreateKeyspace, CreateRole, CreateTable, CreateTrigger, CreateType, CreateUser,
    CreateView, Delete, Describe, DropAggregate, DropFunction, DropIdentity, DropIndex, DropKeyspace, DropRole,
    DropTable, DropTrigger, DropType, DropUser, DropView, Grant, GrantRole, Insert, ListPermissions, ListRoles,
    Modification, Name, QualifiedName, Revoke, RevokeRole, Select, Update,
};

/// A CQL statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is the statement of that name")]
pub enum Statement<'a> {
    Select(Box<Select<'a>>),
    Insert(Insert<'a>),
    Update(Update<'a>),
    Delete(Delete<'a>),
    Batch(Batch<'a>),
    Use(Name<'a>),
    Truncate(QualifiedName<'a>),
    CreateKeyspace(CreateKeyspace<'a>),
    AlterKeyspace(AlterKeyspace<'a>),
    DropKeyspace(DropKeyspace<'a>),
    CreateTable(CreateTable<'a>),
    AlterTable(AlterTable<'a>),
    DropTable(DropTable<'a>),
    CreateType(CreateType<'a>),
    AlterType(AlterType<'a>),
    DropType(DropType<'a>),
    CreateIndex(Box<CreateIndex<'a>>),
    DropIndex(DropIndex<'a>),
    CreateView(Box<CreateView<'a>>),
    AlterView(AlterView<'a>),
    DropView(DropView<'a>),
    CreateTrigger(CreateTrigger<'a>),
    DropTrigger(DropTrigger<'a>),
    CreateFunction(Box<CreateFunction<'a>>),
    DropFunction(DropFunction<'a>),
    CreateAggregate(Box<CreateAggregate<'a>>),
    DropAggregate(DropAggregate<'a>),
    CreateRole(CreateRole<'a>),
    AlterRole(AlterRole<'a>),
    DropRole(DropRole<'a>),
    CreateUser(CreateUser<'a>),
    AlterUser(AlterUser<'a>),
    DropUser(DropUser<'a>),
    AddIdentity(AddIdentity<'a>),
    DropIdentity(DropIdentity<'a>),
    Grant(Grant<'a>),
    Revoke(Revoke<'a>),
    GrantRole(GrantRole<'a>),
    RevokeRole(RevokeRole<'a>),
    ListPermissions(ListPermissions<'a>),
    ListRoles(ListRoles<'a>),
    ListUsers,
    Describe(Describe<'a>),
}

impl<'a> Statement<'a> {
    /// The keyspace that the statement names: of its table, view, type, function, aggregate or index, or the keyspace itself
    /// of USE and of CREATE, ALTER and DROP KEYSPACE. Of a batch, that of its first statement.
    pub fn keyspace(&self) -> Option<&Name<'a>> {
        match self {
            Self::Use(name) => Some(name),
            Self::CreateKeyspace(statement) => Some(&statement.name),
            Self::AlterKeyspace(statement) => Some(&statement.name),
            Self::DropKeyspace(statement) => Some(&statement.name),
            _ => self.table().or_else(|| self.schema_object())?.keyspace.as_ref(),
        }
    }

    /// The table (or view) that the statement reads, writes, truncates, creates, alters or drops, or on which it creates or
    /// drops a trigger or index. Of a batch, that of its first statement.
    pub fn table(&self) -> Option<&QualifiedName<'a>> {
        match self {
            Self::Select(statement) => Some(&statement.from),
            Self::Insert(statement) => Some(&statement.table),
            Self::Update(statement) => Some(&statement.table),
            Self::Delete(statement) => Some(&statement.table),
            Self::Batch(batch) => batch.statements.first().map(Modification::table),
            Self::Truncate(table) => Some(table),
            Self::CreateTable(statement) => Some(&statement.name),
            Self::AlterTable(statement) => Some(&statement.name),
            Self::DropTable(statement) => Some(&statement.name),
            Self::CreateIndex(statement) => Some(&statement.table),
            Self::CreateView(statement) => Some(&statement.name),
            Self::AlterView(statement) => Some(&statement.name),
            Self::DropView(statement) => Some(&statement.name),
            Self::CreateTrigger(statement) => Some(&statement.table),
            Self::DropTrigger(statement) => Some(&statement.table),
            _ => None,
        }
    }

    /// The type, function, aggregate or index that the statement creates, alters or drops.
    pub fn schema_object(&self) -> Option<&QualifiedName<'a>> {
        match self {
            Self::CreateType(statement) => Some(&statement.name),
            Self::AlterType(statement) => Some(&statement.name),
            Self::DropType(statement) => Some(&statement.name),
            Self::DropIndex(statement) => Some(&statement.name),
            Self::CreateFunction(statement) => Some(&statement.name),
            Self::DropFunction(statement) => Some(&statement.name),
            Self::CreateAggregate(statement) => Some(&statement.name),
            Self::DropAggregate(statement) => Some(&statement.name),
            _ => None,
        }
    }

    /// Whether the statement, or one of a batch, is a lightweight transaction.
    pub fn is_conditional(&self) -> bool {
        match self {
            Self::Insert(insert) => insert.if_not_exists,
            Self::Update(update) => update.condition.is_some(),
            Self::Delete(delete) => delete.condition.is_some(),
            Self::Batch(batch) => batch.statements.iter().any(Modification::is_conditional),
            _ => false,
        }
    }
}
