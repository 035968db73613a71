//! What a connection remembers: its keyspace, its events, its traces.

use quorate_protocol::frame::{HeaderFlags, Version};
use quorate_protocol::message::Consistency::{All, One, Quorum};
use quorate_protocol::message::response::{
    Event, EventType, SchemaChange, SchemaChangeKind, SchemaTarget, StatusChange, TopologyChange,
};
use quorate_protocol::message::{ErrorCode, Request, RequestMessage, Response};

use crate::client::{Answer, Client, execute, query};
use crate::node::Node;
use crate::patience::eventually;
use crate::setup::Setup;

#[tokio::test]
async fn a_keyspace_that_is_used_holds_for_this_connection_on_every_backend() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    for version in Version::ALL {
        let mut client = Client::speaking(&proxy, version, None).await;
        let mut elsewhere = Client::speaking(&proxy, version, None).await;
        assert_eq!(client.query("USE ks", One).await.response, Response::SetKeyspace("ks".to_owned()));
        elsewhere.query("USE other", One).await.done();
        client.query("INSERT INTO kv (k, v) VALUES (1, 'mine')", All).await.done();
        elsewhere.query("INSERT INTO kv (k, v) VALUES (1, 'theirs')", All).await.done();
        let prepared = client.prepare("INSERT INTO kv (k, v) VALUES (?, ?)").await;
        client.query("USE other", One).await.done();
        // A prepared statement stays in the keyspace that it was prepared in.
        client.execute(&prepared, &[b"1", b"2"], All).await.done();
        for node in [&a, &b, &c] {
            for (text, keyspace) in [("mine", "ks"), ("theirs", "other"), ("(?, ?)", "ks")] {
                let received = node.did(text).pop().expect("a write");
                assert_eq!(received.keyspace.as_deref(), Some(keyspace), "{text} in {version:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_keyspace_that_does_not_exist_is_refused_in_the_backends_words_and_the_old_one_stays() {
    for count in [1, 3] {
        let nodes: [Node; 3] = Node::start_many().await;
        let proxy = Setup::over(&nodes[..count]).start().await;
        let mut client = Client::connect(&proxy).await;
        client.query("USE ks", One).await.done();
        let answer = client.query("USE nowhere", One).await;
        assert_eq!(answer.code(), ErrorCode::Invalid);
        assert_eq!(answer.error().message, "Keyspace 'nowhere' does not exist");
        client.query("INSERT INTO kv (k, v) VALUES (1, 'a')", All).await.done();
        assert_eq!(nodes[0].did("INSERT")[0].keyspace.as_deref(), Some("ks"));
    }
}

#[tokio::test]
async fn a_trace_of_the_proxys_own_tables_is_that_of_a_backend() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let text = "SELECT key FROM system.local";
    let answer = client.ask(RequestMessage { tracing: true, ..query(text, One).into() }).await;
    assert!(answer.tracing_id.is_some());
    assert_eq!(answer.texts(), ["local"]);
    assert!(client.query(text, One).await.tracing_id.is_none());

    let prepared = client.prepare("SELECT key FROM system.local WHERE key = ?").await;
    let executed = execute(&prepared, &[b"local"], One);
    let answer = client.ask(RequestMessage { tracing: true, ..executed.clone().into() }).await;
    assert!(answer.tracing_id.is_some());
    assert_eq!(answer.texts(), ["local"]);
    assert!(client.ask(executed).await.tracing_id.is_none());
}

#[tokio::test]
async fn drivers_see_the_proxys_zone_and_without_zones_the_first_backends_datacenter() {
    let [a, b] = Node::start_many().await;
    let seen = async |setup: Setup, datacenter: &str| {
        let proxy = setup.start().await;
        let mut client = Client::connect(&proxy).await;
        eventually(datacenter, async || {
            let answer = client.query("SELECT data_center FROM system.local", One).await;
            (answer.texts() == [datacenter]).then_some(())
        })
        .await;
    };
    seen(Setup::over([&a, &b]), "dc1").await;
    let zoned = Setup::over([]).backend(&a, "zone = \"eu\"").backend(&b, "zone = \"us\"");
    seen(zoned.cluster("local_zone = \"us\""), "us").await;
}

#[tokio::test]
async fn one_backend_traces_and_its_trace_is_the_clients() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    let mut client = Client::connect(&proxy).await;
    for text in ["INSERT INTO ks.kv (k, v) VALUES (1, 'a')", "SELECT v FROM ks.kv"] {
        let request = RequestMessage { tracing: true, ..query(text, All).into() };
        let answer = client.ask(request).await;
        answer.done();
        assert!(answer.tracing_id.is_some(), "{text}");
        let traced = nodes.iter().filter(|node| node.did(text)[0].envelope.flags().contains(HeaderFlags::TRACING));
        assert_eq!(traced.count(), 1, "{text}");
    }
    assert!(client.query("SELECT v FROM ks.kv", Quorum).await.tracing_id.is_none());
}

#[tokio::test]
async fn who_registered_hears_of_a_schema_change_once() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let mut deaf = Client::connect(&proxy).await;
    client.register(EventType::SchemaChange).await;
    // A node registers the proxy's watcher some time after it can be asked.
    let mut changes = Vec::new();
    for name in ["first", "second"] {
        let change = SchemaChange {
            kind: SchemaChangeKind::Created,
            keyspace: "ks".to_owned(),
            target: SchemaTarget::Table(name.to_owned()),
        };
        for node in [&a, &b, &c] {
            node.is_watched().await;
            node.tell(&Event::Schema(change.clone()));
        }
        changes.push(Event::Schema(change));
    }
    assert_eq!(client.event().await, changes[0]);
    assert_eq!(client.event().await, changes[1]);
    deaf.query("SELECT v FROM ks.kv", One).await.done();
    assert!(!deaf.has_event());
}

#[tokio::test]
async fn who_registered_hears_of_proxies_and_never_of_a_backends_nodes() {
    let [a, peer] = Node::start_many().await;
    let keys = format!("workers = 1\npeers = [\"{}\"]", peer.address);
    let proxy = Setup::over([&a]).listen(&keys).start().await;
    let mut client = Client::connect(&proxy).await;
    client.register(EventType::StatusChange).await;
    client.register(EventType::TopologyChange).await;
    a.is_watched().await;
    a.tell(&Event::Status(StatusChange::Down, a.address));
    a.tell(&Event::Topology(TopologyChange::NewNode, a.address));
    // The proxy must have seen it up before it can be seen to go.
    peer.is_visited().await;
    peer.die();
    assert_eq!(client.event().await, Event::Status(StatusChange::Down, peer.address));
    peer.come_back();
    assert_eq!(client.event().await, Event::Status(StatusChange::Up, peer.address));
}

#[tokio::test]
async fn each_version_may_name_a_keyspace_in_its_own_way() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let mut request = query("INSERT INTO kv (k, v) VALUES (1, 'a')", All);
    if let Request::Query { parameters, .. } = &mut request {
        parameters.keyspace = Some("ks".to_owned());
    }
    client.ask(request).await.done();
    for node in [&a, &b, &c] {
        assert_eq!(node.did("INSERT")[0].parameters().keyspace.as_deref(), Some("ks"));
    }
}
