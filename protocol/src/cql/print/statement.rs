use std::fmt::{Display, Formatter, Result};

use crate::cql::ast::Statement;

impl Display for Statement<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Select(statement) => statement.fmt(f),
            Self::Insert(statement) => statement.fmt(f),
            Self::Update(statement) => statement.fmt(f),
            Self::Delete(statement) => statement.fmt(f),
            Self::Batch(statement) => statement.fmt(f),
            Self::Use(keyspace) => write!(f, "USE {keyspace}"),
            Self::Truncate(table) => write!(f, "TRUNCATE {table}"),
            Self::CreateKeyspace(statement) => statement.fmt(f),
            Self::AlterKeyspace(statement) => statement.fmt(f),
            Self::DropKeyspace(statement) => statement.fmt(f),
            Self::CreateTable(statement) => statement.fmt(f),
            Self::AlterTable(statement) => statement.fmt(f),
            Self::DropTable(statement) => statement.fmt(f),
            Self::CreateType(statement) => statement.fmt(f),
            Self::AlterType(statement) => statement.fmt(f),
            Self::DropType(statement) => statement.fmt(f),
            Self::CreateIndex(statement) => statement.fmt(f),
            Self::DropIndex(statement) => statement.fmt(f),
            Self::CreateView(statement) => statement.fmt(f),
            Self::AlterView(statement) => statement.fmt(f),
            Self::DropView(statement) => statement.fmt(f),
            Self::CreateTrigger(statement) => statement.fmt(f),
            Self::DropTrigger(statement) => statement.fmt(f),
            Self::CreateFunction(statement) => statement.fmt(f),
            Self::DropFunction(statement) => statement.fmt(f),
            Self::CreateAggregate(statement) => statement.fmt(f),
            Self::DropAggregate(statement) => statement.fmt(f),
            Self::CreateRole(statement) => statement.fmt(f),
            Self::AlterRole(statement) => statement.fmt(f),
            Self::DropRole(statement) => statement.fmt(f),
            Self::CreateUser(statement) => statement.fmt(f),
            Self::AlterUser(statement) => statement.fmt(f),
            Self::DropUser(statement) => statement.fmt(f),
            Self::AddIdentity(statement) => statement.fmt(f),
            Self::DropIdentity(statement) => statement.fmt(f),
            Self::Grant(statement) => statement.fmt(f),
            Self::Revoke(statement) => statement.fmt(f),
            Self::GrantRole(statement) => statement.fmt(f),
            Self::RevokeRole(statement) => statement.fmt(f),
            Self::ListPermissions(statement) => statement.fmt(f),
            Self::ListRoles(statement) => statement.fmt(f),
            Self::ListUsers => f.write_str("LIST USERS"),
            Self::Describe(statement) => statement.fmt(f),
        }
    }
}
