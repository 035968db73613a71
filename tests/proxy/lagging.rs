//! A backend that lags costs neither the others' speed nor memory without bound.

use quorate_protocol::message::Consistency::{All, Quorum};
use quorate_protocol::message::ErrorCode;

use crate::client::{Answer, Client, execute};
use crate::node::{Node, Reaction};
use crate::setup::Setup;

#[tokio::test]
async fn with_its_bound_reached_writes_at_quorum_go_on_and_what_it_missed_is_counted() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).everywhere("max_in_flight = 50").start().await;
    let mut client = Client::connect(&proxy).await;
    let prepared = client.prepare("INSERT INTO ks.kv (k, v) VALUES (?, ?)").await;
    client.execute(&prepared, &[b"warm", b"up"], All).await.done();
    c.when("INSERT", Reaction::Silence);
    for round in 0..20_u8 {
        for stream in 0..40_i16 {
            client.queue(stream, execute(&prepared, &[&[round], b"v"], Quorum));
        }
        client.flush().await;
        for _ in 0..40 {
            client.receive().await.1.done();
        }
    }
    assert_eq!(a.did("INSERT").len(), 801);
    assert!(c.did("INSERT").len() <= 51, "{}", c.did("INSERT").len());
    let refused = proxy.metric("quorate_backend_errors_total{backend=\"c\",error=\"full\"}").await;
    assert!(refused >= 700.0, "{refused}");
    assert!(proxy.metric("quorate_backend_missed_writes_total{backend=\"c\"}").await >= 700.0);
    let code = client.execute(&prepared, &[b"k", b"v"], All).await.code();
    assert!(matches!(code, ErrorCode::Overloaded | ErrorCode::WriteFailure | ErrorCode::WriteTimeout), "{code:?}");
}

#[tokio::test]
async fn a_backend_that_does_not_read_is_not_queued_for_without_bound() {
    let [a, b, c] = Node::start_many().await;
    let setup = Setup::over([&a, &b, &c]).section("[limits]\nqueue_per_connection = \"1MiB\"");
    let proxy = setup.start().await;
    let mut client = Client::connect(&proxy).await;
    let prepared = client.prepare("INSERT INTO ks.kv (k, v) VALUES (?, ?)").await;
    client.execute(&prepared, &[b"warm", b"up"], All).await.done();
    c.pause();
    let large = vec![b'x'; 100_000];
    for round in 0..300_u16 {
        client.execute(&prepared, &[&round.to_be_bytes(), &large], Quorum).await.done();
    }
    assert!(proxy.metric("process_resident_memory_bytes").await < 300e6);
    c.resume();
    proxy.reaches("c").await;
}
