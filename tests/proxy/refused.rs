//! Several voters: what they could not do alike is refused before anything is sent.

use bytes::Bytes;
use quorate_protocol::message::Consistency::{One, Quorum};
use quorate_protocol::message::request::{Batch, BatchStatement, BindValue, OwnedStatement, QueryParameters};
use quorate_protocol::message::{BatchType, ErrorCode, Request};

use crate::client::{Answer, Client, prepare};
use crate::node::Node;
use crate::setup::Setup;

const REFUSED: [&str; 7] = [
    "INSERT INTO ks.kv (k, v) VALUES (1, 'a') IF NOT EXISTS",
    "UPDATE ks.kv SET v = 'a' WHERE k = 1 IF v = 'b'",
    "DELETE FROM ks.kv WHERE k = 1 IF EXISTS",
    "UPDATE ks.lists SET l = l + ['x'] WHERE k = 1",
    "UPDATE ks.lists SET l = ['x'] + l WHERE k = 1",
    "UPDATE ks.lists SET l[0] = 'x' WHERE k = 1",
    "DELETE l[0] FROM ks.lists WHERE k = 1",
];

#[tokio::test]
async fn conditions_and_changes_of_lists_are_invalid() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    for text in REFUSED {
        let answer = client.query(text, Quorum).await;
        assert_eq!(answer.code(), ErrorCode::Invalid, "{text}");
        let answer = client.query(&format!("BEGIN BATCH {text}; APPLY BATCH"), Quorum).await;
        assert_eq!(answer.code(), ErrorCode::Invalid, "{text} in a batch of text");
        let answer = client.ask(batch(text)).await;
        assert_eq!(answer.code(), ErrorCode::Invalid, "{text} in a BATCH");
        // Some are refused when they are prepared, some when they are executed.
        let prepared = client.ask(prepare(text)).await;
        let code = match prepared.response {
            quorate_protocol::message::Response::Prepared(prepared) => {
                client.execute(&prepared, &[], Quorum).await.code()
            }
            _ => prepared.code(),
        };
        assert_eq!(code, ErrorCode::Invalid, "{text} prepared");
    }
    for node in [&a, &b, &c] {
        assert_eq!(node.did("").len(), 0);
    }
}

#[tokio::test]
async fn right_after_a_schema_change_they_are_too() {
    let [a, b] = Node::start_many().await;
    let proxy = Setup::over([&a, &b]).start().await;
    let mut client = Client::connect(&proxy).await;
    for text in REFUSED {
        client.query("CREATE TABLE ks.new (k int PRIMARY KEY)", Quorum).await.done();
        assert_eq!(client.ask(batch(text)).await.code(), ErrorCode::Invalid, "{text}");
        client.query("CREATE TABLE ks.new (k int PRIMARY KEY)", Quorum).await.done();
        assert_eq!(client.query(text, Quorum).await.code(), ErrorCode::Invalid, "{text}");
    }
}

#[tokio::test]
async fn what_all_do_alike_is_not() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    for text in [
        "UPDATE ks.lists SET l = ['x'] WHERE k = 1",
        "UPDATE ks.lists SET s = s + {'x'} WHERE k = 1",
        "UPDATE ks.counters SET c = c + 1 WHERE k = 1",
        "DELETE l FROM ks.lists WHERE k = 1",
    ] {
        client.query(text, Quorum).await.done();
    }
}

#[tokio::test]
async fn the_empty_batch_succeeds() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    client.query("BEGIN BATCH APPLY BATCH", One).await.done();
    let parameters = QueryParameters::new(One);
    client.ask(Request::Batch(Batch { batch_type: BatchType::Logged, statements: vec![], parameters })).await.done();
}

fn batch(text: &str) -> Request {
    let statements = vec![
        BatchStatement {
            statement: OwnedStatement::Text("INSERT INTO ks.kv (k, v) VALUES (?, 'b')".to_owned()),
            values: vec![BindValue::Bytes(Bytes::from_static(&[0, 0, 0, 1]))],
        },
        BatchStatement { statement: OwnedStatement::Text(text.to_owned()), values: vec![] },
    ];
    Request::Batch(Batch { batch_type: BatchType::Logged, statements, parameters: QueryParameters::new(Quorum) })
}
