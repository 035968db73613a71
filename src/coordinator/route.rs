//! Where a statement goes: to the proxy's own tables, to one backend, or to a quorum of them.

use std::sync::Arc;

use super::error::CqlError;
use crate::shared::Cluster;
use crate::statement::{DdlKind, Kind, Statement};

/// The way of a statement.
#[derive(Debug)]
pub(crate) enum Route {
    /// The proxy's own tables answer.
    Local,
    /// One backend answers, the same for all that ask while it is up: schema, vendor extensions, verdicts.
    One,
    /// The backend that made the trace answers.
    Traces,
    /// The only voter answers for itself: its rows, or whether a condition held. Observers do not take part.
    Voter,
    /// The backends' rows are compared.
    Read,
    /// All backends get it; whether it may be sent again is the statement's own affair.
    Write,
    /// All backends get it, one schema change after the other.
    Ddl(Option<DdlKind>),
    /// All backends get it, or none should.
    Truncate,
    /// The session changes.
    Use(Arc<str>),
    /// It cannot be done with these backends.
    Refuse(CqlError),
}

/// The way of `statement` in a session whose keyspace is `keyspace`.
pub(crate) fn route(statement: &Statement, keyspace: Option<&str>, cluster: &Cluster) -> Route {
    let keyspace = statement.keyspace.as_deref().or(keyspace);
    match &statement.kind {
        Kind::Use(keyspace) => Route::Use(keyspace.as_ref().into()),
        Kind::Select => route_select(statement, keyspace, cluster),
        Kind::Insert | Kind::Update | Kind::Delete | Kind::Batch => route_write(statement, keyspace, cluster),
        Kind::Truncate => Route::Truncate,
        Kind::Ddl(kind) => Route::Ddl(Some(*kind)),
        Kind::Role => Route::Ddl(None),
        Kind::List | Kind::Describe | Kind::Unknown => Route::One,
    }
}

fn route_select(statement: &Statement, keyspace: Option<&str>, cluster: &Cluster) -> Route {
    match (keyspace, statement.table.as_deref()) {
        (Some("system"), Some("local" | "peers" | "peers_v2")) => Route::Local,
        (Some("system_traces"), _) => Route::Traces,
        (Some(keyspace), _) if is_of_the_backend(keyspace) => Route::One,
        _ if cluster.has_one_voter() => Route::Voter,
        _ => Route::Read,
    }
}

fn route_write(statement: &Statement, keyspace: Option<&str>, cluster: &Cluster) -> Route {
    if keyspace.is_some_and(is_of_the_backend) {
        return Route::One;
    }
    if cluster.is_native() {
        return Route::Write;
    }
    if statement.conditional && cluster.has_one_voter() {
        return Route::Voter;
    }
    if statement.conditional {
        return Route::Refuse(CqlError::Invalid(
            "Conditional statements (IF) are not supported over several voters yet".to_owned(),
        ));
    }
    match check_functions(statement) {
        Ok(()) => Route::Write,
        Err(error) => Route::Refuse(error),
    }
}

/// Refuses a write whose value each backend would compute for itself, in a way that nobody knows to be the same.
pub(super) fn check_functions(statement: &Statement) -> Result<(), CqlError> {
    if statement.user_functions {
        let text = "User-defined functions in a write are not supported over several voters: \
                    each backend would compute a value of its own";
        return Err(CqlError::Invalid(text.to_owned()));
    }
    Ok(())
}

/// Keyspaces that each backend has for itself.
fn is_of_the_backend(keyspace: &str) -> bool {
    matches!(
        keyspace,
        "system" | "system_schema" | "system_traces" | "system_views" | "system_virtual_schema" | "system_metrics"
    )
}
