//! Schema, writes, prepared statements, batches, conditions and errors.

use scylla::errors::DbError;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::unprepared::Statement;

use crate::client::{refusal, rows, run, server_of};

#[tokio::test]
async fn drivers_see_the_schema_that_was_made() {
    for replicas in [1, 3] {
        let (_server, session) = server_of(replicas).await;
        run(&session, "CREATE TYPE address (street text, number int)").await;
        run(&session, "CREATE TABLE t (k int, c text, s int static, v frozen<address>, PRIMARY KEY (k, c))").await;
        session.refresh_metadata().await.unwrap();
        let state = session.get_cluster_state();
        let keyspace = state.get_keyspace("ks").unwrap();
        let table = &keyspace.tables["t"];
        assert_eq!(
            (table.partition_key.as_slice(), table.clustering_key.as_slice()),
            (&["k".to_owned()][..], &["c".to_owned()][..])
        );
        assert!(keyspace.user_defined_types.contains_key("address"));
        assert_eq!(table.columns.len(), 4);
    }
}

#[tokio::test]
async fn what_is_written_is_read() {
    for replicas in [1, 3] {
        let (_server, session) = server_of(replicas).await;
        run(&session, "CREATE TABLE t (k int, c int, s text static, v text, PRIMARY KEY (k, c))").await;
        run(&session, "INSERT INTO t (k, s) VALUES (1, 'all')").await;
        for c in [3, 1, 2] {
            session.query_unpaged("INSERT INTO t (k, c, v) VALUES (1, ?, ?)", (c, format!("v{c}"))).await.unwrap();
        }
        run(&session, "UPDATE t SET v = 'new' WHERE k = 1 AND c = 2").await;
        run(&session, "DELETE FROM t WHERE k = 1 AND c = 3").await;
        let read = rows::<(i32, String, String)>(&session, "SELECT c, s, v FROM t WHERE k = 1", ()).await;
        let row = |c: i32, v: &str| (c, "all".to_owned(), v.to_owned());
        assert_eq!(read, [row(1, "v1"), row(2, "new")]);
        let descending = rows::<(i32,)>(&session, "SELECT c FROM t WHERE k = 1 ORDER BY c DESC", ()).await;
        assert_eq!(descending, [(2,), (1,)]);
        assert_eq!(rows::<(i64,)>(&session, "SELECT count(*) FROM t", ()).await, [(2,)]);
    }
}

#[tokio::test]
async fn prepared_statements_know_their_markers_and_outlive_a_change_of_the_table() {
    for replicas in [1, 3] {
        let (_server, session) = server_of(replicas).await;
        run(&session, "CREATE TABLE t (k int PRIMARY KEY, v text)").await;
        let insert = session.prepare("INSERT INTO t (k, v) VALUES (?, ?)").await.unwrap();
        assert!(insert.is_token_aware());
        assert_eq!(insert.get_variable_col_specs().len(), 2);
        let select = session.prepare("SELECT * FROM t WHERE k = ?").await.unwrap();
        session.execute_unpaged(&insert, (1, "a")).await.unwrap();
        run(&session, "ALTER TABLE t ADD w int").await;
        session.execute_unpaged(&insert, (2, "b")).await.unwrap();
        let read = session.execute_unpaged(&select, (2,)).await.unwrap().into_rows_result().unwrap();
        assert_eq!(read.rows_num(), 1);
    }
}

#[tokio::test]
async fn batches_mix_texts_and_prepared_statements() {
    for replicas in [1, 3] {
        let (_server, session) = server_of(replicas).await;
        run(&session, "CREATE TABLE t (k int, c int, v text, PRIMARY KEY (k, c))").await;
        let insert = session.prepare("INSERT INTO t (k, c, v) VALUES (1, ?, ?)").await.unwrap();
        for (kind, c) in [(BatchType::Logged, 1), (BatchType::Unlogged, 3)] {
            let mut batch = Batch::new(kind);
            batch.append_statement(insert.clone());
            batch.append_statement(Statement::new("INSERT INTO t (k, c, v) VALUES (1, ?, 'text')"));
            session.batch(&batch, ((c, "prepared"), (c + 1,))).await.unwrap();
        }
        let read = rows::<(i32, String)>(&session, "SELECT c, v FROM t WHERE k = 1", ()).await;
        let row = |c: i32, v: &str| (c, v.to_owned());
        assert_eq!(read, [row(1, "prepared"), row(2, "text"), row(3, "prepared"), row(4, "text")]);
    }
}

#[tokio::test]
async fn one_replica_decides_conditions_itself() {
    let (_server, session) = server_of(1).await;
    run(&session, "CREATE TABLE t (k int PRIMARY KEY, v int)").await;
    let applied = async |statement: &'static str| {
        let result = session.query_unpaged(statement, ()).await.unwrap().into_rows_result().unwrap();
        let columns = result.column_specs().len();
        let applied = match columns {
            1 => result.single_row::<(bool,)>().unwrap().0,
            2 => result.single_row::<(bool, Option<i32>)>().unwrap().0,
            _ => result.single_row::<(bool, Option<i32>, Option<i32>)>().unwrap().0,
        };
        (applied, columns)
    };
    assert_eq!(applied("INSERT INTO t (k, v) VALUES (1, 1) IF NOT EXISTS").await, (true, 1));
    assert_eq!(applied("INSERT INTO t (k, v) VALUES (1, 2) IF NOT EXISTS").await, (false, 3));
    assert_eq!(applied("UPDATE t SET v = 3 WHERE k = 1 IF v = 2").await, (false, 2));
    assert_eq!(applied("UPDATE t SET v = 3 WHERE k = 1 IF v = 1").await, (true, 1));
    assert_eq!(rows::<(i32,)>(&session, "SELECT v FROM t", ()).await, [(3,)]);
}

#[tokio::test]
async fn errors_are_those_of_cassandra() {
    let (_server, session) = server_of(3).await;
    run(&session, "CREATE TABLE t (k int PRIMARY KEY, v text)").await;
    assert_eq!(refusal(&session, "SELECT * FROM absent").await.1, "table absent does not exist");
    assert_eq!(refusal(&session, "SELECT * FROM t WHERE x = 1").await.1, "Undefined column name x in table ks.t");
    assert_eq!(refusal(&session, "SELEC * FROM t").await.0, DbError::SyntaxError);
    let exists = DbError::AlreadyExists { keyspace: "ks".to_owned(), table: "t".to_owned() };
    assert_eq!(refusal(&session, "CREATE TABLE t (k int PRIMARY KEY)").await.0, exists);
    assert_eq!(refusal(&session, "INSERT INTO t (k, v) VALUES ('a', 'b')").await.0, DbError::Invalid);
    assert!(matches!(refusal(&session, "DROP KEYSPACE absent").await.0, DbError::Invalid | DbError::ConfigError));
}

#[tokio::test]
async fn traces_are_kept() {
    for replicas in [1, 3] {
        let (_server, session) = server_of(replicas).await;
        run(&session, "CREATE TABLE t (k int PRIMARY KEY, v text)").await;
        let mut insert = Statement::new("INSERT INTO t (k, v) VALUES (1, 'it''s')");
        insert.set_tracing(true);
        let result = session.query_unpaged(insert, ()).await.unwrap();
        let trace = session.get_tracing_info(&result.tracing_id().unwrap()).await.unwrap();
        assert_eq!(trace.command.as_deref(), Some("QUERY"));
        assert!(trace.parameters.unwrap()["query"].contains("'it''s'"));
        assert!(!trace.events.is_empty());
    }
}

#[tokio::test]
async fn what_the_proxy_answers_itself_is_traced_too() {
    for replicas in [1, 3] {
        let (_server, session) = server_of(replicas).await;
        let mut prepared = session.prepare("SELECT key FROM system.local").await.unwrap();
        prepared.set_tracing(true);
        for _ in 0..2 {
            let result = session.execute_unpaged(&prepared, ()).await.unwrap();
            let trace = session.get_tracing_info(&result.tracing_id().unwrap()).await.unwrap();
            assert_eq!(trace.command.as_deref(), Some("QUERY"));
            assert_eq!(result.into_rows_result().unwrap().single_row::<(String,)>().unwrap().0, "local");
        }
    }
}

#[tokio::test]
async fn rows_that_are_computed_are_not_written() {
    let (_server, session) = server_of(3).await;
    for statement in [
        "UPDATE system_schema.tables SET comment = 'x' WHERE keyspace_name = 'ks' AND table_name = 't'",
        "BEGIN BATCH DELETE FROM system_schema.keyspaces WHERE keyspace_name = 'ks' APPLY BATCH",
        "TRUNCATE system_schema.types",
    ] {
        let (error, message) = refusal(&session, statement).await;
        assert_eq!(
            (error, message.as_str()),
            (DbError::Unauthorized, "system_schema keyspace is not user-modifiable.")
        );
    }
}

#[tokio::test]
async fn types_nest_deep() {
    let (_server, session) = server_of(3).await;
    run(&session, "CREATE TYPE t0 (value int)").await;
    for depth in 1..=32 {
        run(&session, &format!("CREATE TYPE t{depth} (value frozen<t{}>)", depth - 1)).await;
    }
    let tuple = (0..32).fold("int".to_owned(), |inner, _| format!("frozen<tuple<{inner}>>"));
    run(&session, &format!("CREATE TABLE t (k int PRIMARY KEY, u frozen<t32>, t {tuple})")).await;
    let value = |open: &str, close: &str| format!("{}5{}", open.repeat(32), close.repeat(32));
    let (user, tuple) = (value("{value: ", "}"), value("(", ")"));
    run(&session, &format!("INSERT INTO t (k, u, t) VALUES (1, {{value: {user}}}, {tuple})")).await;
    let json = rows::<(String,)>(&session, "SELECT JSON t FROM t", ()).await;
    assert_eq!(json, [(format!(r#"{{"t": {}}}"#, value("[", "]")),)]);
}

#[tokio::test]
async fn distinct_partitions_are_counted() {
    for replicas in [1, 3] {
        let (_server, session) = server_of(replicas).await;
        run(&session, "CREATE TABLE t (k int, c int, PRIMARY KEY (k, c))").await;
        for (k, c) in [(1, 1), (1, 2), (2, 1)] {
            session.query_unpaged("INSERT INTO t (k, c) VALUES (?, ?)", (k, c)).await.unwrap();
        }
        assert_eq!(rows::<(i64,)>(&session, "SELECT DISTINCT COUNT(k) FROM t LIMIT 10000", ()).await, [(2,)]);
    }
}

#[tokio::test]
async fn truncate_empties_a_table_and_drop_removes_it() {
    for replicas in [1, 3] {
        let (_server, session) = server_of(replicas).await;
        run(&session, "CREATE TABLE t (k int PRIMARY KEY)").await;
        run(&session, "INSERT INTO t (k) VALUES (1)").await;
        run(&session, "TRUNCATE t").await;
        assert!(rows::<(i32,)>(&session, "SELECT k FROM t", ()).await.is_empty());
        run(&session, "INSERT INTO t (k) VALUES (2)").await;
        assert_eq!(rows::<(i32,)>(&session, "SELECT k FROM t", ()).await, [(2,)]);
        run(&session, "DROP TABLE t").await;
        run(&session, "CREATE TABLE t (k int PRIMARY KEY)").await;
        assert!(rows::<(i32,)>(&session, "SELECT k FROM t", ()).await.is_empty());
    }
}
