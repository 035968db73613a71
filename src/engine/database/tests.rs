//! Statements on a whole database in memory.

mod recorded;

use bytes::Bytes;
use quorate_protocol::frame::Version;
use quorate_protocol::message::request::{BindValues, QueryParameters};
use quorate_protocol::message::view::QueryView;
use quorate_protocol::message::{Consistency, Request, RequestMessage};

use super::*;
use crate::store::StoreOptions;
use crate::system::{Proxy, Topology};

/// Long after the clock of any machine that runs this: a client may say that it is that second.
const FAR_FUTURE_SECONDS: i32 = i32::MAX - 1;

fn database(tables: &[&str]) -> Database {
    with_tables(Database::in_memory(setup()).unwrap(), tables)
}

fn with_tables(database: Database, tables: &[&str]) -> Database {
    run(&database, "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
    for table in tables {
        run(&database, table);
    }
    database
}

fn setup() -> Setup {
    let local = Proxy {
        address: "127.0.0.1:9042".parse().unwrap(),
        data_center: "datacenter1".to_owned(),
        rack: "rack1".to_owned(),
    };
    let topology = Topology {
        cluster_name: "test".to_owned(),
        local,
        peers: Vec::new(),
        schema_version: Uuid::nil(),
        release_version: "5.0.6".to_owned(),
        native_protocol_version: 5,
        started_seconds: 0,
    };
    Setup { name: "r1".to_owned(), topology, rules: Rules::Open }
}

/// Executes a statement at a second that the client names.
fn execute(database: &Database, text: &str, now_in_seconds: Option<i32>) -> Result<Executed, EngineError> {
    execute_with(database, text, None, now_in_seconds)
}

/// As [`execute`], with values for its markers.
fn execute_with(
    database: &Database,
    text: &str,
    values: Option<BindValues>,
    now_in_seconds: Option<i32>,
) -> Result<Executed, EngineError> {
    execute_as(database, text, QueryParameters { now_in_seconds, values, ..QueryParameters::new(Consistency::One) })
}

fn execute_as(database: &Database, text: &str, parameters: QueryParameters) -> Result<Executed, EngineError> {
    let statement = database.compile(text, Some("ks"), None)?;
    let request = RequestMessage::from(Request::Query { query: text.to_owned(), parameters });
    let envelope = request.encode(Version::V5, 0).unwrap();
    let view = QueryView::parse(&envelope).unwrap();
    database.execute(
        &statement,
        Execution { parameters: &view.parameters, knows_columns: false, user: None, abandoned: None },
    )
}

/// The rows that it answers with.
fn run(database: &Database, text: &str) -> Vec<Vec<Option<Bytes>>> {
    match execute(database, text, None).unwrap_or_else(|error| panic!("{text}: {error}")).outcome {
        Outcome::Rows(rows) => rows.rows,
        _ => Vec::new(),
    }
}

/// Whether a conditional statement was applied.
fn applied(database: &Database, text: &str) -> bool {
    run(database, text)[0][0].as_deref() == Some(&[1][..])
}

fn int(value: i32) -> Option<Bytes> {
    Some(Bytes::copy_from_slice(&value.to_be_bytes()))
}

#[test]
fn a_view_does_not_show_what_moved_away() {
    let database = database(&[
        "CREATE TABLE t (k int PRIMARY KEY, v int, w int)",
        "CREATE MATERIALIZED VIEW mv AS SELECT * FROM t WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)",
    ]);
    run(&database, "INSERT INTO t (k, v, w) VALUES (1, 1, 5)");
    run(&database, "UPDATE t SET v = 2 WHERE k = 1");
    assert!(run(&database, "SELECT * FROM mv WHERE v = 1").is_empty());
    assert_eq!(run(&database, "SELECT v, k, w FROM mv"), [[int(2), int(1), int(5)]]);
}

#[test]
fn a_view_of_one_row_that_is_named_by_other_bytes_follows_it() {
    let database = database(&[
        "CREATE TABLE t (k int, c decimal, v int, PRIMARY KEY (k, c))",
        "CREATE MATERIALIZED VIEW mv AS SELECT * FROM t WHERE k IS NOT NULL AND c IS NOT NULL AND v IS NOT NULL \
         PRIMARY KEY (v, k, c)",
    ]);
    run(&database, "INSERT INTO t (k, c, v) VALUES (1, 1.0, 1)");
    run(&database, "UPDATE t SET v = 2 WHERE k = 1 AND c = 1.00");
    assert_eq!(run(&database, "SELECT v FROM mv"), [[int(2)]]);
}

#[test]
fn no_client_decides_what_is_forgotten() {
    let database = database(&["CREATE TABLE t (k int, c int, v int, PRIMARY KEY (k, c))"]);
    run(&database, "DELETE FROM t USING TIMESTAMP 100 WHERE k = 1 AND c = 1");
    let old = "INSERT INTO t (k, c, v) VALUES (1, 1, 1) USING TIMESTAMP 1";
    execute(&database, old, Some(FAR_FUTURE_SECONDS)).unwrap();
    run(&database, "INSERT INTO t (k, c, v) VALUES (1, 1, 1) USING TIMESTAMP 50");
    assert!(run(&database, "SELECT * FROM t").is_empty());
}

#[test]
fn a_condition_finds_its_row_by_any_bytes_of_its_value() {
    for (cql_type, one, other) in [("decimal", "1.0", "1.00"), ("varint", "1", "blob_as_varint(0x0001)")] {
        let database = database(&[&format!("CREATE TABLE t (k int, c {cql_type}, v int, PRIMARY KEY (k, c))")]);
        assert!(applied(&database, &format!("INSERT INTO t (k, c, v) VALUES (1, {one}, 1) IF NOT EXISTS")));
        assert!(!applied(&database, &format!("INSERT INTO t (k, c, v) VALUES (1, {other}, 2) IF NOT EXISTS")));
        assert!(applied(&database, &format!("UPDATE t SET v = 3 WHERE k = 1 AND c = {other} IF v = 1")));
        assert_eq!(run(&database, "SELECT v FROM t"), [[int(3)]]);
    }
}

#[test]
fn what_a_condition_lets_in_wins_over_what_deleted_it_before() {
    let deletions = [
        "DELETE FROM t USING TIMESTAMP 9000000000000000 WHERE k = 1",
        "DELETE FROM t USING TIMESTAMP 9000000000000000 WHERE k = 1 AND c > 0",
        "DELETE FROM t USING TIMESTAMP 9000000000000000 WHERE k = 1 AND c = 1",
    ];
    for deletion in deletions {
        let database = database(&["CREATE TABLE t (k int, c int, v int, PRIMARY KEY (k, c))"]);
        run(&database, deletion);
        assert!(applied(&database, "INSERT INTO t (k, c, v) VALUES (1, 1, 7) IF NOT EXISTS"), "{deletion}");
        assert_eq!(run(&database, "SELECT v FROM t"), [[int(7)]], "{deletion}");
    }
}

#[test]
fn a_place_that_is_too_long_is_refused() {
    let database = database(&["CREATE TABLE t (k int, c blob, v int, PRIMARY KEY (k, c))"]);
    let long = "00".repeat(40_000);
    for text in [
        format!("INSERT INTO t (k, c, v) VALUES (1, 0x{long}, 1)"),
        format!("DELETE FROM t WHERE k = 1 AND c > 0x{long}"),
        format!("DELETE FROM t WHERE k = 1 AND c < 0x{long}"),
    ] {
        let refusal = execute(&database, &text, None).map(|_| ()).unwrap_err();
        let EngineError::Invalid(message) = refusal else { panic!("{refusal}") };
        assert!(message.starts_with("Key length of "), "{message}");
    }
}

#[test]
fn an_index_leaves_out_what_was_too_large_for_it_before() {
    let database = database(&["CREATE TABLE t (k int PRIMARY KEY, v blob)"]);
    let large = format!("INSERT INTO t (k, v) VALUES (1, 0x{})", "00".repeat(70_000));
    run(&database, &large);
    run(&database, "INSERT INTO t (k, v) VALUES (2, 0x01)");
    run(&database, "CREATE INDEX ON t (v)");
    assert_eq!(run(&database, "SELECT k FROM t WHERE v = 0x01"), [[int(2)]]);
    let refusal = execute(&database, &large, None).map(|_| ()).unwrap_err().to_string();
    assert!(refusal.starts_with("Cannot index value of size 70000 "), "{refusal}");
}

#[test]
fn rows_that_end_before_the_last_clustering_column_come_page_by_page() {
    let database =
        database(&["CREATE TABLE t (p int, a int, b int, v int, PRIMARY KEY (p, a, b)) WITH COMPACT STORAGE"]);
    for (columns, values) in
        [("a", "0, 1"), ("a, b", "0, 0, 2"), ("a, b", "0, 1, 3"), ("a", "1, 4"), ("a, b", "2, 0, 5")]
    {
        run(&database, &format!("INSERT INTO t (p, {columns}, v) VALUES (0, {values})"));
    }
    run(&database, "INSERT INTO t (p, a, v) VALUES (1, 0, 6)");
    for text in
        ["SELECT v FROM t", "SELECT v FROM t WHERE p = 0 AND a >= 0", "SELECT v FROM t WHERE p = 0 ORDER BY a DESC"]
    {
        let whole = run(&database, text);
        assert!(whole.len() >= 5);
        let (mut pages, mut state) = (Vec::new(), None);
        loop {
            let mut parameters = QueryParameters::new(Consistency::One);
            (parameters.page_size, parameters.paging_state) = (Some(1), state);
            let Outcome::Rows(page) = execute_as(&database, text, parameters).unwrap().outcome else {
                panic!("no rows")
            };
            pages.extend(page.rows);
            state = page.metadata.paging_state;
            if state.is_none() {
                break;
            }
        }
        assert_eq!(pages, whole, "{text}");
    }
}

#[test]
fn a_view_is_emptied_with_its_table_alone() {
    let database = database(&[
        "CREATE TABLE t (k int PRIMARY KEY, v int)",
        "CREATE MATERIALIZED VIEW mv AS SELECT * FROM t WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)",
    ]);
    run(&database, "INSERT INTO t (k, v) VALUES (1, 1)");
    let refusal = execute(&database, "TRUNCATE mv", None).map(|_| ()).unwrap_err();
    let words = "Cannot TRUNCATE materialized view directly; must truncate base table instead";
    assert_eq!(refusal, EngineError::Invalid(words.to_owned()));
    run(&database, "TRUNCATE t");
    assert_eq!(run(&database, "SELECT * FROM mv"), Vec::<Vec<_>>::new());
}

#[test]
fn a_view_may_be_restricted_by_several_columns_at_once() {
    let restrictions = ["(c, d) > (1, 1)", "(c, d) IN ((1, 2), (2, 0))", "(c, d) = (2, 0)"];
    let expected: [&[i32]; 3] = [&[12, 20], &[12, 20], &[20]];
    for (restriction, expected) in restrictions.iter().zip(expected) {
        let database = database(&[
            "CREATE TABLE t (k int, c int, d int, v int, PRIMARY KEY (k, c, d))",
            &format!(
                "CREATE MATERIALIZED VIEW mv AS SELECT * FROM t WHERE k IS NOT NULL AND c IS NOT NULL AND d IS NOT NULL \
                 AND {restriction} PRIMARY KEY (k, c, d)"
            ),
        ]);
        for (c, d) in [(0, 5), (1, 1), (1, 2), (2, 0)] {
            run(&database, &format!("INSERT INTO t (k, c, d, v) VALUES (1, {c}, {d}, {c}{d})"));
        }
        let expected: Vec<Vec<_>> = expected.iter().map(|value| vec![int(*value)]).collect();
        assert_eq!(run(&database, "SELECT v FROM mv"), expected, "{restriction}");
    }
}

#[test]
fn what_is_deleted_already_does_not_come_to_a_view() {
    for deletion in ["k = 1", "k = 1 AND c > 0", "k = 1 AND c = 1"] {
        let database = database(&[
            "CREATE TABLE t (k int, c int, v int, PRIMARY KEY (k, c))",
            "CREATE MATERIALIZED VIEW mv AS SELECT * FROM t WHERE k IS NOT NULL AND c IS NOT NULL AND v IS NOT NULL \
             PRIMARY KEY (v, k, c)",
        ]);
        run(&database, &format!("DELETE FROM t USING TIMESTAMP 100 WHERE {deletion}"));
        run(&database, "INSERT INTO t (k, c, v) VALUES (1, 1, 1) USING TIMESTAMP 50");
        assert_eq!(run(&database, "SELECT * FROM t"), Vec::<Vec<_>>::new(), "{deletion}");
        assert_eq!(run(&database, "SELECT * FROM mv"), Vec::<Vec<_>>::new(), "{deletion}");
        run(&database, "INSERT INTO t (k, c, v) VALUES (1, 1, 2) USING TIMESTAMP 101");
        assert_eq!(run(&database, "SELECT v FROM mv"), [[int(2)]], "{deletion}");
    }
}

#[test]
fn values_of_composite_types_are_written_as_strings() {
    let database = database(&["CREATE TABLE t (k int PRIMARY KEY, v 'CompositeType(AsciiType, Int32Type)')"]);
    run(&database, "INSERT INTO t (k, v) VALUES (1, 'abc:1')");
    let value = Bytes::from_static(b"\x00\x03abc\x00\x00\x04\x00\x00\x00\x01\x00");
    assert_eq!(run(&database, "SELECT v FROM t"), [[Some(value)]]);
    let refusal = execute(&database, "INSERT INTO t (k, v) VALUES (1, 'abc:x')", None).map(|_| ()).unwrap_err();
    assert!(refusal.to_string().starts_with("Invalid STRING constant (abc:x) for \"v\" of type"), "{refusal}");
}

#[test]
fn an_index_or_view_that_a_crash_left_empty_is_filled_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Database::open(directory.path(), &StoreOptions::default(), setup()).unwrap();
    let created = [
        "CREATE INDEX i ON t (v)",
        "CREATE MATERIALIZED VIEW mv AS SELECT * FROM t WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)",
    ];
    let database = with_tables(open(), &["CREATE TABLE t (k int PRIMARY KEY, v int)"]);
    run(&database, "INSERT INTO t (k, v) VALUES (1, 7)");
    drop(database);
    for text in created {
        let database = open();
        let tree = quorate_protocol::cql::parse(text).unwrap();
        let change =
            crate::engine::definition::apply(&database.schema(), &tree, Some("ks"), 1, &mut || 1_u128).unwrap();
        assert!(!change.build.is_empty());
        builds::note(&database.store, &change.build).unwrap();
        database.adopt(change.schema, &change.removed).unwrap();
        // and here the process dies
    }
    let database = open();
    assert_eq!(run(&database, "SELECT k FROM t WHERE v = 7"), [[int(1)]]);
    assert_eq!(run(&database, "SELECT k FROM mv WHERE v = 7"), [[int(1)]]);
}

#[test]
fn entries_of_an_index_whose_rows_changed_are_forgotten_and_no_others() {
    use crate::engine::maintain::{IndexPlan, IndexRange};
    let tables = ["CREATE TABLE t (k int, c int, v int, s int static, PRIMARY KEY (k, c))", "CREATE INDEX iv ON t (v)"];
    let more = ["CREATE INDEX ic ON t (c)", "CREATE INDEX isv ON t (s)"];
    let database = database(&[tables[0], tables[1], more[0], more[1]]);
    let entries = |index: &str, value: i32| {
        let schema = database.schema();
        let table = schema.table("ks", "t").unwrap();
        let plan = IndexPlan::new(table, &table.indexes[index]).unwrap();
        let mut found = plan.candidates(&database.store, &IndexRange::Value(int(value).unwrap()), 0).unwrap();
        std::iter::from_fn(|| found.next().unwrap()).count()
    };
    run(&database, "INSERT INTO t (k, c, v, s) VALUES (1, 1, 1, 1)");
    run(&database, "INSERT INTO t (k, c, v, s) VALUES (1, 2, 1, 2)");
    run(&database, "UPDATE t SET v = 2 WHERE k = 1 AND c = 1");
    run(&database, "DELETE FROM t WHERE k = 1 AND c = 2");
    let all = || {
        [entries("iv", 1), entries("iv", 2), entries("ic", 1), entries("ic", 2), entries("isv", 1), entries("isv", 2)]
    };
    assert_eq!(all(), [2, 1, 1, 1, 1, 1]);
    database.upkeep().unwrap();
    assert_eq!(all(), [0, 1, 1, 0, 0, 1]);
    // the pass begins again
    run(&database, "UPDATE t SET v = 3 WHERE k = 1 AND c = 1");
    database.upkeep().unwrap();
    assert_eq!(all(), [0, 0, 1, 0, 0, 1]);
    assert_eq!(run(&database, "SELECT k FROM t WHERE v = 3"), [[int(1)]]);
}

#[test]
fn a_select_that_nobody_waits_for_ends() {
    use std::sync::atomic::AtomicBool;
    let database = database(&["CREATE TABLE t (k int PRIMARY KEY)"]);
    run(&database, "INSERT INTO t (k) VALUES (1)");
    let statement = database.compile("SELECT count(*) FROM t", Some("ks"), None).unwrap();
    let parameters = quorate_protocol::message::view::Parameters::of_level(Consistency::One);
    for (is_abandoned, ends) in [(false, false), (true, true)] {
        let abandoned = AtomicBool::new(is_abandoned);
        let execution =
            Execution { parameters: &parameters, knows_columns: false, user: None, abandoned: Some(&abandoned) };
        assert_eq!(database.execute(&statement, execution).is_err(), ends);
    }
}
