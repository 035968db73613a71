//! One voter: what passes is not touched.

use bytes::Bytes;
use quorate_protocol::frame::{Compression, Version};
use quorate_protocol::message::Consistency::{One, Quorum, Serial};
use quorate_protocol::message::request::QueryParameters;
use quorate_protocol::message::response::{CqlError, ErrorDetails};
use quorate_protocol::message::{
    Consistency, CustomPayload, ErrorCode, Request, RequestMessage, Response, ResponseMessage, SerialConsistency,
};
use uuid::Uuid;

use crate::client::{Answer, Client, query};
use crate::node::{Node, Reaction};
use crate::setup::Setup;

#[tokio::test]
async fn requests_arrive_byte_for_byte() {
    let [a] = Node::start_many().await;
    let proxy = Setup::over([&a]).start().await;
    for (version, compression) in
        [(Version::V3, None), (Version::V4, Some(Compression::Snappy)), (Version::V5, Some(Compression::Lz4))]
    {
        let mut client = Client::speaking(&proxy, version, compression).await;
        for request in requests(version) {
            let before = a.did("").len();
            client.ask(request.clone()).await.done();
            let received = a.did("").pop().expect("a request");
            assert_eq!(a.did("").len(), before + 1);
            assert_eq!(received.version(), version);
            let sent = request.encode(version, 1).expect("it can be expressed");
            assert_eq!((received.body(), received.envelope.flags()), (sent.body(), sent.flags()));
        }
    }
}

fn requests(version: Version) -> Vec<RequestMessage> {
    let parameters = QueryParameters {
        page_size: Some(17),
        paging_state: Some(Bytes::from_static(b"somewhere")),
        serial_consistency: Some(SerialConsistency::LocalSerial),
        default_timestamp_micros: Some(99),
        ..QueryParameters::new(Consistency::EachQuorum)
    };
    let with = |text: &str, level| RequestMessage::from(query(text, level));
    let mut requests = vec![
        with("INSERT INTO ks.kv (k, v) VALUES (1, 'a') IF NOT EXISTS", Quorum),
        with("SELECT v FROM ks.kv WHERE k = 1", Serial),
        with("UPDATE ks.counters SET c = c + 1 WHERE k = 1", One),
        with("UPDATE ks.lists SET l = l + ['x'] WHERE k = 1", One),
        with("INSERT INTO ks.kv (k, v) VALUES (now(), uuid())", Quorum),
        with("SELECT   v\n FROM ks.kv -- a comment", Consistency::LocalOne),
        with("TRUNCATE ks.kv", Quorum),
        Request::Query { query: "SELECT v FROM ks.kv".to_owned(), parameters }.into(),
        RequestMessage { tracing: true, ..with("SELECT v FROM ks.kv", One) },
    ];
    if version.features().custom_payload {
        let payload = CustomPayload(vec![("key".to_owned(), Some(Bytes::from_static(b"value")))]);
        requests.push(RequestMessage { custom_payload: Some(payload), ..with("SELECT v FROM ks.kv", One) });
    }
    requests
}

#[tokio::test]
async fn beside_it_an_observer_gets_the_writes_and_nothing_that_needs_an_answer() {
    let [a, observer] = Node::start_many().await;
    let proxy = Setup::over([&a]).backend(&observer, "role = \"observer\"").start().await;
    let mut client = Client::connect(&proxy).await;
    let text = "INSERT INTO ks.kv (k, v) VALUES (1, 'a')";
    client.query(text, Quorum).await.done();
    assert_eq!(observer.does(text, 1).await[0].stamp(), a.did(text)[0].stamp());
    client.query("SELECT v FROM ks.kv WHERE k = 1", Quorum).await.done();
    client.query("SELECT v FROM ks.kv WHERE k = 1", Serial).await.done();
    client.query("INSERT INTO ks.kv (k, v) VALUES (2, 'b') IF NOT EXISTS", Quorum).await.done();
    assert_eq!((a.count("SELECT"), a.count("IF NOT EXISTS")), (2, 1));
    assert_eq!((observer.count("SELECT"), observer.count("IF NOT EXISTS")), (0, 0));
    observer.die();
    proxy.loses("b").await;
    client.query(text, Quorum).await.done();
    proxy.metric_is("quorate_backend_missed_writes_total{backend=\"b\"}", |missed| missed == 1.0).await;
}

#[tokio::test]
async fn answers_come_back_with_trace_warnings_and_payload() {
    let [a] = Node::start_many().await;
    let proxy = Setup::over([&a]).start().await;
    let mut client = Client::connect(&proxy).await;
    let answer = ResponseMessage {
        tracing_id: Some(Uuid::from_u128(7)),
        warnings: vec!["Aggregation query used without partition key".to_owned()],
        custom_payload: Some(CustomPayload(vec![("key".to_owned(), Some(Bytes::from_static(b"value")))])),
        response: Response::Void,
    };
    a.when("SELECT", answer.clone());
    let request = RequestMessage { tracing: true, ..query("SELECT v FROM ks.kv", One).into() };
    assert_eq!(client.ask(request).await, answer);
}

#[tokio::test]
async fn errors_come_back_as_they_are() {
    let [a] = Node::start_many().await;
    let proxy = Setup::over([&a]).start().await;
    let mut client = Client::connect(&proxy).await;
    for details in [
        ErrorDetails::Overloaded,
        ErrorDetails::Unavailable { consistency: Quorum, required: 5, alive: 3 },
        ErrorDetails::CasWriteUnknown { consistency: Serial, received: 1, required: 2 },
        ErrorDetails::AlreadyExists { keyspace: "ks".to_owned(), table: "kv".to_owned() },
        ErrorDetails::Syntax,
    ] {
        let error = Response::Error(CqlError::new(details, "its words"));
        a.when("INSERT", error.clone());
        assert_eq!(client.query("INSERT INTO ks.kv (k) VALUES (1)", Quorum).await.response, error);
    }
}

#[tokio::test]
async fn a_statement_that_it_forgot_is_prepared_again_behind_the_clients_back() {
    let [a] = Node::start_many().await;
    let proxy = Setup::over([&a]).start().await;
    let mut client = Client::connect(&proxy).await;
    client.query("USE ks", One).await.done();
    let insert = client.prepare("INSERT INTO kv (k, v) VALUES (?, ?)").await;
    for _ in 0..2 {
        a.forget_prepared();
        client.execute(&insert, &[b"key", b"value"], Quorum).await.done();
    }
    assert_eq!(a.did("INSERT").len(), 2);
    assert!(a.received().iter().all(|one| one.keyspace.as_deref() == Some("ks") || one.text.starts_with("USE")));
}

#[tokio::test]
async fn what_its_backend_does_not_answer_is_a_timeout_or_unavailable() {
    let [a] = Node::start_many().await;
    let proxy = Setup::over([&a]).start().await;
    let mut client = Client::connect(&proxy).await;
    a.when("INSERT", Reaction::Vanish);
    assert_eq!(client.query("INSERT INTO ks.kv (k) VALUES (1)", Quorum).await.code(), ErrorCode::WriteTimeout);
    a.die();
    proxy.loses("a").await;
    let answer = client.query("INSERT INTO ks.kv (k) VALUES (1)", Quorum).await;
    assert_eq!(answer.code(), ErrorCode::Unavailable);
}
