//! How a connection begins: versions, options, and what backends have to do with them.

use bytes::{Buf, Bytes};
use quorate_protocol::frame::{Compression, Envelope, HeaderFlags, Opcode, Version};
use quorate_protocol::message::Consistency::{All, One, Quorum};
use quorate_protocol::message::request::Startup;
use quorate_protocol::message::{ErrorCode, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Answer, Client, query, tcp};
use crate::node::{Node, NodeOptions};
use crate::patience::within_reason;
use crate::setup::{Proxy, Setup};

#[tokio::test]
async fn supported_is_the_proxys_own() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::over(Box::new(tcp(&proxy).await), Version::V4);
    let Response::Supported(options) = client.ask(Request::Options).await.response else { panic!("no SUPPORTED") };
    let names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["COMPRESSION", "CQL_VERSION", "PROTOCOL_VERSIONS"]);
    assert_eq!(options[2].1, ["3/v3", "4/v4", "5/v5", "6/v6-beta"]);
}

#[tokio::test]
async fn versions_that_are_not_spoken_are_answered_so_that_drivers_step_down() {
    let [a] = Node::start_many().await;
    let proxy = Setup::over([&a]).start().await;
    for version in [1_u8, 2, 7, 66] {
        // STARTUP with an empty map; the header of versions 1 and 2 has a stream id of one byte.
        let mut frame = vec![version, 0, 0];
        if version > 2 {
            frame.push(0);
        }
        frame.extend([1, 0, 0, 0, 2, 0, 0]);
        let answer = all_after(&proxy, &frame).await;
        let text = "Invalid or unsupported protocol version";
        assert!(String::from_utf8_lossy(&answer).contains(text), "{version}: {answer:?}");
        let expected = if version <= 2 { version } else { 5 };
        assert_eq!(answer[0], expected | 0x80);
        if version > 2 {
            let envelope = Envelope::parse(Bytes::from(answer)).expect("one frame");
            assert_eq!(envelope.stream(), 0);
            assert_eq!(envelope.body().get_i32(), ErrorCode::Protocol.code());
        }
    }
}

#[tokio::test]
async fn clients_of_a_backend_of_v4_get_v4() {
    let old = Node::start_with(NodeOptions { newest: Version::V4, ..NodeOptions::default() }).await;
    let [new] = Node::start_many().await;
    let proxy = Setup::over([&old, &new]).start().await;
    let mut client = Client::over(Box::new(tcp(&proxy).await), Version::V5);
    client.send(0, startup(&[(Startup::CQL_VERSION, "3.0.0")])).await;
    let refusal = client.receive_envelope().await.expect("an answer");
    assert_eq!(refusal.version(), Version::V4);
    assert!(refusal.body().ends_with(b"(5); supported versions are (3/v3, 4/v4)"));
    assert!(client.until_closed().await.is_empty());
    let mut client = Client::speaking(&proxy, Version::V4, Some(Compression::Lz4)).await;
    client.query("INSERT INTO ks.kv (k, v) VALUES (1, 'a')", Quorum).await.done();
    assert_eq!(old.did("INSERT")[0].version(), Version::V4);
    assert_eq!(new.did("INSERT")[0].version(), Version::V4);
}

#[tokio::test]
async fn v6_is_for_those_who_say_that_they_know_it_is_a_beta() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;

    let mut client = Client::speaking(&proxy, Version::V6, None).await;
    let insert = client.prepare("INSERT INTO ks.kv (k, v) VALUES (?, ?)").await;
    client.execute(&insert, &[b"1", b"a"], All).await.done();
    for node in [&a, &b, &c] {
        let received = node.did("INSERT").pop().expect("a write");
        assert_eq!(received.version(), Version::V6);
        assert!(received.envelope.flags().contains(HeaderFlags::USE_BETA));
    }

    // STARTUP with an empty map, without the flag.
    let answer = all_after(&proxy, &[6, 0, 0, 9, 1, 0, 0, 0, 2, 0, 0]).await;
    let refusal = Envelope::parse(Bytes::from(answer)).expect("one frame");
    assert_eq!((refusal.version(), refusal.stream()), (Version::V6, 0));
    assert!(refusal.body().ends_with(b"Beta version of the protocol used (6/v6-beta), but USE_BETA flag is unset"));
}

#[tokio::test]
async fn v6_is_not_chosen_for_those_who_do_not_ask_for_it() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    client.query("INSERT INTO ks.kv (k, v) VALUES (1, 'a')", All).await.done();
    let rows = client.query("SELECT native_protocol_version FROM system.local", One).await;
    assert_eq!(rows.texts(), ["5"]);
    for node in [&a, &b, &c] {
        let newest = node.received().iter().map(crate::node::Received::version).max();
        assert_eq!(newest, Some(Version::V5));
    }
}

#[tokio::test]
async fn clients_of_v6_step_down_where_a_backend_does_not_speak_it() {
    let old = Node::start_with(NodeOptions { newest: Version::V5, ..NodeOptions::default() }).await;
    let [new] = Node::start_many().await;
    let proxy = Setup::over([&old, &new]).start().await;
    for flags in [HeaderFlags::USE_BETA, HeaderFlags::NONE] {
        for opcode in [Opcode::Options, Opcode::Startup] {
            let answer = all_after(&proxy, &[6, flags.0, 0, 9, opcode.code(), 0, 0, 0, 2, 0, 0]).await;
            let refusal = Envelope::parse(Bytes::from(answer)).expect("one frame");
            assert_eq!((refusal.version(), refusal.stream()), (Version::V5, 0));
            assert!(refusal.body().ends_with(b"(6); supported versions are (3/v3, 4/v4, 5/v5)"));
        }
    }
    let mut client = Client::over(Box::new(tcp(&proxy).await), Version::V5);
    let Response::Supported(options) = client.ask(Request::Options).await.response else { panic!("no SUPPORTED") };
    assert_eq!(options[2].1, ["3/v3", "4/v4", "5/v5"]);
}

#[tokio::test]
async fn every_version_and_compression_carries_large_and_small_messages() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let large = "x".repeat(1 << 20);
    for version in Version::ALL {
        for compression in [None, Some(Compression::Lz4), Some(Compression::Snappy)] {
            if compression == Some(Compression::Snappy) && !version.features().snappy {
                continue;
            }
            let mut client = Client::speaking(&proxy, version, compression).await;
            let insert = client.prepare("INSERT INTO ks.kv (k, v) VALUES (?, ?)").await;
            let select = client.prepare("SELECT v FROM ks.kv WHERE k = ?").await;
            for value in [large.as_str(), "", "small"] {
                client.execute(&insert, &[b"key", value.as_bytes()], All).await.done();
                assert!(client.execute(&select, &[b"key"], Quorum).await.texts() == [value]);
            }
        }
    }
}

#[tokio::test]
async fn a_startup_that_makes_no_sense_is_a_protocol_error() {
    let [a] = Node::start_many().await;
    let proxy = Setup::over([&a]).start().await;
    for (version, options) in [
        (Version::V4, vec![]),
        (Version::V4, vec![(Startup::CQL_VERSION, "3.0.0"), (Startup::COMPRESSION, "zip")]),
        (Version::V5, vec![(Startup::CQL_VERSION, "3.0.0"), (Startup::COMPRESSION, "snappy")]),
    ] {
        let mut client = Client::over(Box::new(tcp(&proxy).await), version);
        assert_eq!(client.ask(startup(&options)).await.code(), ErrorCode::Protocol, "{options:?}");
    }
    let mut client = Client::over(Box::new(tcp(&proxy).await), Version::V4);
    assert_eq!(client.ask(query("SELECT v FROM ks.kv", One)).await.code(), ErrorCode::Protocol);
}

fn startup(options: &[(&str, &str)]) -> Request {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Request::Startup(Startup { options })
}

/// All that the proxy says to these bytes, until it closes.
async fn all_after(proxy: &Proxy, bytes: &[u8]) -> Vec<u8> {
    let mut stream = tcp(proxy).await;
    stream.write_all(bytes).await.expect("the connection is open");
    let mut answer = Vec::new();
    within_reason("the end", stream.read_to_end(&mut answer)).await.expect("a gentle end");
    answer
}
