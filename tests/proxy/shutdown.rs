//! SIGTERM: what is under way is answered, then connections close, then the process ends well.

use quorate_protocol::message::Consistency::Quorum;
use quorate_protocol::message::response::{Event, EventType, StatusChange};

use crate::client::{Answer, Client, query};
use crate::node::{Node, Reaction};
use crate::setup::Setup;

const INSERT: &str = "INSERT INTO ks.kv (k, v) VALUES (1, 'a')";

#[tokio::test]
async fn requests_in_flight_are_answered_before_the_connection_closes() {
    let [a, b, c] = Node::start_many().await;
    let mut proxy = Setup::over([&a, &b, &c]).listen("workers = 2").start().await;
    let mut busy = Client::connect(&proxy).await;
    let mut idle = Client::connect(&proxy).await;
    idle.register(EventType::StatusChange).await;
    for node in [&a, &b, &c] {
        node.when("INSERT", Reaction::Hold);
    }
    for stream in 0..20 {
        busy.queue(stream, query(INSERT, Quorum));
    }
    busy.flush().await;
    for node in [&a, &b, &c] {
        node.does("INSERT", 20).await;
    }
    proxy.terminate();
    assert_eq!(idle.event().await, Event::Status(StatusChange::Down, proxy.address));
    assert!(idle.until_closed().await.is_empty());
    for node in [&a, &b, &c] {
        node.release();
    }
    let answers = busy.until_closed().await;
    assert_eq!(answers.len(), 20);
    for answer in answers {
        answer.done();
    }
    assert_eq!(proxy.ends().await.code(), Some(0));
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_the_proxy() {
    let [a, b, c] = Node::start_many().await;
    let setup = Setup::over([&a, &b, &c]).listen("workers = 1\ndrain_timeout = \"100ms\"");
    let mut proxy = setup.section("[timeouts]\nwrite = \"1h\"").start().await;
    let mut client = Client::connect(&proxy).await;
    for node in [&a, &b, &c] {
        node.when("INSERT", Reaction::Silence);
    }
    client.send(1, query(INSERT, Quorum)).await;
    a.does("INSERT", 1).await;
    proxy.terminate();
    assert_eq!(proxy.ends().await.code(), Some(0));
    assert!(client.until_closed().await.is_empty());
}
