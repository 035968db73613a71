//! Replicas that stop, freeze, are cut off and come back, while clients go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use quorate::replicas::Mode;
use scylla::errors::DbError;
use scylla::statement::Consistency;

use crate::client::{at, refusal, rows, run, server_of};

#[tokio::test]
async fn the_case_of_the_article() {
    let (server, session) = server_of(5).await;
    run(&session, "CREATE TABLE t (id int PRIMARY KEY, value text)").await;
    for (id, value) in ["A", "B", "C", "D", "E"].iter().enumerate() {
        let id = i32::try_from(id + 1).unwrap();
        session.query_unpaged("INSERT INTO t (id, value) VALUES (?, ?)", (id, value)).await.unwrap();
    }
    server.replicas().stop("r4").unwrap();
    server.replicas().stop("r5").unwrap();
    session.query_unpaged("INSERT INTO t (id, value) VALUES (6, 'F')", ()).await.unwrap();
    let value = "SELECT value FROM t WHERE id = 6";
    assert_eq!(rows::<(String,)>(&session, value, ()).await, [("F".to_owned(),)]);
    server.replicas().stop("r3").unwrap();
    match refusal(&session, at(Consistency::Quorum, "INSERT INTO t (id, value) VALUES (7, 'G')")).await.0 {
        DbError::Unavailable { consistency: Consistency::Quorum, required: 3, alive: 2 } => {}
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        refusal(&session, at(Consistency::Quorum, value)).await.0,
        DbError::Unavailable { required: 3, alive: 2, .. }
    ));
    session.query_unpaged(at(Consistency::One, "INSERT INTO t (id, value) VALUES (7, 'G')"), ()).await.unwrap();
    let read = session.query_unpaged(at(Consistency::One, value), ()).await.unwrap().into_rows_result().unwrap();
    assert_eq!(read.single_row::<(String,)>().unwrap().0, "F");
    server.replicas().start("r5").unwrap();
    session.query_unpaged("INSERT INTO t (id, value) VALUES (8, 'H')", ()).await.unwrap();
}

#[tokio::test]
async fn a_quorum_goes_on_under_load_while_a_replica_stops_freezes_and_is_cut_off() {
    let (server, session) = server_of(3).await;
    run(&session, "CREATE TABLE t (k int PRIMARY KEY, v int)").await;
    let session = Arc::new(session);
    let (over, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI32::new(0)));
    let insert = session.prepare("INSERT INTO t (k, v) VALUES (?, ?)").await.unwrap();
    let select = session.prepare("SELECT v FROM t WHERE k = ?").await.unwrap();
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (session, over, written) = (session.clone(), over.clone(), written.clone());
            let (insert, select) = (insert.clone(), select.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let key = written.fetch_add(1, Ordering::Relaxed);
                    session.execute_unpaged(&insert, (key, key * 2)).await.unwrap();
                    let read = session.execute_unpaged(&select, (key,)).await.unwrap().into_rows_result().unwrap();
                    assert_eq!(read.single_row::<(i32,)>().unwrap().0, key * 2);
                }
            })
        })
        .collect();
    let progress = async || {
        let before = written.load(Ordering::Relaxed);
        while written.load(Ordering::Relaxed) < before + 200 {
            assert!(!clients.iter().any(tokio::task::JoinHandle::is_finished), "a client met an error");
            tokio::task::yield_now().await;
        }
    };
    progress().await;
    let replicas = server.replicas().clone();
    for (name, fail, recover) in [("r1", "stop", "start"), ("r2", "pause", "resume"), ("r3", "partition", "heal")] {
        let action = |action: &str| serde_json::from_value(serde_json::json!({ "action": action })).unwrap();
        replicas.act(name, action(fail)).unwrap();
        progress().await;
        assert_eq!(replicas.act(name, action(recover)).unwrap().state, Mode::Running);
        progress().await;
    }
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let (server, _session) = server_of(2).await;
    let replicas = server.replicas();
    assert_eq!(replicas.stop("r3").unwrap_err().to_string(), "there is no replica \"r3\"; there are r1, r2");
    replicas.stop("r1").unwrap();
    assert_eq!(replicas.pause("r1").unwrap_err().to_string(), "r1 cannot do that: it is stopped: start it first");
    assert_eq!(replicas.list()[0].state, Mode::Stopped);
}

#[tokio::test]
async fn a_table_has_the_same_id_on_every_replica() {
    let (server, session) = server_of(3).await;
    run(&session, "CREATE TABLE t (k int PRIMARY KEY)").await;
    let names = ["r1", "r2", "r3"];
    let mut ids = Vec::new();
    for asked in names {
        for name in names.iter().filter(|name| **name != asked) {
            server.replicas().stop(name).unwrap();
        }
        let select = "SELECT id FROM system_schema.tables WHERE keyspace_name = 'ks' AND table_name = 't'";
        let read = session.query_unpaged(at(Consistency::One, select), ()).await.unwrap().into_rows_result().unwrap();
        ids.push(read.single_row::<(uuid::Uuid,)>().unwrap().0);
        for name in names.iter().filter(|name| **name != asked) {
            server.replicas().start(name).unwrap();
        }
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}
