//! Clients that mean no good, or know no better: each gets a right error or a closed connection, and nobody else notices.
//!
//! `QUORATE_INTEGRATION_DIRECT=1` attacks a Cassandra itself, which shows what it answers.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test panics")]

use std::io;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Instant;

use anyhow::Result;
use quorate_integration::bench::process::resident_mib;
use quorate_integration::cassandra::{self, Node, Security};
use quorate_integration::loopback::Loopback;
use quorate_integration::proxy::Proxy;
use quorate_integration::raw::{BATCH, Frame, QUERY, RESULT, Raw, STARTUP, frame, query_body};

/// What the proxy may hold after anything a client does here, in MiB.
const MEMORY_MIB: f64 = 256.0;
const PROTOCOL_ERROR: i32 = 0x000A;
const SYNTAX_ERROR: i32 = 0x2000;
const COMPRESSED: u8 = 0x01;

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn random_bytes_close_the_connection() {
    survives(|server| {
        let mut random = fastrand::Rng::with_seed(1);
        for round in 0..300 {
            let mut bytes = vec![0; random.usize(1..2000)];
            random.fill(&mut bytes);
            if round % 2 == 0 {
                bytes[0] = 3 + random.u8(0..3);
            }
            let mut raw = Raw::connect(server)?;
            // It may close before all is sent.
            let _ = raw.send(&bytes).and_then(|()| raw.finish_sending());
            assert!(raw.is_closed(), "seed 1, round {round}: still open after {bytes:?}");
        }
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn an_unsupported_version_is_told_which_are_supported() {
    survives(|server| {
        // v6 is a beta: who does not say so is told that.
        let supported = "supported versions";
        for (version, told) in [(1, supported), (2, supported), (6, "USE_BETA flag is unset"), (0x42, supported)] {
            let mut raw = Raw::connect(server)?;
            raw.send(&frame(version, 0, STARTUP, &[0, 0]))?;
            let reply = raw.receive()?;
            assert_eq!(reply.error_code(), Some(PROTOCOL_ERROR), "version {version}: {reply:?}");
            assert!(String::from_utf8_lossy(&reply.body).contains(told), "version {version}: {reply:?}");
        }
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn a_frame_that_announces_too_much_is_refused() {
    survives(|server| {
        for length in [i32::MAX, -1, i32::MIN, 512 << 20] {
            let mut raw = Raw::started(server, 4, None)?;
            let mut bytes = frame(4, 0, QUERY, &[]);
            bytes[5..9].copy_from_slice(&length.to_be_bytes());
            raw.send(&bytes)?;
            assert_refused(raw);
        }
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn a_frame_that_ends_early_is_forgotten() {
    survives(|server| {
        let whole = frame(4, 0, QUERY, &query_body(b"SELECT key FROM system.local"));
        for end in 1..whole.len() {
            let mut raw = Raw::started(server, 4, None)?;
            raw.send(&whole[..end])?;
            raw.finish_sending()?;
            assert!(raw.is_closed(), "still open after {end} bytes");
        }
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn a_body_that_is_cut_short_is_a_protocol_error() {
    survives(|server| {
        let whole = query_body(b"SELECT key FROM system.local");
        for end in 0..whole.len() - 1 {
            let mut raw = Raw::started(server, 4, None)?;
            raw.send(&frame(4, 0, QUERY, &whole[..end]))?;
            let reply = raw.receive()?;
            assert_eq!(reply.error_code(), Some(PROTOCOL_ERROR), "cut to {end} bytes: {reply:?}");
        }
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn a_wrong_checksum_closes_the_connection() {
    survives(|server| {
        for bytes in [[0; 64], [0xFF; 64], [0x5A; 64]] {
            let mut raw = Raw::started(server, 5, None)?;
            raw.send(&bytes)?;
            assert!(raw.is_closed(), "{bytes:?}");
        }
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn a_decompression_bomb_is_refused() {
    survives(|server| {
        let mut lz4 = u32::to_be_bytes(i32::MAX as u32).to_vec();
        lz4.extend([0x1F, 0x00, 0x01, 0x00].iter().chain(&[0xFF; 4000]));
        let mut snappy = vec![0xFF, 0xFF, 0xFF, 0xFF, 0x07];
        snappy.extend([0xFE, 0x01, 0x00].repeat(1000));
        for (name, body) in [("lz4", lz4), ("snappy", snappy)] {
            let mut raw = Raw::started(server, 4, Some(name))?;
            raw.send(&frame(4, COMPRESSED, QUERY, &body))?;
            assert_refused(raw);
        }
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn a_batch_of_65535_statements_is_answered() {
    survives(|server| {
        let text = b"INSERT INTO hostile.t (k, v) VALUES (1, 'a')";
        let mut statement = vec![0];
        statement.extend((text.len() as u32).to_be_bytes());
        statement.extend(text);
        statement.extend([0, 0]);
        let mut body = vec![1, 0xFF, 0xFF];
        body.extend(statement.repeat(65_535));
        body.extend([0, 1, 0]);
        let mut raw = Raw::started(server, 4, None)?;
        raw.send(&frame(4, 0, BATCH, &body))?;
        raw.receive()?;
        // The same number, and nothing behind it.
        let mut raw = Raw::started(server, 4, None)?;
        raw.send(&frame(4, 0, BATCH, &[1, 0xFF, 0xFF]))?;
        assert_eq!(raw.receive()?.error_code(), Some(PROTOCOL_ERROR));
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn nesting_ten_thousand_deep_is_an_error() {
    survives(|server| {
        let nested = |before: &str, open: &str, close: &str, after: &str| {
            format!("{before}{}{}{after}", open.repeat(10_000), close.repeat(10_000))
        };
        let statements = [
            nested("INSERT INTO hostile.t (k, v) VALUES (1, ", "[", "]", ")"),
            nested("INSERT INTO hostile.t (k, v) VALUES (1, ", "{1:", "}", ")"),
            nested("SELECT ", "(", ")", " FROM hostile.t"),
            nested("SELECT ", "f(", ")", " FROM hostile.t"),
            nested("SELECT * FROM hostile.t WHERE k = ", "(", ")", ""),
            nested("CREATE TABLE hostile.deep (k int PRIMARY KEY, v ", "frozen<list<", ">>", ")"),
        ];
        let mut raw = Raw::started(server, 4, None)?;
        for statement in statements {
            let reply = raw.query(statement.as_bytes())?;
            assert!(reply.error_code().is_some(), "{}… gave {reply:?}", &statement[..60]);
        }
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn text_that_is_not_utf8_is_an_error() {
    survives(|server| {
        let mut raw = Raw::started(server, 4, None)?;
        for text in
            [b"SELECT \xFF FROM system.local".as_slice(), b"\xC3\x28", b"SELECT '\xED\xA0\x80' FROM system.local"]
        {
            raw.send(&frame(4, 0, QUERY, &query_body(text)))?;
            let code = raw.receive()?.error_code();
            assert!(matches!(code, Some(PROTOCOL_ERROR | SYNTAX_ERROR | 0x2200)), "{text:?} gave {code:?}");
        }
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn a_client_that_never_reads_is_held_back() {
    survives(|server| {
        let value = "x".repeat(20_000);
        let mut writer = Raw::started(server, 4, None)?;
        let insert = format!("INSERT INTO hostile.t (k, v) VALUES (7, '{value}')");
        assert_eq!(writer.query(insert.as_bytes())?.opcode, RESULT);
        let mut silent = Raw::started(server, 4, None)?;
        let select = frame(4, 0, QUERY, &query_body(b"SELECT v FROM hostile.t WHERE k = 7"));
        // 40 MB of answers, unless it stops reading our requests or closes the connection.
        for _ in 0..2_000 {
            if silent.send(&select).is_err() {
                break;
            }
        }
        assert_unharmed();
        drop(silent);
        Ok(())
    });
}

#[test]
#[ignore = "starts a Cassandra node: run ./integration/ci"]
fn hundreds_of_clients_that_say_nothing_disturb_nobody() {
    survives(|server| {
        let mut silent = (0..500).map(|_| Raw::connect(server)).collect::<io::Result<Vec<_>>>()?;
        for (index, raw) in silent.iter_mut().enumerate() {
            raw.send(&[4, 0, 0, 1, 1][..index % 6])?;
        }
        assert_unharmed();
        Ok(())
    });
}

struct Servers {
    node: Node,
    proxy: Option<Proxy>,
}

impl Servers {
    fn start() -> Result<Self> {
        let loopback = Loopback::new(20, 40);
        let node = cassandra::independent(&loopback, &["hostile"], Security::Open)?.remove(0);
        let direct = std::env::var_os("QUORATE_INTEGRATION_DIRECT").is_some();
        let proxy = if direct { None } else { Some(Proxy::start(&loopback, "hostile", &[&node])?) };
        let servers = Self { node, proxy };
        let mut raw = Raw::started(servers.address(), 4, None)?;
        raw.query(b"CREATE KEYSPACE hostile WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")?;
        raw.query(b"CREATE TABLE hostile.t (k int PRIMARY KEY, v text)")?;
        Ok(servers)
    }

    fn address(&self) -> IpAddr {
        self.proxy.as_ref().map_or_else(|| self.node.address(), Proxy::address)
    }
}

fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| Servers::start().expect("the servers start"))
}

/// Runs the attack, and sees that the proxy serves others as before.
fn survives(attack: impl FnOnce(IpAddr) -> io::Result<()>) {
    attack(servers().address()).unwrap();
    assert_unharmed();
}

fn assert_unharmed() {
    let began = Instant::now();
    let mut client = Raw::started(servers().address(), 4, None).unwrap();
    for _ in 0..20 {
        let written = client.query(b"INSERT INTO hostile.t (k, v) VALUES (1, 'fine')").unwrap();
        assert_eq!(written.opcode, RESULT, "{written:?}");
        let read = client.query(b"SELECT v FROM hostile.t WHERE k = 1").unwrap();
        assert!(String::from_utf8_lossy(&read.body).contains("fine"), "{read:?}");
    }
    let took = began.elapsed();
    assert!(took.as_secs() < 3, "others had to wait {took:?}");
    if let Some(proxy) = &servers().proxy {
        assert!(proxy.is_alive(), "the proxy is gone");
        let memory = resident_mib(proxy.pid()).unwrap();
        assert!(memory < MEMORY_MIB, "the proxy holds {memory} MiB");
    }
}

/// An error, a closed connection, or both; not silence.
fn assert_refused(mut raw: Raw) {
    match raw.receive() {
        Ok(reply @ Frame { .. }) => assert!(reply.error_code().is_some(), "{reply:?}"),
        Err(error) => {
            assert!(!matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "no answer: {error}");
        }
    }
}
