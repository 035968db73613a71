//! What travels beside requests and answers over several voters: traces, warnings, custom payloads.

use bytes::Bytes;
use quorate_protocol::frame::Version;
use quorate_protocol::message::Consistency::{All, One, Quorum};
use quorate_protocol::message::{Consistency, CustomPayload, ErrorCode, RequestMessage, Response, ResponseMessage};
use uuid::Uuid;

use crate::client::{Answer, Client, query};
use crate::node::{Node, Reaction};
use crate::setup::Setup;

const INSERT: &str = "INSERT INTO ks.kv (k, v) VALUES (1, 'a')";
const SELECT: &str = "SELECT v FROM ks.kv WHERE k = 1";

fn payload(value: &'static [u8]) -> CustomPayload {
    CustomPayload(vec![("key".to_owned(), Some(Bytes::from_static(value)))])
}

fn with_extras(response: Response) -> ResponseMessage {
    ResponseMessage {
        tracing_id: Some(Uuid::from_u128(7)),
        warnings: vec!["read 10 live rows and 1000 tombstone cells".to_owned()],
        custom_payload: Some(payload(b"answer")),
        response,
    }
}

#[tokio::test]
async fn those_of_a_write_come_back_from_a_quorum() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    for version in [Version::V4, Version::V5] {
        let mut client = Client::speaking(&proxy, version, None).await;
        for node in &nodes {
            node.when("INSERT", with_extras(Response::Void));
        }
        let request =
            RequestMessage { tracing: true, custom_payload: Some(payload(b"request")), ..query(INSERT, Quorum).into() };
        assert_eq!(client.ask(request).await, with_extras(Response::Void));
        for node in &nodes {
            let received = node.does("INSERT", 1).await.pop().expect("a write");
            assert_eq!(received.message.custom_payload, Some(payload(b"request")));
        }
    }
}

#[tokio::test]
async fn those_of_a_read_come_back_whether_the_voters_agree_or_vote() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    let mut client = Client::connect(&proxy).await;
    for node in &nodes {
        node.show(&["same"]);
    }
    let rows = client.query(SELECT, All).await.response;
    let Response::Rows(other) = rows.clone() else { panic!("{rows:?}") };
    let other = Response::Rows(quorate_protocol::message::response::Rows { rows: Vec::new(), ..other });
    for third in [rows.clone(), other] {
        for node in &nodes[..2] {
            node.when("SELECT", with_extras(rows.clone()));
        }
        nodes[2].when("SELECT", with_extras(third));
        for level in [One, Quorum, All] {
            let answer = client.ask(RequestMessage { tracing: true, ..query(SELECT, level).into() }).await;
            assert_eq!((answer.tracing_id, answer.warnings.len()), (Some(Uuid::from_u128(7)), 1));
            assert_eq!(answer.custom_payload, Some(payload(b"answer")));
            if level == All {
                assert_eq!(answer.texts(), ["same"]);
            }
        }
    }
}

#[tokio::test]
async fn a_majority_of_a_vote_is_the_answer_though_the_last_voter_is_silent() {
    let nodes: [Node; 5] = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    let mut client = Client::connect(&proxy).await;
    for node in &nodes {
        node.show(&["right"]);
    }
    nodes[0].show(&["wrong"]);
    nodes[4].when("SELECT", Reaction::Silence);
    // The read timeout is a minute: whoever waited for the silent one would not be answered in time.
    for _ in 0..30 {
        assert_eq!(client.query(SELECT, Quorum).await.texts(), ["right"]);
    }
    assert!(proxy.metric("quorate_votes_decided_total").await >= 1.0);
}

#[tokio::test]
async fn a_trace_is_read_though_another_voter_is_silent() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    let mut client = Client::connect(&proxy).await;
    nodes[1].show(&["the trace"]);
    nodes[2].when("system_traces", Reaction::Silence);
    let answer = client.query("SELECT v FROM system_traces.sessions WHERE k = 1", One).await;
    assert_eq!(answer.texts(), ["the trace"]);
}

#[tokio::test]
async fn serial_levels_are_for_conditions_and_any_for_writes() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    let mut client = Client::connect(&proxy).await;
    for level in [Consistency::Serial, Consistency::LocalSerial] {
        let answer = client.query(INSERT, level).await;
        assert_eq!(answer.code(), ErrorCode::Invalid);
        assert_eq!(answer.error().message, "You must use conditional updates for serializable writes");
        assert_eq!(client.query(SELECT, level).await.code(), ErrorCode::Invalid);
    }
    let answer = client.query(SELECT, Consistency::Any).await;
    assert_eq!(answer.error().message, "ANY ConsistencyLevel is only supported for writes");
    client.query(INSERT, Consistency::Any).await.done();
}

#[tokio::test]
async fn a_quoted_keyspace_is_used_as_it_is_written() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    let mut client = Client::connect(&proxy).await;
    client.query("USE \"ks\";", One).await.done();
    client.query("INSERT INTO kv (k, v) VALUES (1, 'a')", All).await.done();
    assert_eq!(nodes[2].did("INSERT")[0].keyspace.as_deref(), Some("ks"));
    for (text, name) in [("USE \"KS\"", "KS"), ("USE \"k\"\"s\"", "k\"\"s")] {
        let answer = client.query(text, One).await;
        assert_eq!(answer.error().message, format!("Keyspace '{name}' does not exist"), "{text}");
    }
}
