//! The keyspaces that every Cassandra has: their tables as 5.0.6 defines them, and the rows of those that are computed.
//!
//! [`define`] adds them to a [`Schema`]. [`rows`] computes `system_schema`, `system_virtual_schema`, `system_views`,
//! `system_auth`, the tables about nodes in `system` and the progress of views in `system_distributed`; whatever it computes
//! no rows for (`system_traces`, the rest of `system` and of `system_distributed`) is a stored table like any other.

mod definitions;
mod index;
mod nodes;
mod options;
mod row;
mod schema_tables;
mod views;
mod virtual_schema;

use std::collections::BTreeMap;

use super::role::{self, Roles};
use super::schema::{Schema, TableDefinition};
use super::table::{Row, sort_rows};
use crate::system::Topology;

pub use definitions::define;
pub(super) use index::{index_class, index_target};
pub(super) use options::ShownOptions;
pub(super) use row::{RowBuilder, text_set};

/// The keyspaces of the system.
pub const KEYSPACES: [&str; 7] = [
    "system",
    "system_auth",
    "system_distributed",
    "system_schema",
    "system_traces",
    "system_views",
    "system_virtual_schema",
];

/// What computed rows tell of, besides the schema.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The nodes, as drivers see them.
    pub topology: &'a Topology,
    /// Who there is.
    pub roles: &'a Roles,
    /// `system_views.settings`.
    pub settings: &'a BTreeMap<String, String>,
    /// `system_views.clients`: the connections of clients.
    pub clients: &'a [Client],
}

/// The connection of a client, as `system_views.clients` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Where it comes from.
    pub address: std::net::SocketAddr,
    /// The role that logged in; absent: `anonymous`.
    pub user: Option<String>,
    /// The options of its STARTUP.
    pub options: BTreeMap<String, String>,
    /// The version of the protocol.
    pub protocol_version: u8,
    /// How many requests it has made.
    pub request_count: i64,
    /// The keyspace of its session.
    pub keyspace: Option<String>,
    /// The TLS protocol and cipher suite, if the connection is encrypted.
    pub tls: Option<(String, String)>,
}

/// Whether the rows of the keyspace are computed when they are read, and its tables cannot be made with CQL.
pub(super) fn is_virtual(keyspace: &str) -> bool {
    matches!(keyspace, "system_views" | "system_virtual_schema")
}

/// Whether the keyspace is one of the system.
pub fn is_system(keyspace: &str) -> bool {
    KEYSPACES.contains(&keyspace)
}

/// Whether the table's rows are computed by [`rows`] rather than stored.
pub fn is_computed(keyspace: &str, table: &str) -> bool {
    match keyspace {
        "system_schema" | "system_virtual_schema" | "system_views" | "system_auth" => true,
        "system_distributed" => table == "view_build_status",
        "system" => matches!(table, "local" | "peers" | "peers_v2" | "IndexInfo" | "built_views"),
        _ => false,
    }
}

/// The rows of a computed table, in the order in which a SELECT of all of them returns them; none for a stored table.
pub fn rows(definition: &TableDefinition, schema: &Schema, context: &Context<'_>) -> Vec<Row> {
    let table = &definition.table;
    let (keyspace, name) = (table.spec().keyspace.as_str(), table.spec().table.as_str());
    let mut rows = match keyspace {
        "system_schema" => schema_tables::rows(name, table, schema),
        "system_virtual_schema" => virtual_schema::rows(name, table, schema),
        "system_views" => views::rows(name, table, schema, context),
        "system_auth" => role::rows(name, table, context.roles),
        "system" | "system_distributed" => nodes::rows(name, table, schema, context.topology),
        _ => Vec::new(),
    };
    sort_rows(table, &mut rows);
    rows
}

#[cfg(test)]
mod tests;
