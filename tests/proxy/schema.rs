//! Schema changes and TRUNCATE: on every backend, or on none.

use quorate_protocol::message::Consistency::{One, Quorum};
use quorate_protocol::message::response::{CqlError, ErrorDetails};
use quorate_protocol::message::{ErrorCode, Response};

use crate::client::{Answer, Client};
use crate::node::{Node, Reaction};
use crate::setup::Setup;

#[tokio::test]
async fn a_schema_change_reaches_every_backend_with_the_replication_that_is_its_own() {
    let [a, b, c] = Node::start_many().await;
    let own = "replication = \"{'class': 'NetworkTopologyStrategy', 'dc1': 3}\"";
    let proxy = Setup::over([&a]).backend(&b, own).backend(&c, "role = \"observer\"").start().await;
    let mut client = Client::connect(&proxy).await;
    let text = "CREATE KEYSPACE n WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1} AND \
                durable_writes = true";
    let answer = client.query(text, One).await;
    assert!(matches!(answer.response, Response::SchemaChange(_)), "{answer:?}");
    assert_eq!(a.did("KEYSPACE")[0].text, text);
    assert_eq!(c.did("KEYSPACE")[0].text, text);
    let rewritten = &b.did("KEYSPACE")[0].text;
    assert!(rewritten.contains("NetworkTopologyStrategy") && !rewritten.contains("SimpleStrategy"), "{rewritten}");
    assert!(rewritten.contains("durable_writes"), "{rewritten}");
    client.query("CREATE TABLE ks.new (k int PRIMARY KEY)", One).await.done();
    for node in [&a, &b, &c] {
        assert_eq!(node.did("CREATE TABLE").len(), 1);
    }
}

#[tokio::test]
async fn while_a_backend_is_down_the_schema_and_truncation_are_unavailable() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    c.die();
    proxy.loses("c").await;
    for text in ["CREATE TABLE ks.new (k int PRIMARY KEY)", "TRUNCATE ks.kv", "DROP TABLE ks.kv"] {
        let answer = client.query(text, Quorum).await;
        let expected = ErrorDetails::Unavailable { consistency: Quorum, required: 3, alive: 2 };
        assert_eq!(answer.error().details, expected, "{text}");
        assert!(a.did(text).is_empty() && b.did(text).is_empty());
    }
    c.come_back();
    proxy.reaches("c").await;
    client.query("TRUNCATE ks.kv", Quorum).await.done();
    for node in [&a, &b, &c] {
        assert_eq!(node.did("TRUNCATE").len(), 1);
    }
}

#[tokio::test]
async fn what_all_refuse_is_relayed_and_what_some_refuse_is_an_error_that_names_them() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let details = ErrorDetails::AlreadyExists { keyspace: "ks".to_owned(), table: "kv".to_owned() };
    let exists = Response::Error(CqlError::new(details, "Table 'ks.kv' already exists"));
    b.when("CREATE", exists.clone());
    let answer = client.query("CREATE TABLE ks.kv (k int PRIMARY KEY)", One).await;
    assert_eq!(answer.code(), ErrorCode::Server);
    assert!(answer.error().message.contains("b: Table 'ks.kv' already exists"), "{}", answer.error().message);
    a.when("CREATE", exists.clone());
    c.when("CREATE", exists.clone());
    assert_eq!(client.query("CREATE TABLE ks.kv (k int PRIMARY KEY)", One).await.response, exists);
}

#[tokio::test]
async fn a_truncation_that_a_backend_may_have_missed_is_an_error() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    c.when("TRUNCATE", Reaction::Vanish);
    assert_eq!(client.query("TRUNCATE ks.kv", Quorum).await.code(), ErrorCode::Truncate);
}

#[tokio::test]
async fn schema_changes_of_several_clients_come_one_after_the_other_and_in_one_order() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes).listen("workers = 2").start().await;
    let mut clients = Vec::new();
    for number in 0..6 {
        let mut client = Client::connect(&proxy).await;
        client.send(1, crate::client::query(&format!("CREATE TABLE ks.t{number} (k int PRIMARY KEY)"), One)).await;
        clients.push(client);
    }
    for client in &mut clients {
        client.receive().await.1.done();
    }
    let order = |node: &Node| node.did("CREATE").into_iter().map(|one| one.text).collect::<Vec<_>>();
    assert_eq!(order(&nodes[0]).len(), 6);
    assert_eq!(order(&nodes[0]), order(&nodes[1]));
    assert_eq!(order(&nodes[0]), order(&nodes[2]));
}
