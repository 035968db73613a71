//! A backend that lost part of its schema: clients are served without it, and operators learn of it.

use bytes::Bytes;
use quorate_protocol::frame::Version;
use quorate_protocol::message::Consistency::{All, One, Quorum};
use quorate_protocol::message::request::{Batch, BatchStatement, BindValue, OwnedStatement, QueryParameters};
use quorate_protocol::message::response::{CqlError, ErrorDetails, Failures};
use quorate_protocol::message::{BatchType, ErrorCode, Request, Response, ResponseMessage, WriteType};

use crate::client::{Answer, Client, query};
use crate::node::{Node, Reaction};
use crate::setup::{Proxy, Setup};

const INSERT: &str = "INSERT INTO ks.kv (k, v) VALUES (1, 'secret')";
const DRIFT: &str = "quorate_backend_schema_drift_total{backend=\"b\"}";

fn rejection(details: ErrorDetails) -> Response {
    Response::Error(CqlError::new(details, "unconfigured table kv"))
}

#[tokio::test]
async fn a_write_that_one_backend_calls_wrong_fails_at_all_and_succeeds_at_quorum() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let unauthorized = ErrorDetails::Unauthorized;
    for details in [ErrorDetails::Invalid, unauthorized, ErrorDetails::Config] {
        b.behave();
        b.when("kv", rejection(details));
        for version in Version::ALL.into_iter().filter(|version| !version.features().beta) {
            let mut client = Client::speaking(&proxy, version, None).await;
            fails_on_b(version, &client.query(INSERT, All).await, &b, WriteType::Simple);
            client.query(INSERT, Quorum).await.done();
            client.query(INSERT, One).await.done();
        }
    }
    proxy.metric_is(DRIFT, |count| count == 27.0).await;
    assert_eq!(proxy.metric("quorate_backend_schema_drift_total{backend=\"a\"}").await, 0.0);
    shows_alarm(&proxy, "b", "Insert of ks.kv").await;
}

fn fails_on_b(version: Version, answer: &ResponseMessage, b: &Node, expected: WriteType) {
    match (version, &answer.error().details) {
        // Version 3 has no failures.
        (Version::V3, ErrorDetails::WriteTimeout { consistency: All, received: 2, required: 3, write_type, .. }) => {
            assert_eq!(*write_type, expected);
        }
        (
            Version::V4 | Version::V5,
            ErrorDetails::WriteFailure { consistency: All, received: 2, required: 3, failures, write_type },
        ) => {
            assert_eq!(*write_type, expected);
            match failures {
                Failures::Count(count) => assert_eq!((version, *count), (Version::V4, 1)),
                Failures::Reasons(reasons) => {
                    assert_eq!((version, reasons.as_slice()), (Version::V5, [(b.address.ip(), 0)].as_slice()));
                }
            }
        }
        other => panic!("{other:?}"),
    }
}

async fn shows_alarm(proxy: &Proxy, name: &str, statement: &str) {
    let status = proxy.status().await;
    let backends = status["backends"].as_array().expect("backends");
    for backend in backends {
        let drift = &backend["schema_drift"];
        if backend["name"] == name {
            assert_eq!(drift["statement"], statement);
            assert!(drift["count"].as_u64().expect("a number") > 0);
            assert!(drift["error"].as_str().is_some_and(|error| !error.is_empty()));
        } else {
            assert!(drift.is_null(), "{backend}");
        }
    }
    let log = proxy.log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("schema drift")).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("ks.kv")), "{lines:?}");
    assert!(!log.contains("secret"), "a log holds no values");
}

#[tokio::test]
async fn a_keyspace_that_one_backend_lost_is_no_timeout_for_sessions_that_use_it() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    client.query("USE ks", One).await.done();
    b.when("USE", rejection(ErrorDetails::Invalid));
    let text = "INSERT INTO kv (k, v) VALUES (1, 'secret')";
    fails_on_b(Version::V5, &client.query(text, All).await, &b, WriteType::Simple);
    client.query(text, Quorum).await.done();
    proxy.metric_is(DRIFT, |count| count >= 2.0).await;
    shows_alarm(&proxy, "b", "Insert of ks.kv").await;
}

#[tokio::test]
async fn a_prepared_statement_whose_table_one_backend_lost_fails_at_all() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let insert = client.prepare("INSERT INTO ks.kv (k, v) VALUES (?, ?)").await;
    client.execute(&insert, &[b"1", b"one"], All).await.done();
    b.forget_prepared();
    b.when_prepared("kv", rejection(ErrorDetails::Invalid));
    fails_on_b(Version::V5, &client.execute(&insert, &[b"2", b"secret"], All).await, &b, WriteType::Simple);
    client.execute(&insert, &[b"3", b"three"], Quorum).await.done();
    let child = BatchStatement {
        statement: OwnedStatement::Id(insert.id.clone()),
        values: vec![BindValue::Bytes(Bytes::from_static(b"4")), BindValue::Bytes(Bytes::from_static(b"four"))],
    };
    let parameters = QueryParameters::new(All);
    let batch = Batch { batch_type: BatchType::Logged, statements: vec![child], parameters };
    fails_on_b(Version::V5, &client.ask(Request::Batch(batch)).await, &b, WriteType::Batch);
    shows_alarm(&proxy, "b", "BATCH of Insert of ks.kv").await;
}

#[tokio::test]
async fn with_the_others_silent_it_is_a_failure_when_the_time_is_up() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).section("[timeouts]\nwrite = \"300ms\"").start().await;
    let mut client = Client::connect(&proxy).await;
    b.when("INSERT", rejection(ErrorDetails::Invalid));
    c.when("INSERT", Reaction::Silence);
    let answer = client.query(INSERT, All).await;
    let ErrorDetails::WriteFailure { received: 1, required: 3, failures, .. } = &answer.error().details else {
        panic!("{answer:?}")
    };
    assert_eq!(*failures, Failures::Reasons(vec![(b.address.ip(), 0)]));
}

#[tokio::test]
async fn a_read_that_one_backend_calls_wrong_is_answered_by_the_others() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    for node in [&a, &c] {
        node.show(&["row"]);
    }
    let mut client = Client::connect(&proxy).await;
    b.when("SELECT", rejection(ErrorDetails::Invalid));
    for _ in 0..30 {
        assert_eq!(client.query("SELECT v FROM ks.kv WHERE k = 1", Quorum).await.texts(), ["row"]);
    }
    let answer = client.query("SELECT v FROM ks.kv WHERE k = 1", All).await;
    assert_eq!(answer.code(), ErrorCode::ReadFailure);
    proxy.metric_is(DRIFT, |count| count >= 1.0).await;
    shows_alarm(&proxy, "b", "Select of ks.kv").await;
}

#[tokio::test]
async fn a_read_at_all_that_one_backend_rejects_first_is_a_failure_and_no_verdict() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    b.when("SELECT", rejection(ErrorDetails::Invalid));
    for node in [&a, &c] {
        node.when("SELECT", Reaction::Hold);
    }
    client.send(1, query("SELECT v FROM ks.kv WHERE k = 1", All)).await;
    proxy.metric_is("quorate_backend_replies_total{backend=\"b\"}", |replies| replies >= 1.0).await;
    for node in [&a, &c] {
        node.does("SELECT", 1).await;
        node.release();
    }
    let (_, answer) = client.receive().await;
    let ErrorDetails::ReadFailure { received: 2, required: 3, data_present: true, .. } = answer.error().details else {
        panic!("{answer:?}")
    };
}

#[tokio::test]
async fn an_observer_that_lost_its_schema_raises_the_alarm_and_nothing_else() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a]).backend(&b, "role = \"observer\"").backend(&c, "").start().await;
    let mut client = Client::connect(&proxy).await;
    b.when("INSERT", rejection(ErrorDetails::Invalid));
    client.query(INSERT, All).await.done();
    proxy.metric_is(DRIFT, |count| count == 1.0).await;
}

#[tokio::test]
async fn what_all_call_wrong_is_no_drift() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    for node in [&a, &b, &c] {
        node.when("nowhere", rejection(ErrorDetails::Invalid));
        node.when_prepared("nowhere", rejection(ErrorDetails::Invalid));
    }
    for _ in 0..10 {
        assert_eq!(client.query("INSERT INTO ks.nowhere (k) VALUES (1)", All).await.code(), ErrorCode::Invalid);
        assert_eq!(client.query("SELECT v FROM ks.nowhere", Quorum).await.code(), ErrorCode::Invalid);
        let prepared = client.ask(crate::client::prepare("SELECT v FROM ks.nowhere")).await;
        assert_eq!(prepared.code(), ErrorCode::Invalid);
    }
    for name in ["a", "b", "c"] {
        assert_eq!(proxy.metric(&format!("quorate_backend_schema_drift_total{{backend=\"{name}\"}}")).await, 0.0);
    }
}
