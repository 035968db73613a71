//! A backend that comes back speaking an older protocol version than clients that are connected.

use quorate_protocol::frame::Version;
use quorate_protocol::message::Consistency::{All, One, Quorum};
use quorate_protocol::message::request::Startup;
use quorate_protocol::message::response::ErrorDetails;
use quorate_protocol::message::{Request, Response};

use crate::client::{Answer, Client, tcp};
use crate::node::Node;
use crate::setup::Setup;

const INSERT: &str = "INSERT INTO ks.kv (k, v) VALUES (1, 'a')";

#[tokio::test]
async fn connected_clients_go_on_without_it_and_new_ones_step_down() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut newer = Client::connect(&proxy).await;
    let insert = newer.prepare("INSERT INTO ks.kv (k, v) VALUES (?, ?)").await;
    newer.query(INSERT, All).await.done();
    c.die();
    proxy.loses("c").await;
    c.speak(Version::V4);
    c.come_back();
    proxy.reaches("c").await;
    proxy.metric_is("quorate_backend_newer_clients{backend=\"c\"}", |clients| clients == 1.0).await;
    for _ in 0..10 {
        newer.query(INSERT, Quorum).await.done();
        newer.execute(&insert, &[b"k", b"v"], Quorum).await.done();
        newer.query("SELECT v FROM ks.kv WHERE k = 1", Quorum).await.rows();
        newer.query("USE ks", One).await.done();
    }
    let unavailable = ErrorDetails::Unavailable { consistency: All, required: 3, alive: 2 };
    assert_eq!(newer.query(INSERT, All).await.error().details, unavailable);
    assert!(proxy.log().contains("it speaks an older protocol version"));
    let status = proxy.status().await;
    assert_eq!(
        (&status["backends"][2]["protocol_version"], &status["backends"][2]["newer_clients"]),
        (&4.into(), &1.into())
    );
    // A new client is told to step down, and reaches all.
    let mut refused = Client::over(Box::new(tcp(&proxy).await), Version::V5);
    let options = vec![(Startup::CQL_VERSION.to_owned(), "3.0.0".to_owned())];
    refused.send(0, Request::Startup(Startup { options })).await;
    assert_eq!(refused.receive_envelope().await.expect("an answer").version(), Version::V4);
    let mut older = Client::speaking(&proxy, Version::V4, None).await;
    older.query(INSERT, All).await.done();
    // Upgraded again, it serves both.
    c.die();
    proxy.loses("c").await;
    c.speak(Version::V5);
    c.come_back();
    proxy.reaches("c").await;
    newer.query(INSERT, All).await.done();
    older.query(INSERT, All).await.done();
    proxy.metric_is("quorate_backend_newer_clients{backend=\"c\"}", |clients| clients == 0.0).await;
}

#[tokio::test]
async fn clients_that_no_quorum_understands_any_more_are_closed_so_that_they_connect_again() {
    let [a] = Node::start_many().await;
    let proxy = Setup::over([&a]).start().await;
    let mut newer = Client::connect(&proxy).await;
    let mut older = Client::speaking(&proxy, Version::V4, None).await;
    newer.query(INSERT, One).await.done();
    a.die();
    proxy.loses("a").await;
    a.speak(Version::V4);
    a.come_back();
    assert!(newer.until_closed().await.is_empty());
    proxy.reaches("a").await;
    older.query(INSERT, One).await.done();
    let supported = older.ask(Request::Options).await;
    let Response::Supported(options) = supported.response else { panic!("{supported:?}") };
    let versions = options.iter().find(|(name, _)| name == "PROTOCOL_VERSIONS").expect("versions");
    assert!(versions.1.iter().all(|version| !version.starts_with('5')), "{versions:?}");
}
