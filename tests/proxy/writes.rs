//! Writes: who gets them, and when the client is answered.

use quorate_protocol::frame::{Compression, Version};
use quorate_protocol::message::Consistency::{self, All, EachQuorum, LocalOne, LocalQuorum, One, Quorum, Two};
use quorate_protocol::message::response::{CqlError, ErrorDetails, Failures};
use quorate_protocol::message::{ErrorCode, Response, WriteType};

use crate::client::{Answer, Client, query};
use crate::node::{Node, Reaction};
use crate::setup::Setup;

const INSERT: &str = "INSERT INTO ks.kv (k, v) VALUES (1, 'a')";

#[tokio::test]
async fn a_write_reaches_voters_and_observers_with_one_stamp_and_each_backends_own_level() {
    let [a, b, c] = Node::start_many().await;
    let setup = Setup::over([&a]).backend(&b, "write_consistency = \"ALL\"").backend(&c, "role = \"observer\"");
    let proxy = setup.start().await;
    for (version, compression) in versions() {
        let mut client = Client::speaking(&proxy, version, compression).await;
        let text = format!("INSERT INTO ks.kv (k, v) VALUES (1, '{version:?} {compression:?}')");
        client.query(&text, Quorum).await.done();
        let [of_a, of_b, of_c] = [&a, &b, &c].map(|node| node.does(&text, 1));
        let (of_a, of_b, of_c) = tokio::join!(of_a, of_b, of_c);
        let stamp = of_a[0].stamp();
        assert!(stamp.is_some());
        assert_eq!([of_b[0].stamp(), of_c[0].stamp()], [stamp, stamp]);
        assert_eq!([&of_a, &of_b, &of_c].map(|of| of[0].level()), [LocalQuorum, All, LocalQuorum]);
        assert_eq!([&of_a, &of_b, &of_c].map(|of| of[0].version()), [version; 3]);
    }
}

fn versions() -> [(Version, Option<Compression>); 8] {
    [
        (Version::V3, None),
        (Version::V3, Some(Compression::Snappy)),
        (Version::V3, Some(Compression::Lz4)),
        (Version::V4, None),
        (Version::V4, Some(Compression::Snappy)),
        (Version::V4, Some(Compression::Lz4)),
        (Version::V5, None),
        (Version::V5, Some(Compression::Lz4)),
    ]
}

#[tokio::test]
async fn a_write_is_answered_at_required_though_the_others_are_silent() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    c.when("INSERT", Reaction::Silence);
    client.query(INSERT, Quorum).await.done();
    b.when("INSERT", Reaction::Silence);
    client.query(INSERT, One).await.done();
    c.does("INSERT", 2).await;
}

#[tokio::test]
async fn at_all_the_last_voter_is_awaited() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    c.when(INSERT, Reaction::Hold);
    client.send(1, query(INSERT, All)).await;
    client.send(2, query("INSERT INTO ks.kv (k, v) VALUES (2, 'b')", All)).await;
    c.does(INSERT, 1).await;
    // The second overtakes the first, which waits for c.
    let (stream, answer) = client.receive().await;
    answer.done();
    assert_eq!(stream, 2);
    c.release();
    let (stream, answer) = client.receive().await;
    answer.done();
    assert_eq!(stream, 1);
}

#[tokio::test]
async fn each_level_has_its_number_and_observers_never_count() {
    let [a, b, c, d] = Node::start_many().await;
    let zones = Setup::over([]).backend(&a, "zone = \"eu\"").backend(&b, "zone = \"eu\"").backend(&c, "zone = \"us\"");
    let observer = "zone = \"eu\"\nrole = \"observer\"";
    let proxy = zones.backend(&d, observer).cluster("local_zone = \"eu\"").start().await;
    let mut client = Client::connect(&proxy).await;
    for level in [One, Two, Quorum, All, LocalOne, LocalQuorum, EachQuorum] {
        client.query(INSERT, level).await.done();
    }
    a.does("INSERT", 7).await;
    b.die();
    c.die();
    proxy.loses("b").await;
    proxy.loses("c").await;
    for (level, required) in [(Two, 2), (Quorum, 2), (All, 3), (LocalQuorum, 2)] {
        let answer = client.query(INSERT, level).await;
        let expected = ErrorDetails::Unavailable { consistency: level, required, alive: 1 };
        assert_eq!(answer.error().details, expected);
    }
    assert_eq!(client.query(INSERT, EachQuorum).await.code(), ErrorCode::Unavailable);
    assert_eq!(a.did("INSERT").len(), 7, "an unavailable write is sent to nobody");
    for level in [One, LocalOne] {
        client.query(INSERT, level).await.done();
    }
    proxy.metric_is("quorate_backend_missed_writes_total{backend=\"c\"}", |missed| missed == 2.0).await;
}

#[tokio::test]
async fn silence_is_a_write_timeout_with_the_number_of_acknowledgements() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).section("[timeouts]\nwrite = \"500ms\"").start().await;
    for node in [&b, &c] {
        node.when("INSERT", Reaction::Silence);
    }
    let logged = format!("BEGIN BATCH {INSERT} APPLY BATCH");
    for version in Version::ALL {
        let mut client = Client::speaking(&proxy, version, None).await;
        for (text, write_type) in [(INSERT, WriteType::Simple), (&*logged, WriteType::Batch)] {
            let answer = client.query(text, Quorum).await;
            let expected = ErrorDetails::WriteTimeout {
                consistency: Quorum,
                received: 1,
                required: 2,
                write_type,
                contentions: None,
            };
            assert_eq!(answer.error().details, expected);
        }
    }
}

#[tokio::test]
async fn failures_are_counted_in_v4_and_named_in_v5() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    for node in [&b, &c] {
        node.when("INSERT", failed_write());
    }
    for version in Version::ALL {
        let mut client = Client::speaking(&proxy, version, None).await;
        let answer = client.query(INSERT, Quorum).await;
        match (version, &answer.error().details) {
            (Version::V3, ErrorDetails::WriteTimeout { consistency: Quorum, required: 2, .. }) => {}
            (_, ErrorDetails::WriteFailure { consistency: Quorum, received, required: 2, failures, write_type }) => {
                assert_eq!(*write_type, WriteType::Simple);
                assert!(*received <= 1);
                match (version, failures) {
                    (Version::V4, Failures::Count(count)) => assert_eq!(*count, 2),
                    (Version::V5 | Version::V6, Failures::Reasons(reasons)) => {
                        let mut named: Vec<_> = reasons.iter().map(|(address, _)| *address).collect();
                        named.sort();
                        assert_eq!(named, [b.address.ip(), c.address.ip()]);
                    }
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

fn failed_write() -> Response {
    let details = ErrorDetails::WriteFailure {
        consistency: Consistency::LocalQuorum,
        received: 0,
        required: 1,
        failures: Failures::Count(1),
        write_type: WriteType::Simple,
    };
    Response::Error(CqlError::new(details, "it failed"))
}

#[tokio::test]
async fn what_all_call_invalid_is_relayed_and_what_some_call_invalid_is_a_failure() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let invalid = || Response::Error(CqlError::new(ErrorDetails::Invalid, "unconfigured table nowhere"));
    for node in [&a, &b, &c] {
        node.when("nowhere", invalid());
    }
    for level in [One, Quorum, All] {
        let answer = client.query("INSERT INTO nowhere (k) VALUES (1)", level).await;
        assert_eq!(answer.response, invalid());
    }
    b.when("somewhere", invalid());
    for _ in 0..20 {
        let answer = client.query("INSERT INTO ks.somewhere (k) VALUES (1)", All).await;
        assert_eq!(answer.code(), ErrorCode::WriteFailure);
        client.query("INSERT INTO ks.somewhere (k) VALUES (1)", Quorum).await.done();
    }
}

#[tokio::test]
async fn a_rejection_by_one_is_no_verdict_while_the_others_may_execute_it() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    b.when("INSERT", Response::Error(CqlError::new(ErrorDetails::Invalid, "unconfigured table")));
    for node in [&a, &c] {
        node.when("INSERT", Reaction::Hold);
    }
    client.send(1, query(INSERT, All)).await;
    proxy.metric_is("quorate_backend_replies_total{backend=\"b\"}", |replies| replies >= 1.0).await;
    for node in [&a, &c] {
        node.does("INSERT", 1).await;
        node.release();
    }
    assert_eq!(client.receive().await.1.code(), ErrorCode::WriteFailure);
}

#[tokio::test]
async fn a_write_that_is_answered_still_reaches_a_backend_that_forgot_the_statement() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let insert = client.prepare("INSERT INTO ks.kv (k, v) VALUES (?, ?)").await;
    client.execute(&insert, &[b"1", b"one"], All).await.done();
    c.forget_prepared();
    c.pause();
    client.execute(&insert, &[b"2", b"two"], Quorum).await.done();
    c.resume();
    let written = c.does("INSERT", 2).await;
    assert_eq!(written[1].values(), a.did("INSERT")[1].values());
    assert_eq!(written[1].stamp(), a.did("INSERT")[1].stamp());
}

#[tokio::test]
async fn an_acknowledged_write_whose_reply_is_lost_counts_as_missing() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    c.when_next("INSERT", Reaction::Vanish);
    client.query(INSERT, Quorum).await.done();
    proxy.reaches_all().await;
    c.when_next("INSERT", Reaction::Vanish);
    let answer = client.query(INSERT, All).await;
    let code = answer.code();
    assert!(matches!(code, ErrorCode::WriteTimeout | ErrorCode::WriteFailure), "{code:?}");
}

#[tokio::test]
async fn a_client_that_stamps_its_writes_is_honoured() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    let mut request = query(INSERT, All);
    if let quorate_protocol::message::Request::Query { parameters, .. } = &mut request {
        parameters.default_timestamp_micros = Some(17);
    }
    client.ask(request).await.done();
    assert_eq!([&a, &b, &c].map(|node| node.did("INSERT")[0].stamp()), [Some(17); 3]);
}

#[tokio::test]
async fn stamps_of_one_proxy_never_go_backwards() {
    let [a, b] = Node::start_many().await;
    let proxy = Setup::over([&a, &b]).start().await;
    let mut client = Client::connect(&proxy).await;
    for stream in 0..200 {
        client.queue(stream, query(INSERT, All));
    }
    client.flush().await;
    for _ in 0..200 {
        client.receive().await.1.done();
    }
    let stamps: Vec<_> = a.did("INSERT").iter().map(|write| write.stamp().expect("a stamp")).collect();
    assert!(stamps.is_sorted_by(|one, next| one < next));
}
