//! Many requests on one connection.

use std::collections::HashSet;

use quorate_protocol::frame::Version;
use quorate_protocol::message::Consistency::Quorum;
use quorate_protocol::message::ErrorCode;

use crate::client::{Answer, Client, execute, query};
use crate::node::{Node, Reaction};
use crate::setup::Setup;

const STREAMS: usize = 32_768;

#[tokio::test]
async fn as_many_requests_as_there_are_streams_are_answered_in_any_order() {
    let [a] = Node::start_many().await;
    let setup = Setup::over([&a]).everywhere("max_in_flight = 40000");
    let proxy = setup.section("[timeouts]\nwrite = \"60s\"\nread = \"60s\"\nrange = \"60s\"").start().await;
    let mut client = Client::speaking(&proxy, Version::V4, None).await;
    let prepared = client.prepare("INSERT INTO ks.kv (k, v) VALUES (?, ?)").await;
    a.when("INSERT", Reaction::Hold);
    let mut sent = 0;
    let mut ask = |client: &mut Client, stream: i16| {
        client.queue(stream, execute(&prepared, &[&stream.to_be_bytes(), b"v"], Quorum));
        sent += 1;
        sent
    };
    for stream in 0..=i16::MAX {
        let mut sent = ask(&mut client, stream);
        if stream % 256 == 255 {
            client.flush().await;
            a.reaches("INSERT", sent).await;
            // A sign of life, and its stream is used again.
            a.release_last();
            let (stream, answer) = client.receive().await;
            answer.done();
            sent = ask(&mut client, stream);
            client.flush().await;
            a.reaches("INSERT", sent).await;
        }
    }
    // The last first.
    a.release();
    let mut answered = HashSet::new();
    for _ in 0..STREAMS {
        let (stream, answer) = client.receive().await;
        answer.done();
        assert!(answered.insert(stream), "{stream} was answered twice");
    }
    client.query("SELECT v FROM ks.kv WHERE k = 1", Quorum).await.done();
}

#[tokio::test]
async fn beyond_the_bound_of_a_connection_requests_are_refused_and_the_others_answered() {
    let [a, b, c] = Node::start_many().await;
    let setup = Setup::over([&a, &b, &c]).section("[limits]\nrequests_per_connection = 10");
    let proxy = setup.start().await;
    let mut client = Client::connect(&proxy).await;
    for node in [&a, &b, &c] {
        node.when("INSERT", Reaction::Hold);
    }
    for stream in 0..12 {
        client.queue(stream, query("INSERT INTO ks.kv (k, v) VALUES (1, 'a')", Quorum));
    }
    client.flush().await;
    for _ in 0..2 {
        assert_eq!(client.receive().await.1.code(), ErrorCode::Overloaded);
    }
    for node in [&a, &b, &c] {
        node.does("INSERT", 10).await;
        node.release();
    }
    for _ in 0..10 {
        client.receive().await.1.done();
    }
}
