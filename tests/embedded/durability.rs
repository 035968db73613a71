//! What was acknowledged is there after the end of the process, however it ended.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use quorate::testing::{Options, Server};
use scylla::client::session::Session;
use scylla::errors::DbError;

use crate::child::Process;
use crate::client::{refusal, rows, run, session, use_keyspace};

/// How often the process is killed; more often where `QUORATE_TEST_KILLS` says so.
const KILLS: usize = 3;
/// Acknowledged writes before each kill.
const WRITES_BEFORE_A_KILL: i32 = 200;

#[tokio::test]
async fn a_restart_keeps_data_and_schema() {
    let directory = tempfile::tempdir().unwrap();
    let options = || Options { replicas: 3, data: Some(directory.path().to_owned()), ..Options::default() };
    let server = Server::with(options()).unwrap();
    let before = session(server.address()).await;
    use_keyspace(&before).await;
    run(&before, "CREATE TABLE t (k int PRIMARY KEY, v text) WITH comment = 'kept'").await;
    run(&before, "INSERT INTO t (k, v) VALUES (1, 'one')").await;
    drop(before);
    server.stop().unwrap();
    let server = Server::with(options()).unwrap();
    let after = session(server.address()).await;
    assert_eq!(rows::<(i32, String)>(&after, "SELECT k, v FROM ks.t", ()).await, [(1, "one".to_owned())]);
    let comment = "SELECT comment FROM system_schema.tables WHERE keyspace_name = 'ks'";
    assert_eq!(rows::<(String,)>(&after, comment, ()).await, [("kept".to_owned(),)]);
    run(&after, "CREATE TABLE ks.u (k int PRIMARY KEY)").await;
    assert!(rows::<(i32,)>(&after, "SELECT k FROM ks.u", ()).await.is_empty());
}

#[tokio::test]
async fn a_directory_serves_one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(directory.path().to_owned()), ..Options::default() };
    let _server = Server::with(options()).unwrap();
    let error = Server::with(options()).unwrap_err().to_string();
    assert!(error.contains("in use by another process"), "{error}");
}

#[tokio::test]
async fn no_acknowledged_write_is_lost_when_the_process_is_killed() {
    let kills = std::env::var("QUORATE_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut next = 0;
    let mut process = Process::start(directory.path(), 3);
    let first = session(process.address).await;
    use_keyspace(&first).await;
    run(&first, "CREATE TABLE t (k int PRIMARY KEY)").await;
    drop(first);
    for _ in 0..kills {
        let client = Arc::new(session(process.address).await);
        let acknowledged = write_until_killed(client, process, next).await;
        process = Process::start(directory.path(), 3);
        let client = session(process.address).await;
        let select = client.prepare("SELECT k FROM ks.t WHERE k = ?").await.unwrap();
        for key in &acknowledged {
            let read = client.execute_unpaged(&select, (key,)).await.unwrap().into_rows_result().unwrap();
            assert_eq!(read.rows_num(), 1, "{key} was acknowledged and is lost");
        }
        next = acknowledged.iter().max().map_or(next, |last| last + 1_000);
    }
}

/// The write that fails, and all after it, are refused; the replica counts as down. What was acknowledged before is there when
/// the process is started again where there is room.
#[tokio::test]
async fn a_disk_that_takes_no_more_takes_the_replica_down_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start_on_a_small_disk(directory.path(), 1, 512);
    let client = session(process.address).await;
    use_keyspace(&client).await;
    run(&client, "CREATE TABLE t (k int PRIMARY KEY, v blob)").await;
    let insert = client.prepare("INSERT INTO t (k, v) VALUES (?, ?)").await.unwrap();
    let value = vec![7_u8; 4096];
    let mut acknowledged = 0;
    while client.execute_unpaged(&insert, (acknowledged, &value)).await.is_ok() {
        acknowledged += 1;
        assert!(acknowledged < 1_000, "a disk of 512 KiB took {acknowledged} rows of 4 KiB");
    }
    assert!(acknowledged > 10);
    match refusal(&client, "SELECT k FROM ks.t WHERE k = 0").await.0 {
        DbError::Unavailable { required: 1, alive: 0, .. } => {}
        other => panic!("{other:?}"),
    }
    drop(client);
    process.kill();
    let process = Process::start(directory.path(), 1);
    let client = session(process.address).await;
    let keys: HashSet<i32> =
        rows::<(i32,)>(&client, "SELECT k FROM ks.t", ()).await.into_iter().map(|(k,)| k).collect();
    assert!(
        (0..acknowledged).all(|key| keys.contains(&key)),
        "{acknowledged} were acknowledged, {} are there",
        keys.len()
    );
    client.query_unpaged("INSERT INTO ks.t (k, v) VALUES (-1, 0x00)", ()).await.unwrap();
}

/// Writes keys from `first` on through several clients at once, kills the process among them, and gives the keys that
/// were acknowledged.
async fn write_until_killed(session: Arc<Session>, process: Process, first: i32) -> Vec<i32> {
    let insert = session.prepare("INSERT INTO ks.t (k) VALUES (?)").await.unwrap();
    let (next, count) = (Arc::new(AtomicI32::new(first)), Arc::new(AtomicI32::new(0)));
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (session, insert, next, count) = (session.clone(), insert.clone(), next.clone(), count.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                loop {
                    let key = next.fetch_add(1, Ordering::Relaxed);
                    match session.execute_unpaged(&insert, (key,)).await {
                        Ok(_) => acknowledged.push(key),
                        // The process is gone.
                        Err(_) => return acknowledged,
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    while count.load(Ordering::Relaxed) < WRITES_BEFORE_A_KILL {
        tokio::task::yield_now().await;
    }
    process.kill();
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    assert!(acknowledged.len() >= usize::try_from(WRITES_BEFORE_A_KILL).unwrap());
    acknowledged
}
