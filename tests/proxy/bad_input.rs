//! What clients send by mistake or from malice: the right error or a closed connection, and nobody else notices.

use bytes::{BufMut, BytesMut};
use quorate_protocol::frame::{Compression, Encoder, Header, HeaderFlags, Opcode, Version};
use quorate_protocol::message::Consistency::{One, Quorum};
use quorate_protocol::message::request::{Batch, BatchStatement, OwnedStatement, QueryParameters};
use quorate_protocol::message::{BatchType, ErrorCode, Request, RequestMessage};

use crate::client::{Answer, Client, bound, query, tcp};
use crate::node::{Node, Reaction};
use crate::patience::eventually;
use crate::setup::{Proxy, Setup};

const INSERT: &str = "INSERT INTO ks.kv (k, v) VALUES (1, 'a')";

#[tokio::test]
async fn random_bytes_end_the_connection_that_sent_them() {
    let (_nodes, proxy, mut other) = bystander().await;
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..200 {
        let mut client = Client::over(Box::new(tcp(&proxy).await), Version::V4);
        let mut bytes = vec![0; random.usize(1..5_000)];
        random.fill(&mut bytes);
        if round % 2 == 0 {
            // So that it gets past the first byte.
            bytes[0] = random.u8(3..=5);
        }
        client.send_raw(&bytes).await;
        client.hang_up().await;
        client.shun().await;
    }
    other.query(INSERT, Quorum).await.done();
    proxy.metric_is("quorate_client_connections", |open| open == 1.0).await;
}

#[tokio::test]
async fn random_bytes_after_the_handshake_do_no_more() {
    let (_nodes, proxy, mut other) = bystander().await;
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..100 {
        let version = Version::ALL[round % Version::ALL.len()];
        let mut client = Client::speaking(&proxy, version, None).await;
        let mut bytes = vec![0; random.usize(9..2_000)];
        random.fill(&mut bytes);
        if !version.features().segments {
            // A frame of the right shape with a body of noise.
            let opcode = [Opcode::Query, Opcode::Prepare, Opcode::Execute, Opcode::Batch, Opcode::Register][round % 5];
            let length = u32::try_from(bytes.len() - Header::LEN).expect("short");
            bytes[..5].copy_from_slice(&[version.number(), random.u8(..) & 0x0e, 0, 1, opcode.code()]);
            bytes[5..9].copy_from_slice(&length.to_be_bytes());
        }
        client.send_raw(&bytes).await;
        client.hang_up().await;
        client.shun().await;
    }
    other.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn an_unknown_version_after_the_handshake_is_a_protocol_error_in_the_connections_own() {
    let (_nodes, proxy, mut other) = bystander().await;
    for version in Version::ALL {
        let mut client = Client::speaking(&proxy, version, None).await;
        let mut frame = RequestMessage::from(query(INSERT, Quorum)).encode(version, 1).expect("a frame").raw().to_vec();
        frame[0] = 7;
        let mut encoder = Encoder::new();
        if version.features().segments {
            encoder.use_segments();
        }
        encoder.push(&frame, 1);
        encoder.seal();
        client.send_raw(encoder.pending()).await;
        let answers = client.until_closed().await;
        assert_eq!(answers.iter().map(Answer::code).collect::<Vec<_>>(), [ErrorCode::Protocol], "{version:?}");
    }
    other.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn a_frame_that_is_not_finished_harms_nobody() {
    let (_nodes, proxy, mut other) = bystander().await;
    for version in Version::ALL {
        let mut client = Client::speaking(&proxy, version, None).await;
        let whole = RequestMessage::from(query(INSERT, Quorum)).encode(version, 1).expect("a frame");
        client.send_raw(&whole.raw()[..whole.raw().len() - 1]).await;
        other.query(INSERT, Quorum).await.done();
        client.hang_up().await;
        client.shun().await;
    }
}

#[tokio::test]
async fn an_oversized_frame_is_refused_before_it_is_read() {
    let (_nodes, proxy, mut other) = bystander().await;
    for version in [Version::V3, Version::V4] {
        let mut client = Client::speaking(&proxy, version, None).await;
        let mut header = vec![version.number(), 0, 0, 1, Opcode::Query.code()];
        header.extend(0x7fff_ffff_u32.to_be_bytes());
        client.send_raw(&header).await;
        let answers = client.until_closed().await;
        assert!(answers.iter().all(|answer| matches!(answer.code(), ErrorCode::Protocol | ErrorCode::Invalid)));
    }
    other.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn a_segment_with_a_wrong_checksum_ends_the_connection() {
    let (nodes, proxy, mut other) = bystander().await;
    let mut client = Client::connect(&proxy).await;
    client.queue(1, query("INSERT INTO ks.kv (k, v) VALUES (1, 'torn')", Quorum));
    let mut segment = client.take_queued();
    let middle = segment.len() / 2;
    segment[middle] ^= 1;
    client.send_raw(&segment).await;
    let answers = client.until_closed().await;
    assert!(answers.iter().all(|answer| answer.code() == ErrorCode::Protocol));
    assert!(nodes.iter().all(|node| node.did("torn").is_empty()));
    other.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn a_decompression_bomb_ends_the_connection() {
    let (_nodes, proxy, mut other) = bystander().await;
    for compression in [Compression::Lz4, Compression::Snappy] {
        let mut client = Client::speaking(&proxy, Version::V4, Some(compression)).await;
        let mut body = BytesMut::new();
        match compression {
            // The length that it claims to have, big-endian.
            Compression::Lz4 => body.put_u32(0x7fff_ffff),
            // The same as a varint.
            Compression::Snappy => body.put_slice(&[0xff, 0xff, 0xff, 0xff, 0x07]),
        }
        body.put_slice(&[0x1f; 64]);
        let mut frame = Header::new(Version::V4, HeaderFlags::COMPRESSED, 1, Opcode::Query).to_bytes().to_vec();
        frame.extend(&body);
        let length = u32::try_from(body.len()).expect("short");
        frame[5..9].copy_from_slice(&length.to_be_bytes());
        client.send_raw(&frame).await;
        let answers = client.until_closed().await;
        assert!(answers.len() <= 1);
    }
    assert!(proxy.metric("process_resident_memory_bytes").await < 500e6);
    other.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn a_batch_of_65535_is_executed() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes).section("[timeouts]\nwrite = \"60s\"").start().await;
    let mut other = Client::connect(&proxy).await;
    let mut client = Client::connect(&proxy).await;
    let child = BatchStatement { statement: OwnedStatement::Text(INSERT.to_owned()), values: Vec::new() };
    let statements = vec![child; 65_535];
    let batch = Batch { batch_type: BatchType::Unlogged, statements, parameters: QueryParameters::new(Quorum) };
    client.ask(Request::Batch(batch)).await.done();
    assert_eq!(nodes[0].does(INSERT, 1).await[0].text.matches("INSERT").count(), 65_535);
    other.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn nesting_10000_deep_is_a_syntax_error_of_some_backend_or_of_the_proxy() {
    let (_nodes, proxy, mut other) = bystander().await;
    for (open, close) in [("[", "]"), ("{", "}"), ("(", ")"), ("frozen<", ">"), ("{1:", "}"), ("-", ""), ("f(", ")")] {
        let nested = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        for text in [
            format!("INSERT INTO ks.kv (k, v) VALUES (1, {nested})"),
            format!("SELECT {nested} FROM ks.kv"),
            format!("CREATE TABLE ks.t (k int PRIMARY KEY, v {nested})"),
            format!("SELECT v FROM ks.kv WHERE k = {nested}"),
        ] {
            // The nodes take any text: an answer is all that counts.
            other.query(&text, Quorum).await;
            other.ask(crate::client::prepare(&text)).await;
        }
    }
    let mut client = Client::connect(&proxy).await;
    client.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn invalid_utf8_is_a_protocol_error() {
    let (_nodes, proxy, mut other) = bystander().await;
    for version in [Version::V3, Version::V4] {
        let mut client = Client::speaking(&proxy, version, None).await;
        for opcode in [Opcode::Query, Opcode::Prepare] {
            let mut frame = vec![version.number(), 0, 0, 1, opcode.code()];
            frame.extend(9_u32.to_be_bytes());
            frame.extend(2_u32.to_be_bytes());
            frame.extend([0xff, 0xfe]);
            frame.extend([0, 1, 0]);
            client.send_raw(&frame).await;
            assert_eq!(client.receive().await.1.code(), ErrorCode::Protocol);
        }
        client.query(INSERT, Quorum).await.done();
    }
    other.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn a_text_of_any_bytes_is_answered() {
    let (_nodes, _proxy, mut other) = bystander().await;
    let mut random = fastrand::Rng::with_seed(13);
    let words = [
        "SELECT", "INSERT", "'", "\"", "$$", "/*", "--", "(", ")", "{", "?", ":", "\0", "\u{202e}", "é", "BATCH",
        "now()", ";",
    ];
    for _ in 0..300 {
        let text: String = (0..random.usize(0..40)).map(|_| words[random.usize(..words.len())]).collect();
        other.query(&text, One).await;
    }
    other.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn a_request_with_values_that_are_not_there_is_a_protocol_error() {
    let (_nodes, proxy, mut other) = bystander().await;
    let mut client = Client::speaking(&proxy, Version::V4, None).await;
    let request = Request::Query { query: INSERT.to_owned(), parameters: bound(&[b"value"], Quorum) };
    let whole = RequestMessage::from(request).encode(Version::V4, 1).expect("a frame");
    let mut cut = whole.raw()[..whole.raw().len() - 3].to_vec();
    let length = u32::try_from(cut.len() - Header::LEN).expect("short");
    cut[5..9].copy_from_slice(&length.to_be_bytes());
    client.send_raw(&cut).await;
    assert_eq!(client.receive().await.1.code(), ErrorCode::Protocol);
    other.query(INSERT, Quorum).await.done();
}

#[tokio::test]
async fn who_never_reads_the_answers_is_not_read_from_either() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes)
        .section("[limits]\nqueue_per_connection = \"1MiB\"\n[timeouts]\nwrite = \"30s\"")
        .start()
        .await;
    let mut other = Client::connect(&proxy).await;
    let large = "x".repeat(100_000);
    for node in &nodes {
        node.show(&[&large]);
    }
    let mut deaf = Client::connect(&proxy).await;
    // 40 MB of answers: more than the sockets and the proxy hold.
    for stream in 0..400 {
        deaf.queue(stream, query("SELECT v FROM ks.kv WHERE k = 1", One));
    }
    deaf.flush().await;
    for _ in 0..100 {
        other.query(INSERT, Quorum).await.done();
    }
    assert!(proxy.metric("process_resident_memory_bytes").await < 500e6);
    drop(deaf);
    proxy.metric_is("quorate_client_connections", |open| open == 1.0).await;
    other.query(INSERT, Quorum).await.done();
}

/// Three nodes, a proxy over them, and a client that must not notice what others do.
async fn bystander() -> ([Node; 3], Proxy, Client) {
    let nodes = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    let client = Client::connect(&proxy).await;
    (nodes, proxy, client)
}

#[tokio::test]
async fn who_asks_for_much_and_does_not_read_has_little_under_way() {
    const ASKED: usize = 2_000;
    let nodes: [Node; 3] = Node::start_many().await;
    let setup = Setup::over(&nodes).everywhere("speculative = \"off\"");
    let proxy = setup.section("[limits]\nqueue_per_connection = \"4MiB\"").start().await;
    let mut other = Client::connect(&proxy).await;
    let large = "x".repeat(100_000);
    for node in &nodes {
        node.show(&[&large]);
        node.when("SELECT", Reaction::Hold);
    }
    let text = "SELECT v FROM ks.kv WHERE k = 1";
    for version in [Version::V4, Version::V5] {
        let mut greedy = Client::speaking(&proxy, version, None).await;
        let before: usize = nodes.iter().map(|node| node.count("SELECT")).sum();
        for stream in 0..i16::try_from(ASKED).expect("streams") {
            greedy.queue(stream, query(text, One));
        }
        greedy.flush().await;
        let under_way = async || {
            let asked: usize = nodes.iter().map(|node| node.count("SELECT")).sum();
            (asked - before >= 64).then_some(asked - before)
        };
        eventually("the bound", under_way).await;
        // A later request of another client finds the first ones where they were.
        other.query(INSERT, Quorum).await.done();
        let asked: usize = nodes.iter().map(|node| node.count("SELECT")).sum();
        // A MiB of answers, each taken for 16 KiB before any came.
        assert!(asked - before <= 65, "{} are under way", asked - before);
        // Once it reads, it gets all of them.
        for node in &nodes {
            node.behave();
            node.release();
        }
        let mut answered = 0;
        while answered < ASKED {
            assert_eq!(greedy.receive().await.1.texts()[0].len(), large.len());
            answered += 1;
        }
        for node in &nodes {
            node.when("SELECT", Reaction::Hold);
        }
    }
    assert!(proxy.metric("process_resident_memory_bytes").await < 300e6);
}

#[tokio::test]
async fn small_answers_are_as_many_under_way_as_ever() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    let mut client = Client::connect(&proxy).await;
    // Twice as many would meet the bound of a backend, where the round before was asked of a third voter too.
    for _ in 0..3 {
        for stream in 0..2_000 {
            client.queue(stream, query("SELECT v FROM ks.kv WHERE k = 1", Quorum));
        }
        client.flush().await;
        for _ in 0..2_000 {
            client.receive().await.1.rows();
        }
    }
}
