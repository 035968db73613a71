//! Write times that clients give, against `max_clock_skew`; and those of the proxy across its restarts.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use quorate_protocol::message::Consistency::All;
use quorate_protocol::message::request::{
    Batch, BatchStatement, BindValue, BindValues, OwnedStatement, QueryParameters,
};
use quorate_protocol::message::{BatchType, ErrorCode, Request, ResponseMessage};

use crate::client::{Answer, Client, bound, query};
use crate::node::Node;
use crate::setup::Setup;

fn micros_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_micros()).expect("before the year 200000") + seconds * 1_000_000
}

fn stamped(text: &str, micros: i64) -> Request {
    let parameters = QueryParameters { default_timestamp_micros: Some(micros), ..QueryParameters::new(All) };
    Request::Query { query: text.to_owned(), parameters }
}

fn batch(statement: OwnedStatement, values: Vec<BindValue>, default_timestamp_micros: Option<i64>) -> Request {
    let plain = OwnedStatement::Text("INSERT INTO ks.kv (k, v) VALUES (1, 'a')".to_owned());
    let statements =
        vec![BatchStatement { statement: plain, values: Vec::new() }, BatchStatement { statement, values }];
    let parameters = QueryParameters { default_timestamp_micros, ..QueryParameters::new(All) };
    Request::Batch(Batch { batch_type: BatchType::Logged, statements, parameters })
}

/// Every way to give a write time, each with this one.
async fn answers(client: &mut Client, micros: i64) -> Vec<(&'static str, ResponseMessage)> {
    let literal = format!("INSERT INTO ks.kv (k, v) VALUES (1, 'a') USING TTL 5 AND TIMESTAMP {micros}");
    let child = format!("UPDATE ks.kv USING TIMESTAMP {micros} SET v = 'a' WHERE k = 1");
    let delete = format!("DELETE FROM ks.kv USING TIMESTAMP {micros} WHERE k = 1");
    let marker = "UPDATE ks.kv USING TIMESTAMP ? SET v = 'a' WHERE k = 1";
    let bytes = micros.to_be_bytes();
    let value = || BindValue::Bytes(Bytes::copy_from_slice(&bytes));
    let named = QueryParameters {
        values: Some(BindValues::Named(vec![("then".to_owned(), value())])),
        ..QueryParameters::new(All)
    };
    let prepared = client.prepare(marker).await;
    vec![
        ("the frame's", client.ask(stamped("INSERT INTO ks.kv (k, v) VALUES (1, 'a')", micros)).await),
        ("a literal", client.query(&literal, All).await),
        ("a delete's", client.query(&delete, All).await),
        ("a child's in text", client.query(&format!("BEGIN BATCH {child}; APPLY BATCH"), All).await),
        (
            "a bound one",
            client.ask(Request::Query { query: marker.to_owned(), parameters: bound(&[&bytes], All) }).await,
        ),
        ("a named one", client.ask(Request::Query { query: marker.replace('?', ":then"), parameters: named }).await),
        ("a prepared one", client.execute(&prepared, &[&bytes], All).await),
        (
            "a batch's",
            client
                .ask(batch(OwnedStatement::Text(marker.replace("USING TIMESTAMP ?", "")), vec![], Some(micros)))
                .await,
        ),
        ("a child's literal", client.ask(batch(OwnedStatement::Text(child), vec![], None)).await),
        ("a child's bound one", client.ask(batch(OwnedStatement::Text(marker.to_owned()), vec![value()], None)).await),
        ("a prepared child's", client.ask(batch(OwnedStatement::Id(prepared.id), vec![value()], None)).await),
    ]
}

#[tokio::test]
async fn those_too_far_ahead_are_invalid_wherever_they_stand() {
    let nodes: [Node; 3] = Node::start_many().await;
    for voters in [&nodes[..], &nodes[..1]] {
        let proxy = Setup::over(voters).cluster("max_clock_skew = \"1h\"").start().await;
        let mut client = Client::connect(&proxy).await;
        let before = nodes[0].did("").len();
        for (way, answer) in answers(&mut client, micros_from_now(2 * 3600)).await {
            assert_eq!(answer.code(), ErrorCode::Invalid, "{way}");
            assert!(answer.error().message.contains("max_clock_skew"), "{way}: {answer:?}");
        }
        assert_eq!(nodes[0].did("").len(), before, "what is refused is sent to nobody");
        for seconds in [0, 1800, -7200] {
            for (_, answer) in answers(&mut client, micros_from_now(seconds)).await {
                answer.done();
            }
        }
        // A SELECT writes nothing.
        client.ask(stamped("SELECT v FROM ks.kv", micros_from_now(7200))).await.rows();
    }
}

#[tokio::test]
async fn without_the_bound_all_are_taken() {
    let [a, b] = Node::start_many().await;
    let proxy = Setup::over([&a, &b]).start().await;
    let mut client = Client::connect(&proxy).await;
    for (_, answer) in answers(&mut client, i64::MAX).await {
        answer.done();
    }
}

#[tokio::test]
async fn after_a_restart_they_go_on_where_they_were_though_the_wall_clock_is_behind() {
    let [a, b] = Node::start_many().await;
    let data = tempfile::tempdir().expect("a directory");
    let keys = format!("data_directory = {:?}", data.path());
    let setup = || Setup::over([&a, &b]).cluster(&keys);
    let mark = data.path().join("clock_high_water_mark");
    // As left by a process whose wall clock was a day ahead of this one.
    let ahead = micros_from_now(86_400);
    std::fs::write(&mark, ahead.to_string()).expect("a file");
    let mut last = ahead;
    for _ in 0..2 {
        let mut proxy = setup().start().await;
        let mut client = Client::connect(&proxy).await;
        client.ask(query("INSERT INTO ks.kv (k, v) VALUES (1, 'a')", All)).await.done();
        let stamp = a.did("INSERT").last().and_then(|write| write.stamp()).expect("a stamp");
        assert!(stamp > last, "{stamp} after {last}");
        last = stamp;
        proxy.terminate();
        assert_eq!(proxy.ends().await.code(), Some(0));
        // A process that stopped well leaves no gap.
        assert_eq!(std::fs::read_to_string(&mark).expect("a mark").trim(), last.to_string());
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_told_at_the_start() {
    let [a] = Node::start_many().await;
    let (code, log) = Setup::over([&a]).cluster("data_directory = \"/nowhere/at/all\"").refuses_to_start().await;
    assert_ne!(code, Some(0));
    assert!(log.contains("/nowhere/at/all"), "{log}");
}
