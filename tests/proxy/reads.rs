//! Reads: who is asked, and what becomes of answers that differ or do not come.

use bytes::Bytes;
use quorate_protocol::frame::Version;
use quorate_protocol::message::Consistency::{All, Any, LocalSerial, One, Quorum, Serial};
use quorate_protocol::message::response::{CqlError, ErrorDetails, Failures};
use quorate_protocol::message::{ErrorCode, Request, Response};

use crate::client::{Answer, Client, query};
use crate::node::{Node, Reaction};
use crate::setup::Setup;

const SELECT: &str = "SELECT v FROM ks.kv WHERE k = 1";

#[tokio::test]
async fn a_read_contacts_as_many_voters_as_its_level_needs() {
    let nodes: [Node; 4] = Node::start_many().await;
    let [a, b, c, observer] = &nodes;
    let setup = Setup::over([a, b, c]).backend(observer, "role = \"observer\"");
    let proxy = calm(setup).start().await;
    let mut client = Client::connect(&proxy).await;
    let mut before = 0;
    for (level, contacted) in [(One, 1), (Quorum, 2), (All, 3)] {
        for _ in 0..10 {
            client.query(SELECT, level).await.done();
            let now = nodes.iter().map(|node| node.did("SELECT").len()).sum();
            assert_eq!(now, before + contacted, "{level}");
            before = now;
        }
    }
    assert!(observer.did("SELECT").is_empty());
}

#[tokio::test]
async fn a_voter_killed_under_a_read_is_replaced() {
    let [a, b, c] = Node::start_many().await;
    let proxy = calm(Setup::over([&a, &b, &c])).start().await;
    show_all(&[&a, &b, &c], "x");
    let mut client = Client::connect(&proxy).await;
    a.when("SELECT", Reaction::Hold);
    // Enough reads that a is among those asked.
    for stream in 0..50 {
        client.queue(stream, query(SELECT, Quorum));
    }
    client.flush().await;
    a.does("SELECT", 1).await;
    a.die();
    for _ in 0..50 {
        assert_eq!(client.receive().await.1.texts(), ["x"]);
    }
    proxy.loses("a").await;
    a.come_back();
    a.behave();
    proxy.reaches("a").await;
    let before = a.did("SELECT").len();
    assert_eq!(client.query(SELECT, All).await.texts(), ["x"]);
    assert_eq!(a.did("SELECT").len(), before + 1, "a node that came back is asked again");
}

#[tokio::test]
async fn a_paused_voter_is_read_around() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    show_all(&[&a, &b, &c], "x");
    let mut client = Client::connect(&proxy).await;
    a.pause();
    for stream in 0..50 {
        client.queue(stream, query(SELECT, Quorum));
    }
    client.flush().await;
    for _ in 0..50 {
        assert_eq!(client.receive().await.1.texts(), ["x"]);
    }
    assert!(proxy.metric("quorate_speculative_reads_total").await >= 1.0);
    a.resume();
    assert_eq!(client.query(SELECT, All).await.texts(), ["x"]);
}

#[tokio::test]
async fn where_all_that_were_asked_are_slow_one_more_is_asked_and_the_first_enough_answer() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    show_all(&[&a, &b, &c], "x");
    let mut client = Client::connect(&proxy).await;
    for node in [&a, &b, &c] {
        node.when("SELECT", Reaction::Hold);
    }
    client.send(1, query(SELECT, Quorum)).await;
    for node in [&a, &b, &c] {
        node.does("SELECT", 1).await;
    }
    b.release();
    c.release();
    assert_eq!(client.receive().await.1.texts(), ["x"]);
}

#[tokio::test]
async fn while_those_asked_instead_are_silent_too_one_more_is_asked() {
    let nodes: [Node; 5] = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    let mut client = Client::connect(&proxy).await;
    for node in &nodes[..4] {
        node.when("SELECT", Reaction::Silence);
    }
    nodes[4].show(&["x"]);
    for _ in 0..5 {
        assert_eq!(client.query(SELECT, One).await.texts(), ["x"]);
    }
}

#[tokio::test]
async fn where_rows_differ_the_majority_wins() {
    let [a, b, c] = Node::start_many().await;
    let proxy = calm(Setup::over([&a, &b, &c])).start().await;
    show_all(&[&b, &c], "new");
    a.show(&["old"]);
    let mut client = Client::connect(&proxy).await;
    for _ in 0..20 {
        assert_eq!(client.query(SELECT, Quorum).await.texts(), ["new"]);
        assert_eq!(client.query(SELECT, All).await.texts(), ["new"]);
    }
    assert!(proxy.metric("quorate_votes_decided_total").await >= 20.0);
}

#[tokio::test]
async fn where_no_row_has_a_majority_the_read_fails() {
    let [a, b, c] = Node::start_many().await;
    let proxy = calm(Setup::over([&a, &b, &c])).start().await;
    for (node, row) in [(&a, "1"), (&b, "2"), (&c, "3")] {
        node.show(&[row]);
    }
    for version in Version::ALL {
        let mut client = Client::speaking(&proxy, version, None).await;
        let answer = client.query(SELECT, Quorum).await;
        match (version, &answer.error().details) {
            (Version::V3, ErrorDetails::ReadTimeout { consistency: Quorum, .. }) => {}
            (Version::V4, ErrorDetails::ReadFailure { failures: Failures::Count(_), .. }) => {}
            (Version::V5 | Version::V6, ErrorDetails::ReadFailure { failures: Failures::Reasons(reasons), .. }) => {
                assert!(!reasons.is_empty());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn silence_is_a_read_timeout_with_the_number_of_answers() {
    let [a, b, c] = Node::start_many().await;
    let proxy =
        calm(Setup::over([&a, &b, &c])).section("[timeouts]\nread = \"200ms\"\nrange = \"200ms\"").start().await;
    for node in [&a, &b, &c] {
        node.when("SELECT", Reaction::Silence);
    }
    for version in Version::ALL {
        let mut client = Client::speaking(&proxy, version, None).await;
        let answer = client.query(SELECT, Quorum).await;
        let expected = ErrorDetails::ReadTimeout { consistency: Quorum, received: 0, required: 2, data_present: false };
        assert_eq!(answer.error().details, expected);
    }
}

#[tokio::test]
async fn a_read_that_two_of_three_fail_is_a_failure_that_names_them() {
    let [a, b, c] = Node::start_many().await;
    let proxy = calm(Setup::over([&a, &b, &c])).start().await;
    let overloaded = Response::Error(CqlError::new(ErrorDetails::Overloaded, "busy"));
    b.when("SELECT", overloaded.clone());
    c.when("SELECT", overloaded);
    let mut client = Client::connect(&proxy).await;
    let answer = client.query(SELECT, Quorum).await;
    match &answer.error().details {
        ErrorDetails::ReadFailure {
            consistency: Quorum, required: 2, failures: Failures::Reasons(reasons), ..
        } => {
            let mut named: Vec<_> = reasons.iter().map(|(address, _)| *address).collect();
            named.sort();
            assert_eq!(named, [b.address.ip(), c.address.ip()]);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_read_that_one_fails_is_asked_elsewhere() {
    let [a, b, c] = Node::start_many().await;
    let proxy = calm(Setup::over([&a, &b, &c])).start().await;
    show_all(&[&a, &b, &c], "x");
    a.when("SELECT", Response::Error(CqlError::new(ErrorDetails::Overloaded, "busy")));
    let mut client = Client::connect(&proxy).await;
    for _ in 0..20 {
        assert_eq!(client.query(SELECT, Quorum).await.texts(), ["x"]);
        assert_eq!(client.query(SELECT, One).await.texts(), ["x"]);
    }
    assert!(!a.did("SELECT").is_empty());
}

#[tokio::test]
async fn what_no_voter_can_read_is_refused_before_it_is_sent() {
    let [a, b, c] = Node::start_many().await;
    let proxy = Setup::over([&a, &b, &c]).start().await;
    let mut client = Client::connect(&proxy).await;
    for level in [Any, Serial, LocalSerial] {
        assert_eq!(client.query(SELECT, level).await.code(), ErrorCode::Invalid, "{level}");
    }
    for node in [&a, &b, &c] {
        assert!(node.did("SELECT").is_empty());
    }
}

#[tokio::test]
async fn a_paging_state_goes_out_and_comes_back() {
    let [a, b, c] = Node::start_many().await;
    let proxy = calm(Setup::over([&a, &b, &c])).start().await;
    show_all(&[&a, &b, &c], "x");
    let mut client = Client::connect(&proxy).await;
    let Response::Rows(mut rows) = client.query(SELECT, One).await.response else { panic!("no rows") };
    rows.metadata.paging_state = Some(Bytes::from_static(b"after x"));
    for node in [&a, &b, &c] {
        node.when("page", Response::Rows(rows.clone()));
    }
    let first = client.query("SELECT v FROM ks.page", Quorum).await;
    let state = first.rows().metadata.paging_state.clone().expect("there is more");
    let mut next = query("SELECT v FROM ks.page", Quorum);
    if let Request::Query { parameters, .. } = &mut next {
        (parameters.page_size, parameters.paging_state) = (Some(5), Some(state));
    }
    client.ask(next).await.done();
    let received: Vec<_> = [&a, &b, &c].iter().flat_map(|node| node.did("page")).collect();
    let resumed: Vec<_> = received.iter().filter(|one| one.parameters().paging_state.is_some()).collect();
    assert_eq!(resumed.len(), 2);
    for one in resumed {
        assert_eq!(one.parameters().page_size, Some(5));
        assert_eq!(one.parameters().paging_state.as_deref(), Some(&b"after x"[..]));
    }
}

#[tokio::test]
async fn what_a_quorum_acknowledged_every_quorum_read_shows_while_one_voter_comes_and_goes() {
    let nodes: [Node; 3] = Node::start_many().await;
    let proxy = Setup::over(&nodes).start().await;
    let mut client = Client::connect(&proxy).await;
    let insert = client.prepare("INSERT INTO ks.kv (k, v) VALUES (?, ?)").await;
    let select = client.prepare("SELECT v FROM ks.kv WHERE k = ?").await;
    for (round, node) in nodes.iter().cycle().take(6).enumerate() {
        let key = [u8::try_from(round).expect("few rounds")];
        for value in ["first", "second"] {
            client.execute(&insert, &[&key, value.as_bytes()], Quorum).await.done();
        }
        // All have it, so the vote has a majority whoever is away.
        for other in &nodes {
            other.does("INSERT", 2 * (round + 1)).await;
        }
        node.die();
        assert_eq!(client.execute(&select, &[&key], Quorum).await.texts(), ["second"]);
        proxy.loses(["a", "b", "c"][round % 3]).await;
        node.come_back();
        proxy.reaches_all().await;
    }
}

fn show_all(nodes: &[&Node], row: &str) {
    for node in nodes {
        node.show(&[row]);
    }
}

/// Without speculation: who is asked does not depend on how fast a machine is.
fn calm(setup: Setup) -> Setup {
    setup.everywhere("speculative = \"off\"")
}
