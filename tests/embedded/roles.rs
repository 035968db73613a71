//! Roles of embedded replicas.

use crate::client::{refusal, rows, run, server_of};

#[tokio::test]
async fn roles_are_made_and_listed() {
    let (_server, session) = server_of(3).await;
    run(&session, "CREATE ROLE ann WITH PASSWORD = 'secret' AND LOGIN = true").await;
    let listed = rows::<(String, bool, bool)>(
        &session,
        "SELECT role, can_login, is_superuser FROM system_auth.roles WHERE role = 'ann'",
        (),
    )
    .await;
    assert_eq!(listed, [("ann".to_owned(), true, false)]);
    assert!(refusal(&session, "CREATE ROLE ann").await.1.contains("ann already exists"));
    run(&session, "DROP ROLE ann").await;
}
