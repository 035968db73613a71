//! What drivers ask of these tables when they connect, and what users try.

use std::net::SocketAddr;

use quorate_protocol::cql::ast::Statement;
use quorate_protocol::frame::{Version, Writer};
use quorate_protocol::message::Response;
use quorate_protocol::message::response::{Prepared, ResultColumns};
use quorate_protocol::value::{CqlType, Value};

use super::*;
use crate::engine::SystemEnvironment;

fn proxy(ip: [u8; 4], port: u16) -> Proxy {
    Proxy { address: SocketAddr::from((ip, port)), data_center: "eu".into(), rack: "rack1".into() }
}

fn tables() -> Tables {
    Tables::new(Topology {
        cluster_name: "orders".into(),
        local: proxy([10, 0, 0, 5], 9042),
        peers: vec![proxy([10, 0, 0, 6], 9042), proxy([10, 0, 0, 7], 9042), proxy([10, 0, 0, 7], 9043)],
        schema_version: Uuid::from_u128(7),
        release_version: "5.0.6".into(),
        native_protocol_version: 5,
        started_seconds: 1_700_000_000,
    })
}

/// What Cassandra 5.0.6, one node alone, answered to PREPARE (the body after the id) and to QUERY in protocol v4.
const ANSWERS: &str = include_str!("testdata/cassandra-5.0.6.txt");

#[test]
fn metadata_and_errors_are_those_of_cassandra() {
    let alone = Tables::new(Topology { peers: Vec::new(), ..tables().contents.load().topology.clone() });
    let hex = |response: &Response, skipped: usize| -> String {
        let mut bytes = Vec::new();
        response.write(Version::V4, &mut Writer::new(&mut bytes)).unwrap();
        bytes[skipped..].iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let lines: Vec<&str> = ANSWERS.lines().collect();
    let (statements, rest) = lines.as_chunks::<3>();
    assert!(rest.is_empty());
    for [text, prepared, rows] in statements {
        let Ok(Statement::Select(select)) = quorate_protocol::cql::parse(text) else { panic!("{text} does not parse") };
        let plan = match alone.prepare(&select, None).unwrap() {
            Ok(plan) => plan,
            Err(error) => {
                assert_eq!(format!("E 8704 {error}"), *prepared, "{text}");
                continue;
            }
        };
        let answer = Response::Prepared(Prepared {
            id: Default::default(),
            result_metadata_id: None,
            markers: plan.plan().markers(),
            partition_key_indexes: plan.plan().partition_key_indexes(),
            result: plan.plan().metadata().clone(),
        });
        assert_eq!(format!("P {}", hex(&answer, 6)), *prepared, "{text}");
        match alone.execute(&plan, &Values::NONE, Page::default(), &mut SystemEnvironment) {
            Err(error) => assert_eq!(format!("E 8704 {error}"), *rows, "{text}"),
            // what one node says of itself is not what we say of us
            Ok(_) if text.contains("system.local") && !text.contains("'other'") => assert!(rows.starts_with("R ")),
            Ok(found) => assert_eq!(format!("R {}", hex(&Response::Rows(found), 4)), *rows, "{text}"),
        }
    }
}

/// The result's column names, and its rows as text.
fn run(tables: &Tables, text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let Ok(Statement::Select(select)) = quorate_protocol::cql::parse(text) else { panic!("{text} does not parse") };
    let plan = tables.prepare(&select, None).unwrap().unwrap_or_else(|error| panic!("{text}: {error}"));
    let rows = tables.execute(&plan, &Values::NONE, Page::default(), &mut SystemEnvironment).unwrap();
    let ResultColumns::Described(columns) = rows.metadata.columns else { panic!("columns") };
    let show = |cell: &Option<bytes::Bytes>, ty: &CqlType| match cell {
        Some(cell) => Value::decode(ty, cell).unwrap().to_json(ty),
        None => "null".to_owned(),
    };
    let names = columns.specs.iter().map(|spec| spec.name.clone()).collect();
    let shown = rows.rows.iter().map(|row| {
        assert_eq!(row.len(), columns.specs.len());
        row.iter().zip(&columns.specs).map(|(cell, spec)| show(cell, &spec.cql_type)).collect()
    });
    (names, shown.collect())
}

#[test]
fn the_control_connections_of_drivers_are_answered() {
    let tables = tables();
    for (text, rows) in [
        // Python 3.30 (cassandra/cluster.py)
        ("SELECT * FROM system.local WHERE key='local'", 1),
        ("SELECT * FROM system.peers", 2),
        ("SELECT * FROM system.peers_v2", 3),
        (
            "SELECT peer, host_id, data_center, rack, rpc_address, release_version, schema_version, tokens FROM system.peers",
            2,
        ),
        (
            "SELECT cluster_name, data_center, host_id, listen_address, listen_port, partitioner, rack, release_version, \
          rpc_address, rpc_port, schema_version, tokens FROM system.local WHERE key='local'",
            1,
        ),
        (
            "SELECT host_id, cluster_name, data_center, rack, partitioner, release_version, schema_version FROM \
          system.local WHERE key='local'",
            1,
        ),
        ("SELECT peer, peer_port, schema_version FROM system.peers_v2", 3),
        (
            "SELECT host_id, peer, peer_port, rack, release_version, native_address, native_port, schema_version FROM \
          system.peers_v2",
            3,
        ),
        ("SELECT schema_version FROM system.local WHERE key='local'", 1),
        // Java 4.x (DefaultTopologyMonitor, SchemaAgreementChecker)
        ("SELECT * FROM system.local", 1),
        ("SELECT host_id, schema_version FROM system.peers", 2),
        ("SELECT cluster_name FROM system.local", 1),
        ("SELECT * FROM system.peers_v2 WHERE peer = '10.0.0.7' AND peer_port = 9043", 1),
        ("SELECT * FROM system.peers WHERE peer = '10.0.0.6'", 1),
        // gocql (host_source.go)
        (
            "SELECT key, data_center, rack, host_id, release_version, cluster_name, partitioner, tokens FROM system.local \
          WHERE key='local'",
            1,
        ),
        ("SELECT host_id, schema_version FROM system.peers_v2", 3),
        ("SELECT broadcast_address, rpc_address FROM system.local", 1),
        // Node.js (control-connection.js)
        ("SELECT * FROM system.local WHERE key='local'", 1),
        ("SELECT peer, schema_version FROM system.peers", 2),
        // scylla (cluster/metadata.rs)
        ("select host_id, rpc_address, data_center as dc, rack, tokens from system.local", 1),
        ("select host_id, rpc_address, data_center, rack, tokens from system.local WHERE key='local'", 1),
        ("select host_id, rpc_address, data_center, rack, tokens from system.peers", 2),
        // cqlsh
        ("SELECT release_version, cql_version, native_protocol_version FROM system.local WHERE key = 'local'", 1),
        ("select cluster_name, release_version from system.local where key = 'local'", 1),
    ] {
        let (_, found) = run(&tables, text);
        assert_eq!(found.len(), rows, "{text}");
    }
}

#[test]
fn what_users_try_has_the_names_and_values_that_cassandra_gives() {
    let tables = tables();
    let check = |text: &str, names: &[&str], rows: &[&[&str]]| {
        let (found_names, found) = run(&tables, text);
        assert_eq!(found_names, names, "{text}");
        assert_eq!(found, rows, "{text}");
    };
    check("SELECT count(*) FROM system.peers_v2", &["count"], &[&["3"]]);
    check("SELECT key, bootstrapped AS b FROM system.local", &["key", "b"], &[&["\"local\"", "\"COMPLETED\""]]);
    check(
        "SELECT JSON key, rpc_port FROM system.local",
        &["[json]"],
        &[&[r#""{\"key\": \"local\", \"rpc_port\": 9042}""#]],
    );
    check("SELECT native_port FROM system.peers_v2 WHERE peer = '10.0.0.7' LIMIT 1", &["native_port"], &[&["9042"]]);
    check("SELECT peer FROM system.peers WHERE peer IN ('10.0.0.6', '10.0.0.9')", &["peer"], &[&["\"10.0.0.6\""]]);
    check(
        "SELECT truncated_at, rpc_port + 1 FROM system.local",
        &["truncated_at", "rpc_port + 1"],
        &[&["null", "9043"]],
    );
    let (names, rows) = run(&tables, "SELECT toTimestamp(now()) FROM system.local");
    assert_eq!((names, rows.len()), (vec!["system.totimestamp(system.now())".to_owned()], 1));
}

#[test]
fn a_new_schema_version_is_seen_in_every_row() {
    let tables = tables();
    let version = Uuid::from_u128(8);
    tables.schema_version_is(version);
    for table in ["local", "peers", "peers_v2"] {
        let (_, rows) = run(&tables, &format!("SELECT schema_version FROM system.{table}"));
        assert!(rows.iter().all(|row| row == &[format!("\"{version}\"")]), "{table}");
    }
}

#[test]
fn other_tables_are_not_answered_here() {
    let parse = |text: &'static str| match quorate_protocol::cql::parse(text) {
        Ok(Statement::Select(select)) => select,
        other => panic!("{other:?}"),
    };
    let is_answered_here = |select: &Select<'_>, keyspace| tables().prepare(select, keyspace).is_some();
    assert!(!is_answered_here(&parse("SELECT * FROM system.size_estimates"), None));
    assert!(!is_answered_here(&parse("SELECT * FROM ks.local"), Some("system")));
    assert!(!is_answered_here(&parse("SELECT * FROM local"), None));
    assert!(is_answered_here(&parse("SELECT * FROM local"), Some("system")));
}
