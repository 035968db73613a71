//! `now()`, `uuid()` and their kin: evaluated once, so that all backends store the same.

use bytes::Bytes;
use quorate_protocol::frame::Version;
use quorate_protocol::message::Consistency::All;
use quorate_protocol::message::request::{
    Batch, BatchStatement, BindValue, BindValues, OwnedStatement, QueryParameters,
};
use quorate_protocol::message::{BatchType, Request};

use crate::client::{Answer, Client, execute};
use crate::node::{Node, Received};
use crate::setup::Setup;

#[tokio::test]
async fn in_a_text_they_become_literals() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    client.query("INSERT INTO ks.kv (k, v) VALUES (now(), uuid())", All).await.done();
    client.query("INSERT INTO ks.kv (k, v) VALUES (now(), uuid())", All).await.done();
    let texts = same(&[&a, &b, &c]);
    assert_eq!(texts.len(), 2);
    assert_ne!(texts[0].text, texts[1].text);
    assert!(texts.iter().all(|one| !one.text.contains("now") && !one.text.contains("uuid(")));
}

#[tokio::test]
async fn in_a_prepared_statement_they_become_values_that_the_client_does_not_see() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    for version in Version::ALL {
        let mut client = Client::speaking(&proxy, version, None).await;
        let text = "INSERT INTO ks.kv (k, t, v, u) VALUES (?, now(), ?, uuid())";
        let prepared = client.prepare(text).await;
        assert_eq!(prepared.markers.specs.len(), 2);
        client.execute(&prepared, &[b"key", b"value"], All).await.done();
        client.execute(&prepared, &[b"key", b"value"], All).await.done();
        let executed = same(&[&a, &b, &c]);
        let [.., one, other] = executed.as_slice() else { panic!("two executions") };
        for values in [one.values(), other.values()] {
            assert_eq!(values.iter().map(Bytes::len).collect::<Vec<_>>(), [3, 16, 5, 16]);
            assert_eq!((&values[0][..], &values[2][..]), (&b"key"[..], &b"value"[..]));
        }
        assert_ne!(one.values()[1], other.values()[1]);
        assert_ne!(one.values()[3], other.values()[3]);
    }
}

#[tokio::test]
async fn values_that_clients_name_are_joined_by_values_that_the_proxy_names() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::speaking(&proxy, Version::V4, None).await;
    let prepared = client.prepare("INSERT INTO ks.kv (k, t, v) VALUES (:key, now(), :value)").await;
    let names: Vec<&str> = prepared.markers.specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["key", "value"]);
    let named = |name: &str| (name.to_owned(), BindValue::Bytes(Bytes::from(name.to_owned())));
    let mut request = execute(&prepared, &[], All);
    if let Request::Execute { parameters, .. } = &mut request {
        parameters.values = Some(BindValues::Named(vec![named("value"), named("key")]));
    }
    client.ask(request).await.done();
    let executed = same(&[&a, &b, &c]);
    let Some(BindValues::Named(values)) = &executed[0].parameters().values else { panic!("named values") };
    assert_eq!(values.len(), 3);
    assert!(values.iter().all(|(name, _)| executed[0].text.contains(&format!(":{name}"))), "{values:?}");
}

#[tokio::test]
async fn in_a_batch_both() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let prepared = client.prepare("INSERT INTO ks.kv (k, v) VALUES (?, now())").await;
    let value = || BindValue::Bytes(Bytes::from_static(b"key"));
    let statements = vec![
        BatchStatement { statement: OwnedStatement::Id(prepared.id.clone()), values: vec![value()] },
        BatchStatement {
            statement: OwnedStatement::Text("INSERT INTO ks.kv (k, v) VALUES (uuid(), ?)".to_owned()),
            values: vec![value()],
        },
        BatchStatement { statement: OwnedStatement::Id(prepared.id.clone()), values: vec![value()] },
    ];
    let parameters = QueryParameters::new(All);
    client.ask(Request::Batch(Batch { batch_type: BatchType::Logged, statements, parameters })).await.done();
    let received = same(&[&a, &b, &c]);
    assert_eq!(received[0].values().iter().map(Bytes::len).collect::<Vec<_>>(), [3, 16, 3, 3, 16]);
    assert!(!received[0].text.contains("uuid("));
    assert_ne!(received[0].values()[1], received[0].values()[4]);
}

/// What all nodes did, if it is the same: texts, values and stamps.
fn same(nodes: &[&Node]) -> Vec<Received> {
    let shape = |node: &Node| -> Vec<_> {
        done(node).iter().map(|one| (one.text.clone(), one.values(), one.stamp())).collect()
    };
    let first = shape(nodes[0]);
    assert!(!first.is_empty());
    for node in nodes {
        assert_eq!(shape(node), first);
    }
    done(nodes[0])
}

/// What a node did, but for what it was asked by an id that it did not know yet.
fn done(node: &Node) -> Vec<Received> {
    let mut done = node.did("");
    done.retain(|one| one.text.contains("INSERT") && !one.text.starts_with(';'));
    done
}
