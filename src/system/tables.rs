//! What the tables consist of, and what is in them.

use std::net::IpAddr;

use bytes::Bytes;
use quorate_protocol::cql::ast::Select;
use quorate_protocol::value::{CqlType, NativeType, Value};
use uuid::Uuid;

use super::topology::{Proxy, Topology};
use crate::engine::{Column, ColumnKind, Row, Table, sort_rows};

/// A table that is answered here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemTable {
    /// `system.local`: the proxy that answers.
    Local,
    /// `system.peers`: the other proxies, one for each IP address.
    Peers,
    /// `system.peers_v2`: the other proxies.
    PeersV2,
}

const KEYSPACE: &str = "system";
const CQL_VERSION: &str = "3.4.7";
const PARTITIONER: &str = "org.apache.cassandra.dht.Murmur3Partitioner";

impl SystemTable {
    /// Every table.
    pub(super) const ALL: [SystemTable; 3] = [SystemTable::Local, SystemTable::Peers, SystemTable::PeersV2];

    /// The table that a SELECT is from, in a session whose keyspace is `keyspace`.
    pub(super) fn of(select: &Select<'_>, keyspace: Option<&str>) -> Option<Self> {
        let keyspace = select.from.keyspace.as_ref().map(|keyspace| keyspace.as_str()).or(keyspace)?;
        let name = select.from.name.as_str();
        Self::ALL.into_iter().find(|table| keyspace == KEYSPACE && table.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            SystemTable::Local => "local",
            SystemTable::Peers => "peers",
            SystemTable::PeersV2 => "peers_v2",
        }
    }
}

/// The table as Cassandra 5.0 defines it (`SystemKeyspace`).
pub(super) fn definition(table: SystemTable) -> Table {
    use NativeType::{Blob, Inet, Int, Text, Uuid};
    let key = |name: &str, native: NativeType| Column {
        name: name.to_owned(),
        cql_type: native.into(),
        kind: ColumnKind::PartitionKey,
    };
    let regular = |name: &str, cql_type: CqlType| Column { name: name.to_owned(), cql_type, kind: ColumnKind::Regular };
    let columns = match table {
        SystemTable::Local => vec![
            key("key", Text),
            regular("bootstrapped", Text.into()),
            regular("broadcast_address", Inet.into()),
            regular("broadcast_port", Int.into()),
            regular("cluster_name", Text.into()),
            regular("cql_version", Text.into()),
            regular("data_center", Text.into()),
            regular("gossip_generation", Int.into()),
            regular("host_id", Uuid.into()),
            regular("listen_address", Inet.into()),
            regular("listen_port", Int.into()),
            regular("native_protocol_version", Text.into()),
            regular("partitioner", Text.into()),
            regular("rack", Text.into()),
            regular("release_version", Text.into()),
            regular("rpc_address", Inet.into()),
            regular("rpc_port", Int.into()),
            regular("schema_version", Uuid.into()),
            regular("tokens", CqlType::set(Text)),
            regular("truncated_at", CqlType::map(Uuid, Blob)),
        ],
        SystemTable::Peers => vec![
            key("peer", Inet),
            regular("data_center", Text.into()),
            regular("host_id", Uuid.into()),
            regular("preferred_ip", Inet.into()),
            regular("rack", Text.into()),
            regular("release_version", Text.into()),
            regular("rpc_address", Inet.into()),
            regular("schema_version", Uuid.into()),
            regular("tokens", CqlType::set(Text)),
        ],
        SystemTable::PeersV2 => vec![
            key("peer", Inet),
            Column {
                name: "peer_port".to_owned(),
                cql_type: Int.into(),
                kind: ColumnKind::Clustering { descending: false },
            },
            regular("data_center", Text.into()),
            regular("host_id", Uuid.into()),
            regular("native_address", Inet.into()),
            regular("native_port", Int.into()),
            regular("preferred_ip", Inet.into()),
            regular("preferred_port", Int.into()),
            regular("rack", Text.into()),
            regular("release_version", Text.into()),
            regular("schema_version", Uuid.into()),
            regular("tokens", CqlType::set(Text)),
        ],
    };
    Table::new(KEYSPACE, table.name(), columns)
}

/// The rows of the table, in order.
pub(super) fn rows(table: SystemTable, definition: &Table, topology: &Topology) -> Vec<Row> {
    let mut rows: Vec<Row> = match table {
        SystemTable::Local => vec![local(topology)],
        SystemTable::Peers => {
            let mut seen: Vec<IpAddr> = Vec::new();
            let peers = topology.peers.iter().filter(|peer| {
                let is_new = !seen.contains(&peer.address.ip());
                seen.push(peer.address.ip());
                is_new
            });
            peers.map(|peer| peers_row(peer, topology)).collect()
        }
        SystemTable::PeersV2 => topology.peers.iter().map(|peer| peers_v2_row(peer, topology)).collect(),
    };
    sort_rows(definition, &mut rows);
    rows
}

/// The port between nodes has no meaning here. It is the port of the clients, which tells proxies on one address apart.
fn local(topology: &Topology) -> Row {
    let proxy = &topology.local;
    vec![
        text("local"),
        text("COMPLETED"),
        ip(proxy),
        port(proxy),
        text(&topology.cluster_name),
        text(CQL_VERSION),
        text(&proxy.data_center),
        int(topology.started_seconds),
        uuid(proxy.host_id()),
        ip(proxy),
        port(proxy),
        text(&topology.native_protocol_version.to_string()),
        text(PARTITIONER),
        text(&proxy.rack),
        text(&topology.release_version),
        ip(proxy),
        port(proxy),
        uuid(topology.schema_version),
        tokens(proxy),
        None,
    ]
}

fn peers_row(peer: &Proxy, topology: &Topology) -> Row {
    vec![
        ip(peer),
        text(&peer.data_center),
        uuid(peer.host_id()),
        None,
        text(&peer.rack),
        text(&topology.release_version),
        ip(peer),
        uuid(topology.schema_version),
        tokens(peer),
    ]
}

fn peers_v2_row(peer: &Proxy, topology: &Topology) -> Row {
    vec![
        ip(peer),
        port(peer),
        text(&peer.data_center),
        uuid(peer.host_id()),
        ip(peer),
        port(peer),
        None,
        None,
        text(&peer.rack),
        text(&topology.release_version),
        uuid(topology.schema_version),
        tokens(peer),
    ]
}

fn text(text: &str) -> Option<Bytes> {
    Some(Bytes::copy_from_slice(text.as_bytes()))
}

fn int(value: i32) -> Option<Bytes> {
    Some(Value::Int(value).to_bytes().into())
}

fn uuid(uuid: Uuid) -> Option<Bytes> {
    Some(Value::Uuid(uuid).to_bytes().into())
}

fn ip(proxy: &Proxy) -> Option<Bytes> {
    Some(Value::Inet(proxy.address.ip()).to_bytes().into())
}

fn port(proxy: &Proxy) -> Option<Bytes> {
    int(proxy.address.port().into())
}

fn tokens(proxy: &Proxy) -> Option<Bytes> {
    let mut texts: Vec<String> = proxy.tokens().iter().map(ToString::to_string).collect();
    texts.sort_unstable();
    Some(Value::Set(texts.into_iter().map(|token| Some(Value::Text(token))).collect()).to_bytes().into())
}
