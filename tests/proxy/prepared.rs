//! Prepared statements: one id for the client, one of its own for each backend, and none that a client must prepare twice.

use bytes::Bytes;
use quorate_protocol::frame::{Opcode, Version};
use quorate_protocol::message::Consistency::{All, One, Quorum};
use quorate_protocol::message::request::{Batch, BatchStatement, BindValue, OwnedStatement, QueryParameters};
use quorate_protocol::message::response::{CqlError, ErrorDetails, Prepared};
use quorate_protocol::message::{BatchType, Request, Response};

use crate::client::{Answer, Client, execute, prepare};
use crate::node::Node;
use crate::patience::eventually;
use crate::setup::Setup;

const INSERT: &str = "INSERT INTO ks.kv (k, v) VALUES (?, ?)";
const SELECT: &str = "SELECT v FROM ks.kv WHERE k = ?";

#[tokio::test]
async fn each_backend_is_asked_by_the_id_that_it_gave() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    for version in Version::ALL {
        let mut client = Client::speaking(&proxy, version, None).await;
        let insert = client.prepare(INSERT).await;
        let select = client.prepare(SELECT).await;
        client.execute(&insert, &[b"1", b"one"], All).await.done();
        assert_eq!(client.execute(&select, &[b"1"], All).await.texts(), ["one"]);
    }
    let [of_a, of_b, of_c] = [&a, &b, &c].map(|node| node.did(INSERT)[0].ids());
    assert_ne!(of_a, of_b);
    assert_ne!(of_b, of_c);
}

#[tokio::test]
async fn a_statement_that_backends_forgot_is_prepared_again_behind_the_clients_back() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let insert = client.prepare(INSERT).await;
    let select = client.prepare(SELECT).await;
    for node in [&a, &b, &c] {
        // The client was answered by the first.
        eventually("two PREPAREs", async || (node.received().len() == 2).then_some(())).await;
        node.forget_prepared();
    }
    client.execute(&insert, &[b"1", b"one"], All).await.done();
    assert_eq!(client.execute(&select, &[b"1"], All).await.texts(), ["one"]);
    for node in [&a, &b, &c] {
        node.forget_prepared();
    }
    client.ask(batch(&insert)).await.done();
    for node in [&a, &b, &c] {
        let received = node.received();
        let prepares = |text: &str| received.iter().filter(|one| is_prepare(one.opcode(), &one.text, text)).count();
        // One more where the client was faster than the backend with its first answer.
        let counts = (prepares(INSERT), prepares(SELECT));
        assert!((3..=4).contains(&counts.0) && (2..=3).contains(&counts.1), "{counts:?}");
    }
}

#[tokio::test]
async fn a_storm_of_forgotten_statements_reaches_no_client() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let insert = client.prepare(INSERT).await;
    for round in 0..5 {
        for node in [&a, &b, &c] {
            node.forget_prepared();
        }
        for stream in 0..200_i16 {
            client.queue(stream, execute(&insert, &[&stream.to_be_bytes(), &[round]], All));
        }
        client.flush().await;
        for _ in 0..200 {
            client.receive().await.1.done();
        }
    }
}

#[tokio::test]
async fn a_backend_that_forgets_at_once_is_given_a_statement_once() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let insert = client.prepare(INSERT).await;
    for node in [&a, &b, &c] {
        node.forget_prepared();
        let details = ErrorDetails::Unprepared { id: Bytes::from_static(b"its own") };
        node.when("", Response::Error(CqlError::new(details, "forgotten")));
    }
    let answer = client.execute(&insert, &[b"1", b"one"], Quorum).await;
    // Whatever it is told, the id is not a backend's own.
    if let ErrorDetails::Unprepared { id } = &answer.error().details {
        assert_eq!(*id, insert.id);
    }
    for node in [&a, &b, &c] {
        node.does("", 2).await;
        assert_eq!(node.did("").len(), 2);
    }
}

#[tokio::test]
async fn an_id_that_the_proxy_does_not_know_is_unprepared_to_the_client() {
    for count in [1, 3] {
        let nodes: [Node; 3] = Node::start_many().await;
        let proxy = Setup::over(&nodes[..count]).start().await;
        let mut client = Client::connect(&proxy).await;
        let unknown = Prepared { id: Bytes::from_static(&[9; 16]), ..client.prepare(INSERT).await };
        let unprepared = ErrorDetails::Unprepared { id: unknown.id.clone() };
        let answer = client.execute(&unknown, &[b"1", b"one"], One).await;
        assert_eq!(answer.error().details, unprepared);
        assert_eq!(client.ask(batch(&unknown)).await.error().details, unprepared);
    }
}

#[tokio::test]
async fn a_statement_outlives_the_connection_and_the_backend_that_knew_it() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    a.die();
    proxy.loses("a").await;
    let mut first = Client::connect(&proxy).await;
    let insert = first.prepare(INSERT).await;
    a.come_back();
    proxy.reaches("a").await;
    b.die();
    proxy.loses("b").await;
    let mut second = Client::connect(&proxy).await;
    second.execute(&insert, &[b"1", b"one"], Quorum).await.done();
    a.does(INSERT, 1).await;
}

#[tokio::test]
async fn what_a_backend_refuses_to_prepare_is_refused_in_its_words() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let refusal = Response::Error(CqlError::new(ErrorDetails::Invalid, "Undefined column name nowhere"));
    for node in [&a, &b, &c] {
        node.when_prepared("nowhere", refusal.clone());
    }
    let mut client = Client::connect(&proxy).await;
    assert_eq!(client.ask(prepare("SELECT nowhere FROM ks.kv")).await.response, refusal);
}

fn is_prepare(opcode: Opcode, text: &str, wanted: &str) -> bool {
    opcode == Opcode::Prepare && text == wanted
}

fn batch(prepared: &Prepared) -> Request {
    let value = |bytes: &'static [u8]| BindValue::Bytes(Bytes::from_static(bytes));
    let child =
        BatchStatement { statement: OwnedStatement::Id(prepared.id.clone()), values: vec![value(b"2"), value(b"two")] };
    Request::Batch(Batch {
        batch_type: BatchType::Unlogged,
        statements: vec![child.clone(), child],
        parameters: QueryParameters::new(All),
    })
}
