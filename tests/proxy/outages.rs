//! Backends that come and go, alone and by twos, while clients are served.

use quorate_protocol::message::Consistency::{All, One, Quorum};
use quorate_protocol::message::ErrorCode;
use quorate_protocol::message::response::ErrorDetails;

use crate::client::{Answer, Client, execute, query};
use crate::node::{Node, Reaction};
use crate::patience::eventually;
use crate::setup::Setup;

const INSERT: &str = "INSERT INTO ks.kv (k, v) VALUES (?, ?)";
const SELECT: &str = "SELECT v FROM ks.kv WHERE k = ?";

#[tokio::test]
async fn two_of_five_are_killed_or_paused_under_load_and_no_client_sees_an_error() {
    let nodes: [Node; 5] = Node::start_many().await;
    let proxy = Setup::over(&nodes).listen("workers = 2").start().await;
    let mut clients = [Client::connect(&proxy).await, Client::connect(&proxy).await];
    let mut prepared = Vec::new();
    for client in &mut clients {
        prepared.push((client.prepare(INSERT).await, client.prepare(SELECT).await));
    }
    clients[0].execute(&prepared[0].0, &[b"known", b"value"], All).await.done();
    let mut random = fastrand::Rng::with_seed(3);
    for round in 0..8_u8 {
        let first = random.usize(..5);
        let away = [first, (first + random.usize(1..5)) % 5];
        let kills = round % 2 == 0;
        for (number, client) in clients.iter_mut().enumerate() {
            let (insert, select) = &prepared[number];
            for stream in (0..100).step_by(2) {
                client.queue(stream, execute(insert, &[&[round, 0], &[round]], Quorum));
                client.queue(stream + 1, execute(select, &[b"known"], Quorum));
            }
            client.flush().await;
        }
        for index in away {
            if kills { nodes[index].die() } else { nodes[index].pause() }
        }
        for client in &mut clients {
            for _ in 0..100 {
                let (stream, answer) = client.receive().await;
                answer.done();
                assert!(stream % 2 == 0 || answer.texts() == ["value"]);
            }
        }
        for index in away {
            if kills {
                proxy.loses(["a", "b", "c", "d", "e"][index]).await;
                nodes[index].come_back();
            } else {
                nodes[index].resume();
            }
        }
        proxy.reaches_all().await;
    }
}

#[tokio::test]
async fn a_proxy_starts_without_its_backends_and_serves_when_they_come() {
    let nodes: [Node; 3] = Node::start_many().await;
    for node in &nodes {
        node.die();
    }
    let proxy = Setup::over(&nodes).start_unready().await;
    let mut client = Client::connect(&proxy).await;
    let text = "INSERT INTO ks.kv (k, v) VALUES (1, 'a')";
    let unavailable = ErrorDetails::Unavailable { consistency: Quorum, required: 2, alive: 0 };
    assert_eq!(client.query(text, Quorum).await.error().details, unavailable);
    assert_eq!(client.query("SELECT v FROM ks.kv", Quorum).await.error().details, unavailable);
    assert_eq!(client.query("USE ks", One).await.code(), ErrorCode::Unavailable);
    assert_eq!(client.ask(crate::client::prepare(INSERT)).await.code(), ErrorCode::Unavailable);
    assert_eq!(client.query("CREATE TABLE ks.t (k int PRIMARY KEY)", One).await.code(), ErrorCode::Unavailable);
    assert_eq!(proxy.metric("quorate_ready").await, 0.0);
    for node in &nodes[..2] {
        node.come_back();
    }
    proxy.reaches("a").await;
    proxy.reaches("b").await;
    client.query(text, Quorum).await.done();
    client.query("USE ks", One).await.done();
    proxy.metric_is("quorate_ready", |ready| ready == 1.0).await;
}

#[tokio::test]
async fn voters_that_are_silent_are_given_up_and_used_again_when_they_speak() {
    let [a, b, c] = Node::start_many().await;
    let setup = Setup::over([&a, &b, &c]).section("[timeouts]\nwrite = \"500ms\"");
    let proxy = setup.start().await;
    let mut client = Client::connect(&proxy).await;
    let text = "INSERT INTO ks.kv (k, v) VALUES (1, 'a')";
    client.query(text, All).await.done();
    b.pause();
    c.pause();
    // Timeouts until they are given up, then it is known beforehand.
    let details = eventually("the end of patience", async || {
        let answer = client.query(text, Quorum).await;
        let details = answer.error().details.clone();
        match details {
            ErrorDetails::WriteTimeout { required: 2, .. } => None,
            other => Some(other),
        }
    })
    .await;
    assert_eq!(details, ErrorDetails::Unavailable { consistency: Quorum, required: 2, alive: 1 });
    client.query(text, One).await.done();
    proxy.loses("b").await;
    proxy.loses("c").await;
    b.resume();
    c.resume();
    proxy.reaches_all().await;
    client.query(text, All).await.done();
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_requests_with_it() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut other = Client::connect(&proxy).await;
    for node in [&a, &b, &c] {
        node.when("gone", Reaction::Hold);
    }
    for _ in 0..10 {
        let mut client = Client::connect(&proxy).await;
        for stream in 0..50 {
            client.queue(stream, query("INSERT INTO ks.gone (k) VALUES (1)", Quorum));
        }
        client.flush().await;
    }
    for node in [&a, &b, &c] {
        node.reaches("gone", 500).await;
    }
    proxy.metric_is("quorate_client_connections", |open| open == 1.0).await;
    for node in [&a, &b, &c] {
        node.release();
    }
    for name in ["a", "b", "c"] {
        let sample = format!("quorate_backend_in_flight{{backend=\"{name}\"}}");
        proxy.metric_is(&sample, |in_flight| in_flight == 0.0).await;
    }
    other.query("INSERT INTO ks.kv (k, v) VALUES (1, 'a')", All).await.done();
}
