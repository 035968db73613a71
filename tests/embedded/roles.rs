//! Roles of embedded replicas: who may log in, and do what.

use quorate::testing::{Options, Server};
use scylla::errors::DbError;

use crate::client::{builder, refusal, rows, run, use_keyspace};

#[tokio::test]
async fn roles_log_in_and_do_what_they_may_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let options =
        || Options { replicas: 3, data: Some(directory.path().to_owned()), authenticates: true, ..Options::default() };
    let server = Server::with(options()).unwrap();
    assert!(builder(server.address()).build().await.is_err(), "nobody is let in without a password");
    assert!(builder(server.address()).user("cassandra", "wrong").build().await.is_err());
    let superuser = builder(server.address()).user("cassandra", "cassandra").build().await.unwrap();
    use_keyspace(&superuser).await;
    run(&superuser, "CREATE TABLE ks.t (k int PRIMARY KEY)").await;
    run(&superuser, "CREATE ROLE ann WITH PASSWORD = 'secret' AND LOGIN = true").await;
    run(&superuser, "GRANT SELECT ON ks.t TO ann").await;
    drop(superuser);
    server.stop().unwrap();
    let server = Server::with(options()).unwrap();
    let ann = builder(server.address()).user("ann", "secret").build().await.unwrap();
    assert!(rows::<(i32,)>(&ann, "SELECT k FROM ks.t", ()).await.is_empty());
    let (error, message) = refusal(&ann, "INSERT INTO ks.t (k) VALUES (1)").await;
    assert_eq!(error, DbError::Unauthorized);
    assert_eq!(message, "User ann has no MODIFY permission on <table ks.t> or any of its parents");
    assert_eq!(refusal(&ann, "DROP TABLE ks.t").await.0, DbError::Unauthorized);
}

#[tokio::test]
async fn where_nobody_logs_in_nobody_makes_roles() {
    let server = Server::start().unwrap();
    let anonymous = builder(server.address()).build().await.unwrap();
    let (error, message) = refusal(&anonymous, "CREATE ROLE ann").await;
    assert_eq!(error, DbError::Unauthorized);
    assert_eq!(message, "You have to be logged in and not anonymous to perform this request");
}
