//! The system's tables beside those of a Cassandra 5.0.6 that had the schema of `testdata/system_schema.cql`.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::value::CqlType;

use super::*;
use crate::engine::recorded::{Shown, schema, schema_rows, shown_row, topology};

/// The index of Cassandra's own Paxos tables, which are not used here.
const NOT_DEFINED: &str = "PaxosUncommittedIndex";

fn context_of<'a>(topology: &'a Topology, roles: &'a Roles, settings: &'a BTreeMap<String, String>) -> Context<'a> {
    Context { topology, roles, settings, clients: &[] }
}

fn shown_rows(schema: &Schema, keyspace: &str, name: &str) -> Vec<Shown> {
    let (topology, roles, settings) = (topology(), Roles::default(), BTreeMap::new());
    let definition = schema.table(keyspace, name).unwrap();
    let types: Vec<&CqlType> = definition.table.columns().iter().map(|column| &column.cql_type).collect();
    let rows = rows(definition, schema, &context_of(&topology, &roles, &settings));
    rows.iter().map(|row| shown_row(row, &types)).collect()
}

#[test]
fn the_schema_is_shown_as_cassandra_shows_it() {
    let (schema, mut compared) = (schema(), 0);
    for (name, theirs) in schema_rows() {
        let (keyspace, table) = name.split_once('.').unwrap();
        let is_defined = |row: &Shown| !row.contains(&Some(NOT_DEFINED.to_owned()));
        let mut theirs: Vec<Shown> = theirs.into_iter().filter(is_defined).collect();
        let mut ours = shown_rows(&schema, keyspace, table);
        if keyspace == "system_virtual_schema" {
            // Cassandra has no order of tokens there
            theirs.sort();
            ours.sort();
        }
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{name}");
        }
        assert_eq!(ours.len(), theirs.len(), "{name}");
        compared += theirs.len();
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn the_system_is_defined_once() {
    let mut schema = Schema::default();
    define(&mut schema);
    assert_eq!(schema.keyspaces.keys().map(AsRef::as_ref).collect::<Vec<&str>>(), KEYSPACES);
    let tables: Vec<_> = schema.keyspaces.values().flat_map(|keyspace| keyspace.tables.values()).collect();
    let storages: BTreeSet<_> = tables.iter().map(|table| table.storage()).collect();
    assert_eq!((storages.len(), schema.next_storage as usize), (tables.len(), tables.len()));
    assert!(tables.iter().all(|table| table.column_ids.len() == table.table.columns().len()));
    let before = format!("{schema:?}");
    define(&mut schema);
    assert_eq!(format!("{schema:?}"), before);
}

#[test]
fn a_table_that_is_missing_is_added_behind_the_others() {
    let mut schema = Schema::default();
    define(&mut schema);
    let numbers = |schema: &Schema| {
        let tables = schema.keyspace("system_traces").unwrap().tables.iter();
        tables.map(|(name, table)| (name.to_string(), table.storage().0)).collect::<BTreeMap<_, _>>()
    };
    let (before, next) = (numbers(&schema), schema.next_storage);
    let keyspace = std::sync::Arc::make_mut(schema.keyspaces.get_mut("system_traces").unwrap());
    keyspace.tables.remove("events");
    define(&mut schema);
    let after = numbers(&schema);
    assert_eq!((after["sessions"], after["events"]), (before["sessions"], next));
}

#[test]
fn clients_and_settings_are_those_of_the_context() {
    let schema = schema();
    let (topology, roles) = (topology(), Roles::default());
    let settings = BTreeMap::from([("cluster_name".to_owned(), "recorded".to_owned())]);
    let client = Client {
        address: ([127, 0, 0, 1], 50_000).into(),
        user: None,
        options: BTreeMap::from([("DRIVER_NAME".to_owned(), "d".to_owned())]),
        protocol_version: 5,
        request_count: 3,
        keyspace: Some("shop".to_owned()),
        tls: None,
    };
    let clients = [client];
    let context = Context { clients: &clients, ..context_of(&topology, &roles, &settings) };
    let cells = |name: &str| {
        let definition = schema.table("system_views", name).unwrap();
        let types: Vec<&CqlType> = definition.table.columns().iter().map(|column| &column.cql_type).collect();
        rows(definition, &schema, &context).iter().map(|row| shown_row(row, &types)).collect::<Vec<_>>()
    };
    assert_eq!(cells("settings"), [[Some("cluster_name".to_owned()), Some("recorded".to_owned())]]);
    let clients = cells("clients");
    assert_eq!(clients.len(), 1);
    let has = |text: &str| clients[0].contains(&Some(text.to_owned()));
    assert!(has("anonymous") && has("shop") && has("d") && has("ready") && has("0x0000000000000003"), "{clients:?}");
}

#[test]
fn the_nodes_are_those_of_the_topology() {
    let schema = schema();
    assert_eq!(shown_rows(&schema, "system", "local").len(), 1);
    assert!(shown_rows(&schema, "system", "peers").is_empty());
    let built: Vec<Shown> = shown_rows(&schema, "system", "IndexInfo");
    assert!(built.iter().any(|row| row[1].as_deref() == Some("by_set")));
    assert!(shown_rows(&schema, "system", "built_views").iter().all(|row| row[0].as_deref() == Some("shop")));
    let built = shown_rows(&schema, "system", "built_views").len();
    assert!(built > 0);
    let status = shown_rows(&schema, "system_distributed", "view_build_status");
    assert_eq!(status.len(), built, "one node has built every view");
    assert!(status.iter().all(|row| row[3].as_deref() == Some("SUCCESS")), "{status:?}");
    for (keyspace, table) in [("system_traces", "events"), ("system", "batches"), ("shop", "base")] {
        assert!(!is_computed(keyspace, table));
    }
}
