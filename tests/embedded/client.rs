//! A session of the `scylla` driver, and short ways to use it.

use std::net::SocketAddr;
use std::time::Duration;

use quorate::testing::{Options, Server};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::statement::unprepared::Statement;

/// A server in memory with so many replicas, and a session in a keyspace `ks` of it at QUORUM.
pub async fn server_of(replicas: usize) -> (Server, Session) {
    let server = Server::with(Options { replicas, ..Options::default() }).unwrap();
    let session = session(server.address()).await;
    use_keyspace(&session).await;
    (server, session)
}

/// Makes the keyspace `ks` and uses it.
pub async fn use_keyspace(session: &Session) {
    run(session, "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}").await;
    session.use_keyspace("ks", false).await.unwrap();
}

/// A session at QUORUM.
pub async fn session(address: SocketAddr) -> Session {
    builder(address).build().await.unwrap()
}

/// What makes a session at QUORUM.
pub fn builder(address: SocketAddr) -> SessionBuilder {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::Quorum)
        .request_timeout(Some(Duration::from_secs(60)))
        .build();
    SessionBuilder::new().known_node_addr(address).default_execution_profile_handle(profile.into_handle())
}

/// Executes a statement that gives no rows.
pub async fn run(session: &Session, statement: &str) {
    if let Err(error) = session.query_unpaged(statement, ()).await {
        panic!("{statement}: {error}");
    }
}

/// The rows of a statement.
pub async fn rows<R>(session: &Session, statement: &str, values: impl SerializeRow) -> Vec<R>
where
    R: for<'f, 'm> DeserializeRow<'f, 'm>,
{
    let result = match session.query_unpaged(statement, values).await {
        Ok(result) => result.into_rows_result().unwrap(),
        Err(error) => panic!("{statement}: {error}"),
    };
    result.rows::<R>().unwrap().collect::<Result<_, _>>().unwrap()
}

/// The server's error to a statement.
pub async fn refusal(session: &Session, statement: impl Into<Statement>) -> (DbError, String) {
    match session.query_unpaged(statement, ()).await {
        Err(ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, message))) => (error, message),
        Err(other) => panic!("not an error of the server: {other:?}"),
        Ok(_) => panic!("no error"),
    }
}

/// A statement at this level.
pub fn at(level: Consistency, statement: &str) -> Statement {
    let mut statement = Statement::new(statement);
    statement.set_consistency(level);
    statement
}
