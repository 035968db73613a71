//! DESCRIBE CLUSTER.

use bytes::Bytes;
use quorate_protocol::value::{CqlType, NativeType, Value};

use super::DescribeContext;
use crate::engine::system_tables::is_system;
use crate::system::Proxy;

const PARTITIONER: &str = "Murmur3Partitioner";
/// What a Cassandra with its default configuration has.
const SNITCH: &str = "DynamicEndpointSnitch";

/// The columns, in a session of some keyspace with the owners of the ring too.
pub(super) fn columns(context: &DescribeContext<'_>) -> Vec<(String, CqlType)> {
    let mut columns = vec![
        ("cluster".to_owned(), NativeType::Text.into()),
        ("partitioner".to_owned(), NativeType::Text.into()),
        ("snitch".to_owned(), NativeType::Text.into()),
    ];
    if shows_ownership(context) {
        columns.push(("range_ownership".to_owned(), CqlType::map(NativeType::Text, CqlType::list(NativeType::Text))));
    }
    columns
}

/// The only row.
pub(super) fn row(context: &DescribeContext<'_>) -> Vec<Option<Bytes>> {
    let text = |text: &str| Some(Bytes::copy_from_slice(text.as_bytes()));
    let mut row = vec![text(&context.topology.cluster_name), text(PARTITIONER), text(SNITCH)];
    if shows_ownership(context) {
        row.push(Some(ownership(context).to_bytes().into()));
    }
    row
}

fn shows_ownership(context: &DescribeContext<'_>) -> bool {
    context.keyspace.is_some_and(|keyspace| !is_system(keyspace))
}

/// The end of each range and the node that owns it, as Java writes addresses.
fn ownership(context: &DescribeContext<'_>) -> Value {
    let nodes = context.topology.peers.iter().chain([&context.topology.local]);
    let range = |node: &Proxy, token: i64| {
        let owner = Value::List(vec![Some(Value::Text(format!("/{}", node.address)))]);
        (Some(Value::Text(token.to_string())), Some(owner))
    };
    let mut ranges: Vec<(i64, _)> =
        nodes.flat_map(|node| node.tokens().into_iter().map(move |token| (token, range(node, token)))).collect();
    ranges.sort_by_key(|(token, _)| token.to_string());
    Value::Map(ranges.into_iter().map(|(_, range)| range).collect())
}
